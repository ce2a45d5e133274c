//! The doc comments of generated Rust, read back from its text.

/// A doc comment, and what it is about.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Comment {
    /// The type, or the file where the comment is about no type.
    pub(crate) owner: String,
    /// The field, variant or function of it.
    pub(crate) member: Option<String>,
    pub(crate) text: String,
}

impl Comment {
    /// What the comment is about, for messages.
    pub(crate) fn place(&self) -> String {
        match &self.member {
            Some(member) => format!("{}.{member}", self.owner),
            None => self.owner.clone(),
        }
    }

    /// Its sentences, each on one line. A row of a table counts as one.
    pub(crate) fn sentences(&self) -> Vec<String> {
        let mut paragraphs = vec![String::new()];
        for line in self.text.lines() {
            let item = line.strip_prefix("- ");
            if item.is_some() || line.is_empty() || line.starts_with(ROW) {
                paragraphs.push(String::new());
            }
            if let Some(paragraph) = paragraphs.last_mut() {
                paragraph.push_str(item.unwrap_or(line).trim());
                paragraph.push(' ');
            }
        }
        let mut sentences = Vec::new();
        for paragraph in paragraphs {
            if paragraph.starts_with(ROW) {
                sentences.push(paragraph);
                continue;
            }
            let mut sentence = Vec::new();
            for word in paragraph.split_whitespace() {
                sentence.push(word);
                if word.ends_with(['.', '!', '?', ';']) {
                    sentences.push(std::mem::take(&mut sentence).join(" "));
                }
            }
            if !sentence.is_empty() {
                sentences.push(sentence.join(" "));
            }
        }
        sentences
    }
}

/// The first character of a table's row.
pub(crate) const ROW: char = '|';

/// Every comment of a file that rustfmt printed.
pub(crate) fn read(file: &str, text: &str) -> Vec<Comment> {
    let of_module: Vec<_> = (text.lines())
        .filter_map(|line| line.strip_prefix("//!"))
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect();
    let mut comments = vec![Comment {
        owner: file.to_owned(),
        member: None,
        text: of_module.join("\n"),
    }];
    let (mut owner, mut lines) = (file.to_owned(), Vec::new());
    for line in text.lines().map(str::trim) {
        if let Some(line) = line.strip_prefix("///") {
            lines.push(line.strip_prefix(' ').unwrap_or(line));
            continue;
        }
        let member = match Item::of(line) {
            Some(Item::Type(name)) => {
                name.clone_into(&mut owner);
                None
            }
            Some(Item::Member(name)) => Some(name.to_owned()),
            None => continue,
        };
        if !lines.is_empty() {
            comments.push(Comment {
                owner: owner.clone(),
                member,
                text: std::mem::take(&mut lines).join("\n"),
            });
        }
    }
    comments
}

/// The item that a line begins.
enum Item<'a> {
    Type(&'a str),
    Member(&'a str),
}

impl<'a> Item<'a> {
    fn of(line: &'a str) -> Option<Self> {
        if let Some(block) = line.strip_prefix("impl ") {
            let name = block.strip_suffix(" {")?;
            return Some(Self::Type(name.rsplit(' ').next().unwrap_or(name)));
        }
        let item = line.strip_prefix("pub ");
        let name = item.unwrap_or(line);
        if let Some(name) = name.strip_prefix("struct ") {
            return Some(Self::Type(first_name(name)));
        }
        for word in ["fn ", "const "] {
            if let Some(name) = name.strip_prefix(word) {
                return Some(Self::Member(first_name(name)));
            }
        }
        let first = first_name(name);
        let rest = name.get(first.len()..)?;
        let is_raised = first.starts_with(char::is_uppercase) && first != "Self";
        match rest {
            _ if item.is_some() && rest.starts_with(": ") => Some(Self::Member(first)),
            " {" if is_raised => Some(Self::Type(first)),
            _ if is_raised && rest.starts_with(" = ") => Some(Self::Member(first)),
            _ => None,
        }
    }
}

fn first_name(text: &str) -> &str {
    let end = text.find(|it: char| !it.is_alphanumeric() && it != '_');
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"//! Orders.

/// Opens an order.
#[derive(Debug)]
pub struct OpenOrder {
    /// The price. Above
    /// zero.
    #[serde(
        rename = "priceUSD",
        default
    )]
    pub price_usd: Amount,
}

impl OpenOrder {
    /// Makes it.
    #[must_use]
    pub fn new(price_usd: Amount) -> Self {
        Self { price_usd }
    }
}

open_enum! {
    /// Where it stands.
    OrderStatus {
        /// Done.
        Paid = "Paid",
    }
}
"#;

    #[test]
    fn each_comment_has_its_place() {
        let found: Vec<_> = (read("order.rs", FILE).iter())
            .map(|it| (it.place(), it.text.clone()))
            .collect();
        let expected = [
            ("order.rs", "Orders."),
            ("OpenOrder", "Opens an order."),
            ("OpenOrder.price_usd", "The price. Above\nzero."),
            ("OpenOrder.new", "Makes it."),
            ("OrderStatus", "Where it stands."),
            ("OrderStatus.Paid", "Done."),
        ];
        assert_eq!(found, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
    }

    #[test]
    fn sentences_end_at_points_items_and_paragraphs() {
        let comment = Comment {
            owner: String::new(),
            member: None,
            text: "One; two\nthree. Four\n\n| a. b |\n- five\n- six: 0.1".to_owned(),
        };
        assert_eq!(
            comment.sentences(),
            [
                "One;",
                "two three.",
                "Four",
                "| a. b | ",
                "five",
                "six: 0.1"
            ]
        );
    }
}
