//! What all records have: a status and a holder.

use crate::model::ledger::Account;

/// The status of a record, in the words of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    WaitingApproval,
    Rejected,
    Processing,
    Success,
    Failed,
}

impl Status {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::WaitingApproval => "WaitingApproval",
            Self::Rejected => "Rejected",
            Self::Processing => "Processing",
            Self::Success => "Success",
            Self::Failed => "Failed",
        }
    }
}

/// Whose money it is: the merchant's own, or that of one of its users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Holder {
    Merchant,
    User(String),
}

impl Holder {
    pub(crate) fn account(&self) -> Account {
        match self {
            Self::Merchant => Account::Merchant,
            Self::User(user_id) => Account::user(user_id),
        }
    }

    pub(crate) fn user_id(&self) -> Option<&str> {
        match self {
            Self::Merchant => None,
            Self::User(user_id) => Some(user_id),
        }
    }
}
