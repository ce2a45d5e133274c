//! Signed calls go to no proxy that the environment names.

use std::env;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use bytes::Bytes;
use ccpayment::blocking::UreqTransport;
use ccpayment::{Exchange, HyperTransport, ReqwestTransport, Transport};
use http::Request;

/// The address that the calls go to. A process that has this variable is the child of this test.
const GATEWAY: &str = "CCPAYMENT_TEST_GATEWAY";

#[test]
fn no_transport_takes_a_proxy_from_the_environment() {
    match env::var(GATEWAY) {
        Ok(gateway) => exchange(&gateway),
        Err(_) => call_with_proxies_set(),
    }
}

fn call_with_proxies_set() {
    let gateway = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = gateway.local_addr().unwrap().to_string();
    thread::spawn(move || {
        while let Ok((mut stream, _)) = gateway.accept() {
            let _ = stream.read(&mut [0; 4_096]);
            let answer = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok";
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy_url = format!("http://{}", proxy.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    thread::spawn(move || {
        while let Ok((stream, _)) = proxy.accept() {
            // Counted before the connection is closed, so that it is counted when the child ends.
            count.fetch_add(1, Ordering::SeqCst);
            drop(stream);
        }
    });

    // A process of its own, because its environment would be that of all other tests.
    let mut child = Command::new(env::current_exe().unwrap());
    child.args([
        "--exact",
        "proxies::no_transport_takes_a_proxy_from_the_environment",
    ]);
    child.env(GATEWAY, address);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        child.env(name, &proxy_url);
        child.env(name.to_lowercase(), &proxy_url);
    }
    child.env_remove("NO_PROXY").env_remove("no_proxy");
    // Some libraries ignore `HTTP_PROXY` if this is set, because a web server may then have set it
    // from a request.
    child.env_remove("REQUEST_METHOD");
    let output = child.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let asked = asked.load(Ordering::SeqCst);
    assert_eq!(asked, 0, "the proxy was asked: {said}");
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}"
    );
}

fn exchange(gateway: &str) {
    let transports: [Box<dyn Transport>; 3] = [
        Box::new(ReqwestTransport::new().unwrap()),
        Box::new(HyperTransport::new().unwrap()),
        Box::new(UreqTransport::new().unwrap()),
    ];
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().unwrap().block_on(async {
        for transport in transports {
            let exchange = |scheme: &str| {
                let request = Request::post(format!("{scheme}://{gateway}/ccpayment/v2/getCoin"));
                Exchange::new(request.body(Bytes::from_static(b"{}")).unwrap(), "getCoin")
            };
            let answer = transport.send(exchange("http")).await.unwrap();
            assert_eq!(&answer.body()[..], b"ok");
            // The gateway has no TLS, so this fails, but it must not reach the proxy.
            transport.send(exchange("https")).await.unwrap_err();
        }
    });
}
