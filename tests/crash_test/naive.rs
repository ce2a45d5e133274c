//! A process without inbox and outbox, as people write it by hand, with one mistake each.

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use ccpayment::v2::ApplyAppWithdrawToNetwork;
use ccpayment::webhook::{DepositDecision, Event, Verifier};
use ccpayment::{Address, Chain, Client, Credentials, OrderId};

use crate::Error;
use crate::plants::Plant;
use crate::process::{USDT, listen};
use crate::shop::Shop;
use crate::steps::step;

/// It receives and pays out by itself.
pub async fn live<S: Shop>(
    shop: S,
    client: Client,
    credentials: &Credentials,
    plant: Plant,
) -> Result<(), Error> {
    let naive = Naive {
        shop,
        client,
        verifier: Verifier::from(credentials),
        plant,
    };
    let (receiver, payer) = (naive.clone(), naive);
    let receive =
        async move |headers: HeaderMap, body: Bytes| receiver.receive(&headers, body).await;
    let pay = async move |order: String| payer.pay(&order).await;
    listen(
        Router::new()
            .route("/notify", post(receive))
            .route("/plan", post(pay)),
    )
    .await
}

#[derive(Clone)]
struct Naive<S> {
    shop: S,
    client: Client,
    verifier: Verifier,
    plant: Plant,
}

type Answer = Result<&'static str, StatusCode>;

fn trouble(error: impl std::fmt::Display) -> StatusCode {
    eprintln!("not handled: {error}");
    StatusCode::INTERNAL_SERVER_ERROR
}

impl<S: Shop> Naive<S> {
    async fn receive(&self, headers: &HeaderMap, body: Bytes) -> Answer {
        let now = self.client.now();
        let event = self
            .verifier
            .verify(headers, &body, now)
            .map_err(|it| it.status())?;
        let event = event.event().clone();
        if self.plant == Plant::AcknowledgeFirst {
            let naive = self.clone();
            tokio::spawn(async move {
                // The answer is on its way by now.
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                step("acknowledged");
                naive.handle(&event).await
            });
            return Ok("Success");
        }
        self.handle(&event).await.map_err(trouble)?;
        Ok("Success")
    }

    async fn handle(&self, event: &Event) -> Result<(), Error> {
        let Event::ApiDeposit(deposit) = event else {
            return Ok(());
        };
        let record = deposit.confirm(&self.client).await?;
        match record.decision() {
            DepositDecision::Credit(paid) => {
                let (id, amount) = (paid.record_id().as_str(), paid.amount().to_string());
                let status = deposit.status.as_str();
                self.credit(id, status, &amount).await
            }
            DepositDecision::NotYet => Ok(()),
            _ => Err("not final yet".into()),
        }
    }

    async fn credit(&self, record_id: &str, status: &str, amount: &str) -> Result<(), Error> {
        let is_known = match self.plant {
            // The gateway tells of one payment under each status that it has had.
            Plant::KeyWithStatus => !self.shop.first(&format!("{record_id}/{status}")).await?,
            _ => {
                let known = self.shop.credits().await?;
                known.iter().any(|(id, _)| id == record_id)
            }
        };
        step("credit looked for");
        if !is_known {
            self.shop.credit_apart(record_id, amount).await?;
        }
        step("credited");
        Ok(())
    }

    /// Marks the payout as done, and then makes it.
    async fn pay(&self, order: &str) -> Answer {
        let order_id = order.split(' ').next().unwrap_or_default();
        if self.shop.first(order_id).await.map_err(trouble)? {
            let mut tx = self.shop.begin().await.map_err(trouble)?;
            S::end(&mut tx, order_id, "arrived")
                .await
                .map_err(trouble)?;
            self.shop.commit(tx).await.map_err(trouble)?;
            step("marked as done");
            let (chain, id) = (Chain::new("POLYGON"), OrderId::new(order_id));
            let address = Address::new("0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE");
            let amount = "1.5".parse().map_err(trouble)?;
            let payout = ApplyAppWithdrawToNetwork::new(id, USDT, chain, address, amount);
            self.client.payout(&payout).await.map_err(trouble)?;
        }
        Ok("planned")
    }
}
