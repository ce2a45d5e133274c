//! A local CCPayment gateway to develop and test against without an account.
//!
//! A [`Sandbox`] answers every route of the v2 API and of the older v1 as the gateway would: it
//! checks signatures and bodies, refuses with the documented codes, hands out addresses, keeps
//! double-entry books that must balance after every posting, and delivers signed notifications on
//! the documented schedule.
//! What a merchant can't do is done by calls: money arrives ([`Sandbox::pay`]), the chain confirms
//! ([`Sandbox::confirm`]), time passes ([`Sandbox::advance`]), the line fails ([`Sandbox::fault`]).
//! It is the second, independent reading of the API, so it shares no code with the SDK beside it.
//!
//! ```
//! use bytes::Bytes;
//! use ccpayment_sandbox::Sandbox;
//! use serde_json::{Value, json};
//!
//! /// One signed request, in process; `Sandbox::serve` does the same on a socket.
//! async fn call(sandbox: &Sandbox, route: &str, body: Value) -> Value {
//!     let body = body.to_string();
//!     let mut request = http::Request::post(format!("/ccpayment/v2/{route}"))
//!         .header("Content-Type", "application/json");
//!     for (name, value) in sandbox.sign_notification(body.as_bytes()) {
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
//! // ... the payer pays, the chain confirms ...
//! let payment = sandbox.pay(address, "20")?;
//! sandbox.confirm(&payment.record_id)?;
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
//! # What it knows
//!
//! | coin | id | chains |
//! | --- | --- | --- |
//! | LINK | 1207 | ETH, BSC |
//! | USDT | 1280 | POLYGON, ETH, BSC, TRX |
//! | MATIC | 1329 | POLYGON, ETH, BSC |
//! | TRX | 1482 | TRX |
//! | XRP (needs a memo) | 1486 | XRP |
//! | TETH | 1891 | ETH_SEPOLIA |
//!
//! Orders can be priced in US dollars (`fiatId` 1033) at fixed rates.
//!
//! # What it decides where the API is silent
//!
//! - Decimals are counted in the text, trailing zeros included: `1.0000000` has seven of them, and
//!   a coin with a precision of six refuses it (14013). A price with too many decimals is 14013, too.
//! - A coin price finer than its chain can carry is rounded up to what can be paid.
//! - An empty optional text counts as absent.
//! - A `Timestamp` that is not ten digits is 11006; a body that is not sent as `application/json`
//!   is 11001.
//! - Network fees are charged in the withdrawn coin. A withdrawal is announced once, when it ends.
//! - Retries of notifications go by offsets from the first attempt.
//! - Nothing is checked about an address beyond its form, so made-up ones have no valid checksum.
//!
//! # RSA
//!
//! With [`SandboxBuilder::rsa_public_key`] requests of v2 may be signed with the merchant's RSA key
//! (PKCS#1 v1.5 over SHA-256, in base64), with [`SandboxBuilder::rsa_only`] they must be, and with
//! [`SandboxBuilder::notification_key`] notifications of v2 are. v1 knows its digest alone.
//!
//! # The older API
//!
//! The 14 routes below `/ccpayment/v1/` work on the same coins, balances and books. Whatever was made
//! through v1 is announced in the words of v1: `API Deposit`, `Direct Deposit` and `API Withdrawal`,
//! and what begins on a dashboard by calls: `Invoice` ([`Sandbox::dashboard_invoice`]) and `Refund`
//! ([`Sandbox::refund`]). Answers and notifications are signed with the digest, failures included.
//! Coins and tokens have made-up UUIDs that never change ([`Sandbox::v1_token_id`]).
//!
//! Three codes of v1 are established: 10000, 224066 (a fault of the gateway) and 224083 (no such
//! Cwallet user). [`Sandbox::instruct`] provokes them on any route, by operation id. Nobody has
//! published the others, so **these numbers are made up here and mean nothing to the real gateway**:
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
//! - `get_order_info` knows what was made through v1, leaves out unknown ids, and refuses a list that
//!   names orders and withdrawals (990003). The look-ups of v2 find what was made through v1, too.
//! - Orders have the status words of the table, from `Awaiting payment` to `Overpayment(Overdue)`;
//!   they and `trade_list` go by confirmed payments, and `Overdue` by a payment that came too late.
//! - Where an example and a table have two names for a field, the sandbox sends that of the example:
//!   `amount`, `nikename`, `network_symbol`, `network_crypto`.
//! - Notifications come when money has ended up somewhere, as `success` or `failed`, and are done by
//!   HTTP 200 with `success` in lower case. `custom_value` comes back inside `extend`. A payment that
//!   is flagged as risky is not announced, because v1 has no word for it.
//! - A target that is a number or has an `@` is a Cwallet account; one that does not exist is 224083.
//!   Withdrawals to a chain are held to the limits of its network, although one page knows no minimum.
//! - Payments to the permanent address of a user are the merchant's: v1 knows no balance of users.
//! - `denominated_currency` is `USD`, `DKK` or `token`, in any letter case; two decimals are counted
//!   by value. `resend_webhooks` answers with an empty object.
//! - `amount` and `valid_timestamp`, which old clients send to `get_checkout_url`, are ignored.

mod addresses;
mod assets;
mod auth;
mod batch_rows;
mod batch_transfers;
mod batches;
mod builder;
mod calendar;
mod catalogue;
mod chains;
mod checks;
mod clock;
mod coins;
mod courier;
mod deposits;
mod error;
mod fault;
mod fields;
mod gateway;
mod ids;
mod invoices;
mod ledger;
mod money;
mod notices;
mod ops;
mod orders;
mod outbox;
mod pages;
mod payout_records;
mod payouts;
mod refusal;
mod routes;
mod rsa;
mod sandbox;
mod schema;
mod server;
mod settings;
mod shelf;
mod state;
mod swaps;
mod transfers;
mod users;
mod utility;
mod v1;
mod views;

pub use builder::SandboxBuilder;
pub use error::SandboxError;
pub use fault::Fault;
pub use ledger::{Entry, EntryKind, Ledger, Posting};
pub use sandbox::Sandbox;
pub use server::Server;
pub use settings::{AddressKind, Retries, Setting};
pub use views::{Attempt, DepositView, Incoming, Payment, PayoutView, Picked, RequestView};
