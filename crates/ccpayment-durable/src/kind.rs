//! The kinds of entries in an inbox.

use ccpayment_client::core::UserId;

/// A deposit of the merchant's: to an order, an invoice or a permanent address.
pub const DEPOSIT: &str = "deposit";
/// A deposit to an end user's address. Of v2 only.
pub const USER_DEPOSIT: &str = "user_deposit";
/// A withdrawal of the merchant's.
pub const WITHDRAWAL: &str = "withdrawal";
/// A withdrawal of an end user. Of v2 only.
pub const USER_WITHDRAWAL: &str = "user_withdrawal";
/// A refund of the dashboard. Of v1 only.
pub const REFUND: &str = "refund";
/// A notification about no record: its id is the SHA-256 of its body, in hex.
pub const NOTICE: &str = "notice";
/// A record of a list that can't be read: its id is the SHA-256 of it, in hex.
pub const UNREADABLE_RECORD: &str = "unreadable_record";

/// The prefix of the names of end users' lists. Each user has a position of their own.
pub(crate) const USER_LIST: &str = "user:";

/// The name of a user's lists.
pub(crate) fn user_list(user: &UserId) -> String {
    format!("{USER_LIST}{user}")
}
