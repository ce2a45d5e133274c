//! `Number`, a number that is kept as its text.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer};
use serde::ser::{self, Serialize, Serializer};
use serde_json::value::RawValue;

/// A JSON number that keeps its own text and never becomes a float.
///
/// `{}` shows that text. Width, fill and alignment mean what they mean for a number; a precision is
/// ignored, so that no digit is ever left out.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Number(Box<str>);

impl Number {
    /// The number as it came.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.strip_prefix('-');
        f.pad_integral(digits.is_none(), "", digits.unwrap_or(&self.0))
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Number({})", self.0)
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = RawValue::from_string(self.0.clone().into()).map_err(ser::Error::custom)?;
        text.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        number(deserializer)?.ok_or_else(|| de::Error::custom("not a number"))
    }
}

/// Reads a number, or text with one in it. Missing, null, empty text and whatever is no number are
/// all `None`.
///
/// # Errors
///
/// When the field does not come from JSON.
pub fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Number>, D::Error> {
    let Some(json) = Option::<Box<RawValue>>::deserialize(deserializer)? else {
        return Ok(None);
    };
    let text = serde_json::from_str(json.get()).unwrap_or_else(|_| json.get().to_owned());
    // Checks that it is a number. Its value stays in the text.
    let is_number = serde_json::from_str::<serde_json::Number>(&text).is_ok();
    Ok(is_number.then(|| Number(text.trim().into())))
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;

    #[test]
    fn a_precision_takes_no_digit_away() {
        let number = |text: &str| Number(text.into());
        for (text, shown) in [("1234.5678", "1234.5678"), ("-5", "-5"), ("1e3", "1e3")] {
            assert_eq!(format!("{:.1}", number(text)), shown);
        }
        assert_eq!(format!("{:7}", number("-2.5")), "   -2.5");
        assert_eq!(format!("{:07}", number("-2.5")), "-0002.5");
    }

    #[test]
    fn numbers_keep_their_text() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct Rate {
            #[serde(default, deserialize_with = "number")]
            rate: Option<Number>,
        }
        let read = |json: &str| serde_json::from_str::<Rate>(json).map_err(|e| e.to_string());
        for text in ["0", "3.10", "0.30000000000000000004", "1e3", "-2"] {
            let json = format!(r#"{{"rate":{text}}}"#);
            let rate = read(&json).unwrap();
            assert_eq!(rate.rate.as_ref().unwrap().as_str(), text);
            assert_eq!(serde_json::to_string(&rate).unwrap(), json);
            assert_eq!(read(&format!(r#"{{"rate":"{text}"}}"#)).unwrap(), rate);
        }
        assert_eq!(read("{}").unwrap().rate, None);
        for none in ["null", r#""""#, "true", "[]", "{}", r#""fast""#, r#""1 2""#] {
            let rate = read(&format!(r#"{{"rate":{none}}}"#)).unwrap();
            assert_eq!(rate.rate, None, "{none}");
            assert!(serde_json::from_str::<Number>(none).is_err(), "{none}");
        }
    }
}
