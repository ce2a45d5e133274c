//! `RsaPrivateKey` and `RsaPublicKey`: PKCS#1 v1.5 over SHA-256, by one of two backends.

#[cfg(feature = "aws-lc-rs")]
mod aws_lc;
mod der;
mod error;
mod pem;
#[cfg(feature = "rsa")]
mod rust_crypto;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod wycheproof;

use std::fmt;
use std::sync::Arc;

use base64ct::{Base64, Encoding};

use crate::sign::{SignText, Signature, SigningError};

pub use error::KeyError;

/// The library that computes. Each one needs the feature of its name.
///
/// Choose `aws-lc-rs` where its C code can be built: signing is about five times as fast, verifying
/// about eight times, and it takes the same time whatever the key.
///
/// The `rsa` crate needs nothing but Rust. Its computation with a private key takes a time that
/// depends on the key ([RUSTSEC-2023-0071]). Somebody who measures many signatures closely, even
/// over the network, may learn the key. No fixed version is out. We always sign with blinding,
/// which hides the computed values from such a person, but does not make the time constant. So take
/// it only where nobody you don't trust can time your signatures, least of all on the same machine.
/// Verifying uses no secret and is not affected.
///
/// With both features on, `aws-lc-rs` is used unless the other one is named.
///
/// [RUSTSEC-2023-0071]: https://rustsec.org/advisories/RUSTSEC-2023-0071.html
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RsaBackend {
    /// AWS-LC, by the `aws-lc-rs` crate.
    #[cfg(feature = "aws-lc-rs")]
    AwsLcRs,
    /// The `rsa` crate, always with blinding.
    #[cfg(feature = "rsa")]
    Rsa,
}

impl RsaBackend {
    /// All that are built in, the preferred one first.
    pub const ALL: &'static [Self] = &[
        #[cfg(feature = "aws-lc-rs")]
        Self::AwsLcRs,
        #[cfg(feature = "rsa")]
        Self::Rsa,
    ];
}

impl Default for RsaBackend {
    /// `aws-lc-rs` if it is built in.
    fn default() -> Self {
        #[cfg(feature = "aws-lc-rs")]
        return Self::AwsLcRs;
        #[cfg(not(feature = "aws-lc-rs"))]
        return Self::Rsa;
    }
}

/// A private RSA key of 2,048 to 8,192 bits, to sign with.
///
/// It is wiped from memory when dropped, and never printed: no `Display`, no `Serialize`, no
/// comparison, and a `Debug` that shows nothing of it. Clones share one key.
///
/// ```
/// use ccpayment_core::{AppId, Credentials, KeyError, RsaPrivateKey};
///
/// # let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/rsa_key/keys/rsa2048.private.pkcs8.pem");
/// # let pem = std::fs::read_to_string(file)?;
/// let key = RsaPrivateKey::from_pem(&pem)?;
/// let credentials = Credentials::rsa(AppId::new("app-id"), key)?;
///
/// assert_eq!(RsaPrivateKey::from_pem("no key").unwrap_err(), KeyError::Malformed);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct RsaPrivateKey {
    key: Private,
    public: RsaPublicKey,
}

#[derive(Clone)]
enum Private {
    #[cfg(feature = "aws-lc-rs")]
    AwsLcRs(Arc<aws_lc::Private>),
    #[cfg(feature = "rsa")]
    Rsa(Arc<rust_crypto::Private>),
}

impl RsaPrivateKey {
    /// Reads PEM: PKCS#8 (`BEGIN PRIVATE KEY`) or PKCS#1 (`BEGIN RSA PRIVATE KEY`).
    ///
    /// # Errors
    ///
    /// [`KeyError`], which shows nothing of the text.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        Self::from_pem_with(RsaBackend::default(), pem)
    }

    /// Reads DER: PKCS#8 or PKCS#1.
    ///
    /// # Errors
    ///
    /// [`KeyError`], which shows nothing of the bytes.
    pub fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        Self::from_der_with(RsaBackend::default(), der)
    }

    /// [`RsaPrivateKey::from_pem`] for the backend that is named.
    ///
    /// # Errors
    ///
    /// As there. Both backends take the same keys.
    pub fn from_pem_with(backend: RsaBackend, pem: &str) -> Result<Self, KeyError> {
        Self::from_der_with(backend, &pem::decode(pem)?)
    }

    /// [`RsaPrivateKey::from_der`] for the backend that is named.
    ///
    /// # Errors
    ///
    /// As there. Both backends take the same keys.
    pub fn from_der_with(backend: RsaBackend, der: &[u8]) -> Result<Self, KeyError> {
        let pkcs1 = der::private(der)?;
        let (key, public) = match backend {
            #[cfg(feature = "aws-lc-rs")]
            RsaBackend::AwsLcRs => {
                let key = aws_lc::Private::new(pkcs1)?;
                let public = Public::AwsLcRs(Arc::new(key.public()?));
                (Private::AwsLcRs(Arc::new(key)), public)
            }
            #[cfg(feature = "rsa")]
            RsaBackend::Rsa => {
                let key = rust_crypto::Private::new(pkcs1)?;
                let public = Public::Rsa(Arc::new(key.public()));
                (Private::Rsa(Arc::new(key)), public)
            }
        };
        Ok(Self {
            key,
            public: RsaPublicKey(public),
        })
    }

    /// The public half, for the gateway.
    #[must_use]
    pub fn public_key(&self) -> &RsaPublicKey {
        &self.public
    }

    /// Signs: PKCS#1 v1.5 over SHA-256, in base64.
    ///
    /// This holds its thread for the time of the computation: below a millisecond with `aws-lc-rs`
    /// and 2,048 bits, tens of milliseconds with 8,192. Where that is too long, put the key behind
    /// a [`Signer`](crate::Signer) that signs on another thread.
    ///
    /// # Errors
    ///
    /// [`SigningError::Rsa`], when the library fails.
    pub fn sign(&self, text: &SignText<'_>) -> Result<Signature, SigningError> {
        let bytes = match &self.key {
            #[cfg(feature = "aws-lc-rs")]
            Private::AwsLcRs(key) => key.sign(text),
            #[cfg(feature = "rsa")]
            Private::Rsa(key) => key.sign(text),
        };
        Signature::rsa(&bytes?)
    }
}

impl fmt::Debug for RsaPrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RsaPrivateKey([redacted])")
    }
}

/// A public RSA key of 2,048 to 8,192 bits, to verify with. Clones share one key.
#[derive(Clone)]
pub struct RsaPublicKey(Public);

#[derive(Clone)]
enum Public {
    #[cfg(feature = "aws-lc-rs")]
    AwsLcRs(Arc<aws_lc::Public>),
    #[cfg(feature = "rsa")]
    Rsa(Arc<rust_crypto::Public>),
}

impl RsaPublicKey {
    /// Reads PEM: SubjectPublicKeyInfo (`BEGIN PUBLIC KEY`) or PKCS#1 (`BEGIN RSA PUBLIC KEY`).
    ///
    /// # Errors
    ///
    /// [`KeyError`].
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        Self::from_pem_with(RsaBackend::default(), pem)
    }

    /// Reads DER: SubjectPublicKeyInfo or PKCS#1.
    ///
    /// # Errors
    ///
    /// [`KeyError`].
    pub fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        Self::from_der_with(RsaBackend::default(), der)
    }

    /// [`RsaPublicKey::from_pem`] for the backend that is named.
    ///
    /// # Errors
    ///
    /// As there. Both backends take the same keys.
    pub fn from_pem_with(backend: RsaBackend, pem: &str) -> Result<Self, KeyError> {
        Self::from_der_with(backend, &pem::decode(pem)?)
    }

    /// [`RsaPublicKey::from_der`] for the backend that is named.
    ///
    /// # Errors
    ///
    /// As there. Both backends take the same keys.
    pub fn from_der_with(backend: RsaBackend, der: &[u8]) -> Result<Self, KeyError> {
        let pkcs1 = der::public(der)?;
        let key = match backend {
            #[cfg(feature = "aws-lc-rs")]
            RsaBackend::AwsLcRs => Public::AwsLcRs(Arc::new(aws_lc::Public::new(pkcs1)?)),
            #[cfg(feature = "rsa")]
            RsaBackend::Rsa => Public::Rsa(Arc::new(rust_crypto::Public::new(pkcs1)?)),
        };
        Ok(Self(key))
    }

    /// The size of the key.
    #[must_use]
    pub fn bits(&self) -> usize {
        match &self.0 {
            #[cfg(feature = "aws-lc-rs")]
            Public::AwsLcRs(key) => key.bits(),
            #[cfg(feature = "rsa")]
            Public::Rsa(key) => key.bits(),
        }
    }

    /// Whether the `Sign` header belongs to the text: a signature by PKCS#1 v1.5 over SHA-256, in
    /// standard base64 with its padding, and nothing around it.
    #[must_use]
    pub fn verify(&self, text: &SignText<'_>, signature: &[u8]) -> bool {
        let mut bytes = [0; der::MAX_BITS / 8];
        Base64::decode(signature, &mut bytes).is_ok_and(|bytes| self.verify_bytes(text, bytes))
    }

    fn verify_bytes(&self, text: &SignText<'_>, signature: &[u8]) -> bool {
        match &self.0 {
            #[cfg(feature = "aws-lc-rs")]
            Public::AwsLcRs(key) => key.verify(text, signature),
            #[cfg(feature = "rsa")]
            Public::Rsa(key) => key.verify(text, signature),
        }
    }
}

impl fmt::Debug for RsaPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RsaPublicKey")
            .field("bits", &self.bits())
            .finish_non_exhaustive()
    }
}
