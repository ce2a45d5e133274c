//! Why a signature does not fit: the text that should have been signed, and the usual mistakes.

use data_encoding::BASE64;
use ring::{digest, hmac};

use crate::model::hex::from_lower_hex;
use crate::model::request_log::{MASK, SigningReport, beginning};

/// More of a text helps nobody.
const MOST: usize = 8_000;
const TAG_BYTES: usize = 32;
/// Of the shortest RSA key that is still about. The hex of a longer hash is base64 as well.
const RSA_BYTES: usize = 128;

/// A request whose signature does not fit.
pub(crate) struct Claim<'a> {
    pub(crate) app_id: &'a str,
    pub(crate) secret: &'a str,
    pub(crate) v1: bool,
    /// Whether the account signs with an RSA key.
    pub(crate) rsa: bool,
    pub(crate) timestamp: &'a str,
    pub(crate) sign: &'a str,
    pub(crate) body: &'a [u8],
}

impl Claim<'_> {
    pub(crate) fn explain(&self) -> SigningReport {
        let body = String::from_utf8_lossy(self.body);
        let secret = if self.v1 { MASK } else { "" };
        let text = format!("{}{secret}{}{body}", self.app_id, self.timestamp);
        SigningReport {
            text: beginning(&text, MOST, [self.secret, self.sign]),
            hint: self.hint(),
        }
    }

    /// How the given signature differs in kind, as far as that can be found out.
    fn hint(&self) -> String {
        let rule = if self.v1 { "v1" } else { "v2" };
        for (tag, form) in self.forms() {
            let Some(what) = self.fits(&tag) else {
                continue;
            };
            return match (what, form) {
                (None, None) if self.rsa => "it was made with the secret, and this account signs \
                                             with its RSA key"
                    .to_owned(),
                (None, None) => "it fits".to_owned(),
                (None, Some(form)) => format!("it is right, but {form}"),
                (Some(what), None) => format!("it was made {what}"),
                (Some(what), Some(form)) => format!("it was made {what}, and is {form}"),
            };
        }
        let length = self.sign.len();
        if self.rsa {
            return "it does not fit the account's RSA key: PKCS#1 v1.5 over SHA-256, in base64"
                .to_owned();
        }
        match BASE64.decode(self.sign.as_bytes()) {
            Ok(bytes) if bytes.len() >= RSA_BYTES => {
                "it looks like an RSA signature, and this account signs with the secret".to_owned()
            }
            _ if length != 2 * TAG_BYTES => format!(
                "it has {length} characters, and a signature of {rule} has 64: {} in hex",
                if self.v1 { "SHA-256" } else { "HMAC-SHA256" }
            ),
            _ => "it fits no other body, order, time or version that is usual: most likely the \
                  secret is another one, or has white space around it, or other bytes were signed \
                  than the text"
                .to_owned(),
        }
    }

    /// The bytes that the signature may encode, and what is wrong with its form.
    fn forms(&self) -> Vec<(Vec<u8>, Option<&'static str>)> {
        let sign = self.sign.trim();
        let mut forms = Vec::new();
        let small = sign.to_ascii_lowercase();
        if let Some(bytes) = from_lower_hex(&small) {
            let form = (small != sign).then_some("in capital letters: write hex in small ones");
            forms.push((bytes, form));
        }
        if let Ok(bytes) = BASE64.decode(sign.as_bytes()) {
            forms.push((bytes, Some("in base64: write it in hex")));
        }
        forms.retain(|(bytes, _)| bytes.len() == TAG_BYTES);
        forms
    }

    /// The mistake by which a tag was made; an inner `None` if there is no mistake.
    fn fits(&self, tag: &[u8]) -> Option<Option<String>> {
        let own = |time: &str, body: &[u8]| self.tag(self.v1, time, body) == tag;
        let other_body = |what: &str| Some(Some(format!("over {what}: sign the very bytes sent")));
        if own(self.timestamp, self.body) {
            return Some(None);
        }
        for (body, what) in self.bodies() {
            if own(self.timestamp, &body) {
                return other_body(&what);
            }
        }
        // This is a thousand hashes for an unsigned request, so only for a body of a usual size.
        let guesses = if self.body.len() <= MOST { 1_000 } else { 0 };
        for millis in 0..guesses {
            if own(&format!("{}{millis:03}", self.timestamp), self.body) {
                let what = "with milliseconds, and the header has seconds: sign the header's text";
                return Some(Some(what.to_owned()));
            }
        }
        if self.tag(!self.v1, self.timestamp, self.body) == tag {
            let (own, other) = if self.v1 { ("v1", "v2") } else { ("v2", "v1") };
            return Some(Some(format!("by the rule of {other}, and this is {own}")));
        }
        let (time, body) = (self.timestamp.as_bytes(), self.body);
        let app = self.app_id.as_bytes();
        let texts: [(&[&[u8]], &str); 4] = [
            (&[time, body], "without the app id"),
            (&[app, body], "without the timestamp"),
            (&[app, body, time], "with the body before the timestamp"),
            (&[body], "over the body alone"),
        ];
        let found = texts
            .into_iter()
            .find(|(parts, _)| self.made(self.v1, &parts.concat()) == tag);
        found.map(|(_, what)| Some(what.to_owned()))
    }

    fn tag(&self, v1: bool, time: &str, body: &[u8]) -> Vec<u8> {
        let secret = if v1 { self.secret } else { "" };
        let parts = [
            self.app_id.as_bytes(),
            secret.as_bytes(),
            time.as_bytes(),
            body,
        ];
        self.made(v1, &parts.concat())
    }

    fn made(&self, v1: bool, text: &[u8]) -> Vec<u8> {
        if v1 {
            digest::digest(&digest::SHA256, text).as_ref().to_vec()
        } else {
            let key = hmac::Key::new(hmac::HMAC_SHA256, self.secret.as_bytes());
            hmac::sign(&key, text).as_ref().to_vec()
        }
    }

    /// Other bodies that may have been signed instead.
    fn bodies(&self) -> Vec<(Vec<u8>, String)> {
        let mut bodies: Vec<(Vec<u8>, String)> = [
            (b"".as_slice(), "an empty body"),
            (b"{}", "the body `{}`"),
            (b"[]", "the body `[]`"),
            (b"null", "the body `null`"),
            (
                self.body.trim_ascii(),
                "the body without the white space around it",
            ),
        ]
        .map(|(body, what)| (body.to_vec(), what.to_owned()))
        .into();
        let Some(text) = std::str::from_utf8(self.body)
            .ok()
            .filter(|text| text.len() <= MOST)
        else {
            return bodies;
        };
        let sorted = serde_json::from_str::<serde_json::Value>(text)
            .map(|value| value.to_string())
            .ok();
        let orders = [
            (Some(text.to_owned()), ""),
            (sorted, ", its fields in the order of the alphabet"),
        ];
        for (json, order) in orders {
            let Some(json) = json else { continue };
            for (escaped, spelling) in spellings(&json) {
                if order.is_empty() {
                    let what = format!("the JSON as it is{spelling}");
                    bodies.push((escaped.clone().into_bytes(), what));
                }
                for (space, spacing) in [
                    (b"".as_slice(), "without spaces"),
                    (b" ", "with a space after `,` and `:`"),
                ] {
                    let body = respaced(escaped.as_bytes(), space, space);
                    bodies.push((body, format!("the JSON {spacing}{order}{spelling}")));
                }
                bodies.push((
                    escaped.into_bytes(),
                    format!("the JSON as it is{order}{spelling}"),
                ));
            }
        }
        bodies
    }
}

/// The same JSON with slashes and letters beyond ASCII as they are, or escaped.
fn spellings(json: &str) -> [(String, &'static str); 4] {
    let plain = unescaped(&json.replace("\\/", "/"));
    let slashes = plain.replace('/', "\\/");
    [
        (in_ascii(&plain), ", letters beyond ASCII as \\u00fc"),
        (in_ascii(&slashes), ", `/` as `\\/` and letters as \\u00fc"),
        (slashes, ", `/` as `\\/`"),
        (plain, ""),
    ]
}

fn in_ascii(json: &str) -> String {
    let mut made = String::new();
    for letter in json.chars() {
        if letter.is_ascii() {
            made.push(letter);
        } else {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                made += &format!("\\u{unit:04x}");
            }
        }
    }
    made
}

/// Each letter beyond ASCII that is written as `\u00fc` becomes itself.
fn unescaped(json: &str) -> String {
    let mut made = String::new();
    let mut rest = json;
    while let Some((before, after)) = rest.split_once("\\u") {
        made += before;
        let unit = |text: &str| u16::from_str_radix(text.get(..4)?, 16).ok();
        let first = unit(after);
        let second = after.get(4..).and_then(|it| unit(it.strip_prefix("\\u")?));
        let mut units = first.into_iter().chain(second).collect::<Vec<_>>();
        if first.is_some_and(|unit| !(0xd800..0xdc00).contains(&unit)) {
            units.truncate(1);
        }
        let letter = char::decode_utf16(units.iter().copied()).next();
        match letter.and_then(Result::ok).filter(|it| !it.is_ascii()) {
            Some(letter) => {
                made.push(letter);
                let length = 4 + 6 * units.len().saturating_sub(1);
                rest = after.get(length..).unwrap_or_default();
            }
            None => {
                made += "\\u";
                rest = after;
            }
        }
    }
    made + rest
}

/// The JSON with other white space between its parts; texts stay as they are.
fn respaced(json: &[u8], comma: &[u8], colon: &[u8]) -> Vec<u8> {
    let mut made = Vec::new();
    let (mut in_text, mut escaped) = (false, false);
    for byte in json {
        if in_text {
            (in_text, escaped) = (escaped || *byte != b'"', !escaped && *byte == b'\\');
            made.push(*byte);
            continue;
        }
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => {}
            b',' => made.extend([b",", comma].concat()),
            b':' => made.extend([b":", colon].concat()),
            _ => {
                in_text = *byte == b'"';
                made.push(*byte);
            }
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::hex::to_lower_hex;

    /// Lower-case hex of what fits.
    fn right(claim: &Claim<'_>, v1: bool, time: &str, body: &[u8]) -> String {
        to_lower_hex(&claim.tag(v1, time, body))
    }

    const BODY: &[u8] = b"{\"b\": 1,\"a\":\"x, y\"}\n";

    fn claim<'a>(v1: bool, sign: &'a str) -> Claim<'a> {
        Claim {
            app_id: "app0000000000001",
            secret: "secret0000000001",
            v1,
            rsa: false,
            timestamp: "1750000000",
            sign,
            body: BODY,
        }
    }

    fn hint(v1: bool, sign: &str) -> String {
        claim(v1, sign).explain().hint
    }

    #[test]
    fn each_slip_is_named() {
        for v1 in [true, false] {
            let own = claim(v1, "");
            let time = own.timestamp;
            let made = |time: &str, body: &[u8]| right(&own, v1, time, body);
            for (sign, says) in [
                (made(time, b""), "an empty body"),
                (made(time, b"[]"), "the body `[]`"),
                (made(time, BODY.trim_ascii()), "white space around"),
                (made(time, b"{\"b\":1,\"a\":\"x, y\"}"), "without spaces"),
                (made(time, b"{\"b\": 1, \"a\": \"x, y\"}"), "a space after"),
                (made(time, b"{\"a\":\"x, y\",\"b\":1}"), "the alphabet"),
                (made("1750000000042", BODY), "milliseconds"),
                (
                    made(time, BODY).to_ascii_uppercase(),
                    "right, but in capital letters",
                ),
                (
                    made(time, b"").to_ascii_uppercase(),
                    "an empty body: sign the very bytes sent, and is in cap",
                ),
                (right(&own, !v1, time, BODY), "by the rule of"),
                (
                    to_lower_hex(&own.made(v1, &[time.as_bytes(), BODY].concat())),
                    "without the app id",
                ),
                (to_lower_hex(&own.made(v1, BODY)), "the body alone"),
                ("ab".repeat(20), "it has 40 characters"),
                (String::new(), "it has 0 characters"),
                ("ab".repeat(64), "it has 128 characters"),
                ("ab".repeat(32), "the secret is another one"),
            ] {
                let hint = hint(v1, &sign);
                assert!(hint.contains(says), "{says}: {hint}");
            }
        }
        let own = claim(false, "");
        let tag = own.tag(false, own.timestamp, BODY);
        assert!(hint(false, &BASE64.encode(&tag)).contains("in base64"));
        assert!(hint(false, &BASE64.encode(&[7; 256])).contains("RSA"));
    }

    #[test]
    fn a_body_in_another_spelling_is_named() {
        let sent = r#"{"b": "a/b ü 😀", "a": "\n"}"#;
        for (signed, says) in [
            (r#"{"b": "a\/b ü 😀", "a": "\n"}"#, "as it is, `/` as"),
            (
                r#"{"b": "a/b \u00fc \ud83d\ude00", "a": "\n"}"#,
                "as it is, letters beyond ASCII",
            ),
            (
                r#"{"a":"\n","b":"a\/b \u00fc \ud83d\ude00"}"#,
                "without spaces, its fields in the order of the alphabet, `/` as",
            ),
            (r#"{"a": "\n", "b": "a/b ü 😀"}"#, "a space after"),
        ] {
            let hint = |sent: &str, signed: &str| {
                let own = Claim {
                    body: sent.as_bytes(),
                    ..claim(false, "")
                };
                let sign = right(&own, false, own.timestamp, signed.as_bytes());
                Claim { sign: &sign, ..own }.explain().hint
            };
            assert!(
                hint(sent, signed).contains(says),
                "{says}: {}",
                hint(sent, signed)
            );
            // An order that is gone can't be guessed.
            if says.starts_with("as it is") {
                let hint = hint(signed, sent);
                assert!(hint.contains("the JSON as it is"), "{signed}: {hint}");
            }
        }
    }

    #[test]
    fn the_text_is_exact_and_has_no_secret() {
        let body = String::from_utf8_lossy(BODY).into_owned();
        let text = claim(false, "ffff").explain().text;
        assert_eq!(text, format!("app00000000000011750000000{body}"));
        let text = claim(true, "ffff").explain().text;
        assert_eq!(text, format!("app0000000000001***1750000000{body}"));
        let own = Claim {
            body: b"secret0000000001 ffffffff",
            ..claim(false, "ffffffff")
        };
        assert!(own.explain().text.ends_with("*** ***"));
    }
}
