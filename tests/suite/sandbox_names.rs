//! Tests that the sandbox notices a mistake in core, on every route that it has: one wrong wire
//! name, or one byte that differs from the signed ones.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use ccpayment::{
    AppId, AppSecret, Client, Credentials, ErrorCode, Exchange, Transport, TransportError, Version,
};
use ccpayment_sandbox::Sandbox;
use ccpayment_testing::{SandboxClock, SandboxTransport};
use ccpayment_tests::sandbox::knows;
use ccpayment_tests::typed::{CallError, Typed};
use serde_json::{Value, json};

use super::arbitrary::one;
use super::schema::{Document, versions};

/// A transport straight into the sandbox, after a change as by a mistake in core.
struct Straight {
    sandbox: SandboxTransport,
    change: Box<dyn Fn(&mut Exchange) + Send + Sync>,
    sent: Arc<Mutex<Bytes>>,
}

#[async_trait]
impl Transport for Straight {
    async fn send(&self, mut exchange: Exchange) -> Result<http::Response<Bytes>, TransportError> {
        (self.change)(&mut exchange);
        *self.sent.lock().unwrap() = exchange.request.body().clone();
        self.sandbox.send(exchange).await
    }
}

struct House {
    sandbox: Sandbox,
    sent: Arc<Mutex<Bytes>>,
}

impl House {
    fn new() -> Self {
        let sandbox = Sandbox::builder()
            .strict()
            .app("app-id", "app-secret")
            .start_time(1_767_225_600)
            .build()
            .unwrap();
        let sent = Arc::default();
        Self { sandbox, sent }
    }

    async fn routes(&self) -> Vec<(&'static Typed, &'static Document)> {
        let mut routes = Vec::new();
        // v1 has refusals of its own.
        for (route, document) in versions().filter(|(it, _)| it.route.version == Version::V2) {
            if knows(&self.sandbox, route.route.path).await {
                routes.push((route, document));
            }
        }
        assert_eq!(routes.len(), ccpayment::v2::ROUTES.len());
        routes
    }

    fn client(&self, change: impl Fn(&mut Exchange) + Send + Sync + 'static) -> Client {
        let credentials =
            Credentials::new(AppId::new("app-id"), AppSecret::new("app-secret")).unwrap();
        let transport = Straight {
            sandbox: SandboxTransport::new(&self.sandbox),
            change: Box::new(change),
            sent: Arc::clone(&self.sent),
        };
        Client::new(credentials, transport).with_clock(SandboxClock::new(&self.sandbox))
    }

    /// The sandbox's answer to the route's own request with other bytes, signed as they are.
    async fn answer(&self, route: &Typed, body: &Value) -> Value {
        let client = self.client(|_| {});
        let name = route.route.name;
        match client.raw(route.route.path, body).await {
            Ok(data) => panic!("{name} takes {body}: {data}"),
            Err(error) => json!([error.code().map(ErrorCode::code), error.message()]),
        }
    }
}

fn code(outcome: Result<Value, CallError>) -> Option<ErrorCode> {
    match outcome {
        Ok(_) => None,
        Err(CallError::Client(error)) => error.code(),
        Err(error) => panic!("{error:?}"),
    }
}

/// A name after a typing error, and after a forgotten or a needless `rename`.
fn misspelt(name: &str) -> [String; 2] {
    let mut letters = name.chars();
    let first = letters.next().unwrap();
    let slip = format!("{first}{name}");
    let humps = |name: &str| name.chars().any(char::is_uppercase);
    let renamed = if humps(name) {
        let spelt = name.chars().map(|letter| match letter {
            'A'..='Z' => format!("_{}", letter.to_ascii_lowercase()),
            other => other.to_string(),
        });
        spelt.collect()
    } else if let Some((before, after)) = name.split_once('_') {
        format!("{before}{}{}", after[..1].to_uppercase(), &after[1..])
    } else {
        format!("{}{}", first.to_uppercase(), letters.as_str())
    };
    [slip, renamed]
}

/// The value with one of its names misspelt, at any depth. Each comes with the right and the wrong
/// name.
fn misspellings(value: &Value) -> Vec<(String, String, Value)> {
    match value {
        Value::Object(fields) => {
            let mut out = Vec::new();
            for (name, inner) in fields {
                for wrong in misspelt(name) {
                    let mut changed = fields.clone();
                    let moved = changed.remove(name).unwrap();
                    changed.insert(wrong.clone(), moved);
                    out.push((name.clone(), wrong, changed.into()));
                }
                for (right, wrong, inner) in misspellings(inner) {
                    let mut changed = fields.clone();
                    changed.insert(name.clone(), inner);
                    out.push((right, wrong, changed.into()));
                }
            }
            out
        }
        Value::Array(items) => {
            let first = items.first().into_iter().flat_map(misspellings);
            first
                .map(|(right, wrong, item)| (right, wrong, json!([item])))
                .collect()
        }
        _ => Vec::new(),
    }
}

#[tokio::test]
#[allow(
    clippy::print_stdout,
    reason = "the count is for whoever reads the log"
)]
async fn a_misspelt_name_is_refused_on_every_route_with_the_right_one() {
    let house = House::new();
    let mut tried = 0;
    for (route, _) in house.routes().await {
        let whole = one(&(route.whole_request)());
        for (right, wrong, body) in misspellings(&whole) {
            let answer = house.answer(route, &body).await;
            let expected =
                format!("`{wrong}` is not a field of this route, did you mean `{right}`?");
            let name = route.route.name;
            assert_eq!(answer[0], 11_000, "{name}: {answer} for {body}");
            let message = answer[1].as_str().unwrap();
            assert!(message.contains(&expected), "{name}: {message} for {wrong}");
            tried += 1;
        }
    }
    println!("{tried} misspelt names were refused");
    assert!(tried > 400, "only {tried}");
}

/// Every name that the document has is sent by the types, and the sandbox knows each of them: so a
/// name that is changed in the types alone is missing or refused here.
#[tokio::test]
async fn the_sandbox_knows_every_name_that_the_types_send() {
    let house = House::new();
    let client = house.client(|_| {});
    for (route, document) in house.routes().await {
        let name = route.route.name;
        let whole = one(&(route.whole_request)());
        let outcome = (route.call)(&client, &whole).await;
        if let Err(CallError::Client(error)) = &outcome {
            let message = error.message().unwrap_or_default();
            assert!(!message.contains("not a field"), "{name}: {message}");
            assert!(!message.contains("is required"), "{name}: {message}");
        }
        assert_ne!(code(outcome), Some(ErrorCode::VerifySignFailed), "{name}");
        let Some((_, schema)) = document.request(route) else {
            continue;
        };
        let sent: Value = serde_json::from_slice(&house.sent.lock().unwrap()).unwrap();
        let sent: BTreeSet<_> = sent.as_object().unwrap().keys().cloned().collect();
        let made: BTreeSet<_> = whole.as_object().unwrap().keys().cloned().collect();
        assert_eq!(sent, made, "{name}");
        let described = schema["properties"].as_object().into_iter().flatten();
        let unsent = described
            .filter(|(field, _)| !sent.contains(*field))
            .count();
        // One of the fields that exclude each other is sent.
        let choice = schema["oneOf"].as_array().map_or(0, |of| of.len() - 1);
        let apart = usize::from(!schema["not"].is_null());
        assert!(unsent <= choice + apart, "{name}: {sent:?}");
    }
}

#[tokio::test]
async fn a_byte_other_than_signed_is_noticed_on_every_route() {
    let house = House::new();
    let at = |place: fn(usize) -> usize| {
        move |exchange: &mut Exchange| {
            let mut body = exchange.request.body().to_vec();
            let place = place(body.len());
            if let Some(byte) = body.get_mut(place) {
                *byte ^= 1;
            } else {
                body.push(b' ');
            }
            *exchange.request.body_mut() = Bytes::from(body);
        }
    };
    let later = |exchange: &mut Exchange| {
        let headers = exchange.request.headers_mut();
        headers.insert("timestamp", "1767225601".parse().unwrap());
    };
    let clients = [
        house.client(at(|_| 0)),
        house.client(at(|length| length / 2)),
        house.client(at(|length| length.saturating_sub(1))),
        house.client(later),
    ];
    for (route, _) in house.routes().await {
        let whole = one(&(route.whole_request)());
        for (place, client) in clients.iter().enumerate() {
            let found = code((route.call)(client, &whole).await);
            let name = route.route.name;
            assert_eq!(found, Some(ErrorCode::VerifySignFailed), "{name} {place}");
        }
    }
    assert!(house.sandbox.ledger().entries().is_empty());
}
