//! The log of requests: what came, what was answered, and why.

use std::fmt;
use std::sync::Arc;

use crate::model::calendar;
use crate::model::fault::Fault;
use crate::model::recent::Recent;

/// What stands for a secret or a signature.
pub(crate) const MASK: &str = "***";

/// An entry of the log of requests, whether the request reached a route or not. It holds neither
/// the secret nor a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoggedRequest {
    /// When it came, by the clock of callers, in unix seconds.
    pub at: u64,
    /// The path that was asked for.
    pub path: String,
    /// The `orderId` in the body, the `batchOrderId` of a batch or the `merchant_order_id` of v1.
    pub order_id: Option<String>,
    /// The HTTP status of the answer; `None` when there was no answer.
    pub status: Option<u16>,
    /// The code in the answer; `None` when there was none, or one that a fault made.
    pub code: Option<u32>,
    /// The reason in the answer; empty for a success.
    pub message: String,
    /// The fields: the beginning of the body.
    pub body: String,
    /// What the default reading let pass.
    pub warnings: Vec<String>,
    /// What struck it.
    pub fault: Option<Fault>,
    /// Why the signature did not fit, if it did not.
    pub signing: Option<SigningReport>,
    /// Its place in the list of requests that reached a route.
    pub(crate) number: Option<usize>,
}

/// Why a signature does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SigningReport {
    /// The exact text that should have been signed. `***` stands for the secret, which v1 has
    /// inside.
    pub text: String,
    /// How the given signature differs in kind.
    pub hint: String,
}

impl LoggedRequest {
    /// Whether the gateway said no.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.code.is_some_and(|code| code != 10_000)
    }
}

/// One line for a terminal.
impl fmt::Display for LoggedRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = format!("{} {}", calendar::plain(self.at), self.path);
        match (self.code, self.status) {
            (Some(code), _) => line += &format!(" {code}"),
            (None, Some(status)) => line += &format!(" HTTP {status}"),
            (None, None) => line += " no answer",
        }
        if let Some(order_id) = &self.order_id {
            line += &format!(" [{order_id}]");
        }
        if !self.message.is_empty() {
            line += &format!(" {}", self.message);
        }
        if let Some(signing) = &self.signing {
            line += &format!("; {}", signing.hint);
        }
        if let Some(fault) = self.fault {
            line += &format!(" (fault: {fault:?})");
        }
        for warning in &self.warnings {
            line += &format!(" (warning: {warning})");
        }
        // What others wrote must not steer the terminal, nor show letters in another order.
        let is_mark = |one: char| {
            matches!(one, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}')
        };
        let steers = |one: char| one.is_control() || is_mark(one);
        let line = line.chars().map(|one| if steers(one) { ' ' } else { one });
        formatter.write_str(&line.collect::<String>())
    }
}

type Listener = Arc<dyn Fn(&LoggedRequest) + Send + Sync>;

/// The requests since the start; they are no part of the state.
#[derive(Default)]
pub(crate) struct RequestLog {
    pub(crate) entries: Recent<LoggedRequest, 1_000>,
    pub(crate) listener: Option<Listener>,
}

impl fmt::Debug for RequestLog {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RequestLog").finish_non_exhaustive()
    }
}

/// A text without secrets, wherever in it they are.
pub(crate) fn masked(text: &str, secrets: [&str; 2]) -> String {
    // Shorter texts are no secrets, and occur everywhere.
    const LEAST: usize = 8;
    let mut text = text.to_owned();
    for secret in secrets {
        let Some((last, letter)) = secret.char_indices().nth(LEAST - 1) else {
            continue;
        };
        let (head, tail) = secret.split_at(last + letter.len_utf8());
        let count = |text: &str| text.matches(secret).count();
        // One sign after the other: that is much faster than both at once.
        let is_escaped = text.contains('%') || text.contains('\\');
        if is_escaped && count(&unescaped(&text)) > count(&text) {
            return format!("{MASK} (a secret is in it, in another spelling)");
        }
        if text.contains(head) {
            text = without(&text, head, tail);
        }
    }
    text
}

/// A text without a secret, or as much of it as a cut has left.
fn without(text: &str, head: &str, tail: &str) -> String {
    let (mut shown, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once(head) {
        let same = after.chars().zip(tail.chars());
        let same = same.take_while(|(one, other)| one == other);
        let length = same.map(|(one, _)| one.len_utf8()).sum();
        rest = after.get(length..).unwrap_or_default();
        shown += before;
        shown += MASK;
    }
    shown + rest
}

/// Each `%41`, `\u0041` and `\A` as the letter that it stands for.
fn unescaped(text: &str) -> String {
    let (mut plain, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(['%', '\\']) {
        let (before, escaped) = rest.split_at(at);
        let (sign, after) = escaped.split_at(1);
        let coded = |digits: &str| char::from_u32(u32::from_str_radix(digits, 16).ok()?);
        let by = |from: usize, to: usize| Some((coded(after.get(from..to)?)?, after.get(to..)?));
        let mut letters = after.chars();
        let (letter, more) = match sign {
            "%" => by(0, 2).unwrap_or(('%', after)),
            _ => (by(1, 5).filter(|_| after.starts_with('u')))
                .or_else(|| Some((letters.next()?, letters.as_str())))
                .unwrap_or(('\\', "")),
        };
        plain += before;
        plain.push(letter);
        rest = more;
    }
    plain + rest
}

/// The beginning of a text that may be long, without secrets; the rest costs neither time nor
/// memory.
pub(crate) fn beginning(text: &str, most: usize, secrets: [&str; 2]) -> String {
    let place = |text: &str, number: usize| {
        let letter = text.char_indices().nth(number);
        letter.map_or(text.len(), |(at, _)| at)
    };
    // What begins in the part that is shown ends in this, however it is written.
    let (near, far) = text.split_at(place(text, 4 * most));
    let near = masked(near, secrets);
    let (shown, more) = near.split_at(place(&near, most));
    match more.len() + far.len() {
        0 => near,
        more => format!("{shown} ... ({more} bytes more)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> LoggedRequest {
        LoggedRequest {
            at: 1_750_000_000,
            path: "/ccpayment/v2/getCoin".to_owned(),
            order_id: None,
            status: Some(200),
            code: Some(10_000),
            message: String::new(),
            body: "{}".to_owned(),
            warnings: Vec::new(),
            fault: None,
            signing: None,
            number: None,
        }
    }

    #[test]
    fn a_line_says_what_happened_and_is_one_line() {
        let fine = entry();
        assert_eq!(
            fine.to_string(),
            "2025-06-15 15:06:40 /ccpayment/v2/getCoin 10000"
        );
        let refused = LoggedRequest {
            order_id: Some("a\u{1b}[2J\n\u{202e}b".to_owned()),
            code: Some(11_005),
            message: "VerifySignFailed: no".to_owned(),
            signing: Some(SigningReport {
                text: String::new(),
                hint: "it was made over an empty body".to_owned(),
            }),
            ..entry()
        };
        assert!(refused.is_refused() && !fine.is_refused());
        assert_eq!(
            refused.to_string(),
            "2025-06-15 15:06:40 /ccpayment/v2/getCoin 11005 [a [2J  b] VerifySignFailed: no; it was \
             made over an empty body"
        );
        let lost = LoggedRequest {
            code: None,
            status: None,
            fault: Some(Fault::ActThenDrop),
            ..entry()
        };
        assert!(lost.to_string().ends_with("no answer (fault: ActThenDrop)"));
    }

    #[test]
    fn a_secret_is_masked_as_it_is_and_as_json_has_it() {
        let secret = "quote\"back\\slash/end";
        let json = serde_json::Value::from(secret).to_string();
        for text in [secret, &json, &json.replace('/', "\\/")] {
            let shown = masked(&format!("<{text}>"), [secret, ""]);
            assert!(shown.contains(MASK) && !shown.contains("slash"), "{shown}");
        }
    }

    #[test]
    fn a_secret_is_masked_in_every_spelling_and_where_a_cut_has_left_half_of_it() {
        let secret = "s3cr3t/A&b=<c>0123";
        let hex = |before: &str, digits: usize| -> String {
            (secret.bytes().map(|it| format!("{before}{it:0digits$x}"))).collect()
        };
        let go = secret.replace('&', "\\u0026").replace('<', "\\u003c");
        for text in [hex("%", 2), hex("\\u", 4), go, secret.replace('/', "%2F")] {
            let shown = masked(&format!("before 100% \\ {text} after"), [secret, ""]);
            assert_eq!(shown, "*** (a secret is in it, in another spelling)");
        }
        assert_eq!(masked(&format!("x{secret}y"), [secret, ""]), "x***y");
        assert_eq!(masked("id s3cr3t/A&b` is", ["", secret]), "id ***` is");
        for text in ["100%", "%zz \\u12", "s3cr3t/", "a\\"] {
            assert_eq!(masked(text, [secret, ""]), text);
        }
        assert_eq!(masked("<geheimäß!>", ["geheimäß!", ""]), "<***>");
    }

    #[test]
    fn a_long_text_is_cut() {
        let cut = |text: &str, most| beginning(text, most, ["s3cr3t/A&b", ""]);
        assert_eq!(cut("äöü", 2), "äö ... (2 bytes more)");
        assert_eq!(cut("äöü", 3), "äöü");
        let long = "x".repeat(1_000_000);
        let shown = cut(&long, 10);
        assert_eq!(shown, "xxxxxxxxxx ... (999990 bytes more)");
        // A thousand of them are kept.
        assert!(shown.capacity() < 100);
        let secret = format!("xxxxxs3cr3t/A&b{long}");
        assert_eq!(cut(&secret, 10), "xxxxx***xx ... (999998 bytes more)");
    }
}
