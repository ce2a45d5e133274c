//! The log of requests: what came, what was answered, and why.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

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
        // What others wrote must not steer the terminal.
        let line = line
            .chars()
            .map(|one| if one.is_control() { ' ' } else { one });
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
    let mut mask = |secret: &str| {
        if text.len() >= secret.len() && text.contains(secret) {
            text = text.replace(secret, MASK);
        }
    };
    for secret in secrets.into_iter().filter(|it| it.len() >= LEAST) {
        mask(secret);
        if secret.contains(is_escaped) {
            let quoted = Value::from(secret).to_string();
            let quoted = quoted.trim_matches('"');
            mask(quoted);
            // As PHP writes it.
            mask(&quoted.replace('/', "\\/"));
        }
    }
    text
}

/// The letters that JSON escapes, always or by habit.
fn is_escaped(letter: char) -> bool {
    letter.is_ascii_control() || matches!(letter, '"' | '\\' | '/')
}

/// The beginning of a text that may be long.
pub(crate) fn cut(mut text: String, most: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(most) {
        let more = text.len().saturating_sub(end);
        text.truncate(end);
        text += &format!(" ... ({more} bytes more)");
    }
    text
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
            order_id: Some("a\u{1b}[2J\nb".to_owned()),
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
            "2025-06-15 15:06:40 /ccpayment/v2/getCoin 11005 [a [2J b] VerifySignFailed: no; it was \
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
        let json = Value::from(secret).to_string();
        for text in [secret, &json, &json.replace('/', "\\/")] {
            let shown = masked(&format!("<{text}>"), [secret, ""]);
            assert!(shown.contains(MASK) && !shown.contains("slash"), "{shown}");
        }
    }

    #[test]
    fn a_long_text_is_cut() {
        assert_eq!(cut("äöü".to_owned(), 2), "äö ... (2 bytes more)");
        assert_eq!(cut("äöü".to_owned(), 3), "äöü");
    }
}
