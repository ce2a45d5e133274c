//! What every [`Transport`] has to hold, as tests for yours.
//!
//! [`transport_conformance!`](crate::transport_conformance) makes a `#[test]` of each property, in
//! two tiers:
//!
//! - `message`, for every transport and everything around one: bytes and headers go out and come
//!   back as they are, once; limits and deadlines hold; an error says whether the request may have
//!   arrived.
//! - `socket`, for what opens connections: no redirect is followed, nothing is repeated after a
//!   reset or on a connection that was kept too long, nothing is decompressed, and every way in
//!   which HTTP can break has the right class. The peer is a real server on loopback.
//!
//! ```
//! # mod example {
//! use ccpayment_client::{read_body, transport_fn, Call, TransportError};
//! use ccpayment_testing::conformance::{Broken, Peer};
//! use ccpayment_testing::transport_conformance;
//!
//! # use ccpayment_testing::FakeTransport as MyTransport;
//! // One that opens connections gets both tiers.
//! mod mine {
//!     use super::*;
//!     transport_conformance!(message, |_| MyTransport::new());
//!     transport_conformance!(socket, |_| MyTransport::new());
//! }
//!
//! // One that reaches its peer in some other way asks it.
//! mod in_process {
//!     use super::*;
//!     transport_conformance!(message, |peer: &Peer| {
//!         let peer = peer.clone();
//!         transport_fn(move |call: Call| {
//!             let peer = peer.clone();
//!             async move {
//!                 let answer = peer.answer(call.request).await.map_err(|broken| match broken {
//!                     Broken::Unreachable => TransportError::NotSent(broken.into()),
//!                     other => TransportError::MaybeSent(other.into()),
//!                 })?;
//!                 read_body(answer, call.max_response_bytes).await
//!             }
//!         })
//!     });
//! }
//! # }
//! ```

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "this is the inside of tests, which fail by panicking"
)]

mod message;
mod peer;
mod server;
mod socket;

use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use ccpayment_client::{Call, Transport, TransportError};
use futures_util::future::{Either, select};
use http::{Request, Response};

pub use peer::{Broken, Peer, PeerBody};
use server::{Log, Server};

/// The deadline of calls that shall miss it.
const SHORT: Duration = Duration::from_millis(250);

/// No property takes as long as this, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a transport is driven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Driver {
    /// On one thread, in a tokio runtime; whoever waits gives up at [`Call::timeout`].
    Tokio,
    /// By a thread that the transport blocks, without any runtime. It has to hold to
    /// [`Call::timeout`] by itself.
    Blocking,
}

/// A transport under test and whoever is at its other end.
struct Rig {
    transport: Box<dyn Transport>,
    driver: Driver,
    peer: Peer,
}

fn call_to(address: SocketAddr, body: impl Into<Bytes>) -> Call {
    let request = Request::post(format!("http://{address}/ccpayment/v2/getCoin"))
        .header("appid", "an-app-id")
        .header("timestamp", "1677152720")
        .header("sign", "a-signature")
        .header("content-type", "application/json; charset=utf-8")
        .header("x-twice", "1")
        .header("x-twice", "2")
        .body(body.into())
        .expect("it is a request");
    Call::new(request, "getCoin")
}

impl Rig {
    fn call(&self, body: impl Into<Bytes>) -> Call {
        call_to(self.peer.address, body)
    }

    /// As a client does it, which stops waiting by itself.
    async fn send(&self, call: Call) -> Result<Response<Bytes>, TransportError> {
        let after = call.timeout;
        let answer = self.transport.send(call);
        match self.driver {
            Driver::Blocking => answer.await,
            Driver::Tokio => {
                #[allow(clippy::disallowed_methods, reason = "sockets are in real time")]
                let deadline = pin!(tokio::time::sleep(after));
                match select(answer, deadline).await {
                    Either::Left((answer, _)) => answer,
                    Either::Right(((), _)) => Err(TransportError::TimedOut { after }),
                }
            }
        }
    }

    /// Waits for something at the server's, and lets the transport do what it does behind its
    /// calls. False, when it takes too long.
    async fn wait(&self, server: &Server, holds: impl Fn(&Log) -> bool + Send + 'static) -> bool {
        let server = server.clone();
        match self.driver {
            Driver::Blocking => server.wait(holds),
            Driver::Tokio => {
                let held = tokio::task::spawn_blocking(move || server.wait(holds)).await;
                // The runtime looks at its sockets before it sleeps, not before it goes on.
                #[allow(clippy::disallowed_methods, reason = "sockets are in real time")]
                tokio::time::sleep(SHORT / 10).await;
                held.expect("it does not panic")
            }
        }
    }
}

type Property = fn(Rig) -> Pin<Box<dyn Future<Output = ()>>>;

/// Holds one transport to one property.
///
/// # Panics
///
/// When the property does not hold, or when there is none of that name.
pub fn check<T: Transport + 'static>(
    tier: &str,
    property: &str,
    driver: Driver,
    build: impl FnOnce(&Peer) -> T + Send + 'static,
) {
    let properties = match tier {
        "message" => MESSAGE,
        "socket" => SOCKET,
        _ => panic!("no tier {tier}"),
    };
    let (_, property) = (properties.iter())
        .find(|(name, _)| *name == property)
        .unwrap_or_else(|| panic!("no property {property} in tier {tier}"));
    let (done, is_done) = channel();
    let running = thread::spawn(move || {
        run(driver, async {
            let peer = Peer::start();
            let transport = Box::new(build(&peer));
            property(Rig {
                transport,
                driver,
                peer,
            })
            .await;
        });
        let _ = done.send(());
    });
    match is_done.recv_timeout(PATIENCE) {
        Err(RecvTimeoutError::Timeout) => panic!("it hangs"),
        // It panicked where nothing is sent.
        _ => {
            if let Err(panic) = running.join() {
                std::panic::resume_unwind(panic);
            }
        }
    }
}

fn run(driver: Driver, property: impl Future<Output = ()>) {
    match driver {
        Driver::Blocking => pollster::block_on(property),
        Driver::Tokio => tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("there are resources for it")
            .block_on(property),
    }
}

/// Makes a `#[test]` of each property of a tier, in a module of the tier's name.
///
/// The first argument is the tier, `message` or `socket`; the second a closure without captures
/// that makes the transport. It gets a [`Peer`](crate::conformance::Peer), which is only for
/// transports that don't open a socket to where the call goes. With `blocking` before the tier
/// there is no async runtime. See [`conformance`](crate::conformance).
#[macro_export]
macro_rules! transport_conformance {
    (message, $build:expr) => {
        $crate::transport_conformance!(@ message, __message_properties, Tokio, $build);
    };
    (socket, $build:expr) => {
        $crate::transport_conformance!(@ socket, __socket_properties, Tokio, $build);
    };
    (blocking message, $build:expr) => {
        $crate::transport_conformance!(@ message, __message_properties, Blocking, $build);
    };
    (blocking socket, $build:expr) => {
        $crate::transport_conformance!(@ socket, __socket_properties, Blocking, $build);
    };
    (@ $tier:ident, $properties:ident, $driver:ident, $build:expr) => {
        mod $tier {
            #[allow(unused_imports, reason = "what the closure names")]
            use super::*;
            $crate::$properties!($driver, $build);
        }
    };
}

/// The names of a tier, once: for the table here and for the tests there. One that is left out is
/// dead code.
macro_rules! tier {
    ($dollar:tt $table:ident $tier:ident $properties:ident: $($name:ident)*) => {
        const $table: &[(&str, Property)] =
            &[$((stringify!($name), |rig| Box::pin($tier::$name(rig)))),*];

        #[doc(hidden)]
        #[macro_export]
        macro_rules! $properties {
            ($dollar driver:ident, $dollar build:expr) => {
                $(#[test]
                fn $name() {
                    $crate::conformance::check(
                        stringify!($tier),
                        stringify!($name),
                        $crate::conformance::Driver::$dollar driver,
                        $dollar build,
                    );
                })*
            };
        }
    };
}

tier! { $ MESSAGE message __message_properties:
    the_request_arrives_as_it_was_given
    nothing_is_added_to_the_request_that_means_anything
    a_request_without_a_body_stays_without
    every_status_is_an_answer
    the_answer_arrives_as_it_was_given
    an_answer_at_the_limit_passes_and_one_byte_more_is_refused
    an_endless_answer_is_refused_and_not_kept
    what_reached_nobody_was_not_sent
    what_broke_after_the_request_may_have_been_sent_and_is_not_repeated
    a_silent_peer_is_given_up_at_the_deadline_and_the_next_call_is_answered
    calls_at_once_are_all_sent_once
    no_error_and_no_debug_output_has_the_signature
}

tier! { $ SOCKET socket __socket_properties:
    the_request_on_the_wire_has_one_host_and_one_length
    no_redirect_is_followed
    nothing_is_decompressed
    a_connection_is_kept_and_used_again
    a_connection_that_the_server_gives_up_is_not_used_again
    an_interim_answer_is_not_the_answer
    a_refused_connection_has_sent_nothing
    a_connection_closed_before_the_request_is_no_answer
    a_reset_during_the_request_may_have_sent_it
    a_reset_after_the_request_may_have_sent_it
    a_reset_within_the_answer_may_have_sent_the_request
    an_answer_that_breaks_off_or_is_none_may_have_sent_the_request
    a_kept_connection_that_breaks_under_the_next_request_is_not_tried_again
    a_kept_connection_that_was_closed_is_replaced_or_an_honest_error
    an_answer_that_nobody_asked_for_is_nobodys
    what_was_refused_is_not_read_as_the_next_answer
    a_silent_server_is_given_up_in_time_and_the_connection_closed
    a_server_that_takes_nothing_is_given_up_in_time
}
