//! `ErrorReport`, an error with its reasons on one line.

use std::error::Error;
use std::fmt;

/// Prints an error and every reason below it, each once, with `: ` between them.
///
/// The `Display` of each error of this SDK says what it adds, and leaves the reason to
/// [`Error::source`]. A log line needs both. Nothing secret is in either.
///
/// ```
/// use ccpayment_core::{ErrorReport, Origin};
///
/// let error = "ftp://gateway".parse::<Origin>().unwrap_err();
/// assert_eq!(ErrorReport::new(&error).to_string(), error.to_string());
/// ```
#[derive(Clone, Copy)]
pub struct ErrorReport<'a>(&'a (dyn Error + 'static));

impl<'a> ErrorReport<'a> {
    /// A report of this error.
    #[must_use]
    pub fn new(error: &'a (dyn Error + 'static)) -> Self {
        Self(error)
    }
}

impl fmt::Display for ErrorReport<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut error = self.0.source();
        while let Some(source) = error {
            write!(f, ": {source}")?;
            error = source.source();
        }
        Ok(())
    }
}

impl fmt::Debug for ErrorReport<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
