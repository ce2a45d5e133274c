//! The OpenAPI documents for everybody: each is one file without references to others, in words
//! that generators of other languages understand.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use heck::ToUpperCamelCase;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::api::ALL;

pub(crate) const FOLDER: &str = "docs/openapi";

/// The extensions that are useful outside this repository. The others describe the Rust types.
const KEPT: [&str; 12] = [
    "alternate-paths",
    "codes",
    "confirm-with",
    "decimals",
    "final",
    "idempotency",
    "paged",
    "settled-by",
    "span",
    "unnamed-codes",
    "webhook",
    "window",
];
const OURS: &str = "x-ccpayment-";
const SCHEMAS: &str = "#/components/schemas/";

/// A value that keeps the order of the document.
#[derive(Deserialize, Serialize, Clone)]
#[serde(untagged)]
enum Node {
    Fields(Fields),
    Items(Vec<Node>),
    Leaf(Value),
}

type Fields = IndexMap<String, Node>;

/// Every document, by its path from the root.
pub(super) fn files(root: &Path) -> Result<BTreeMap<String, String>> {
    let read = |path: &str| {
        fs::read_to_string(root.join(path)).with_context(|| format!("{path} can't be read"))
    };
    let document = |api: &crate::api::Api| {
        let bundled = bundled(&read(api.spec)?, &read)?;
        let json = serde_json::to_string_pretty(&bundled)?;
        let path = format!("{FOLDER}/ccpayment-{}.json", api.name);
        Ok((path, json + "\n"))
    };
    ALL.into_iter().map(document).collect()
}

fn bundled(text: &str, read: &dyn Fn(&str) -> Result<String>) -> Result<Node> {
    let document: Node = serde_saphyr::from_str(text)?;
    let mut document = inlined(document, read)?;
    let mut schemas = std::mem::take(document.at(&["components", "schemas"])?.fields()?);
    for (name, schema) in &mut schemas {
        hide_choice(schema).with_context(|| name.clone())?;
    }
    for (_, item) in document.at(&["paths"])?.fields()? {
        let operation = item.at(&["post"])?;
        after_a_doubt(operation)?;
        answer(operation, &mut schemas)?;
    }
    for (name, item) in document.at(&["webhooks"])?.fields()? {
        notification(name, item, &mut schemas).with_context(|| name.clone())?;
    }
    refusal(&mut schemas)?;
    *document.at(&["components", "schemas"])?.fields()? = schemas;
    if let Node::Items(tags) = document.at(&["tags"])? {
        tags.push(node(json!({
            "name": "notification", "description": "What the gateway tells the merchant."
        }))?);
    }
    Ok(document)
}

impl Node {
    fn fields(&mut self) -> Result<&mut Fields> {
        match self {
            Self::Fields(fields) => Ok(fields),
            _ => anyhow::bail!("not an object"),
        }
    }

    fn at(&mut self, path: &[&str]) -> Result<&mut Self> {
        let mut here = self;
        for name in path {
            here = match here {
                Self::Fields(fields) => fields.get_mut(*name),
                Self::Items(items) => items.get_mut(name.parse::<usize>()?),
                Self::Leaf(_) => None,
            }
            .with_context(|| format!("there is no {}", path.join(".")))?;
        }
        Ok(here)
    }

    fn text(&mut self, path: &[&str]) -> Result<String> {
        match self.at(path)? {
            Self::Leaf(Value::String(text)) => Ok(text.clone()),
            _ => anyhow::bail!("{} is no text", path.join(".")),
        }
    }
}

fn node(value: Value) -> Result<Node> {
    Ok(serde_json::from_value(value)?)
}

fn reference(name: &str) -> Result<Node> {
    node(json!({ "$ref": format!("{SCHEMAS}{name}") }))
}

/// The node with its examples inside, and without what only this project uses.
fn inlined(node: Node, read: &dyn Fn(&str) -> Result<String>) -> Result<Node> {
    Ok(match node {
        Node::Items(items) => {
            let items = items.into_iter().map(|item| inlined(item, read));
            Node::Items(items.collect::<Result<_>>()?)
        }
        Node::Fields(fields) => {
            let mut kept = Fields::new();
            for (name, field) in fields {
                match (name.strip_prefix(OURS), &field) {
                    (Some(ours), _) if !KEPT.contains(&ours) => {}
                    (None, Node::Leaf(Value::String(file))) if name == "externalValue" => {
                        let example = serde_json::from_str(&read(file)?)
                            .with_context(|| format!("{file} is not JSON"))?;
                        kept.insert("value".to_owned(), example);
                    }
                    (None, Node::Leaf(Value::String(text))) if name == "description" => {
                        kept.insert(name, Node::Leaf(Value::String(for_everybody(text))));
                    }
                    _ => {
                        kept.insert(name, inlined(field, read)?);
                    }
                }
            }
            Node::Fields(kept)
        }
        leaf @ Node::Leaf(_) => leaf,
    })
}

/// The text without the sentences about our own client.
fn for_everybody(text: &str) -> String {
    let line = |line: &str| {
        let sentences = line.split_inclusive(". ");
        let kept: String = sentences.filter(|it| !it.contains("`Client::")).collect();
        kept.trim_end().to_owned()
    };
    let lines = text.lines().map(line).filter(|it| !it.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

/// Adds the advice for a doubt, which our own client follows by itself.
fn after_a_doubt(operation: &mut Node) -> Result<()> {
    let Ok(reader) = operation.text(&["x-ccpayment-settled-by"]) else {
        return Ok(());
    };
    if operation.text(&["x-ccpayment-idempotency"])? == "order-id" {
        let known = operation.text(&["description"]).unwrap_or_default();
        let more = format!(
            "After a timeout or an unclear failure, ask `{reader}` and repeat only under the same \
             order id."
        );
        let text = format!("{known}\n{more}").trim_start().to_owned();
        let fields = operation.fields()?;
        fields.insert("description".to_owned(), Node::Leaf(Value::String(text)));
    }
    Ok(())
}

/// Hides a rule about which fields come together behind two negations, which mean the same. Such a
/// rule says nothing about types, but generators make a type of it, or code that does not parse.
/// People read it in the description.
fn hide_choice(schema: &mut Node) -> Result<()> {
    let fields = schema.fields()?;
    let rule = [
        ("oneOf", "Exactly one of"),
        ("anyOf", "At least one of"),
        ("not", "Not both"),
    ]
    .into_iter()
    .find(|(name, _)| fields.contains_key(*name));
    let Some((name, says)) = rule else {
        return Ok(());
    };
    let mut rule = fields.shift_remove(name).context("just seen")?;
    let names = match &mut rule {
        Node::Items(branches) => {
            let of = branches.iter_mut().map(|it| it.text(&["required", "0"]));
            of.collect::<Result<Vec<_>>>()?
        }
        both => vec![
            both.text(&["required", "0"])?,
            both.text(&["required", "1"])?,
        ],
    };
    let fits = names.len() == 2 && !fields.contains_key("description");
    ensure!(fits, "a choice that can't be described");
    let says = format!("{says} `{}` is given.", names.join("` and `"));
    fields.insert("description".to_owned(), Node::Leaf(Value::String(says)));
    let hidden = if name == "not" {
        rule
    } else {
        let inner = Node::Fields(Fields::from([(name.to_owned(), rule)]));
        Node::Fields(Fields::from([("not".to_owned(), inner)]))
    };
    fields.insert("not".to_owned(), hidden);
    Ok(())
}

/// Makes two types of a success and a refusal. The data of a refusal has none of the fields of a
/// success, so a generated client that expected them would fail instead of giving the code.
fn answer(operation: &mut Node, schemas: &mut Fields) -> Result<()> {
    let name = operation.text(&["operationId"])?.to_upper_camel_case() + "Answer";
    let schema = operation.at(&["responses", "200", "content", "application/json", "schema"])?;
    let data = schema.at(&["allOf", "1", "properties", "data"])?.clone();
    let mut success = node(json!({
        "description": "The gateway said yes.",
        "type": "object",
        "required": ["code", "data"],
        "properties": { "code": { "type": "integer", "const": 10_000 }, "msg": {}, "data": {} }
    }))?;
    let envelope = schemas.get_mut("Envelope").context("no Envelope")?;
    *success.at(&["properties", "msg"])? = envelope.at(&["properties", "msg"])?.clone();
    *success.at(&["properties", "data"])? = data;
    let branches = vec![reference(&name)?, reference("Refusal")?];
    *schema = Node::Fields(Fields::from([("anyOf".to_owned(), Node::Items(branches))]));
    ensure!(schemas.insert(name, success).is_none(), "a name is taken");
    Ok(())
}

/// The schema of a refusal, in place of the envelope.
fn refusal(schemas: &mut Fields) -> Result<()> {
    let mut envelope = schemas.shift_remove("Envelope").context("no Envelope")?;
    let mut refusal = node(json!({
        "description": "The gateway said no; the code tells why.",
        "type": "object",
        "required": ["code", "msg"],
        "properties": { "code": {}, "msg": {}, "data": {
            "description": "Nothing.", "type": ["object", "null"], "maxProperties": 0
        } }
    }))?;
    for field in ["code", "msg"] {
        let path = ["properties", field];
        *refusal.at(&path)? = envelope.at(&path)?.clone();
    }
    schemas.insert("Refusal".to_owned(), refusal);
    Ok(())
}

/// Adds an operation id and a name for the type, which generated code uses.
fn notification(name: &str, item: &mut Node, schemas: &mut Fields) -> Result<()> {
    let name = name.to_upper_camel_case();
    let operation = item.at(&["post"])?;
    let own = [
        ("operationId", json!(format!("on{name}"))),
        ("tags", json!(["notification"])),
    ];
    for (field, value) in own {
        operation.fields()?.insert(field.to_owned(), node(value)?);
    }
    let body = operation.at(&["requestBody"])?;
    body.fields()?
        .insert("required".to_owned(), node(json!(true))?);
    let schema = body.at(&["content", "application/json", "schema"])?;
    let name = name + "Notification";
    let whole = std::mem::replace(schema, reference(&name)?);
    ensure!(schemas.insert(name, whole).is_none(), "a name is taken");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "
tags: []
paths:
  /getRecord:
    post:
      operationId: getRecord
      x-ccpayment-task: secret
      x-ccpayment-idempotency: read
      description: Once. `Client::send` knows.
      requestBody: { content: { application/json: { examples: { it: { externalValue: it.json } } } } }
      responses:
        '200':
          content:
            application/json:
              schema: { allOf: [{ $ref: '#/components/schemas/Envelope' }, { properties: { data: { type: string } } }] }
webhooks:
  API Deposit:
    post: { requestBody: { content: { application/json: { schema: { type: object } } } } }
components:
  schemas:
    Envelope: { properties: { code: { type: integer }, msg: { type: string } } }
    Key: { type: object, oneOf: [{ required: [recordId] }, { required: [orderId] }] }
    Both: { type: object, not: { required: [a, b] } }
";

    fn value() -> Value {
        let bundled = bundled(TEXT, &|file| {
            ensure!(file == "it.json", "{file}");
            Ok("{\"a\":\"1\"}".to_owned())
        });
        serde_json::to_value(bundled.unwrap()).unwrap()
    }

    #[test]
    fn everything_is_inside_and_what_is_ours_is_gone() {
        let value = value();
        let post = &value["paths"]["/getRecord"]["post"];
        let example = &post["requestBody"]["content"]["application/json"]["examples"]["it"];
        assert_eq!(example, &json!({ "value": { "a": "1" } }));
        assert_eq!(post["x-ccpayment-idempotency"], "read");
        assert_eq!(post["description"], "Once.");
        assert!(!value.to_string().contains("secret"), "{value}");
    }

    #[test]
    fn a_refusal_is_a_type_of_its_own() {
        let value = value();
        let schemas = &value["components"]["schemas"];
        assert!(schemas.get("Envelope").is_none());
        let success = &schemas["GetRecordAnswer"]["properties"];
        assert_eq!(success["code"]["const"], 10_000);
        assert_eq!(success["data"]["type"], "string");
        assert_eq!(schemas["Refusal"]["properties"]["msg"]["type"], "string");
    }

    #[test]
    fn a_choice_of_fields_is_no_type() {
        let value = value();
        let schemas = &value["components"]["schemas"];
        let rule = json!({ "not": { "oneOf": [
            { "required": ["recordId"] }, { "required": ["orderId"] }
        ] } });
        assert_eq!(schemas["Key"]["not"], rule);
        assert!(schemas["Key"].get("oneOf").is_none());
        let says = &schemas["Key"]["description"];
        assert_eq!(says, "Exactly one of `recordId` and `orderId` is given.");
        assert_eq!(schemas["Both"]["not"], json!({ "required": ["a", "b"] }));
    }

    #[test]
    fn notifications_have_names() {
        let value = value();
        let post = &value["webhooks"]["API Deposit"]["post"];
        assert_eq!(post["operationId"], "onApiDeposit");
        assert!(
            value["components"]["schemas"]
                .get("ApiDepositNotification")
                .is_some()
        );
    }
}
