//! `sum`: addition digit by digit, as on paper, so that no digit is dropped.

use super::{Amount, AmountError, Parts};
use std::cmp::Ordering;

/// `left + right`, or `left - right`. The result has the scale of the more precise of the two,
/// as written, less the trailing zeros that would make it too long.
pub(super) fn sum(left: &Amount, right: &Amount, subtract: bool) -> Result<Amount, AmountError> {
    let (a, b) = (left.parts(), right.parts());
    let b_negative = b.negative != subtract && !b.is_zero();
    let scale = written_scale(left).max(written_scale(right));
    let width = a.integer.len().max(b.integer.len());
    let (x, y) = (digits(&a, width, scale), digits(&b, width, scale));

    let (negative, magnitude) = if a.negative == b_negative {
        (a.negative, add(&x, &y))
    } else if a.cmp_magnitude(&b) == Ordering::Less {
        (b_negative, subtract_smaller(&y, &x))
    } else {
        (a.negative, subtract_smaller(&x, &y))
    };
    print(negative, &magnitude, scale)
}

fn written_scale(amount: &Amount) -> usize {
    amount
        .text
        .split_once('.')
        .map_or(0, |(_, fraction)| fraction.len())
}

/// The digits from the most significant on, padded to `width` before and `scale` after the point.
fn digits(parts: &Parts<'_>, width: usize, scale: usize) -> Vec<u8> {
    let zeros = |n: usize| std::iter::repeat_n(0, n);
    let values = |text: &str| text.bytes().map(|byte| byte - b'0').collect::<Vec<_>>();
    zeros(width - parts.integer.len())
        .chain(values(parts.integer))
        .chain(values(parts.fraction))
        .chain(zeros(scale - parts.fraction.len()))
        .collect()
}

/// One digit longer than its operands, which have the same length.
fn add(x: &[u8], y: &[u8]) -> Vec<u8> {
    let mut carry = 0;
    let mut reversed: Vec<u8> = (x.iter().rev().zip(y.iter().rev()))
        .map(|(x, y)| {
            let digit = x + y + carry;
            carry = digit / 10;
            digit % 10
        })
        .collect();
    reversed.push(carry);
    reversed.reverse();
    reversed
}

/// `x - y` for `x >= y` of the same length.
fn subtract_smaller(x: &[u8], y: &[u8]) -> Vec<u8> {
    let mut borrow = 0;
    let mut reversed: Vec<u8> = (x.iter().rev().zip(y.iter().rev()))
        .map(|(x, y)| {
            let digit = x + 10 - y - borrow;
            borrow = u8::from(digit < 10);
            digit % 10
        })
        .collect();
    reversed.reverse();
    reversed
}

fn print(negative: bool, digits: &[u8], scale: usize) -> Result<Amount, AmountError> {
    let (integer, fraction) = digits.split_at(digits.len() - scale);
    let leading = integer.iter().take_while(|digit| **digit == 0).count();
    let integer = integer.get(leading..).unwrap_or_default();
    let too_many = (integer.len().max(1) + scale).saturating_sub(Amount::MAX_DIGITS);
    let zeros = fraction.iter().rev().take_while(|digit| **digit == 0);
    let scale = scale - zeros.take(too_many).count();
    let fraction = fraction.get(..scale).unwrap_or_default();
    let is_zero = integer.is_empty() && fraction.iter().all(|digit| *digit == 0);

    let mut text = String::with_capacity(integer.len() + fraction.len() + 3);
    if negative && !is_zero {
        text.push('-');
    }
    if integer.is_empty() {
        text.push('0');
    }
    text.extend(integer.iter().map(|digit| char::from(digit + b'0')));
    if scale > 0 {
        text.push('.');
        text.extend(fraction.iter().map(|digit| char::from(digit + b'0')));
    }
    Amount::try_from(text)
}
