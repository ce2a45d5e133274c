//! The links of a Markdown [`Page`], and the anchors of its headings.

use std::collections::BTreeSet;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

pub(super) struct Link {
    pub(super) to: String,
    pub(super) line: usize,
}

pub(super) struct Page {
    pub(super) links: Vec<Link>,
    pub(super) anchors: BTreeSet<String>,
}

impl Page {
    pub(super) fn read(text: &str) -> Self {
        let mut page = Self {
            links: Vec::new(),
            anchors: BTreeSet::new(),
        };
        let mut heading: Option<String> = None;
        for (event, place) in Parser::new_ext(text, Options::all()).into_offset_iter() {
            match event {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    let before = text.get(..place.start).unwrap_or_default();
                    page.links.push(Link {
                        to: dest_url.into_string(),
                        line: before.matches('\n').count() + 1,
                    });
                }
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    page.add_anchor(&heading.take().unwrap_or_default());
                }
                Event::Text(words) | Event::Code(words) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&words);
                    }
                }
                _ => {}
            }
        }
        page
    }

    /// The doc comments of a source file, on their own lines.
    pub(super) fn of_doc_comments(source: &str) -> Self {
        let mut text = String::new();
        for line in source.lines() {
            let line = line.trim_start();
            let comment = line
                .strip_prefix("///")
                .or_else(|| line.strip_prefix("//!"));
            text.push_str(comment.unwrap_or_default());
            text.push('\n');
        }
        Self::read(&text)
    }

    /// Adds an anchor as the pages of repositories make it: in small letters, with a number from
    /// the second on.
    fn add_anchor(&mut self, heading: &str) {
        let slug: String = (heading.to_lowercase().chars())
            .filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c))
            .map(|c| if c == ' ' { '-' } else { c })
            .collect();
        let mut anchor = slug.clone();
        let mut number = 0;
        while !self.anchors.insert(anchor.clone()) {
            number += 1;
            anchor = format!("{slug}-{number}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_have_their_lines_and_headings_their_anchors() {
        let page = Page::read("# The `admin` API: how?\n\n[a](b.md) ![c](d.png)\n\n# A b\n# A b\n");
        let links: Vec<(&str, usize)> = page
            .links
            .iter()
            .map(|it| (it.to.as_str(), it.line))
            .collect();
        assert_eq!(links, [("b.md", 3), ("d.png", 3)]);
        let anchors: Vec<&str> = page.anchors.iter().map(String::as_str).collect();
        assert_eq!(anchors, ["a-b", "a-b-1", "the-admin-api-how"]);
    }

    #[test]
    fn doc_comments_are_read_and_code_is_not() {
        let source =
            "//! [a](b.html)\nlet x = \"[c](d.md)\";\n    /// [e]\n    ///\n    /// [e]: f\n";
        let page = Page::of_doc_comments(source);
        let links: Vec<(&str, usize)> = page
            .links
            .iter()
            .map(|it| (it.to.as_str(), it.line))
            .collect();
        assert_eq!(links, [("b.html", 1), ("f", 3)]);
    }
}
