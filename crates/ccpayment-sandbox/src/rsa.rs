//! RSA signatures: PKCS#1 v1.5 over SHA-256, in base64, with keys that somebody else made.

use std::fmt;

use data_encoding::BASE64;
use ring::rand::SystemRandom;
use ring::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
};

use crate::error::SandboxError;

/// The body of the object identifier rsaEncryption.
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OBJECT_ID: u8 = 0x06;

/// The merchant's public key.
#[derive(Clone)]
pub(crate) struct PublicKey(UnparsedPublicKey<Vec<u8>>);

impl fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PublicKey")
    }
}

fn setup(what: &str) -> SandboxError {
    SandboxError::Setup(what.to_owned())
}

impl PublicKey {
    /// SubjectPublicKeyInfo or PKCS#1, as PEM or DER.
    pub(crate) fn read(key: &[u8]) -> Result<Self, SandboxError> {
        let no_key = || setup("this is no RSA public key in SPKI or PKCS#1");
        let der = der_of(key, &["PUBLIC KEY", "RSA PUBLIC KEY"])?;
        let pkcs1 = pkcs1_of(&der).ok_or_else(no_key)?;
        let (modulus, _) = enter(pkcs1, SEQUENCE)
            .and_then(|fields| element(fields.0, INTEGER))
            .ok_or_else(no_key)?;
        let digits = modulus.iter().skip_while(|byte| **byte == 0).count();
        // By ring's own bounds, which would otherwise show as wrong signatures only.
        if !(256..=1024).contains(&digits) {
            return Err(setup("an RSA public key must have 2048 to 8192 bits"));
        }
        let pkcs1 = pkcs1.to_vec();
        Ok(Self(UnparsedPublicKey::new(
            &RSA_PKCS1_2048_8192_SHA256,
            pkcs1,
        )))
    }

    pub(crate) fn verifies(&self, text: &[u8], sign: &str) -> bool {
        BASE64
            .decode(sign.as_bytes())
            .is_ok_and(|sign| self.0.verify(text, &sign).is_ok())
    }
}

/// The key that the sandbox signs notifications with.
pub(crate) struct PrivateKey(RsaKeyPair);

impl fmt::Debug for PrivateKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PrivateKey")
    }
}

impl PrivateKey {
    /// PKCS#8, as PEM or DER.
    pub(crate) fn read(key: &[u8]) -> Result<Self, SandboxError> {
        let der = der_of(key, &["PRIVATE KEY"])?;
        let pair = RsaKeyPair::from_pkcs8(&der).map_err(|error| {
            SandboxError::Setup(format!("this is no RSA private key in PKCS#8: {error}"))
        })?;
        Ok(Self(pair))
    }

    /// `None` when ring can't, which it says of no key that it has read.
    pub(crate) fn sign(&self, text: &[u8]) -> Option<String> {
        let mut sign = vec![0; self.0.public().modulus_len()];
        // This padding has no randomness; the generator is for blinding.
        let random = SystemRandom::new();
        self.0
            .sign(&RSA_PKCS1_SHA256, &random, text, &mut sign)
            .ok()?;
        Some(BASE64.encode(&sign))
    }
}

/// The bytes of a PEM block with one of these labels, or the bare base64 of it, or the key itself.
fn der_of(key: &[u8], labels: &[&str]) -> Result<Vec<u8>, SandboxError> {
    let text = std::str::from_utf8(key).ok();
    let Some(block) = text.and_then(|text| text.split_once("-----BEGIN ")) else {
        // A dashboard shows the base64 without its headings.
        let bare: Vec<u8> = (key.iter().copied())
            .filter(|byte| !byte.is_ascii_whitespace())
            .collect();
        return Ok(BASE64.decode(&bare).unwrap_or_else(|_| key.to_vec()));
    };
    let body = block.1.split_once("-----").and_then(|(label, rest)| {
        let end = format!("-----END {label}-----");
        Some((label, rest.split_once(&end)?.0))
    });
    let (label, body) = body.ok_or_else(|| setup("the PEM block has no end"))?;
    if !labels.contains(&label) {
        let message = format!("a PEM block of {label} is not what is asked for");
        return Err(SandboxError::Setup(message));
    }
    let body: String = body.chars().filter(|one| !one.is_whitespace()).collect();
    BASE64
        .decode(body.as_bytes())
        .map_err(|_| setup("the PEM block is no base64"))
}

/// The contents of a DER element with a tag, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, rest) = der.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(*length), rest),
        // Four bytes of length are more than any key needs.
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            let length = bytes
                .iter()
                .fold(0_usize, |sum, byte| (sum << 8) | usize::from(*byte));
            (length, rest)
        }
        _ => return None,
    };
    (*found == tag).then(|| rest.split_at_checked(length))?
}

/// As [`element`], where nothing may follow.
fn enter(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    element(der, tag).filter(|(_, rest)| rest.is_empty())
}

/// The PKCS#1 key in a SubjectPublicKeyInfo, or the key itself when it is one.
fn pkcs1_of(der: &[u8]) -> Option<&[u8]> {
    let (fields, _) = enter(der, SEQUENCE)?;
    if element(fields, INTEGER).is_some() {
        return Some(der);
    }
    let (algorithm, rest) = element(fields, SEQUENCE)?;
    let (id, _) = element(algorithm, OBJECT_ID)?;
    let (bits, _) = enter(rest, BIT_STRING)?;
    // The first byte counts the bits that are not used.
    let (unused, key) = bits.split_first()?;
    (id == RSA_ENCRYPTION && *unused == 0).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_keys_are_told_from_keys() {
        for key in [
            &b""[..],
            b"-----BEGIN PUBLIC KEY-----",
            b"-----BEGIN PUBLIC KEY-----!-----END PUBLIC KEY-----",
            b"-----BEGIN PRIVATE KEY-----AAAA-----END PRIVATE KEY-----",
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0x02],
            &[0x30, 0x80],
            &[0x30, 0x03, 0x02, 0x01, 0x01],
        ] {
            assert!(PublicKey::read(key).is_err(), "{key:?}");
            assert!(PrivateKey::read(key).is_err(), "{key:?}");
        }
    }
}
