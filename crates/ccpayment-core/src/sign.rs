//! Signatures: HMAC-SHA256 over APP ID, timestamp and body.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::secret::AppSecret;

/// The three parts that a signature covers, in this order, with nothing between them.
///
/// The text is never put together: each part is fed to the hash where it lies, so what is signed
/// is the very body that is sent or was received.
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
        // RFC 2104's own first step, which the fixed-size constructor leaves to us and which can't
        // fail: a key longer than a block is hashed, a shorter one padded with zeros.
        let mut block = Zeroizing::new([0; 64]);
        let hashed = (secret.expose().len() > block.len())
            .then(|| Zeroizing::new(<[u8; 32]>::from(Sha256::digest(secret.expose()))));
        let key = hashed
            .as_ref()
            .map_or(secret.expose().as_bytes(), |hash| hash.as_slice());
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
        Signature(hex::encode(&self.mac(text).finalize().into_bytes().into()))
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
pub struct Signature([u8; 64]);

impl Signature {
    /// The 64 hex digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Hex digits are ASCII, so this is never the empty text.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signature([redacted])")
    }
}

/// Hex of fixed length; our own digits are written without tables or branches.
mod hex {
    fn digit(nibble: u8) -> u8 {
        // 9 - nibble is negative, so its sign bits are all ones, exactly for a to f.
        let is_letter = (9i8.wrapping_sub_unsigned(nibble) >> 7).cast_unsigned();
        nibble + b'0' + (is_letter & (b'a' - b'0' - 10))
    }

    pub(super) fn encode(bytes: &[u8; 32]) -> [u8; 64] {
        let mut digits = [0; 64];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
            if let [high, low] = pair {
                (*high, *low) = (digit(byte >> 4), digit(byte & 15));
            }
        }
        digits
    }

    /// What a byte stands for, or a value above 15.
    fn value(byte: u8) -> u8 {
        let number = byte.wrapping_sub(b'0');
        let letter = byte.wrapping_sub(b'a');
        match (number < 10, letter < 6) {
            (true, _) => number,
            (_, true) => letter + 10,
            _ => u8::MAX,
        }
    }

    pub(super) fn decode(digits: &[u8]) -> Option<[u8; 32]> {
        let digits: &[u8; 64] = digits.try_into().ok()?;
        let mut bytes = [0; 32];
        let mut seen = 0;
        for (pair, byte) in digits.chunks_exact(2).zip(&mut bytes) {
            if let [high, low] = pair {
                let (high, low) = (value(*high), value(*low));
                seen |= high | low;
                *byte = (high << 4) | (low & 15);
            }
        }
        (seen <= 15).then_some(bytes)
    }

    #[cfg(test)]
    mod tests {
        #[test]
        fn is_its_own_inverse_and_lower_case() {
            let bytes: [u8; 32] = std::array::from_fn(|i| (i as u8).wrapping_mul(37) ^ 0x9a);
            let digits = super::encode(&bytes);
            let expected: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(std::str::from_utf8(&digits).unwrap(), expected);
            assert_eq!(super::decode(&digits), Some(bytes));
            for nibble in 0..16u8 {
                assert_eq!(
                    char::from(super::digit(nibble)),
                    format!("{nibble:x}").chars().next().unwrap()
                );
            }
        }

        #[test]
        fn refuses_everything_else() {
            for bad in [b"/", b":", b"`", b"g", b"A", b" ", b"\xff"] {
                let mut digits = [b'0'; 64];
                digits[63] = bad[0];
                assert_eq!(super::decode(&digits), None);
            }
            assert_eq!(super::decode(&[b'0'; 63]), None);
            assert_eq!(super::decode(&[b'0'; 66]), None);
        }
    }
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
            let expected = hex::encode(&mac.finalize().into_bytes().into());
            assert_eq!(
                HmacKey::new(&AppSecret::new(secret)).sign(&text).0,
                expected
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
                let mut forged = signature.0;
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
}
