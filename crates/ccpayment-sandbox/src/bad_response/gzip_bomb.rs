//! A gzip bomb, written by hand: a compressor would be a dependency for one constant.
//!
//! One block with codes of its own: a space, a match of 258 bytes at distance 1, and the end. The
//! match takes one bit and its distance another, both zero, so that four matches are one zero byte.

/// The header of the file, the codes of the block, the space, and the first matches.
const START: [u8; 25] = [
    0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 0xed, 0xc0, 0x81, 0, 0, 0, 0, 0x80, 0x20, 0x95, 0xfd,
    0x29, 0x17, 0xa9, 0,
];
const ZEROS: usize = 106_000;
/// The last match and the end of the block.
const END: u8 = 6;
/// How many spaces come out, and their checksum, as zlib counts them.
const INFLATED: u32 = 109_393_033;
const CRC: u32 = 0x72a1_9c9e;

pub(super) fn gzip() -> Vec<u8> {
    let mut bytes = START.to_vec();
    bytes.resize(bytes.len().saturating_add(ZEROS), 0);
    bytes.push(END);
    bytes.extend(CRC.to_le_bytes());
    bytes.extend(INFLATED.to_le_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads the matches as an inflater would; the rest was checked with zlib, which refuses a
    /// wrong checksum.
    #[test]
    fn it_is_small_and_becomes_large() {
        let bytes = gzip();
        assert_eq!(bytes.len(), 106_034);
        const { assert!(INFLATED > 100 * 1024 * 1024) };
        // After 113 bits of codes and space, pairs of zero bits up to the two ones of the end.
        let bit = |at: usize| bytes[10 + at / 8] >> (at % 8) & 1;
        let matches = (113..).step_by(2).take_while(|at| bit(*at) == 0).count();
        assert_eq!(u32::try_from(1 + 258 * matches).unwrap(), INFLATED);
    }
}
