//! Requests, answers and the objects in them.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};

use super::links::linked;
use super::rust::{
    aliases, doc, field_doc, field_name, first_sentence, needs_rename, route_doc, type_name,
    type_of,
};
use crate::api::Api;
use crate::spec::{Document, Operation, Schema};

/// One Rust file in the making: its items and their imports.
pub(crate) struct File<'d> {
    api: &'static Api,
    document: &'d Document,
    /// The group whose requests it has.
    group: &'d str,
    pub(crate) items: String,
    pub(crate) names: BTreeSet<String>,
}

/// A field of a struct, ready to be written.
pub(super) struct Field<'a> {
    pub(super) wire: &'a str,
    pub(super) name: String,
    pub(super) schema: &'a Schema,
    pub(super) inner: String,
    pub(super) presence: Presence,
    doc: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    Required,
    /// A list that is left out when it is empty.
    List,
    Optional,
}

impl Field<'_> {
    fn held(&self) -> String {
        match self.presence {
            Presence::Optional => format!("Option<{}>", self.inner),
            Presence::Required | Presence::List => self.inner.clone(),
        }
    }

    /// The item type of a list.
    pub(super) fn item(&self) -> Option<&str> {
        self.inner.strip_prefix("Vec<")?.strip_suffix('>')
    }

    /// The type of a parameter, and how it becomes the field.
    fn parameter(&self) -> (String, String) {
        let name = &self.name;
        if CONVERTED.contains(&self.inner.as_str()) {
            (
                format!("{name}: impl Into<{}>", self.inner),
                format!("{name}.into()"),
            )
        } else if let Some(item) = self.item() {
            let (converted, map) = match CONVERTED.contains(&item) {
                true => (format!("impl Into<{item}>"), ".map(Into::into)"),
                false => (item.to_owned(), ""),
            };
            let list = format!("{name}: impl IntoIterator<Item = {converted}>");
            (list, format!("{name}.into_iter(){map}.collect()"))
        } else {
            (format!("{name}: {}", self.inner), name.clone())
        }
    }
}

/// The types whose parameters take any value that converts. Amounts, chains, addresses and memos
/// are not here: where money moves, one text must not stand in another's place.
const CONVERTED: [&str; 9] = [
    "String",
    "CoinId",
    "FiatId",
    "OrderId",
    "UserId",
    "RecordId",
    "ReferenceId",
    "TokenId",
    "GatewayOrderId",
];

const DERIVES: &str = "Debug, Clone, PartialEq, Eq, Serialize, Deserialize";

impl<'d> File<'d> {
    pub(crate) fn of(api: &'static Api, document: &'d Document, group: &'d str) -> Self {
        Self {
            api,
            document,
            group,
            items: String::new(),
            names: BTreeSet::new(),
        }
    }

    fn line(&mut self, text: &str) {
        self.items.push_str(text);
        self.items.push('\n');
    }

    pub(crate) fn need(&mut self, names: impl IntoIterator<Item = impl Into<String>>) {
        self.names.extend(names.into_iter().map(Into::into));
    }

    /// A comment about a schema, with links.
    fn doc(&mut self, indent: &str, schema: &Schema, text: &str) {
        let text = linked(self.document, self.group, schema, text);
        self.items.push_str(&doc(indent, &text));
    }

    /// The fields of a schema; `documented` as [`field_doc`] takes it.
    fn fields<'a>(
        &mut self,
        schema: &'a Schema,
        sent: bool,
        documented: bool,
    ) -> Result<Vec<Field<'a>>> {
        let chosen = |wire: &String| {
            schema
                .choice
                .as_ref()
                .is_some_and(|it| it.of.contains(wire))
        };
        let mut fields = Vec::new();
        for (wire, field) in schema.properties.iter().filter(|(wire, _)| !chosen(wire)) {
            let kind = type_of(field).with_context(|| wire.clone())?;
            self.need(kind.names);
            let mut inner = kind.inner;
            let presence = match field.reading.as_deref() {
                Some("optional" | "if_readable" | "either_name" | "number") => Presence::Optional,
                // A record that can't be read is lost alone.
                Some("list") => {
                    self.need(["UnreadableRow"]);
                    inner = rows(&inner);
                    Presence::Required
                }
                _ if schema.required.contains(wire) => Presence::Required,
                _ if inner.starts_with("Vec<") => Presence::List,
                Some(_) if !sent => Presence::Required,
                _ => Presence::Optional,
            };
            let doc = field_doc(field, documented, self.api);
            fields.push(Field {
                wire,
                name: field_name(wire),
                schema: field,
                inner,
                presence,
                doc: linked(self.document, self.group, schema, &doc),
            });
        }
        Ok(fields)
    }

    /// A request with its route.
    pub(crate) fn request(
        &mut self,
        (path, route): (&str, &Operation),
        schema: &Schema,
    ) -> Result<()> {
        let name = type_name(&route.operation_id);
        let fields = self.fields(schema, true, route.source == "documented")?;
        let is_bare =
            schema.choice.is_none() && fields.iter().all(|it| it.presence != Presence::Required);
        let text = route_doc(path, route, schema, self.api);
        self.doc("", schema, &text);
        self.line(&aliases(route)?);
        self.open(&name, schema, is_bare, &fields);
        for field in &fields {
            self.field(field, field.schema.reading.is_none());
        }
        if !route.alternate_paths.is_empty() {
            self.items.push_str(&doc(
                "    ",
                "Another path below the host, should the gateway have moved it.",
            ));
            self.line("    #[serde(skip)]\n    pub path: Option<String>,");
        }
        self.line("}\n");
        self.constructor(&name, schema, &fields, is_bare, &route.alternate_paths);
        self.line(&format!("impl Request for {name} {{"));
        self.endpoint(&name, path, route, schema, &fields, is_bare)?;
        self.user_ids(&fields)?;
        self.line("}\n");
        if route.sent_by.is_none() {
            self.need(["Sendable"]);
            self.line(&format!("impl Sendable for {name} {{}}\n"));
        }
        Ok(())
    }

    fn open(&mut self, name: &str, schema: &Schema, is_bare: bool, fields: &[Field<'_>]) {
        let default = if is_bare { ", Default" } else { "" };
        let is_transparent =
            schema.field.is_some() || (schema.choice.is_some() && fields.is_empty());
        self.line(&format!("#[derive({DERIVES}{default})]"));
        if is_transparent {
            self.line("#[serde(transparent)]");
        } else if let Some(rule) = self.api.rename_all {
            self.line(&format!("#[serde(rename_all = {rule:?})]"));
        }
        self.line(&format!("#[non_exhaustive]\npub struct {name} {{"));
        if let Some(choice) = &schema.choice {
            self.items.push_str(&doc("    ", &choice.description));
            if !is_transparent {
                self.line("    #[serde(flatten)]");
            }
            self.line(&format!("    pub {}: {},", choice.field, choice.kind));
            self.need([choice.kind.clone()]);
        }
    }

    /// One field; `sent` says which way it travels.
    fn field(&mut self, field: &Field<'_>, sent: bool) {
        self.items.push_str(&doc("    ", &field.doc));
        let mut serde = Vec::new();
        let by_two_names = !sent && !field.schema.also.is_empty();
        if needs_rename(field.wire, self.api.rename_all) && !by_two_names {
            serde.push(format!("rename = {:?}", field.wire));
        }
        let reading = field
            .schema
            .reading
            .as_deref()
            .filter(|_| !sent)
            .unwrap_or_default();
        if by_two_names {
            serde.push(format!("flatten, with = {:?}", field.name));
            self.need(["wire"]);
        } else {
            if field.presence != Presence::Required
                || matches!(reading, "lenient" | "text_or_object")
            {
                serde.push("default".to_owned());
            }
            if reading == "list" {
                serde.push("with = \"wire::rows\"".to_owned());
                self.need(["wire"]);
            } else if !reading.is_empty() && reading != "either_name" {
                let function = match reading {
                    "plain" => "object",
                    "lenient" if field.inner.starts_with("Vec<") => "entries",
                    "lenient" if field.inner.starts_with("BTreeMap<") => "map",
                    other => other,
                };
                serde.push(format!("deserialize_with = \"wire::{function}\""));
                self.need(["wire"]);
            }
        }
        match field.presence {
            Presence::Required => {}
            Presence::List => serde.push("skip_serializing_if = \"Vec::is_empty\"".to_owned()),
            Presence::Optional => {
                serde.push("skip_serializing_if = \"Option::is_none\"".to_owned())
            }
        }
        if !serde.is_empty() {
            self.line(&format!("    #[serde({})]", serde.join(", ")));
        }
        self.line(&format!("    pub {}: {},", field.name, field.held()));
    }

    fn constructor(
        &mut self,
        name: &str,
        schema: &Schema,
        fields: &[Field<'_>],
        is_bare: bool,
        alternate_paths: &[String],
    ) {
        self.line(&format!("impl {name} {{"));
        let (mut parameters, mut values) = (Vec::new(), Vec::new());
        if let Some(choice) = &schema.choice {
            parameters.push(format!("{0}: impl Into<{1}>", choice.field, choice.kind));
            values.push(format!("{0}: {0}.into()", choice.field));
        }
        for field in fields {
            let value = match field.presence {
                Presence::Required => {
                    let (parameter, value) = field.parameter();
                    parameters.push(parameter);
                    value
                }
                Presence::List => "Vec::new()".to_owned(),
                Presence::Optional => "None".to_owned(),
            };
            values.push(if value == field.name {
                value
            } else {
                format!("{}: {value}", field.name)
            });
        }
        if !alternate_paths.is_empty() {
            values.push("path: None".to_owned());
        }
        let is_whole = fields.iter().all(|it| it.presence == Presence::Required);
        let what = match (is_bare, is_whole) {
            (true, true) => "Takes nothing: the request has no parameters.",
            (true, false) => "Takes nothing: the setters add conditions.",
            (false, true) => "Takes what is required, which is everything.",
            (false, false) => "Takes what is required: the setters add the rest.",
        };
        self.items.push_str(&doc("    ", what));
        let (parameters, values) = (parameters.join(", "), values.join(", "));
        let body = if is_bare {
            "Self::default()".to_owned()
        } else {
            format!("Self {{ {values} }}")
        };
        self.line(&format!(
            "    #[must_use]\n    pub fn new({parameters}) -> Self {{ {body} }}"
        ));
        for field in fields.iter().filter(|it| it.presence != Presence::Required) {
            let (parameter, value) = field.parameter();
            let value = if field.presence == Presence::List {
                value
            } else {
                format!("Some({value})")
            };
            let name = &field.name;
            self.line("");
            self.items
                .push_str(&doc("    ", first_sentence(&field.doc)));
            self.line(&format!(
                "    #[must_use]\n    \
                 pub fn {name}(mut self, {parameter}) -> Self {{ self.{name} = {value}; self }}"
            ));
        }
        if let [path, ..] = alternate_paths {
            let text = format!(
                "Asks by another path, such as `{}{path}`, which the official SDKs use.",
                self.api.prefix()
            );
            self.line("");
            self.items.push_str(&doc("    ", &text));
            self.line(
                "    #[must_use]\n    pub fn at_path(mut self, path: impl Into<String>) -> Self \
                 { self.path = Some(path.into()); self }",
            );
        }
        self.line("}\n");
    }

    fn endpoint(
        &mut self,
        name: &str,
        path: &str,
        route: &Operation,
        schema: &Schema,
        fields: &[Field<'_>],
        is_bare: bool,
    ) -> Result<()> {
        let idempotency = match route.idempotency.as_str() {
            "read" => "Read",
            "get-or-create" => "GetOrCreate",
            "order-id" => "OrderId",
            "non-idempotent" => "NonIdempotent",
            other => bail!("{name} has an unknown idempotency: {other}"),
        };
        if idempotency == "OrderId" && route.sent_by.is_none() {
            bail!("{name} acts under an order id: say which method of the client sends it");
        }
        self.need(["Bytes", "Request", "Idempotency"]);
        self.line(&format!("    type Response = {};\n", route.response()?));
        self.need([route.response()?]);
        if let Some(variant) = self.api.variant {
            self.need(["Version"]);
            self.line(&format!("    const VERSION: Version = Version::{variant};"));
        }
        self.line(&format!(
            "    const OPERATION: &'static str = {:?};",
            route.operation_id
        ));
        self.line(&format!(
            "    const PATH: &'static str = \"{}{path}\";",
            self.api.prefix()
        ));
        self.line(&format!(
            "    const IDEMPOTENCY: Idempotency = Idempotency::{idempotency};"
        ));
        if let Some(settled_by) = &route.settled_by {
            self.line(&format!(
                "    const SETTLED_BY: Option<&'static str> = Some({settled_by:?});"
            ));
        }
        if !route.alternate_paths.is_empty() {
            self.line(
                "\n    fn path(&self) -> &str { self.path.as_deref().unwrap_or(Self::PATH) }",
            );
        }
        let checks = self.checks(schema, fields);
        if !checks.is_empty() {
            self.need(["ValidationError"]);
            self.line("\n    fn validate(&self) -> Result<(), ValidationError> {");
            self.items.push_str(&checks);
            self.line("        Ok(())\n    }");
        }
        self.line("\n    fn body(&self) -> Result<Bytes, serde_json::Error> {");
        let sends_no_bytes = self.api.sends_no_bytes && is_bare;
        if sends_no_bytes && fields.is_empty() {
            self.line("        Ok(Bytes::new())");
        } else {
            self.need(["wire"]);
            if sends_no_bytes {
                self.line("        if *self == Self::default() { return Ok(Bytes::new()); }");
            }
            self.line("        wire::json_body(self)");
        }
        self.line("    }");
        let id = fields
            .iter()
            .find(|it| it.inner == "OrderId" && it.presence == Presence::Required);
        if let Some(id) = id.filter(|_| matches!(idempotency, "OrderId" | "NonIdempotent")) {
            self.line(&format!(
                "\n    fn order_id(&self) -> Option<&OrderId> {{ Some(&self.{}) }}",
                id.name
            ));
        }
        Ok(())
    }

    /// The end users that a request names, itself or in the objects of a list.
    fn user_ids(&mut self, fields: &[Field<'_>]) -> Result<()> {
        let mut iterators = Vec::new();
        for field in fields {
            let (name, wire) = (&field.name, field.wire);
            if field.inner == "UserId" {
                iterators.push(match field.presence {
                    Presence::Optional => {
                        format!("self.{name}.iter().map(|id| ({wire:?}, id))")
                    }
                    _ => format!("std::iter::once(({wire:?}, &self.{name}))"),
                });
            } else if let Some(item) = field.item() {
                let object = self.document.components.schemas.get(item);
                let ids = object.into_iter().flat_map(|object| &object.properties);
                let ids = ids.filter(|(_, it)| it.newtype.as_deref() == Some("UserId"));
                iterators.extend(ids.map(|(id, _)| {
                    let id = field_name(id);
                    format!("self.{name}.iter().map(|it| ({wire:?}, &it.{id}))")
                }));
            }
        }
        let Some((first, others)) = iterators.split_first() else {
            return Ok(());
        };
        let chained = others.iter().map(|it| format!(".chain({it})"));
        let all = chained.fold(first.clone(), |all, next| all + &next);
        self.need(["UserId"]);
        self.line(&format!(
            "\n    fn user_ids(&self) -> impl Iterator<Item = (&'static str, &UserId)> {{ {all} }}"
        ));
        Ok(())
    }

    /// An answer that is no object: a struct with one field that holds all of it.
    fn whole(&mut self, name: &str, field: &str, schema: &Schema, text: &str) -> Result<()> {
        let kind = type_of(schema)?;
        self.need(kind.names);
        self.doc("", schema, text);
        self.open(name, schema, false, &[]);
        self.doc("    ", schema, &schema.description);
        if kind.inner.starts_with("Vec<") {
            self.line("    #[serde(deserialize_with = \"wire::entries\")]");
            self.need(["wire"]);
        }
        self.line(&format!("    pub {field}: {},\n}}\n", kind.inner));
        Ok(())
    }

    /// An answer, an object in one, or an object in a request.
    pub(crate) fn object(
        &mut self,
        name: &str,
        schema: &Schema,
        text: &str,
        documented: bool,
    ) -> Result<()> {
        if let Some(field) = &schema.field {
            return self.whole(name, field, schema, text);
        }
        let sent = schema.role() == "input";
        let fields = self.fields(schema, sent, documented)?;
        self.doc("", schema, text);
        self.open(name, schema, false, &fields);
        for field in &fields {
            self.field(field, sent && field.schema.reading.is_none());
        }
        self.line("}\n");
        for field in &fields {
            if let [other] = field.schema.also.as_slice() {
                let reading = match field.schema.reading.as_deref() {
                    Some("either_name") => "first_named",
                    _ => "same_named",
                };
                let read = match field.schema.reading.as_deref() {
                    Some("lenient" | "if_readable") => "IfReadable",
                    _ => "Strictly",
                };
                let (field, wire) = (&field.name, field.wire);
                let names =
                    format!("either_name!({field} by {reading} as {read}: {wire:?}, {other:?});");
                if !self.items.contains(&names) {
                    self.line(&format!("wire::{names}\n"));
                }
            }
        }
        if sent {
            self.constructor(name, schema, &fields, false, &[]);
            let checks = self.checks(schema, &fields);
            self.need(["ValidationError"]);
            self.line(&format!(
                "impl {name} {{\n    /// Checks every documented constraint.\n    ///\n    /// # Errors\n    ///\n    \
                 /// The first rule that does not hold, with the field's name on the wire.\n    \
                 pub fn validate(&self) -> Result<(), ValidationError> {{\n{checks}        Ok(())\n    }}\n}}\n"
            ));
        }
        Ok(())
    }
}

/// The type of a page's records.
pub(crate) fn rows(list: &str) -> String {
    let item = list
        .strip_prefix("Vec<")
        .and_then(|it| it.strip_suffix('>'));
    format!("Vec<Result<{}, UnreadableRow>>", item.unwrap_or(list))
}
