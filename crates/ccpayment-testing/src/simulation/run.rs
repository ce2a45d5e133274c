//! `Run`: the plan's events, the merchant's methods and the gateway, in one order of time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ccpayment_sandbox::{Notification, Sandbox};
use http::{Request, Response};
use serde_json::Value;

use super::checks::{self, Breach, Worths, breach};
use super::lag::Lags;
use super::merchant::{Books, Merchant, PayoutState, SaleOutcome};
use super::plan::{Choice, Event, Payment, Plan};
use super::report::Invariant;
use super::tasks::{End, Tasks, guarded};
use super::time::{Parcel, START, Shared, VirtualClock};

/// How often the gateway looks for what is due.
pub(super) const ROUND: Duration = Duration::from_secs(5);
/// How often the merchant does its background work.
pub(super) const SHIFT: Duration = Duration::from_secs(60);
/// No method of a merchant may take longer than this.
const LONGEST: Duration = Duration::from_secs(3_600);
/// When nothing new begins any more.
const CLOSING: Duration = Duration::from_secs(7_200);
/// Between the two reconciliations.
const PAUSE: Duration = Duration::from_secs(600);

/// What is to happen at a moment.
pub(super) enum Due {
    Planned(Event),
    Pay {
        address: String,
        payment: Payment,
    },
    /// The customer pays an invoice: the place of the bill, and how.
    PayBill(usize, Choice),
    Flag(String),
    FailRecord(String),
    Arrive(Box<Delivery>),
    /// The gateway has waited long enough for the answer to this try.
    GiveUp(u64, u32),
}

/// A notification on its way.
#[derive(Clone)]
pub(super) struct Delivery {
    /// Whose answer it is: notification and try. Copies and forgeries have none.
    pub(super) answers: Option<(u64, u32)>,
    pub(super) request: Request<Bytes>,
    pub(super) record_id: String,
    pub(super) forged: bool,
    pub(super) answer_lost: bool,
}

/// Which method of the merchant runs.
pub(super) enum Kind {
    Notified(Box<Delivery>),
    Sell(usize),
    Bill(usize),
    PayOut(usize),
    Work,
    Restart,
    Settle,
}

impl Kind {
    fn name(&self) -> &'static str {
        match self {
            Self::Notified(_) => "notified",
            Self::Sell(_) => "sell",
            Self::Bill(_) => "bill",
            Self::PayOut(_) => "pay_out",
            Self::Work => "work",
            Self::Restart => "restart",
            Self::Settle => "settle",
        }
    }
}

pub(super) enum Done {
    Answer(Response<Bytes>),
    Sale(SaleOutcome),
    Nothing,
}

pub(super) struct Run<M> {
    pub(super) sandbox: Sandbox,
    pub(super) clock: VirtualClock,
    pub(super) merchant: Arc<M>,
    pub(super) plan: Plan,
    pub(super) tasks: Tasks<Kind, Done>,
    queue: BTreeMap<(Duration, u64), Due>,
    /// Notifications that wait for their answer, and the try that they are at.
    pub(super) carried: BTreeMap<u64, Notification>,
    /// The newest genuine notification.
    pub(super) sent: Option<Request<Bytes>>,
    /// The process is down.
    pub(super) down: bool,
    /// Payout requests whose `pay_out` returned.
    asked: BTreeSet<usize>,
    /// Payout requests that the gateway refused for a reason of its own.
    refused: BTreeSet<usize>,
    /// What the payments of invoices are worth.
    pub(super) worths: Worths,
    lags: Lags,
    payouts_seen: BTreeSet<String>,
    /// Reconciliation has begun: everything works from now on.
    pub(super) faults_over: bool,
    /// The books may have changed.
    pub(super) dirty: bool,
}

impl<M: Merchant> Run<M> {
    pub(super) fn new(sandbox: Sandbox, clock: VirtualClock, merchant: Arc<M>, plan: Plan) -> Self {
        clock.shared().faults_percent = plan.network_faults_percent;
        clock.shared().network_outage = plan.network_outage;
        let mut run = Self {
            sandbox,
            clock,
            merchant,
            tasks: Tasks::new(),
            queue: BTreeMap::new(),
            carried: BTreeMap::new(),
            sent: None,
            down: false,
            asked: BTreeSet::new(),
            refused: BTreeSet::new(),
            worths: Worths::new(),
            lags: Lags::new(plan.lags_percent),
            payouts_seen: BTreeSet::new(),
            faults_over: false,
            dirty: true,
            plan,
        };
        for (at, event) in std::mem::take(&mut run.plan.events) {
            run.after(at, Due::Planned(event));
        }
        run.after(ROUND, Due::Planned(Event::Deliver));
        run.after(SHIFT, Due::Planned(Event::Work));
        run
    }

    pub(super) fn shared(&self) -> std::sync::MutexGuard<'_, Shared> {
        self.clock.shared()
    }

    pub(super) fn after(&mut self, after: Duration, due: Due) {
        let key = {
            let mut shared = self.clock.shared();
            (shared.elapsed.saturating_add(after), shared.serial())
        };
        self.queue.insert(key, due);
    }

    pub(super) fn soon(&mut self, from: u64, to: u64, due: Due) {
        let after = self.shared().millis(from, to);
        self.after(after, due);
    }

    fn elapsed(&self) -> Duration {
        self.shared().elapsed
    }

    pub(super) fn books(&self) -> Result<Books, Breach> {
        guarded(|| self.merchant.books())
            .or_else(|panic| breach(Invariant::NoPanic, "books", panic))
    }

    /// From the first event to the last check.
    pub(super) async fn run_to_end(&mut self) -> Result<(), Breach> {
        self.run_until_idle().await?;
        // Deliveries repeat: what is in the books is announced once more.
        for credit in self.books()?.credits {
            if self
                .sandbox
                .resend_notification(credit.record_id.as_str())
                .is_ok()
            {
                self.shared()
                    .say("gateway", format_args!("sends {} again", credit.record_id));
            }
        }
        self.run_until_idle().await?;

        self.faults_over = true;
        self.shared().faults_percent = 0;
        self.shared().network_outage = None;
        self.lags.end();
        for _ in 0..2 {
            let until = self.elapsed() + PAUSE;
            self.pass(until).await?;
            self.shared().say("merchant", "reconciles");
            self.start(Kind::Settle);
            self.run_until_idle().await?;
        }
        let books = self.books()?;
        checks::in_the_end(
            &self.sandbox,
            &books,
            &self.plan.payout_requests,
            &self.worths,
            &self.asked,
            &self.refused,
        )
    }

    /// Goes on until nothing is left that would happen by itself.
    async fn run_until_idle(&mut self) -> Result<(), Breach> {
        loop {
            self.run_tasks().await?;
            if self.is_idle() {
                return Ok(());
            }
            self.next_moment(None)?;
        }
    }

    async fn pass(&mut self, until: Duration) -> Result<(), Breach> {
        while self.elapsed() < until {
            self.run_tasks().await?;
            self.next_moment(Some(until))?;
        }
        Ok(())
    }

    fn is_idle(&self) -> bool {
        let routine = |due: &Due| {
            matches!(
                due,
                Due::Planned(Event::Deliver | Event::Work) | Due::GiveUp(..)
            )
        };
        let ended = |status: &str| status != "Processing";
        self.tasks.iter().next().is_none()
            && self.queue.values().all(routine)
            && self.shared().next().is_none()
            && self.sandbox.pending_notifications() == 0
            && self.sandbox.deposits().iter().all(|it| ended(&it.status))
            && self.sandbox.payouts().iter().all(|it| ended(&it.status))
    }

    /// Moves the time to whatever happens next, and lets it happen.
    fn next_moment(&mut self, until: Option<Duration>) -> Result<(), Breach> {
        let event = self.queue.keys().next().map(|(at, _)| *at);
        let timer_or_parcel = self.shared().next();
        let next = event.into_iter().chain(timer_or_parcel).chain(until).min();
        let now = self.elapsed();
        let next = next.unwrap_or(now).max(now);
        self.sandbox.advance(next - now);
        let wakers = self.shared().move_to(next);
        wakers.into_iter().for_each(std::task::Waker::wake);

        let late = self.tasks.iter().find(|task| next > task.since + LONGEST);
        if let Some(task) = late {
            let found = format!("it has not ended after {} seconds", LONGEST.as_secs());
            return breach(Invariant::EverythingEnds, task.kind.name(), found);
        }
        while let Some(due) = self.take_due(next) {
            self.happen(due)?;
        }
        Ok(())
    }

    fn take_due(&mut self, now: Duration) -> Option<Due> {
        let entry = self.queue.first_entry()?;
        (entry.key().0 <= now).then(|| entry.remove())
    }

    /// Runs every task that can go on at this moment.
    async fn run_tasks(&mut self) -> Result<(), Breach> {
        loop {
            self.take_parcels().await;
            let clock = self.clock.clone();
            match self
                .tasks
                .step(|count| clock.shared().random.usize(0..count))
            {
                Some(None) => self.dirty = true,
                Some(Some((kind, end))) => {
                    self.dirty = true;
                    self.ended(kind, end)?;
                }
                None => {
                    self.check()?;
                    let waits = self.tasks.iter().next().is_some();
                    let for_long = waits && self.shared().next().is_none();
                    if !self.tasks.others(for_long).await {
                        return Ok(());
                    }
                }
            }
        }
    }

    fn check(&mut self) -> Result<(), Breach> {
        if std::mem::take(&mut self.dirty) {
            checks::always(
                &self.sandbox,
                &self.books()?,
                &self.plan.payout_requests,
                &self.worths,
            )?;
        }
        Ok(())
    }

    /// The requests that arrive at the gateway by now.
    async fn take_parcels(&mut self) {
        loop {
            let parcel = {
                let mut shared = self.clock.shared();
                let now = shared.elapsed;
                match shared.parcels.first_entry() {
                    Some(entry) if entry.key().0 <= now => entry.remove(),
                    _ => return,
                }
            };
            let asked_for = self.payout_request_of(&parcel);
            let answer = self.sandbox.respond(parcel.request).await;
            let answer = self.lags.show(&self.clock, parcel.operation, answer);
            let told = answer.as_ref().map(|answer| read(answer.body()));
            let code = told.as_ref().and_then(|it| it.pointer("/code")?.as_u64());
            let code = code.unwrap_or_default();
            // Lower codes are about the request, and say nothing of the payout.
            if code >= 12_000 {
                self.refused.extend(asked_for);
            }
            self.shared()
                .say("gateway", format_args!("{}: {code}", parcel.operation));
            if let Some(slot) = parcel.slot {
                slot.put(answer);
            }
            self.dirty = true;
            self.look_at_payouts();
        }
    }

    /// Which payout request an exchange would pay.
    fn payout_request_of(&self, parcel: &Parcel) -> Option<usize> {
        if !parcel.operation.starts_with("apply") {
            return None;
        }
        let body = read(parcel.request.body());
        let to = body.pointer("/address")?.as_str()?;
        let mut requests = self.plan.payout_requests.iter();
        requests.position(|request| request.address.as_str() == to)
    }

    /// Some withdrawals fail on their chain.
    fn look_at_payouts(&mut self) {
        for payout in self.sandbox.payouts() {
            if self.payouts_seen.insert(payout.record_id.clone()) {
                self.shared().counts.payouts += 1;
                if self.shared().chance(20) {
                    self.soon(1_000, 110_000, Due::FailRecord(payout.record_id));
                }
            }
        }
    }

    /// Starts a method of the merchant. Now and then, it is cut short.
    pub(super) fn start(&mut self, kind: Kind) {
        let can_crash = !self.faults_over && !matches!(kind, Kind::Restart);
        if can_crash && self.shared().chance(self.plan.crash_percent) {
            self.soon(0, 1_500, Due::Planned(Event::Crash));
        }
        let merchant = Arc::clone(&self.merchant);
        let now = self.elapsed();
        match &kind {
            Kind::Notified(delivery) => {
                let request = delivery.request.clone();
                let work = async move { Done::Answer(merchant.notified(request).await) };
                self.tasks.spawn(kind, now, work);
            }
            Kind::Sell(place) => {
                let Some((sale, _)) = self.plan.sales.get(*place).cloned() else {
                    return;
                };
                let work = async move { Done::Sale(merchant.sell(&sale).await) };
                self.tasks.spawn(kind, now, work);
            }
            Kind::Bill(place) => {
                let Some((bill, _)) = self.plan.bills.get(*place).cloned() else {
                    return;
                };
                let work = async move { Done::Sale(merchant.bill(&bill).await) };
                self.tasks.spawn(kind, now, work);
            }
            Kind::PayOut(place) => {
                let Some(request) = self.plan.payout_requests.get(*place).cloned() else {
                    return;
                };
                let work = async move {
                    merchant.pay_out(&request).await;
                    Done::Nothing
                };
                self.tasks.spawn(kind, now, work);
            }
            Kind::Work | Kind::Restart | Kind::Settle => {
                let which = kind.name();
                let work = async move {
                    match which {
                        "work" => merchant.work().await,
                        "settle" => merchant.settle().await,
                        _ => merchant.restart().await,
                    }
                    Done::Nothing
                };
                self.tasks.spawn(kind, now, work);
            }
        }
    }

    fn ended(&mut self, kind: Kind, end: End<Done>) -> Result<(), Breach> {
        let done = match end {
            End::Done(done) => done,
            End::Panicked(words) => return breach(Invariant::NoPanic, kind.name(), words),
        };
        match (kind, done) {
            (Kind::Notified(delivery), Done::Answer(answer)) => {
                return self.answered(&delivery, &answer);
            }
            (Kind::Sell(place), Done::Sale(outcome)) => return self.sale_ended(place, outcome),
            (Kind::Bill(place), Done::Sale(outcome)) => return self.bill_ended(place, &outcome),
            (Kind::PayOut(place), _) => {
                self.asked.insert(place);
                let books = self.books()?;
                let request = self.plan.payout_requests.get(place);
                let is_open = request.is_some_and(|request| {
                    let same = |it: &super::PayoutEntry| {
                        it.request_id == request.id && it.state == PayoutState::Open
                    };
                    books.payouts.iter().any(same)
                });
                if is_open && self.elapsed() < CLOSING {
                    self.soon(30_000, 400_000, Due::Planned(Event::PayOut(place)));
                }
            }
            (Kind::Restart, _) => {
                self.down = false;
                self.shared().say("merchant", "is up again");
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether the merchant can't be reached.
    pub(super) fn is_out(&self) -> bool {
        let now = self.elapsed();
        let out = self
            .plan
            .outage
            .is_some_and(|(from, to)| from <= now && now < to);
        self.down || (out && !self.faults_over)
    }

    /// The gateway's wall clock.
    pub(super) fn unix_now(&self) -> u64 {
        START + self.elapsed().as_secs()
    }
}

pub(super) fn read(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_default()
}
