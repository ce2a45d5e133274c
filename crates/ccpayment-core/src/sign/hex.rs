//! `encode` and `decode`: hex of fixed length. `encode` has no tables or branches on the bytes.

fn digit(nibble: u8) -> u8 {
    // 9 - nibble is negative, so its sign bits are all ones, exactly for a to f.
    let is_letter = (9i8.wrapping_sub_unsigned(nibble) >> 7).cast_unsigned();
    nibble + b'0' + (is_letter & (b'a' - b'0' - 10))
}

pub(super) fn encode(bytes: &[u8; 32]) -> [u8; 64] {
    let mut digits = [0; 64];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
        if let [high, low] = pair {
            (*high, *low) = (digit(byte >> 4), digit(byte & 15));
        }
    }
    digits
}

/// What a byte stands for, or a value above 15.
fn value(byte: u8) -> u8 {
    let number = byte.wrapping_sub(b'0');
    let letter = byte.wrapping_sub(b'a');
    match (number < 10, letter < 6) {
        (true, _) => number,
        (_, true) => letter + 10,
        _ => u8::MAX,
    }
}

pub(super) fn decode(digits: &[u8]) -> Option<[u8; 32]> {
    let digits: &[u8; 64] = digits.try_into().ok()?;
    let mut bytes = [0; 32];
    let mut seen = 0;
    for (pair, byte) in digits.chunks_exact(2).zip(&mut bytes) {
        if let [high, low] = pair {
            let (high, low) = (value(*high), value(*low));
            seen |= high | low;
            *byte = (high << 4) | (low & 15);
        }
    }
    (seen <= 15).then_some(bytes)
}

#[cfg(test)]
mod tests {
    #[test]
    fn is_its_own_inverse_and_lower_case() {
        let bytes: [u8; 32] = std::array::from_fn(|i| (i as u8).wrapping_mul(37) ^ 0x9a);
        let digits = super::encode(&bytes);
        let expected: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(std::str::from_utf8(&digits).unwrap(), expected);
        assert_eq!(super::decode(&digits), Some(bytes));
        for nibble in 0..16u8 {
            assert_eq!(
                char::from(super::digit(nibble)),
                format!("{nibble:x}").chars().next().unwrap()
            );
        }
    }

    #[test]
    fn refuses_everything_else() {
        for bad in [b"/", b":", b"`", b"g", b"A", b" ", b"\xff"] {
            let mut digits = [b'0'; 64];
            digits[63] = bad[0];
            assert_eq!(super::decode(&digits), None);
        }
        assert_eq!(super::decode(&[b'0'; 63]), None);
        assert_eq!(super::decode(&[b'0'; 66]), None);
    }
}
