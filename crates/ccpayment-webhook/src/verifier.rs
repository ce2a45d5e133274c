//! The only way to trust a notification.

use std::ops::Deref;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
#[cfg(any(feature = "rsa", feature = "aws-lc-rs"))]
use ccpayment_core::RsaPublicKey;
use ccpayment_core::{
    APP_ID_HEADER, AppId, AppSecret, Credentials, HmacKey, RawBody, SIGN_HEADER, SignText,
    TIMESTAMP_HEADER, TIMESTAMP_WINDOW_SECONDS, Timestamp,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::acknowledge::Acknowledgement;
use crate::error::VerifyError;
use crate::event::Event;
use crate::parse;

/// Decides whether a delivery comes from the gateway. Prepare one when the program starts.
///
/// It takes headers and the body's raw bytes, since the signature is over exactly these: a body
/// that a framework parsed and wrote again does not verify.
#[derive(Debug, Clone)]
pub struct Verifier {
    app_id: AppId,
    keys: Vec<HmacKey>,
    #[cfg(any(feature = "rsa", feature = "aws-lc-rs"))]
    rsa_keys: Vec<RsaPublicKey>,
    tolerance_seconds: u64,
    max_body: usize,
}

impl Verifier {
    /// The most bytes that a body may have, unless set: 64 KiB, hundreds of times a real one.
    pub const MAX_BODY: usize = 64 * 1024;

    /// A verifier of the notifications for this APP ID.
    ///
    /// The secret is taken as it is. An empty one verifies nothing, since anybody could sign with
    /// it; one that was copied with white space verifies nothing either. With [`Credentials`] at
    /// hand, which refuse both at once, use `Verifier::from(&credentials)`.
    #[must_use]
    pub fn new(app_id: AppId, secret: &AppSecret) -> Self {
        Self::without_keys(app_id).also_accept(secret)
    }

    fn without_keys(app_id: AppId) -> Self {
        Self {
            app_id,
            keys: Vec::with_capacity(1),
            #[cfg(any(feature = "rsa", feature = "aws-lc-rs"))]
            rsa_keys: Vec::new(),
            tolerance_seconds: TIMESTAMP_WINDOW_SECONDS,
            max_body: Self::MAX_BODY,
        }
    }

    /// Accepts what is signed with this secret as well, while the secret is being changed.
    #[must_use]
    pub fn also_accept(mut self, secret: &AppSecret) -> Self {
        if !secret.expose().is_empty() {
            self.keys.push(HmacKey::new(secret));
        }
        self
    }

    /// Accepts what is signed with the private half of this RSA key as well: PKCS#1 v1.5 over
    /// SHA-256, in standard base64.
    ///
    /// Off unless this is called, because the gateway's documents do not say which key signs RSA
    /// notifications. One copy of them even tells to decrypt with the merchant's own private key,
    /// which verifies nothing. So take a key only from CCPayment itself, and never one that comes
    /// with a notification.
    #[cfg(any(feature = "rsa", feature = "aws-lc-rs"))]
    #[must_use]
    pub fn also_accept_rsa(mut self, key: &RsaPublicKey) -> Self {
        self.rsa_keys.push(key.clone());
        self
    }

    /// How far a timestamp may lie from our time, on both sides: 120 seconds, unless set. Counted
    /// in whole seconds, and at least one.
    ///
    /// No document says whether a repeated delivery is signed anew. A wider window is harmless
    /// where [`Event::dedupe_key`] is kept unique, which is the real protection against a replay.
    #[must_use]
    pub fn tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance_seconds = tolerance.as_secs().max(1);
        self
    }

    /// The most bytes that a body may have: [`Verifier::MAX_BODY`], unless set.
    #[must_use]
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    #[cfg(feature = "axum")]
    pub(crate) fn body_limit(&self) -> usize {
        self.max_body
    }

    /// Checks a delivery and reads it. Outside of a test, `now` is `SystemTime::now()`.
    ///
    /// # Errors
    ///
    /// [`VerifyError`], whose [`status`](VerifyError::status) is the answer to send.
    pub fn verify(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        now: SystemTime,
    ) -> Result<Verified<Event>, VerifyError> {
        if body.len() > self.max_body {
            let limit = self.max_body;
            return Err(VerifyError::TooLarge { limit });
        }
        let app_id = only(headers, &APP_ID_HEADER, "Appid")?;
        let timestamp = only(headers, &TIMESTAMP_HEADER, "Timestamp")?;
        let signature = only(headers, &SIGN_HEADER, "Sign")?;

        // Whom it is for is no secret, so this comparison may take as long as it likes.
        if app_id.as_bytes() != self.app_id.as_str().as_bytes() {
            return Err(VerifyError::WrongAppId);
        }
        let (timestamp, signed_at) =
            ten_digits(timestamp).ok_or(VerifyError::MalformedTimestamp)?;
        let text = SignText {
            app_id: self.app_id.as_str(),
            timestamp,
            body,
        };
        // Every key is tried, so that the time it takes does not tell which one fits.
        let fits = (self.keys.iter()).fold(false, |fits, key| {
            fits | key.verify(&text, signature.as_bytes())
        });
        #[cfg(any(feature = "rsa", feature = "aws-lc-rs"))]
        let fits = (self.rsa_keys.iter()).fold(fits, |fits, key| {
            fits | key.verify(&text, signature.as_bytes())
        });
        if !fits {
            return Err(VerifyError::BadSignature);
        }
        // Only after the signature: a stranger learns nothing of our clock.
        self.in_window(signed_at, Timestamp::from_system(now))?;
        parse::event(body)
            .map(Verified)
            .ok_or_else(|| VerifyError::Malformed {
                body: RawBody::new(&Bytes::copy_from_slice(body)),
            })
    }

    fn in_window(&self, signed_at: Timestamp, now: Timestamp) -> Result<(), VerifyError> {
        let distance = now.abs_diff(signed_at);
        if distance <= self.tolerance_seconds {
            return Ok(());
        }
        let distance = i64::try_from(distance).unwrap_or(i64::MAX);
        let seconds = if now < signed_at { -distance } else { distance };
        Err(VerifyError::OutsideWindow { seconds })
    }
}

impl From<&Credentials> for Verifier {
    /// A verifier with the same APP ID and secret as the calls are signed with.
    ///
    /// Calls that are signed with RSA or by a `Signer` have no secret. Then it accepts nothing
    /// until it is told what: by [`Verifier::also_accept`] or `also_accept_rsa`.
    fn from(credentials: &Credentials) -> Self {
        let mut verifier = Self::without_keys(credentials.app_id().clone());
        verifier.keys.extend(credentials.hmac_key().cloned());
        verifier
    }
}

/// The value of a header that is there exactly once.
fn only<'a>(
    headers: &'a HeaderMap,
    header: &HeaderName,
    name: &'static str,
) -> Result<&'a HeaderValue, VerifyError> {
    let mut values = headers.get_all(header).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => Ok(value),
        (None, _) => Err(VerifyError::MissingHeader { name }),
        (Some(_), Some(_)) => Err(VerifyError::RepeatedHeader { name }),
    }
}

/// The header's own text, which is what is signed, and the moment it stands for.
fn ten_digits(value: &HeaderValue) -> Option<(&str, Timestamp)> {
    let bytes = value.as_bytes();
    if bytes.len() != 10 || !bytes.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let text = std::str::from_utf8(bytes).ok()?;
    Some((text, Timestamp::new(text.parse().ok()?)))
}

/// Something that the gateway said: its signature was checked by a [`Verifier`].
///
/// There is no other way to get one, and none to change it, so a function that takes a
/// `Verified<Event>` can't be reached by a forgery.
///
/// ```compile_fail
/// use ccpayment_webhook::{Event, Verified};
///
/// fn forge(event: Event) -> Verified<Event> {
///     Verified(event) // the field is private
/// }
/// ```
///
/// ```compile_fail
/// use ccpayment_webhook::{Event, Verified};
///
/// fn change(mut verified: Verified<Event>, event: Event) {
///     *verified = event; // there is no DerefMut
/// }
/// ```
#[derive(Debug, PartialEq)]
#[must_use = "without an acknowledgement the gateway sends it again"]
pub struct Verified<T>(T);

impl<T> Verified<T> {
    /// What was said.
    pub fn event(&self) -> &T {
        &self.0
    }

    /// Tells the gateway that this need not come again. Call it after the work succeeded, or when
    /// [`Event::dedupe_key`] shows that it was done before; until then the gateway repeats the
    /// delivery.
    pub fn acknowledge(self) -> Acknowledgement {
        Acknowledgement::new()
    }
}

impl<T> Deref for Verified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}
