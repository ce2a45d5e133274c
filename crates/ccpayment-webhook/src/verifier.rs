//! `Verifier`, the only way to trust a notification, and `Verified`, what it gives out.

use std::ops::Deref;
use std::time::{Duration, SystemTime};

#[cfg(any(feature = "rsa", feature = "aws-lc-rs"))]
use ccpayment_core::RsaPublicKey;
use ccpayment_core::{AppId, AppSecret, Credentials, ValidationError, Version};
use http::HeaderMap;

use crate::acknowledge::Acknowledgement;
use crate::error::VerifyError;
use crate::event::Event;
use crate::explain::Explanation;
use crate::parse;
use crate::signed_delivery::{DeliveryCheck, malformed, refused};

/// Decides whether a delivery comes from the gateway. Prepare one when the program starts.
///
/// It takes headers and the body's raw bytes, since the signature is over exactly these: a body
/// that a framework parsed and wrote again does not verify.
///
/// ```
/// use std::time::SystemTime;
///
/// use ccpayment_webhook::{Event, Verified, Verifier, VerifyError};
/// use http::HeaderMap;
///
/// /// For any server: the headers and the raw body of a delivery, and your clock.
/// fn check(
///     verifier: &Verifier,
///     headers: &HeaderMap,
///     body: &[u8],
///     now: SystemTime,
/// ) -> Result<Verified<Event>, VerifyError> {
///     verifier.verify(headers, body, now)
/// }
///
/// let verifier = Verifier::new("app-id", "app-secret")?;
/// assert!(check(&verifier, &HeaderMap::new(), b"{}", SystemTime::UNIX_EPOCH).is_err());
/// # Ok::<(), ccpayment_webhook::ValidationError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Verifier {
    check: DeliveryCheck,
}

impl Verifier {
    /// The most bytes that a body may have, unless set: 64 KiB, hundreds of times a real one.
    pub const MAX_BODY: usize = DeliveryCheck::MAX_BODY;

    /// How far a timestamp may lie from our time, unless set, in seconds; the same in both versions
    /// of the API.
    ///
    /// The documents call a timestamp valid for 120 seconds. Three minutes more, as in public
    /// integrations, are for a wrong clock: a notification that is refused may be a payment that
    /// nobody sees, and a replay does nothing where credits are unique by
    /// [`Creditable::record_id`](crate::Creditable::record_id).
    pub const TOLERANCE: Duration = Duration::from_secs(300);

    /// A [`tolerance`](Self::tolerance) for repeats that carry the signature of their first
    /// attempt: the hour in which they come, and [`TOLERANCE`](Self::TOLERANCE).
    ///
    /// No document says whether a repeat is signed anew. If yours are not, set this: else each
    /// repeat later than 300 seconds after the first attempt, so the third or the fourth and all
    /// after it, is refused with [`VerifyError::OutsideWindow`].
    pub const TOLERANCE_OF_REPEATS: Duration =
        Duration::from_secs(3_600 + Self::TOLERANCE.as_secs());

    /// A verifier of the notifications for this APP ID.
    ///
    /// # Errors
    ///
    /// When the APP ID or the secret was badly copied, as for [`Credentials::new`]. The error does
    /// not show it.
    pub fn new(
        app_id: impl Into<AppId>,
        secret: impl Into<AppSecret>,
    ) -> Result<Self, ValidationError> {
        let credentials = Credentials::new(app_id, secret)?;
        Ok(Self::from(&credentials))
    }

    /// Accepts what is signed with this secret as well, while the secret is being changed.
    ///
    /// # Errors
    ///
    /// When the secret was badly copied, as for [`Verifier::new`].
    pub fn also_accept(mut self, secret: impl Into<AppSecret>) -> Result<Self, ValidationError> {
        let credentials = Credentials::new(self.check.app_id().clone(), secret)?;
        self.check.keys.add(&credentials);
        Ok(self)
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
        self.check.keys.add_rsa(key);
        self
    }

    /// How far a timestamp may lie from our time, on both sides:
    /// [`TOLERANCE`](Self::TOLERANCE), unless set. Counted in whole seconds, and at
    /// least one.
    ///
    /// A wider window is harmless where credits are unique by
    /// [`Creditable::record_id`](crate::Creditable::record_id), which is the real protection
    /// against a replay. Set [`TOLERANCE_OF_REPEATS`](Self::TOLERANCE_OF_REPEATS) where repeats turn out to
    /// be refused.
    #[must_use]
    pub fn tolerance(mut self, tolerance: Duration) -> Self {
        self.check.tolerance(tolerance);
        self
    }

    /// The most bytes that a body may have: [`Verifier::MAX_BODY`], unless set.
    #[must_use]
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.check.max_body = bytes;
        self
    }

    #[cfg(feature = "http-body")]
    pub(crate) fn body_limit(&self) -> usize {
        self.check.max_body
    }

    /// Checks a delivery and reads it. Outside of a test, `now` is `SystemTime::now()`.
    ///
    /// # Errors
    ///
    /// [`VerifyError`], whose [`status`](VerifyError::status) is the answer to send. Each one
    /// leaves an event of `tracing` that has its reason, and nothing of body and signature.
    pub fn verify(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        now: SystemTime,
    ) -> Result<Verified<Event>, VerifyError> {
        let verified = self.check(headers, body, now);
        verified.inspect_err(refused)
    }

    fn check(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        now: SystemTime,
    ) -> Result<Verified<Event>, VerifyError> {
        self.check.check(headers, body, now)?;
        parse::event(body)
            .map(Verified)
            .ok_or_else(|| malformed(body))
    }

    /// Why [`verify`](Self::verify) refuses this delivery: see [`Explanation`], which is for the
    /// merchant's eyes alone.
    #[must_use]
    pub fn explain(&self, headers: &HeaderMap, body: &[u8], now: SystemTime) -> Explanation {
        let refused = self.check(headers, body, now).err();
        Explanation::new(refused, &self.check, headers, body, now)
    }
}

impl From<&Credentials> for Verifier {
    /// A verifier with the same APP ID and secret as the calls are signed with.
    ///
    /// Calls that are signed with RSA or by a `Signer` have no secret. Then it accepts nothing
    /// until [`Verifier::also_accept`] or `also_accept_rsa` adds a key.
    fn from(credentials: &Credentials) -> Self {
        Self {
            check: DeliveryCheck::new(credentials, Version::V2, Self::TOLERANCE),
        }
    }
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
    /// For the verifiers only.
    #[cfg(feature = "v1")]
    pub(crate) fn new(event: T) -> Self {
        Self(event)
    }

    /// What was said.
    pub fn event(&self) -> &T {
        &self.0
    }
}

impl Verified<Event> {
    /// Tells the gateway that this need not come again. Call it after the work succeeded, or when
    /// [`Event::delivery_key`] shows that it was done before. What is acknowledged is lost, unless
    /// it is handled or stored.
    ///
    /// Until then the gateway repeats the delivery, up to six times: 30, 90, 210, 450, 930 and
    /// 1,890 seconds after the first attempt, or after the attempt before. The documents allow both
    /// readings, so a notification is over after 31.5 minutes or after an hour, and never comes by
    /// itself again. If a server was down for longer,
    /// [`WebhookResend`](ccpayment_core::v2::WebhookResend) or the dashboard (Webhook) sends again
    /// what it missed; the lists of records have it in any case.
    pub fn acknowledge(self) -> Acknowledgement {
        Acknowledgement::new(Acknowledgement::BODY)
    }

    /// The same for [`Event::ActivateWebhookUrl`] as JSON, `{"msg":"success"}`. Any other event is
    /// acknowledged as text, because that is what its repeats wait for.
    ///
    /// No document names the event. Most public integrations answer it like this, and others like
    /// any notification: when the dashboard does not save the address with one, try the other.
    pub fn acknowledge_activation_as_json(self) -> Acknowledgement {
        if matches!(self.0, Event::ActivateWebhookUrl(_)) {
            return Acknowledgement::json();
        }
        self.acknowledge()
    }
}

impl<T> Deref for Verified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}
