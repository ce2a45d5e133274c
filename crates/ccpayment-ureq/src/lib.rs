//! The client for programs without an async runtime, over [ureq](https://docs.rs/ureq).
//!
//! [`Client`] sends the same requests and makes the same payouts as the async client, because it is
//! the async client. Its transport and its clock block, so it runs to its end on the calling
//! thread. There is no runtime, no extra thread and no second version of a rule. So nothing can
//! interrupt a wait: a [`Signer`](ccpayment_client::core::Signer) that blocks has to end by itself.
//! Threads that share a [rate limit](ccpayment_client::Client::with_rate_limit) wait for their turn
//! in the queue before they look at the time.
//!
//! A payment must go out exactly once and reach nobody else: redirects, proxies of the environment
//! and whatever else ureq would do by itself are switched off. TLS is rustls with the Mozilla roots
//! and a provider that is given explicitly: a build with two crypto providers does not panic.
//!
//! One thing can't be switched off: where another crate of the build switches on ureq's `gzip` or
//! `brotli`, an answer in that form is decompressed, within the limit on its length. We never ask
//! for one.
//!
//! At the level `TRACE`, ureq logs every byte that it sends and receives, signatures and all, under
//! the target `ureq_proto::util`. That can't be switched off from here. If you log at `TRACE`,
//! leave that target out, as `RUST_LOG=trace,ureq_proto::util=off` does.
//!
//! Roots of your own, and a proxy, come with [`UreqTransport::with_config`].
//!
//! # Feature flags
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `rustls` | yes | TLS by rustls with its `ring` provider; without it, by the process's default provider or by one that is given |
//! | `v2` | no | batches of payouts, which only v2 has |
//!
//! # Example
//!
//! ```no_run
//! use ccpayment_client::core::v2::GetCoin;
//! use ccpayment_client::core::{AppId, AppSecret, CoinId, Credentials};
//! use ccpayment_ureq::{Client, UreqTransport};
//!
//! let credentials = Credentials::new(AppId::new("app-id"), AppSecret::new("app-secret"))?;
//! let client = Client::new(credentials, UreqTransport::new()?);
//! let usdt = client.send(&GetCoin::new(CoinId::new(1280)))?;
//! println!("{} is {}", usdt.coin.symbol, usdt.coin.coin_full_name);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

mod client;
mod clock;
mod connect;
mod lists;
mod transport;

pub use client::Client;
pub use clock::BlockingClock;
pub use lists::{Items, Pages};
pub use transport::{CONNECT_TIMEOUT, IDLE_TIMEOUT, MAX_IDLE_CONNECTIONS, UreqTransport};

#[cfg(all(doctest, feature = "rustls"))]
#[doc = include_str!("../README.md")]
struct Readme;
