//! The extent of each version: by its facts, by its document, and by its types.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result};
use bytes::Bytes;
use ccpayment::raw::Operation;
use ccpayment::{v1, v2};
use ccpayment_tests::typed::{self, Typed};
use serde_json::Value;

use super::{notifications, read};

/// One version of the API.
pub(crate) struct Api {
    pub(crate) version: &'static str,
    routes: &'static [Operation],
    typed: &'static [Typed],
    /// The type of a notification, if there is one for it.
    notification: fn(&[u8]) -> Result<Option<String>>,
}

pub(crate) const API: [Api; 2] = [
    Api {
        version: "v2",
        routes: &v2::ROUTES,
        typed: &typed::V2,
        notification: notifications::v2,
    },
    Api {
        version: "v1",
        routes: &v1::ROUTES,
        typed: &typed::V1,
        notification: notifications::v1,
    },
];

/// Version, name, path, idempotency, source, whether the sandbox has it, payloads.
pub(crate) type Line = [String; 7];

/// How many the types have, and of how many.
pub(crate) struct Counted {
    pub(crate) routes: (usize, usize),
    pub(crate) webhooks: (usize, usize),
}

impl Api {
    /// `has` tells whether the sandbox has a path.
    pub(crate) fn lines(&self, root: &Path, has: impl Fn(&str) -> bool) -> Result<Vec<Line>> {
        let document = read(root, &format!("xtask/spec/ccpayment-{}.yaml", self.version))?;
        let document: Value = serde_saphyr::from_str(&document)?;
        let lines = self.routes.iter().map(|route| {
            let path = self.short(route.path);
            let described = document.pointer(&format!("/paths/{}/post", escaped(path)));
            let described = described.with_context(|| format!("{path} is not described"))?;
            let source = described.get("x-ccpayment-source").and_then(Value::as_str);
            Ok([
                self.version.to_owned(),
                route.name.to_owned(),
                route.path.to_owned(),
                format!("{:?}", route.idempotency),
                source.context("a route without a source")?.to_owned(),
                if has(route.path) { "sandbox" } else { "-" }.to_owned(),
                self.payloads(root, route, described)?,
            ])
        });
        lines.collect()
    }

    /// The payloads of the documents that the route's own types read.
    fn payloads(&self, root: &Path, route: &Operation, described: &Value) -> Result<String> {
        let typed = self.typed.iter().find(|it| it.route == *route);
        let typed = typed.with_context(|| format!("{} is not in the list", route.name))?;
        let (sent, answered) = (described.get("requestBody"), described.get("responses"));
        let sent = sent.map(examples).unwrap_or_default();
        let answered = answered.map(examples).unwrap_or_default();
        let is_empty = sent.is_empty() && answered.is_empty();
        let mut read_by_types = Vec::new();
        for path in sent {
            let request = serde_json::from_str(&read(root, path)?)?;
            let written = (typed.send)(&request).ok();
            let is_whole = written.is_some_and(|it| has_names_of(&it, &request));
            read_by_types.extend(is_whole.then_some(path));
        }
        for path in answered {
            let body = Bytes::from(read(root, path)?);
            read_by_types.extend((typed.receive)(body).is_ok().then_some(path));
        }
        let names = read_by_types
            .iter()
            .filter_map(|it| Path::new(it).file_stem()?.to_str());
        let names: Vec<_> = names.collect();
        Ok(match (names.as_slice(), is_empty) {
            ([], true) => "- no example in the documents".to_owned(),
            ([], false) => "- no example that is a legal call".to_owned(),
            (names, _) => names.join(", "),
        })
    }

    pub(crate) fn counted(&self, root: &Path) -> Result<Counted> {
        let facts = read(root, &format!("xtask/spec/facts/{}.json", self.version))?;
        let facts: Value = serde_json::from_str(&facts)?;
        let known: BTreeSet<_> = list(&facts, "routes")
            .filter_map(|it| text(it, "path"))
            .collect();
        let have: BTreeSet<_> = (self.routes.iter()).map(|it| self.short(it.path)).collect();
        let documented: BTreeSet<_> = list(&facts, "webhooks")
            .filter(|it| it.get("documented") != Some(&Value::Bool(false)))
            .filter_map(|it| text(it, "type"))
            .collect();
        let typed = self.typed_notifications(root)?;
        let typed = documented.iter().filter(|it| typed.contains(**it)).count();
        Ok(Counted {
            routes: (have.intersection(&known).count(), known.len()),
            webhooks: (typed, documented.len()),
        })
    }

    /// The types of notifications for which the verifier has events of their own.
    fn typed_notifications(&self, root: &Path) -> Result<BTreeSet<String>> {
        let mut types = BTreeSet::new();
        let folder = format!("tests/fixtures/{}", self.version);
        for file in root.join(&folder).read_dir().context("no fixtures")? {
            let name = file?.file_name();
            let name = name.to_str().context("a fixture whose name is no text")?;
            if name.starts_with("webhook-") {
                let body = read(root, &format!("{folder}/{name}"))?;
                types.extend((self.notification)(body.as_bytes())?);
            }
        }
        Ok(types)
    }

    /// The path without the prefix that all paths share in facts and document.
    fn short<'a>(&self, path: &'a str) -> &'a str {
        let begins = format!("/ccpayment/{}", self.version);
        path.strip_prefix(&begins).unwrap_or(path)
    }
}

/// Whether nothing of a request was dropped; empty text is as good as no field.
fn has_names_of(written: &Value, request: &Value) -> bool {
    let fields = request.as_object().into_iter().flatten();
    let mut names = fields
        .filter(|(_, value)| *value != "")
        .map(|(name, _)| name);
    names.all(|name| written.get(name).is_some())
}

/// A path as one step of a JSON pointer.
fn escaped(path: &str) -> String {
    path.replace('~', "~0").replace('/', "~1")
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str)
}

fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    let list = value.get(name).and_then(Value::as_array);
    list.into_iter().flatten()
}

/// Every file that is named as an example, at any depth.
fn examples(value: &Value) -> Vec<&str> {
    match value {
        Value::Object(fields) => (fields.iter())
            .flat_map(|(name, value)| match value.as_str() {
                Some(file) if name == "externalValue" => vec![file],
                _ => examples(value),
            })
            .collect(),
        _ => Vec::new(),
    }
}
