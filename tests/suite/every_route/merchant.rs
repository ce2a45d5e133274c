//! A merchant who calls over a socket, in one of two ways, and checks what comes back.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use ccpayment::{
    AppId, AppSecret, Client, Credentials, Exchange, ReqwestTransport, Transport, TransportError,
    Version,
};
use ccpayment_sandbox::{Sandbox, Server, Setting};
use ccpayment_testing::SandboxClock;
use ccpayment_tests::typed::Typed;
use ring::{digest, hmac};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::schema::versions;

pub(crate) const APP_ID: &str = "every-route-app1";
const SECRET: &str = "every-route-secret";
pub(crate) const START: u64 = 1_767_225_600;

/// Who makes the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// `Client::send` of the route's own type, over reqwest.
    Client,
    /// Text on a socket, signed by ring: none of our crates.
    Hand,
}

/// A merchant with money, whose chains move by hand.
pub(crate) fn sandbox() -> Sandbox {
    Sandbox::builder()
        .strict()
        .app(APP_ID, SECRET)
        .seed(11)
        .start_time(START)
        .setting(Setting::ManualChain(true))
        .balance(1280, "1000")
        .balance(1329, "1000")
        .build()
        .unwrap()
}

/// Keeps the bytes that came over the wire, because the types change them before we see them.
struct Kept(ReqwestTransport, Arc<Mutex<Bytes>>);

#[async_trait]
impl Transport for Kept {
    async fn send(&self, exchange: Exchange) -> Result<http::Response<Bytes>, TransportError> {
        let answer = self.0.send(exchange).await?;
        *self.1.lock().unwrap() = answer.body().clone();
        Ok(answer)
    }
}

pub(crate) struct Merchant {
    pub(crate) sandbox: Sandbox,
    version: Version,
    by: By,
    story: &'static str,
    server: Server,
    client: Client,
    last: Arc<Mutex<Bytes>>,
    called: BTreeSet<(Version, &'static str)>,
}

impl Merchant {
    pub(crate) async fn new(version: Version, by: By, story: &'static str) -> Self {
        let sandbox = sandbox();
        let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
        let server = sandbox.serve(any_port).await.unwrap();
        let last = Arc::default();
        let transport = Kept(ReqwestTransport::new().unwrap(), Arc::clone(&last));
        let credentials = Credentials::new(AppId::new(APP_ID), AppSecret::new(SECRET)).unwrap();
        let client = Client::new(credentials, transport)
            .with_origin(server.origin().parse().unwrap())
            // A user's money goes to the merchant in one of the stories.
            .with_app_id_as_user(true)
            .with_clock(SandboxClock::new(&sandbox));
        Self {
            sandbox,
            version,
            by,
            story,
            server,
            client,
            last,
            called: BTreeSet::new(),
        }
    }

    /// The data of a call that succeeds, as the document describes it.
    pub(crate) async fn call(&mut self, route: &str, body: Value) -> Value {
        let place = format!("{route}, by {:?} in the story of {}", self.by, self.story);
        let (typed, document) = versions()
            .find(|(typed, _)| (typed.route.version, typed.route.name) == (self.version, route))
            .unwrap_or_else(|| panic!("no such route: {place}"));
        let answer = match self.by {
            By::Client => {
                let written = (typed.call)(&self.client, &body).await;
                written.unwrap_or_else(|error| panic!("{place}: {error:?}"));
                self.last.lock().unwrap().clone()
            }
            By::Hand => self.by_hand(typed, &body).await,
        };
        let mut envelope: Value = serde_json::from_slice(&answer).unwrap();
        assert_eq!(envelope["code"], 10_000, "{place}: {envelope}");
        assert_eq!(envelope["msg"], "success", "{place}");
        let data = envelope["data"].take();
        let (schema, _) = document.response(typed);
        let checked = document.closed_validator(schema).validate(&data);
        checked.unwrap_or_else(|error| panic!("{place}: {error} in {data}"));
        // Nobody knows the answer of this one.
        if route != "resend_webhooks" {
            has_something(&place, &data);
        }
        self.called.insert((typed.route.version, typed.route.name));
        data
    }

    async fn by_hand(&self, typed: &Typed, body: &Value) -> Bytes {
        let (route, body) = (typed.route, body.to_string());
        let timestamp = self.sandbox.now().to_string();
        let sign = match route.version {
            Version::V1 => {
                let text = [APP_ID, SECRET, &timestamp, &body].concat();
                hex(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
            }
            _ => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
                let text = [APP_ID, &timestamp, &body].concat();
                hex(hmac::sign(&key, text.as_bytes()).as_ref())
            }
        };
        let request = format!(
            "POST {} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\nAppid: {APP_ID}\r\n\
             Timestamp: {timestamp}\r\nSign: {sign}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            route.path,
            body.len(),
        );
        let mut stream = TcpStream::connect(self.server.addr()).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 "), "{}: {head}", route.name);
        Bytes::from(body.to_owned())
    }

    /// Checks that the books balance; returns the routes that were called.
    pub(crate) async fn close(self) -> BTreeSet<(Version, &'static str)> {
        assert!(self.sandbox.ledger().is_balanced(), "{}", self.story);
        self.server.shutdown().await;
        self.called
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Lists of answers that are empty if all went well.
const MAY_BE_EMPTY: [&str; 3] = ["canceledOrderIds", "ignoredOrderIds", "refund_list"];

fn has_something(place: &str, data: &Value) {
    if let Some(items) = data.as_array() {
        assert!(!items.is_empty(), "{place}: nothing");
        items.iter().for_each(|item| has_something(place, item));
        return;
    }
    let fields = data.as_object().unwrap();
    assert!(!fields.is_empty(), "{place}: nothing");
    for (name, value) in fields {
        let is_empty = *value == json!([]) || *value == json!({}) || *value == json!(0);
        let may_be = MAY_BE_EMPTY.contains(&name.as_str()) || name == "ignoredSeqs";
        assert!(
            !is_empty || may_be,
            "{place}: `{name}` has nothing in {data}"
        );
    }
}

/// A text in an answer.
pub(crate) fn text(data: &Value, pointer: &str) -> String {
    let found = data.pointer(pointer).and_then(Value::as_str);
    found
        .unwrap_or_else(|| panic!("no {pointer} in {data}"))
        .to_owned()
}
