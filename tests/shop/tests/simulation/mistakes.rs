//! Mistakes that real tills make. Each replaces one part of the shop's till.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use bytes::Bytes;
use ccpayment::v2::{DepositStatus, GetAppDepositRecord};
use ccpayment::webhook::{ApiDeposit, Event};
use ccpayment::{OrderId, RecordId, Timestamp};
use ccpayment_testing::simulation::{Books, Merchant, Sale, Sold, Wish, World};
use http::{Request, Response, StatusCode};
use serde_json::Value;
use shop::{Payment, Payout, PayoutState};

use crate::{Shop, request};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mistake {
    /// Books a payment without a look whether it is booked.
    CreditsTwice,
    /// Looks, then asks the gateway, then books: two copies at once both find nothing.
    LooksTooEarly,
    /// Answers at once and remembers the event in memory.
    AcknowledgesFirst,
    /// Answers `Success` whatever came of it.
    SwallowsErrors,
    CreditsFlagged,
    CreditsUnconfirmed,
    NewOrderId,
    TimeoutIsFailure,
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
    /// Gone with the process.
    memory: Mutex<Vec<Event>>,
}

type Error = Box<dyn std::error::Error + Send + Sync>;

impl Careless {
    pub(crate) fn new(world: World, mistake: Mistake) -> Self {
        Self {
            shop: Shop::new(world),
            mistake,
            memory: Mutex::default(),
        }
    }

    async fn handle(&self, event: &Event) -> Result<(), Error> {
        match event {
            Event::ApiDeposit(deposit) => self.deposit(deposit).await,
            other => self.shop.till.handle(other).await,
        }
    }

    async fn deposit(&self, deposit: &ApiDeposit) -> Result<(), Error> {
        let till = &self.shop.till;
        let is_booked = |it: &Payment| it.record_id == deposit.record_id;
        let booked_before = till.database.rows().payments.iter().any(is_booked);
        let read = GetAppDepositRecord::new(deposit.record_id.clone());
        let record = till.client.send(&read).await?.record;
        let is_confirmed = record.status == DepositStatus::Success;
        let is_flagged = record.is_flagged_as_risky != Some(false);
        assert!(
            self.mistake != Mistake::Panics || record.status != DepositStatus::Failed,
            "this can't happen"
        );
        let books = match self.mistake {
            Mistake::CreditsFlagged => is_confirmed,
            Mistake::CreditsUnconfirmed => !is_flagged,
            _ => is_confirmed && !is_flagged,
        };
        if !books {
            return Ok(());
        }
        let payment = Payment {
            record_id: record.record_id,
            order_id: deposit.order_id.clone(),
            amount: record.amount,
        };
        let mut rows = till.database.rows();
        match self.mistake {
            Mistake::CreditsTwice => rows.payments.push(payment),
            Mistake::LooksTooEarly if booked_before => {}
            Mistake::LooksTooEarly => rows.payments.push(payment),
            _ => rows.book(payment),
        }
        Ok(())
    }

    fn guesses(&self) -> bool {
        matches!(
            self.mistake,
            Mistake::NewOrderId | Mistake::TimeoutIsFailure
        )
    }

    fn note(&self, wish: &Wish, order_id: &OrderId, state: PayoutState) {
        let mut request = request(wish);
        request.order_id = order_id.clone();
        let mut rows = self.shop.till.database.rows();
        rows.payouts
            .insert(wish.id.clone(), Payout { request, state });
    }

    /// One call, and one guess at what its error means.
    async fn pay_out_by_guess(&self, wish: &Wish) {
        let client = &self.shop.till.client;
        let mut payout = request(wish);
        if let Some(payout) = self.shop.till.database.rows().payouts.get(&wish.id)
            && !matches!(payout.state, PayoutState::Open(_))
        {
            return;
        }
        self.note(wish, &payout.order_id, PayoutState::Open(Timestamp::new(0)));
        for attempt in 1..4 {
            if let Ok(sent) = client.send(&payout).await {
                return self.note(wish, &payout.order_id, PayoutState::Sent(sent.record_id));
            }
            if self.mistake == Mistake::TimeoutIsFailure {
                return self.note(wish, &payout.order_id, PayoutState::Refused);
            }
            payout.order_id = OrderId::new(format!("payout-{}-{attempt}", wish.id));
        }
    }

    /// Believes whoever posts.
    async fn believe(&self, request: &Request<Bytes>) -> Result<(), Error> {
        let event: Value = serde_json::from_slice(request.body())?;
        let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str);
        let Some(record_id) = text("/msg/recordId").filter(|_| text("/type") == Some("ApiDeposit"))
        else {
            return Ok(());
        };
        let read = GetAppDepositRecord::new(RecordId::new(record_id));
        let record = self.shop.till.client.send(&read).await?.record;
        let is_sound = record.status == DepositStatus::Success;
        if let (true, Some(false), Some(order_id)) =
            (is_sound, record.is_flagged_as_risky, record.order_id)
        {
            self.shop.till.database.rows().book(Payment {
                record_id: record.record_id,
                order_id,
                amount: record.amount,
            });
        }
        Ok(())
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

    async fn sell(&self, sale: &Sale) -> Sold {
        self.shop.sell(sale).await
    }

    fn pays_out(&self) -> bool {
        true
    }

    async fn pay_out(&self, wish: &Wish) {
        if self.guesses() {
            return self.pay_out_by_guess(wish).await;
        }
        self.shop.pay_out(wish).await;
    }

    async fn work(&self) {
        let events = std::mem::take(&mut *self.memory.lock().unwrap());
        for event in events {
            let _ = self.handle(&event).await;
        }
        // Who guesses looks nothing up.
        if !self.guesses() {
            self.shop.work().await;
        }
    }

    async fn settle(&self) {
        match self.mistake {
            Mistake::NeverReconciles => self.shop.work().await,
            _ => self.shop.settle().await,
        }
    }
}
