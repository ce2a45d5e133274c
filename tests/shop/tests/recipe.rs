//! The receiver on the front page of `ccpayment-webhook`, run as a merchant: what the page shows is
//! what this compiles.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::sync::Mutex;

use async_trait::async_trait;
use bytes::Bytes;
use ccpayment::v2::{CreateAppOrderDepositAddress, GetAppDepositRecordList};
use ccpayment::webhook::{ConfirmedDeposit, DepositDecision};
use ccpayment::{Amount, Chain, Clock, CoinId, OrderId, PriceIn};
use ccpayment_testing::simulation::{Books, Credit, Env, Merchant, simulate_many};
use http::{Request, Response};

use support::{House, request};

#[allow(unreachable_pub, reason = "it is the text of a page")]
#[path = "../../../crates/ccpayment-webhook/recipes/receive.rs"]
mod recipe;

struct Reader {
    env: Env,
    books: Mutex<recipe::Books>,
}

impl Reader {
    fn new(env: Env) -> Self {
        let books = Mutex::default();
        Self { env, books }
    }
}

#[async_trait]
impl Merchant for Reader {
    async fn notified(&self, request: Request<Bytes>) -> Response<Bytes> {
        let (verifier, client) = (self.env.verifier(), self.env.client());
        let read = async |read| Ok(client.send(&read).await?);
        let (headers, body, now) = (request.headers(), request.body(), self.env.now());
        recipe::receive(&verifier, headers, body, now, &self.books, read).await
    }

    fn books(&self) -> Books {
        let books = self.books.lock().unwrap();
        let credits = books.credits.iter().map(|(record_id, row)| Credit {
            record_id: record_id.clone(),
            order_id: row.0.clone(),
            amount: row.2.clone(),
            paid_in: PriceIn::Coin(row.1),
        });
        Books {
            credits: credits.collect(),
            ..Books::default()
        }
    }

    async fn restart(&self) {}

    /// What no notification told, as the page says.
    async fn settle(&self) {
        let list = GetAppDepositRecordList::new();
        let page = self.env.client().send(&list).await.unwrap();
        for record in page.records {
            let listed = ConfirmedDeposit::listed(record.unwrap());
            if let DepositDecision::Credit(paid) = listed.decision() {
                let order_id = paid.order_id().unwrap().clone();
                let row = (order_id, paid.coin_id(), paid.amount().clone());
                let mut books = self.books.lock().unwrap();
                books.credits.entry(paid.record_id().clone()).or_insert(row);
            }
        }
    }
}

#[tokio::test]
async fn recipe_with_repeats_delays_and_lags_credits_each_payment_once() {
    let totals = simulate_many(0..100, Reader::new).await.unwrap();
    let counts = totals.counts;
    for (what, count) in [
        ("duplicates", counts.duplicates),
        ("delayed", counts.delayed),
        ("lagging", counts.lagging),
        ("forgeries", counts.forgeries),
    ] {
        assert!(count >= 50, "{what}: {counts:?}");
    }
}

#[tokio::test]
async fn recipe_with_both_notifications_after_the_record_is_final_credits_25_of_25() {
    let House {
        sandbox,
        client,
        verifier,
        clock,
        ..
    } = House::new();
    let order = CreateAppOrderDepositAddress::new(
        OrderId::new("order-1"),
        CoinId::new(1280),
        Chain::new("POLYGON"),
        "25".parse().unwrap(),
    );
    let to_pay = client.submit(&order).await.unwrap().created;
    let payment = sandbox.pay(to_pay.address.as_str(), "25").unwrap();

    // The first notification is on its way until the chain has confirmed the payment.
    let mut late = sandbox.due_notifications();
    sandbox.confirm(&payment.record_id).unwrap();
    late.extend(sandbox.due_notifications());
    let statuses: Vec<_> = ["Processing", "Success"]
        .map(|it| late.iter().any(|n| n.body.contains(it)))
        .into();
    assert_eq!(statuses, [true, true]);

    let books = Mutex::default();
    for notification in late.iter().chain(late.iter().rev()) {
        let read = async |read| Ok(client.send(&read).await?);
        let request = request(notification);
        let (headers, body, now) = (request.headers(), request.body(), clock.now());
        let answer = recipe::receive(&verifier, headers, body, now, &books, read).await;
        assert_eq!(answer.body(), "Success");
    }
    let books = books.into_inner().unwrap();
    let credited = books.credits.values().map(|(_, _, amount)| amount);
    let sum = credited.fold(Amount::zero(), |sum, it| sum.checked_add(it).unwrap());
    assert_eq!(sum, "25".parse::<Amount>().unwrap());
}
