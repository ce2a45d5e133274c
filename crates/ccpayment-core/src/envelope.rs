//! `decode` reads the envelope of an answer, `{"code": ..., "msg": ..., "data": ...}`;
//! `AnswerError` and `Refusal` say why there is no value.

use std::fmt::{self, Write as _};

use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, IgnoredAny};
use serde_json::value::RawValue;

use crate::code::ErrorCode;
use crate::credentials::Credentials;
use crate::ids::Timestamp;
use crate::prepared::{SIGN_HEADER, TIMESTAMP_HEADER};
use crate::sign::SignText;
use crate::wire::{Object, U64Visitor, describe, near};

/// The bytes of an answer that could not be used, cut to [`RawBody::MAX`]. Its `Debug` shows only
/// the length, since nobody knows what is in there.
#[derive(Clone, PartialEq, Eq)]
pub struct RawBody {
    bytes: Bytes,
    length: usize,
}

impl RawBody {
    /// How many bytes are kept.
    pub const MAX: usize = 16 * 1024;

    /// Keeps the beginning of a body.
    #[must_use]
    pub fn new(body: &Bytes) -> Self {
        Self {
            bytes: body.slice(..body.len().min(Self::MAX)),
            length: body.len(),
        }
    }

    /// The bytes that were kept.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The length of the whole body.
    #[must_use]
    pub fn full_length(&self) -> usize {
        self.length
    }
}

impl fmt::Debug for RawBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawBody({} bytes)", self.length)
    }
}

/// The gateway's refusal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the gateway answered {code}: {}", Shown(message))]
#[non_exhaustive]
pub struct Refusal {
    /// The code. Decide by it.
    pub code: ErrorCode,
    /// The gateway's words, for a person to read; their spelling varies. Cut to [`RawBody::MAX`]
    /// bytes. `Display` shows the beginning alone, without control characters.
    pub message: String,
    /// A word for why, in some refusals of v1, such as `ToUserNotFound`. Cut as the message is, and
    /// not shown by `Display`.
    pub reason: Option<String>,
    /// The HTTP status, which the documents leave open.
    pub status: StatusCode,
    /// The whole answer.
    pub body: RawBody,
}

/// Shows the other side's words in a log: short, and on one line.
struct Shown<'a>(&'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST: usize = 300;
        for char in self.0.chars().take(MOST) {
            let is_plain = !char.is_control() && !matches!(char, '\u{2028}' | '\u{2029}');
            f.write_char(if is_plain { char } else { ' ' })?;
        }
        f.write_str(if self.0.chars().nth(MOST).is_some() {
            "..."
        } else {
            ""
        })
    }
}

/// Why an answer gives no value.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// The gateway refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The gateway reports success, but its data is not what the route answers. For a call that
    /// moves money this is neither success nor failure.
    #[error("the gateway reports success, but its data can't be read near `{near}`: {detail}")]
    Undecodable {
        /// What is wrong, in words that hold no value of the answer.
        detail: String,
        /// The last field before the trouble whose name the documents have.
        near: String,
        /// The HTTP status.
        status: StatusCode,
        /// The whole answer.
        body: RawBody,
    },
    /// A success of the v1 API without the gateway's signature, or any of its answers with a wrong
    /// one. Nothing of the answer is used. For a call that moves money this is neither success nor
    /// failure.
    #[error("the answer is not to be trusted: {why}")]
    Unverified {
        /// What is wrong with the signature.
        why: Unverified,
        /// The HTTP status.
        status: StatusCode,
        /// The whole answer.
        body: RawBody,
    },
    /// The body is not an envelope at all: a proxy's page, a cut answer, nothing.
    #[error("HTTP {status} without the gateway's envelope")]
    NotAnEnvelope {
        /// The HTTP status.
        status: StatusCode,
        /// The whole answer.
        body: RawBody,
    },
}

impl AnswerError {
    /// The HTTP status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Refused(refusal) => refusal.status,
            Self::Undecodable { status, .. }
            | Self::Unverified { status, .. }
            | Self::NotAnEnvelope { status, .. } => *status,
        }
    }

    /// The bytes of the answer.
    #[must_use]
    pub fn body(&self) -> &RawBody {
        match self {
            Self::Refused(refusal) => &refusal.body,
            Self::Undecodable { body, .. }
            | Self::Unverified { body, .. }
            | Self::NotAnEnvelope { body, .. } => body,
        }
    }
}

/// Why a signed answer is not trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unverified {
    /// A success without a `Timestamp` or a `Sign` header: a proxy that drops headers, or a
    /// forgery.
    #[error("it reports success and has no signature")]
    Unsigned,
    /// The signature does not belong to these bytes: they were changed on their way, or are not the
    /// gateway's.
    #[error("its signature does not fit")]
    WrongSignature,
    /// The credentials hold no secret to check with.
    #[error("the secret to check it with is not here")]
    NoSecret,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    /// One page of the documents has another name for it.
    #[serde(alias = "Errorcode", deserialize_with = "code")]
    code: u64,
    /// For a person to read. It may be JSON of any kind.
    #[serde(default, borrow)]
    msg: Option<&'a RawValue>,
    #[serde(default, borrow)]
    reason: Option<&'a RawValue>,
    #[serde(default, borrow)]
    data: Option<&'a RawValue>,
}

impl<'a> Envelope<'a> {
    fn of(json: &'a str) -> Option<Self> {
        is_object(json).then(|| serde_json::from_str(json).ok())?
    }
}

/// Words of the other side, as text or else as they stand.
fn words(raw: Option<&RawValue>) -> String {
    let raw = raw.map_or("", RawValue::get);
    let text = serde_json::from_str::<Option<String>>(raw);
    let mut text = text.map_or_else(|_| raw.to_owned(), Option::unwrap_or_default);
    let mut end = text.len().min(RawBody::MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text
}

/// A derived type would take an array as well, field by field.
fn is_object(json: &str) -> bool {
    json.trim_ascii_start().starts_with('{')
}

/// The body without a byte order mark, which a reader may skip (RFC 8259, 8.1).
fn without_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body)
}

/// Replaces invalid characters of a body, such as a cut character or a raw line break: these may
/// all be in the message. Good enough to read a refusal's code, and for nothing else.
fn mended(body: &[u8]) -> String {
    String::from_utf8_lossy(body).replace(|char: char| char < ' ', " ")
}

/// The same with the data read at once.
#[derive(Deserialize)]
#[serde(bound = "T: DeserializeOwned")]
struct Whole<T> {
    #[serde(alias = "Errorcode", deserialize_with = "code")]
    code: u64,
    /// Named, so that it can't be there twice.
    #[serde(default, rename = "msg")]
    _msg: Option<IgnoredAny>,
    #[serde(default = "Option::default")]
    data: Option<Object<T>>,
}

/// The documents write the code as a number, and in one place as text.
fn code<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    deserializer.deserialize_any(U64Visitor)
}

/// Reads an answer. The HTTP status is only looked at when the body is no envelope: the documents
/// don't say which status goes with an error.
///
/// # Errors
///
/// [`AnswerError`], which keeps the code, the message, the status and the bytes.
///
/// ```
/// use ccpayment_core::v2::GetCoinResponse;
///
/// let body = bytes::Bytes::from_static(br#"{"code":13000,"msg":"invalid coin","data":{}}"#);
/// let error = ccpayment_core::decode::<GetCoinResponse>(&http::Response::new(body)).unwrap_err();
/// assert_eq!(error.to_string(), "the gateway answered 13000 InvalidCoin: invalid coin");
/// ```
pub fn decode<T: DeserializeOwned>(response: &http::Response<Bytes>) -> Result<T, AnswerError> {
    // Reads nearly every answer in one pass. The code below finds out what is wrong with any other.
    // Signed answers take no such shortcut: one parser has to decide about the signature and read
    // the data.
    if let Ok(text) = str::from_utf8(without_mark(response.body()))
        && is_object(text)
        && let Ok(Whole { code, data, .. }) = serde_json::from_str::<Whole<T>>(text)
        && let (ErrorCode::Success, Some(Object(data))) = (ErrorCode::from(code), data)
    {
        return Ok(data);
    }
    read(response, ErrorCode::from)
}

/// Reads an answer of the v1 API, which the gateway signs over its `Timestamp` header and its very
/// bytes, with our APP ID and secret. A success is believed only with its signature. Any other
/// answer may lack a signature, but may not have a wrong one.
///
/// The signature does not say which call it answers: only the connection does. The age of an answer
/// is not checked, though the documents call it valid for two minutes. Only an attacker inside the
/// connection could replay an old answer, and would have newer ones too. But a check would lose
/// true answers where a clock is wrong.
///
/// # Errors
///
/// [`AnswerError`], which keeps the code, the message, the status and the bytes.
pub fn decode_signed<T: DeserializeOwned>(
    response: &http::Response<Bytes>,
    credentials: &Credentials,
) -> Result<T, AnswerError> {
    let unverified = |why| AnswerError::Unverified {
        why,
        status: response.status(),
        body: RawBody::new(response.body()),
    };
    let header = |name| response.headers().get(name);
    if let (Some(timestamp), Some(signature)) = (header(TIMESTAMP_HEADER), header(SIGN_HEADER)) {
        let Some((timestamp, _)) = Timestamp::of_header(timestamp) else {
            return Err(unverified(Unverified::WrongSignature));
        };
        let text = SignText {
            app_id: credentials.app_id().as_str(),
            timestamp,
            body: response.body(),
        };
        match credentials.verify_v1(&text, signature.as_bytes()) {
            Some(true) => {}
            Some(false) => return Err(unverified(Unverified::WrongSignature)),
            None => return Err(unverified(Unverified::NoSecret)),
        }
    } else if is_success(response.body()) {
        return Err(unverified(Unverified::Unsigned));
    }
    read(response, ErrorCode::from_v1)
}

fn is_success(body: &[u8]) -> bool {
    let text = str::from_utf8(without_mark(body)).ok();
    let envelope = text.and_then(Envelope::of);
    envelope.is_some_and(|it| ErrorCode::from_v1(it.code) == ErrorCode::Success)
}

fn read<T: DeserializeOwned>(
    response: &http::Response<Bytes>,
    name_code: fn(u64) -> ErrorCode,
) -> Result<T, AnswerError> {
    let status = response.status();
    let raw = response.body();
    let body = || RawBody::new(raw);
    let bytes = without_mark(raw);
    let refusal = |envelope: &Envelope<'_>| Refusal {
        code: name_code(envelope.code),
        message: words(envelope.msg),
        reason: Some(words(envelope.reason)).filter(|it| !it.is_empty()),
        status,
        body: body(),
    };
    let Some(envelope) = str::from_utf8(bytes).ok().and_then(Envelope::of) else {
        // What is broken must not pass for a success.
        let mended = mended(bytes);
        let refusal = Envelope::of(&mended).map(|envelope| refusal(&envelope));
        return Err(match refusal.filter(|it| it.code != ErrorCode::Success) {
            Some(refusal) => refusal.into(),
            None => AnswerError::NotAnEnvelope {
                status,
                body: body(),
            },
        });
    };
    if name_code(envelope.code) != ErrorCode::Success {
        return Err(refusal(&envelope).into());
    }
    // A route that answers nothing may leave `data` out.
    let data = envelope.data.map_or("{}", RawValue::get);
    let read = serde_json::from_str::<Object<T>>(data);
    read.map(|Object(data)| data)
        .map_err(|error| AnswerError::Undecodable {
            near: near(data, &error).to_owned(),
            detail: describe(&error),
            status,
            body: body(),
        })
}

#[cfg(feature = "v2")]
#[cfg(test)]
mod tests;
