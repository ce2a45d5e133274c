//! `UnreadableRow`, and how a page's records are read: each by itself.

use std::fmt;

use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde::ser::{self, Serialize, Serializer};
use serde_json::value::RawValue;

use super::{Object, describe, near};

/// A record of a list that can't be read. It is kept as it came, so that a person can look at it.
///
/// `Display` and `Debug` show what is wrong and nothing of the record.
///
/// ```
/// use ccpayment_core::v2::GetAppDepositRecordListResponse;
///
/// let data = r#"{"records":[{"recordId":"","coinId":1280}],"nextId":""}"#;
/// let answer: GetAppDepositRecordListResponse = serde_json::from_str(data)?;
/// let row = answer.records[0].as_ref().unwrap_err();
/// assert_eq!(row.raw(), r#"{"recordId":"","coinId":1280}"#);
/// assert!(row.to_string().contains("near `recordId`"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("a record can't be read near `{near}`: {detail}")]
pub struct UnreadableRow {
    raw: Box<str>,
    near: &'static str,
    detail: Box<str>,
}

impl UnreadableRow {
    /// The record's own JSON, as the gateway wrote it. It holds whatever a record holds, such as
    /// addresses, so it belongs in a store and not in a log.
    #[must_use]
    pub fn raw(&self) -> &str {
        &self.raw
    }
}

impl fmt::Debug for UnreadableRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnreadableRow({} bytes: {self})", self.raw.len())
    }
}

impl Serialize for UnreadableRow {
    /// As it came.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw = RawValue::from_string(self.raw.clone().into()).map_err(ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

struct Row<T>(Result<T, UnreadableRow>);

impl<'de, T: DeserializeOwned> Deserialize<'de> for Row<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self(match serde_json::from_str(raw.get()) {
            Ok(Object(value)) => Ok(value),
            Err(error) => Err(UnreadableRow {
                near: near(raw.get(), &error),
                detail: describe(&error).into(),
                raw: raw.into(),
            }),
        }))
    }
}

impl<T: Serialize> Serialize for Row<&T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Ok(value) => value.serialize(serializer),
            Err(row) => row.serialize(serializer),
        }
    }
}

/// Reads the records of a page, where null means none. A missing field is an error: an empty page
/// ends a list, so a page that says nothing of its records must not pass for one.
///
/// # Errors
///
/// When the field holds something that is not a list, or does not come from JSON.
pub fn deserialize<'de, D, T>(deserializer: D) -> Result<Vec<Result<T, UnreadableRow>>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let rows = Option::<Vec<Row<T>>>::deserialize(deserializer)?;
    let rows = rows.unwrap_or_default().into_iter();
    Ok(rows.map(|Row(row)| row).collect())
}

/// Writes the records of a page, those that can't be read as they came.
///
/// # Errors
///
/// Whatever a record's own `Serialize` refuses.
pub fn serialize<S, T>(rows: &[Result<T, UnreadableRow>], serializer: S) -> Result<S::Ok, S::Error>
where
    S: Serializer,
    T: Serialize,
{
    serializer.collect_seq(
        rows.iter()
            .map(|row| Row(row.as_ref().map_err(Clone::clone))),
    )
}
