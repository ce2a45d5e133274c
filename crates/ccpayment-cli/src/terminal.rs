//! `Terminal`, which prints and asks everything: for people, or as JSON.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use indexmap::IndexMap;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::exit::{CliError, Exit};

const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const DIM: Style = Style::new().dimmed();

/// Standard output for answers, standard error for questions, progress and errors.
pub(crate) struct Terminal {
    out: Box<dyn Write>,
    err: Box<dyn Write>,
    json: bool,
}

/// The mood of a line, which its colour shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Good,
    Bad,
    Dim,
}

impl Mood {
    pub(crate) fn paint(self, text: impl Display) -> String {
        let style = match self {
            Self::Good => GOOD,
            Self::Bad => BAD,
            Self::Dim => DIM,
        };
        format!("{style}{text}{style:#}")
    }
}

impl Terminal {
    pub(crate) fn new(choice: ColorChoice, json: bool) -> Self {
        Self {
            out: Box::new(AutoStream::new(io::stdout(), choice)),
            err: Box::new(AutoStream::new(io::stderr(), choice)),
            json,
        }
    }

    /// Whether a machine reads.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// A line of the answer.
    pub(crate) fn line(&mut self, text: impl Display) -> Result<(), CliError> {
        let written = writeln!(self.out, "{text}").and_then(|()| self.out.flush());
        written.map_err(CliError::io("the output can't be written"))
    }

    /// Text of the answer that has its own line ends.
    pub(crate) fn text(&mut self, text: &[u8]) -> Result<(), CliError> {
        let written = self.out.write_all(text).and_then(|()| self.out.flush());
        written.map_err(CliError::io("the output can't be written"))
    }

    /// One JSON document, or one line of several.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> Result<(), CliError> {
        let text = serde_json::to_string(value);
        self.line(text.map_err(|error| CliError::Failed(error.to_string()))?)
    }

    /// A line beside the answer.
    pub(crate) fn note(&mut self, text: impl Display) {
        // A reader who has closed standard error does not want it.
        let _ = writeln!(self.err, "{text}");
    }

    /// Tells of something that takes long, but only to a person at a terminal.
    pub(crate) fn progress(&mut self, text: impl Display) {
        if io::stderr().is_terminal() {
            self.note(Mood::Dim.paint(text));
        }
    }

    pub(crate) fn table<const N: usize>(
        &mut self,
        head: [&str; N],
        rows: impl IntoIterator<Item = [String; N]>,
    ) -> Result<(), CliError> {
        self.columns(std::iter::once(head.map(str::to_uppercase)).chain(rows))
    }

    /// Columns of plain text, each as wide as it has to be.
    fn columns<const N: usize>(
        &mut self,
        rows: impl Iterator<Item = [String; N]>,
    ) -> Result<(), CliError> {
        let rows: Vec<_> = rows.map(|row| row.map(|cell| plain(&cell))).collect();
        let mut widths = [0; N];
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        for row in rows {
            let cells = row.iter().zip(widths);
            let cells = cells.map(|(cell, width)| format!("{cell:<width$}"));
            let line = cells.collect::<Vec<_>>().join("  ");
            self.line(line.trim_end())?;
        }
        Ok(())
    }

    /// The gateway's answer: whole for a machine, one line for each field for people.
    pub(crate) fn answer(&mut self, data: &RawValue) -> Result<(), CliError> {
        if self.json {
            return self.line(data.get());
        }
        let mut rows = Vec::new();
        flatten("", data, &mut rows);
        if rows.is_empty() {
            return self.line("done");
        }
        self.fields(rows)
    }

    /// Names and values.
    pub(crate) fn fields(
        &mut self,
        rows: impl IntoIterator<Item = [String; 2]>,
    ) -> Result<(), CliError> {
        self.columns(rows.into_iter())
    }

    /// Prints why a command failed.
    pub(crate) fn failed(&mut self, error: &CliError) {
        let exit = error.exit();
        if exit == Exit::Done {
            return;
        }
        if self.json {
            let advice = error.advice();
            let document = serde_json::json!({ "error": {
                "exit": exit as u8,
                "message": error.text(),
                "code": error.code().map(|it| it.code()),
                "advice": advice,
            }});
            self.note(document);
            return;
        }
        self.note(format_args!(
            "{} {}",
            Mood::Bad.paint("error:"),
            plain(&error.text())
        ));
        if let Some(advice) = error.advice() {
            self.note(advice);
        }
    }

    /// Asks before something happens that can't be taken back.
    pub(crate) fn confirm(&mut self, question: &str, yes: bool) -> Result<(), CliError> {
        if yes {
            return Ok(());
        }
        if !io::stdin().is_terminal() {
            return Err(CliError::NotAsked);
        }
        let _ = write!(self.err, "{question} [y/N] ");
        let _ = self.err.flush();
        let mut answer = String::new();
        let read = io::stdin().read_line(&mut answer);
        read.map_err(CliError::io("the answer can't be read"))?;
        match answer.trim().to_ascii_lowercase().as_str() {
            "y" | "yes" => Ok(()),
            _ => Err(CliError::Declined),
        }
    }
}

/// A text from outside, made safe to print: without line ends, commands for the terminal, and marks
/// that would show letters in another order, such as those of an address.
pub(crate) fn plain(text: &str) -> String {
    let is_mark = |it: char| {
        matches!(it, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}')
    };
    let is_plain = |it: char| !it.is_control() && !is_mark(it);
    text.chars()
        .map(|it| if is_plain(it) { it } else { ' ' })
        .collect()
}

/// One row for each value, in the order in which they came, each number as it was written.
fn flatten(name: &str, value: &RawValue, rows: &mut Vec<[String; 2]>) {
    let text = value.get();
    if let Ok(fields) = serde_json::from_str::<IndexMap<String, Box<RawValue>>>(text) {
        for (field, value) in fields {
            let dot = if name.is_empty() { "" } else { "." };
            flatten(&format!("{name}{dot}{field}"), &value, rows);
        }
        return;
    }
    if let Ok(entries) = serde_json::from_str::<Vec<Box<RawValue>>>(text) {
        for (at, value) in entries.iter().enumerate() {
            flatten(&format!("{name}[{at}]"), value, rows);
        }
        return;
    }
    let shown = serde_json::from_str::<String>(text).unwrap_or_else(|_| text.to_owned());
    rows.push([name.to_owned(), shown]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_keeps_its_order_and_its_numbers() {
        let text = r#"{"b":{"x":1.10,"a":"t"},"list":[{"id":"7"},null],"e":{}}"#;
        let raw = RawValue::from_string(text.to_owned()).unwrap();
        let mut rows = Vec::new();
        flatten("", &raw, &mut rows);
        let shown: Vec<_> = rows.iter().map(|it| it.join("=")).collect();
        assert_eq!(shown, ["b.x=1.10", "b.a=t", "list[0].id=7", "list[1]=null"]);
    }

    #[test]
    fn words_of_the_gateway_give_the_terminal_no_orders() {
        assert_eq!(plain("a\u{1b}[2Jb\nc\u{2028}d"), "a [2Jb c d");
        assert_eq!(plain("0x\u{202e}12\u{2066}\u{9b}"), "0x 12  ");
    }
}
