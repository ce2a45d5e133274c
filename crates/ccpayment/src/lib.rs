//! Take and pay out crypto through the CCPayment gateway, safely.
//!
//! ```no_run
//! # #[cfg(all(feature = "reqwest", feature = "rustls", feature = "v2"))]
//! # mod example {
//! use ccpayment::v2::{ApplyAppWithdrawToNetwork, CreateAppOrderDepositAddress};
//! use ccpayment::{Address, Chain, Client, Credentials, ReqwestTransport};
//!
//! # pub async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! // CCPAYMENT_APP_ID and CCPAYMENT_APP_SECRET, from the dashboard (Developer).
//! let client = Client::new(Credentials::from_env()?, ReqwestTransport::new()?);
//! let (usdt, polygon) = (1280, Chain::new("POLYGON"));
//!
//! let price = "25.00".parse()?;
//! let order = CreateAppOrderDepositAddress::new("order-1001", usdt, polygon.clone(), price);
//! let to_pay = client.submit(&order).await?.created;
//! println!("pay {} to {}", to_pay.amount, to_pay.address);
//!
//! // Store the request first. The payout happens once, whatever happens on the wire.
//! let receiver = Address::new("0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE");
//! let amount = "12.5".parse()?;
//! let payout = ApplyAppWithdrawToNetwork::new("payout-77", usdt, polygon, receiver, amount);
//! let payout = client.payout(&payout).await?;
//! println!("{} is record {}", payout.order_id, payout.created);
//! # Ok(())
//! # }
//! # }
//! ```
//!
//! # Where to find what
//!
//! - What the gateway can do, by task: [`v2`] (and `v1`, the older API).
//! - [`Client`] sends: [`payout`](Client::payout) moves money exactly once,
//!   [`submit`](Client::submit) creates orders and invoices exactly once, [`items`](Client::items)
//!   reads lists, and [`send`](Client::send) all else.
//! - After a lost answer or a crash: [`Client::settle`], [`Client::settle_after_restart`].
//! - What an error means for money: [`Error::outcome`], [`SubmitError`]. Its whole text:
//!   [`ErrorReport`].
//! - Notifications, from delivery to credit: [`webhook`].
//! - Notifications and payouts that no crash loses or doubles, on the merchant's own database:
//!   `durable` (feature `durable`), with `SqliteStore` or `PostgresStore`.
//! - Time limits, repeats, rate limits: [`Timeouts`], [`RetryPolicy`],
//!   [`Client::with_rate_limit`]. Spans and metrics: *Observability* of the crate
//!   [`ccpayment-client`](https://docs.rs/ccpayment-client).
//! - A backend of your own: [`Transport`], [`transport_fn`]. Signing and judging by other means:
//!   [`raw`].
//! - To develop without an account: the crates
//!   [`ccpayment-sandbox`](https://docs.rs/ccpayment-sandbox) and
//!   [`ccpayment-testing`](https://docs.rs/ccpayment-testing), with [`Client::with_origin`].
//!
//! # Feature flags
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `reqwest` | yes | [`ReqwestTransport`], the default backend |
//! | `hyper` | no | `HyperTransport`, a smaller backend, with HTTP/2 |
//! | `blocking` | no | `blocking::Client` for programs without an async runtime, over ureq |
//! | `rustls` | yes | TLS of the backends, by rustls with its `ring` provider |
//! | `rustls-no-provider` | no | TLS of the backends, by rustls with a provider that the program brings |
//! | `webhook` | yes | [`webhook`]: verify, confirm, acknowledge |
//! | `v2` | yes | [`v2`]: the requests of the current API |
//! | `v1` | no | the requests of the older API, its digest, its signed answers, its notifications |
//! | `axum` | no | an axum extractor for verified notifications; with `durable`, its receiver and a page for operators |
//! | `tower` | no | a tower layer for verified notifications, and `Webhook::receive` for hyper alone |
//! | `durable` | no | `durable`: inbox, outbox and reconciler on the merchant's own database |
//! | `sqlite` | no | `SqliteStore`, with `durable`. Needs Rust 1.94 |
//! | `postgres` | no | `PostgresStore`, with `durable`. Needs Rust 1.94 |
//! | `metrics` | no | counters and a histogram of requests, through the `metrics` facade |
//! | `aws-lc-rs` | no | RSA keys, by AWS-LC: fast, needs a C compiler. The one to prefer |
//! | `rsa` | no | RSA keys, in Rust alone; read RUSTSEC-2023-0071 in the docs of `RsaBackend` first |
//!
//! A receiver for actix-web is the crate [`ccpayment-actix`](https://docs.rs/ccpayment-actix).
//!
//! To swap the backend, leave the default one out: `default-features = false`, with
//! `features = ["v2", "hyper", "rustls"]`. `ReqwestTransport::new` and `HyperTransport::new` need
//! `rustls`. Without any feature there is still a whole client: bring a [`Transport`] of your own.

#![cfg_attr(docsrs, feature(doc_cfg))]

pub use async_trait::async_trait;
pub use ccpayment_client::{
    Attempts, Client, Clock, Error, Items, MOST_EMPTY_PAGES, Outcome, Page, PageError, Pages,
    Proof, RefusalReason, RequestInfo, RetryPolicy, SETTLE_AFTER, SubmitError, Submitted,
    SystemClock, Timeouts, Unsettled,
};
#[cfg(feature = "v2")]
pub use ccpayment_client::{BatchPayout, SubmittedBatch};
pub use ccpayment_client::{
    BlockingTransport, BoxError, Exchange, SetupError, TowerTransport, Transport, TransportError,
    TransportFn, read_body, transport_fn,
};
#[cfg(feature = "v1")]
pub use ccpayment_core::v1;
#[cfg(feature = "v2")]
pub use ccpayment_core::v2;
pub use ccpayment_core::{
    APP_ID_VARIABLE, APP_SECRET_VARIABLE, Address, Amount, AmountError, AnswerError, AppId,
    AppSecret, Chain, CoinId, Credentials, Cursor, Difference, EnvError, ErrorCode, ErrorReport,
    FiatId, Idempotency, Memo, OrderId, Origin, OriginError, Paged, Payout, PriceIn, RecordId,
    RecordKey, ReferenceId, Refusal, Request, Retry, Row, Rule, Sendable, Signer, SigningFuture,
    Submit, Timestamp, TxId, UnreadableRow, UserId, ValidationError, Version,
};
#[cfg(feature = "v2")]
pub use ccpayment_core::{Finding, Level, Preflight, Standing, StandingError, ToNetwork};
#[cfg(any(feature = "rsa", feature = "aws-lc-rs"))]
pub use ccpayment_core::{KeyError, RsaBackend, RsaPrivateKey, RsaPublicKey};
pub use {bytes, http};

/// The pieces below the client: signing, a request without I/O, an answer to judge, a record to
/// compare. For programs that sign, send or read by other means.
pub mod raw {
    pub use ccpayment_core::wire;
    pub use ccpayment_core::{
        APP_ID_HEADER, DigestKey, HmacKey, Operation, PrepareError, PreparedRequest, RawBody,
        RecordMatch, SIGN_HEADER, SignText, Signature, SigningError, TIMESTAMP_HEADER,
        TIMESTAMP_WINDOW, Unverified, decode, decode_signed,
    };
}

#[cfg(feature = "durable")]
#[doc(inline)]
pub use ccpayment_durable as durable;
#[cfg(feature = "hyper")]
pub use ccpayment_hyper::HyperTransport;
#[cfg(feature = "reqwest")]
pub use ccpayment_reqwest::ReqwestTransport;

#[cfg(feature = "postgres")]
pub use ccpayment_sqlx::PostgresStore;
#[cfg(feature = "sqlite")]
pub use ccpayment_sqlx::SqliteStore;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
#[doc(no_inline)]
pub use ccpayment_sqlx::sqlx;

#[cfg(feature = "blocking")]
#[doc(inline)]
pub use ccpayment_ureq as blocking;
#[cfg(feature = "webhook")]
#[doc(inline)]
pub use ccpayment_webhook as webhook;

#[cfg(all(doctest, feature = "reqwest", feature = "rustls", feature = "v2"))]
#[doc = include_str!("../README.md")]
struct Readme;
