//! `Handler`, the merchant's own code, and `HandlerError`.

use std::error::Error;
use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use ccpayment_client::core::{AppId, OrderId, RecordId, Version};
use ccpayment_webhook::{Creditable, NoCredit};

/// What the merchant does when something has ended. Each method is called with a transaction on the
/// merchant's own database: what it writes there and the mark that it was done are one commit.
///
/// A method may be called again for the same thing when it fails, when its commit fails, or when
/// the process dies: what it wrote is gone then. So it does its work in the transaction alone: an
/// e-mail that is sent from here may be sent twice. Once its transaction is committed, it is not
/// called again for that record.
///
/// An error rolls the transaction back. The entry is tried again with growing pauses, and parked
/// after [`Settings::most_failures`](crate::Settings::most_failures);
/// [`HandlerError::park`] parks it at once. A panic, and a call that takes longer than
/// [`Settings::handler_timeout`](crate::Settings::handler_timeout), count as errors.
#[async_trait]
pub trait Handler<Tx: Send>: Send + Sync + 'static {
    /// Money arrived. Book it, and compare coin and amount with what was asked: see [`Creditable`].
    /// A payment that differs is money all the same; where only a person can decide what it pays
    /// for, return [`HandlerError::park`].
    async fn deposit(
        &self,
        tx: &mut Tx,
        app_id: &AppId,
        deposit: Creditable<'_>,
    ) -> Result<(), HandlerError>;

    /// Money arrived, told by the older API.
    #[cfg(feature = "v1")]
    async fn deposit_v1(
        &self,
        tx: &mut Tx,
        app_id: &AppId,
        deposit: ccpayment_webhook::v1::Creditable<'_>,
    ) -> Result<(), HandlerError> {
        let _ = (tx, app_id, deposit);
        Err(HandlerError::park("nothing handles deposits of v1"))
    }

    /// A deposit ended and is never credited. Unless overridden, this does nothing: the entry keeps
    /// the reason.
    async fn no_credit(
        &self,
        tx: &mut Tx,
        app_id: &AppId,
        record_id: &RecordId,
        why: NoCredit,
    ) -> Result<(), HandlerError> {
        let _ = (tx, app_id, record_id, why);
        Ok(())
    }

    /// A payout of the outbox ended.
    async fn payout(&self, tx: &mut Tx, payout: &EndedPayout) -> Result<(), HandlerError>;

    /// A withdrawal ended that the outbox did not make: one of the dashboard, of an end user, or of
    /// another program; or a refund of v1. Unless overridden, this parks the entry.
    async fn withdrawal(
        &self,
        tx: &mut Tx,
        withdrawal: &EndedWithdrawal,
    ) -> Result<(), HandlerError> {
        let _ = (tx, withdrawal);
        Err(HandlerError::park("nothing handles such withdrawals"))
    }

    /// A notification that is about no record: of a risky address, of an unknown type, or of a
    /// known type that can't be read. Unless overridden, this parks the entry. `body` is the
    /// notification as it came.
    async fn notice(
        &self,
        tx: &mut Tx,
        app_id: &AppId,
        version: Version,
        body: &Bytes,
    ) -> Result<(), HandlerError> {
        let _ = (tx, app_id, version, body);
        Err(HandlerError::park("nothing handles such notifications"))
    }
}

/// How a withdrawal or a payout ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PayoutEnd {
    /// The money arrived.
    Arrived,
    /// It was never accepted: no money moved, and none will. Mend the reason and make it again by
    /// [`Outbox::make_again`](crate::Outbox::make_again), under the same order id.
    Refused,
    /// A person rejected it: no money moved.
    Rejected,
    /// It failed after it was accepted. Look at the balance before it is paid again under another
    /// order id.
    Failed,
    /// Another payout has this order id, so this one was not made and can't be.
    Conflict,
    /// Something was made under this order id whose record spells a field otherwise. Most likely it
    /// is this payout: never pay it again. A person compares.
    Incomparable,
}

impl PayoutEnd {
    /// The word that a store keeps as the verdict.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Arrived => "arrived",
            Self::Refused => "refused",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
            Self::Conflict => "conflict",
            Self::Incomparable => "incomparable",
        }
    }
}

/// A payout of the outbox that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EndedPayout {
    /// The merchant.
    pub app_id: AppId,
    /// The version of the API.
    pub version: Version,
    /// The gateway's name of the operation.
    pub operation: String,
    /// The merchant's id of the payout.
    pub order_id: OrderId,
    /// CCPayment's id, where something was made.
    pub record_id: Option<RecordId>,
    /// How it ended.
    pub end: PayoutEnd,
    /// The reason in words, where it did not arrive. It holds no secret.
    pub reason: Option<String>,
}

/// A withdrawal that the outbox did not make.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EndedWithdrawal {
    /// The merchant.
    pub app_id: AppId,
    /// The version of the API.
    pub version: Version,
    /// What kind of record it is: see [`kind`](crate::kind).
    pub kind: String,
    /// CCPayment's id.
    pub record_id: RecordId,
    /// The merchant's id of it, where it has one.
    pub order_id: Option<OrderId>,
    /// How it ended: arrived, rejected or failed.
    pub end: PayoutEnd,
    /// The gateway's reason, where it gives one.
    pub reason: Option<String>,
}

/// Why a handler did not do its work. `?` makes one from any error.
pub struct HandlerError {
    source: Box<dyn Error + Send + Sync>,
    parks: bool,
}

impl HandlerError {
    /// Leaves the entry to a person at once, with this reason: trying again would not help.
    #[must_use]
    pub fn park(reason: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            source: reason.into(),
            parks: true,
        }
    }

    pub(crate) fn parks(&self) -> bool {
        self.parks
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for HandlerError {
    fn from(error: E) -> Self {
        Self {
            source: Box::new(error),
            parks: false,
        }
    }
}

impl fmt::Debug for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandlerError")
            .field("source", &self.source)
            .field("parks", &self.parks)
            .finish()
    }
}

impl fmt::Display for HandlerError {
    /// The error and every reason below it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}",
            ccpayment_client::core::ErrorReport::new(&*self.source)
        )
    }
}
