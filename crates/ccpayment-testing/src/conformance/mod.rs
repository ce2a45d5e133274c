//! The contract of [`Transport`], as tests for yours.
//!
//! [`transport_conformance!`](crate::transport_conformance) makes a `#[test]` of each property, in
//! three tiers:
//!
//! - `message`, for every transport and everything around one: bytes and headers go out and come
//!   back as they are, once; limits and deadlines hold; an error says whether the request may have
//!   arrived.
//! - `socket`, for what opens connections: no redirect is followed, nothing is repeated after a
//!   reset or on a connection that was kept too long, nothing is decompressed, and every way in
//!   which HTTP can break has the right class. The peer is a real server on loopback.
//! - `keep_alive`, for what uses a connection again, which no transport has to do. The peer also
//!   serves a transport that sends `Connection: close` and reads to the end.
//!
//! A test that fails begins with what the transport has to do.
//!
//! ```
//! # mod example {
//! use ccpayment_client::{read_body, transport_fn, Exchange, TransportError};
//! use ccpayment_testing::conformance::{Peer, PeerError};
//! use ccpayment_testing::transport_conformance;
//!
//! # use ccpayment_testing::FakeTransport as MyTransport;
//! // One that opens connections gets two tiers, and the third if it keeps them.
//! mod mine {
//!     use super::*;
//!     transport_conformance!(message, |_| MyTransport::new());
//!     transport_conformance!(socket, |_| MyTransport::new());
//!     transport_conformance!(keep_alive, |_| MyTransport::new());
//! }
//!
//! // One that reaches its peer in some other way asks it.
//! mod in_process {
//!     use super::*;
//!     transport_conformance!(message, |peer: &Peer| {
//!         let peer = peer.clone();
//!         transport_fn(move |exchange: Exchange| {
//!             let peer = peer.clone();
//!             async move {
//!                 let answer = peer.answer(exchange.request).await.map_err(|error| match error {
//!                     PeerError::Unreachable => TransportError::NotSent(error.into()),
//!                     other => TransportError::MaybeSent(other.into()),
//!                 })?;
//!                 read_body(answer, exchange.max_response_bytes).await
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

mod keep_alive;
mod message;
mod peer;
mod server;
mod socket;

use std::any::Any;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use ccpayment_client::{Exchange, Transport, TransportError};
use futures_util::future::{Either, select};
use http::{Request, Response};

pub use peer::{Peer, PeerBody, PeerError};
use server::{Log, Server};

/// The deadline of calls that shall miss it.
const SHORT: Duration = Duration::from_millis(250);

/// The deadline of all others. A good transport needs a part of it, and each failure may wait for it.
const LONG: Duration = Duration::from_secs(10);

/// No property takes as long as this, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a transport is driven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Driver {
    /// On one thread, in a tokio runtime. The caller gives up at [`Exchange::timeout`].
    Tokio,
    /// By a thread that the transport blocks, without any runtime. It has to hold to
    /// [`Exchange::timeout`] by itself.
    Blocking,
}

/// A transport under test, and its peer.
struct Rig {
    transport: Box<dyn Transport>,
    driver: Driver,
    peer: Peer,
}

fn call_to(address: SocketAddr, body: impl Into<Bytes>) -> Exchange {
    let request = Request::post(format!("http://{address}/ccpayment/v2/getCoin"))
        .header("appid", "an-app-id")
        .header("timestamp", "1677152720")
        .header("sign", "a-signature")
        .header("content-type", "application/json; charset=utf-8")
        .header("x-twice", "1")
        .header("x-twice", "2")
        .body(body.into())
        .expect("it is a request");
    let mut exchange = Exchange::new(request, "getCoin");
    exchange.timeout = LONG;
    exchange
}

impl Rig {
    fn exchange(&self, body: impl Into<Bytes>) -> Exchange {
        call_to(self.peer.address, body)
    }

    /// Sends as a client does, which stops waiting by itself.
    async fn send(&self, exchange: Exchange) -> Result<Response<Bytes>, TransportError> {
        let after = exchange.timeout;
        let answer = self.transport.send(exchange);
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

    /// Waits for something at the server, and lets the transport work between its calls. False,
    /// when it takes too long.
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

struct Property {
    name: &'static str,
    /// What a transport has to do, in a sentence.
    expected: &'static str,
    holds: fn(Rig) -> Pin<Box<dyn Future<Output = ()>>>,
}

/// Checks one property of one transport.
///
/// # Panics
///
/// When the property does not hold, with a text that begins with what the transport has to do; or
/// when there is none of that name.
pub fn check<T: Transport + 'static>(
    tier: &str,
    property: &str,
    driver: Driver,
    build: impl FnOnce(&Peer) -> T + Send + 'static,
) {
    let properties = match tier {
        "message" => MESSAGE,
        "socket" => SOCKET,
        "keep_alive" => KEEP_ALIVE,
        _ => panic!("no tier {tier}"),
    };
    let property = (properties.iter())
        .find(|known| known.name == property)
        .unwrap_or_else(|| panic!("no property {property} in tier {tier}"));
    let (expected, holds) = (property.expected, property.holds);
    let (done, is_done) = channel();
    let running = thread::spawn(move || {
        run(driver, async {
            let peer = Peer::start();
            let transport = Box::new(build(&peer));
            holds(Rig {
                transport,
                driver,
                peer,
            })
            .await;
        });
        let _ = done.send(());
    });
    match is_done.recv_timeout(PATIENCE) {
        Err(RecvTimeoutError::Timeout) => panic!("{expected} It hangs."),
        // It panicked where nothing is sent.
        _ => {
            if let Err(panic) = running.join() {
                panic!("{expected} What happened: {}", text(&*panic));
            }
        }
    }
}

fn text(panic: &(dyn Any + Send)) -> &str {
    let literal = panic.downcast_ref::<&str>().copied();
    let formatted = panic.downcast_ref::<String>().map(String::as_str);
    literal.or(formatted).unwrap_or("a panic without a text")
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
/// The first argument is the tier, `message`, `socket` or `keep_alive`; the second a closure without
/// captures that makes the transport. It gets a [`Peer`](crate::conformance::Peer), which is only for
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
    (keep_alive, $build:expr) => {
        $crate::transport_conformance!(@ keep_alive, __keep_alive_properties, Tokio, $build);
    };
    (blocking message, $build:expr) => {
        $crate::transport_conformance!(@ message, __message_properties, Blocking, $build);
    };
    (blocking socket, $build:expr) => {
        $crate::transport_conformance!(@ socket, __socket_properties, Blocking, $build);
    };
    (blocking keep_alive, $build:expr) => {
        $crate::transport_conformance!(@ keep_alive, __keep_alive_properties, Blocking, $build);
    };
    (@ $tier:ident, $properties:ident, $driver:ident, $build:expr) => {
        mod $tier {
            #[allow(unused_imports, reason = "what the closure names")]
            use super::*;
            $crate::$properties!($driver, $build);
        }
    };
}

/// The properties of a tier, listed once for the table here and for the tests there. One that is
/// left out is dead code.
macro_rules! tier {
    ($dollar:tt $table:ident $tier:ident $properties:ident: $($name:ident: $expected:literal)*) => {
        const $table: &[Property] = &[$(Property {
            name: stringify!($name),
            expected: $expected,
            holds: |rig| Box::pin($tier::$name(rig)),
        }),*];

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
    the_request_arrives_as_it_was_given:
        "The transport has to send method, path, headers and body as they are, once."
    nothing_is_added_to_the_request_that_means_anything:
        "The transport has to add no header but those that HTTP itself needs."
    a_request_without_a_body_stays_without:
        "The transport has to send a request without a body as one, without a transfer coding."
    every_status_is_an_answer:
        "The transport has to give back every status as `Ok`, and to send nothing again."
    the_answer_arrives_as_it_was_given:
        "The transport has to give back the body and the headers of an answer as they are."
    an_answer_at_the_limit_passes_and_one_byte_more_is_refused:
        "The transport has to let `max_response_bytes` pass, and to report more as `TooLarge`."
    an_endless_answer_is_refused_and_not_kept:
        "The transport has to call an endless answer `TooLarge`, and to keep none of it."
    what_reached_nobody_was_not_sent:
        "The transport has to report `NotSent` where it gets no connection."
    what_broke_after_the_request_may_have_been_sent_and_is_not_repeated:
        "The transport has to leave it in doubt when the connection breaks after the request, and \
         to send nothing again."
    a_silent_peer_is_given_up_at_the_deadline_and_the_next_call_is_answered:
        "The transport has to end a call at its deadline, in doubt, and to carry the next one."
    calls_at_once_are_all_sent_once:
        "The transport has to carry calls at the same time, and to send each once."
    no_error_and_no_debug_output_has_the_signature:
        "The transport has to show no signature and no body in its errors."
}

tier! { $ SOCKET socket __socket_properties:
    the_request_on_the_wire_has_one_host_and_one_length:
        "The transport has to send one `Host` and one `Content-Length`, and no transfer coding, \
         `Expect`, `Accept-Encoding` or `Upgrade`."
    no_redirect_is_followed:
        "The transport has to give back a redirect as an answer, and not to follow it."
    nothing_is_decompressed:
        "The transport has to give back a compressed body as it came."
    a_connection_that_the_server_gives_up_is_not_used_again:
        "The transport has to take another connection after an answer with `Connection: close`."
    an_interim_answer_is_not_the_answer:
        "The transport has to pass over an interim answer (1xx)."
    a_refused_connection_has_sent_nothing:
        "The transport has to report `NotSent` where nobody listens."
    a_connection_closed_before_the_request_is_no_answer:
        "The transport has to send nothing again when the connection closes before the request."
    a_reset_during_the_request_may_have_sent_it:
        "The transport has to report `MaybeSent` when the connection breaks during the request, \
         and to send nothing again."
    a_reset_after_the_request_may_have_sent_it:
        "The transport has to report `MaybeSent` when the connection breaks after the request, \
         and to send nothing again."
    a_reset_within_the_answer_may_have_sent_the_request:
        "The transport has to report `MaybeSent` when the connection breaks within the answer, \
         and to send nothing again."
    an_answer_that_breaks_off_or_is_none_may_have_sent_the_request:
        "The transport has to leave it in doubt when the answer is cut or malformed, and to send \
         nothing again."
    a_kept_connection_that_was_closed_is_replaced_or_an_honest_error:
        "The transport has to carry a call on another connection when the one it kept was closed, \
         or to fail without sending it."
    an_answer_that_nobody_asked_for_is_nobodys:
        "The transport has to take nothing that came unasked for the answer to the next request."
    what_was_refused_is_not_read_as_the_next_answer:
        "The transport has to take no rest of an answer for the answer to the next request."
    a_silent_server_is_given_up_in_time_and_the_connection_closed:
        "The transport has to close the connection of a call that missed its deadline."
    a_server_that_takes_nothing_is_given_up_in_time:
        "The transport has to end a call at its deadline, also while it sends."
}

tier! { $ KEEP_ALIVE keep_alive __keep_alive_properties:
    a_connection_is_kept_and_used_again:
        "A transport that keeps connections has to use one again after a whole answer."
    a_kept_connection_that_breaks_under_the_next_request_is_not_tried_again:
        "A transport that keeps connections has to report `MaybeSent` when one breaks under a \
         request, and to send nothing again."
}
