//! Everything at a glance: balances, requests, orders, payouts and the fate of notifications.

use super::html::Html;
use super::layout::{Frame, layout, moment};
use super::table::Table;

/// How many of the newest rows of each table the page shows, at first and on demand: all rows of a
/// long test would be too much for a browser.
const MOST: usize = 25;
const ALL: usize = 500;

/// Which rows the reader asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    /// A text that every row has somewhere.
    pub(crate) find: String,
    /// Refused requests and failed attempts only.
    pub(crate) refused: bool,
    pub(crate) all: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Overview {
    pub(crate) app_id: String,
    /// The callers' time, and how far the sandbox is ahead of it.
    pub(crate) now: u64,
    pub(crate) ahead: u64,
    pub(crate) balanced: bool,
    pub(crate) filter: Filter,
    pub(crate) tables: Vec<Table>,
}

impl Overview {
    pub(crate) fn render(&self) -> String {
        let mut page = Html::default();
        page.raw("<h1>Sandbox of <code>")
            .text(&self.app_id)
            .raw("</code></h1>\n");
        page.raw("<p class=\"quiet\">It is ");
        moment(&mut page, self.now);
        page.raw(". ");
        if self.ahead > 0 {
            page.raw("The clock was advanced by ").text(self.ahead);
            page.raw(" s: what was there before is older by as much. ");
        }
        page.raw("The books ").raw(if self.balanced {
            "balance"
        } else {
            "DO NOT balance"
        });
        page.raw(". What can be done here is described in ");
        page.raw("<a href=\"/sandbox/openapi.json\">openapi.json</a>.</p>\n");
        self.form(&mut page);
        page.raw("<nav>");
        for table in &self.tables {
            page.raw("<a href=\"#")
                .raw(table.id)
                .raw("\">")
                .raw(table.title);
            page.raw(" <small>")
                .text(table.rows.len())
                .raw("</small></a>\n");
        }
        page.raw("</nav>\n");
        let most = if self.filter.all { ALL } else { MOST };
        let all = Filter {
            all: true,
            ..self.filter.clone()
        };
        for table in &self.tables {
            table.show(&mut page, most, &all.query());
        }
        layout("Overview", Frame::Overview, &page)
    }

    fn form(&self, page: &mut Html) {
        page.raw("<form class=\"filter\" method=\"get\" action=\"/sandbox/\">\n<label>Find ");
        page.raw("<input name=\"find\" value=\"")
            .text(&self.filter.find)
            .raw("\"></label>\n");
        page.raw("<label><input type=\"checkbox\" name=\"refused\" value=\"1\"");
        page.raw(if self.filter.refused { " checked" } else { "" });
        page.raw("> only what was refused or failed</label>\n<button>Show</button>\n");
        page.raw("<a href=\"/sandbox/\">Show everything</a></form>\n");
    }
}

impl Filter {
    /// Reads the query of a URL, as a form writes it.
    pub(crate) fn read(query: &str) -> Self {
        let mut filter = Self::default();
        for (name, value) in query.split('&').filter_map(|part| part.split_once('=')) {
            match name {
                "find" => filter.find = decoded(value),
                "refused" => filter.refused = value == "1",
                "all" => filter.all = value == "1",
                _ => {}
            }
        }
        filter
    }

    fn query(&self) -> String {
        let flag = |on: bool| if on { "1" } else { "0" };
        let find: String = (self.find.bytes())
            .map(|byte| format!("%{byte:02X}"))
            .collect();
        format!(
            "?find={find}&refused={}&all={}",
            flag(self.refused),
            flag(self.all)
        )
    }
}

/// `%` and two digits are a byte, `+` is a space.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        let byte = (*first == b'%').then(|| more.split_at_checked(2)).flatten();
        let byte = byte.and_then(|(digits, after)| {
            let digits = std::str::from_utf8(digits).ok()?;
            Some((u8::from_str_radix(digits, 16).ok()?, after))
        });
        let (byte, more) = byte.unwrap_or((if *first == b'+' { b' ' } else { *first }, more));
        bytes.push(byte);
        rest = more;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::super::table::Cell;
    use super::*;

    #[test]
    fn a_filter_comes_back_as_it_was_asked_for() {
        for find in ["order-1", "ä & <b> %41+", ""] {
            let filter = Filter {
                find: find.to_owned(),
                refused: find.is_empty(),
                all: true,
            };
            assert_eq!(Filter::read(filter.query().trim_start_matches('?')), filter);
        }
        assert_eq!(Filter::read("find=a+b%2").find, "a b%2");
        assert_eq!(Filter::read(""), Filter::default());
    }

    #[test]
    fn it_has_its_tables_and_escapes_what_it_shows() {
        let page = Overview {
            app_id: "<app>".to_owned(),
            now: 1_750_000_000,
            ahead: 60,
            balanced: true,
            filter: Filter {
                find: "\"quoted\"".to_owned(),
                ..Filter::default()
            },
            tables: vec![Table {
                id: "orders",
                title: "Orders",
                columns: &["Id"],
                rows: vec![vec![Cell::Link {
                    to: "/checkout/k".to_owned(),
                    text: "<o>".to_owned(),
                }]],
                note: Some("a & b".to_owned()),
            }],
        }
        .render();
        for part in [
            "&lt;app&gt;",
            "advanced by 60 s",
            "value=\"&quot;quoted&quot;\"",
            "<a href=\"/checkout/k\">&lt;o&gt;</a>",
            "<a href=\"#orders\">Orders <small>1</small>",
            "a &amp; b",
            "2025-06-15 15:06:40 UTC",
        ] {
            assert!(page.contains(part), "{part} is missing in {page}");
        }
        assert!(!page.contains("<footer>") && !page.contains("<script>"));
    }
}
