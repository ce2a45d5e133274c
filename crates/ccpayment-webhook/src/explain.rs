//! `Explanation` and `Cause`: the likely mistake behind a delivery that is refused.

mod forms;

use std::fmt;
use std::time::SystemTime;

use ccpayment_core::{SignText, Timestamp, Version};
use http::HeaderMap;

use crate::error::VerifyError;
use crate::keyring::Keyring;
use crate::signed_delivery::{DeliveryCheck, signed_headers};
use forms::Change;

/// Why a delivery is refused, as far as that can be recomputed.
///
/// `explain` of a verifier makes one. It undoes each usual mistake, and names those without which
/// the signature fits. So it claims nothing about a forgery, but for [`Cause::SignedByRsa`] and
/// [`Cause::SignedByHmac`], which go by the signature's form alone. It takes a delivery's headers
/// and its body **as the program has them**, because the mistake may be there.
///
/// It is for the merchant: for a log, a command line, a test. Never send it as the answer to a
/// delivery, because a forger would learn how close a guess is; and compute it after the answer is
/// sent, because its time tells as much. It holds no secret, no signature, no APP ID and nothing of
/// the body.
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// use ccpayment_webhook::{Cause, Verifier};
/// use http::{HeaderMap, HeaderValue};
/// # use ccpayment_core::{AppSecret, HmacKey, SignText};
///
/// let verifier = Verifier::new("app-id", "app-secret")?;
/// # let text = SignText { app_id: "app-id", timestamp: "1726717500", body: br#"{"type":"New"}"# };
/// # let sign = HmacKey::new(&AppSecret::new("app-secret")).sign(&text);
/// # let mut headers = HeaderMap::new();
/// # headers.insert("appid", HeaderValue::from_static("app-id"));
/// # headers.insert("timestamp", HeaderValue::from_static("1726717500"));
/// # headers.insert("sign", HeaderValue::from_str(sign.as_str())?);
/// # let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_726_717_500);
/// // A framework parsed the body and wrote it again.
/// let explanation = verifier.explain(&headers, br#"{ "type": "New" }"#, now);
/// assert_eq!(explanation.causes(), [Cause::RewrittenBody]);
/// assert!(explanation.to_string().contains("hand the verifier the raw bytes"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// An extractor hands out nothing of what it refuses: to look at such a delivery, receive it once by
/// `read_delivery` and a verifier of your own, or record its bytes before the server.
///
/// White space or quotation marks around a secret are no cause here: `Verifier::new` refuses them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    refused: Option<VerifyError>,
    causes: Vec<Cause>,
}

impl Explanation {
    pub(crate) fn new(
        refused: Option<VerifyError>,
        check: &DeliveryCheck,
        headers: &HeaderMap,
        body: &[u8],
        now: SystemTime,
    ) -> Self {
        let causes = match &refused {
            Some(VerifyError::OutsideWindow { seconds }) => {
                vec![Cause::Clock { seconds: *seconds }]
            }
            Some(
                VerifyError::WrongAppId
                | VerifyError::BadSignature
                | VerifyError::MalformedTimestamp,
            ) => Suspect::new(check, headers, body)
                .map(|suspect| suspect.causes(now))
                .unwrap_or_default(),
            _ => Vec::new(),
        };
        Self { refused, causes }
    }

    /// The refusal that it explains; none when the delivery is good.
    #[must_use]
    pub fn error(&self) -> Option<&VerifyError> {
        self.refused.as_ref()
    }

    /// The mistakes. An empty list means *can't tell*, or that the refusal says all.
    #[must_use]
    pub fn causes(&self) -> &[Cause] {
        &self.causes
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(error) = &self.refused else {
            return f.write_str("the delivery is good");
        };
        write!(f, "{error}")?;
        for cause in &self.causes {
            write!(f, "; {cause}")?;
        }
        match (self.causes.as_slice(), unknown(error)) {
            ([], Some(hint)) => write!(f, "; {hint}"),
            _ => Ok(()),
        }
    }
}

/// What is left to look at where no cause was found.
fn unknown(error: &VerifyError) -> Option<&'static str> {
    Some(match error {
        VerifyError::MissingHeader { .. } => {
            "no notification has it missing: look for a proxy that takes headers out"
        }
        VerifyError::RepeatedHeader { .. } => "look for a proxy that adds headers",
        VerifyError::WrongAppId => {
            "can't tell why: the secret does not fit either, so it is another app's notification, \
             or a forgery; compare APP ID and secret with the dashboard"
        }
        VerifyError::MalformedTimestamp => "can't tell why: the gateway sends Unix seconds",
        VerifyError::BadSignature => {
            "can't tell why: a wrong secret, a body that was changed in a way that can't be \
             undone, or a forgery; compare the secret with the dashboard, and hand the verifier \
             the raw bytes of the request"
        }
        _ => return None,
    })
}

/// A mistake behind a refused delivery. Its `Display` says what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// The body was parsed and written again. Found where undoing its white space and its escapes
    /// gives the signed bytes: lost digits, lost fields and another order can't be undone.
    RewrittenBody,
    /// A byte order mark was put before the body, or taken away.
    ByteOrderMark {
        /// Whether it was put there.
        added: bool,
    },
    /// A newline was put behind the body, or taken away.
    Newline {
        /// Whether it was put there.
        added: bool,
    },
    /// The secret fits, but the program was given another APP ID than the delivery's.
    WrongAppId,
    /// The program has the secret as its APP ID, and the APP ID as its secret.
    Swapped,
    /// The timestamp is in milliseconds.
    Milliseconds,
    /// The signature is right and its time is not: a clock is wrong, or the delivery was held up or
    /// is replayed.
    Clock {
        /// Our time less the timestamp: above zero the delivery is old, below zero it comes from
        /// the future.
        seconds: i64,
    },
    /// Signed as the v1 API does, and verified as v2.
    SignedAsV1,
    /// Signed as the v2 API does, and verified as v1.
    SignedAsV2,
    /// The signature has the form of RSA, and the verifier has no RSA key.
    SignedByRsa,
    /// The signature has the form of HMAC, and the verifier has no secret.
    SignedByHmac,
    /// The signature has capital hex digits.
    CapitalHex,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::RewrittenBody => {
                "the body was parsed and written again: hand the verifier the raw bytes of the \
                 request, before any JSON parser"
            }
            Self::ByteOrderMark { added: true } => {
                "a byte order mark was put before the body: hand the verifier the raw bytes of the \
                 request"
            }
            Self::ByteOrderMark { added: false } => {
                "the byte order mark before the body was taken away: hand the verifier the raw \
                 bytes of the request, and not a decoded text"
            }
            Self::Newline { added: true } => {
                "a newline was put behind the body: hand the verifier the raw bytes of the request"
            }
            Self::Newline { added: false } => {
                "the newline behind the body was taken away: don't trim what the verifier gets"
            }
            Self::WrongAppId => {
                "the secret fits, but the APP ID is another one: take both from the same app on \
                 the dashboard"
            }
            Self::Swapped => "APP ID and secret are swapped: exchange them where they are set",
            Self::Milliseconds => {
                "the timestamp is in milliseconds: it has to be Unix seconds, as the gateway \
                 sends them"
            }
            Self::Clock { seconds } => {
                let (seconds, direction) = (seconds.unsigned_abs(), *seconds < 0);
                let direction = if direction { "ahead of" } else { "behind" };
                return write!(
                    f,
                    "the signature is right, but its time is {seconds} s {direction} this \
                     machine's: set the clock, and where it is right look for what held the \
                     delivery up"
                );
            }
            Self::SignedAsV1 => {
                "it is signed as a notification of v1: verify it with `v1::Verifier`, or set the \
                 v2 address on the dashboard"
            }
            Self::SignedAsV2 => {
                "it is signed as a notification of v2: verify it with `Verifier`, not with the \
                 one of v1"
            }
            Self::SignedByRsa => {
                "the signature has the form of RSA, and the verifier has no RSA key: see \
                 `Verifier::also_accept_rsa`"
            }
            Self::SignedByHmac => {
                "the signature has the form of HMAC, and the verifier has no secret: see \
                 `Verifier::also_accept`"
            }
            Self::CapitalHex => {
                "the signature has capital hex digits: the gateway sends small ones, so look for \
                 what changes the header"
            }
        };
        f.write_str(text)
    }
}

/// A delivery that was refused, and the keys to try.
struct Suspect<'a> {
    check: &'a DeliveryCheck,
    text: SignText<'a>,
    signature: &'a [u8],
}

impl<'a> Suspect<'a> {
    /// `None` where its headers are no text: nothing fits those.
    fn new(check: &'a DeliveryCheck, headers: &'a HeaderMap, body: &'a [u8]) -> Option<Self> {
        let [app_id, timestamp, signature] = signed_headers(headers).ok()?;
        Some(Self {
            check,
            text: SignText {
                app_id: app_id.to_str().ok()?,
                timestamp: timestamp.to_str().ok()?,
                body,
            },
            signature: signature.as_bytes(),
        })
    }

    /// The mistake, and the clock where it is wrong as well.
    fn causes(&self, now: SystemTime) -> Vec<Cause> {
        let cause = if self.text.app_id == self.check.app_id().as_str() {
            self.in_timestamp()
                .or_else(|| self.in_signature())
                .or_else(|| self.in_body())
        } else {
            self.in_app_id()
        };
        let Some(cause) = cause else {
            return self.by_form().into_iter().collect();
        };
        let seconds = self.text.timestamp.get(..10).unwrap_or_default();
        let signed_at = seconds.parse().ok().map(Timestamp::new);
        let in_window = signed_at.map(|it| self.check.in_window(it, Timestamp::from_system(now)));
        let clock = match in_window {
            Some(Err(VerifyError::OutsideWindow { seconds })) => Some(Cause::Clock { seconds }),
            _ => None,
        };
        [Some(cause), clock].into_iter().flatten().collect()
    }

    fn keys(&self) -> &Keyring {
        &self.check.keys
    }

    fn in_app_id(&self) -> Option<Cause> {
        if self.keys().fit(&self.text, self.signature) {
            return Some(Cause::WrongAppId);
        }
        // Anybody who knows the APP ID, which is no secret, can sign with it. So the delivery's APP
        // ID also has to be one of the program's secrets.
        if !self.keys().hold(self.text.app_id) {
            return None;
        }
        let swapped = Keyring::of_secret(self.keys().version(), self.check.app_id().as_str());
        swapped
            .fit(&self.text, self.signature)
            .then_some(Cause::Swapped)
    }

    /// Thirteen digits, either signed as they stand or put into the header alone.
    fn in_timestamp(&self) -> Option<Cause> {
        let sent = self.text.timestamp;
        if sent.len() != 13 || !sent.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let fits = |timestamp| {
            let text = SignText {
                timestamp,
                ..self.text
            };
            self.keys().fit(&text, self.signature)
        };
        (fits(sent) || fits(sent.get(..10)?)).then_some(Cause::Milliseconds)
    }

    fn in_signature(&self) -> Option<Cause> {
        let (other, cause) = match self.keys().version() {
            Version::V1 => (Version::V2, Cause::SignedAsV2),
            Version::V2 => (Version::V1, Cause::SignedAsV1),
        };
        if self.keys().fit_as(other, &self.text, self.signature) {
            return Some(cause);
        }
        let small = self.signature.to_ascii_lowercase();
        self.keys()
            .fit(&self.text, &small)
            .then_some(Cause::CapitalHex)
    }

    fn in_body(&self) -> Option<Cause> {
        forms::before(self.text.body).find_map(|(change, body)| {
            let text = SignText {
                body: &body,
                ..self.text
            };
            let cause = match change {
                Change::Rewritten => Cause::RewrittenBody,
                Change::ByteOrderMark { added } => Cause::ByteOrderMark { added },
                Change::Newline { added } => Cause::Newline { added },
            };
            self.keys().fit(&text, self.signature).then_some(cause)
        })
    }

    /// What the form shows without a key. Nothing else is claimed without a signature that fits.
    fn by_form(&self) -> Option<Cause> {
        let form = self.signature;
        let is_hex = form.len() == 64 && form.iter().all(u8::is_ascii_hexdigit);
        if is_hex && !self.keys().has_secret() {
            return Some(Cause::SignedByHmac);
        }
        // Base64 of 2,048 to 8,192 bits.
        let digits = form
            .strip_suffix(b"==")
            .or_else(|| form.strip_suffix(b"="))
            .unwrap_or(form);
        let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
        let is_rsa = (344..=1368).contains(&form.len())
            && form.len().is_multiple_of(4)
            && digits.iter().all(is_digit);
        (is_rsa && !self.keys().has_rsa()).then_some(Cause::SignedByRsa)
    }
}
