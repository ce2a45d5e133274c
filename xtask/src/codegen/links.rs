//! Turns the documents' names in a comment into links to the Rust items.
//!
//! A description speaks of `expiredAt`, `createInvoiceUrl` or `OrderPayment.rate`, as the document
//! calls them.

use super::rust::{field_name, type_name};
use crate::spec::{Document, Operation, Schema};

/// The text with a link for every name in backticks that the document has: a field of this schema,
/// an operation, a schema, or one of their fields.
pub(crate) fn linked(document: &Document, group: &str, schema: &Schema, text: &str) -> String {
    let mut out = String::new();
    for (at, part) in text.split('`').enumerate() {
        let is_code = at % 2 == 1;
        let is_link = out.ends_with('[');
        let link = (is_code && !is_link).then(|| link(document, group, schema, part));
        let link = link.flatten();
        match link {
            Some(link) => out.push_str(&link),
            None if is_code => out.push_str(&format!("`{part}`")),
            None => out.push_str(part),
        }
    }
    out
}

fn link(document: &Document, group: &str, schema: &Schema, name: &str) -> Option<String> {
    if let Some(field) = rust_field(schema, name) {
        return Some(format!("[`Self::{field}`]"));
    }
    let (owner, member) = match name.split_once('.') {
        Some((owner, member)) => (owner, Some(member)),
        None => (name, None),
    };
    let operation = operation(document, owner);
    let owned_by = operation.map_or(Some(owner), Operation::request);
    let schema = owned_by.and_then(|it| document.components.schemas.get(it));
    if operation.is_none() && schema.is_none() {
        return None;
    }
    let mut path = type_name(owner);
    if let Some(member) = member {
        path = format!("{path}::{}", rust_field(schema?, member)?);
    }
    // Other types that a comment names are in scope, since a field holds one.
    let is_elsewhere = operation.is_some_and(|it| !it.tags.iter().any(|tag| tag == group));
    let target = if is_elsewhere {
        format!("(super::{path})")
    } else {
        String::new()
    };
    Some(format!("[`{path}`]{target}"))
}

/// The Rust name of a field, or of a word of an open enum.
fn rust_field(schema: &Schema, wire: &str) -> Option<String> {
    if schema.values.contains_key(wire) {
        return Some(wire.to_owned());
    }
    let choice = schema.choice.as_ref();
    let chosen = choice.filter(|choice| choice.of.iter().any(|it| it == wire));
    let field = chosen.map_or_else(|| field_name(wire), |choice| choice.field.clone());
    schema.properties.contains_key(wire).then_some(field)
}

fn operation<'a>(document: &'a Document, id: &str) -> Option<&'a Operation> {
    let mut operations = document.paths.values().map(|item| &item.post);
    operations.find(|it| it.operation_id == id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec;

    const DOCUMENT: &str = r#"
tags: []
webhooks: {}
x-ccpayment-codes: []
paths:
  /create:
    post:
      operationId: createOrder
      tags: [order]
      summary: ""
      x-ccpayment-task: take an order
      x-ccpayment-aliases: []
      x-ccpayment-idempotency: order-id
      x-ccpayment-source: documented
      requestBody:
        content:
          application/json:
            schema: { $ref: '#/components/schemas/CreateOrder' }
      responses: {}
components:
  schemas:
    CreateOrder:
      properties:
        expiredAt: { type: integer }
        priceFiatId: { type: integer }
      x-ccpayment-choice: { field: price_in, type: PriceIn, of: [priceFiatId], description: "" }
    OrderStatus:
      x-ccpayment-values: { Paid: "" }
"#;

    #[test]
    fn names_become_links() {
        let document = spec::parse(DOCUMENT).unwrap();
        let request = document.components.schemas.get("CreateOrder").unwrap();
        for (text, expected) in [
            ("`expiredAt`.", "[`Self::expired_at`]."),
            ("`priceFiatId`", "[`Self::price_in`]"),
            ("see `createOrder`", "see [`CreateOrder`]"),
            ("`createOrder.expiredAt`", "[`CreateOrder::expired_at`]"),
            ("`OrderStatus.Paid`", "[`OrderStatus::Paid`]"),
            ("[`OrderStatus`]", "[`OrderStatus`]"),
            (
                "`other` and `OrderStatus.Other`",
                "`other` and `OrderStatus.Other`",
            ),
        ] {
            assert_eq!(linked(&document, "order", request, text), expected);
        }
        assert_eq!(
            linked(&document, "coin", &Schema::default(), "`createOrder`"),
            "[`CreateOrder`](super::CreateOrder)"
        );
    }
}
