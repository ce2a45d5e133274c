//! `Outbox`, where the merchant plans payouts in a transaction of their own.

use ccpayment_client::core::{AppId, PrepareError, PreparedRequest};
use sha2::{Digest, Sha256};

use crate::entry::{EntryKey, NewEntry, Step};
use crate::handler::PayoutEnd;
use crate::store::{Store, StoreError};
use crate::stored::StorablePayout;

/// Plans payouts. A [`Worker`](crate::Worker) makes each exactly once, follows it to its end, and
/// tells the [`Handler`](crate::Handler).
///
/// ```
/// use ccpayment_durable::client::core::v2::ApplyAppWithdrawToNetwork;
/// use ccpayment_durable::{Outbox, PlanError, Store};
///
/// /// What the customer's balance loses, and the payout, are one commit.
/// async fn pay_out<S: Store>(
///     outbox: &Outbox<S>,
///     store: &S,
///     payout: &ApplyAppWithdrawToNetwork,
/// ) -> Result<(), PlanError> {
///     let mut tx = store.begin().await?;
///     // ... the merchant's own writes, in `tx` ...
///     outbox.plan(&mut tx, payout).await?;
///     store.commit(tx).await?;
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Outbox<S> {
    store: S,
    app_id: AppId,
}

/// Why a payout was not planned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// It breaks a documented rule, so the gateway would refuse it.
    #[error("the payout can't be sent")]
    Invalid(#[source] PrepareError),
    /// Another payout was planned under this order id.
    #[error("another payout is planned under {0}")]
    Conflict(EntryKey),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl<S: Store> Outbox<S> {
    /// The outbox of a merchant.
    pub fn new(store: S, app_id: impl Into<AppId>) -> Self {
        Self {
            store,
            app_id: app_id.into(),
        }
    }

    fn key<P: StorablePayout>(&self, payout: &P) -> EntryKey {
        let order_id = payout.submit_id().as_str();
        EntryKey::outbox(&self.app_id, P::VERSION, P::OPERATION, order_id)
    }

    /// Plans a payout in the merchant's transaction. The payout is made once this transaction is
    /// committed, and only then. The exact bytes of its body are stored, and these are sent.
    ///
    /// False where the same payout, byte for byte, was planned under its order id before, whatever
    /// became of it: then nothing changes.
    ///
    /// # Errors
    ///
    /// [`PlanError`]; roll the transaction back then.
    pub async fn plan<P: StorablePayout>(
        &self,
        tx: &mut S::Tx,
        payout: &P,
    ) -> Result<bool, PlanError> {
        let prepared = PreparedRequest::new(payout).map_err(PlanError::Invalid)?;
        let body = prepared.body().clone();
        let key = self.key(payout);
        let digest = Sha256::digest(&body);
        if self.store.keep_key(tx, &key, &digest).await? {
            let entry = NewEntry::new(key, Step::Planned, body);
            self.store.put(tx, &entry).await?;
            return Ok(true);
        }
        match self.store.digest(tx, &key).await? {
            Some(kept) if kept == digest.as_slice() => Ok(false),
            _ => Err(PlanError::Conflict(key)),
        }
    }

    /// Makes a refused payout ([`PayoutEnd::Refused`]) again, under the same order id, once the
    /// reason is mended. False where it was not refused.
    ///
    /// It has to be the payout that was planned. A changed one needs another order id.
    ///
    /// # Errors
    ///
    /// [`PlanError`], as of [`Outbox::plan`].
    pub async fn make_again<P: StorablePayout>(
        &self,
        tx: &mut S::Tx,
        payout: &P,
    ) -> Result<bool, PlanError> {
        let prepared = PreparedRequest::new(payout).map_err(PlanError::Invalid)?;
        let key = self.key(payout);
        let digest = Sha256::digest(prepared.body());
        match self.store.digest(tx, &key).await? {
            None => Ok(false),
            Some(kept) if kept == digest.as_slice() => {
                Ok((self.store.reopen(tx, &key, PayoutEnd::Refused.as_str())).await?)
            }
            Some(_) => Err(PlanError::Conflict(key)),
        }
    }
}
