//! The parts of an OpenAPI document that become Rust, in the order of the document.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use indexmap::IndexMap;
use serde::Deserialize;

#[derive(Deserialize)]
pub(crate) struct Document {
    pub(crate) tags: Vec<Tag>,
    pub(crate) paths: IndexMap<String, PathItem>,
    pub(crate) webhooks: IndexMap<String, Webhook>,
    pub(crate) components: Components,
    #[serde(rename = "x-ccpayment-codes")]
    pub(crate) codes: Vec<Code>,
    /// Codes that were announced without a meaning.
    #[serde(rename = "x-ccpayment-unnamed-codes", default)]
    pub(crate) unnamed_codes: Vec<UnnamedCode>,
}

#[derive(Deserialize)]
pub(crate) struct UnnamedCode {
    pub(crate) code: u64,
}

#[derive(Deserialize)]
pub(crate) struct Tag {
    pub(crate) name: String,
    pub(crate) description: String,
}

#[derive(Deserialize)]
pub(crate) struct PathItem {
    pub(crate) post: Operation,
}

/// A notification.
#[derive(Deserialize)]
pub(crate) struct Webhook {
    pub(crate) post: Notification,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Notification {
    #[serde(rename = "x-ccpayment-source")]
    pub(crate) source: String,
    pub(crate) request_body: Body,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Operation {
    pub(crate) operation_id: String,
    pub(crate) tags: Vec<String>,
    pub(crate) summary: String,
    #[serde(default)]
    pub(crate) description: String,
    /// What a merchant who sends it wants, to be read after "I want to".
    #[serde(rename = "x-ccpayment-task")]
    pub(crate) task: String,
    /// The words that people search for; its own name is added.
    #[serde(rename = "x-ccpayment-aliases")]
    pub(crate) aliases: Vec<String>,
    #[serde(rename = "x-ccpayment-idempotency")]
    pub(crate) idempotency: String,
    /// The client's method for a call that starts or grows a payment; `send` does not take it.
    #[serde(rename = "x-ccpayment-sent-by")]
    pub(crate) sent_by: Option<String>,
    #[serde(rename = "x-ccpayment-source")]
    pub(crate) source: String,
    #[serde(rename = "x-ccpayment-settled-by")]
    pub(crate) settled_by: Option<String>,
    #[serde(rename = "x-ccpayment-webhook")]
    pub(crate) webhook: Option<String>,
    /// Whether it answers a page at a time.
    #[serde(rename = "x-ccpayment-paged", default)]
    pub(crate) paged: bool,
    #[serde(rename = "x-ccpayment-alternate-paths", default)]
    pub(crate) alternate_paths: Vec<String>,
    pub(crate) request_body: Option<Body>,
    pub(crate) responses: BTreeMap<String, Body>,
}

#[derive(Deserialize)]
pub(crate) struct Body {
    pub(crate) content: BTreeMap<String, Media>,
}

#[derive(Deserialize)]
pub(crate) struct Media {
    pub(crate) schema: Schema,
    #[serde(default)]
    pub(crate) examples: IndexMap<String, Example>,
}

/// A payload of the documents, in a file of its own.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Example {
    pub(crate) external_value: String,
}

#[derive(Deserialize)]
pub(crate) struct Components {
    pub(crate) schemas: IndexMap<String, Schema>,
}

#[derive(Deserialize, Default, Clone)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Schema {
    #[serde(rename = "$ref")]
    pub(crate) reference: Option<String>,
    /// One word, or a list of them; only single words become Rust.
    #[serde(rename = "type")]
    pub(crate) kind: Option<serde_json::Value>,
    pub(crate) description: String,
    /// The end of the description that only Rust gets.
    #[serde(rename = "x-ccpayment-in-rust")]
    pub(crate) in_rust: Option<String>,
    pub(crate) required: Vec<String>,
    pub(crate) properties: IndexMap<String, Schema>,
    pub(crate) all_of: Vec<Schema>,
    pub(crate) items: Option<Box<Schema>>,
    pub(crate) additional_properties: Option<serde_json::Value>,
    pub(crate) format: Option<String>,
    pub(crate) min_length: Option<u64>,
    pub(crate) max_length: Option<u64>,
    pub(crate) minimum: Option<u64>,
    pub(crate) exclusive_minimum: Option<u64>,
    pub(crate) maximum: Option<u64>,
    pub(crate) min_items: Option<u64>,
    pub(crate) max_items: Option<u64>,
    #[serde(rename = "x-ccpayment-kind")]
    pub(crate) role: Option<String>,
    #[serde(rename = "x-ccpayment-type")]
    pub(crate) newtype: Option<String>,
    /// The one field of an answer that is no object.
    #[serde(rename = "x-ccpayment-field")]
    pub(crate) field: Option<String>,
    #[serde(rename = "x-ccpayment-key")]
    pub(crate) key: Option<String>,
    #[serde(rename = "x-ccpayment-reading")]
    pub(crate) reading: Option<String>,
    #[serde(rename = "x-ccpayment-also")]
    pub(crate) also: Vec<String>,
    #[serde(rename = "x-ccpayment-seen-in")]
    pub(crate) seen_in: Vec<String>,
    #[serde(rename = "x-ccpayment-sign")]
    pub(crate) sign: Option<String>,
    #[serde(rename = "x-ccpayment-choice")]
    pub(crate) choice: Option<Choice>,
    #[serde(rename = "x-ccpayment-at-least-one")]
    pub(crate) at_least_one: Vec<String>,
    #[serde(rename = "x-ccpayment-not-together")]
    pub(crate) not_together: Vec<String>,
    #[serde(rename = "x-ccpayment-span")]
    pub(crate) span: Option<Span>,
    /// As a span, but the client splits a longer query into several requests.
    #[serde(rename = "x-ccpayment-window")]
    pub(crate) window: Option<Span>,
    #[serde(rename = "x-ccpayment-decimals")]
    pub(crate) decimals: Option<Decimals>,
    #[serde(rename = "x-ccpayment-never-sent")]
    pub(crate) never_sent: IndexMap<String, String>,
    #[serde(rename = "x-ccpayment-values")]
    pub(crate) values: IndexMap<String, String>,
    #[serde(rename = "x-ccpayment-final")]
    pub(crate) final_values: Vec<String>,
}

/// Fields of which exactly one is sent: an enum in Rust.
#[derive(Deserialize, Clone)]
pub(crate) struct Choice {
    pub(crate) field: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) of: Vec<String>,
    /// The meaning of the choice.
    pub(crate) description: String,
}

/// Two moments that may not lie further apart.
#[derive(Deserialize, Clone)]
pub(crate) struct Span {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) seconds: u64,
}

/// A precision, which may depend on another field.
#[derive(Deserialize, Clone)]
pub(crate) struct Decimals {
    pub(crate) field: String,
    /// The most decimals.
    pub(crate) then: u32,
    /// The field that must be there for `then`.
    pub(crate) when: Option<String>,
    /// The most decimals if that field is not there.
    pub(crate) otherwise: Option<u32>,
    /// The field that lifts the limit,
    pub(crate) unless: Option<String>,
    /// when it is this word.
    pub(crate) is: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Code {
    pub(crate) code: u64,
    pub(crate) name: String,
    pub(crate) category: String,
    pub(crate) meaning: String,
    pub(crate) retry: String,
    pub(crate) why: String,
}

pub(crate) fn read(path: &Path) -> Result<Document> {
    let name = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("{name} can't be read"))?;
    parse(&text).with_context(|| format!("{name} is not what codegen reads"))
}

pub(crate) fn parse(text: &str) -> Result<Document> {
    Ok(serde_saphyr::from_str(text)?)
}

impl Body {
    /// The files with examples, by their names.
    fn examples(&self) -> impl Iterator<Item = (&str, &str)> {
        let media = self.content.values();
        media
            .flat_map(|it| &it.examples)
            .map(|(name, it)| (name.as_str(), it.external_value.as_str()))
    }
}

impl Operation {
    /// The files with examples of requests.
    pub(crate) fn sent_examples(&self) -> impl Iterator<Item = &str> {
        let bodies = self.request_body.iter();
        bodies.flat_map(Body::examples).map(|(_, file)| file)
    }

    /// The files with examples of answers, and whether each is a refusal.
    pub(crate) fn answer_examples(&self) -> impl Iterator<Item = (bool, &str)> {
        let examples = self.responses.values().flat_map(Body::examples);
        examples.map(|(name, file)| (name == "error", file))
    }

    /// The schema of the request, if anything is sent.
    pub(crate) fn request(&self) -> Option<&str> {
        let media = self
            .request_body
            .as_ref()?
            .content
            .get("application/json")?;
        media.schema.name()
    }

    /// The schema of the `data` in the envelope.
    pub(crate) fn response(&self) -> Result<&str> {
        let media = (self.responses.get("200"))
            .and_then(|body| body.content.get("application/json"))
            .with_context(|| format!("{} has no answer", self.operation_id))?;
        (media.schema.all_of.iter())
            .find_map(|part| part.properties.get("data"))
            .and_then(Schema::name)
            .with_context(|| format!("the answer of {} has no data", self.operation_id))
    }
}

impl Schema {
    /// The name behind a `$ref`.
    pub(crate) fn name(&self) -> Option<&str> {
        self.reference
            .as_deref()?
            .strip_prefix("#/components/schemas/")
    }

    pub(crate) fn kind(&self) -> &str {
        self.kind
            .as_ref()
            .and_then(serde_json::Value::as_str)
            .unwrap_or_default()
    }

    pub(crate) fn role(&self) -> &str {
        self.role.as_deref().unwrap_or_default()
    }
}
