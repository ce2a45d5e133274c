//! The receiver on the front page of `ccpayment-webhook`, run as a merchant: what the page shows is
//! what this compiles.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Mutex;

use async_trait::async_trait;
use bytes::Bytes;
use ccpayment::v2::{CreateAppOrderDepositAddress, GetAppDepositRecordList};
use ccpayment::webhook::{ConfirmedDeposit, DepositDecision, Verifier};
use ccpayment::{
    Amount, AppId, AppSecret, Call, Chain, Client, Clock, CoinId, Credentials, OrderId, PriceIn,
    Timestamp, Transport, TransportError,
};
use ccpayment_sandbox::{Notification, Sandbox, Setting};
use ccpayment_testing::TestClock;
use ccpayment_testing::simulation::{Books, Credit, Merchant, World, simulate_many};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};

#[allow(unreachable_pub, reason = "it is the text of a page")]
#[path = "../../../crates/ccpayment-webhook/recipes/receive.rs"]
mod recipe;

struct Reader {
    world: World,
    books: Mutex<recipe::Books>,
}

impl Reader {
    fn new(world: World) -> Self {
        let books = Mutex::default();
        Self { world, books }
    }
}

#[async_trait]
impl Merchant for Reader {
    async fn notified(&self, request: Request<Bytes>) -> Response<Bytes> {
        let (verifier, client) = (self.world.verifier(), self.world.client());
        let read = async |read| Ok(client.send(&read).await?);
        let (headers, body, now) = (request.headers(), request.body(), self.world.now());
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
        let page = self.world.client().send(&list).await.unwrap();
        for record in page.records {
            let listed = ConfirmedDeposit::listed(record);
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

/// The sandbox itself, without a line that fails.
struct Line(Sandbox);

#[async_trait]
impl Transport for Line {
    async fn send(&self, call: Call) -> Result<Response<Bytes>, TransportError> {
        let answer = self.0.respond(call.request).await;
        Ok(answer.unwrap())
    }
}

fn headers(notification: &Notification) -> HeaderMap {
    let pairs = notification.headers.iter().map(|(name, value)| {
        let name: HeaderName = name.parse().unwrap();
        (name, HeaderValue::from_str(value).unwrap())
    });
    pairs.collect()
}

#[tokio::test]
async fn recipe_with_both_notifications_after_the_record_is_final_credits_25_of_25() {
    const NOW: u64 = 1_767_225_600;
    let sandbox = Sandbox::builder()
        .seed(7)
        .start_time(NOW)
        .setting(Setting::ChainByHand(true))
        .webhook_url("http://shop.example/notify")
        .build()
        .unwrap();
    let app_id = AppId::new(sandbox.app_id());
    let secret = AppSecret::new(sandbox.app_secret());
    let credentials = Credentials::new(app_id, secret).unwrap();
    let verifier = Verifier::from(&credentials);
    let clock = TestClock::at(Timestamp::new(NOW));
    let client = Client::new(credentials, Line(sandbox.clone())).with_clock(clock.clone());
    let order = CreateAppOrderDepositAddress::new(
        OrderId::new("order-1"),
        CoinId::new(1280),
        Chain::new("POLYGON"),
        "25".parse().unwrap(),
    );
    let to_pay = client.submit(&order).await.unwrap().made;
    let payment = sandbox.pay(to_pay.address.as_str(), "25").unwrap();

    // The first notification is on its way until the chain has confirmed the payment.
    let mut late = sandbox.due();
    sandbox.confirm(&payment.record_id).unwrap();
    late.extend(sandbox.due());
    let statuses: Vec<_> = ["Processing", "Success"]
        .map(|it| late.iter().any(|n| n.body.contains(it)))
        .into();
    assert_eq!(statuses, [true, true]);

    let books = Mutex::default();
    for notification in late.iter().chain(late.iter().rev()) {
        let read = async |read| Ok(client.send(&read).await?);
        let (headers, body) = (headers(notification), notification.body.as_bytes());
        let now = clock.now();
        let answer = recipe::receive(&verifier, &headers, body, now, &books, read).await;
        assert_eq!(answer.body(), "Success");
    }
    let books = books.into_inner().unwrap();
    let credited = books.credits.values().map(|(_, _, amount)| amount);
    let sum = credited.fold(Amount::zero(), |sum, it| sum.checked_add(it).unwrap());
    assert_eq!(sum, "25".parse::<Amount>().unwrap());
}
