//! A transport gives up an endless answer in time.

#![allow(clippy::disallowed_methods, reason = "real sockets are in real time")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use ccpayment::blocking::UreqTransport;
use ccpayment::{Exchange, HyperTransport, ReqwestTransport, Transport};
use http::Uri;
use http::uri::Scheme;
use rustls::{ServerConnection, StreamOwned};

use super::tls::{Issuer, call_to};

const LIMIT: Duration = Duration::from_millis(250);

/// Generous, because a machine may be busy. If nothing bounds what hyper reads at a time, it takes
/// ten seconds.
const AT_MOST: Duration = Duration::from_secs(2);

/// The beginning of an answer, and the text that follows for ever.
const FLOODS: [(&str, &str); 4] = [
    ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "0"),
    (
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1",
        " ",
    ),
    (
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n",
        "x: y\r\n",
    ),
    ("", "HTTP/1.1 100 Continue\r\n\r\n"),
];

fn pour(mut stream: impl Read + Write, begin: &str, then: &str) {
    let flood = then.repeat((1 << 16) / then.len());
    if stream.read(&mut [0; 4_096]).is_ok() && stream.write_all(begin.as_bytes()).is_ok() {
        while stream.write_all(flood.as_bytes()).is_ok() {}
    }
}

fn over_tls(issuer: &Issuer, (begin, then): (&'static str, &'static str)) -> Exchange {
    let config = issuer.server("localhost", false);
    call_to(move |socket| {
        let tls = ServerConnection::new(config.clone()).unwrap();
        std::thread::spawn(move || pour(StreamOwned::new(tls, socket), begin, then));
    })
}

fn plain((begin, then): (&'static str, &'static str)) -> Exchange {
    let mut exchange = call_to(move |socket: TcpStream| {
        std::thread::spawn(move || pour(socket, begin, then));
    });
    let mut parts = exchange.request.uri().clone().into_parts();
    parts.scheme = Some(Scheme::HTTP);
    *exchange.request.uri_mut() = Uri::from_parts(parts).unwrap();
    exchange
}

/// Calls twice, because the abandoned answer may still hold up the next call. It uses one thread,
/// where a task that does not yield also holds up the timer.
fn is_given_up_in_time(name: &str, transport: &dyn Transport, mut exchange: Exchange) {
    exchange.timeout = LIMIT;
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap().block_on(async {
        for _ in 0..2 {
            let began = Instant::now();
            let sent = tokio::time::timeout(LIMIT, transport.send(exchange.clone())).await;
            assert!(!matches!(sent, Ok(Ok(_))), "{name}: {sent:?}");
            assert!(began.elapsed() < AT_MOST, "{name}: {:?}", began.elapsed());
        }
    });
}

#[test]
fn a_flood_over_hyper_is_given_up_in_time() {
    for flood in FLOODS {
        let transport = HyperTransport::new().unwrap();
        is_given_up_in_time("hyper", &transport, plain(flood));
    }
}

/// Over TLS, as with the gateway: without TLS, nothing bounds what hyper reads at a time.
#[test]
fn a_flood_over_reqwest_and_tls_is_given_up_in_time() {
    let issuer = Issuer::new();
    for flood in FLOODS {
        let client = ::reqwest::Client::builder()
            .tls_backend_preconfigured(issuer.client())
            .no_proxy()
            .build();
        let transport = ReqwestTransport::from(client.unwrap());
        is_given_up_in_time("reqwest", &transport, over_tls(&issuer, flood));
    }
}

#[test]
fn a_flood_over_ureq_is_given_up_in_time() {
    for flood in FLOODS {
        let transport = UreqTransport::new().unwrap();
        is_given_up_in_time("ureq", &transport, plain(flood));
    }
}
