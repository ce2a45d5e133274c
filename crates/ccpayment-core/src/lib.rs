//! The CCPayment API without any I/O: amounts, ids, signing, requests and errors.
//!
//! This crate turns a request, credentials and a moment into an [`http::Request`], and an
//! [`http::Response`] into a typed value. It needs no other crate of ours: any HTTP client,
//! blocking or not, can carry the bytes. It has no runtime, no TLS and no clock.
//!
//! ```
//! use bytes::Bytes;
//! use ccpayment_core::v2::{CreateAppOrderDepositAddress, CreateAppOrderDepositAddressResponse};
//! use ccpayment_core::{
//!     AppId, AppSecret, Chain, CoinId, Credentials, OrderId, Origin, PreparedRequest, Timestamp,
//!     decode,
//! };
//!
//! let credentials = Credentials::new(AppId::new("app-id"), AppSecret::new("app-secret"))?;
//! let order = CreateAppOrderDepositAddress::new(
//!     OrderId::new("order-1001"),
//!     CoinId::new(1280),
//!     Chain::new("POLYGON"),
//!     "25.00".parse()?,
//! );
//!
//! // Validated and serialised once; each signature is over these very bytes.
//! let prepared = PreparedRequest::new(&order)?;
//! let now = Timestamp::from_system(std::time::SystemTime::UNIX_EPOCH); // take it from your clock
//! let request: http::Request<Bytes> = prepared.sign(&Origin::default(), &credentials, now)?;
//! assert_eq!(request.body(), prepared.body());
//!
//! // Send it with any client; then judge the answer.
//! let answer = br#"{"code":10000,"msg":"success","data":{"address":"0x9aBD","amount":"25"}}"#;
//! let response = http::Response::new(Bytes::from_static(answer));
//! let to_pay: CreateAppOrderDepositAddressResponse = decode(&response)?;
//! assert_eq!(to_pay.amount.as_str(), "25");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Feature flags
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `v2` | yes | `v2`: the requests of the current API |
//! | `v1` | no | `v1`: the requests of the older API, and its digest and signed answers |
//! | `aws-lc-rs` | no | RSA keys by AWS-LC: fast, needs a C compiler. Prefer it to `rsa` |
//! | `rsa` | no | RSA keys in Rust alone |
//!
//! # Test network
//!
//! The gateway has no host of its own for tests. Test it with worthless coins on ETH Sepolia:
//! switch this network on at the dashboard (Merchant Settings, ETH test network), get Sepolia ETH
//! from any faucet, and look transactions up at `https://sepolia.etherscan.io`. Switch it off again
//! when the tests are done. For tests without the gateway there is `ccpayment-sandbox`.
//!
//! # RSA
//!
//! The gateway takes signatures by HMAC-SHA256 or RSA. HMAC is always there. Two features bring RSA
//! keys, with the same types: `aws-lc-rs`, the one to prefer, and `rsa`, which is Rust alone.
//! `RsaBackend` says what RUSTSEC-2023-0071 means for the choice; with both on, `aws-lc-rs` is
//! used. A key in a key service or an HSM needs neither: implement [`Signer`].

#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(all(feature = "v1", feature = "v2")),
    allow(
        dead_code,
        unused_imports,
        unused_macros,
        reason = "for the types of the version that is off"
    )
)]

mod address;
mod amount;
mod code;
mod credentials;
mod envelope;
#[cfg(feature = "v2")]
mod explorer;
mod ids;
mod paged;
#[cfg(feature = "v2")]
mod preflight;
mod prepared;
mod report;
mod request;
#[cfg(any(feature = "rsa", feature = "aws-lc-rs"))]
mod rsa_key;
mod secret;
mod sign;
mod signer;
#[cfg(feature = "v2")]
mod standing;
mod submit;
mod validate;

#[cfg(feature = "v1")]
pub mod v1;
#[cfg(feature = "v2")]
pub mod v2;
pub mod wire;

pub use amount::{Amount, AmountError};
pub use code::{ErrorCode, Retry};
pub use credentials::{APP_ID_VARIABLE, APP_SECRET_VARIABLE, Credentials, EnvError};
pub use envelope::{AnswerError, RawBody, Refusal, Unverified, decode, decode_signed};
pub use ids::{
    Address, AppId, Chain, CoinId, Cursor, FiatId, Memo, OrderId, PriceIn, RecordId, RecordKey,
    ReferenceId, Timestamp, TxId, UserId,
};
pub use paged::{Paged, Row};
#[cfg(feature = "v2")]
pub use preflight::{Finding, Preflight, ToNetwork};
pub use prepared::{
    APP_ID_HEADER, Origin, OriginError, PrepareError, PreparedRequest, SIGN_HEADER,
    TIMESTAMP_HEADER, TIMESTAMP_WINDOW,
};
pub use report::ErrorReport;
pub use request::{Idempotency, Operation, Request, Sendable, Version};
#[cfg(any(feature = "rsa", feature = "aws-lc-rs"))]
pub use rsa_key::{KeyError, RsaBackend, RsaPrivateKey, RsaPublicKey};
pub use secret::AppSecret;
pub use sign::{DigestKey, HmacKey, SignText, Signature, SigningError};
pub use signer::{Signer, SigningFuture};
#[cfg(feature = "v2")]
pub use standing::{Level, Standing, StandingError};
pub use submit::{Difference, Payout, RecordMatch, Submit};
pub use validate::{Rule, ValidationError};
pub use wire::UnreadableRow;

#[cfg(all(doctest, feature = "v2"))]
#[doc = include_str!("../README.md")]
struct Readme;
