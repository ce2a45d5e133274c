//! Take and pay out crypto through the CCPayment gateway, safely.
//!
//! One dependency; features choose the rest. The layers below can also be used alone:
//! `ccpayment-core` (types and signing, no I/O), `ccpayment-client`, `ccpayment-reqwest`,
//! `ccpayment-hyper`, `ccpayment-ureq`, `ccpayment-webhook`, and for tests `ccpayment-testing` and
//! `ccpayment-sandbox`.
//!
//! # Feature flags
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `reqwest` | yes | [`ReqwestTransport`], the default backend |
//! | `hyper` | no | `HyperTransport`, a smaller backend, with HTTP/2 |
//! | `blocking` | no | `blocking::Client`, for programs without an async runtime, over ureq |
//! | `rustls` | yes | TLS of the backends, by rustls with its `ring` provider |
//! | `rustls-no-provider` | no | TLS of the backends, by rustls with a provider that the program brings |
//! | `webhook` | yes | [`webhook`]: verify, confirm, acknowledge |
//! | `v2` | yes | [`v2`]: the types of the current API |
//! | `v1` | no | the types of the older API, its digest, its signed answers, its notifications |
//! | `axum` | no | an axum extractor for verified notifications |
//! | `metrics` | no | counters and a histogram of requests, through the `metrics` facade |
//! | `aws-lc-rs` | no | RSA keys, by AWS-LC: fast, needs a C compiler. The one to prefer |
//! | `rsa` | no | RSA keys, in Rust alone; read RUSTSEC-2023-0071 in the docs of `RsaBackend` first |
//!
//! Without any feature there is still a whole client: bring a [`Transport`] of your own.
//!
//! # Example
//!
//! ```no_run
//! # #[cfg(all(feature = "reqwest", feature = "rustls"))]
//! # mod example {
//! use ccpayment::v2::{ApplyAppWithdrawToNetwork, CreateAppOrderDepositAddress};
//! use ccpayment::{
//!     Address, AppId, AppSecret, Chain, Client, CoinId, Credentials, OrderId, ReqwestTransport,
//! };
//!
//! # pub async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let app_id = AppId::new(std::env::var("CCPAYMENT_APP_ID")?);
//! let secret = AppSecret::new(std::env::var("CCPAYMENT_APP_SECRET")?);
//! let client = Client::new(Credentials::new(app_id, secret)?, ReqwestTransport::new()?);
//! let (usdt, polygon) = (CoinId::new(1280), Chain::new("POLYGON"));
//!
//! let order_id = OrderId::new("order-1001");
//! let price = "25.00".parse()?;
//! let order = CreateAppOrderDepositAddress::new(order_id, usdt, polygon.clone(), price);
//! let to_pay = client.submit(&order).await?.created;
//! println!("pay {} to {}", to_pay.amount, to_pay.address);
//!
//! // Store the order id first. The payout happens once, whatever happens on the wire.
//! let address = Address::new("0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE");
//! let payout = ApplyAppWithdrawToNetwork::new(
//!     OrderId::new("payout-77"), usdt, polygon, address, "12.5".parse()?,
//! );
//! let accepted = client.payout(&payout).await?;
//! println!("{} is record {}", accepted.order_id, accepted.created);
//! # Ok(())
//! # }
//! # }
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

pub use ccpayment_client::{
    Attempts, BlockingTransport, BoxError, Client, Clock, Error, Exchange, Items, MOST_EMPTY_PAGES,
    Outcome, Page, PageError, Pages, Proof, RefusalReason, RequestInfo, RetryPolicy, SETTLE_AFTER,
    SetupError, SubmitError, Submitted, SystemClock, Timeouts, TowerTransport, Transport,
    TransportError, TransportFn, Unsettled, read_body, transport_fn,
};
#[cfg(feature = "v2")]
pub use ccpayment_client::{BatchPayout, SubmittedBatch};

pub use ccpayment_core::*;
// A glob shows no feature in the docs, so these are named as well.
#[cfg(feature = "v2")]
pub use ccpayment_core::{Finding, Level, Preflight, Standing, StandingError, ToNetwork};
#[cfg(any(feature = "aws-lc-rs", feature = "rsa"))]
pub use ccpayment_core::{KeyError, RsaBackend, RsaPrivateKey, RsaPublicKey};

#[cfg(feature = "hyper")]
pub use ccpayment_hyper::HyperTransport;
#[cfg(feature = "reqwest")]
pub use ccpayment_reqwest::ReqwestTransport;

#[cfg(feature = "blocking")]
#[doc(inline)]
pub use ccpayment_ureq as blocking;
#[cfg(feature = "webhook")]
#[doc(inline)]
pub use ccpayment_webhook as webhook;

#[cfg(all(doctest, feature = "reqwest", feature = "rustls", feature = "v2"))]
#[doc = include_str!("../README.md")]
struct Readme;
