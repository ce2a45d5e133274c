//! `DigestKey`, the digest of the v1 API: SHA-256 over APP ID, secret, timestamp and body.

use std::fmt;

use hmac::digest::CtOutput;
use sha2::{Digest, Sha256};

use super::{Form, SignText, Signature, hex};
use crate::secret::AppSecret;

/// The secret as the v1 API signs with it.
///
/// The digest is a plain hash and no HMAC. So a person who saw a signature can lengthen the signed
/// text by bytes that begin with SHA-256's padding. That padding holds the byte `0x80` in a place
/// where no UTF-8 text has it, so a body that is read strictly as JSON is never such a forgery.
///
/// ```
/// use ccpayment_core::{AppSecret, DigestKey, SignText};
///
/// let key = DigestKey::new(&AppSecret::new("test-secret-0123456789abcdef"));
/// let text = SignText {
///     app_id: "202302010636261620672405236006912",
///     timestamp: "1677152490",
///     body: b"{}",
/// };
/// let signature = key.sign(&text);
/// assert_eq!(
///     signature.as_str(),
///     "d850eac2acfba703ab3709d53b583f1824f554965839c20c60383d6304e26138"
/// );
/// assert!(key.verify(&text, signature.as_str().as_bytes()));
/// ```
#[derive(Clone)]
pub struct DigestKey(AppSecret);

impl DigestKey {
    /// Prepares the key.
    #[must_use]
    pub fn new(secret: &AppSecret) -> Self {
        Self(secret.clone())
    }

    /// Signs, as lower-case hex.
    #[must_use]
    pub fn sign(&self, text: &SignText<'_>) -> Signature {
        text.digest(&self.0)
    }

    /// Whether the `Sign` header belongs to the text. The comparison takes the same time wherever
    /// the difference lies; only 64 lower-case hex digits are accepted.
    #[must_use]
    pub fn verify(&self, text: &SignText<'_>, signature: &[u8]) -> bool {
        text.has_digest(&self.0, signature)
    }
}

impl fmt::Debug for DigestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DigestKey([redacted])")
    }
}

impl SignText<'_> {
    fn hash_with(&self, secret: &AppSecret) -> Sha256 {
        let [app_id, timestamp, body] = self.parts();
        [app_id, secret.expose().as_bytes(), timestamp, body]
            .iter()
            .fold(Sha256::new(), |hash, part| hash.chain_update(part))
    }

    pub(crate) fn digest(&self, secret: &AppSecret) -> Signature {
        let digest: [u8; 32] = self.hash_with(secret).finalize().into();
        Signature(Form::Hex(hex::encode(&digest)))
    }

    pub(crate) fn has_digest(&self, secret: &AppSecret, signature: &[u8]) -> bool {
        let ours = CtOutput::<Sha256>::new(self.hash_with(secret).finalize());
        hex::decode(signature).is_some_and(|theirs| ours == CtOutput::new(theirs.into()))
    }
}
