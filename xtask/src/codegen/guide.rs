//! The tables of the guide: the answer codes, and where the vendor's documents contradict each other.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use super::marked;
use super::rust::raised;
use crate::spec::Code;

const CODES: &str = "docs/troubleshooting.md";
const CONTRADICTIONS: &str = "docs/contradictions.md";
const DECISIONS: &str = "xtask/spec/discrepancies.yaml";

/// The decision about a row, where it differs from the list.
#[derive(Deserialize)]
struct Row {
    decision: Option<String>,
}

type Decisions = BTreeMap<String, Row>;

/// The pages with their tables, by their path from the root.
pub(super) fn pages(root: &Path, v2: &[Code], v1: &[Code]) -> Result<BTreeMap<String, String>> {
    let read = |path: &str| fs::read_to_string(root.join(path)).with_context(|| path.to_owned());
    let codes = codes(v2, v1)?;
    let troubleshooting = marked::replaced(CODES, &read(CODES)?, "codes", &codes)?;
    let decisions: BTreeMap<String, Decisions> = serde_saphyr::from_str(&read(DECISIONS)?)?;
    let mut page = read(CONTRADICTIONS)?;
    for (version, table) in [
        ("v2", of_v2 as fn(&str, &Decisions) -> Result<String>),
        ("v1", of_v1),
    ] {
        let list = read(&format!("xtask/spec/facts/{version}-discrepancies.md"))?;
        let decided = decisions.get(version).context("a version without rows")?;
        let table = named(&table(&list, decided)?);
        page = marked::replaced(CONTRADICTIONS, &page, version, &table)?;
    }
    Ok(BTreeMap::from([
        (CODES.to_owned(), troubleshooting),
        (CONTRADICTIONS.to_owned(), page),
    ]))
}

fn codes(v2: &[Code], v1: &[Code]) -> Result<String> {
    let mut out = String::from(
        "| code | name | what it means, and what to do | the same request again |\n|---|---|---|---|\n",
    );
    let only_v1 = v1
        .iter()
        .filter(|code| v2.iter().all(|other| other.code != code.code));
    for code in v2.iter().chain(only_v1) {
        let repeat = match code.retry.as_str() {
            _ if code.code == 10_000 => "not needed",
            "never" => "does not help by itself",
            "backoff" => "helps after a pause",
            "after-clock-fix" => "helps with a right clock",
            "check-record" => "only after a look at the record",
            other => bail!("{} has an unknown retry class: {other}", code.code),
        };
        writeln!(
            out,
            "| {} | `{}` | {} {}. | {repeat} |",
            code.code,
            code.name,
            cell(&code.meaning),
            cell(&raised(&code.why)),
        )?;
    }
    Ok(out.trim_end().to_owned())
}

/// The list of v2: a table for each section, whose columns differ in their middle.
fn of_v2(list: &str, decided: &Decisions) -> Result<String> {
    let mut out = String::new();
    let mut columns: Vec<&str> = Vec::new();
    for line in list.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            let (_, title) = title.split_once(". ").unwrap_or(("", title));
            let gap = if out.is_empty() { "" } else { "\n" };
            write!(out, "{gap}### {title}\n\n{HEAD}")?;
        }
        if line.starts_with("| #") && line.contains(SANDBOX) {
            out.truncate(out.len().saturating_sub(HEAD.len()));
            out += &HEAD.replace("the SDK", "the sandbox");
        }
        let Some(row) = line.strip_prefix("| ") else {
            continue;
        };
        let cells: Vec<&str> = row
            .trim_end_matches('|')
            .split(" |")
            .map(str::trim)
            .collect();
        let number = cells.first().copied().unwrap_or_default();
        if number == "#" {
            columns = cells;
            continue;
        }
        if !number.starts_with(|it: char| it.is_ascii_digit()) {
            continue;
        }
        let found = |wanted: &str| {
            let at = columns.iter().position(|it| it.starts_with(wanted));
            at.and_then(|at| cells.get(at)).copied().unwrap_or_default()
        };
        // The columns that are neither place nor advice have what the sources say.
        let says = columns.iter().zip(&cells).skip(1).filter(|(name, cell)| {
            !cell.is_empty()
                && ![
                    "Sev",
                    "Where",
                    "Example",
                    "What a client",
                    SANDBOX,
                    "Repair",
                ]
                .iter()
                .any(|it| name.starts_with(it) && **name != "Example and others")
        });
        let says: Vec<String> = says.map(|(name, cell)| said(name, cell)).collect();
        let place = [found("Where"), found("Example")]
            .into_iter()
            .find(|it| !it.is_empty());
        let advice = [found("What a client"), found(SANDBOX), found("Repair")].concat();
        let says = match says.join("; ") {
            says if says.is_empty() => "Damaged or missing in Seed.".to_owned(),
            says => says,
        };
        let we = decided.get(number).and_then(|row| row.decision.as_deref());
        // A row that can lose money, or break every request, stands out.
        let number = match found("Sev") {
            "H" => format!("**{number}**"),
            _ => number.to_owned(),
        };
        row_of(
            &mut out,
            &number,
            place.unwrap_or_default(),
            &says,
            we.unwrap_or(&advice),
        )?;
    }
    Ok(out.trim_end().to_owned())
}

/// A cell with the name of its column, if that says more than "what the sources say".
fn said(column: &str, cell: &str) -> String {
    match column {
        "What the sources say" | "Example and others" => cell.to_owned(),
        "Table" => format!("table: {cell}"),
        "Stated rule" => format!("rule: {cell}"),
        _ => cell.to_owned(),
    }
}

/// The list of v1: numbered sentences that end with the advice, in asterisks.
fn of_v1(list: &str, decided: &Decisions) -> Result<String> {
    let mut out = String::new();
    for line in list.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            let gap = if out.is_empty() { "" } else { "\n" };
            write!(out, "{gap}### {title} of v1\n\n{HEAD}")?;
        }
        let Some((number, rest)) = line.split_once(". **") else {
            continue;
        };
        let (place, rest) = rest.split_once("**").context("a row without a title")?;
        let (says, advice) = rest
            .trim()
            .trim_end_matches('*')
            .rsplit_once('*')
            .context("no advice")?;
        // The rest of a sentence whose beginning is the place.
        let says = match says.trim() {
            says if !place.ends_with('.') => format!("… {says}"),
            says => says.to_owned(),
        };
        let we = decided.get(number).and_then(|row| row.decision.as_deref());
        row_of(
            &mut out,
            number,
            place.trim_end_matches('.'),
            &says,
            we.unwrap_or(advice),
        )?;
    }
    ensure!(!out.is_empty(), "no rows of v1");
    Ok(out.trim_end().to_owned())
}

/// The head of the column with decisions that the sandbox takes as the gateway's part.
const SANDBOX: &str = "What the sandbox";

const HEAD: &str = "| | about | the sources say | the SDK |\n|---|---|---|---|\n";

fn row_of(out: &mut String, number: &str, place: &str, says: &str, we: &str) -> Result<()> {
    let we = if we.is_empty() {
        "Nothing to decide."
    } else {
        we
    };
    let we = match raised(we) {
        we if we.ends_with('.') => we,
        we => we + ".",
    };
    writeln!(
        out,
        "| {number} | {} | {} | {} |",
        cell(place),
        cell(says),
        cell(&we)
    )?;
    Ok(())
}

fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The sources by the names that the page gives them.
fn named(text: &str) -> String {
    text.replace("parts of Seed", "parts of the manual")
        .replace("the seed", "the manual")
        .replace("Seed", "Manual")
        .replace("seed", "manual")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decided(number: &str, decision: Option<&str>) -> Decisions {
        let decision = decision.map(Into::into);
        BTreeMap::from([(number.to_owned(), Row { decision })])
    }

    #[test]
    fn a_row_of_v2_has_what_the_sources_say_and_what_was_decided() {
        let list = "## 1. Types\n\n| # | Sev | Where | Table | Example and others | What a client \
                    should do |\n| --- | --- | --- | --- | --- | --- |\n| 1.1 | H | `coinId` | String \
                    | number | Send a number. |\n";
        let table = of_v2(list, &decided("1.1", None)).unwrap();
        let row = "| **1.1** | `coinId` | table: String; number | Send a number. |";
        assert!(
            table.starts_with("### Types\n") && table.ends_with(row),
            "{table}"
        );
        let table = of_v2(list, &decided("1.1", Some("text"))).unwrap();
        assert!(
            table.ends_with("| table: String; number | Text. |"),
            "{table}"
        );
    }

    #[test]
    fn a_row_of_v1_ends_with_its_advice() {
        let list = "## Orders\n\n3. **`memo` type.** A *number* in Seed. *Always text.*\n";
        let table = of_v1(list, &Decisions::new()).unwrap();
        let row = "| 3 | `memo` type | A *number* in Seed. | Always text. |";
        assert!(table.ends_with(row), "{table}");
        assert_eq!(named("Seed and the seed"), "Manual and the manual");
    }
}
