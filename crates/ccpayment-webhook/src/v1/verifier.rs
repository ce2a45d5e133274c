//! `Verifier` of v1, the only way to trust one of its notifications.

use std::time::{Duration, SystemTime};

use ccpayment_core::{AppId, AppSecret, Credentials, ValidationError, Version};
use http::HeaderMap;

use super::event::Event;
use super::parse;
use crate::acknowledge::Acknowledgement;
use crate::error::VerifyError;
use crate::explain::Explanation;
use crate::signed_delivery::{DeliveryCheck, malformed, refused};
use crate::verifier::Verified;

/// Decides whether a delivery comes from the gateway's v1. Prepare one when the program starts.
///
/// It takes headers and the body's raw bytes, since the signature is over exactly these.
#[derive(Debug, Clone)]
pub struct Verifier {
    check: DeliveryCheck,
}

impl Verifier {
    /// The most bytes that a body may have, unless set: 64 KiB, dozens of times a real one.
    pub const MAX_BODY: usize = DeliveryCheck::MAX_BODY;

    /// How far a timestamp may lie from our time, unless set, in seconds: as in v2, whose
    /// [constant](crate::Verifier::TOLERANCE) says why. An official SDK of v1 takes as much.
    pub const TOLERANCE: Duration = crate::Verifier::TOLERANCE;

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

    /// How far a timestamp may lie from our time, on both sides: [`TOLERANCE`](Self::TOLERANCE),
    /// unless set. Counted in whole seconds, and at least one. Unique credits, by
    /// [`Creditable::record_id`](super::Creditable::record_id), protect against a replay.
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
        let event = parse::event(body).ok_or_else(|| malformed(body))?;
        Ok(Verified::new(event))
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
    /// A verifier with the same APP ID and secret as the calls are signed with. Credentials without
    /// a secret give one that accepts nothing until [`Verifier::also_accept`].
    fn from(credentials: &Credentials) -> Self {
        Self {
            check: DeliveryCheck::new(credentials, Version::V1, Self::TOLERANCE),
        }
    }
}

impl Verified<Event> {
    /// Tells the gateway that this need not come again, in v1's words. Call it after the work
    /// succeeded, or when [`Event::delivery_key`] shows that it was done before; until then the
    /// gateway repeats the delivery, six or seven times. After that it never comes by itself again:
    /// ask for it ([`ResendWebhooks`](ccpayment_core::v1::ResendWebhooks)), or look orders and
    /// withdrawals up.
    pub fn acknowledge(self) -> Acknowledgement {
        Acknowledgement::new("success")
    }
}
