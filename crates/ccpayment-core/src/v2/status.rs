//! Words of the gateway that may grow.

use crate::wire::open_enum;

open_enum! {
    /// Where a deposit stands.
    DepositStatus {
        /// The chain is still confirming it.
        Processing = "Processing",
        /// Confirmed. Whether it may be credited also depends on the risk flag.
        Success = "Success",
        /// Not completed; the money was not received.
        Failed = "Failed",
    }
}

impl DepositStatus {
    /// Whether the status can't change any more. False for a word that we don't know.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Success | Self::Failed)
    }
}

open_enum! {
    /// Where a withdrawal stands.
    WithdrawStatus {
        /// Waits for a person's approval; only where the merchant switched approval on.
        WaitingApproval = "WaitingApproval",
        /// Refused by that person; no money moved.
        Rejected = "Rejected",
        /// On its way.
        Processing = "Processing",
        /// Confirmed on the chain.
        Success = "Success",
        /// The transaction failed.
        Failed = "Failed",
    }
}

impl WithdrawStatus {
    /// Whether the status can't change any more. False for a word that we don't know.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Rejected | Self::Success | Self::Failed)
    }
}

open_enum! {
    /// Where a withdrawal goes.
    WithdrawType {
        /// To an address on a chain.
        Network = "Network",
        /// To a Cwallet account.
        Cwallet = "Cwallet",
    }
}

open_enum! {
    /// What can be done with a coin.
    CoinStatus {
        /// Everything.
        Normal = "Normal",
        /// No withdrawals.
        Maintain = "Maintain",
        /// No deposits.
        PreDelisting = "Pre-delisting",
        /// Neither deposits nor withdrawals.
        Delisted = "Delisted",
    }
}
