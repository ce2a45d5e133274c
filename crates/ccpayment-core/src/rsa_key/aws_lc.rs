//! The backend AWS-LC, in C and assembly. It blinds by itself, and wipes what it frees.

use aws_lc_rs::digest::{self, Digest, SHA256};
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{
    KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256,
};

use crate::rsa_key::der;
use crate::rsa_key::error::KeyError;
use crate::sign::{SignText, SigningError};

fn digest(text: &SignText<'_>) -> Digest {
    let mut context = digest::Context::new(&SHA256);
    for part in text.parts() {
        context.update(part);
    }
    context.finish()
}

pub(super) struct Private(KeyPair);

impl Private {
    pub(super) fn new(pkcs1: &[u8]) -> Result<Self, KeyError> {
        KeyPair::from_der(pkcs1)
            .map(Self)
            .map_err(|_| KeyError::Inconsistent)
    }

    pub(super) fn public(&self) -> Result<Public, KeyError> {
        Public::new(self.0.public_key().as_ref())
    }

    pub(super) fn sign(&self, text: &SignText<'_>) -> Result<Vec<u8>, SigningError> {
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0
            .sign_digest(&RSA_PKCS1_SHA256, &digest(text), &mut signature)
            .map_err(|_| SigningError::Rsa)?;
        Ok(signature)
    }
}

pub(super) struct Public {
    key: ParsedPublicKey,
    bits: usize,
}

impl Public {
    pub(super) fn new(pkcs1: &[u8]) -> Result<Self, KeyError> {
        let [n, _] = der::integers::<2>(pkcs1)?;
        let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pkcs1)
            .map_err(|_| KeyError::Inconsistent)?;
        let bits = der::bits(n);
        Ok(Self { key, bits })
    }

    pub(super) fn bits(&self) -> usize {
        self.bits
    }

    pub(super) fn verify(&self, text: &SignText<'_>, signature: &[u8]) -> bool {
        (self.key)
            .verify_digest_sig(&digest(text), signature)
            .is_ok()
    }
}
