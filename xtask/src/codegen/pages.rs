//! Routes that answer a page at a time.

use std::fmt::Write as _;

use anyhow::{Context, Result, ensure};

use super::rust::{field_name, type_name, type_of};
use super::structs::{File, rows};
use crate::spec::Schema;

impl File<'_> {
    /// The parts by which a request is one of several: its cursor, its span, and the place of both
    /// in an answer.
    pub(crate) fn paged(
        &mut self,
        operation_id: &str,
        request: &Schema,
        answer: &Schema,
    ) -> Result<()> {
        let name = type_name(operation_id);
        let cursor = |schema: &Schema| {
            let mut fields = schema.properties.iter();
            let (wire, _) = fields.find(|(_, it)| it.newtype.as_deref() == Some("Cursor"))?;
            Some(field_name(wire))
        };
        let asked = cursor(request).context("a request without a cursor")?;
        let next = cursor(answer).context("an answer without a cursor")?;
        let (records, list) = (answer.properties.iter())
            .find(|(_, it)| it.kind() == "array")
            .context("an answer without a list")?;
        let records = field_name(records);
        let list = type_of(list)?.inner;
        let item = list
            .strip_prefix("Vec<")
            .and_then(|it| it.strip_suffix('>'));
        let item = item.context("a list without items")?;
        self.need(["Cursor", "Paged", "UnreadableRow", item]);

        writeln!(
            self.items,
            "impl Paged for {name} {{\n    type Item = {item};\n"
        )?;
        if let Some(window) = &request.window {
            let days = window.seconds / 86_400;
            ensure!(window.seconds % 86_400 == 0, "{name} has no whole days");
            self.need(["Duration"]);
            writeln!(
                self.items,
                "    const LONGEST_SPAN: Option<Duration> = Some(Duration::from_secs({days} * 86_400));\n"
            )?;
        }
        let out = &mut self.items;
        writeln!(
            out,
            "    fn cursor(&self) -> Option<&Cursor> {{ self.{asked}.as_ref() }}\n\n    \
             fn at(mut self, cursor: Option<Cursor>) -> Self {{ self.{asked} = cursor; self }}\n",
        )?;
        if let Some(window) = &request.window {
            let field = |wire: &String| (field_name(wire), request.required.contains(wire));
            let held = |(name, is_required): &(String, bool), value: &str| {
                if *is_required {
                    format!("Some({value}{name})")
                } else {
                    format!("{value}{name}")
                }
            };
            let given = |(name, is_required): &(String, bool)| {
                if *is_required {
                    name.clone()
                } else {
                    format!("Some({name})")
                }
            };
            let (from, to) = (field(&window.from), field(&window.to));
            writeln!(
                out,
                "    fn span(&self) -> (Option<Timestamp>, Option<Timestamp>) {{ ({}, {}) }}\n\n    \
                 fn within(mut self, {f}: Timestamp, {t}: Timestamp) -> Self {{ \
                 self.{f} = {}; self.{t} = {}; self }}\n",
                held(&from, "self."),
                held(&to, "self."),
                given(&from),
                given(&to),
                f = from.0,
                t = to.0,
            )?;
        }
        writeln!(
            out,
            "    fn into_page(answer: Self::Response) -> ({}, Option<Cursor>) {{ \
             (answer.{records}, answer.{next}) }}\n}}\n",
            rows(&list),
        )?;
        Ok(())
    }
}
