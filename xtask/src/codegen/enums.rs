//! Words of the gateway that may grow.

use std::fmt::Write as _;

use anyhow::Result;
use heck::ToUpperCamelCase;

use super::rust::doc;
use crate::spec::Schema;

pub(crate) fn open_enum(out: &mut String, name: &str, schema: &Schema) -> Result<()> {
    writeln!(out, "open_enum! {{")?;
    out.push_str(&doc("    ", &schema.description));
    writeln!(out, "    {name} {{")?;
    for (word, text) in &schema.values {
        out.push_str(&doc("        ", text));
        writeln!(out, "        {} = {word:?},", word.to_upper_camel_case())?;
    }
    writeln!(out, "    }}\n}}\n")?;
    if !schema.final_values.is_empty() {
        let words: Vec<_> = schema
            .final_values
            .iter()
            .map(|word| format!("Self::{}", word.to_upper_camel_case()))
            .collect();
        writeln!(
            out,
            "impl {name} {{\n    /// Whether it can't change any more. A word that we don't know never is.\n    \
             #[must_use]\n    pub fn is_final(&self) -> bool {{ matches!(self, {}) }}\n}}\n",
            words.join(" | ")
        )?;
    }
    Ok(())
}
