//! Who signs.

use std::fmt;

use crate::ids::AppId;
use crate::secret::AppSecret;
use crate::sign::HmacKey;
use crate::validate::{Rule, ValidationError};

/// Who signs: an APP ID and the key that belongs to it, prepared once.
///
/// ```
/// use ccpayment_core::{AppId, AppSecret, Credentials};
///
/// let credentials = Credentials::new(AppId::new("app-id"), AppSecret::new("app-secret"))?;
/// assert!(!format!("{credentials:?}").contains("secret\""));
/// # Ok::<(), ccpayment_core::ValidationError>(())
/// ```
#[derive(Clone)]
pub struct Credentials {
    app_id: AppId,
    header: http::HeaderValue,
    key: HmacKey,
    secret: AppSecret,
}

impl Credentials {
    /// Credentials that sign with HMAC-SHA256.
    ///
    /// # Errors
    ///
    /// When the APP ID or the secret is empty, holds white space (the usual mistake in copying
    /// one) or, for the id, anything that can't stand in an HTTP header.
    pub fn new(app_id: AppId, secret: AppSecret) -> Result<Self, ValidationError> {
        app_id.validate("Appid")?;
        let header = http::HeaderValue::from_str(app_id.as_str())
            .map_err(|_| ValidationError::new("Appid", Rule::NotHeaderText))?;
        for (field, text) in [("Appid", app_id.as_str()), ("AppSecret", secret.expose())] {
            if text.is_empty() {
                return Err(ValidationError::new(field, Rule::Empty));
            }
            if text.contains(char::is_whitespace) {
                return Err(ValidationError::new(
                    field,
                    Rule::Other("can't have white space"),
                ));
            }
        }
        let key = HmacKey::new(&secret);
        Ok(Self {
            app_id,
            header,
            key,
            secret,
        })
    }

    /// The APP ID.
    #[must_use]
    pub fn app_id(&self) -> &AppId {
        &self.app_id
    }

    /// The prepared key.
    #[must_use]
    pub fn key(&self) -> &HmacKey {
        &self.key
    }

    pub(crate) fn app_id_header(&self) -> http::HeaderValue {
        self.header.clone()
    }

    /// The text with the secret taken out, should the other side have echoed it.
    #[must_use]
    pub fn scrub(&self, text: String) -> String {
        if text.contains(self.secret.expose()) {
            return text.replace(self.secret.expose(), "[redacted]");
        }
        text
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("app_id", &self.app_id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_badly_copied_credential_is_named() {
        let new = |id: &str, secret: &str| {
            Credentials::new(AppId::new(id), AppSecret::new(secret)).map_err(|e| e.to_string())
        };
        assert!(new("id", "secret").is_ok());
        assert_eq!(new("", "secret").unwrap_err(), "`Appid` can't be empty");
        assert_eq!(new("id", "").unwrap_err(), "`AppSecret` can't be empty");
        assert_eq!(
            new("id", "secret\n").unwrap_err(),
            "`AppSecret` can't have white space"
        );
        assert_eq!(
            new("i\u{7f}d", "secret").unwrap_err(),
            "`Appid` must be printable ASCII"
        );
    }

    #[test]
    fn an_echoed_secret_is_taken_out() {
        let credentials = Credentials::new(AppId::new("id"), AppSecret::new("s3cret")).unwrap();
        assert_eq!(credentials.scrub("got s3cret!".into()), "got [redacted]!");
        assert_eq!(credentials.scrub("nothing".into()), "nothing");
    }
}
