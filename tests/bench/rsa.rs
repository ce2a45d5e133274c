//! RSA by aws-lc-rs beside the library's own call over the same bytes, put together beforehand.

use std::hint::black_box;

use anyhow::{Result, ensure};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{
    KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256,
};
use ccpayment::raw::{SignText, Signature, SigningError};
use ccpayment::{RsaBackend, RsaPrivateKey};

use super::hot::APP_ID;

const TIMESTAMP: &str = "1677152720";
const KEY: &[u8] =
    include_bytes!("../../crates/ccpayment-core/src/rsa_key/keys/rsa2048.private.pkcs8.der");

pub(crate) struct Rsa {
    ours: RsaPrivateKey,
    private: KeyPair,
    public: ParsedPublicKey,
    random: SystemRandom,
    body: Vec<u8>,
    whole: Vec<u8>,
    base64: String,
    signature: Vec<u8>,
}

impl Rsa {
    pub(crate) fn new() -> Result<Self> {
        let private = KeyPair::from_pkcs8(KEY)?;
        let body = vec![b'x'; 200];
        let whole = [APP_ID.as_bytes(), TIMESTAMP.as_bytes(), &body].concat();
        let mut it = Self {
            ours: RsaPrivateKey::from_der_with(RsaBackend::AwsLcRs, KEY)?,
            public: ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, private.public_key())?,
            private,
            random: SystemRandom::new(),
            body,
            whole,
            base64: String::new(),
            signature: Vec::new(),
        };
        it.base64 = it.sign()?.as_str().to_owned();
        it.signature = it.sign_bound().unwrap_or_default();
        // Both must do the same work, or the ratio means nothing.
        let same = Signature::rsa(&it.signature)?;
        ensure!(same.as_str() == it.base64, "they sign differently");
        ensure!(it.verify() && it.verify_bound(), "they refuse it");
        Ok(it)
    }

    fn text(&self) -> SignText<'_> {
        SignText {
            app_id: APP_ID,
            timestamp: black_box(TIMESTAMP),
            body: black_box(&self.body),
        }
    }

    pub(crate) fn sign(&self) -> Result<Signature, SigningError> {
        self.ours.sign(&self.text())
    }

    pub(crate) fn sign_bound(&self) -> Option<Vec<u8>> {
        let mut signature = vec![0; self.private.public_modulus_len()];
        let whole = black_box(self.whole.as_slice());
        self.private
            .sign(&RSA_PKCS1_SHA256, &self.random, whole, &mut signature)
            .ok()?;
        Some(signature)
    }

    pub(crate) fn verify(&self) -> bool {
        let signature = black_box(self.base64.as_bytes());
        self.ours.public_key().verify(&self.text(), signature)
    }

    pub(crate) fn verify_bound(&self) -> bool {
        let whole = black_box(self.whole.as_slice());
        (self.public)
            .verify_sig(whole, black_box(&self.signature))
            .is_ok()
    }
}
