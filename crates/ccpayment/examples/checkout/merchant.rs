//! A merchant's program: what somebody who uses the SDK writes.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use axum::Router;
use axum::extract::{FromRef, State};
use axum::http::StatusCode;
use axum::routing::MethodRouter;
use ccpayment::v2::{ApplyAppWithdrawToNetwork, CreateAppOrderDepositAddress};
use ccpayment::webhook::{
    Acknowledgement, ApiDeposit, Creditable, DepositDecision, Event, Verified, Verifier, Webhook,
    WithdrawalDecision,
};
use ccpayment::{
    Address, Amount, AppId, AppSecret, Chain, Client, CoinId, Credentials, Exchange, OrderId,
    Proof, RecordId, ReqwestTransport, Transport,
};
use ccpayment_sandbox::Sandbox;
use ccpayment_testing::SandboxClock;

use crate::Error;
use crate::timeline::Timeline;

pub const USDT: CoinId = CoinId::new(1280);
pub const PRICE: &str = "25";
pub const PAYOUT: &str = "12.5";
pub const ORDER_ID: &str = "order-1001";
pub const PAYOUT_ID: &str = "payout-77";
const RECEIVER: &str = "0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE";

/// The merchant's database. One lock stands for one transaction.
#[derive(Default)]
pub struct Books {
    /// Confirmed payments by record id, which is unique: a repeat changes nothing.
    pub payments: BTreeMap<RecordId, Amount>,
    /// Orders credited to the customer.
    pub credits: Vec<(OrderId, Amount)>,
    /// Payouts that were made, by our own id.
    pub payouts: BTreeMap<OrderId, RecordId>,
    /// Whole notifications that nobody handles yet: a person looks at them.
    pub set_aside: Vec<String>,
    /// Payouts that the chain confirmed.
    pub payouts_confirmed: BTreeMap<OrderId, RecordId>,
    /// How many notifications were handled to the end.
    pub handled: u32,
    /// Whether the database already failed once, as databases do.
    failed_once: bool,
}

/// Cheap to clone; clones are one shop.
#[derive(Clone)]
pub struct Merchant {
    shop: Arc<Shop>,
}

struct Shop {
    client: Client,
    webhook: Webhook,
    books: Mutex<Books>,
    timeline: Timeline,
    /// Whether it forgets to look for a payment in its books before it credits.
    credits_blindly: bool,
    /// Where notifications are received.
    receiver: OnceLock<SocketAddr>,
}

impl FromRef<Merchant> for Webhook {
    fn from_ref(merchant: &Merchant) -> Self {
        merchant.shop.webhook.clone()
    }
}

impl Merchant {
    pub fn new(
        sandbox: &Sandbox,
        origin: &str,
        clock: SandboxClock,
        timeline: Timeline,
        credits_blindly: bool,
    ) -> Result<Self, Error> {
        let app_id = AppId::new(sandbox.app_id());
        let secret = AppSecret::new(sandbox.app_secret());
        let verifier = Verifier::new(app_id.clone(), &secret)?;
        let webhook = Webhook::with_clock(verifier, clock.now_fn());
        let client = Client::new(Credentials::new(app_id, secret)?, ReqwestTransport::new()?)
            .with_origin(origin.parse()?)
            .with_clock(clock);
        let shop = Shop {
            client,
            webhook,
            books: Mutex::default(),
            timeline,
            credits_blindly,
            receiver: OnceLock::new(),
        };
        Ok(Self {
            shop: Arc::new(shop),
        })
    }

    pub fn books(&self) -> MutexGuard<'_, Books> {
        self.shop
            .books
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub fn client(&self) -> &Client {
        &self.shop.client
    }

    pub fn say(&self, what: impl std::fmt::Display) {
        self.shop.timeline.say("merchant", what);
    }

    /// Sells something.
    pub async fn open_order(&self) -> Result<String, Error> {
        let order = CreateAppOrderDepositAddress::new(
            OrderId::new(ORDER_ID),
            USDT,
            Chain::new("POLYGON"),
            PRICE.parse()?,
        );
        let to_pay = self.shop.client.submit(&order).await?.created;
        self.say(format_args!(
            "opens {ORDER_ID}: {} USDT to {}",
            to_pay.amount, to_pay.address
        ));
        Ok(to_pay.address.to_string())
    }

    /// What is to be paid out, and under which id. A real merchant stores both before the call.
    pub fn payout() -> Result<ApplyAppWithdrawToNetwork, Error> {
        Ok(ApplyAppWithdrawToNetwork::new(
            OrderId::new(PAYOUT_ID),
            USDT,
            Chain::new("POLYGON"),
            Address::new(RECEIVER),
            PAYOUT.parse()?,
        ))
    }

    /// Pays somebody out. What was provably not made, such as in a short outage, is made again under
    /// the same order id; a real merchant does so for as long as it takes.
    pub async fn pay_out(&self, payout: &ApplyAppWithdrawToNetwork) -> Result<(), Error> {
        let mut answer = self.shop.client.payout(payout).await;
        for _ in 0..3 {
            match &answer {
                Err(error) if error.can_be_made_again() => {
                    self.say(format_args!("makes {PAYOUT_ID} again: {error}"));
                    answer = self.shop.client.payout(payout).await;
                }
                _ => break,
            }
        }
        let paid = answer?;
        self.say(format_args!(
            "is sure of {PAYOUT_ID}: {} (submitted {}, looked up {})",
            match paid.proof {
                Proof::FoundRecord => "its record is there",
                _ => "the gateway accepted it",
            },
            times(paid.attempts.submits),
            times(paid.attempts.lookups),
        ));
        self.books().payouts.insert(paid.order_id, paid.created);
        Ok(())
    }

    /// Receives notifications on a real socket.
    pub async fn listen(
        self,
        on: SocketAddr,
        receiver: MethodRouter<Self>,
    ) -> Result<SocketAddr, Error> {
        let listener = tokio::net::TcpListener::bind(on).await?;
        let address = listener.local_addr()?;
        self.shop.receiver.get_or_init(|| address);
        let router = Router::new().route("/notify", receiver).with_state(self);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(address)
    }

    /// Handles one notification to the end. The notification says where to look; only the record
    /// says what to credit.
    pub async fn handle(&self, event: &Event) -> Result<(), Error> {
        match event {
            Event::ApiDeposit(deposit) => {
                match deposit.confirm(&self.shop.client).await?.decision() {
                    DepositDecision::Credit(paid) => self.take(event, deposit, &paid)?,
                    DepositDecision::NotYet => {
                        self.say(format_args!("sees a payment that is {}", deposit.status));
                    }
                    DepositDecision::Never(why) => self.set_aside(event, why)?,
                    // The record lags behind its last notification, which has to come again.
                    _ => return Err("the payment's record is not final yet".into()),
                }
            }
            Event::ApiWithdrawal(withdrawal) => {
                match withdrawal.confirm(&self.shop.client).await?.decision() {
                    WithdrawalDecision::Arrived => {
                        self.say(format_args!("sees {} confirmed", withdrawal.order_id));
                        let record_id = withdrawal.record_id.clone();
                        self.books()
                            .payouts_confirmed
                            .insert(withdrawal.order_id.clone(), record_id);
                    }
                    WithdrawalDecision::NotYet => {}
                    WithdrawalDecision::AskAgain => {
                        return Err("the payout's record is not final yet".into());
                    }
                    // Whether its money came back is for a person to see.
                    _ => self.set_aside(event, "the payout did not arrive")?,
                }
            }
            _ => self.set_aside(event, "nobody handles it yet")?,
        }
        self.books().handled += 1;
        Ok(())
    }

    /// Stores a notification whole, so that it may be acknowledged.
    fn set_aside(&self, event: &Event, why: impl std::fmt::Display) -> Result<(), Error> {
        self.say(format_args!("keeps a notification for a person: {why}"));
        let whole = serde_json::to_string(event)?;
        self.books().set_aside.push(whole);
        Ok(())
    }

    /// Holds a payment against what was asked for: money in another coin pays nothing here.
    fn take(
        &self,
        event: &Event,
        deposit: &ApiDeposit,
        paid: &Creditable<'_>,
    ) -> Result<(), Error> {
        if deposit.order_id.as_str() != ORDER_ID || paid.coin_id() != USDT {
            return self.set_aside(event, "it is not what the order asks for");
        }
        self.credit(paid.record_id(), paid.amount())
    }

    /// Books a payment in the order's coin, under its record id.
    pub fn credit(&self, record_id: &RecordId, amount: &Amount) -> Result<(), Error> {
        let mut books = self.books();
        if !std::mem::replace(&mut books.failed_once, true) {
            self.say("can't reach its database, so it acknowledges nothing");
            return Err("the database is away".into());
        }
        let is_new = books
            .payments
            .insert(record_id.clone(), amount.clone())
            .is_none();
        if !is_new && !self.shop.credits_blindly {
            self.say("knows this payment already");
            return Ok(());
        }
        let price: Amount = PRICE.parse()?;
        let paid = (books.payments.values())
            .try_fold(Amount::zero(), |sum, payment| sum.checked_add(payment))?;
        let is_open = books.credits.is_empty() || self.shop.credits_blindly;
        if paid < price {
            self.say(format_args!("has {paid} of {price} USDT"));
        } else if is_open {
            self.say(format_args!(
                "credits {ORDER_ID}: {paid} of {price} USDT are there"
            ));
            books.credits.push((OrderId::new(ORDER_ID), price));
        } else {
            self.say(format_args!(
                "keeps {amount} USDT aside: {ORDER_ID} is paid already"
            ));
        }
        Ok(())
    }

    /// Lets somebody post a notification of their own making.
    pub async fn receive(
        &self,
        headers: [(&str, &str); 3],
        body: &'static str,
    ) -> Result<u16, Error> {
        let receiver = self.shop.receiver.get().ok_or("nobody listens")?;
        let mut request = http::Request::post(format!("http://{receiver}/notify"));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let exchange = Exchange::new(request.body(body.into())?, "forged");
        Ok(ReqwestTransport::new()?
            .send(exchange)
            .await?
            .status()
            .as_u16())
    }
}

fn times(count: u32) -> String {
    match count {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        more => format!("{more} times"),
    }
}

/// The whole receiver: verified by the extractor, handled, then acknowledged.
pub async fn notify(
    State(merchant): State<Merchant>,
    event: Verified<Event>,
) -> Result<Acknowledgement, StatusCode> {
    match merchant.handle(&event).await {
        Ok(()) => Ok(event.acknowledge()),
        Err(_) => Err(StatusCode::INTERNAL_SERVER_ERROR),
    }
}
