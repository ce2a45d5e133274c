//! `Form`, what the text of an address means by the standard that it follows.

use super::{base58, cash};

/// An address by a standard that gives it one meaning and several spellings.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// 20 bytes in hex: EVM chains, and XDC with a prefix of its own.
    Hex20([u8; 20]),
    /// 32 bytes in hex, which Aptos may write without leading zeros.
    Hex32([u8; 32]),
    Bech32 {
        prefix: String,
        data: Vec<u8>,
    },
    CashAddr {
        kind: u8,
        hash: Vec<u8>,
    },
    /// A version and a hash, whose checksum was verified.
    Base58Check(Vec<u8>),
    /// 32 bytes without a checksum: Solana.
    Base58(Vec<u8>),
    Ton {
        workchain: i8,
        hash: [u8; 32],
    },
}

impl Form {
    pub(super) fn of(text: &str) -> Option<Self> {
        if !text.is_ascii() {
            return None;
        }
        hex(text)
            .or_else(|| ton(text))
            .or_else(|| cash::bech32(text).map(|(prefix, data)| Self::Bech32 { prefix, data }))
            .or_else(|| cash::cash_addr(text).map(|(kind, hash)| Self::CashAddr { kind, hash }))
            .or_else(|| base58(text))
    }

    /// Whether both stand for the same address; none where that can't be told.
    pub(super) fn is_same(&self, other: &Self) -> Option<bool> {
        match (self, other) {
            // Bitcoin Cash has two standards for one address, and a version for each kind.
            (Self::CashAddr { kind, hash }, Self::Base58Check(legacy))
            | (Self::Base58Check(legacy), Self::CashAddr { kind, hash }) => {
                let (version, legacy) = legacy.split_first()?;
                let is_same_kind = matches!((kind, version), (0, 0) | (1, 5));
                (is_same_kind && legacy == hash).then_some(true)
            }
            // One hash under two versions: Litecoin has two for scripts.
            (Self::Base58Check(one), Self::Base58Check(two)) if one != two => {
                (one.get(1..) != two.get(1..)).then_some(false)
            }
            // One hash under two prefixes: two networks, or one network that was renamed.
            (
                Self::Bech32 { prefix: one, data },
                Self::Bech32 {
                    prefix: two,
                    data: other,
                },
            ) if one != two => (data != other).then_some(false),
            _ if std::mem::discriminant(self) == std::mem::discriminant(other) => {
                Some(self == other)
            }
            _ => None,
        }
    }
}

fn hex(text: &str) -> Option<Form> {
    let prefixes = ["0x", "0X", "xdc", "XDC"];
    let prefix = prefixes.iter().find(|it| text.starts_with(**it));
    let digits = prefix.map_or(text, |prefix| text.get(prefix.len()..).unwrap_or_default());
    match (prefix, digits.len()) {
        (_, 40) => bytes(digits).map(Form::Hex20),
        (Some(&"0x" | &"0X"), 41..=64) => bytes(&format!("{digits:0>64}")).map(Form::Hex32),
        // TRON's own hex: the version and the hash of its Base58.
        (None, 42) => bytes::<21>(digits)
            .filter(|bytes| bytes.first() == Some(&0x41))
            .map(|bytes| Form::Base58Check(bytes.to_vec())),
        _ => None,
    }
}

fn bytes<const N: usize>(digits: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if digits.len() != 2 * N || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

fn base58(text: &str) -> Option<Form> {
    let bytes = base58::decode(text)?;
    if let Some(payload) = base58::checked(&bytes) {
        return Some(Form::Base58Check(payload.to_vec()));
    }
    (bytes.len() == 32).then_some(Form::Base58(bytes))
}

fn ton(text: &str) -> Option<Form> {
    if let Some((workchain, hash)) = text.split_once(':') {
        return Some(Form::Ton {
            workchain: workchain.parse().ok()?,
            hash: bytes(hash)?,
        });
    }
    let friendly = sextets(text)?;
    let (rest, sum) = friendly.split_last_chunk::<2>()?;
    let ([tag, workchain], hash) = rest.split_first_chunk::<2>()?;
    // The tag says whether to bounce and whether it is the test network: how to send, not where to.
    let is_tag = matches!(tag & 0x7f, 0x11 | 0x51);
    (is_tag && crc16(rest) == *sum).then_some(Form::Ton {
        workchain: i8::from_le_bytes([*workchain]),
        hash: hash.try_into().ok()?,
    })
}

/// 48 characters of either alphabet of base64, which are 36 bytes.
fn sextets(text: &str) -> Option<Vec<u8>> {
    if text.len() != 48 {
        return None;
    }
    let mut bytes = Vec::with_capacity(36);
    for four in text.as_bytes().chunks(4) {
        let mut all = 0_u32;
        for character in four {
            let sextet = match character {
                b'A'..=b'Z' => character - b'A',
                b'a'..=b'z' => character - b'a' + 26,
                b'0'..=b'9' => character - b'0' + 52,
                b'+' | b'-' => 62,
                b'/' | b'_' => 63,
                _ => return None,
            };
            all = (all << 6) | u32::from(sextet);
        }
        let [_, rest @ ..] = all.to_be_bytes();
        bytes.extend(rest);
    }
    Some(bytes)
}

/// CRC-16/XMODEM, the checksum at the end of TON's addresses.
fn crc16(bytes: &[u8]) -> [u8; 2] {
    let sum = bytes.iter().fold(0_u16, |sum, byte| {
        (0..8).fold(sum ^ (u16::from(*byte) << 8), |sum, _| {
            let shifted = sum << 1;
            if sum & 0x8000 == 0 {
                shifted
            } else {
                shifted ^ 0x1021
            }
        })
    });
    sum.to_be_bytes()
}
