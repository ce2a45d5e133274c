//! The v2 API, one module a group, with the gateway's own names.
//!
//! A request is a plain struct: a constructor takes what is required, chainable setters the rest.
//! Response structs tolerate what the documents leave open, and keep `None` apart from a value.

mod asset;
mod coin;
mod deposit;
mod order;
mod status;
mod withdrawal;

pub use asset::{Asset, GetAppCoinAsset, GetAppCoinAssetResponse};
pub use coin::{CoinInfo, CoinNetwork, GetCoin, GetCoinList, GetCoinListResponse, GetCoinResponse};
pub use deposit::{DepositRecord, GetAppDepositRecord, GetAppDepositRecordResponse};
pub use order::{
    CreateAppOrderDepositAddress, CreateAppOrderDepositAddressResponse, GetAppOrderInfo,
    GetAppOrderInfoResponse, OrderPayment,
};
pub use status::{CoinStatus, DepositStatus, WithdrawStatus, WithdrawType};
pub use withdrawal::{
    ApplyAppWithdrawToNetwork, ApplyAppWithdrawToNetworkResponse, GetAppWithdrawRecord,
    GetAppWithdrawRecordResponse, NetworkFee, WithdrawRecord,
};
