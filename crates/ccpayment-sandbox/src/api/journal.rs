//! A journal keeps every entry before it is applied.

use serde::{Deserialize, Serialize};

use crate::model::error::SandboxError;

/// Keeps every entry before it is applied, and so before anybody is told of it.
pub(crate) trait Journal: Send {
    /// An error means that the entry must not be applied.
    fn append(&mut self, at: u64, entry: &str) -> Result<(), SandboxError>;
}

/// One entry; its names are the format of the file.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum JournalEntry<T> {
    /// The settings of the start are done. No later start does them again.
    Begun,
    /// The clock was moved by so many milliseconds.
    Advance(u64),
    Op(T),
}
