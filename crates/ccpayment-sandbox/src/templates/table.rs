//! Tables that become one block for each row on a narrow screen, so that no column is cut off.

use super::html::Html;
use super::layout::moment;

/// The content of a cell.
#[derive(Debug, Clone)]
pub(crate) enum Cell {
    Text(String),
    Code(String),
    /// An amount; a click selects all of it.
    Amount(String),
    Number(u64),
    Moment(u64),
    Link {
        to: String,
        text: String,
    },
    Tag {
        /// The status that its colour shows.
        status: &'static str,
        text: String,
    },
    /// What is shown on demand: names and texts.
    More(Vec<(&'static str, String)>),
}

impl Cell {
    pub(crate) fn tag(status: &'static str, text: impl Into<String>) -> Self {
        Self::Tag {
            status,
            text: text.into(),
        }
    }

    fn says(&self, small: &str) -> bool {
        let text = match self {
            Self::Text(text) | Self::Code(text) | Self::Amount(text) => text,
            Self::Link { text, .. } | Self::Tag { text, .. } => text,
            Self::Number(_) | Self::Moment(_) => return false,
            Self::More(parts) => {
                return parts
                    .iter()
                    .any(|(_, text)| text.to_lowercase().contains(small));
            }
        };
        text.to_lowercase().contains(small)
    }

    fn show(&self, page: &mut Html) {
        match self {
            Self::Text(text) => page.text(text),
            Self::Code(text) => page.raw("<code class=\"small\">").text(text).raw("</code>"),
            Self::Amount(text) => page.raw("<span class=\"whole\">").text(text).raw("</span>"),
            Self::Number(number) => page.text(number),
            Self::Moment(at) => {
                moment(page, *at);
                page
            }
            Self::Link { to, text } => {
                let page = page.raw("<a href=\"").text(to).raw("\">");
                page.text(text).raw("</a>")
            }
            Self::Tag { status, text } => {
                let page = page.raw("<span class=\"tag\" data-status=\"").text(status);
                page.raw("\">").text(text).raw("</span>")
            }
            Self::More(parts) => {
                page.raw("<details><summary>more</summary><dl>");
                for (name, text) in parts {
                    page.raw("<dt>").raw(name).raw("</dt><dd><pre>").text(text);
                    page.raw("</pre></dd>");
                }
                page.raw("</dl></details>")
            }
        };
    }

    fn class(&self) -> &'static str {
        match self {
            Self::Text(text) | Self::Code(text) if text.is_empty() => "none",
            Self::Text(_) | Self::Code(_) | Self::Link { .. } => "wrap",
            Self::More(_) => "more",
            _ => "",
        }
    }
}

/// A section of the overview.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    /// Its anchor in the page.
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) columns: &'static [&'static str],
    /// Oldest first.
    pub(crate) rows: Vec<Vec<Cell>>,
    /// The text below it.
    pub(crate) note: Option<String>,
}

impl Table {
    /// Keeps the rows that have a text in some cell.
    pub(crate) fn find(&mut self, text: &str) {
        let small = text.to_lowercase();
        self.rows
            .retain(|row| row.iter().any(|cell| cell.says(&small)));
    }

    /// Shows the newest `most` rows, and a link to more of them.
    pub(super) fn show(&self, page: &mut Html, most: usize, all: &str) {
        page.raw("<section class=\"card\" id=\"")
            .raw(self.id)
            .raw("\">\n<h2>");
        page.raw(self.title).raw("</h2>\n");
        if self.rows.is_empty() {
            page.raw("<p class=\"quiet\">None.</p>\n");
        } else {
            self.body(page, most);
        }
        let count = self.rows.len();
        if count > most {
            page.raw("<p class=\"quiet\">The newest ")
                .text(most)
                .raw(" of ")
                .text(count);
            page.raw(". <a href=\"")
                .text(all)
                .raw("#")
                .raw(self.id)
                .raw("\">Show more</a></p>\n");
        }
        if let Some(note) = &self.note {
            page.raw("<p class=\"quiet\">").text(note).raw("</p>\n");
        }
        page.raw("</section>\n");
    }

    fn body(&self, page: &mut Html, most: usize) {
        page.raw("<div class=\"scroll\"><table>\n<thead><tr>");
        for column in self.columns {
            page.raw("<th scope=\"col\">").raw(column).raw("</th>");
        }
        page.raw("</tr></thead>\n<tbody>\n");
        for row in self.rows.iter().rev().take(most) {
            page.raw("<tr>");
            for (cell, column) in row.iter().zip(self.columns) {
                page.raw("<td class=\"")
                    .raw(cell.class())
                    .raw("\" data-label=\"");
                page.raw(column).raw("\">");
                cell.show(page);
                page.raw("</td>");
            }
            page.raw("</tr>\n");
        }
        page.raw("</tbody>\n</table></div>\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_shows_the_newest_and_finds_by_any_cell() {
        let row = |number: usize| {
            vec![
                Cell::Code(format!("r<{number}>")),
                Cell::tag("held", "risky"),
                Cell::More(vec![("Body", format!("{{\"n\":{number}}}"))]),
            ]
        };
        let mut table = Table {
            id: "deposits",
            title: "Deposits",
            columns: &["Record", "Status", "More"],
            rows: (0..30).map(row).collect(),
            note: None,
        };
        let show = |table: &Table| {
            let mut page = Html::default();
            table.show(&mut page, 25, "?all=1");
            page.finish()
        };
        let page = show(&table);
        for part in [
            "r&lt;29&gt;",
            "data-label=\"Status\"><span class=\"tag\" data-status=\"held\">risky<",
            "The newest 25 of 30",
            "href=\"?all=1#deposits\"",
            "{&quot;n&quot;:29}",
        ] {
            assert!(page.contains(part), "{part} is missing in {page}");
        }
        assert!(!page.contains("r&lt;4&gt;"));
        table.find("\"N\":7");
        let page = show(&table);
        assert!(
            page.contains("r&lt;7&gt;")
                && !page.contains("r&lt;17&gt;")
                && !page.contains("newest")
        );
        table.find("nothing like it");
        assert!(show(&table).contains("None."));
    }
}
