//! The checks of a request before it is signed: the documented rules, as statements.

use std::fmt::Write as _;

use super::rust::{field_name, is_newtype};
use super::structs::{Field, File, Presence};
use crate::spec::{Decimals, Schema};

impl File<'_> {
    /// Every documented rule, one statement each.
    pub(super) fn checks(&mut self, schema: &Schema, fields: &[Field<'_>]) -> String {
        let mut out = String::new();
        if let Some(choice) = &schema.choice {
            let _ = writeln!(out, "        self.{}.validate()?;", choice.field);
        }
        for field in fields {
            out.push_str(&self.check(field));
        }
        if let Some(rule) = &schema.decimals {
            self.need(["checks"]);
            out.push_str(&decimals(rule));
        }
        if let Some(rule) = schema.span.as_ref().or(schema.window.as_ref()) {
            self.need(["checks"]);
            let (from, to) = (field_name(&rule.from), field_name(&rule.to));
            let _ = writeln!(
                out,
                "        checks::forward(self.{from}, self.{to}, {:?}, {:?})?;",
                rule.from, rule.to,
            );
            // The client splits a longer window into several requests.
            if schema.span.is_some() {
                let _ = writeln!(
                    out,
                    "        checks::span(self.{from}, self.{to}, {:?}, {})?;",
                    rule.to, rule.seconds,
                );
            }
        }
        for (rule, test) in [
            (&schema.at_least_one, "at_least_one"),
            (&schema.not_together, "not_together"),
        ] {
            if let [first, second] = rule.as_slice() {
                self.need(["checks"]);
                let (a, b) = (field_name(first), field_name(second));
                let _ = writeln!(
                    out,
                    "        checks::{test}(self.{a}.is_some(), self.{b}.is_some(), {first:?}, {second:?})?;"
                );
            }
        }
        out
    }

    fn check(&mut self, field: &Field<'_>) -> String {
        let (name, wire, schema) = (&field.name, field.wire, field.schema);
        let mut out = String::new();
        let per_value = |value: &str, wire: &str, inner: &str, schema: &Schema| -> Vec<String> {
            let mut checks = Vec::new();
            if is_newtype(inner) {
                let no_zero = schema.kind() == "integer";
                let own = own_lengths(inner);
                let said = (schema.min_length, schema.max_length);
                // A version may have another rule than the newtype that it shares.
                let is_other = own.is_some_and(|own| said != own && said != (None, None));
                if is_other {
                    // Said in full by the lengths below.
                } else if !no_zero || schema.minimum.is_some() || schema.exclusive_minimum.is_some()
                {
                    checks.push(format!("{value}.validate({wire})?;"));
                } else if inner == "Timestamp" {
                    checks.push(format!("checks::seconds(*{value}, {wire})?;"));
                }
                if let Some(min) = schema
                    .min_length
                    .filter(|min| is_other || (*min > 1 && own.is_none()))
                {
                    checks.push(format!(
                        "checks::shortest({value}.as_str(), {wire}, {min})?;"
                    ));
                }
                if let Some(max) = schema.max_length.filter(|_| is_other || own.is_none()) {
                    checks.push(format!(
                        "checks::longest({value}.as_str(), {wire}, {max})?;"
                    ));
                }
            } else if inner == "Amount" {
                match schema.sign.as_deref() {
                    Some("positive") => checks.push(format!("checks::positive({value}, {wire})?;")),
                    Some("not-negative") => {
                        checks.push(format!("checks::not_negative({value}, {wire})?;"))
                    }
                    _ => {}
                }
            } else if inner == "String" {
                if let Some(min) = schema.min_length {
                    checks.push(format!("checks::shortest({value}, {wire}, {min})?;"));
                }
                if let Some(max) = schema.max_length {
                    checks.push(format!("checks::longest({value}, {wire}, {max})?;"));
                }
                match schema.format.as_deref() {
                    Some("email") => checks.push(format!("checks::email({value}, {wire})?;")),
                    Some("uri") => checks.push(format!("checks::uri({value}, {wire})?;")),
                    _ => {}
                }
            } else if inner == "u64" {
                if let Some(min) = schema.minimum.filter(|min| *min > 0) {
                    checks.push(format!("checks::at_least(*{value}, {wire}, {min})?;"));
                }
                if let Some(max) = schema.maximum {
                    checks.push(format!("checks::at_most(*{value}, {wire}, {max})?;"));
                }
            } else if schema.reference.is_some() && is_object(inner) {
                checks.push(format!("{value}.validate()?;"));
            }
            checks
        };
        let quoted = format!("{wire:?}");
        if let (Some(item), Some(items)) = (field.item(), schema.items.as_deref()) {
            if schema.min_items.is_some() || schema.max_items.is_some() {
                let (min, max) = (schema.min_items.unwrap_or(0), schema.max_items);
                let max = max.map_or("usize::MAX".to_owned(), |max| max.to_string());
                let _ = writeln!(
                    out,
                    "        checks::count(self.{name}.len(), {quoted}, {min}, {max})?;"
                );
            }
            let checks = per_value("item", &quoted, item, items);
            if !checks.is_empty() {
                let _ = writeln!(
                    out,
                    "        for item in &self.{name} {{ {} }}",
                    checks.join(" ")
                );
            }
        } else if field.presence == Presence::Optional {
            let checks = per_value(name, &quoted, &field.inner, schema);
            if !checks.is_empty() {
                let _ = writeln!(
                    out,
                    "        if let Some({name}) = &self.{name} {{ {} }}",
                    checks.join(" ")
                );
            }
        } else {
            let by_value = is_newtype(&field.inner);
            let value = format!("{}self.{name}", if by_value { "" } else { "&" });
            let plain = per_value(&value, &quoted, &field.inner, schema);
            for check in plain {
                let check = check.replace("*&self", "self").replace("*self", "self");
                let _ = writeln!(out, "        {check}");
            }
        }
        if out.contains("checks::") {
            self.need(["checks"]);
        }
        out
    }
}

/// The length limits of a newtype's own rule, if it has one.
fn own_lengths(newtype: &str) -> Option<(Option<u64>, Option<u64>)> {
    match newtype {
        "OrderId" | "ReferenceId" => Some((Some(3), Some(64))),
        "UserId" => Some((Some(5), Some(64))),
        _ => None,
    }
}

/// The check of a precision.
fn decimals(rule: &Decimals) -> String {
    let (field, then) = (field_name(&rule.field), rule.then);
    let check = |most: &str| {
        format!(
            "checks::decimals(&self.{field}, {:?}, {most})?;",
            rule.field
        )
    };
    match (&rule.when, rule.otherwise, &rule.unless, &rule.is) {
        (Some(when), Some(otherwise), ..) => format!(
            "        let most = if self.{}.is_some() {{ {then} }} else {{ {otherwise} }};\n        {}\n",
            field_name(when),
            check("most"),
        ),
        (_, _, Some(unless), Some(word)) => format!(
            "        if !self.{}.as_str().eq_ignore_ascii_case({word:?}) {{ {} }}\n",
            field_name(unless),
            check(&then.to_string()),
        ),
        _ => format!("        {}\n", check(&then.to_string())),
    }
}

/// Objects in requests, which have rules of their own; open enums have none.
fn is_object(name: &str) -> bool {
    !["Status", "Type", "Mode", "Result"]
        .iter()
        .any(|end| name.ends_with(end))
}
