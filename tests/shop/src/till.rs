//! Where the shop's money comes in and goes out.

use std::error::Error;
use std::sync::Arc;

use bytes::Bytes;
use ccpayment::v2::{
    ApplyAppWithdrawToNetwork, CreateAppOrderDepositAddress, DepositRecord, DepositStatus,
    GetAppDepositRecordList, GetAppWithdrawRecord, WithdrawStatus,
};
use ccpayment::webhook::{ApiDeposit, ApiWithdrawal, Event, Verified, Verifier};
use ccpayment::{Address, Client, Clock, OrderId, PayoutError, RecordId, Submitted, Timestamp};
use http::{Request, Response, StatusCode};

use crate::database::{Database, Payment, Payout, PayoutState};

/// Longer than one [`Client::payout`] may go on submitting; see `Timeouts::total`. A moment from
/// before a crash is as good as this machine's clock was then; see [`Client::settle`].
const LONGEST_PAYOUT: u64 = 60;

/// The code that handles money. Everything that it must not forget is in the database.
#[derive(Debug, Clone)]
pub struct Till {
    /// Calls the gateway.
    pub client: Client,
    /// Trusts the gateway's notifications, and nobody else's.
    pub verifier: Verifier,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The database.
    pub database: Database,
}

impl Till {
    /// Opens an order; the address to pay to.
    ///
    /// # Errors
    ///
    /// As [`Client::send`].
    pub async fn open(
        &self,
        order: &CreateAppOrderDepositAddress,
    ) -> Result<Address, ccpayment::Error> {
        Ok(self.client.send(order).await?.address)
    }

    /// The webhook: verified, handled to the end, and only then acknowledged.
    pub async fn receive(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let event = match self.verify(request) {
            Ok(event) => event,
            Err(status) => return empty(status),
        };
        match self.handle(&event).await {
            Ok(()) => event.acknowledge().into_response(),
            Err(_) => empty(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    /// Whether a delivery is the gateway's.
    ///
    /// # Errors
    ///
    /// The status to answer with.
    pub fn verify(&self, request: &Request<Bytes>) -> Result<Verified<Event>, StatusCode> {
        let (headers, body) = (request.headers(), request.body());
        let verified = self.verifier.verify(headers, body, self.clock.now());
        verified.map_err(|refused| refused.status())
    }

    /// Does the work that a notification causes. It says where to look; the record says what is so.
    ///
    /// # Errors
    ///
    /// When the record could not be read, or is not the one that was announced.
    pub async fn handle(&self, event: &Event) -> Result<(), Box<dyn Error + Send + Sync>> {
        match event {
            Event::ApiDeposit(deposit) => self.deposit(deposit).await,
            Event::ApiWithdrawal(withdrawal) => self.withdrawal(withdrawal).await,
            // Acknowledged all the same: a new kind of event must not become a retry storm.
            _ => Ok(()),
        }
    }

    async fn deposit(&self, deposit: &ApiDeposit) -> Result<(), Box<dyn Error + Send + Sync>> {
        let confirmed = deposit.confirm(&self.client).await?;
        if let Some(paid) = confirmed.creditable() {
            self.database.rows().book(Payment {
                record_id: paid.record_id().clone(),
                order_id: deposit.order_id.clone(),
                amount: paid.amount().clone(),
            });
        }
        Ok(())
    }

    async fn withdrawal(&self, event: &ApiWithdrawal) -> Result<(), Box<dyn Error + Send + Sync>> {
        let confirmed = event.confirm(&self.client).await?;
        self.note_record(
            &event.order_id,
            &event.record_id,
            &confirmed.record().status,
        );
        Ok(())
    }

    fn note_record(&self, order_id: &OrderId, record_id: &RecordId, status: &WithdrawStatus) {
        let state = match status {
            WithdrawStatus::Success => PayoutState::Arrived,
            WithdrawStatus::Failed | WithdrawStatus::Rejected => PayoutState::Refused,
            _ => PayoutState::Sent(record_id.clone()),
        };
        let mut rows = self.database.rows();
        if let Some(key) = rows.key_of(order_id) {
            rows.note(&key, state);
        }
    }

    /// Pays out, once for each key. The request is stored before it is sent; what is stored already
    /// is settled instead of sent again.
    pub async fn pay_out(&self, key: &str, request: ApplyAppWithdrawToNetwork) {
        let known = self.database.rows().payouts.get(key).cloned();
        if let Some(payout) = known {
            return self.settle(key, &payout).await;
        }
        let since = Timestamp::from_system(self.clock.now()).get() + LONGEST_PAYOUT;
        let payout = Payout {
            request: request.clone(),
            state: PayoutState::Open(Timestamp::new(since)),
        };
        self.database.rows().payouts.insert(key.to_owned(), payout);
        let answer = self.client.payout(&request).await;
        self.note_answer(key, answer);
    }

    /// Finds out what became of a payout whose end nobody was told. Never sends it again.
    async fn settle(&self, key: &str, payout: &Payout) {
        if let PayoutState::Open(since) = payout.state {
            let answer = self.client.settle(&payout.request, since).await;
            self.note_answer(key, answer);
        }
    }

    fn note_answer(&self, key: &str, answer: Result<Submitted<RecordId>, PayoutError>) {
        let state = match answer {
            Ok(paid) => PayoutState::Sent(paid.made),
            Err(PayoutError::Refused { .. }) => PayoutState::Refused,
            // Open for now. A conflict is for a person to look at.
            Err(_) => return,
        };
        self.database.rows().note(key, state);
    }

    /// The work in the background.
    pub async fn settle_open_payouts(&self) {
        let payouts = self.database.rows().payouts.clone();
        for (key, payout) in &payouts {
            self.settle(key, payout).await;
        }
    }

    /// Once a day: what no notification told.
    ///
    /// # Errors
    ///
    /// As [`Client::send`].
    pub async fn reconcile(&self) -> Result<(), ccpayment::Error> {
        let mut list = GetAppDepositRecordList::new();
        loop {
            let page = self.client.send(&list).await?;
            for record in page.records {
                self.note_deposit(record);
            }
            match page.next_id {
                Some(next) if !next.is_empty() => list = list.next_id(next),
                _ => break,
            }
        }
        self.settle_open_payouts().await;
        let payouts = self.database.rows().payouts.clone();
        for payout in payouts.values() {
            if let PayoutState::Sent(record_id) = &payout.state {
                let read = GetAppWithdrawRecord::new(record_id.clone());
                let record = self.client.send(&read).await?.record;
                self.note_record(&payout.request.order_id, record_id, &record.status);
            }
        }
        Ok(())
    }

    fn note_deposit(&self, record: DepositRecord) {
        let is_sound = record.status == DepositStatus::Success
            && record.is_flagged_as_risky == Some(false)
            && record.amount.is_positive();
        if let (true, Some(order_id)) = (is_sound, record.order_id) {
            self.database.rows().book(Payment {
                record_id: record.record_id,
                order_id,
                amount: record.amount,
            });
        }
    }
}

fn empty(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}
