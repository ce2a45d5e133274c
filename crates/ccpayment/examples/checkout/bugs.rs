//! What programs do that have no inbox and no outbox: mistakes, put in on purpose so that one sees
//! what they cost, and a test sees the checks fail.

use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use ccpayment::bytes::Bytes;
use ccpayment::webhook::{DepositDecision, Event, Verifier};
use ccpayment::{Amount, Credentials, OrderId};
use ccpayment_sqlx::sqlx;

use crate::Error;
use crate::merchant::{ORDER_ID, PAYOUT_ID, PRICE, Shop, payout};
use crate::story::say;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    CreditTwice,
    NewOrderId,
    TimeoutIsFailure,
    SkipVerification,
    AcknowledgeFirst,
}

impl Bug {
    pub const ALL: [Self; 5] = [
        Self::CreditTwice,
        Self::NewOrderId,
        Self::TimeoutIsFailure,
        Self::SkipVerification,
        Self::AcknowledgeFirst,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::CreditTwice => "credit-twice",
            Self::NewOrderId => "new-order-id",
            Self::TimeoutIsFailure => "timeout-is-failure",
            Self::SkipVerification => "skip-verification",
            Self::AcknowledgeFirst => "acknowledge-first",
        }
    }

    pub fn what(self) -> &'static str {
        match self {
            Self::CreditTwice => "a repeated notification is credited again",
            Self::NewOrderId => "a payout without an answer is repeated under a new order id",
            Self::TimeoutIsFailure => "a payout without an answer counts as failed",
            Self::SkipVerification => "whoever posts a notification is believed",
            Self::AcknowledgeFirst => "a notification is acknowledged before it is stored",
        }
    }
}

impl FromStr for Bug {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|bug| bug.name() == name);
        found.ok_or_else(|| format!("there is no bug called {name}"))
    }
}

/// A receiver without an inbox: it reads the record and books it before it answers.
#[derive(Clone)]
struct Careless {
    shop: Shop,
    bug: Bug,
    verifier: Arc<Verifier>,
    /// When its database could not be reached, as happens to databases: when it was first needed.
    away_at: Arc<Mutex<Option<SystemTime>>>,
}

pub fn receiver(bug: Bug, shop: Shop, credentials: &Credentials) -> Router {
    let careless = Careless {
        shop,
        bug,
        verifier: Arc::new(Verifier::from(credentials)),
        away_at: Arc::default(),
    };
    Router::new()
        .route("/notify", post(notify))
        .with_state(careless)
}

async fn notify(
    State(careless): State<Careless>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<&'static str, StatusCode> {
    let handled = if careless.bug == Bug::SkipVerification {
        careless.believe(&body).await
    } else {
        let now = careless.shop.client.now();
        match careless.verifier.verify(&headers, &body, now) {
            Ok(event) => careless.handle(event.event()).await,
            Err(refused) => return Err(refused.status()),
        }
    };
    match handled {
        // Whatever comes of it, the gateway is told that it is done.
        Err(_) if careless.bug != Bug::AcknowledgeFirst => Err(StatusCode::INTERNAL_SERVER_ERROR),
        _ => Ok("Success"),
    }
}

impl Careless {
    async fn handle(&self, event: &Event) -> Result<(), Error> {
        match event {
            Event::ApiDeposit(deposit) => {
                let record = deposit.confirm(&self.shop.client).await?;
                match record.decision() {
                    DepositDecision::Credit(paid) => {
                        self.credit(paid.record_id().as_str(), paid.amount())
                            .await?;
                    }
                    DepositDecision::NotYet => {
                        say(deposit.record_id.as_str(), "waits for the chain");
                    }
                    _ => return Err("the payment's record is not final yet".into()),
                }
            }
            Event::ApiWithdrawal(payout) => {
                self.arrived(payout.order_id.as_str(), payout.record_id.as_str())
                    .await?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Believes whoever posts, and what they say.
    async fn believe(&self, body: &[u8]) -> Result<(), Error> {
        let event: serde_json::Value = serde_json::from_slice(body)?;
        let text = |name: &str| {
            let found = event.pointer(name).and_then(|it| it.as_str());
            found.unwrap_or_default()
        };
        let record_id = text("/msg/recordId");
        if text("/type") == "ApiWithdrawal" {
            self.arrived(text("/msg/orderId"), record_id).await?;
        } else if text("/msg/status") == "Success" {
            // A notification has no amount. It will be what the order costs.
            self.credit(record_id, &PRICE.parse()?).await?;
        }
        Ok(())
    }

    async fn arrived(&self, order_id: &str, record_id: &str) -> Result<(), Error> {
        sqlx::query("UPDATE payouts SET state = 'arrived' WHERE id = $1 AND record_id = $2")
            .bind(order_id)
            .bind(record_id)
            .execute(self.shop.store.pool())
            .await?;
        Ok(())
    }

    /// Books a payment, and credits the order once it is paid.
    async fn credit(&self, record_id: &str, amount: &Amount) -> Result<(), Error> {
        let now = self.shop.client.now();
        let is_away = {
            let mut away_at = self.away_at.lock().unwrap_or_else(PoisonError::into_inner);
            *away_at.get_or_insert(now) == now
        };
        if is_away {
            say(record_id, "can't reach its database");
            return Err("the database is away".into());
        }
        let pool = self.shop.store.pool();
        let known: Vec<(String, String)> = sqlx::query_as("SELECT record_id, amount FROM payments")
            .fetch_all(pool)
            .await?;
        let is_known = known.iter().any(|(id, _)| id == record_id);
        if is_known && self.bug != Bug::CreditTwice {
            say(record_id, "has it in the books already");
            return Ok(());
        }
        let (credited,): (i64,) = sqlx::query_as("SELECT credited FROM orders WHERE id = $1")
            .bind(ORDER_ID)
            .fetch_one(pool)
            .await?;
        sqlx::query("INSERT INTO payments VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING")
            .bind(record_id)
            .bind(ORDER_ID)
            .bind(amount.to_string())
            .bind(credited)
            .execute(pool)
            .await?;
        let mut sum = Amount::zero();
        for (_, known) in known.iter().filter(|(id, _)| id != record_id) {
            sum = sum.checked_add(&known.parse()?)?;
        }
        sum = sum.checked_add(amount)?;
        if sum < PRICE.parse::<Amount>()? {
            say(
                record_id,
                format!("books it: {sum} of {PRICE} USDT are there"),
            );
        } else if credited == 0 || self.bug == Bug::CreditTwice {
            sqlx::query("UPDATE orders SET credited = credited + 1 WHERE id = $1")
                .bind(ORDER_ID)
                .execute(pool)
                .await?;
            say(record_id, format!("books it, and credits {ORDER_ID}"));
        } else {
            say(
                record_id,
                format!("keeps it, as {ORDER_ID} was credited before"),
            );
        }
        Ok(())
    }
}

/// Pays out by itself, and makes of a lost answer what comes to mind; a new order id is what the
/// gateway's own sample code takes.
pub async fn pay_out(shop: &Shop, bug: Bug) -> Result<(), Error> {
    let mut payout = payout()?;
    let line = format!("pays out {} USDT", payout.amount);
    say(PAYOUT_ID, line);
    let answer = match bug {
        Bug::TimeoutIsFailure | Bug::NewOrderId => shop.client.send_unsettled(&payout).await,
        _ => {
            let accepted = shop.client.payout(&payout).await?;
            return book(shop, PAYOUT_ID, accepted.created.as_str()).await;
        }
    };
    let accepted = match answer {
        Ok(accepted) => accepted,
        Err(_) if bug == Bug::TimeoutIsFailure => {
            say(PAYOUT_ID, "takes it for failed");
            return Ok(());
        }
        Err(_) => {
            payout.order_id = OrderId::new("payout-78");
            let line = format!("pays out {} USDT, in the place of the other", payout.amount);
            say(payout.order_id.as_str(), line);
            shop.client.send_unsettled(&payout).await?
        }
    };
    book(shop, payout.order_id.as_str(), accepted.record_id.as_str()).await
}

async fn book(shop: &Shop, order_id: &str, record_id: &str) -> Result<(), Error> {
    sqlx::query("INSERT INTO payouts VALUES ($1, 'made', $2)")
        .bind(order_id)
        .bind(record_id)
        .execute(shop.store.pool())
        .await?;
    Ok(())
}
