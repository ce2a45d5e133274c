//! The till, through which the shop's money comes in and goes out.

use std::error::Error;
use std::sync::Arc;

use bytes::Bytes;
use ccpayment::v2::{
    ApplyAppWithdrawToNetwork, CreateAppOrderDepositAddress, CreateInvoiceUrl, DepositStatus,
    GetAppDepositRecordList, GetAppWithdrawRecord, GetInvoiceOrderInfo, InvoicePayment,
};
use ccpayment::webhook::{
    ConfirmedDeposit, ConfirmedWithdrawal, Creditable, DepositDecision, Event, Verified, Verifier,
    WithdrawalDecision,
};
use ccpayment::{
    Address, Amount, Client, Clock, ErrorCode, OrderId, PriceIn, RecordId, RefusalReason, Retry,
    SubmitError, Submitted, Timestamp,
};
use http::{Request, Response, StatusCode};

use crate::database::{Asked, Database, Payment, Payout, PayoutState};

/// Longer than one [`Client::payout`] may go on submitting; see `Timeouts::total`. A moment from
/// before a crash is as good as this machine's clock was then; see [`Client::settle`].
const LONGEST_PAYOUT: u64 = 60;

/// Why a notification is not acknowledged.
pub type Trouble = Box<dyn Error + Send + Sync>;

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
    /// Opens an order; returns the address to pay to. The order is stored first.
    ///
    /// # Errors
    ///
    /// As [`Client::submit`].
    pub async fn open(&self, order: &CreateAppOrderDepositAddress) -> Result<Address, SubmitError> {
        let asked = Asked::Coin(order.coin_id);
        let order_id = order.order_id.clone();
        self.database.rows().asked.insert(order_id, asked);
        Ok(self.client.submit(order).await?.created.address)
    }

    /// Makes an invoice; returns the page to pay on. The invoice is stored first.
    ///
    /// # Errors
    ///
    /// As [`Client::submit`].
    pub async fn bill(&self, invoice: &CreateInvoiceUrl) -> Result<String, SubmitError> {
        let asked = Asked::Invoice(invoice.price_in);
        let order_id = invoice.order_id.clone();
        self.database.rows().asked.insert(order_id, asked);
        Ok(self.client.submit(invoice).await?.created.invoice_url)
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

    /// Does the work that a notification causes. The notification says where to look; only the
    /// record counts.
    ///
    /// # Errors
    ///
    /// When the record could not be read, is not the one that was announced, or lags behind: then
    /// the notification has to come again.
    pub async fn handle(&self, event: &Event) -> Result<(), Trouble> {
        match event {
            Event::ApiDeposit(deposit) => match deposit.confirm(&self.client).await?.decision() {
                DepositDecision::Credit(paid) => self.credit(&deposit.order_id, &paid).await,
                DepositDecision::NotYet => Ok(()),
                DepositDecision::Never(_) => self.set_aside(event),
                _ => Err("the record is not final yet".into()),
            },
            Event::ApiWithdrawal(withdrawal) => {
                let confirmed = withdrawal.confirm(&self.client).await?;
                let (order_id, record_id) = (&withdrawal.order_id, &withdrawal.record_id);
                match confirmed.decision() {
                    WithdrawalDecision::AskAgain => Err("the record is not final yet".into()),
                    decision => self.note_record(order_id, record_id, decision),
                }
            }
            _ => self.set_aside(event),
        }
    }

    /// Stores a notification whole, so that it may be acknowledged.
    ///
    /// # Errors
    ///
    /// None that a notification can cause.
    pub fn set_aside(&self, event: &Event) -> Result<(), Trouble> {
        let whole = serde_json::to_string(event)?;
        self.database.rows().set_aside.push(whole);
        Ok(())
    }

    async fn credit(&self, order_id: &OrderId, paid: &Creditable<'_>) -> Result<(), Trouble> {
        let payment = self.judge(order_id, paid).await?;
        self.database.rows().book(payment);
        Ok(())
    }

    /// Compares a payment with what was asked for.
    ///
    /// # Errors
    ///
    /// When the value of a payment of an invoice could not be read, or is not there yet.
    pub async fn judge(
        &self,
        order_id: &OrderId,
        paid: &Creditable<'_>,
    ) -> Result<Payment, Trouble> {
        let asked = self.database.rows().asked.get(order_id).copied();
        let as_coins = |counts| (paid.amount().clone(), PriceIn::Coin(paid.coin_id()), counts);
        let (amount, paid_in, counts) = match asked {
            Some(Asked::Coin(coin)) => as_coins(coin == paid.coin_id()),
            Some(Asked::Invoice(currency)) => {
                let value = self.value(order_id, paid.record_id()).await?;
                (value, currency, true)
            }
            // An order that is not ours: the money is real, and counted nowhere.
            None => as_coins(false),
        };
        Ok(Payment {
            record_id: paid.record_id().clone(),
            order_id: order_id.clone(),
            amount,
            paid_in,
            counts,
        })
    }

    /// The worth of a payment in the currency of its invoice: the gateway's own value in the row of
    /// this record. The coins are in another unit, and the total includes other payments.
    async fn value(&self, order_id: &OrderId, record_id: &RecordId) -> Result<Amount, Trouble> {
        let read = GetInvoiceOrderInfo::new(order_id.clone());
        let invoice = self.client.send(&read).await?;
        let is_paid = |row: &&InvoicePayment| {
            row.status == DepositStatus::Success && row.is_flagged_as_risky == Some(false)
        };
        let paid: Vec<_> = invoice.paid_list.iter().filter(is_paid).collect();
        let mut values = paid.iter().filter_map(|row| row.paid_value.as_ref());
        let sum = values.try_fold(Amount::zero(), |sum, value| sum.checked_add(value));
        // The total is compared, and never booked: to book it would book earlier payments again.
        if invoice.total_paid_value.is_some() && invoice.total_paid_value != sum.ok() {
            return Err("the invoice's payments don't add up to its total".into());
        }
        let row = paid.iter().find(|row| row.record_id == *record_id);
        let value = row.and_then(|row| row.paid_value.clone());
        value.ok_or_else(|| "the invoice does not show the payment yet".into())
    }

    fn note_record(
        &self,
        order_id: &OrderId,
        record_id: &RecordId,
        decision: WithdrawalDecision<'_>,
    ) -> Result<(), Trouble> {
        let state = match decision {
            WithdrawalDecision::Arrived => PayoutState::Arrived,
            WithdrawalDecision::Failed { .. } | WithdrawalDecision::Rejected { .. } => {
                PayoutState::Failed
            }
            _ => PayoutState::Sent(record_id.clone()),
        };
        let mut rows = self.database.rows();
        if let Some(key) = rows.key_of(order_id) {
            rows.note(&key, state);
        }
        Ok(())
    }

    /// Pays out, once for each key. The request is stored before it is sent; what is stored already
    /// is settled, and made again only if it was provably not made.
    pub async fn pay_out(&self, key: &str, request: ApplyAppWithdrawToNetwork) {
        let known = self.database.rows().payouts.get(key).cloned();
        match known {
            Some(payout) => self.go_on(key, &payout).await,
            None => self.make(key, request).await,
        }
    }

    async fn make(&self, key: &str, request: ApplyAppWithdrawToNetwork) {
        let since = Timestamp::from_system(self.clock.now()).get() + LONGEST_PAYOUT;
        let payout = Payout {
            request,
            state: PayoutState::Open(Timestamp::new(since)),
        };
        let stored = payout.clone();
        self.database.rows().payouts.insert(key.to_owned(), stored);
        let answer = self.client.payout(&payout.request).await;
        self.note_answer(key, &payout.state, answer);
    }

    /// Settles a payout whose end is not known, and makes it if it was not made.
    async fn go_on(&self, key: &str, payout: &Payout) {
        match payout.state {
            PayoutState::Open(since) => {
                let answer = self.client.settle(&payout.request, since).await;
                self.note_answer(key, &payout.state, answer);
            }
            PayoutState::ToMake => self.make(key, payout.request.clone()).await,
            _ => {}
        }
    }

    fn note_answer(
        &self,
        key: &str,
        began: &PayoutState,
        answer: Result<Submitted<RecordId>, SubmitError>,
    ) {
        let mut rows = self.database.rows();
        match answer {
            Ok(accepted) => rows.note(key, PayoutState::Sent(accepted.created)),
            Err(error) if error.can_be_made_again() => {
                let state = if passes(&error) {
                    PayoutState::ToMake
                } else {
                    PayoutState::Refused
                };
                rows.note_not_made(key, began, state);
            }
            Err(SubmitError::Refused { .. }) => rows.note(key, PayoutState::Failed),
            Err(SubmitError::Unknown { .. }) => {}
            // It is never paid again, and no program can decide more.
            Err(_) => rows.note(key, PayoutState::ForAPerson),
        }
    }

    /// The background work.
    pub async fn settle_open_payouts(&self) {
        let payouts = self.database.rows().payouts.clone();
        for (key, payout) in &payouts {
            self.go_on(key, payout).await;
        }
    }

    /// Run once a day: finds records that no notification told of.
    ///
    /// # Errors
    ///
    /// When a record could not be read, or is another one than was accepted.
    pub async fn reconcile(&self) -> Result<(), Trouble> {
        let mut list = GetAppDepositRecordList::new();
        let mut unreadable = None;
        loop {
            let page = self.client.send(&list).await?;
            for record in page.records {
                let record = match record {
                    Ok(record) => record,
                    // This row may be a deposit: the others are credited, and a person is told of
                    // this one.
                    Err(row) => {
                        unreadable = Some(row);
                        continue;
                    }
                };
                let listed = ConfirmedDeposit::listed(record);
                if let DepositDecision::Credit(paid) = listed.decision()
                    && let Some(order_id) = paid.order_id()
                {
                    self.credit(order_id, &paid).await?;
                }
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
                // By our own id, since an acceptance may have been meant for another call.
                let order_id = &payout.request.order_id;
                let read = GetAppWithdrawRecord::new(order_id.clone());
                let confirmed = ConfirmedWithdrawal::read(&self.client, &read).await?;
                if confirmed.record().record_id != *record_id {
                    let found = &confirmed.record().record_id;
                    let error = format!("{order_id} is {found}, and was accepted as {record_id}");
                    return Err(error.into());
                }
                self.note_record(order_id, record_id, confirmed.decision())?;
            }
        }
        unreadable.map_or(Ok(()), |row| Err(row.into()))
    }
}

/// Whether the reason why a payout was not made is temporary. An impossible request is permanent,
/// and so is a refusal whose code says that a repeat never helps.
fn passes(error: &SubmitError) -> bool {
    let stays = match error {
        SubmitError::Refused {
            reason: RefusalReason::NotSent(error),
            ..
        } => matches!(**error, ccpayment::Error::Invalid { .. }),
        _ => error.code().map(ErrorCode::retry) == Some(Retry::Never),
    };
    !stays
}

fn empty(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}
