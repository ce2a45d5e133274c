//! The backend in Rust alone: the `rsa` crate.

use rsa::rand_core::{OsRng, RngCore};
use rsa::traits::{PrivateKeyParts, PublicKeyParts};
use rsa::{BigUint, Pkcs1v15Sign};

use crate::rsa_key::der::{self, MAX_BITS};
use crate::rsa_key::error::KeyError;
use crate::sign::{SignText, SigningError};

/// The prefix of a SHA-256 hash in a signature: RFC 8017, section 9.2, note 1. The crate's own
/// prefix needs an older version of `sha2` than ours.
const DIGEST_INFO: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
    0x00, 0x04, 0x20,
];

fn padding() -> Pkcs1v15Sign {
    Pkcs1v15Sign {
        hash_len: Some(32),
        prefix: Box::new(DIGEST_INFO),
    }
}

/// It wipes itself.
pub(super) struct Private(rsa::RsaPrivateKey);

impl Private {
    pub(super) fn new(pkcs1: &[u8]) -> Result<Self, KeyError> {
        let [_, n, e, d, p, q, dp, dq, qinv] =
            der::integers::<9>(pkcs1)?.map(BigUint::from_bytes_be);
        let key = rsa::RsaPrivateKey::from_components(n, e, d, vec![p, q])
            .map_err(|_| KeyError::Inconsistent)?;
        // The crate computes these anew. The other backend refuses a key in which they are wrong,
        // and so do we: such a file is damaged.
        let fits = key.dp() == Some(&dp)
            && key.dq() == Some(&dq)
            && key.crt_coefficient().as_ref() == Some(&qinv);
        if !fits {
            return Err(KeyError::Inconsistent);
        }
        Ok(Self(key))
    }

    pub(super) fn public(&self) -> Public {
        Public(self.0.to_public_key())
    }

    /// Always with blinding: without it, the time tells more of the key (RUSTSEC-2023-0071).
    pub(super) fn sign(&self, text: &SignText<'_>) -> Result<Vec<u8>, SigningError> {
        // Without randomness, the generator would panic in the middle of signing. So it is tried
        // first, by a call that returns an error.
        (OsRng.try_fill_bytes(&mut [0])).map_err(|_| SigningError::Rsa)?;
        (self.0)
            .sign_with_rng(&mut OsRng, padding(), &text.sha256())
            .map_err(|_| SigningError::Rsa)
    }
}

pub(super) struct Public(rsa::RsaPublicKey);

impl Public {
    pub(super) fn new(pkcs1: &[u8]) -> Result<Self, KeyError> {
        let [n, e] = der::integers::<2>(pkcs1)?.map(BigUint::from_bytes_be);
        rsa::RsaPublicKey::new_with_max_size(n, e, MAX_BITS)
            .map(Self)
            .map_err(|_| KeyError::Inconsistent)
    }

    pub(super) fn bits(&self) -> usize {
        self.0.n().bits()
    }

    pub(super) fn verify(&self, text: &SignText<'_>, signature: &[u8]) -> bool {
        (self.0)
            .verify(padding(), &text.sha256(), signature)
            .is_ok()
    }
}
