//! Tests of `Amount`.

use super::{Amount, AmountError};
use proptest::prelude::*;
use rust_decimal::Decimal;

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

#[test]
fn keeps_every_digit() {
    for text in [
        "1.000000000000000000000000",
        "1234567890123.123456789012345678",
        "100000.000000000000000000000001",
        "589000000000000.123456789012345678",
        "0.008552856654122477",
        "007.50",
        "-0",
        "-12.30",
    ] {
        assert_eq!(amount(text).to_string(), text);
        let json = serde_json::to_string(&amount(text)).unwrap();
        assert_eq!(json, format!("\"{text}\""));
        assert_eq!(
            serde_json::from_str::<Amount>(&json).unwrap().as_str(),
            text
        );
    }
}

#[test]
fn refuses_with_the_reason() {
    let long = "9".repeat(5_000);
    let just_too_long = "9".repeat(Amount::MAX_DIGITS + 1);
    for (text, why) in [
        ("", AmountError::Empty),
        ("1e5", AmountError::Exponent),
        ("1E-5", AmountError::Exponent),
        ("NaN", AmountError::NotFinite),
        ("-inf", AmountError::NotFinite),
        ("1,5", AmountError::Separator),
        ("1_000", AmountError::Separator),
        (" 1", AmountError::Space),
        ("1\n", AmountError::Space),
        ("+1", AmountError::PlusSign),
        ("0x10", AmountError::InvalidCharacter { position: 1 }),
        ("1.2.3", AmountError::InvalidCharacter { position: 3 }),
        ("--1", AmountError::InvalidCharacter { position: 1 }),
        ("1-", AmountError::InvalidCharacter { position: 1 }),
        ("٣", AmountError::InvalidCharacter { position: 0 }),
        (".5", AmountError::MissingDigits),
        ("5.", AmountError::MissingDigits),
        ("-", AmountError::MissingDigits),
        (&long, AmountError::TooManyDigits),
        (&just_too_long, AmountError::TooManyDigits),
    ] {
        assert_eq!(text.parse::<Amount>(), Err(why), "{text:.20}");
    }
    assert!("9".repeat(Amount::MAX_DIGITS).parse::<Amount>().is_ok());
}

#[test]
fn json_numbers_are_amounts_only_where_they_are_exact() {
    let read = |json: &str| serde_json::from_str::<Amount>(json).map(|a| a.to_string());
    assert_eq!(read("12").unwrap(), "12");
    assert_eq!(read("-12").unwrap(), "-12");
    assert_eq!(
        read("18446744073709551615").unwrap(),
        "18446744073709551615"
    );
    for float in [
        "1.5",
        "1.0",
        "1e5",
        "18446744073709551616",
        "-9223372036854775809",
    ] {
        let message = read(float).unwrap_err().to_string();
        assert!(message.contains("arrives as a float"), "{float}: {message}");
    }
    for other in ["null", "true", "[]", "{}", r#"{"a":"1"}"#, r#""1e5""#] {
        assert!(read(other).is_err(), "{other}");
    }
    // How a number arrives in a build with `serde_json/arbitrary_precision`, which this is not.
    assert!(read(r#"{"$serde_json::private::Number":"77"}"#).is_err());
}

#[test]
fn survives_a_flattened_struct() {
    #[derive(serde::Deserialize)]
    struct Inner {
        amount: Amount,
    }
    #[derive(serde::Deserialize)]
    struct Outer {
        #[serde(flatten)]
        inner: Inner,
    }
    let read = |json: &str| serde_json::from_str::<Outer>(json).map(|o| o.inner.amount.to_string());
    assert_eq!(read(r#"{"amount":"1.000"}"#).unwrap(), "1.000");
    assert_eq!(read(r#"{"amount":7}"#).unwrap(), "7");
    assert!(
        read(r#"{"amount":1.5}"#)
            .unwrap_err()
            .to_string()
            .contains("float")
    );
}

#[test]
fn compares_by_value() {
    assert_eq!(amount("1"), amount("1.000000000000000000000000"));
    assert_eq!(amount("-0"), amount("0"));
    assert!(!amount("-0").is_negative());
    assert!(amount("9") < amount("10"));
    assert!(amount("0.1") > amount("0.09"));
    assert!(amount("-2") < amount("-1.5"));
    assert!(amount("-1") < amount("0.1"));
    assert!(amount("0.000").is_zero() && !amount("0.000").is_positive());
}

#[test]
fn a_format_never_shows_another_amount() {
    for text in [
        "1234.5678",
        "0.125",
        "-5",
        "100000000",
        "12",
        "007.50",
        "-0",
    ] {
        let it = amount(text);
        for shown in [
            format!("{it:.0}"),
            format!("{it:.1}"),
            format!("{it:.2}"),
            format!("{it:.20}"),
            format!("{it:1.2}"),
            format!("{it:#.1}"),
        ] {
            assert_eq!(shown, text);
        }
    }
}

#[test]
fn width_and_alignment_work_as_for_numbers() {
    let (plus, minus) = (amount("1234.56"), amount("-1234.56"));
    assert_eq!(format!("[{plus:10}]"), "[   1234.56]");
    assert_eq!(format!("[{plus:<10}]"), "[1234.56   ]");
    assert_eq!(format!("[{plus:^10}]"), "[ 1234.56  ]");
    assert_eq!(format!("[{plus:*>10}]"), "[***1234.56]");
    assert_eq!(format!("[{plus:010}]"), "[0001234.56]");
    assert_eq!(format!("[{minus:010}]"), "[-001234.56]");
    assert_eq!(format!("[{minus:10.2}]"), "[  -1234.56]");
    assert_eq!(format!("{plus:+} {minus:+}"), "+1234.56 -1234.56");
}

#[test]
fn the_shortest_form_has_the_same_value() {
    for (text, short) in [
        ("2.500000000", "2.5"),
        ("100.00", "100"),
        ("007.50", "7.5"),
        ("-0.0", "0"),
        ("0", "0"),
        ("-00.10", "-0.1"),
        ("1200", "1200"),
    ] {
        assert_eq!(amount(text).normalized().as_str(), short, "{text}");
        assert_eq!(amount(text).normalized(), amount(text), "{text}");
    }
}

#[test]
fn precision_is_that_of_the_value() {
    assert!(amount("1.230000").fits_precision(2));
    assert!(!amount("1.234").fits_precision(2));
    assert!(amount("12").fits_precision(0));
}

#[test]
fn a_decimal_is_exact_or_refused() {
    assert_eq!(amount("1.50").to_decimal().unwrap().to_string(), "1.50");
    assert_eq!(
        amount("589000000000000.123456789012345678").to_decimal(),
        Err(AmountError::NotADecimal)
    );
    // Only trailing zeros were too many.
    for (text, value) in [
        ("100000.000000000000000000000000", "100000"),
        ("2254730144.70000000000000000000", "2254730144.7"),
        ("0.000000000000000000000000000000", "0"),
        ("-1.5000000000000000000000000000000", "-1.5"),
    ] {
        assert_eq!(amount(text).to_decimal().unwrap().to_string(), value);
    }
    assert_eq!(
        amount("0.00000000000000000000000000001").to_decimal(),
        Err(AmountError::NotADecimal)
    );
    assert_eq!(
        Amount::from(Decimal::MAX).to_string(),
        Decimal::MAX.to_string()
    );
    assert_eq!(Amount::from(Decimal::new(-150, 2)).to_string(), "-1.50");
}

#[test]
fn a_sum_that_grows_too_long_is_refused() {
    let most = amount(&"9".repeat(Amount::MAX_DIGITS));
    assert_eq!(
        most.checked_add(&amount("1")),
        Err(AmountError::TooManyDigits)
    );
    assert_eq!(most.checked_sub(&most).unwrap(), Amount::zero());
}

#[test]
fn a_sum_that_is_long_by_its_zeros_alone_leaves_them_out() {
    let nines = "9".repeat(100);
    let long = amount(&format!("0.{}", "0".repeat(100)));
    let sum = amount(&nines).checked_add(&long).unwrap();
    assert_eq!(sum.to_string(), format!("{nines}.{}", "0".repeat(28)));
    let more = amount(&format!("0.{}1", "0".repeat(28)));
    assert_eq!(
        amount(&nines).checked_add(&more),
        Err(AmountError::TooManyDigits)
    );
    let most = amount(&"9".repeat(Amount::MAX_DIGITS));
    let sum = most.checked_sub(&amount("1.00")).unwrap();
    assert_eq!(sum.to_string(), format!("{}8", "9".repeat(127)));
}

/// A second arithmetic to compare ours with: integers of 128 bits at a fixed scale.
const SCALE: usize = 12;

fn scaled(text: &str) -> i128 {
    let (integer, fraction) = text.split_once('.').unwrap_or((text, ""));
    format!("{integer}{fraction:0<SCALE$}").parse().unwrap()
}

prop_compose! {
    fn text()(
        minus in any::<bool>(),
        integer in "[0-9]{1,22}",
        fraction in prop::option::of("[0-9]{1,12}"),
    ) -> String {
        let sign = if minus { "-" } else { "" };
        match fraction {
            Some(fraction) => format!("{sign}{integer}.{fraction}"),
            None => format!("{sign}{integer}"),
        }
    }
}

proptest! {
    // More than 100,000 generated values.
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn parse_then_print_is_identity(text in "-?[0-9]{1,64}(\\.[0-9]{1,64})?") {
        prop_assert_eq!(amount(&text).to_string(), text);
    }

    #[test]
    fn any_format_shows_the_same_value(
        text in "-?[0-9]{1,30}(\\.[0-9]{1,30})?", width in 0..70usize, precision in 0..40usize,
    ) {
        let it = amount(&text);
        let shown = format!("{it:width$.precision$}");
        prop_assert_eq!(shown.trim_start(), &text);
        prop_assert_eq!(shown.len(), width.max(text.len()));
        let shown = format!("{it:0width$.precision$}");
        prop_assert_eq!(amount(&shown), it);
        prop_assert_eq!(shown.len(), width.max(text.len()));
    }

    #[test]
    fn a_decimal_and_the_shortest_form_have_the_same_value(text in "-?[0-9]{1,31}(\\.[0-9]{0,30}0{0,9}[1-9]?)?") {
        let text = text.trim_end_matches('.');
        let short = amount(text).normalized();
        prop_assert_eq!(&short, &amount(text));
        prop_assert!(short.as_str().len() <= text.len());
        prop_assert_eq!(short.normalized().to_string(), short.to_string());
        // It fits as written, or without its zeros, or not at all.
        let fits = Decimal::from_str_exact(short.as_str());
        match amount(text).to_decimal() {
            Ok(decimal) => prop_assert_eq!(Amount::from(decimal), short),
            Err(_) => prop_assert!(fits.is_err()),
        }
    }

    #[test]
    fn order_is_exact(a in text(), b in text()) {
        prop_assert_eq!(amount(&a).cmp(&amount(&b)), scaled(&a).cmp(&scaled(&b)));
    }

    #[test]
    fn sum_and_difference_are_exact(a in text(), b in text()) {
        let sum = amount(&a).checked_add(&amount(&b)).unwrap();
        prop_assert_eq!(scaled(sum.as_str()), scaled(&a) + scaled(&b));
        let difference = amount(&a).checked_sub(&amount(&b)).unwrap();
        prop_assert_eq!(scaled(difference.as_str()), scaled(&a) - scaled(&b));
    }
}
