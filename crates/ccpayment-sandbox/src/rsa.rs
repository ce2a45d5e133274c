//! The merchant's RSA key, for accounts that sign their requests with one.

use data_encoding::BASE64;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

/// The object id of plain RSA keys, as it stands in a key file.
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OBJECT_ID: u8 = 0x06;

#[derive(Debug, Clone)]
pub(crate) struct RsaKey(UnparsedPublicKey<Vec<u8>>);

impl RsaKey {
    /// Reads PEM, with either of its two headings, or the bare base64 of it that dashboards show.
    pub(crate) fn read(text: &str) -> Result<Self, &'static str> {
        let base64: String = text
            .lines()
            .filter(|line| !line.starts_with("-----"))
            .flat_map(str::chars)
            .filter(|letter| !letter.is_ascii_whitespace())
            .collect();
        let der = BASE64
            .decode(base64.as_bytes())
            .map_err(|_| "is neither PEM nor base64")?;
        let key = numbers(&der).ok_or("is no RSA public key")?;
        Ok(Self(UnparsedPublicKey::new(
            &RSA_PKCS1_2048_8192_SHA256,
            key.to_vec(),
        )))
    }

    /// The signature is standard base64.
    pub(crate) fn verify(&self, text: &[u8], sign: &str) -> bool {
        BASE64
            .decode(sign.as_bytes())
            .is_ok_and(|sign| self.0.verify(text, &sign).is_ok())
    }
}

/// The sequence of modulus and exponent, whether or not it is wrapped with the name of its kind.
fn numbers(der: &[u8]) -> Option<&[u8]> {
    let (inside, rest) = item(der, SEQUENCE)?;
    if !rest.is_empty() {
        return None;
    }
    if inside.first() == Some(&INTEGER) {
        return Some(der);
    }
    let (kind, rest) = item(inside, SEQUENCE)?;
    let (id, _) = item(kind, OBJECT_ID)?;
    let (bits, _) = item(rest, BIT_STRING)?;
    // The first byte counts the bits of the last one that are not used.
    let (&unused, key) = bits.split_first()?;
    (id == RSA_ENCRYPTION && unused == 0).then_some(key)
}

/// The content of the first item and what follows it.
fn item(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        // A key takes two bytes; more would be nonsense.
        let small = bytes.len() <= 4;
        let length = bytes
            .iter()
            .fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
        (small.then_some(length)?, rest)
    };
    (found == tag).then_some(())?;
    rest.split_at_checked(length)
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
        for form in [SPKI, PKCS1, &bare] {
            let key = RsaKey::read(form).unwrap();
            assert!(key.verify(TEXT, SIGN));
            assert!(!key.verify(b"testappid00000011677152720{} ", SIGN));
            assert!(!key.verify(TEXT, "AAAA") && !key.verify(TEXT, "?"));
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for form in ["", "?", "AAAA", "MIIB", "MAA=", "MIT/////"] {
            assert!(RsaKey::read(form).is_err(), "{form}");
        }
        let der = BASE64
            .decode(
                SPKI.lines()
                    .filter(|line| !line.starts_with('-'))
                    .collect::<String>()
                    .as_bytes(),
            )
            .unwrap();
        for end in 0..der.len() {
            assert!(numbers(&der[..end]).is_none(), "{end}");
        }
    }
}
