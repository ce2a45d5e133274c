//! `Confirm`, `ConfirmedDeposit` and `ConfirmedWithdrawal`: read the record, and judge it here.
//! Never credit from a notification.
//!
//! Without any I/O: `confirm_request` says what to read, and `judge` what the answer means. The
//! feature `client` does both in one call.

use ccpayment_core::v2::{
    DepositRecord, DepositStatus, GetAppDepositRecord, GetAppWithdrawRecord, GetUserDepositRecord,
    GetUserWithdrawRecord, UserDepositRecord, UserWithdrawRecord, WithdrawRecord, WithdrawStatus,
};
use ccpayment_core::{RecordKey, Request, Sendable};

use crate::decision::{Creditable, DepositDecision, NoCredit, WithdrawalDecision};
use crate::error::ConfirmError;
use crate::event::{ApiDeposit, ApiWithdrawal, DirectDeposit, UserDeposit, UserWithdrawal};
use crate::records::{AnyDeposit, AnyRecord, AnyWithdrawal, Ids};

mod sealed {
    pub trait Sealed {}
}

/// An event or a read whose record is read back and judged.
///
/// | of | record |
/// |---|---|
/// | [`ApiDeposit`], [`DirectDeposit`] | `getAppDepositRecord` |
/// | [`UserDeposit`] | `getUserDepositRecord` |
/// | [`ApiWithdrawal`] | `getAppWithdrawRecord` |
/// | [`UserWithdrawal`] | `getUserWithdrawRecord` |
///
/// The four reads themselves do the same for a record without an event, by record id or by order
/// id: for one that no notification told of, and for a withdrawal to a Cwallet account, which is
/// never announced.
///
/// ```
/// use ccpayment_core::OrderId;
/// use ccpayment_core::v2::GetAppWithdrawRecord;
/// use ccpayment_webhook::{ConfirmedWithdrawal, WithdrawalDecision};
///
/// let read = GetAppWithdrawRecord::new(OrderId::new("payout-77"));
/// // What any client got, or `ConfirmedWithdrawal::read(&client, &read).await?` in one call.
/// let answer = r#"{"record":{"recordId":"20250116022230117300123456789","coinId":1280,
///     "orderId":"payout-77","withdrawType":"Cwallet","amount":"12.5","status":"Success"}}"#;
/// let answer = serde_json::from_str(answer)?;
/// let confirmed = ConfirmedWithdrawal::judge(&read, answer)?;
/// assert_eq!(confirmed.decision(), WithdrawalDecision::Arrived);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Confirm: sealed::Sealed {
    /// The route that reads the record.
    type Read: Sendable;
    /// What its answer becomes: a [`ConfirmedDeposit`] or a [`ConfirmedWithdrawal`].
    type Confirmed;

    /// The read whose answer [`judge`](Self::judge) takes.
    fn confirm_request(&self) -> Self::Read;

    /// Checks that the answer is about the record that is meant. Its status may differ from the
    /// event's: the record counts.
    ///
    /// # Errors
    ///
    /// [`ConfirmError::Mismatch`], when the record has another `recordId` or `coinId`, or names
    /// another `orderId`, `referenceId` or `userId`.
    fn judge(
        &self,
        answer: <Self::Read as Request>::Response,
    ) -> Result<Self::Confirmed, ConfirmError>;
}

/// What an event says of its record.
macro_rules! ids {
    ($it:ident, $($also:ident),+) => {
        Ids {
            record_id: Some(&$it.record_id),
            coin_id: Some($it.coin_id),
            $($also: Some(&$it.$also),)+
            ..Ids::default()
        }
    };
}

macro_rules! confirm {
    ($($what:ty, $it:ident => $read:ident($key:expr), $confirmed:ident<$record:ty>,
        $ids:expr, $more:expr;)+) => {$(
        impl sealed::Sealed for $what {}

        impl Confirm for $what {
            type Read = $read;
            type Confirmed = $confirmed<$record>;

            fn confirm_request(&self) -> $read {
                let $it = self;
                $read::new($key)
            }

            fn judge(
                &self,
                answer: <$read as Request>::Response,
            ) -> Result<Self::Confirmed, ConfirmError> {
                let $it = self;
                $ids.check(&answer.record.ids())?;
                Ok($confirmed {
                    record: answer.record,
                    more_comes: $more,
                })
            }
        }
    )+};
}

confirm! {
    ApiDeposit, it => GetAppDepositRecord(it.record_id.clone()), ConfirmedDeposit<DepositRecord>,
        ids!(it, order_id), it.status == DepositStatus::Processing;
    DirectDeposit, it => GetAppDepositRecord(it.record_id.clone()), ConfirmedDeposit<DepositRecord>,
        ids!(it, reference_id),
        it.status == DepositStatus::Processing;
    UserDeposit, it => GetUserDepositRecord(it.record_id.clone()),
        ConfirmedDeposit<UserDepositRecord>,
        ids!(it, user_id), it.status == DepositStatus::Processing;
    ApiWithdrawal, it => GetAppWithdrawRecord(it.record_id.clone()),
        ConfirmedWithdrawal<WithdrawRecord>,
        ids!(it, order_id), is_under_way(&it.status);
    UserWithdrawal, it => GetUserWithdrawRecord(it.record_id.clone()),
        ConfirmedWithdrawal<UserWithdrawRecord>,
        ids!(it, order_id, user_id),
        is_under_way(&it.status);
    // No notification announced these, so none is promised to come.
    GetAppDepositRecord, it => GetAppDepositRecord(it.record_id.clone()),
        ConfirmedDeposit<DepositRecord>,
        Ids { record_id: Some(&it.record_id), ..Ids::default() }, false;
    GetUserDepositRecord, it => GetUserDepositRecord(it.record_id.clone()),
        ConfirmedDeposit<UserDepositRecord>,
        Ids { record_id: Some(&it.record_id), ..Ids::default() }, false;
    GetAppWithdrawRecord, it => GetAppWithdrawRecord(it.key.clone()),
        ConfirmedWithdrawal<WithdrawRecord>, by_key(&it.key), false;
    GetUserWithdrawRecord, it => GetUserWithdrawRecord(it.key.clone()),
        ConfirmedWithdrawal<UserWithdrawRecord>, by_key(&it.key), false;
}

fn by_key(key: &RecordKey) -> Ids<'_> {
    match key {
        RecordKey::RecordId(id) => Ids {
            record_id: Some(id),
            ..Ids::default()
        },
        RecordKey::OrderId(id) => Ids {
            order_id: Some(id),
            ..Ids::default()
        },
    }
}

/// Whether the status is known not to be final. An unknown word may be final.
fn is_under_way(status: &WithdrawStatus) -> bool {
    matches!(
        status,
        WithdrawStatus::Processing | WithdrawStatus::WaitingApproval
    )
}

/// A deposit as the gateway's own record has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfirmedDeposit<Record = DepositRecord> {
    record: Record,
    /// Whether another notification is to be expected.
    more_comes: bool,
}

impl<Record: AnyDeposit> ConfirmedDeposit<Record> {
    /// As [`Confirm::judge`].
    ///
    /// # Errors
    ///
    /// As [`Confirm::judge`].
    pub fn judge<What: Confirm<Confirmed = Self>>(
        what: &What,
        answer: <What::Read as Request>::Response,
    ) -> Result<Self, ConfirmError> {
        what.judge(answer)
    }

    /// A record of a list, which no event is about.
    #[must_use]
    pub fn listed(record: Record) -> Self {
        Self {
            record,
            more_comes: false,
        }
    }

    /// The gateway's record.
    #[must_use]
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// What to do. Only this leads to an amount that may be credited.
    ///
    /// It is [`DepositDecision::Credit`] only when the record says `Success`, says that it is *not*
    /// flagged as risky, and has an amount above zero.
    pub fn decision(&self) -> DepositDecision<Creditable<'_>> {
        let money = self.record.money();
        match (self.record.status(), self.record.risky()) {
            (DepositStatus::Failed, _) => DepositDecision::Never(NoCredit::Failed),
            (DepositStatus::Success, Some(true)) => DepositDecision::Never(NoCredit::Risky),
            (DepositStatus::Success, None) => DepositDecision::Never(NoCredit::RiskUnknown),
            (DepositStatus::Success, Some(false)) if money.amount.is_positive() => {
                DepositDecision::Credit(money)
            }
            (DepositStatus::Success, Some(false)) => DepositDecision::Never(NoCredit::NothingPaid),
            (DepositStatus::Processing, _) if self.more_comes => DepositDecision::NotYet,
            _ => DepositDecision::AskAgain,
        }
    }
}

/// A withdrawal as the gateway's own record has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfirmedWithdrawal<Record = WithdrawRecord> {
    record: Record,
    /// Whether another notification is to be expected.
    more_comes: bool,
}

impl<Record: AnyWithdrawal> ConfirmedWithdrawal<Record> {
    /// As [`Confirm::judge`].
    ///
    /// # Errors
    ///
    /// As [`Confirm::judge`].
    pub fn judge<What: Confirm<Confirmed = Self>>(
        what: &What,
        answer: <What::Read as Request>::Response,
    ) -> Result<Self, ConfirmError> {
        what.judge(answer)
    }

    /// A record of a list, which no event is about.
    #[must_use]
    pub fn listed(record: Record) -> Self {
        Self {
            record,
            more_comes: false,
        }
    }

    /// The gateway's record.
    #[must_use]
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// What became of it.
    pub fn decision(&self) -> WithdrawalDecision<'_> {
        let reason = self.record.reason();
        match self.record.status() {
            WithdrawStatus::Success => WithdrawalDecision::Arrived,
            WithdrawStatus::Failed => WithdrawalDecision::Failed { reason },
            WithdrawStatus::Rejected => WithdrawalDecision::Rejected { reason },
            status if is_under_way(status) && self.more_comes => WithdrawalDecision::NotYet,
            _ => WithdrawalDecision::AskAgain,
        }
    }
}

/// The events' own names for it, so that nobody has to import the trait.
macro_rules! by_name {
    ($($event:ty => $read:ty;)+) => {$(
        impl $event {
            /// The read that confirms this. Its answer is judged by [`Confirm::judge`].
            #[must_use]
            pub fn confirm_request(&self) -> $read {
                Confirm::confirm_request(self)
            }
        }
    )+};
}

by_name! {
    ApiDeposit => GetAppDepositRecord;
    DirectDeposit => GetAppDepositRecord;
    UserDeposit => GetUserDepositRecord;
    ApiWithdrawal => GetAppWithdrawRecord;
    UserWithdrawal => GetUserWithdrawRecord;
}
