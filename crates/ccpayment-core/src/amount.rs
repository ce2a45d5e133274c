//! `Amount`, an exact decimal.

mod arith;
mod serde_impl;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use rust_decimal::Decimal;

/// A decimal amount that is never rounded.
///
/// The gateway writes amounts as decimal text with up to 24 fraction digits, and balances of
/// small-unit coins have many integer digits; neither a float nor a 96-bit decimal holds them
/// all. An `Amount` keeps the text as it came, prints it back unchanged, and compares and adds
/// exactly. The unit is that of the field it stands in: whole coins, or whole units of a fiat.
///
/// # What is an amount
///
/// An optional `-`, digits, and optionally a `.` followed by digits; at most
/// [`Amount::MAX_DIGITS`] digits in all. Decisions at the edges:
///
/// - Leading zeros (`007`, `00.5`) are kept as written and compare by value.
/// - `-0` is kept as written, equals `0`, and is not negative.
/// - `.5` and `5.` are refused: a missing side is more often a cut-off text than an amount.
/// - Exponents, `NaN`, infinities, a leading `+`, spaces and separators are refused.
/// - In JSON, text and integers are amounts. A number with a fraction or an exponent is not,
///   since it may have been rounded before we saw it.
///
/// Equality, order and hash go by value: `1` equals `1.000`.
///
/// # Formatting
///
/// `{}` shows the text as it came. Width, fill, alignment, `+` and `0` mean what they mean for a
/// number. A precision is ignored: `{:.2}` of `1234.5678` is `1234.5678`, because an amount is
/// never shown as another one.
///
/// ```
/// use ccpayment_core::Amount;
///
/// let price: Amount = "100000.000000000000000000000001".parse()?;
/// let fee: Amount = "0.5".parse()?;
/// assert_eq!(price.checked_add(&fee)?.as_str(), "100000.500000000000000000000001");
/// assert!("1e5".parse::<Amount>().is_err());
/// # Ok::<(), ccpayment_core::AmountError>(())
/// ```
#[derive(Clone)]
pub struct Amount {
    text: Box<str>,
}

/// Why a text or a number is not an [`Amount`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AmountError {
    /// There is no text at all.
    #[error("an amount can't be empty")]
    Empty,
    /// An exponent such as `1e5`: a few characters could stand for gigabytes of digits.
    #[error("an amount can't have an exponent; write the digits out")]
    Exponent,
    /// `NaN` or an infinity.
    #[error("an amount must be a finite number")]
    NotFinite,
    /// A leading `+`.
    #[error("an amount can't have a plus sign")]
    PlusSign,
    /// White space, also at the ends.
    #[error("an amount can't have spaces")]
    Space,
    /// A thousands separator or a decimal comma.
    #[error("an amount can't have separators; the decimal sign is a point")]
    Separator,
    /// No digit before or after the decimal point, as in `.5`, `5.` or `-`.
    #[error("an amount needs digits on both sides of its point")]
    MissingDigits,
    /// More than [`Amount::MAX_DIGITS`] digits.
    #[error("an amount can have at most {} digits", Amount::MAX_DIGITS)]
    TooManyDigits,
    /// Any other character, at this byte position.
    #[error("an amount is made of decimal digits; there is something else at byte {position}")]
    InvalidCharacter {
        /// The byte position of the character.
        position: usize,
    },
    /// A JSON number with a fraction or an exponent, or an integer beyond 64 bits, which serde
    /// hands over as a float: digits may be lost already.
    #[error("a JSON number that arrives as a float may be rounded already; send it as text")]
    JsonFloat,
    /// The value does not fit a [`Decimal`] without rounding.
    #[error("the amount has more digits than a 96-bit decimal can hold")]
    NotADecimal,
}

impl Amount {
    /// The most digits an amount may have, on both sides of the point together.
    ///
    /// Far above any real amount (a 256-bit integer has 78), and low enough that hostile input
    /// costs nothing.
    pub const MAX_DIGITS: usize = 128;

    /// Zero.
    #[must_use]
    pub fn zero() -> Self {
        Self { text: "0".into() }
    }

    /// The text exactly as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the value is zero, however it is written.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.parts().is_zero()
    }

    /// Whether the value is below zero.
    #[must_use]
    pub fn is_negative(&self) -> bool {
        self.parts().negative
    }

    /// Whether the value is above zero.
    #[must_use]
    pub fn is_positive(&self) -> bool {
        !self.is_negative() && !self.is_zero()
    }

    /// Whether the value fits `precision` decimals, as a coin's network asks for
    /// (`CoinNetwork::precision`); if not, the gateway answers 14013 `CoinPrecisionLimit`.
    ///
    /// Goes by value: trailing zeros do not count here. The gateway may count them, because the
    /// text is sent as it is: `2.500000000` has nine decimals then. [`Amount::normalized`] has no
    /// trailing zeros.
    #[must_use]
    pub fn fits_precision(&self, precision: u32) -> bool {
        usize::try_from(precision).is_ok_and(|most| self.parts().fraction.len() <= most)
    }

    /// The same value in its shortest form: without trailing zeros behind the point, without leading
    /// zeros, and without the sign of a zero.
    ///
    /// Send this where an amount was calculated: the gateway may count trailing zeros as decimals,
    /// and refuses an amount with too many of them (14013 `CoinPrecisionLimit`).
    ///
    /// ```
    /// # use ccpayment_core::Amount;
    /// let amount: Amount = "2.500000000".parse()?;
    /// assert_eq!(amount.normalized().as_str(), "2.5");
    /// # Ok::<(), ccpayment_core::AmountError>(())
    /// ```
    #[must_use]
    pub fn normalized(&self) -> Self {
        let parts = self.parts();
        let sign = if parts.negative { "-" } else { "" };
        let integer = if parts.integer.is_empty() {
            "0"
        } else {
            parts.integer
        };
        let point = if parts.fraction.is_empty() { "" } else { "." };
        Self {
            text: [sign, integer, point, parts.fraction].concat().into(),
        }
    }

    /// The exact sum, with the decimals of the longer of the two, as written.
    ///
    /// # Errors
    ///
    /// [`AmountError::TooManyDigits`] when the value of the sum has more than
    /// [`Amount::MAX_DIGITS`] digits. Trailing zeros that do not fit are left out.
    pub fn checked_add(&self, other: &Self) -> Result<Self, AmountError> {
        arith::sum(self, other, false)
    }

    /// The exact sum of all of them, zero for none.
    ///
    /// # Errors
    ///
    /// As for [`Amount::checked_add`].
    ///
    /// ```
    /// use ccpayment_core::Amount;
    ///
    /// let parts: Vec<Amount> = vec!["0.1".parse()?, "24.90".parse()?];
    /// assert_eq!(Amount::checked_sum(&parts)?.as_str(), "25.00");
    /// # Ok::<(), ccpayment_core::AmountError>(())
    /// ```
    pub fn checked_sum<'a>(
        amounts: impl IntoIterator<Item = &'a Self>,
    ) -> Result<Self, AmountError> {
        let mut amounts = amounts.into_iter();
        amounts.try_fold(Self::zero(), |sum, amount| sum.checked_add(amount))
    }

    /// The exact difference, with the decimals of the longer of the two, as
    /// [`Amount::checked_add`].
    ///
    /// # Errors
    ///
    /// [`AmountError::TooManyDigits`] when the value of the difference has more than
    /// [`Amount::MAX_DIGITS`] digits.
    pub fn checked_sub(&self, other: &Self) -> Result<Self, AmountError> {
        arith::sum(self, other, true)
    }

    /// The same value as a [`Decimal`], for programs that calculate with one. Trailing zeros stay
    /// where they fit.
    ///
    /// # Errors
    ///
    /// [`AmountError::NotADecimal`] when the value does not fit: it is never rounded.
    pub fn to_decimal(&self) -> Result<Decimal, AmountError> {
        Decimal::from_str_exact(&self.text)
            .or_else(|_| Decimal::from_str_exact(&self.normalized().text))
            .map_err(|_| AmountError::NotADecimal)
    }

    /// The digits that carry the value: no leading and no trailing zeros.
    fn parts(&self) -> Parts<'_> {
        let (minus, digits) = match self.text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, &*self.text),
        };
        let (integer, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let integer = integer.trim_start_matches('0');
        let fraction = fraction.trim_end_matches('0');
        Parts {
            negative: minus && !(integer.is_empty() && fraction.is_empty()),
            integer,
            fraction,
        }
    }
}

#[derive(PartialEq, Eq, Hash)]
struct Parts<'a> {
    negative: bool,
    integer: &'a str,
    fraction: &'a str,
}

impl Parts<'_> {
    fn is_zero(&self) -> bool {
        self.integer.is_empty() && self.fraction.is_empty()
    }

    /// Without leading and trailing zeros, a longer integer part is greater, and fractions
    /// compare like words.
    fn cmp_magnitude(&self, other: &Self) -> Ordering {
        (self.integer.len().cmp(&other.integer.len()))
            .then_with(|| self.integer.cmp(other.integer))
            .then_with(|| self.fraction.cmp(other.fraction))
    }
}

fn check(text: &str) -> Result<(), AmountError> {
    // A sign and a point may come on top of the digits.
    if text.len() > Amount::MAX_DIGITS + 2 {
        return Err(AmountError::TooManyDigits);
    }
    if text.is_empty() {
        return Err(AmountError::Empty);
    }
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    if ["nan", "inf", "infinity"]
        .iter()
        .any(|word| unsigned.eq_ignore_ascii_case(word))
    {
        return Err(AmountError::NotFinite);
    }
    let mut digits_before = 0;
    let mut digits_after = None;
    for (position, byte) in text.bytes().enumerate() {
        match (byte, &mut digits_after) {
            (b'0'..=b'9', None) => digits_before += 1,
            (b'0'..=b'9', Some(after)) => *after += 1,
            (b'.', None) => digits_after = Some(0),
            (b'-', _) if position == 0 => {}
            (b'+', _) if position == 0 => return Err(AmountError::PlusSign),
            (b'e' | b'E', _) if digits_before > 0 => return Err(AmountError::Exponent),
            (b',' | b'_' | b'\'', _) => return Err(AmountError::Separator),
            (byte, _) if byte.is_ascii_whitespace() => return Err(AmountError::Space),
            _ => return Err(AmountError::InvalidCharacter { position }),
        }
    }
    if digits_before == 0 || digits_after == Some(0) {
        return Err(AmountError::MissingDigits);
    }
    if digits_before + digits_after.unwrap_or(0) > Amount::MAX_DIGITS {
        return Err(AmountError::TooManyDigits);
    }
    Ok(())
}

impl FromStr for Amount {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        check(text)?;
        Ok(Self { text: text.into() })
    }
}

impl TryFrom<String> for Amount {
    type Error = AmountError;

    fn try_from(text: String) -> Result<Self, AmountError> {
        check(&text)?;
        Ok(Self { text: text.into() })
    }
}

impl From<u64> for Amount {
    fn from(value: u64) -> Self {
        Self {
            text: value.to_string().into(),
        }
    }
}

impl From<Decimal> for Amount {
    fn from(value: Decimal) -> Self {
        Self {
            text: value.to_string().into(),
        }
    }
}

impl PartialEq for Amount {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for Amount {}

impl Hash for Amount {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}

impl PartialOrd for Amount {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Amount {
    fn cmp(&self, other: &Self) -> Ordering {
        let (left, right) = (self.parts(), other.parts());
        match (left.negative, right.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => left.cmp_magnitude(&right),
            (true, true) => right.cmp_magnitude(&left),
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.text.strip_prefix('-');
        f.pad_integral(digits.is_none(), "", digits.unwrap_or(&self.text))
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Amount({})", self.text)
    }
}

#[cfg(test)]
mod tests;
