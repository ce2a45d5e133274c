//! `House`: a gateway, and a merchant's means to work with it.

use std::time::Duration;

use ccpayment::bytes::Bytes;
use ccpayment::http::{HeaderMap, HeaderName, HeaderValue};
use ccpayment::v2::{ApplyAppWithdrawToNetwork, CreateAppOrderDepositAddress};
use ccpayment::webhook::Verifier;
use ccpayment::{Address, Amount, Chain, Client, Clock, Credentials, SystemClock};
use ccpayment_sandbox::{Notification, Sandbox, SandboxBuilder, Setting};
use ccpayment_testing::{SandboxClock, SandboxTransport};

/// A moment, for sandboxes whose time a test moves.
pub(crate) const START: u64 = 1_767_225_600;

pub(crate) struct House {
    pub(crate) sandbox: Sandbox,
    pub(crate) credentials: Credentials,
    pub(crate) client: Client,
    pub(crate) verifier: Verifier,
}

impl House {
    /// With a clock that only the test moves.
    pub(crate) fn new() -> Self {
        let house = Self::of(Sandbox::builder().start_time(START));
        let clock = SandboxClock::new(&house.sandbox);
        let client = house.client.clone().with_clock(clock);
        Self { client, ..house }
    }

    /// On the real clock, for parts that take no other. Nothing happens on a chain by itself.
    pub(crate) fn of(builder: SandboxBuilder) -> Self {
        let sandbox = builder
            .setting(Setting::ManualChain(true))
            .balance(1280, "100")
            .webhook_url("http://shop.example/ccpayment")
            .build()
            .unwrap();
        let credentials = Credentials::new(sandbox.app_id(), sandbox.app_secret()).unwrap();
        Self {
            client: Client::new(credentials.clone(), SandboxTransport::new(&sandbox)),
            verifier: Verifier::from(&credentials),
            credentials,
            sandbox,
        }
    }

    /// Opens an order, pays this much, and lets the chain confirm it.
    pub(crate) async fn paid(&self, order_id: &str, amount: &str) {
        let address = self.order(order_id, amount).await;
        let payment = self.sandbox.pay(address.as_str(), amount).unwrap();
        self.sandbox.confirm(&payment.record_id).unwrap();
    }

    pub(crate) async fn order(&self, order_id: &str, price: &str) -> Address {
        let (polygon, price) = (Chain::new("POLYGON"), amount(price));
        let order = CreateAppOrderDepositAddress::new(order_id, 1280, polygon, price);
        self.client.submit(&order).await.unwrap().created.address
    }
}

pub(crate) fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

pub(crate) fn payout(order_id: &str, coins: &str) -> ApplyAppWithdrawToNetwork {
    let receiver = Address::new("0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE");
    let polygon = Chain::new("POLYGON");
    ApplyAppWithdrawToNetwork::new(order_id, 1280, polygon, receiver, amount(coins))
}

/// A notification as a server gets it.
pub(crate) fn delivery(notification: &Notification) -> (HeaderMap, Bytes) {
    let header = |(name, value): &(&str, String)| {
        let name: HeaderName = name.parse().unwrap();
        (name, HeaderValue::from_str(value).unwrap())
    };
    let headers = notification.headers.iter().map(header).collect();
    (headers, Bytes::from(notification.body.clone()))
}

/// Asks again and again, for ten seconds at most.
pub(crate) async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    let clock = SystemClock::new();
    for _ in 0..500 {
        if is_so().await {
            return;
        }
        clock.sleep(Duration::from_millis(20)).await;
    }
    panic!("it is not so within ten seconds");
}
