//! Notifications of the v1 API, which is the legacy one.
//!
//! They are signed by v1's digest, have no envelope, and tell themselves apart by `order_type`.
//! Unlike those of v2 they carry amounts, and for a payment to a user's permanent address nothing
//! else does: v1 has no route that reads it back. So an amount is offered only once the gateway
//! calls the payment a success ([`ApiDeposit::paid`] and its like). A payment to an order can be
//! read back, by `get_order_info`: see [`ApiDeposit::confirm_request`].
//!
//! ```
//! use std::time::{Duration, SystemTime};
//!
//! use ccpayment_core::{AppId, AppSecret};
//! use ccpayment_webhook::v1::{Event, Verifier};
//! # use ccpayment_core::{DigestKey, SignText};
//! # let (secret, timestamp) = (AppSecret::new("app-secret"), "1689761532");
//! # let body = br#"{"pay_status":"success","order_type":"Direct Deposit","user_id":"10192128173",
//! #   "record_id":"202307191012191681607895159656448","paid_amount":"666","credit_amount":"665.8002"}"#;
//! # let text = SignText { app_id: "app-id", timestamp, body };
//! # let sign = DigestKey::new(&secret).sign(&text);
//! # let mut headers = http::HeaderMap::new();
//! # headers.insert("Appid", "app-id".parse()?);
//! # headers.insert("Timestamp", timestamp.parse()?);
//! # headers.insert("Sign", sign.as_str().parse()?);
//! # // In the place of `SystemTime::now()`, since the sample was signed long ago.
//! # let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_689_761_540);
//!
//! let verifier = Verifier::new(AppId::new("app-id"), &AppSecret::new("app-secret"));
//! let event = verifier.verify(&headers, body, now)?;
//! if let Event::DirectDeposit(deposit) = event.event() {
//!     if let Some(paid) = deposit.paid() {
//!         // In one transaction with the unique key `event.dedupe_key()`.
//!         println!("{} paid {paid}", deposit.user_id);
//! #       assert_eq!(paid.as_str(), "666");
//!     }
//! }
//! assert_eq!(event.acknowledge().into_response().body(), "success");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod deposits;
mod event;
mod parse;
mod payouts;
mod verifier;

pub use ccpayment_core::v1::PayStatus;
pub use deposits::{ApiDeposit, DepositExtend, DirectDeposit, Invoice, InvoiceExtend};
pub use event::Event;
pub use payouts::{ApiWithdrawal, Refund};
pub use verifier::Verifier;
