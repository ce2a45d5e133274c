//! `AppSecret`, which is never shown.

use std::fmt;

use zeroize::Zeroizing;

/// An APP Secret. It is wiped from memory when dropped, and never printed: no `Display`, no
/// `Serialize`, no comparison, and a `Debug` that shows nothing of it.
#[derive(Clone)]
pub struct AppSecret(Zeroizing<String>);

impl AppSecret {
    /// Takes the secret from the dashboard.
    #[must_use]
    pub fn new(secret: impl Into<String>) -> Self {
        Self(Zeroizing::new(secret.into()))
    }

    /// The secret itself. Never show it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&str> for AppSecret {
    fn from(secret: &str) -> Self {
        Self::new(secret)
    }
}

impl From<String> for AppSecret {
    fn from(secret: String) -> Self {
        Self::new(secret)
    }
}

impl From<&AppSecret> for AppSecret {
    fn from(secret: &AppSecret) -> Self {
        secret.clone()
    }
}

impl fmt::Debug for AppSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AppSecret([redacted])")
    }
}
