//! `AnyRecord`, `AnyDeposit` and `AnyWithdrawal`: the four kinds of records, as far as a decision
//! needs them.

use ccpayment_core::v2::{
    DepositRecord, DepositStatus, UserDepositRecord, UserWithdrawRecord, WithdrawRecord,
    WithdrawStatus,
};
use ccpayment_core::{CoinId, OrderId, RecordId, ReferenceId, UserId};

use crate::decision::Creditable;
use crate::error::ConfirmError;

/// The ids of the record that is meant, as far as they are told.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ids<'a> {
    pub(crate) record_id: Option<&'a RecordId>,
    pub(crate) order_id: Option<&'a OrderId>,
    pub(crate) reference_id: Option<&'a ReferenceId>,
    pub(crate) user_id: Option<&'a UserId>,
    pub(crate) coin_id: Option<CoinId>,
}

impl Ids<'_> {
    /// Whether a found record is the one that is meant.
    pub(crate) fn check(&self, found: &Self) -> Result<(), ConfirmError> {
        same(
            "recordId",
            agree(self.record_id.as_ref(), found.record_id.as_ref()),
        )?;
        same(
            "coinId",
            agree(self.coin_id.as_ref(), found.coin_id.as_ref()),
        )?;
        // Without a record id the order id is the only proof, so the record has to name it.
        let named = self.record_id.is_some() || found.order_id.is_some();
        let agrees = agree(self.order_id.as_ref(), found.order_id.as_ref());
        same("orderId", named && agrees)?;
        same(
            "referenceId",
            agree(self.reference_id.as_ref(), found.reference_id.as_ref()),
        )?;
        same(
            "userId",
            agree(self.user_id.as_ref(), found.user_id.as_ref()),
        )
    }
}

pub(crate) fn same(field: &'static str, is_same: bool) -> Result<(), ConfirmError> {
    if is_same {
        return Ok(());
    }
    Err(ConfirmError::Mismatch { field })
}

/// Whether two ids are the same, where both sides name one.
pub(crate) fn agree<T: PartialEq>(told: Option<&T>, found: Option<&T>) -> bool {
    told.zip(found).is_none_or(|(told, found)| told == found)
}

/// A record of the gateway, of whichever route.
pub trait AnyRecord {
    /// Which one it is.
    #[doc(hidden)]
    fn ids(&self) -> Ids<'_>;
}

/// A deposit's record: of the merchant's, or of an end user's.
pub trait AnyDeposit: AnyRecord {
    /// What there is to credit, whatever its status.
    #[doc(hidden)]
    fn money(&self) -> Creditable<'_>;
    /// Where it stands.
    #[doc(hidden)]
    fn status(&self) -> &DepositStatus;
    /// Whether it is flagged, if the record says so.
    #[doc(hidden)]
    fn risky(&self) -> Option<bool>;
}

/// A withdrawal's record: of the merchant's, or of an end user's.
pub trait AnyWithdrawal: AnyRecord {
    /// Where it stands.
    #[doc(hidden)]
    fn status(&self) -> &WithdrawStatus;
    /// The gateway's reason, if the record has one.
    #[doc(hidden)]
    fn reason(&self) -> Option<&str>;
}

macro_rules! deposit_record {
    ($record:ty: $($id:ident),+) => {
        impl AnyRecord for $record {
            fn ids(&self) -> Ids<'_> {
                Ids {
                    record_id: Some(&self.record_id),
                    coin_id: Some(self.coin_id),
                    $($id: self.$id.as_ref(),)+
                    ..Ids::default()
                }
            }
        }

        impl AnyDeposit for $record {
            fn money(&self) -> Creditable<'_> {
                let ids = self.ids();
                Creditable {
                    record_id: &self.record_id,
                    order_id: ids.order_id,
                    reference_id: ids.reference_id,
                    user_id: ids.user_id,
                    coin_id: self.coin_id,
                    chain: &self.chain,
                    amount: &self.amount,
                    service_fee: self.service_fee.as_ref(),
                    arrived_at: self.arrived_at,
                }
            }

            fn status(&self) -> &DepositStatus {
                &self.status
            }

            fn risky(&self) -> Option<bool> {
                self.is_flagged_as_risky
            }
        }
    };
}

deposit_record!(DepositRecord: order_id, reference_id);
deposit_record!(UserDepositRecord: user_id);

macro_rules! withdraw_record {
    ($record:ty: $($id:ident),+; $($reason:ident)?) => {
        impl AnyRecord for $record {
            fn ids(&self) -> Ids<'_> {
                Ids {
                    record_id: Some(&self.record_id),
                    coin_id: Some(self.coin_id),
                    $($id: self.$id.as_ref(),)+
                    ..Ids::default()
                }
            }
        }

        impl AnyWithdrawal for $record {
            fn status(&self) -> &WithdrawStatus {
                &self.status
            }

            fn reason(&self) -> Option<&str> {
                None$(.or(self.$reason.as_deref()))?
            }
        }
    };
}

withdraw_record!(WithdrawRecord: order_id; reason);
withdraw_record!(UserWithdrawRecord: order_id, user_id;);
