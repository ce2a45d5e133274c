//! What happened, line by line, and a hash of it: two runs of a seed did the same if their hashes
//! are equal.

use std::fmt::{self, Write};
use std::time::Duration;

/// FNV-1a, because it is the same everywhere and for ever.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hash(u64);

impl Hash {
    pub(crate) fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    pub(crate) fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    pub(crate) fn value(self) -> u64 {
        self.0
    }
}

impl Write for Hash {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.add(text.as_bytes());
        Ok(())
    }
}

#[derive(Debug)]
pub(crate) struct Trace {
    hash: Hash,
    /// Only kept if somebody wants to read them: they cost more than the run.
    lines: Option<Vec<String>>,
}

impl Default for Trace {
    fn default() -> Self {
        Self::new(false)
    }
}

impl Trace {
    pub(crate) fn new(keep: bool) -> Self {
        Self {
            hash: Hash::new(),
            lines: keep.then(Vec::new),
        }
    }

    pub(crate) fn say(&mut self, at: Duration, what: fmt::Arguments<'_>) {
        let (seconds, millis) = (at.as_secs(), at.subsec_millis());
        // Writing to a hash or a text never fails.
        let _ = writeln!(self.hash, "{seconds}.{millis} {what}");
        if let Some(lines) = &mut self.lines {
            lines.push(format!("{seconds:>6}.{millis:03}  {what}"));
        }
    }

    /// Appends what happened afterwards, in a world of its own.
    pub(crate) fn add(&mut self, other: Self) {
        self.hash.add(&other.hash().to_le_bytes());
        self.lines = match (self.lines.take(), other.lines) {
            (Some(mut lines), Some(others)) => {
                lines.extend(others);
                Some(lines)
            }
            (lines, others) => lines.or(others),
        };
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash.value()
    }

    pub(crate) fn into_lines(self) -> Vec<String> {
        self.lines.unwrap_or_default()
    }
}
