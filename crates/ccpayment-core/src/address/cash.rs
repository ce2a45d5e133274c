//! `bech32` and `cash_addr`, two encodings in 32 characters with a cyclic checksum.

const ALPHABET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const BECH32_GENERATOR: [u64; 5] = [
    0x3b6a_57b2,
    0x2650_8e6d,
    0x1ea1_19fa,
    0x3d42_33dd,
    0x2a14_62b3,
];
const BECH32M: u64 = 0x2bc8_30a3;
const CASH_GENERATOR: [u64; 5] = [
    0x98_f2bc_8e61,
    0x79_b76d_99e2,
    0xf3_3e5f_b3c4,
    0xae_2eab_e2a8,
    0x1e_4f43_e470,
];

/// A prefix in small letters, and the value of each character after it, the checksum included.
struct Words {
    prefix: String,
    values: Vec<u8>,
}

impl Words {
    fn of(prefix: &str, text: &str) -> Option<Self> {
        let value = |character: u8| {
            let character = character.to_ascii_lowercase();
            let at = ALPHABET.iter().position(|it| *it == character)?;
            u8::try_from(at).ok()
        };
        Some(Self {
            prefix: prefix.to_ascii_lowercase(),
            values: text.bytes().map(value).collect::<Option<_>>()?,
        })
    }

    /// The values before the checksum, which has `checksum` characters.
    fn payload(&self, checksum: usize) -> Option<&[u8]> {
        let length = self.values.len().checked_sub(checksum)?;
        self.values.get(..length).filter(|data| !data.is_empty())
    }
}

/// Both standards refuse a text in which small letters and capitals are mixed.
fn is_in_one_case(text: &str) -> bool {
    let has = |is: fn(&u8) -> bool| text.bytes().any(|byte| is(&byte));
    !(has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase))
}

/// The remainder of a message in the cyclic code of this generator, which has `bits` bits.
fn remainder(values: impl Iterator<Item = u8>, generator: [u64; 5], bits: u32) -> u64 {
    let low = bits.saturating_sub(5);
    values.fold(1, |rest, value| {
        let top = rest >> low;
        let shifted = ((rest & ((1 << low) - 1)) << 5) ^ u64::from(value);
        (0..5)
            .zip(generator)
            .filter(|(bit, _)| (top >> bit) & 1 == 1)
            .fold(shifted, |rest, (_, part)| rest ^ part)
    })
}

/// The prefix in small letters and the data of a Bech32 or Bech32m text, without its checksum.
pub(super) fn bech32(text: &str) -> Option<(String, Vec<u8>)> {
    let (prefix, rest) = text.rsplit_once('1')?;
    if prefix.is_empty() || !is_in_one_case(text) {
        return None;
    }
    let words = Words::of(prefix, rest)?;
    let prefix = words.prefix.bytes();
    let message = (prefix.clone().map(|b| b >> 5))
        .chain([0])
        .chain(prefix.map(|b| b & 31))
        .chain(words.values.iter().copied());
    let is_valid = [1, BECH32M].contains(&remainder(message, BECH32_GENERATOR, 30));
    let payload = words.payload(6).filter(|_| is_valid)?.to_vec();
    Some((words.prefix, payload))
}

/// The kind (0 for a key, 1 for a script) and the hash of a CashAddr text. A text without a prefix
/// is read with that of Bitcoin Cash.
pub(super) fn cash_addr(text: &str) -> Option<(u8, Vec<u8>)> {
    let (prefix, rest) = text.split_once(':').unwrap_or(("bitcoincash", text));
    if !is_in_one_case(text) {
        return None;
    }
    let words = Words::of(prefix, rest)?;
    let message = (words.prefix.bytes().map(|b| b & 31))
        .chain([0])
        .chain(words.values.iter().copied());
    if remainder(message, CASH_GENERATOR, 40) != 1 {
        return None;
    }
    let bytes = to_bytes(words.payload(8)?)?;
    let (version, hash) = bytes.split_first()?;
    Some((version >> 3, hash.to_vec()))
}

/// Regroups values of five bits into bytes. The bits left over have to be zero.
fn to_bytes(values: &[u8]) -> Option<Vec<u8>> {
    let (mut bytes, mut bits, mut kept) = (Vec::new(), 0_u32, 0_u32);
    for value in values {
        kept = ((kept << 5) | u32::from(*value)) & 0xfff;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((kept >> bits).to_le_bytes()[0]);
        }
    }
    (kept & ((1 << bits) - 1) == 0).then_some(bytes)
}
