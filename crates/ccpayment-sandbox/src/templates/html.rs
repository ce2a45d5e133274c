//! Markup with escaping that can't be forgotten: only the program's own texts go in as they are.

use std::fmt::Display;

#[derive(Debug, Default)]
pub(super) struct Html(String);

impl Html {
    /// Markup from the source code; a text that somebody sent does not fit the type.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Any text, safe as content and in a quoted attribute.
    pub(super) fn text(&mut self, text: impl Display) -> &mut Self {
        for letter in text.to_string().chars() {
            match letter {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                _ => self.0.push(letter),
            }
        }
        self
    }

    pub(super) fn html(&mut self, part: &Self) -> &mut Self {
        self.0.push_str(&part.0);
        self
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}
