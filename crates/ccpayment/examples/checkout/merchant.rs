//! A merchant's program: what somebody who uses the SDK writes.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

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
    Address, Amount, Chain, Client, CoinId, Credentials, OrderId, Proof, RecordId, Transport,
};
use ccpayment_testing::SandboxClock;

use crate::Error;
use crate::timeline::{ORDER_ID, Timeline};

pub const USDT: CoinId = CoinId::new(1280);
pub const PRICE: &str = "25";
pub const PAYOUT: &str = "12.5";
pub const PAYOUT_ID: &str = "payout-77";
const RECEIVER: &str = "0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE";

/// The merchant's database. One lock stands for one transaction.
#[derive(Default)]
pub struct Books {
    /// Confirmed payments by record id, which is unique: a repeat changes nothing.
    pub payments: BTreeMap<RecordId, Payment>,
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
    /// When the database could not be reached, as happens to databases: when it was first needed.
    away_at: Option<SystemTime>,
}

pub struct Payment {
    pub amount: Amount,
    /// The order was credited before it came, so it is the payer's.
    pub is_kept: bool,
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
}

impl FromRef<Merchant> for Webhook {
    fn from_ref(merchant: &Merchant) -> Self {
        merchant.shop.webhook.clone()
    }
}

impl Merchant {
    pub fn new(
        credentials: Credentials,
        transport: impl Transport + 'static,
        origin: &str,
        clock: &SandboxClock,
        timeline: Timeline,
        credits_blindly: bool,
    ) -> Result<Self, Error> {
        let webhook = Webhook::with_clock(Verifier::from(&credentials), clock.now_fn());
        let client = Client::new(credentials, transport)
            .with_origin(origin.parse()?)
            .with_clock(clock.clone());
        let shop = Shop {
            client,
            webhook,
            books: Mutex::default(),
            timeline,
            credits_blindly,
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

    pub fn say(&self, about: &str, what: impl Display) {
        self.shop.timeline.say("merchant", about, what);
    }

    /// Sells something.
    pub async fn open_order(&self) -> Result<String, Error> {
        let order = CreateAppOrderDepositAddress::new(
            OrderId::new(ORDER_ID),
            USDT,
            Chain::new("POLYGON"),
            PRICE.parse()?,
        );
        self.say(ORDER_ID, format_args!("sells for {PRICE} USDT"));
        let to_pay = self.shop.client.submit(&order).await?.created;
        let line = format!("asks for {} USDT to {}", to_pay.amount, to_pay.address);
        self.say(ORDER_ID, line);
        Ok(to_pay.address.to_string())
    }

    /// What is to be paid out, and under which id. A real merchant stores both before it
    /// sends anything.
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
                    self.say(PAYOUT_ID, format_args!("again: {}", error.report()));
                    answer = self.shop.client.payout(payout).await;
                }
                _ => break,
            }
        }
        let accepted = answer?;
        let proof = match accepted.proof {
            Proof::FoundRecord => "its record is there",
            _ => "the gateway says so",
        };
        let submits = times(accepted.attempts.submits as usize);
        let line = format!("is accepted: {proof}, and it was submitted {submits}");
        self.say(PAYOUT_ID, line);
        (self.books().payouts).insert(accepted.order_id, accepted.created);
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
        let router = Router::new().route("/notify", receiver).with_state(self);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(address)
    }

    /// Handles one notification to the end. The notification says where to look; only the record
    /// says what to credit.
    pub async fn handle(&self, event: &Event) -> Result<(), Error> {
        match event {
            Event::ApiDeposit(deposit) => {
                let about = self.shop.timeline.payment(deposit.record_id.as_str());
                match deposit.confirm(&self.shop.client).await?.decision() {
                    DepositDecision::Credit(paid) => self.take(event, deposit, &paid)?,
                    DepositDecision::NotYet => self.say(&about, "waits for the chain"),
                    DepositDecision::Never(why) => self.set_aside(&about, event, why)?,
                    // The record lags behind its last notification, which has to come again.
                    _ => return Err("the payment's record is not final yet".into()),
                }
            }
            Event::ApiWithdrawal(withdrawal) => {
                let about = withdrawal.order_id.as_str();
                match withdrawal.confirm(&self.shop.client).await?.decision() {
                    WithdrawalDecision::Arrived => {
                        self.say(about, "notes that it arrived");
                        let (id, record) = (&withdrawal.order_id, &withdrawal.record_id);
                        (self.books().payouts_confirmed).insert(id.clone(), record.clone());
                    }
                    WithdrawalDecision::NotYet => {}
                    WithdrawalDecision::AskAgain => {
                        return Err("the payout's record is not final yet".into());
                    }
                    // Whether its money came back is for a person to see.
                    _ => self.set_aside(about, event, "the payout did not arrive")?,
                }
            }
            _ => self.set_aside("", event, "nobody handles it yet")?,
        }
        self.books().handled += 1;
        Ok(())
    }

    /// Stores a notification whole, so that it may be acknowledged.
    fn set_aside(&self, about: &str, event: &Event, why: impl Display) -> Result<(), Error> {
        self.say(
            about,
            format_args!("keeps a notification for a person: {why}"),
        );
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
        let order_id = deposit.order_id.as_str();
        if order_id != ORDER_ID || paid.coin_id() != USDT {
            return self.set_aside(order_id, event, "it is not what the order asks for");
        }
        self.credit(paid.record_id(), paid.amount())
    }

    /// Books a payment in the order's coin, under its record id.
    pub fn credit(&self, record_id: &RecordId, amount: &Amount) -> Result<(), Error> {
        let about = self.shop.timeline.payment(record_id.as_str());
        let now = self.shop.client.now();
        let mut books = self.books();
        if *books.away_at.get_or_insert(now) == now {
            self.say(&about, "can't reach its database");
            return Err("the database is away".into());
        }
        let is_known = books.payments.contains_key(record_id);
        if is_known && !self.shop.credits_blindly {
            self.say(&about, "has it in the books already");
            return Ok(());
        }
        let is_kept = !books.credits.is_empty();
        let amount = amount.clone();
        let payment = Payment { amount, is_kept };
        books.payments.entry(record_id.clone()).or_insert(payment);
        let price: Amount = PRICE.parse()?;
        let paid = (books.payments.values()).try_fold(Amount::zero(), |sum, payment| {
            sum.checked_add(&payment.amount)
        })?;
        if paid < price {
            self.say(
                &about,
                format_args!("books it: {paid} of {price} USDT are there"),
            );
        } else if !is_kept || self.shop.credits_blindly {
            self.say(&about, format_args!("books it, and credits {ORDER_ID}"));
            books.credits.push((OrderId::new(ORDER_ID), price));
        } else {
            self.say(
                &about,
                format_args!("keeps it, as {ORDER_ID} was credited before"),
            );
        }
        Ok(())
    }
}

pub fn times(count: usize) -> String {
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
