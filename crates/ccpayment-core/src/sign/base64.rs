//! `encode`: padded standard base64, without tables or branches on the bytes, as hex is.

use std::ops::RangeInclusive;

/// All ones in the low byte if the range has the number, else zero.
fn mask(number: u8, range: RangeInclusive<u8>) -> u8 {
    let (number, start, end) = (
        i16::from(number),
        i16::from(*range.start()),
        i16::from(*range.end()),
    );
    // Both differences are negative, so that their sign bits are ones, exactly inside.
    let inside = ((start - 1 - number) & (number - end - 1)) >> 8;
    inside.to_le_bytes()[0]
}

/// The digit of a number below 64.
fn digit(number: u8) -> u8 {
    (mask(number, 0..=25) & number.wrapping_add(b'A'))
        | (mask(number, 26..=51) & number.wrapping_add(b'a' - 26))
        | (mask(number, 52..=61) & number.wrapping_sub(52).wrapping_add(b'0'))
        | (mask(number, 62..=62) & b'+')
        | (mask(number, 63..=63) & b'/')
}

pub(super) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let mut all = [0; 4];
        // The first byte stays zero.
        all.iter_mut()
            .skip(1)
            .zip(chunk)
            .for_each(|(to, from)| *to = *from);
        let all = u32::from_be_bytes(all);
        for place in 0..4 {
            let [.., sextet] = (all >> (18 - 6 * place)).to_be_bytes();
            text.push(if place <= chunk.len() {
                char::from(digit(sextet & 63))
            } else {
                '='
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_digit_is_the_alphabets() {
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        for (number, expected) in (0..).zip(alphabet) {
            assert_eq!(digit(number), *expected);
        }
    }

    #[test]
    fn the_vectors_of_rfc_4648() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encode(bytes.as_bytes()), text);
        }
    }
}
