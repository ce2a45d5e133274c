//! A local CCPayment gateway to develop and test against without an account.
//!
//! A [`Sandbox`] answers all 61 routes of the v2 API, and the 14 of the older v1, as the gateway
//! would: it checks signatures and bodies, refuses with the documented codes, hands out addresses,
//! keeps double-entry books that must balance after every posting, and delivers signed
//! notifications on the documented schedule. Its methods do what a merchant can't: money arrives
//! ([`Sandbox::pay`], [`Sandbox::send_payment`]), time passes ([`Sandbox::advance`]), people
//! approve ([`Sandbox::approve`]), the market moves ([`Sandbox::set`]), connections fail
//! ([`Sandbox::plan_fault`]). The sandbox reads the API independently and shares no code with the
//! SDK beside it: it reads untyped JSON by the OpenAPI document in `schema/`, which `cargo xtask
//! codegen` copies there.
//!
//! ```
//! use std::time::Duration;
//!
//! use bytes::Bytes;
//! use ccpayment_sandbox::Sandbox;
//! use serde_json::{Value, json};
//!
//! /// One signed request, in process; `Sandbox::serve` does the same on a socket.
//! async fn call(sandbox: &Sandbox, route: &str, body: Value) -> Value {
//!     let body = body.to_string();
//!     let mut request = http::Request::post(format!("/ccpayment/v2/{route}"))
//!         .header("Content-Type", "application/json");
//!     for (name, value) in sandbox.sign_v2(body.as_bytes()) {
//!         request = request.header(name, value);
//!     }
//!     let request = request.body(Bytes::from(body)).unwrap();
//!     let answer = sandbox.respond(request).await.expect("no fault was planned");
//!     serde_json::from_slice(answer.body()).unwrap()
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sandbox = Sandbox::builder().seed(7).start_time(1_750_000_000).build()?;
//!
//! // The merchant opens an order ...
//! let order = json!({ "orderId": "order-1", "coinId": 1280, "chain": "POLYGON", "price": "20" });
//! let opened = call(&sandbox, "createAppOrderDepositAddress", order).await;
//! assert_eq!(opened["code"], 10000);
//! let address = opened["data"]["address"].as_str().unwrap();
//!
//! // ... the payer pays, the chain grows by fifty blocks of two seconds ...
//! let payment = sandbox.pay(address, "20")?;
//! sandbox.advance(Duration::from_secs(100));
//!
//! // ... and half a percent stays with the gateway.
//! let record = json!({ "recordId": payment.record_id });
//! let record = call(&sandbox, "getAppDepositRecord", record).await;
//! assert_eq!(record["data"]["record"]["status"], "Success");
//! assert_eq!(sandbox.ledger().balance("merchant:available", 1280), "19.9");
//! assert_eq!(sandbox.ledger().balance("gateway:fees", 1280), "0.1");
//! assert!(sandbox.ledger().is_balanced());
//! # Ok(())
//! # }
//! ```
//!
//! # Time
//!
//! [`SandboxBuilder::start_time`] makes time virtual, and so does [`Sandbox::stop_clock`]: it
//! passes by [`Sandbox::advance`] alone, and everything that falls due on the way happens at its
//! own moment. Without them, the sandbox uses the real clock, and everything that fell due happens
//! before the next request. Deposits end when their chain has grown by its confirmations;
//! withdrawals are sent after 30 seconds and end in the same way; batches are paid a row, or all at
//! once, a minute. [`Setting::ManualChain`] switches that off: then only [`Sandbox::confirm`],
//! [`Sandbox::settle_payouts`] and [`Sandbox::fail`] end anything.
//!
//! [`Sandbox::advance`] works on the real clock, too. Callers need not know: all times that they
//! read and send, in signatures and everywhere else, are those of their own clock. Everything that
//! was there before is older by as much: after an hour, an order that had a day left has an hour
//! less. What the advance brought about happened at its moment. [`Sandbox::expire`] makes one order
//! old, and leaves everything else as it is.
//!
//! The same seed and the same calls at the same times give the same ids, answers and books.
//!
//! # Why was I refused?
//!
//! [`Sandbox::request_log`] has the newest requests with reason, fields and answer. For a signature
//! that does not fit it has the text that should have been signed, and how the given one differs in
//! kind, such as another body or milliseconds. [`Sandbox::on_request`] tells of each as it comes,
//! and [`Sandbox::delivery_attempts`] tells what notifications met. None of them shows the secret
//! or a signature.
//!
//! # Faults
//!
//! A [`Fault`] strikes the next request of a route ([`Sandbox::plan_fault`]), or each request by
//! chance and a seed ([`Sandbox::faults_by_seed`]). On a served socket it is real: connections are
//! reset, bodies trickle, are cut and lie about their length, requests arrive twice or after their
//! own look-up, and answers are HTML, redirects, bombs or no JSON. Each says whether the gateway
//! acted, and the books agree. [`Sandbox::requests`] and [`Sandbox::fault_hits`] tell what struck,
//! [`Sandbox::exchange`] does so in process. [`Server::stop_listening`] closes the port itself, and
//! [`Sandbox::serve_stream`] answers on a connection that is no socket.
//!
//! # As a program, with pages
//!
//! [`Sandbox::serve`] also answers below `/sandbox/`, `/checkout/` and `/invoice/`: an admin API,
//! an overview, and pages to pay on, to which `checkoutUrl` and `invoiceUrl` lead once
//! [`Sandbox::set_public_url`] said where they are. `cargo run -p ccpayment-sandbox` serves it all
//! to clients in any language. `docs/sandbox.md` is its guide, and `docs/other-languages.md` has
//! what a client in another language needs.
//!
//! # Feature flags
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `cli` | yes | what only the program needs: its command line, its signals, and `SandboxBuilder::state_file` |
//! | `tls` | with `cli` | [`Sandbox::serve_tls`]: `https` with a certificate of its own |
//!
//! # What it knows
//!
//! | coin | id | chains |
//! | --- | --- | --- |
//! | BTC | 1 | BTC |
//! | ETH | 2 | ETH, ARBITRUM, BASE |
//! | BNB | 101 | BSC |
//! | SOL | 102 | SOL |
//! | DOGE | 103 | DOGE |
//! | LTC | 104 | LTC |
//! | TON (needs a memo) | 105 | TON |
//! | BCH | 106 | BCH |
//! | ADA | 107 | ADA |
//! | AVAX | 108 | AVAX |
//! | DAI | 109 | BSC, ETH, POLYGON |
//! | DOT | 110 | DOT |
//! | ATOM (needs a memo) | 111 | ATOM |
//! | LINK | 1207 | BSC, ETH |
//! | USDT | 1280 | BSC, ETH, POLYGON, TRX, ARBITRUM, AVAX, SOL, TON |
//! | USDC | 1282 | BSC, ETH, POLYGON, ARBITRUM, BASE, SOL |
//! | MATIC | 1329 | BSC, ETH, POLYGON |
//! | CELO | 1340 | CELO |
//! | XLM (needs a memo) | 1445 | XLM |
//! | TRX | 1482 | TRX |
//! | XRP (needs a memo) | 1486 | XRP |
//! | SHIB | 1864 | BSC, ETH |
//! | TETH (can't be swapped) | 1891 | ETH_SEPOLIA |
//! | POL | 2541 | ETH, POLYGON |
//!
//! Payments of BTC, BCH, LTC, DOGE and ADA have no sender; USDT on TON needs a memo, too.
//!
//! Orders can be priced in the common currencies, such as USD (`fiatId` 1033), DKK (1022), EUR
//! (101) and GBP (102); `getFiatList` has them all. **Ids below 1000 are the sandbox's own**,
//! because the documents don't give them: look ids up in the lists, as with the real gateway.
//! Prices and rates are plausible and never change by themselves. Cwallet has the accounts 35255142
//! (`jane@proton.me`), 35255143 and 9558861.
//!
//! # Errors
//!
//! Every code of the table can be met. Most come from the state, some from a [`Setting`].
//! [`Sandbox::fail_next`] gives any code, and it alone gives 10001, 11007, 11018, 15000, 15002 and
//! 17006: nothing here brings about the conditions that these name. The message begins with the
//! code's name.
//!
//! # Two readings of a request
//!
//! By default, requests are read as the gateway's own clients send them, also where the documents
//! describe them otherwise. [`Setting::Strict`] lists what is let pass; each time, a
//! [`RequestWarning`] is in the request's log ([`RequestView::warnings`]) and in the header
//! `X-Sandbox-Warning`. A field that nobody documents is refused (11000), with the field that was
//! meant where that is plain; [`Setting::AllowUnknownFields`] ignores it.
//!
//! [`SandboxBuilder::strict`] refuses all of that. Take it for the tests of a client that should
//! send what the documents describe.
//!
//! # What it decides where the API is silent
//!
//! Requests:
//! - An empty optional text counts as absent. Where the documents ask for "at least one of" two
//!   ids, both may be given and must mean the same record. Of the fields that one source names and
//!   our clients never send, `seqs` and `orderIds` choose rows of a batch. The others mean nothing,
//!   and the default reading warns of them. The two currency ids of an invoice may be text, as in
//!   its only sample.
//! - A name that an object has twice is refused (11000), whichever of the two was meant.
//! - Decimals are counted in the text, trailing zeros included: `1.0000000` has seven of them, and
//!   a coin with a precision of six refuses it (14013). A price with too many decimals is 14013,
//!   too.
//! - A `Timestamp` that is not ten digits is 11006; a body that is not sent as `application/json`
//!   is 11001.
//! - Order ids are taken once for orders and invoices together, and once for each of: withdrawals,
//!   withdrawals of users, swaps, swaps of users, transfers, batch transfers, batches.
//! - A user is known once a deposit address was made for it (11015).
//! - An `expiredAt` that is not ahead is refused (11000): the order would be born expired.
//!
//! Deposits:
//! - A coin price finer than its chain can carry is rounded up to what can be paid.
//! - All EVM chains share one permanent address. An order takes its own coin alone.
//! - A payment after the expiry counts like any other for seven days. Half a percent is the fee.
//! - What a released address receives is the merchant's, and is announced to nobody.
//! - An invoice counts payments that succeeded and are not risky. Its `rate` is the inverse of what
//!   the documents say, as in their only example: take `paidValue`.
//! - Nothing is checked about an address beyond its form, so made-up ones have no valid checksum.
//!
//! Withdrawals:
//! - Network fees are charged in the withdrawn coin unless [`Setting::FeeCoin`] says otherwise. A
//!   fee quote has one effect: when the fee rose since, the withdrawal is refused (14001).
//! - Money is taken when a withdrawal is accepted, also while it waits for approval.
//! - A withdrawal is announced when it waits, when it is sent, and when it ends.
//! - A batch holds amounts and fees when it is confirmed. What is cancelled goes back; a batch that
//!   was cancelled whole is `Completed`. One that was never confirmed can be cancelled, too. Rows
//!   are `Processing` and `Successful`, the two words that are documented, or `Pending`, `Failed`
//!   and `Canceled`, after the statistics beside them.
//! - A record names a Cwallet account by its id, also where an e-mail address was asked for.
//! - A withdrawal that the gateway began has its record's id for an order id, and no service fee.
//!
//! Swaps: the fee is half a percent of the output, but never worth less than a tenth of a dollar;
//! `amountOutMinimum` is held against what comes out after fees; 16 decimals are kept.
//!
//! Lists: newest first; a cursor belongs to the query that it came from; 90 days are the widest
//! window, or 365 in the default reading where no document names a maximum, and 90 days are meant
//! when neither times nor ids are given; the last page has an empty `nextId`.
//!
//! Notifications: receivers side by side, each URL in order; by offsets from the first attempt and
//! signed afresh, unless [`Setting::Retries`] and [`Setting::SignRetriesAfresh`] say otherwise.
//! [`Setting::RecordLag`] makes records lag behind them, [`Setting::Spell`] gives records other
//! words for the same. The notice of a risky address has no type and its fields at the top level;
//! `ActivateWebhookURL` has no `msg`.
//!
//! # RSA
//!
//! With [`SandboxBuilder::rsa_public_key`] requests of v2 must be signed with the merchant's RSA
//! key (PKCS#1 v1.5 over SHA-256, in base64). With [`SandboxBuilder::accept_secret_too`] the secret
//! will do as well. With [`SandboxBuilder::rsa_notification_key`] notifications of v2 are signed
//! with a key of the sandbox's own. v1 knows its digest alone.
//!
//! # The older API
//!
//! The 14 routes below `/ccpayment/v1/` work on the same coins, balances and books. Whatever was
//! made through v1 is announced in the words of v1: `API Deposit`, `Direct Deposit` and `API
//! Withdrawal`, and what begins on a dashboard by calls: `Invoice` ([`Sandbox::dashboard_invoice`])
//! and `Refund` ([`Sandbox::dashboard_refund`]). Answers and notifications are signed with the
//! digest, failures included. USDT, BTC, ETH, BNB and TRX have the `coin_id` of the documents, and
//! USDT on TRX and XRP their `token_id` (that of XRP by the address beside it, ETH and BNB by the
//! older list). All others are made up, never change, and have an 8 where a version is
//! ([`Sandbox::v1_token_id`]). Rates and the older list of chains take a `coin_id` for a
//! `token_id`, as in the documents' examples. `payment_url` leads to a page like `invoiceUrl`.
//!
//! Three codes of v1 are established: 10000, 224066 (a fault of the gateway) and 224083 (no such
//! Cwallet user). [`Sandbox::fail_next`] provokes them on any route, by operation id. Nobody has
//! published the others, so **these numbers are made up here and mean nothing to the real
//! gateway**:
//!
//! | code | refused because |
//! | --- | --- |
//! | 990001 | a header is missing, the app id is unknown, or the signature does not match |
//! | 990002 | the timestamp is more than 120 seconds off, or not ten digits |
//! | 990003 | the body or a field of it breaks a rule, or has too many decimals |
//! | 990004 | the `merchant_order_id` was used before |
//! | 990005 | there is too little money |
//! | 990006 | there is no such token, coin, chain or route |
//! | 990007 | any other rule, limit or setting forbids it |
//! | 990008 | notifications were asked for again twice in a minute, or 26 times in a day |
//!
//! What else v1 leaves open, and what the sandbox does:
//!
//! - A second call with a used `merchant_order_id` is refused (990004), even if it says the same.
//!   Orders share their ids with orders and invoices of v2, withdrawals with those of v2; an order
//!   and a withdrawal may have the same one.
//! - `get_order_info` knows what was made through v1, leaves out unknown ids, and refuses a list
//!   that names orders and withdrawals (990003). The look-ups of v2 find what was made through v1,
//!   too.
//! - Orders have the status words of the table, from `Awaiting payment` to `Overpayment(Overdue)`;
//!   they and `trade_list` go by confirmed payments, and `Overdue` by a payment that came too late.
//! - Where an example and a table have two names for a field of an answer, the sandbox sends both:
//!   `amount` and `product_price`, `nikename` and `nickname`, `network_symbol` and
//!   `network_fee_crypto`, `token_rate` and `rate`.
//! - Notifications come when money has ended up somewhere, as `success` or `failed`, and are done
//!   by HTTP 200 with `success` in lower case. `custom_value` comes back inside `extend`. A payment
//!   that is flagged as risky is not announced, because v1 has no word for it.
//! - A target that is a number or has an `@` is a Cwallet account; one that does not exist is
//!   224083. Withdrawals to a chain are held to the limits of its network, although one page knows
//!   no minimum.
//! - Payments to the permanent address of a user are the merchant's: v1 knows no balance of users.
//! - `denominated_currency` is a currency such as `USD`, or `token`, in any letter case; two
//!   decimals are counted by value. `resend_webhooks` answers with an empty object.
//! - `amount` and `valid_timestamp`, which old clients send to `get_checkout_url`, are ignored.
//! - `get_assets` takes the id of a coin or of one of its tokens.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod api;
mod bad_response;
mod clock;
mod doubled;
mod gateway;
mod http_admin;
mod in_process;
mod listener;
mod model;
mod ops;
mod reading;
mod routes;
mod rules;
mod schema;
mod schema_errors;
mod server;
mod sign;
mod socket_faults;
mod state;
mod templates;
#[cfg(feature = "tls")]
mod tls;

pub use api::builder::SandboxBuilder;
pub use api::sandbox::Sandbox;
pub use in_process::Exchange;
pub use model::error::SandboxError;
pub use model::fault::{BadResponse, Fault};
pub use model::ledger::{Entry, EntryKind, Ledger, Posting};
pub use model::request_log::{LoggedRequest, SigningReport};
pub use model::settings::{AddressKind, RecordSpelling, RetrySchedule, Setting};
pub use model::views::{
    DeliveryAttempt, DepositView, IncomingPayment, Notification, Payment, PayoutView, PickedCoin,
    RequestView,
};
pub use model::warning::RequestWarning;
pub use server::Server;
pub use socket_faults::ByteStream;
#[cfg(feature = "tls")]
pub use tls::Tls;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
