//! `decode` and `checked`: Base58, with the alphabet and the checksum of Bitcoin.

use sha2::{Digest, Sha256};

const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/// No address is longer. The time to decode grows with the square of the length.
const LONGEST: usize = 128;

pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    if text.len() > LONGEST {
        return None;
    }
    // Big-endian digits to little-endian bytes.
    let mut bytes: Vec<u8> = Vec::new();
    for character in text.bytes() {
        let mut carry = ALPHABET.iter().position(|digit| *digit == character)?;
        for byte in &mut bytes {
            carry = carry.checked_add(usize::from(*byte).checked_mul(58)?)?;
            *byte = carry.to_le_bytes()[0];
            carry >>= 8;
        }
        while carry > 0 {
            bytes.push(carry.to_le_bytes()[0]);
            carry >>= 8;
        }
    }
    let zeros = text.bytes().take_while(|digit| *digit == b'1');
    bytes.extend(zeros.map(|_| 0));
    bytes.reverse();
    Some(bytes)
}

/// The version and the hash, if the checksum behind them is valid.
pub(super) fn checked(bytes: &[u8]) -> Option<&[u8]> {
    let (payload, sum) = bytes.split_last_chunk::<4>()?;
    let hash = Sha256::digest(Sha256::digest(payload));
    (!payload.is_empty() && hash.starts_with(sum)).then_some(payload)
}
