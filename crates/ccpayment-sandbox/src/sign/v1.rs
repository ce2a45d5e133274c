//! Signatures of v1: a SHA-256 digest over requests, answers and notifications alike.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response};
use ring::{digest, hmac};

use crate::model::hex::{from_lower_hex, to_lower_hex};
use crate::model::refusal::{self, Refusal};
use crate::sign::headers::SignedHeaders;

/// How many bytes a digest has.
const DIGEST_BYTES: usize = 32;

/// The merchant's credentials as v1 uses them.
pub(crate) struct Signer {
    app_id: String,
    app_secret: String,
    /// Compares digests without telling how many bytes of them were right.
    blind: hmac::Key,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Signer")
            .field("app_id", &self.app_id)
            .finish_non_exhaustive()
    }
}

impl Signer {
    pub(crate) fn new(app_id: &str, app_secret: &str) -> Self {
        Self {
            app_id: app_id.to_owned(),
            app_secret: app_secret.to_owned(),
            blind: hmac::Key::new(hmac::HMAC_SHA256, app_secret.as_bytes()),
        }
    }

    fn of(&self, timestamp: &str, body: &[u8]) -> digest::Digest {
        let mut context = digest::Context::new(&digest::SHA256);
        for part in [&self.app_id, &self.app_secret, timestamp] {
            context.update(part.as_bytes());
        }
        context.update(body);
        context.finish()
    }

    /// Lower-case hex.
    pub(crate) fn sign(&self, timestamp: &str, body: &[u8]) -> String {
        to_lower_hex(self.of(timestamp, body).as_ref())
    }

    /// The moment of a good signature.
    pub(crate) fn check(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        now: u64,
        signing: u64,
    ) -> Result<u64, Refusal> {
        let signed = SignedHeaders::read(headers, body, &self.app_id, now, signing)?;
        let wrong = || Refusal::new(refusal::BAD_SIGNATURE, "the signature does not match");
        let claimed = from_lower_hex(signed.sign)
            .filter(|claimed| claimed.len() == DIGEST_BYTES)
            .ok_or_else(wrong)?;
        let made = self.of(signed.timestamp, body);
        // ring compares only its own tags in constant time, so a tag is made of each digest.
        let tag = hmac::sign(&self.blind, made.as_ref());
        hmac::verify(&self.blind, &claimed, tag.as_ref()).map_err(|_| wrong())?;
        Ok(signed.at)
    }

    /// The headers of a signed body.
    pub(crate) fn headers(&self, at: u64, body: &[u8]) -> [(&'static str, String); 3] {
        let timestamp = format!("{at:010}");
        let sign = self.sign(&timestamp, body);
        [
            ("Appid", self.app_id.clone()),
            ("Timestamp", timestamp),
            ("Sign", sign),
        ]
    }

    /// Signs an answer over the bytes that go out.
    pub(crate) fn sign_response(&self, response: &mut Response<Bytes>, at: u64) {
        for (name, value) in self.headers(at, response.body()) {
            // An app id that no header can carry is left out, and the client reports that.
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with coreutils: `printf %s appsecret1677152490{} | sha256sum`.
    #[test]
    fn the_digest_is_a_plain_sha256() {
        let signer = Signer::new("app", "secret");
        assert_eq!(
            signer.sign("1677152490", b"{}"),
            "b85dd5c769b68b523d0912b2a31f372b4b89995423eaa32b52d48171f86ec325"
        );
        assert_eq!(
            signer.sign("1677152490", b""),
            "4bcee25e74e2c2eec73731b4f71859df2fac41b280a397aacbe45b110237c94e"
        );
    }
}
