//! What the gateway's record says of an entry of the inbox.

use bytes::Bytes;
use ccpayment_client::core::v2::{
    DepositRecord, GetAppDepositRecord, GetAppWithdrawRecord, GetUserDepositRecord,
    GetUserWithdrawRecord, UserDepositRecord,
};
use ccpayment_client::core::{
    AnswerError, ErrorCode, ErrorReport, OrderId, RecordId, RecordKey, Retry, Version,
};
use ccpayment_client::{Client, Error};
use ccpayment_webhook::{
    ConfirmError, ConfirmedDeposit, ConfirmedWithdrawal, Creditable, DepositDecision, Event,
    NoCredit, WithdrawalDecision,
};
use http::StatusCode;

use crate::entry::Entry;
use crate::handler::PayoutEnd;
use crate::kind;

/// What was read.
pub(crate) enum Found {
    Deposit(ConfirmedDeposit<DepositRecord>),
    UserDeposit(ConfirmedDeposit<UserDepositRecord>),
    Withdrawal {
        order_id: Option<OrderId>,
        ended: Option<(PayoutEnd, Option<String>)>,
    },
    Notice,
    #[cfg(feature = "v1")]
    V1(Box<v1::FoundV1>),
}

/// What the record says.
pub(crate) enum Decision<'a> {
    Credit(Creditable<'a>),
    #[cfg(feature = "v1")]
    CreditV1(ccpayment_webhook::v1::Creditable<'a>),
    NoCredit(NoCredit),
    Withdrawal {
        order_id: Option<&'a OrderId>,
        end: PayoutEnd,
        reason: Option<&'a str>,
    },
    Notice,
    /// Not final: it is read again.
    Open,
}

/// Why nothing is known.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The gateway can't be read at the moment. That says nothing of this entry.
    Passing(String),
    /// The record can't be read, and that may stay so.
    Failed(String),
    /// Only a person can help.
    Hopeless(String),
}

impl From<ConfirmError> for Trouble {
    fn from(error: ConfirmError) -> Self {
        let text = ErrorReport::new(&error).to_string();
        match error {
            ConfirmError::Read(error) if is_passing(&error) => Self::Passing(text),
            ConfirmError::Read(_) => Self::Failed(text),
            _ => Self::Hopeless(text),
        }
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        ConfirmError::Read(error).into()
    }
}

/// Whether an error says nothing of the record that was asked for: the client repeats a read after
/// it, or has sent nothing at all.
pub(crate) fn is_passing(error: &Error) -> bool {
    if let Some(code) = error.code() {
        let is_outage = [ErrorCode::Internal, ErrorCode::ServiceError].contains(&code);
        return is_outage || code.retry() == Retry::Backoff || error.is_clock_skew();
    }
    match error {
        Error::Transport { .. }
        | Error::Throttled { .. }
        | Error::Halted { .. }
        | Error::NoTime { .. } => true,
        // A page of a proxy, whatever its status says.
        Error::Answer {
            source: AnswerError::NotAnEnvelope { status, .. },
            ..
        } => {
            let passing = [
                StatusCode::REQUEST_TIMEOUT,
                StatusCode::TOO_EARLY,
                StatusCode::TOO_MANY_REQUESTS,
            ];
            status.is_success() || status.is_server_error() || passing.contains(status)
        }
        _ => error.status().is_some_and(|it| it.is_server_error()),
    }
}

/// Reads the record of an entry, by what its notification says or by its id alone.
///
/// `told` are its deliveries, the oldest first: some records of v1 can't be read, and then these
/// are all that is known.
pub(crate) async fn look(client: &Client, entry: &Entry, told: &[Bytes]) -> Result<Found, Trouble> {
    let key = &entry.key;
    if key.kind == kind::NOTICE {
        return Ok(Found::Notice);
    }
    if key.version == Version::V1 {
        #[cfg(feature = "v1")]
        return v1::look(client, told, &entry.body).await;
        #[cfg(not(feature = "v1"))]
        let _ = told;
        #[cfg(not(feature = "v1"))]
        return Err(Trouble::Hopeless("this program is built without v1".into()));
    }
    let id = || RecordId::new(key.id.as_str());
    let event = (!entry.body.is_empty()).then(|| Event::from_stored(&entry.body));
    let found = match (key.kind.as_str(), event.flatten()) {
        (kind::DEPOSIT, Some(Event::ApiDeposit(event))) => {
            Found::Deposit(event.confirm(client).await?)
        }
        (kind::DEPOSIT, Some(Event::DirectDeposit(event))) => {
            Found::Deposit(event.confirm(client).await?)
        }
        (kind::DEPOSIT, None) => {
            let read = GetAppDepositRecord::new(id());
            Found::Deposit(ConfirmedDeposit::read(client, &read).await?)
        }
        (kind::USER_DEPOSIT, Some(Event::UserDeposit(event))) => {
            Found::UserDeposit(event.confirm(client).await?)
        }
        (kind::USER_DEPOSIT, None) => {
            let read = GetUserDepositRecord::new(id());
            Found::UserDeposit(ConfirmedDeposit::read(client, &read).await?)
        }
        (kind::WITHDRAWAL, Some(Event::ApiWithdrawal(event))) => {
            let confirmed = event.confirm(client).await?;
            withdrawal(confirmed.record().order_id.clone(), confirmed.decision())
        }
        (kind::WITHDRAWAL, None) => {
            let read = GetAppWithdrawRecord::new(RecordKey::RecordId(id()));
            let confirmed = ConfirmedWithdrawal::read(client, &read).await?;
            withdrawal(confirmed.record().order_id.clone(), confirmed.decision())
        }
        (kind::USER_WITHDRAWAL, Some(Event::UserWithdrawal(event))) => {
            let confirmed = event.confirm(client).await?;
            withdrawal(confirmed.record().order_id.clone(), confirmed.decision())
        }
        (kind::USER_WITHDRAWAL, None) => {
            let read = GetUserWithdrawRecord::new(RecordKey::RecordId(id()));
            let confirmed = ConfirmedWithdrawal::read(client, &read).await?;
            withdrawal(confirmed.record().order_id.clone(), confirmed.decision())
        }
        (kind, _) => {
            return Err(Trouble::Hopeless(format!(
                "the stored notification is no {kind}"
            )));
        }
    };
    Ok(found)
}

fn withdrawal(order_id: Option<OrderId>, decision: WithdrawalDecision<'_>) -> Found {
    Found::Withdrawal {
        order_id,
        ended: ended(decision),
    }
}

fn ended(decision: WithdrawalDecision<'_>) -> Option<(PayoutEnd, Option<String>)> {
    let owned = |reason: Option<&str>| reason.map(str::to_owned);
    match decision {
        WithdrawalDecision::Arrived => Some((PayoutEnd::Arrived, None)),
        WithdrawalDecision::Failed { reason } => Some((PayoutEnd::Failed, owned(reason))),
        WithdrawalDecision::Rejected { reason } => Some((PayoutEnd::Rejected, owned(reason))),
        // Not yet, ask again, and what a later version may add.
        _ => None,
    }
}

impl Found {
    pub(crate) fn decision(&self) -> Decision<'_> {
        match self {
            Self::Deposit(confirmed) => deposit(confirmed.decision()),
            Self::UserDeposit(confirmed) => deposit(confirmed.decision()),
            Self::Withdrawal { ended: None, .. } => Decision::Open,
            Self::Withdrawal {
                order_id,
                ended: Some((end, reason)),
            } => Decision::Withdrawal {
                order_id: order_id.as_ref(),
                end: end.clone(),
                reason: reason.as_deref(),
            },
            Self::Notice => Decision::Notice,
            #[cfg(feature = "v1")]
            Self::V1(found) => found.decision(),
        }
    }
}

fn deposit(decision: DepositDecision<Creditable<'_>>) -> Decision<'_> {
    match decision {
        DepositDecision::Credit(money) => Decision::Credit(money),
        DepositDecision::Never(why) => Decision::NoCredit(why),
        // Not yet, ask again, and what a later version may add.
        _ => Decision::Open,
    }
}

#[cfg(feature = "v1")]
mod v1 {
    use ccpayment_client::Client;
    use ccpayment_client::core::OrderId;
    use ccpayment_client::core::v1::{GetOrderInfoResponse, PayStatus};
    use ccpayment_webhook::v1::{ApiDeposit, Creditable, DirectDeposit, Event, Invoice};
    use ccpayment_webhook::{ConfirmError, DepositDecision, WithdrawalDecision};

    use super::{Bytes, Decision, Found, Trouble, ended};

    /// A deposit of v1, with the answer that it was judged by.
    pub(crate) enum FoundV1 {
        Api(Box<ApiDeposit>, GetOrderInfoResponse),
        Direct(Box<DirectDeposit>),
        Invoice(Box<Invoice>),
    }

    impl FoundV1 {
        pub(super) fn decision(&self) -> Decision<'_> {
            match self {
                // Judged once already, when it was read.
                Self::Api(event, answer) => event.decide(answer).map_or(Decision::Open, deposit),
                Self::Direct(event) => deposit(event.decision()),
                Self::Invoice(event) => deposit(event.decision()),
            }
        }
    }

    fn deposit(decision: DepositDecision<Creditable<'_>>) -> Decision<'_> {
        match decision {
            DepositDecision::Credit(money) => Decision::CreditV1(money),
            DepositDecision::Never(why) => Decision::NoCredit(why),
            _ => Decision::Open,
        }
    }

    fn withdrawal(order_id: Option<&OrderId>, decision: WithdrawalDecision<'_>) -> Found {
        Found::Withdrawal {
            order_id: order_id.cloned(),
            ended: ended(decision),
        }
    }

    /// Picks the notification to judge a deposit by. One with a final status is preferred, in
    /// whichever order they came.
    fn best(told: &[Bytes]) -> Option<Event> {
        let events = told.iter().filter_map(|body| Event::from_stored(body));
        let is_final = |it: &PayStatus| matches!(it, PayStatus::Success | PayStatus::Failed);
        events.max_by_key(|event| match event {
            Event::ApiDeposit(event) => is_final(&event.pay_status),
            Event::DirectDeposit(event) => is_final(&event.pay_status),
            Event::Invoice(event) => is_final(&event.pay_status),
            _ => false,
        })
    }

    pub(super) async fn look(
        client: &Client,
        told: &[Bytes],
        first: &Bytes,
    ) -> Result<Found, Trouble> {
        let event = best(told).or_else(|| Event::from_stored(first));
        let event = event.ok_or_else(|| Trouble::Hopeless("no notification is stored".into()))?;
        let order_id = event.merchant_order_id().cloned();
        let found = match event {
            Event::ApiDeposit(event) => {
                let read = event.confirm_request().ok_or(ConfirmError::Unnamed {
                    field: "merchant_order_id",
                })?;
                let answer = client.send(&read).await?;
                let _ = event.decide(&answer)?;
                Found::V1(Box::new(FoundV1::Api(event, answer)))
            }
            Event::DirectDeposit(event) => Found::V1(Box::new(FoundV1::Direct(event))),
            Event::Invoice(event) => Found::V1(Box::new(FoundV1::Invoice(event))),
            Event::ApiWithdrawal(event) => {
                withdrawal(order_id.as_ref(), event.confirm(client).await?)
            }
            Event::Refund(event) => withdrawal(order_id.as_ref(), event.confirm(client).await?),
            _ => {
                return Err(Trouble::Hopeless(
                    "the stored notification is unreadable".into(),
                ));
            }
        };
        Ok(found)
    }
}
