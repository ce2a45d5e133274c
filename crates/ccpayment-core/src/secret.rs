//! Secrets as types.

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

    /// The secret itself. Whoever calls this takes over the duty not to show it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for AppSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AppSecret([redacted])")
    }
}
