//! `private` and `public`, which bring every DER form of an RSA key to PKCS#1.
//!
//! Both backends have readers of their own, but these differ in what they take and in their
//! errors. With one reader in front, a key means the same whichever backend is built in.

use crate::rsa_key::error::KeyError;

pub(super) const MIN_BITS: usize = 2048;
pub(super) const MAX_BITS: usize = 8192;
/// Three times the longest key.
const MAX_BYTES: usize = 16 * 1024;

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;

/// rsaEncryption with its NULL, RFC 8017, appendix C.
const ALGORITHM: &[u8] = &[
    0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
];

/// The PKCS#1 `RSAPrivateKey` in a PKCS#8 or PKCS#1 key of a size that is allowed.
pub(super) fn private(der: &[u8]) -> Result<&[u8], KeyError> {
    let mut outer = Reader::open(der)?;
    if outer.next_is(SEQUENCE) {
        // No version first: either the other half, or a key under a passphrase.
        outer.take(SEQUENCE)?;
        return Err(if outer.next_is(OCTET_STRING) {
            KeyError::Encrypted
        } else {
            KeyError::WrongHalf
        });
    }
    let version = outer.integer()?;
    let pkcs1 = if outer.next_is(SEQUENCE) {
        is_rsa(outer.take(SEQUENCE)?)?;
        // What may follow, attributes and the public key, adds nothing.
        outer.take(OCTET_STRING)?
    } else if outer.next_is(OCTET_STRING) {
        // SEC 1, an elliptic curve.
        return Err(KeyError::NotRsa);
    } else if version.len() > 1 {
        return Err(KeyError::WrongHalf);
    } else {
        der
    };
    let [version, n, ..] = integers::<9>(pkcs1)?;
    if !version.is_empty() {
        // More than two primes, which neither backend takes.
        return Err(KeyError::NotRsa);
    }
    is_allowed(n)?;
    Ok(pkcs1)
}

/// The PKCS#1 `RSAPublicKey` in a SubjectPublicKeyInfo or PKCS#1 key of a size that is allowed.
pub(super) fn public(der: &[u8]) -> Result<&[u8], KeyError> {
    let mut outer = Reader::open(der)?;
    let pkcs1 = if outer.next_is(SEQUENCE) {
        let algorithm = outer.take(SEQUENCE)?;
        if outer.next_is(OCTET_STRING) {
            return Err(KeyError::WrongHalf);
        }
        is_rsa(algorithm)?;
        let bits = outer.take(BIT_STRING)?;
        outer.end()?;
        // The first byte counts the bits that the last one lacks.
        match bits.split_first() {
            Some((0, pkcs1)) => pkcs1,
            _ => return Err(KeyError::Malformed),
        }
    } else if outer.integer()?.len() <= 1 {
        // A private key begins with a version, so this is one.
        return Err(KeyError::WrongHalf);
    } else {
        der
    };
    let [n, _] = integers::<2>(pkcs1)?;
    is_allowed(n)?;
    Ok(pkcs1)
}

/// A sequence of exactly so many integers, each without its leading zero.
pub(super) fn integers<const N: usize>(der: &[u8]) -> Result<[&[u8]; N], KeyError> {
    let mut reader = Reader::open(der)?;
    let mut all = [&[][..]; N];
    for integer in &mut all {
        *integer = reader.integer()?;
    }
    reader.end()?;
    Ok(all)
}

/// How many bits a number has that starts with no zero byte.
pub(super) fn bits(number: &[u8]) -> usize {
    let zeros = number
        .first()
        .map_or(0, |first| usize::from(first.leading_zeros() as u8));
    number.len() * 8 - zeros
}

fn is_rsa(algorithm: &[u8]) -> Result<(), KeyError> {
    if algorithm == ALGORITHM {
        Ok(())
    } else {
        Err(KeyError::NotRsa)
    }
}

fn is_allowed(n: &[u8]) -> Result<(), KeyError> {
    match bits(n) {
        bits if bits < MIN_BITS => Err(KeyError::TooSmall { bits }),
        bits if bits > MAX_BITS => Err(KeyError::TooLarge { bits }),
        _ => Ok(()),
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Enters the sequence that makes up all of the bytes.
    fn open(der: &'a [u8]) -> Result<Self, KeyError> {
        if der.len() > MAX_BYTES {
            return Err(KeyError::Malformed);
        }
        let mut outer = Self(der);
        let inside = outer.take(SEQUENCE)?;
        outer.end()?;
        Ok(Self(inside))
    }

    fn next_is(&self, tag: u8) -> bool {
        self.0.first() == Some(&tag)
    }

    fn end(&self) -> Result<(), KeyError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(KeyError::Malformed)
        }
    }

    /// The content of the next value, which has this tag and its length in the shortest form.
    fn take(&mut self, tag: u8) -> Result<&'a [u8], KeyError> {
        let (length, rest) = match *self.0 {
            [it, length @ ..=0x7f, ref rest @ ..] if it == tag => (usize::from(length), rest),
            [it, 0x81, length @ 0x80..=0xff, ref rest @ ..] if it == tag => {
                (usize::from(length), rest)
            }
            [it, 0x82, high @ 1..=0xff, low, ref rest @ ..] if it == tag => {
                (usize::from(u16::from_be_bytes([high, low])), rest)
            }
            _ => return Err(KeyError::Malformed),
        };
        let (content, rest) = rest.split_at_checked(length).ok_or(KeyError::Malformed)?;
        self.0 = rest;
        Ok(content)
    }

    /// A non-negative number in its shortest form, without the leading zero of its sign.
    fn integer(&mut self) -> Result<&'a [u8], KeyError> {
        match self.take(INTEGER)? {
            [0] => Ok(&[]),
            [0, number @ ..] if number.first() >= Some(&0x80) => Ok(number),
            number @ [1..=0x7f, ..] => Ok(number),
            _ => Err(KeyError::Malformed),
        }
    }
}
