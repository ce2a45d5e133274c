//! `KeyError`, why a key is refused.

/// Why a text or bytes are no key to sign or verify with. It never holds anything of the key but
/// its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Neither PEM nor DER of a kind that is read here.
    #[error("this is no key in PEM or DER (PKCS#8, PKCS#1 or SubjectPublicKeyInfo)")]
    Malformed,
    /// The key is protected by a passphrase, which is not supported.
    #[error("the key is encrypted: take the passphrase off first, such as by `openssl pkey`")]
    Encrypted,
    /// A key of another kind: elliptic curves, or RSA that is only for PSS.
    #[error("the key is not for RSA signatures by PKCS#1 v1.5")]
    NotRsa,
    /// A public key where a private one is needed, or the other way round.
    #[error("this is the other half of a key pair")]
    WrongHalf,
    /// Too small to be safe.
    #[error("a key of {bits} bits is too small: 2,048 bits are the least")]
    TooSmall {
        /// The bits of its modulus.
        bits: usize,
    },
    /// Too large: signing would take too long.
    #[error("a key of {bits} bits is too large: 8,192 bits are the most")]
    TooLarge {
        /// The bits of its modulus.
        bits: usize,
    },
    /// Its numbers do not make a key.
    #[error("the numbers of the key do not fit together")]
    Inconsistent,
}
