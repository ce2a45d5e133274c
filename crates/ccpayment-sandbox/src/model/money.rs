//! Exact decimal money: bounded before it is parsed, plain text when it is printed.

use bigdecimal::num_bigint::BigInt;
use bigdecimal::{BigDecimal, RoundingMode, Zero};

pub(crate) type Money = BigDecimal;

/// A decimal constant: units and scale.
pub(crate) type Fixed = (i64, i64);

/// More than any amount needs (24 decimals beside 55 integer digits), and little enough to compute
/// with.
const MAX_CHARS: usize = 80;

/// An amount as a caller wrote it.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    pub(crate) value: Money,
    /// Decimals in the text, trailing zeros included.
    pub(crate) decimals: usize,
}

/// Reads `digits[.digits]` with an optional leading minus; the error names the rule that was
/// broken.
pub(crate) fn parse(text: &str) -> Result<Written, &'static str> {
    if text.len() > MAX_CHARS {
        return Err("is longer than 80 characters");
    }
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = match unsigned.split_once('.') {
        Some((_, "")) => return Err("has a point without digits after it"),
        Some((whole, fraction)) => (whole, fraction),
        None => (unsigned, ""),
    };
    if whole.is_empty() {
        return Err("has no digits before the point");
    }
    // The decimal library also reads exponents: the one line `1e999999999` would fill the memory.
    if !whole
        .bytes()
        .chain(fraction.bytes())
        .all(|byte| byte.is_ascii_digit())
    {
        return Err("is not plain decimal text");
    }
    let value = text.parse().map_err(|_| "is not plain decimal text")?;
    Ok(Written {
        value,
        decimals: fraction.len(),
    })
}

/// `units` divided by ten to the power of `scale`.
pub(crate) fn fixed(units: i64, scale: i64) -> Money {
    Money::new(BigInt::from(units), scale)
}

/// Plain decimal text without an exponent and without trailing zeros.
pub(crate) fn plain(value: &Money) -> String {
    value.normalized().to_plain_string()
}

/// The plain text of a constant.
pub(crate) fn plain_fixed((units, scale): Fixed) -> String {
    if scale == 0 {
        return units.to_string();
    }
    let scale = usize::try_from(scale).unwrap_or_default();
    let digits = format!("{units:0>width$}", width = scale.saturating_add(1));
    let (whole, fraction) = digits.split_at(digits.len().saturating_sub(scale));
    match fraction.trim_end_matches('0') {
        "" => whole.to_owned(),
        fraction => format!("{whole}.{fraction}"),
    }
}

/// Plain decimal text with the trailing zeros that it was written with.
pub(crate) fn as_written(value: &Money) -> String {
    value.to_plain_string()
}

/// Cut off after `decimals` decimals.
pub(crate) fn round_down(value: &Money, decimals: u32) -> Money {
    value.with_scale_round(i64::from(decimals), RoundingMode::Down)
}

/// Rounded up to `decimals` decimals.
pub(crate) fn round_up(value: &Money, decimals: u32) -> Money {
    value.with_scale_round(i64::from(decimals), RoundingMode::Up)
}

/// `price / rate` rounded up to `decimals` decimals, both positive.
///
/// It computes in whole numbers, because a rounded quotient can't be rounded up correctly.
pub(crate) fn divide_up(price: &Money, rate: &Money, decimals: u32) -> Option<Money> {
    let (numerator, denominator) = fraction(price, rate, decimals)?;
    let quotient = (numerator + &denominator - 1) / denominator;
    Some(Money::new(quotient, i64::from(decimals)))
}

/// `price / rate` cut off after `decimals` decimals, both positive.
pub(crate) fn divide_down(price: &Money, rate: &Money, decimals: u32) -> Option<Money> {
    let (numerator, denominator) = fraction(price, rate, decimals)?;
    Some(Money::new(numerator / denominator, i64::from(decimals)))
}

/// Two whole numbers whose quotient is `price / rate` in units of the last decimal.
fn fraction(price: &Money, rate: &Money, decimals: u32) -> Option<(BigInt, BigInt)> {
    // Drops trailing zeros after the point, and keeps those before it instead of an exponent.
    let (price, price_scale) = price
        .with_scale(price.fractional_digit_count().max(0))
        .into_bigint_and_exponent();
    let (rate, rate_scale) = rate
        .with_scale(rate.fractional_digit_count().max(0))
        .into_bigint_and_exponent();
    let ten = BigInt::from(10);
    let up = u32::try_from(rate_scale).ok()?.checked_add(decimals)?;
    let numerator = price * ten.pow(up);
    let denominator = rate * ten.pow(u32::try_from(price_scale).ok()?);
    (!denominator.is_zero()).then_some((numerator, denominator))
}

/// How many decimals are kept of a rate and of its products.
pub(crate) const RATE_DECIMALS: u32 = 16;

/// As swap records print amounts: always with 24 decimals.
pub(crate) fn padded(value: &Money) -> String {
    value
        .with_scale_round(24, RoundingMode::Down)
        .to_plain_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Money {
        parse(text).unwrap().value
    }

    #[test]
    fn prints_plain_text_only() {
        for (text, printed) in [
            ("0.000001", "0.000001"),
            ("1.000000000000000000000000", "1"),
            ("0.000000000000000000000001", "0.000000000000000000000001"),
            (
                "100000000000000000000000000000000",
                "100000000000000000000000000000000",
            ),
            (
                "1234567890123.123456789012345678",
                "1234567890123.123456789012345678",
            ),
            ("007", "7"),
            ("-0.50", "-0.5"),
            ("-0", "0"),
        ] {
            assert_eq!(plain(&value(text)), printed, "{text}");
        }
        for (text, printed) in [("7.50", "7.50"), ("20", "20"), ("007", "7"), ("100", "100")] {
            assert_eq!(as_written(&value(text)), printed);
        }
    }

    #[test]
    fn a_constant_prints_as_its_value() {
        for constant in [
            (0, 0),
            (25, 3),
            (10_002, 4),
            (5, 0),
            (100, 2),
            (100, 0),
            (1, 18),
            (0, 4),
        ] {
            let value = fixed(constant.0, constant.1);
            assert_eq!(plain_fixed(constant), plain(&value), "{constant:?}");
        }
    }

    #[test]
    fn refuses_what_is_not_plain_decimal_text() {
        for text in [
            "",
            "-",
            ".",
            ".5",
            "5.",
            "+1",
            "1e5",
            "1E-5",
            "1e999999999",
            "1_000",
            "1,5",
            " 1",
            "1 ",
            "--1",
            "0x1",
            "NaN",
            "inf",
            "1.2.3",
            "１",
            "1.-5",
        ] {
            assert!(parse(text).is_err(), "{text:?}");
        }
        assert!(parse(&"9".repeat(80)).is_ok());
        assert!(parse(&"9".repeat(81)).is_err());
    }

    #[test]
    fn counts_the_decimals_of_the_text() {
        assert_eq!(parse("1.500").unwrap().decimals, 3);
        assert_eq!(parse("15").unwrap().decimals, 0);
    }

    #[test]
    fn a_price_is_divided_up() {
        let up = |price, rate, decimals| {
            plain(&divide_up(&value(price), &value(rate), decimals).unwrap())
        };
        assert_eq!(up("0.01", "1.1692", 18), "0.008552856654122477");
        assert_eq!(up("10", "4", 6), "2.5");
        assert_eq!(up("10", "3", 6), "3.333334");
        assert_eq!(up("0.01", "2500", 2), "0.01");
        assert!(divide_up(&value("1"), &value("0"), 6).is_none());
        let down = plain(&divide_down(&value("10"), &value("3"), 6).unwrap());
        assert_eq!(down, "3.333333");
        assert_eq!(padded(&value("1.5")), format!("1.5{}", "0".repeat(23)));
    }
}
