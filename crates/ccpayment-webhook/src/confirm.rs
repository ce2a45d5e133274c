//! Never credit from a notification: read the record, and judge it here.
//!
//! Without any I/O: [`ApiDeposit::confirm_request`] says what to read, and
//! [`ConfirmedDeposit::judge`] what the answer means. The feature `client` does both in one call.

use ccpayment_core::v2::{
    DepositRecord, DepositStatus, GetAppDepositRecord, GetAppDepositRecordResponse,
    GetAppWithdrawRecord, GetAppWithdrawRecordResponse, WithdrawRecord, WithdrawStatus,
};
use ccpayment_core::{Amount, CoinId, OrderId, RecordId, ReferenceId};

use crate::event::{ApiDeposit, ApiWithdrawal, DirectDeposit};

/// Why a notification is not confirmed. Nothing may be credited; don't acknowledge, so that it
/// comes again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfirmError {
    /// The record is not the one that the notification is about. A person has to look.
    #[error("the record's `{field}` is not the notification's")]
    Mismatch {
        /// The field, by its name on the wire.
        field: &'static str,
    },
    /// The record could not be read.
    #[cfg(feature = "client")]
    #[error("the record could not be read")]
    Read(#[source] ccpayment_client::Error),
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::ApiDeposit {}
    impl Sealed for super::DirectDeposit {}
}

/// A deposit whose record `getAppDepositRecord` reads: [`ApiDeposit`] or [`DirectDeposit`].
pub trait DepositEvent: sealed::Sealed {
    /// CCPayment's id of the transaction.
    fn record_id(&self) -> &RecordId;
    /// The coin that was paid.
    fn coin_id(&self) -> CoinId;
    /// The order, for an [`ApiDeposit`].
    fn order_id(&self) -> Option<&OrderId>;
    /// The permanent address's id, for a [`DirectDeposit`].
    fn reference_id(&self) -> Option<&ReferenceId>;
}

impl DepositEvent for ApiDeposit {
    fn record_id(&self) -> &RecordId {
        &self.record_id
    }

    fn coin_id(&self) -> CoinId {
        self.coin_id
    }

    fn order_id(&self) -> Option<&OrderId> {
        Some(&self.order_id)
    }

    fn reference_id(&self) -> Option<&ReferenceId> {
        None
    }
}

impl DepositEvent for DirectDeposit {
    fn record_id(&self) -> &RecordId {
        &self.record_id
    }

    fn coin_id(&self) -> CoinId {
        self.coin_id
    }

    fn order_id(&self) -> Option<&OrderId> {
        None
    }

    fn reference_id(&self) -> Option<&ReferenceId> {
        Some(&self.reference_id)
    }
}

impl ApiDeposit {
    /// The read that confirms this; [`ConfirmedDeposit::judge`] takes its answer.
    #[must_use]
    pub fn confirm_request(&self) -> GetAppDepositRecord {
        GetAppDepositRecord::new(self.record_id.clone())
    }
}

impl DirectDeposit {
    /// The read that confirms this; [`ConfirmedDeposit::judge`] takes its answer.
    #[must_use]
    pub fn confirm_request(&self) -> GetAppDepositRecord {
        GetAppDepositRecord::new(self.record_id.clone())
    }
}

impl ApiWithdrawal {
    /// The read that confirms this; [`ConfirmedWithdrawal::judge`] takes its answer.
    #[must_use]
    pub fn confirm_request(&self) -> GetAppWithdrawRecord {
        GetAppWithdrawRecord::new(self.record_id.clone())
    }
}

fn same(field: &'static str, is_same: bool) -> Result<(), ConfirmError> {
    if is_same {
        return Ok(());
    }
    Err(ConfirmError::Mismatch { field })
}

/// Whether two ids are the same, where both sides name one.
fn agree<T: PartialEq>(told: Option<&T>, found: Option<&T>) -> bool {
    told.zip(found).is_none_or(|(told, found)| told == found)
}

/// A deposit as the gateway's own record has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfirmedDeposit {
    record: DepositRecord,
}

impl ConfirmedDeposit {
    /// Checks that the answer is about the deposit that the notification names. Its status may
    /// well be another one: the record is what counts.
    ///
    /// # Errors
    ///
    /// [`ConfirmError::Mismatch`], when the record has another `recordId` or `coinId`, or names
    /// another `orderId` (an [`ApiDeposit`]) or `referenceId` (a [`DirectDeposit`]).
    pub fn judge(
        event: &impl DepositEvent,
        answer: GetAppDepositRecordResponse,
    ) -> Result<Self, ConfirmError> {
        let record = answer.record;
        same("recordId", record.record_id == *event.record_id())?;
        same("coinId", record.coin_id == event.coin_id())?;
        same("orderId", agree(event.order_id(), record.order_id.as_ref()))?;
        same(
            "referenceId",
            agree(event.reference_id(), record.reference_id.as_ref()),
        )?;
        Ok(Self { record })
    }

    /// The gateway's record.
    #[must_use]
    pub fn record(&self) -> &DepositRecord {
        &self.record
    }

    /// What may be credited to the payer: only when the record says `Success`, says that it is
    /// *not* flagged as risky, and has an amount above zero.
    ///
    /// A record that says nothing about the risk is not creditable: silence is not consent.
    /// Neither is a flagged one, since the money was not credited to the merchant. `None` with a
    /// status that [is not final](DepositStatus::is_final) means that another notification will
    /// come.
    #[must_use]
    pub fn creditable(&self) -> Option<Creditable<'_>> {
        let record = &self.record;
        let may_be = record.status == DepositStatus::Success
            && record.is_flagged_as_risky == Some(false)
            && record.amount.is_positive();
        may_be.then_some(Creditable { record })
    }
}

/// Money that arrived and may be credited, once for each [`Creditable::record_id`].
///
/// It comes from [`ConfirmedDeposit::creditable`] alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Creditable<'a> {
    record: &'a DepositRecord,
}

impl<'a> Creditable<'a> {
    /// CCPayment's id of the transaction. Keep it unique where the credit is booked.
    #[must_use]
    pub fn record_id(&self) -> &'a RecordId {
        &self.record.record_id
    }

    /// The order, when it was paid for one.
    #[must_use]
    pub fn order_id(&self) -> Option<&'a OrderId> {
        self.record.order_id.as_ref()
    }

    /// The permanent address's id, when it was paid to one.
    #[must_use]
    pub fn reference_id(&self) -> Option<&'a ReferenceId> {
        self.record.reference_id.as_ref()
    }

    /// The coin that was paid, which need not be the one that was asked for.
    #[must_use]
    pub fn coin_id(&self) -> CoinId {
        self.record.coin_id
    }

    /// What was paid, in coins, before the service fee; above zero. It need not be what was asked
    /// for.
    #[must_use]
    pub fn amount(&self) -> &'a Amount {
        &self.record.amount
    }

    /// What CCPayment keeps of it, in coins, when the record says so.
    #[must_use]
    pub fn service_fee(&self) -> Option<&'a Amount> {
        self.record.service_fee.as_ref()
    }
}

/// A withdrawal as the gateway's own record has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfirmedWithdrawal {
    record: WithdrawRecord,
}

impl ConfirmedWithdrawal {
    /// Checks that the answer is about the withdrawal that the notification names. Its status may
    /// well be another one: the record is what counts.
    ///
    /// # Errors
    ///
    /// [`ConfirmError::Mismatch`], when the record has another `recordId` or `coinId`, or names
    /// another `orderId`.
    pub fn judge(
        event: &ApiWithdrawal,
        answer: GetAppWithdrawRecordResponse,
    ) -> Result<Self, ConfirmError> {
        let record = answer.record;
        same("recordId", record.record_id == event.record_id)?;
        same("coinId", record.coin_id == event.coin_id)?;
        same(
            "orderId",
            agree(Some(&event.order_id), record.order_id.as_ref()),
        )?;
        Ok(Self { record })
    }

    /// The gateway's record.
    #[must_use]
    pub fn record(&self) -> &WithdrawRecord {
        &self.record
    }

    /// Whether the withdrawal can't change any more. False for a status that we don't know.
    #[must_use]
    pub fn is_final(&self) -> bool {
        self.record.status.is_final()
    }

    /// Whether the money arrived. False is no proof that it won't: see
    /// [`ConfirmedWithdrawal::is_final`].
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.record.status == WithdrawStatus::Success
    }
}
