//! Clients whose host can't be changed.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;

use data_encoding::BASE64;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::json;

use crate::support::{Program, folder, request, signed, whole};

const HOSTS: [&str; 4] = ["--tls", "admin.ccpayment.com", "--tls", "ccpayment.com"];

/// What is in a file with one certificate and nothing else.
fn certificate(pem: &str) -> CertificateDer<'static> {
    let body = pem
        .strip_prefix("-----BEGIN CERTIFICATE-----\n")
        .and_then(|rest| rest.strip_suffix("-----END CERTIFICATE-----\n"))
        .unwrap();
    let letters = body.replace('\n', "");
    BASE64.decode(letters.as_bytes()).unwrap().into()
}

/// An answer to `getCoin`, from a client that trusts these certificates and asks for this host.
fn get_coin(
    addr: SocketAddr,
    host: &'static str,
    trusted: Option<CertificateDer<'static>>,
) -> Option<String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(trusted);
    let config = ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(host).unwrap();
    let client = ClientConnection::new(Arc::new(config), name).unwrap();
    let stream = StreamOwned::new(client, TcpStream::connect(addr).unwrap());
    let body = json!({ "coinId": 1280 }).to_string();
    let head = request("POST", host, "/ccpayment/v2/getCoin", &signed(&body), &body);
    whole(stream, &head).map(|(_, answer)| answer)
}

#[test]
fn a_client_that_trusts_the_certificate_reaches_it_by_the_real_name() {
    let file = folder("tls").join("sandbox.pem");
    let path = file.to_str().unwrap();
    let program = Program::start(&[&HOSTS[..], &["--tls-certificate", path]].concat());
    let leaf = certificate(&std::fs::read_to_string(&file).unwrap());
    for host in ["admin.ccpayment.com", "ccpayment.com"] {
        let answer = get_coin(program.addr, host, Some(leaf.clone())).unwrap();
        assert!(answer.contains("\"code\":10000"), "{answer}");
    }
    // Neither for another host, nor for who does not trust it.
    assert_eq!(get_coin(program.addr, "pay.test", Some(leaf)), None);
    assert_eq!(get_coin(program.addr, "ccpayment.com", None), None);
    // Plain HTTP goes on, on the same port.
    assert_eq!(
        program.call("getCoin", &json!({ "coinId": 1280 }))["coin"]["coinId"],
        1280
    );
    // Each start has a certificate of its own: a key that nobody keeps can't be stolen later.
    let first = std::fs::read_to_string(&file).unwrap();
    let again = Program::start(&[&HOSTS[..], &["--tls-certificate", path]].concat());
    let second = std::fs::read_to_string(&file).unwrap();
    assert_ne!(first, second);
    let stale = certificate(&first);
    assert_eq!(get_coin(again.addr, "ccpayment.com", Some(stale)), None);
}

#[test]
fn it_prints_the_certificate_and_never_a_key() {
    let mut process = Command::new(env!("CARGO_BIN_EXE_ccpayment-sandbox"))
        .args(["--listen", "127.0.0.1:0"])
        .args(HOSTS)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    for line in BufReader::new(process.stdout.take().unwrap()).lines() {
        said += &(line.unwrap() + "\n");
        if said.ends_with("-----END CERTIFICATE-----\n") {
            break;
        }
    }
    process.kill().unwrap();
    process.wait().unwrap();
    let start = said.find("-----BEGIN").unwrap();
    certificate(&said[start..]);
    assert!(
        said.contains("https in the name of admin.ccpayment.com, ccpayment.com"),
        "{said}"
    );
    assert!(!said.contains("KEY"), "{said}");
}

#[test]
fn a_file_without_a_host_is_refused() {
    let output = Command::new(env!("CARGO_BIN_EXE_ccpayment-sandbox"))
        .args(["--listen", "127.0.0.1:0", "--tls-certificate", "none.pem"])
        .output()
        .unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        !output.status.success() && error.contains("--tls HOST"),
        "{error}"
    );
}
