//! `SignText`, `HmacKey` and `Signature`: signatures over APP ID, timestamp and body.

mod base64;
mod digest;
mod hex;
#[cfg(test)]
mod vectors;
#[cfg(test)]
mod wycheproof;

use std::fmt;
use std::time::Duration;

pub use digest::DigestKey;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::secret::AppSecret;

/// The three parts that a signature covers, in this order, with nothing between them.
///
/// The text is never put together: each part is fed to the hash where it lies, so the signature
/// covers the very body that is sent or was received.
#[derive(Clone, Copy)]
pub struct SignText<'a> {
    /// The `Appid` header.
    pub app_id: &'a str,
    /// The `Timestamp` header: 10 digits, Unix seconds.
    pub timestamp: &'a str,
    /// The body, byte for byte.
    pub body: &'a [u8],
}

impl<'a> SignText<'a> {
    /// The parts in the order in which they are signed.
    #[must_use]
    pub fn parts(&self) -> [&'a [u8]; 3] {
        [self.app_id.as_bytes(), self.timestamp.as_bytes(), self.body]
    }

    /// The SHA-256 of the text, for a signer that takes a digest, as most key services do.
    #[must_use]
    pub fn sha256(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        for part in self.parts() {
            hash.update(part);
        }
        hash.finalize().into()
    }
}

impl fmt::Debug for SignText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignText")
            .field("app_id", &self.app_id)
            .field("timestamp", &self.timestamp)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

/// An HMAC-SHA256 key with the key-dependent half of the work done once.
///
/// ```
/// use ccpayment_core::{AppSecret, HmacKey, SignText};
///
/// let key = HmacKey::new(&AppSecret::new("testsecret0000000000000000000001"));
/// let text = SignText { app_id: "testappid0000001", timestamp: "1677152720", body: b"" };
/// let signature = key.sign(&text);
/// assert_eq!(
///     signature.as_str(),
///     "19dbaf2a249cb988fabd3221a2ff126b8e8af48e136a7049a717c1cd0a231479"
/// );
/// assert!(key.verify(&text, signature.as_str().as_bytes()));
/// assert!(!key.verify(&text, b"anything else"));
/// ```
#[derive(Clone)]
pub struct HmacKey(Hmac<Sha256>);

impl HmacKey {
    /// Prepares the key.
    #[must_use]
    pub fn new(secret: &AppSecret) -> Self {
        Self::of_bytes(secret.expose().as_bytes())
    }

    fn of_bytes(secret: &[u8]) -> Self {
        // RFC 2104's own first step, which the fixed-size constructor leaves to us and which can't
        // fail: a key longer than a block is hashed, a shorter one padded with zeros.
        let mut block = Zeroizing::new([0; 64]);
        let hashed = (secret.len() > block.len())
            .then(|| Zeroizing::new(<[u8; 32]>::from(Sha256::digest(secret))));
        let key = hashed.as_ref().map_or(secret, |hash| hash.as_slice());
        block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
        Self(<Hmac<Sha256> as KeyInit>::new((&*block).into()))
    }

    fn mac(&self, text: &SignText<'_>) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        for part in text.parts() {
            mac.update(part);
        }
        mac
    }

    /// Signs, as lower-case hex.
    #[must_use]
    pub fn sign(&self, text: &SignText<'_>) -> Signature {
        Signature::hmac_sha256(&self.mac(text).finalize().into_bytes().into())
    }

    /// Whether the `Sign` header belongs to the text. The comparison takes the same time
    /// wherever the difference lies; only 64 lower-case hex digits are accepted.
    #[must_use]
    pub fn verify(&self, text: &SignText<'_>, signature: &[u8]) -> bool {
        hex::decode(signature)
            .is_some_and(|expected| self.mac(text).verify_slice(&expected).is_ok())
    }
}

impl fmt::Debug for HmacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HmacKey([redacted])")
    }
}

/// A signature as it goes into the `Sign` header. It lets its holder replay the call for two
/// minutes, so it counts as a secret and its `Debug` shows nothing.
#[derive(Clone)]
pub struct Signature(Form);

/// HMAC is on the hot path, so its digits need no allocation.
#[derive(Clone)]
enum Form {
    Hex([u8; 64]),
    Base64(Box<str>),
}

impl Signature {
    /// The signature that an HMAC-SHA256 tag makes: 64 lower-case hex digits.
    #[must_use]
    pub fn hmac_sha256(tag: &[u8; 32]) -> Self {
        Self(Form::Hex(hex::encode(tag)))
    }

    /// The signature that the bytes of an RSA signature make: standard base64.
    ///
    /// # Errors
    ///
    /// [`SigningError::NotRsa`] when no key of 2,048 to 8,192 bits makes so many bytes.
    pub fn rsa(bytes: &[u8]) -> Result<Self, SigningError> {
        if !(256..=1024).contains(&bytes.len()) {
            let bytes = bytes.len();
            return Err(SigningError::NotRsa { bytes });
        }
        Ok(Self(Form::Base64(base64::encode(bytes).into())))
    }

    /// The text of the header.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            // Hex digits are ASCII, so this is never the empty text.
            Form::Hex(digits) => std::str::from_utf8(digits).unwrap_or_default(),
            Form::Base64(text) => text,
        }
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signature([redacted])")
    }
}

/// Why there is no signature. Nothing was sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SigningError {
    /// The key is held elsewhere, so signing takes a future:
    /// [`PreparedRequest::sign_async`](crate::PreparedRequest::sign_async).
    #[error("the key is held elsewhere, so signing has to be awaited")]
    Remote,
    /// The v1 API signs with the APP Secret itself, which these credentials don't hold.
    #[error("a call of the v1 API is signed with the APP Secret, which is not here")]
    NeedsSecret,
    /// The signer failed. Its error is shown as it is.
    #[error("the signer failed")]
    Signer(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The signer did not answer in time.
    #[error("the signer did not answer within {} ms", after.as_millis())]
    TimedOut {
        /// How long we waited for it.
        after: Duration,
    },
    /// No RSA key of 2,048 to 8,192 bits makes a signature of this length.
    #[error("{bytes} bytes are no RSA signature of a key of 2,048 to 8,192 bits")]
    NotRsa {
        /// The length in bytes.
        bytes: usize,
    },
    /// The RSA library failed: no randomness, no memory, or a fault in the computation.
    #[error("the RSA library could not sign")]
    Rsa,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_any_length_is_prepared_as_the_mac_crate_does() {
        let text = SignText {
            app_id: "app",
            timestamp: "1677152720",
            body: b"{}",
        };
        for length in [0, 1, 32, 63, 64, 65, 200] {
            let secret = "k".repeat(length);
            let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret.as_bytes()).unwrap();
            text.parts().iter().for_each(|part| mac.update(part));
            let expected = Signature::hmac_sha256(&mac.finalize().into_bytes().into());
            assert_eq!(
                HmacKey::new(&AppSecret::new(secret)).sign(&text).as_str(),
                expected.as_str()
            );
        }
    }

    #[test]
    fn one_flipped_bit_anywhere_is_refused() {
        let key = HmacKey::new(&AppSecret::new("testsecret0000000000000000000001"));
        let text = SignText {
            app_id: "app",
            timestamp: "1677152720",
            body: b"{\"coinId\":1280}",
        };
        let signature = key.sign(&text);
        for index in 0..64 {
            for bit in 0..8 {
                let mut forged = signature.as_str().as_bytes().to_vec();
                forged[index] ^= 1 << bit;
                assert!(!key.verify(&text, &forged));
            }
        }
        for other in [
            SignText {
                app_id: "apq",
                ..text
            },
            SignText {
                timestamp: "1677152721",
                ..text
            },
            SignText {
                body: b"{\"coinId\":1281}",
                ..text
            },
        ] {
            assert!(!key.verify(&other, signature.as_str().as_bytes()));
        }
    }

    #[test]
    fn nothing_secret_is_printed() {
        let secret = AppSecret::new("sentinel-secret");
        let key = HmacKey::new(&secret);
        let text = SignText {
            app_id: "app",
            timestamp: "1677152720",
            body: b"{}",
        };
        let signature = key.sign(&text);
        let shown = format!("{secret:?} {key:?} {signature:?} {text:?}");
        assert!(
            !shown.contains("sentinel") && !shown.contains(signature.as_str()),
            "{shown}"
        );
    }
    #[test]
    fn only_what_rsa_makes_becomes_base64() {
        for bytes in [0, 32, 128, 255, 1025] {
            assert!(matches!(
                Signature::rsa(&vec![7; bytes]),
                Err(SigningError::NotRsa { bytes: it }) if it == bytes
            ));
        }
        let longest = Signature::rsa(&[7; 1024]).unwrap();
        assert_eq!(longest.as_str().len(), 1368);
        assert_eq!(format!("{longest:?}"), "Signature([redacted])");
    }
}
