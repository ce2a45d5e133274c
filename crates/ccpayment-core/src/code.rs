//! Every answer code of the v2 API, and what a caller may do about it.

use std::fmt;

/// Whether the same call may be made again after an answer with this code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Retry {
    /// The same call fails again until something else changes.
    Never,
    /// Refused before any work; later the same call may pass.
    Backoff,
    /// Refused for its timestamp; it may pass once the clock is right.
    AfterClockFix,
    /// The call, or an earlier one under the same id, may have acted: read the record.
    CheckRecord,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $retry:ident;)+) => {
        /// An answer code of the v2 API. The names are the gateway's own.
        ///
        /// ```
        /// use ccpayment_core::{ErrorCode, Retry};
        ///
        /// let code = ErrorCode::from(11011);
        /// assert_eq!(code, ErrorCode::OrderDuplicate);
        /// assert_eq!(code.retry(), Retry::CheckRecord);
        /// assert_eq!(ErrorCode::from(99999).code(), 99999);
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $($(#[$doc])* $name,)+
            /// A code that this version does not know.
            Unknown(u64),
        }

        impl ErrorCode {
            /// Every code that this version knows.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The number on the wire.
            #[must_use]
            pub const fn code(self) -> u64 {
                match self {
                    $(Self::$name => $code,)+
                    Self::Unknown(code) => code,
                }
            }

            /// The gateway's name, or `Unknown`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)+
                    Self::Unknown(_) => "Unknown",
                }
            }

            /// What a caller may do. An unknown code says nothing about what happened, so the
            /// answer is [`Retry::CheckRecord`].
            #[must_use]
            pub const fn retry(self) -> Retry {
                match self {
                    $(Self::$name => Retry::$retry,)+
                    Self::Unknown(_) => Retry::CheckRecord,
                }
            }
        }

        impl From<u64> for ErrorCode {
            fn from(code: u64) -> Self {
                match code {
                    $($code => Self::$name,)+
                    _ => Self::Unknown(code),
                }
            }
        }
    };
}

codes! {
    // common
    /// The request was carried out. Not an error.
    Success = 10000, Never;
    /// The request did not succeed; the message tells why. Reads: no; writes: outcome not stated, look the record up.
    Failed = 10001, CheckRecord;
    /// A parameter is missing or malformed. The same request fails again.
    InvalidArgument = 11000, Never;
    /// A header is missing or malformed. Client bug or wrong header names.
    HeaderInvalidArgument = 11001, Never;
    /// Fault on the CCPayment side. Reads may back off and repeat; writes may have gone through.
    Internal = 11002, CheckRecord;
    /// Nothing matches the given id. But after an unclear write wait and ask again before believing it.
    NotFound = 11003, Never;
    /// Too many requests. Refused before any work.
    RateLimit = 11004, Backoff;
    /// The signature does not match. Wrong secret or bytes signed differ from bytes sent.
    VerifySignFailed = 11005, Never;
    /// The timestamp header is outside the two-minute window. Re-sign with a corrected clock.
    ReqExpired = 11006, AfterClockFix;
    /// The same submission was received already. An earlier attempt probably holds.
    RepeatedSubmit = 11007, CheckRecord;
    /// The queried time span is too wide. Split the window.
    QueryDurationTooMax = 11008, Never;
    /// The quota of the day is used up. Nothing changes before the next day; do not loop.
    ReqDailyLimit = 11009, Never;
    /// More than 100 transactions were asked for. Ask for fewer.
    QueryNumMax = 11010, Never;
    /// The merchant order id is taken. On a repeat it means the first attempt was accepted.
    OrderDuplicate = 11011, CheckRecord;
    /// The expiry is more than ten days ahead. Shorten it.
    ExpiredAtTooMax = 11012, Never;
    /// The account is limited to the v1 API. Account setting.
    NoSupportVersion = 11013, Never;
    /// The calling IP was blocked as hostile (for five days, say the official docs). Stop sending; repeating prolongs it.
    MaliciousReq = 11014, Never;
    /// The user id is unknown. Create the user address first.
    UserIdNotFound = 11015, Never;
    /// Only on-chain deposits qualify for this call. Wrong kind of record.
    NotOnlineDeposit = 11016, Never;
    /// Cwallet transfers are closed. Feature off.
    CwalletClosed = 11017, Never;
    /// Too many operations in a row or a lock was busy. Short wait; keep the same order id.
    FrequentOperation = 11018, Backoff;

    // account
    /// The merchant account is disabled. Account state.
    MerchantDisabled = 12000, Never;
    /// The APP ID is unknown. Configuration; repeated wrong ids get the IP blocked.
    MerchantNotFound = 12001, Never;
    /// The calling IP is not on the allow list. Dashboard setting.
    IpNotInWhitelist = 12002, Never;
    /// The website or company has not been verified yet. Dashboard task.
    MerchantApiDisabled = 12003, Never;

    // token
    /// The token is not supported. Wrong id.
    InvalidCoin = 13000, Never;
    /// The token does not exist on that chain. Wrong chain symbol.
    InvalidChain = 13001, Never;
    /// The price feed of the token looks wrong. Clears by itself, minutes not seconds.
    AbnormalCoinPrice = 13002, Backoff;
    /// While the price looks wrong only merchant-paid fees are allowed. Change merchantPayNetworkFee or wait.
    AbnormalCoinPriceNotSupportMode = 13003, Never;
    /// Withdrawals are paused because the chain is unstable. Clears by itself, minutes to hours.
    UnstableBlockchain = 13004, Backoff;
    /// Trading of the token is halted. Business state.
    AbnormalCoinStatus = 13005, Never;
    /// The token cannot be swapped. Business state.
    CoinStopSwap = 13006, Never;

    // withdrawal
    /// Not enough balance. Top up first.
    BalanceInsufficient = 14000, Never;
    /// The network fee moved above the one used. Quote again, then decide.
    WithdrawFeeTooLow = 14001, Never;
    /// The receiving address is invalid or not activated. Fix the address.
    AddressNotActive = 14002, Never;
    /// This chain needs a memo. Add the memo.
    AddressEmptyMemo = 14003, Never;
    /// Withdrawals on the chain are suspended. Not a matter of seconds; watch the chain status.
    ChainStopWithdraw = 14004, Never;
    /// The amount is under the minimum. Raise it.
    WithdrawValueLessThanLimit = 14005, Never;
    /// The amount is over the maximum. Lower it.
    WithdrawValueMoreThanLimit = 14006, Never;
    /// The address has the wrong format. Fix the address.
    WithdrawAddrFormat = 14007, Never;
    /// The address belongs to the own account. Fix the address.
    WithdrawCannotSelf = 14008, Never;
    /// This token takes no memo. Drop the memo.
    CoinNoSupportMemo = 14009, Never;
    /// The merchant has not switched the token on. Dashboard setting.
    NoSupportCoin = 14010, Never;
    /// The native coin that pays the fee is short. Top up first.
    WithdrawFeeBalanceNotEnough = 14011, Never;
    /// Transfers between merchant ids are refused (the seed allows them between a main account and its sub-accounts). Not allowed.
    NotSupportMerchantTransfer = 14012, Never;
    /// The amount has too many decimals. Round down to the precision.
    CoinPrecisionLimit = 14013, Never;
    /// Sweeping fees are unpaid. Pay the debt on the dashboard.
    NotFinishCollection = 14014, Never;
    /// Contract addresses cannot receive it. Fix the address.
    WithdrawToContractAddress = 14015, Never;
    /// The address is not a plain data account. Fix the address.
    WithdrawInvalidAddressType = 14016, Never;
    /// The address is blacklisted. Compliance stop.
    AddressInBlackList = 14017, Never;
    /// Withdrawals are switched off. Account state.
    DisabledWithdraw = 14018, Never;
    /// After the fee too little is left. Raise the amount.
    WithdrawAmountFeeTooLittle = 14019, Never;
    /// Withdrawals need an IP allow list to be set up. Dashboard setting.
    NotWhitelistDisabledWithdraw = 14020, Never;
    /// Swaps need an IP allow list to be set up. Dashboard setting.
    NotWhitelistDisabledSwap = 14021, Never;
    /// Test mode caps the withdrawal amount. Test-mode rule.
    TestModeLimitAmount = 14022, Never;
    /// Test mode caps one withdrawal at 10. Test-mode rule.
    TestModeSingleLimitAmount = 14023, Never;
    /// A batch address has the wrong format. Fix the address.
    AddressFormatErr = 14024, Never;
    /// A batch address needs a memo. Fix the memo.
    AddressMemoFormatErr = 14025, Never;
    /// The address is considered risky. Compliance stop.
    RiskAddress = 14026, Never;
    /// A batch row number is used twice. On a repeated append the first one may have been accepted.
    SeqDuplicate = 14027, CheckRecord;
    /// The batch can no longer be cancelled. Read the batch state.
    UnableAbort = 14028, CheckRecord;
    /// A batch address is blacklisted. Compliance stop.
    AddressBlackList = 14029, Never;

    // deposit
    /// No address could be generated. The docs ask to try again; the call is get-or-create.
    GenerateAddressFailed = 15000, Backoff;
    /// The account has used up its deposit addresses. Ask support for more.
    PaymentAddressNumTooMuch = 15001, Never;
    /// The order has expired. Open a new order.
    OrderExpired = 15002, Never;
    /// Deposits on the chain are suspended. Not a matter of seconds; watch the chain status.
    ChainStopDeposit = 15003, Never;
    /// The payment link has expired. Open a new order.
    OrderUrlExpired = 15004, Never;

    // swap
    /// This token cannot be swapped now. Business state.
    CoinUnavailableForSwap = 16001, Never;
    /// The input amount is too small. Raise it.
    SwapAmountInTooLow = 16002, Never;
    /// The output would fall below the requested minimum. Quote again, then decide; nothing was swapped.
    AmountOutMinimumTooHigh = 16003, Never;
    /// The daily swap limit is used up. Next day.
    MerchantSwapLimit = 16004, Never;
    /// Swaps are switched off. Account state.
    DisabledSwap = 16005, Never;
    /// Swaps are not supported. Account state.
    NoSupportSwap = 16006, Never;

    // address
    /// An address that was never used cannot be released. Not allowed.
    UnUsedAddressDeprecatedNotAllowed = 17000, Never;
    /// The address belongs to another merchant. Wrong address.
    UnMatchedMerchantAddressDeprecated = 17001, Never;
    /// Memo-style addresses cannot be released. Not allowed.
    UnBindingMemoAddressDeprecated = 17002, Never;
    /// The address is released already. Treat a repeat as done.
    UnBindingAddressDeprecated = 17003, Never;
    /// Only deposit and user addresses can be released. Not allowed.
    UnSupportedAddressDeprecated = 17004, Never;
    /// The address does not fit the chain. Wrong pair.
    UnSupportedChainAddress = 17005, Never;
    /// Releasing the address failed. No cause given; a repeat is harmless.
    UnbindingAddressFailed = 17006, Backoff;
    /// The address is not one of CCPayment. Wrong address.
    AddressNotBelongCCP = 17007, Never;
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code(), self.name())
    }
}
