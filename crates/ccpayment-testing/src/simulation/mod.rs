//! A merchant's own code against the whole gateway, with everything that goes wrong, under virtual
//! time.
//!
//! [`simulate`] runs a [`Merchant`], which is what you write around your webhook handler and your
//! payout code, against the [sandbox](ccpayment_sandbox). What happens is drawn from the seed:
//!
//! - Customers buy, and pay in full, in parts, too much, twice, or after the expiry; invoices in a
//!   coin of their own choice. Payments are confirmed, flagged as risky, or fail.
//! - Notifications are shuffled and delayed, come twice, even at the same moment, or not at all;
//!   their answers get lost; the merchant can't be reached for a while, or for longer than the
//!   gateway tries. Some are forged.
//! - Records lag behind their notifications: for a while after the last one they are shown as they
//!   were.
//! - The gateway can't be reached for a while, so that requests are not sent.
//! - Payouts are asked for. Exchanges find no connection, are lost before or after the gateway acted,
//!   arrive after the client stopped waiting, or are answered by a proxy or by "not now". Some
//!   withdrawals are refused, and some fail on their chain.
//! - The merchant's process is killed wherever it waits, and started again.
//!
//! At every step, and at the end after [`Merchant::settle`], the merchant's [`Books`] are compared
//! with the gateway's ledger. The first [`Invariant`] that does not hold ends the run as
//! [`InvariantViolation`], with the seed to see it again.
//!
//! Pauses take no real time: a run of an hour or two of the gateway's time takes some milliseconds.
//! The same seed and the same code give the same run, as long as the code waits for nothing but the
//! [`Env`], its own locks, and what it spawned on the same thread. It may wait for threads and
//! sockets, such as a real database: time stands still until they are done, when nothing else is
//! under way. A method that waits for another one to be called must do it with a time limit by the
//! [clock of the simulation](Env::clock), or it waits for ever.
//!
//! # Example
//!
//! A shop that takes payments. Its "database" is a map that survives a crash.
//!
//! ```
//! use std::collections::BTreeMap;
//! use std::sync::Mutex;
//!
//! use async_trait::async_trait;
//! use bytes::Bytes;
//! use ccpayment_client::core::v2::GetAppDepositRecordList;
//! use ccpayment_client::core::{Amount, CoinId, OrderId, PriceIn, RecordId};
//! use ccpayment_testing::simulation::{Books, Credit, Env, Merchant, simulate, simulate_many};
//! use ccpayment_webhook::{ConfirmedDeposit, Creditable, DepositDecision, Event};
//! use http::{Request, Response, StatusCode};
//!
//! struct Shop {
//!     env: Env,
//!     /// By record id, which is unique: a repeat changes nothing.
//!     payments: Mutex<BTreeMap<RecordId, (OrderId, CoinId, Amount)>>,
//!     /// Whole notifications that it does not handle.
//!     set_aside: Mutex<Vec<String>>,
//! }
//!
//! impl Shop {
//!     fn new(env: Env) -> Self {
//!         Self { env, payments: Mutex::default(), set_aside: Mutex::default() }
//!     }
//!
//!     fn book(&self, order_id: &OrderId, paid: &Creditable<'_>) {
//!         let row = (order_id.clone(), paid.coin_id(), paid.amount().clone());
//!         self.payments.lock().unwrap().insert(paid.record_id().clone(), row);
//!     }
//!
//!     async fn handle(&self, event: &Event) -> Result<(), Box<dyn std::error::Error>> {
//!         let Event::ApiDeposit(deposit) = event else {
//!             self.set_aside.lock().unwrap().push(serde_json::to_string(event)?);
//!             return Ok(());
//!         };
//!         match deposit.confirm(&self.env.client()).await?.decision() {
//!             DepositDecision::Credit(paid) => self.book(&deposit.order_id, &paid),
//!             DepositDecision::NotYet | DepositDecision::Never(_) => {}
//!             // The record lags behind its last notification.
//!             _ => return Err("ask again".into()),
//!         }
//!         Ok(())
//!     }
//! }
//!
//! #[async_trait]
//! impl Merchant for Shop {
//!     async fn notified(&self, request: Request<Bytes>) -> Response<Bytes> {
//!         let verifier = self.env.verifier();
//!         let status = match verifier.verify(request.headers(), request.body(), self.env.now()) {
//!             Err(refused) => refused.status(),
//!             Ok(event) => match self.handle(&event).await {
//!                 Ok(()) => return event.acknowledge().into_response(),
//!                 Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
//!             },
//!         };
//!         let mut response = Response::new(Bytes::new());
//!         *response.status_mut() = status;
//!         response
//!     }
//!
//!     fn books(&self) -> Books {
//!         let payments = self.payments.lock().unwrap();
//!         let credit = |(record_id, row): (&RecordId, &(OrderId, CoinId, Amount))| Credit {
//!             record_id: record_id.clone(),
//!             order_id: row.0.clone(),
//!             amount: row.2.clone(),
//!             paid_in: PriceIn::Coin(row.1),
//!         };
//!         Books { credits: payments.iter().map(credit).collect(), ..Books::default() }
//!     }
//!
//!     async fn restart(&self) {} // everything is stored
//!
//!     // Some notifications never came. No more than a page of records here; see `Cursor` for more.
//!     async fn settle(&self) {
//!         let list = self.env.client().send(&GetAppDepositRecordList::new()).await;
//!         for record in list.unwrap().records {
//!             let listed = ConfirmedDeposit::listed(record.unwrap());
//!             if let DepositDecision::Credit(paid) = listed.decision()
//!                 && let Some(order_id) = paid.order_id()
//!             {
//!                 self.book(order_id, &paid);
//!             }
//!         }
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let totals = simulate_many(0..20, Shop::new).await?;
//! assert!(totals.counts.deliveries > 20);
//!
//! // One of them again: the same in every line.
//! let (once, again) = (simulate(7, Shop::new).await?, simulate(7, Shop::new).await?);
//! assert_eq!(once.trace.hash(), again.trace.hash());
//! # Ok(())
//! # }
//! ```
//!
//! With payouts, and with well-known mistakes that are found: `tests/shop` in the repository.

mod checks;
mod delivery;
mod env;
mod forged;
mod invoices;
mod lag;
mod merchant;
mod network;
mod plan;
mod report;
mod run;
mod scenario;
mod tasks;
#[cfg(test)]
mod tests;
mod time;

use std::ops::Range;
use std::sync::Arc;

use ccpayment_sandbox::Sandbox;

pub use env::Env;
pub use merchant::{
    Bill, Books, Credit, Merchant, PayoutEntry, PayoutRequest, PayoutState, Sale, SaleOutcome,
};
pub use report::{Counts, Invariant, InvariantViolation, Report, Totals, Trace};
pub use time::VirtualClock;

use checks::{Breach, breach};
use plan::Plan;
use run::Run;

/// Where notifications go; nobody resolves it.
const WEBHOOK: &str = "http://merchant.simulated/notify";

/// Runs a merchant's code through the events of a seed.
///
/// # Errors
///
/// [`InvariantViolation`]: the first invariant that does not hold.
pub async fn simulate<M: Merchant>(
    seed: u64,
    make: impl FnOnce(Env) -> M,
) -> Result<Report, InvariantViolation> {
    let clock = VirtualClock::new(seed);
    let told = tell(seed, &clock, make).await;
    let mut shared = clock.shared();
    let trace = std::mem::take(&mut shared.trace);
    match told {
        Ok(()) => Ok(Report {
            seed,
            counts: shared.counts,
            trace,
        }),
        Err(breach) => Err(InvariantViolation {
            seed,
            invariant: breach.invariant,
            about: breach.about,
            found: breach.found,
            trace,
        }),
    }
}

/// Runs a merchant's code through many seeds, and stops at the first one that breaks something.
///
/// # Errors
///
/// As [`simulate`].
pub async fn simulate_many<M: Merchant>(
    seeds: Range<u64>,
    make: impl Fn(Env) -> M,
) -> Result<Totals, InvariantViolation> {
    let mut totals = Totals::default();
    for seed in seeds {
        let report = simulate(seed, &make).await?;
        totals.runs += 1;
        totals.counts.add(&report.counts);
    }
    Ok(totals)
}

async fn tell<M: Merchant>(
    seed: u64,
    clock: &VirtualClock,
    make: impl FnOnce(Env) -> M,
) -> Result<(), Breach> {
    let failed = |error: &dyn std::error::Error| Breach {
        invariant: Invariant::SimulationWorks,
        about: "the setup".to_owned(),
        found: error.to_string(),
    };
    let sandbox = Sandbox::builder()
        .strict()
        .seed(seed)
        .start_time(time::START)
        .balance(plan::USDT, plan::BALANCE)
        .webhook_url(WEBHOOK)
        .build()
        .map_err(|error| failed(&error))?;
    let env = Env::new(clock.clone(), sandbox.app_id(), sandbox.app_secret())
        .map_err(|error| failed(&error))?;
    let merchant = tasks::guarded(|| make(env))
        .or_else(|panic| breach(Invariant::NoPanic, "making the merchant", panic))?;
    let mut random = clock.shared().random.fork();
    let plan = Plan::draw(&mut random, merchant.bills(), merchant.pays_out())
        .map_err(|error| failed(&error))?;
    if random.bool() {
        sandbox.activate_webhook();
    }
    Run::new(sandbox, clock.clone(), Arc::new(merchant), plan)
        .run_to_end()
        .await
}
