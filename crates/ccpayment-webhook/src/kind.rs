//! `Kind`, the types of notifications by name.

/// The types that this version knows, by their names on the wire.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    DirectDeposit,
    ApiDeposit,
    UserDeposit,
    ApiWithdrawal,
    UserWithdrawal,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::DirectDeposit => "DirectDeposit",
            Self::ApiDeposit => "ApiDeposit",
            Self::UserDeposit => "UserDeposit",
            Self::ApiWithdrawal => "ApiWithdrawal",
            Self::UserWithdrawal => "UserWithdrawal",
        }
    }

    pub(crate) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "DirectDeposit" => Self::DirectDeposit,
            "ApiDeposit" => Self::ApiDeposit,
            "UserDeposit" => Self::UserDeposit,
            "ApiWithdrawal" => Self::ApiWithdrawal,
            "UserWithdrawal" => Self::UserWithdrawal,
            _ => return None,
        })
    }
}
