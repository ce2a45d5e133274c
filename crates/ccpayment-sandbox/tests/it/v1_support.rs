//! A merchant of the older API: its digest, its document, and no help from the sandbox.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;

use bytes::Bytes;
use ccpayment_sandbox::{Sandbox, SandboxBuilder};
use http::{Request, Response};
use ring::digest;
use serde_json::{Value, json};

use crate::sent_fields::sent;
use crate::support::{APP_ID, SECRET, START, builder};

/// The path of every operation, which the tests write out a second time on purpose.
const PATHS: [(&str, &str); 14] = [
    ("create_order", "bill/create"),
    ("get_checkout_url", "concise/url/get"),
    ("get_order_info", "bill/info"),
    ("get_permanent_address", "payment/address/get"),
    ("withdraw", "withdraw"),
    ("list_coins", "coin/all"),
    ("get_token_rate", "token/rate"),
    ("get_assets", "assets"),
    ("get_network_fee", "network/fee"),
    ("get_block_height", "get/network/height/info"),
    ("check_user", "check/user"),
    ("resend_webhooks", "webhook/resend"),
    ("list_support_tokens_legacy", "support/token"),
    ("list_token_chains_legacy", "token/chain"),
];

pub(crate) fn digest(parts: &[&[u8]]) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(part);
    }
    let digest = context.finish();
    digest
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

pub(crate) fn sign(timestamp: &str, body: &[u8]) -> String {
    digest(&[
        APP_ID.as_bytes(),
        SECRET.as_bytes(),
        timestamp.as_bytes(),
        body,
    ])
}

/// One schema of the document, on its own.
pub(crate) fn validator(document: &Value, schema: &Value) -> jsonschema::Validator {
    let whole = json!({ "components": document["components"], "allOf": [schema] });
    jsonschema::options()
        .should_validate_formats(true)
        .build(&whole)
        .unwrap()
}

/// An example of the documents.
pub(crate) fn example(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/v1");
    serde_json::from_str(&std::fs::read_to_string(folder.join(name)).unwrap()).unwrap()
}

pub(crate) fn document() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/v1.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

pub(crate) struct Older {
    pub(crate) sandbox: Sandbox,
    document: Value,
    /// The operations that have succeeded with the answer that the document describes.
    pub(crate) proven: Mutex<BTreeSet<&'static str>>,
    /// Fields of answers, by their schema.
    pub(crate) sent: Mutex<BTreeSet<String>>,
}

impl Older {
    pub(crate) fn new(builder: SandboxBuilder) -> Self {
        Self {
            sandbox: builder.build().unwrap(),
            document: document(),
            proven: Mutex::default(),
            sent: Mutex::default(),
        }
    }

    pub(crate) fn rich() -> Self {
        Self::new(builder().balance(1280, "1000").balance(1486, "1000"))
    }

    pub(crate) fn token(&self, coin_id: u64, chain: &str) -> String {
        self.sandbox.v1_token_id(coin_id, chain).unwrap().to_owned()
    }

    pub(crate) fn request(&self, operation: &str, body: &str) -> http::request::Builder {
        let (_, path) = PATHS.iter().find(|(name, _)| *name == operation).unwrap();
        let timestamp = self.sandbox.now().to_string();
        Request::post(format!("/ccpayment/v1/{path}"))
            .header("Content-Type", "application/json; charset=utf-8")
            .header("Appid", APP_ID)
            .header("Sign", sign(&timestamp, body.as_bytes()))
            .header("Timestamp", timestamp)
    }

    /// Sends a request as it is; every answer must be signed, whatever it says.
    pub(crate) async fn send(&self, request: Request<Bytes>) -> (Response<Bytes>, Value) {
        let answer = self.sandbox.respond(request).await.unwrap();
        let header = |name: &str| answer.headers()[name].to_str().unwrap();
        assert_eq!(header("appid"), APP_ID);
        assert_eq!(
            header("sign"),
            sign(header("timestamp"), answer.body()),
            "{answer:?}"
        );
        let envelope = serde_json::from_slice(answer.body()).unwrap();
        (answer, envelope)
    }

    pub(crate) async fn text(&self, operation: &str, body: &str) -> Value {
        let request = self.request(operation, body);
        let request = request.body(Bytes::from(body.to_owned())).unwrap();
        let (answer, envelope) = self.send(request).await;
        assert_eq!(answer.status(), 200, "{envelope}");
        envelope
    }

    pub(crate) async fn call(&self, operation: &str, body: Value) -> Value {
        self.text(operation, &body.to_string()).await
    }

    /// The data of a call that must succeed, and look as documented.
    pub(crate) async fn data(&self, operation: &str, body: Value) -> Value {
        let envelope = self.call(operation, body).await;
        assert_eq!(envelope["code"], 10_000, "{operation}: {envelope}");
        let (name, path) = PATHS.iter().find(|(name, _)| *name == operation).unwrap();
        let route = &self.document["paths"][format!("/{path}")]["post"];
        assert_eq!(route["operationId"], operation);
        let schema = &route["responses"]["200"]["content"]["application/json"]["schema"];
        if let Err(error) = validator(&self.document, schema).validate(&envelope) {
            panic!("{operation}: {error}\n{envelope}");
        }
        let data = &schema["allOf"][1]["properties"]["data"];
        let into = &mut *self.sent.lock().unwrap();
        sent(&self.document, data, &envelope["data"], into);
        self.proven.lock().unwrap().insert(name);
        envelope["data"].clone()
    }

    pub(crate) async fn code(&self, operation: &str, body: Value) -> i64 {
        self.call(operation, body).await["code"].as_i64().unwrap()
    }

    pub(crate) fn order(&self, id: &str, price: &str) -> Value {
        json!({
            "merchant_order_id": id, "product_price": price, "denominated_currency": "token",
            "token_id": self.token(1280, "POLYGON"), "custom_value": "shelf 7",
        })
    }

    /// A body that an operation takes.
    pub(crate) fn sample(&self, operation: &str) -> Value {
        let token = self.token(1280, "TRX");
        match operation {
            "create_order" => self.order("1", "20"),
            "get_checkout_url" => {
                json!({ "merchant_order_id": "2", "product_price": "9", "product_name": "a" })
            }
            "get_order_info" => json!({ "merchant_order_ids": ["1"] }),
            "get_permanent_address" => json!({ "user_id": "user-1", "chain": "TRX" }),
            "withdraw" => self.payout("1", "5"),
            "get_token_rate" => json!({ "amount": "1", "token_id": token }),
            "get_network_fee" | "list_token_chains_legacy" => json!({ "token_id": token }),
            "check_user" => json!({ "c_id": "9558861" }),
            "resend_webhooks" => json!({ "start_timestamp": START }),
            _ => json!({}),
        }
    }

    pub(crate) fn payout(&self, id: &str, value: &str) -> Value {
        json!({
            "merchant_order_id": id, "value": value, "token_id": self.token(1280, "POLYGON"),
            "address": crate::support::RECEIVER,
        })
    }

    /// What get_order_info says about one id.
    pub(crate) async fn info(&self, id: &str) -> Value {
        let ids = json!({ "merchant_order_ids": [id] });
        let found = self.data("get_order_info", ids).await;
        assert_eq!(found.as_array().unwrap().len(), 1, "{found}");
        found[0].clone()
    }
}
