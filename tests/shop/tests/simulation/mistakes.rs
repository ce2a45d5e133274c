//! Mistakes that real tills make. Each replaces one part of the shop's till.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use async_trait::async_trait;
use bytes::Bytes;
use ccpayment::v2::{DepositStatus, GetAppDepositRecord};
use ccpayment::webhook::{ApiDeposit, ConfirmedDeposit, DepositDecision, Event};
use ccpayment::{OrderId, PriceIn, RecordId, Timestamp};
use ccpayment_testing::simulation::{Bill, Books, Env, Merchant, PayoutRequest, Sale, SaleOutcome};
use http::{Request, Response, StatusCode};
use serde_json::Value;
use shop::{Asked, Payment, Payout, PayoutState};

use crate::{Shop, request};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mistake {
    /// Books a payment without checking whether it is booked.
    CreditsTwice,
    /// Looks, then asks the gateway, then books: two copies at once both find nothing.
    LooksTooEarly,
    /// Books once for each event, by its delivery key: two events may be handled after the record
    /// is final.
    CreditsByEvent,
    /// Answers at once and remembers the event in memory.
    AcknowledgesFirst,
    /// Answers `Success`, whatever the result.
    SwallowsErrors,
    /// Believes that a record that is not final will be announced again.
    AcknowledgesLagging,
    CreditsFlagged,
    CreditsUnconfirmed,
    /// Books the amount in the currency of the order, whatever coin was paid.
    AddsAnyCoin,
    NewOrderId,
    TimeoutIsFailure,
    /// Believes every refusal to be final, also when nothing was sent.
    NotSentIsRefused,
    SkipsVerification,
    NeverReconciles,
    /// Believes that every deposit is confirmed sooner or later.
    Panics,
    /// Keeps its payouts in memory.
    ForgetsPayouts,
}

pub(crate) struct Careless {
    shop: Shop,
    mistake: Mistake,
    /// Lost with the process.
    memory: Mutex<Vec<Event>>,
    /// A table of the database.
    handled: Mutex<BTreeSet<String>>,
}

type Error = Box<dyn std::error::Error + Send + Sync>;

impl Careless {
    pub(crate) fn new(env: Env, mistake: Mistake) -> Self {
        Self {
            shop: Shop::new(env),
            mistake,
            memory: Mutex::default(),
            handled: Mutex::default(),
        }
    }

    async fn handle(&self, event: &Event) -> Result<(), Error> {
        match event {
            Event::ApiDeposit(deposit) => self.deposit(event, deposit).await,
            other => self.shop.till.handle(other).await,
        }
    }

    async fn deposit(&self, event: &Event, deposit: &ApiDeposit) -> Result<(), Error> {
        let till = &self.shop.till;
        let is_booked = |it: &Payment| it.record_id == deposit.record_id;
        let booked_before = till.database.rows().payments.iter().any(is_booked);
        let confirmed = deposit.confirm(&till.client).await?;
        let record = confirmed.record();
        assert!(
            self.mistake != Mistake::Panics || record.status != DepositStatus::Failed,
            "this can't happen"
        );
        let payment = match (self.mistake, confirmed.decision()) {
            (Mistake::AddsAnyCoin, DepositDecision::Credit(_)) => {
                self.in_any_coin(deposit, &confirmed)
            }
            (_, DepositDecision::Credit(paid)) => till.judge(&deposit.order_id, &paid).await?,
            (Mistake::CreditsFlagged, DepositDecision::Never(_))
                if record.status == DepositStatus::Success =>
            {
                self.in_any_coin(deposit, &confirmed)
            }
            (Mistake::CreditsUnconfirmed, _) if record.is_flagged_as_risky == Some(false) => {
                self.in_any_coin(deposit, &confirmed)
            }
            (Mistake::AcknowledgesLagging, _)
            | (_, DepositDecision::NotYet | DepositDecision::Never(_)) => return Ok(()),
            _ => return Err("ask again".into()),
        };
        let key = event.delivery_key().map(|it| it.to_string());
        let is_new = |key| self.handled.lock().unwrap().insert(key);
        let mut rows = till.database.rows();
        match self.mistake {
            Mistake::CreditsTwice => rows.payments.push(payment),
            Mistake::LooksTooEarly if booked_before => {}
            Mistake::CreditsByEvent if !key.is_some_and(is_new) => {}
            Mistake::LooksTooEarly | Mistake::CreditsByEvent => rows.payments.push(payment),
            _ => rows.book(payment),
        }
        Ok(())
    }

    /// The amount of the record, in the currency of the order.
    fn in_any_coin(&self, deposit: &ApiDeposit, confirmed: &ConfirmedDeposit) -> Payment {
        let record = confirmed.record();
        let rows = self.shop.till.database.rows();
        let paid_in = match (self.mistake, rows.asked.get(&deposit.order_id)) {
            (Mistake::AddsAnyCoin, Some(Asked::Invoice(currency))) => *currency,
            (Mistake::AddsAnyCoin, Some(Asked::Coin(coin_id))) => PriceIn::Coin(*coin_id),
            _ => PriceIn::Coin(record.coin_id),
        };
        Payment {
            record_id: record.record_id.clone(),
            order_id: deposit.order_id.clone(),
            amount: record.amount.clone(),
            paid_in,
            counts: true,
        }
    }

    fn guesses(&self) -> bool {
        matches!(
            self.mistake,
            Mistake::NewOrderId | Mistake::TimeoutIsFailure
        )
    }

    /// Books payouts as refused that the till would make again.
    fn give_up(&self) {
        if self.mistake == Mistake::NotSentIsRefused {
            for payout in self.shop.till.database.rows().payouts.values_mut() {
                if payout.state == PayoutState::ToMake {
                    payout.state = PayoutState::Refused;
                }
            }
        }
    }

    fn note(&self, wanted: &PayoutRequest, order_id: &OrderId, state: PayoutState) {
        let mut request = request(wanted);
        request.order_id = order_id.clone();
        let mut rows = self.shop.till.database.rows();
        rows.payouts
            .insert(wanted.id.clone(), Payout { request, state });
    }

    /// One call, and one guess at what its error means.
    async fn pay_out_by_guess(&self, wanted: &PayoutRequest) {
        let client = &self.shop.till.client;
        let mut payout = request(wanted);
        if let Some(payout) = self.shop.till.database.rows().payouts.get(&wanted.id)
            && !matches!(payout.state, PayoutState::Open(_))
        {
            return;
        }
        self.note(
            wanted,
            &payout.order_id,
            PayoutState::Open(Timestamp::new(0)),
        );
        for attempt in 1..4 {
            if let Ok(sent) = client.send_unsettled(&payout).await {
                return self.note(wanted, &payout.order_id, PayoutState::Sent(sent.record_id));
            }
            if self.mistake == Mistake::TimeoutIsFailure {
                return self.note(wanted, &payout.order_id, PayoutState::Refused);
            }
            payout.order_id = OrderId::new(format!("payout-{}-{attempt}", wanted.id));
        }
    }

    /// Believes every sender.
    async fn believe(&self, request: &Request<Bytes>) -> Result<(), Error> {
        let event: Value = serde_json::from_slice(request.body())?;
        let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str);
        let Some(record_id) = text("/msg/recordId").filter(|_| text("/type") == Some("ApiDeposit"))
        else {
            return Ok(());
        };
        let read = GetAppDepositRecord::new(RecordId::new(record_id));
        let till = &self.shop.till;
        let confirmed = ConfirmedDeposit::read(&till.client, &read).await?;
        match confirmed.decision() {
            DepositDecision::Credit(paid) => {
                let order_id = paid.order_id().ok_or("no order")?;
                let payment = till.judge(order_id, &paid).await?;
                till.database.rows().book(payment);
                Ok(())
            }
            DepositDecision::AskAgain if text("/msg/status") == Some("Success") => {
                Err("ask again".into())
            }
            _ => Ok(()),
        }
    }
}

fn answer(status: StatusCode, body: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(body.as_bytes()));
    *response.status_mut() = status;
    response
}

#[async_trait]
impl Merchant for Careless {
    async fn notified(&self, request: Request<Bytes>) -> Response<Bytes> {
        if self.mistake == Mistake::SkipsVerification {
            return match self.believe(&request).await {
                Ok(()) => answer(StatusCode::OK, "Success"),
                Err(_) => answer(StatusCode::INTERNAL_SERVER_ERROR, ""),
            };
        }
        let event = match self.shop.till.verify(&request) {
            Ok(event) => event,
            Err(status) => return answer(status, ""),
        };
        if self.mistake == Mistake::AcknowledgesFirst {
            self.memory.lock().unwrap().push(event.event().clone());
            return event.acknowledge().into_response();
        }
        match self.handle(&event).await {
            Err(_) if self.mistake != Mistake::SwallowsErrors => {
                answer(StatusCode::INTERNAL_SERVER_ERROR, "")
            }
            _ => event.acknowledge().into_response(),
        }
    }

    fn books(&self) -> Books {
        self.shop.books()
    }

    async fn restart(&self) {
        self.memory.lock().unwrap().clear();
        if self.mistake == Mistake::ForgetsPayouts {
            self.shop.till.database.rows().payouts = BTreeMap::new();
        }
    }

    async fn sell(&self, sale: &Sale) -> SaleOutcome {
        self.shop.sell(sale).await
    }

    fn bills(&self) -> bool {
        true
    }

    async fn bill(&self, bill: &Bill) -> SaleOutcome {
        self.shop.bill(bill).await
    }

    fn pays_out(&self) -> bool {
        true
    }

    async fn pay_out(&self, wanted: &PayoutRequest) {
        if self.guesses() {
            return self.pay_out_by_guess(wanted).await;
        }
        self.shop.pay_out(wanted).await;
        self.give_up();
    }

    async fn work(&self) {
        let events = std::mem::take(&mut *self.memory.lock().unwrap());
        for event in events {
            let _ = self.handle(&event).await;
        }
        // A till that guesses looks nothing up.
        if !self.guesses() {
            self.shop.work().await;
            self.give_up();
        }
    }

    async fn settle(&self) {
        match self.mistake {
            Mistake::NeverReconciles => self.shop.work().await,
            _ => self.shop.settle().await,
        }
    }
}
