//! How a payment fares.

use ccpayment_core::open_enum;

open_enum! {
    /// Where a payment stood when the notification was sent.
    PayStatus {
        /// Seen, not final.
        Pending = "pending",
        /// On its way, not final.
        Processing = "processing",
        /// Done: the only one that confirms money.
        Success = "success",
        /// Failed for good.
        Failed = "failed",
    }
}
