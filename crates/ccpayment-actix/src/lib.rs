//! Verified CCPayment notifications as an extractor of actix-web 4.
//!
//! [`Notification`] is the extractor and [`Acknowledged`] the response. A
//! [`Webhook`](webhook::Webhook) in the app's data has the verifier and the limits of size and time:
//!
//! ```
//! use actix_web::{App, web};
//! use ccpayment_actix::webhook::{Verifier, Webhook};
//! use ccpayment_actix::{Acknowledged, Notification};
//!
//! /// A forgery never gets here: it is refused before.
//! async fn notify(Notification(event): Notification) -> Acknowledged {
//!     // Confirm it and do what the decision says, as `ccpayment_webhook` shows. Only then:
//!     Acknowledged(event.acknowledge())
//! }
//!
//! let webhook = Webhook::new(Verifier::new("app-id", "app-secret")?);
//! let receiver = web::resource("/ccpayment").route(web::post().to(notify));
//! let app = App::new().app_data(webhook).service(receiver);
//! # Ok::<(), ccpayment_actix::webhook::ValidationError>(())
//! ```
//!
//! `web::resource` answers other methods with 405. A handler that returns an error sends no
//! acknowledgement, so the gateway sends the notification again.
//!
//! [`webhook`] explains what an event is, and how it leads to a credit. The crate is no feature of
//! the facade `ccpayment`, because actix-web brings over eighty crates and the older `http` 0.2.
//! Both have the same types of `ccpayment-webhook`, whose other features are switched on by
//! depending on it, or on the facade.
//!
//! If a peer is refused while it sends, actix reads on for the `client_disconnect_timeout` of the
//! `HttpServer`, and then cuts the peer off. Leave that timeout at a second or more: below half a
//! second, actix (actix-http 3.19) may never end the wait.
//!
//! # Feature flags
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `v1` | no | `Notification<v1::Event>`: the notifications of the older API |

#![cfg_attr(docsrs, feature(doc_cfg))]

mod body;
mod error;
mod extractor;

pub use ccpayment_webhook as webhook;
pub use error::NotificationError;
pub use extractor::{Acknowledged, Notification};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
