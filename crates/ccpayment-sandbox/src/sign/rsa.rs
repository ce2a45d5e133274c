//! RSA signatures: PKCS#1 v1.5 over SHA-256, in base64, with keys made elsewhere.

use std::fmt;

use data_encoding::BASE64;
use ring::rand::SystemRandom;
use ring::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
};

use crate::model::error::SandboxError;

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
        // ring's own bounds. Without this check, a key outside of them would only show as wrong
        // signatures.
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
        let sign = BASE64.decode(sign.as_bytes());
        sign.is_ok_and(|sign| self.0.verify(text, &sign).is_ok())
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

    /// `None` when ring can't sign, which never happens with a key that it has read.
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

/// The bytes of a PEM block with one of these labels or of the bare base64 that dashboards show. A
/// key that is no text comes back as it is.
fn der_of(key: &[u8], labels: &[&str]) -> Result<Vec<u8>, SandboxError> {
    let Ok(text) = std::str::from_utf8(key) else {
        return Ok(key.to_vec());
    };
    let body = match text.split_once("-----BEGIN ") {
        Some((_, block)) => {
            let (label, rest) = block.split_once("-----").unwrap_or((block, ""));
            if !labels.contains(&label) {
                let message = format!("a PEM block of {label} is not what is asked for");
                return Err(SandboxError::Setup(message));
            }
            let end = format!("-----END {label}-----");
            let body = rest.split_once(&end);
            body.ok_or_else(|| setup("the PEM block has no end"))?.0
        }
        None => text,
    };
    let body: String = body.chars().filter(|one| !one.is_whitespace()).collect();
    BASE64
        .decode(body.as_bytes())
        .map_err(|_| setup("the key is neither PEM nor base64 nor DER"))
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
pub(crate) mod tests {
    use super::*;

    /// Made and used by OpenSSL, then thrown away.
    pub(crate) const SPKI: &str = "-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA1I9z/xFnym4HxXP8pD16
4BEXLt/tmexFhLjXmsWGOPv8NLLNeJvQpIz0LFzOUOilO9NX3N4Iez+yLXSbjDnk
6fynLu5m1iHBLZek3erKYwzozJQA0RvkTb2NjD9H+yNssn3ISzrbwQP7z5odQOg6
qklGUOkaQEC1tTZbdVcKbTI4fIvDB24ldemgrexBA1NUcvbXnA8l/cl7c0qWiPoc
ioV5MUF71bTRsjuJrzZOhHA/VsRYSS49D/aPBOV9hDB37dx1b72QRCAqHbr80lWE
JHMktWptA4DikzizIAls99FCIWolpGj+wAZEJ1b9qIf4/YDe4bjymWStOk12UWxN
iwIDAQAB
-----END PUBLIC KEY-----
";
    const PKCS1: &str = "-----BEGIN RSA PUBLIC KEY-----
MIIBCgKCAQEA1I9z/xFnym4HxXP8pD164BEXLt/tmexFhLjXmsWGOPv8NLLNeJvQ
pIz0LFzOUOilO9NX3N4Iez+yLXSbjDnk6fynLu5m1iHBLZek3erKYwzozJQA0Rvk
Tb2NjD9H+yNssn3ISzrbwQP7z5odQOg6qklGUOkaQEC1tTZbdVcKbTI4fIvDB24l
demgrexBA1NUcvbXnA8l/cl7c0qWiPocioV5MUF71bTRsjuJrzZOhHA/VsRYSS49
D/aPBOV9hDB37dx1b72QRCAqHbr80lWEJHMktWptA4DikzizIAls99FCIWolpGj+
wAZEJ1b9qIf4/YDe4bjymWStOk12UWxNiwIDAQAB
-----END RSA PUBLIC KEY-----
";
    pub(crate) const SIGN: &str = "UUCJ7CpEY65cwlCUJJF+Tpyrl436okQFM/ibE/HORW3ncz6xTopGeYIg64j8DVFTgBIlkoe48Wd7vzdDYG7c0AaEOa4ZfyPQiWs85oah5Ze6uIGw3lI374Erjh9bruKOi6NdWJ7m2RtenhHs00cQR399QPqye/LA/hLGHiYhVVg3y/hqiEBG1T4lcsvqhptvKZgHjVIq8Y8Nj1C2xXsVnAn6qRVvR3UHl2rMw2QBNwE1FgvBclarwxNabnaK1ht4/a7fSATMyUBLP01tnoM5MO4iMvC170VXCxMNMRXh/NYC0v2dvG8XDqEoiakZflxGQBmMTUuSEAK/O2RjlH9WWA==";
    const TEXT: &[u8] = b"testappid00000011677152720{}";

    #[test]
    fn every_form_of_the_key_takes_the_signature() {
        let bare: String = SPKI.lines().filter(|line| !line.starts_with('-')).collect();
        let der = BASE64.decode(bare.as_bytes()).unwrap();
        let forms = [SPKI, PKCS1, &bare].map(str::as_bytes);
        for form in forms.into_iter().chain([&*der]) {
            let key = PublicKey::read(form).unwrap();
            assert!(key.verifies(TEXT, SIGN));
            assert!(!key.verifies(b"testappid00000011677152720{} ", SIGN));
            assert!(!key.verifies(TEXT, "AAAA") && !key.verifies(TEXT, "?"));
        }
        for end in 0..der.len() {
            assert!(PublicKey::read(&der[..end]).is_err(), "{end}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for key in [
            &b""[..],
            b"?",
            b"AAAA",
            b"MAA=",
            b"MIT/////",
            b"-----BEGIN PUBLIC KEY-----",
            b"-----BEGIN PUBLIC KEY-----!-----END PUBLIC KEY-----",
            b"-----BEGIN CERTIFICATE-----AAAA-----END CERTIFICATE-----",
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0x02],
            &[0x30, 0x80],
            &[0x30, 0x03, 0x02, 0x01, 0x01],
        ] {
            assert!(PublicKey::read(key).is_err(), "{key:?}");
            assert!(PrivateKey::read(key).is_err(), "{key:?}");
        }
    }
}
