//! `Credentials`: an APP ID, and the key that signs for it.

use std::ffi::OsString;
use std::fmt;
use std::sync::Arc;

use crate::ids::AppId;
#[cfg(any(feature = "rsa", feature = "aws-lc-rs"))]
use crate::rsa_key::RsaPrivateKey;
use crate::secret::AppSecret;
use crate::sign::{DigestKey, HmacKey, SignText, Signature, SigningError};
use crate::signer::Signer;
use crate::validate::{Rule, ValidationError};

/// An APP ID and the key that signs for it, prepared once.
///
/// The gateway's dashboard shows both. The gateway accepts them once the merchant is verified.
/// Don't try APP IDs out: after some calls with a wrong one the gateway blocks the IP address, and
/// the APP ID with it. If the dashboard has an allow list, it has to hold this server's addresses.
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
    key: Key,
}

/// The environment variable that [`Credentials::from_env`] reads the APP ID from.
pub const APP_ID_VARIABLE: &str = "CCPAYMENT_APP_ID";

/// The environment variable that [`Credentials::from_env`] reads the APP secret from.
pub const APP_SECRET_VARIABLE: &str = "CCPAYMENT_APP_SECRET";

/// Why the environment has no credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvError {
    /// The variable is not set.
    #[error("the environment variable {variable} is not set")]
    Missing {
        /// The variable's name.
        variable: &'static str,
    },
    /// The value is not UTF-8.
    #[error("the environment variable {variable} is not UTF-8")]
    NotUnicode {
        /// The variable's name.
        variable: &'static str,
    },
    /// The value was badly copied.
    #[error("the environment variable {variable} can't be used")]
    Invalid {
        /// The variable's name.
        variable: &'static str,
        /// The rule that the value breaks.
        source: ValidationError,
    },
}

#[derive(Clone)]
#[allow(
    clippy::large_enum_variant,
    reason = "the large one is the usual one, and on the hot path"
)]
enum Key {
    Hmac {
        key: HmacKey,
        secret: AppSecret,
    },
    #[cfg(any(feature = "rsa", feature = "aws-lc-rs"))]
    Rsa(RsaPrivateKey),
    Remote(Arc<dyn Signer>),
}

impl Credentials {
    /// Credentials that sign with HMAC-SHA256.
    ///
    /// # Errors
    ///
    /// When the APP ID or the secret was badly copied: it is empty, holds white space or anything
    /// else but printable ASCII (such as a byte order mark), is in quotation marks, or is the name
    /// of a variable (`${...}`) in the place of its value. The error does not show it.
    pub fn new(
        app_id: impl Into<AppId>,
        secret: impl Into<AppSecret>,
    ) -> Result<Self, ValidationError> {
        let secret = secret.into();
        let key = HmacKey::new(&secret);
        let it = Self::with_key(app_id.into(), Key::Hmac { key, secret })?;
        if let Key::Hmac { secret, .. } = &it.key {
            well_copied("AppSecret", secret.expose())?;
        }
        Ok(it)
    }

    /// Credentials that sign with HMAC-SHA256, from the environment: [`APP_ID_VARIABLE`] and
    /// [`APP_SECRET_VARIABLE`].
    ///
    /// # Errors
    ///
    /// [`EnvError`] names the variable that is missing or was badly copied, without its value.
    pub fn from_env() -> Result<Self, EnvError> {
        Self::from_variables(|name| std::env::var_os(name))
    }

    fn from_variables(read: impl Fn(&str) -> Option<OsString>) -> Result<Self, EnvError> {
        let text = |variable| {
            let value = read(variable).ok_or(EnvError::Missing { variable })?;
            (value.into_string()).map_err(|_| EnvError::NotUnicode { variable })
        };
        let (app_id, secret) = (text(APP_ID_VARIABLE)?, text(APP_SECRET_VARIABLE)?);
        Self::new(AppId::new(app_id), AppSecret::new(secret)).map_err(|source| {
            let variable = match &*source.field {
                "AppSecret" => APP_SECRET_VARIABLE,
                _ => APP_ID_VARIABLE,
            };
            EnvError::Invalid { variable, source }
        })
    }

    /// Credentials that sign with an RSA key.
    ///
    /// # Errors
    ///
    /// When the APP ID is not one, as for [`Credentials::new`].
    #[cfg(any(feature = "rsa", feature = "aws-lc-rs"))]
    pub fn rsa(app_id: impl Into<AppId>, key: RsaPrivateKey) -> Result<Self, ValidationError> {
        Self::with_key(app_id.into(), Key::Rsa(key))
    }

    /// Credentials whose key is held elsewhere.
    ///
    /// # Errors
    ///
    /// When the APP ID is not one, as for [`Credentials::new`].
    pub fn with_signer(
        app_id: impl Into<AppId>,
        signer: impl Signer + 'static,
    ) -> Result<Self, ValidationError> {
        Self::with_key(app_id.into(), Key::Remote(Arc::new(signer)))
    }

    fn with_key(app_id: AppId, key: Key) -> Result<Self, ValidationError> {
        app_id.validate("Appid")?;
        well_copied("Appid", app_id.as_str())?;
        let header = http::HeaderValue::from_str(app_id.as_str())
            .map_err(|_| ValidationError::new("Appid", Rule::NotHeaderText))?;
        Ok(Self {
            app_id,
            header,
            key,
        })
    }

    /// The APP ID.
    #[must_use]
    pub fn app_id(&self) -> &AppId {
        &self.app_id
    }

    /// The prepared HMAC key, if it is one.
    #[must_use]
    pub fn hmac_key(&self) -> Option<&HmacKey> {
        match &self.key {
            Key::Hmac { key, .. } => Some(key),
            _ => None,
        }
    }

    /// The key of the v1 API, if the secret is here.
    #[must_use]
    pub fn digest_key(&self) -> Option<DigestKey> {
        self.secret().map(DigestKey::new)
    }

    fn secret(&self) -> Option<&AppSecret> {
        match &self.key {
            Key::Hmac { secret, .. } => Some(secret),
            _ => None,
        }
    }

    /// Signs as the v1 API demands.
    ///
    /// # Errors
    ///
    /// [`SigningError::NeedsSecret`] when the credentials are an RSA key or a `Signer`, which v1
    /// does not know.
    pub fn sign_v1(&self, text: &SignText<'_>) -> Result<Signature, SigningError> {
        let secret = self.secret().ok_or(SigningError::NeedsSecret)?;
        Ok(text.digest(secret))
    }

    /// Whether our secret made this signature of the v1 API; none if the secret is not here.
    #[must_use]
    pub fn verify_v1(&self, text: &SignText<'_>, signature: &[u8]) -> Option<bool> {
        Some(text.has_digest(self.secret()?, signature))
    }

    /// Signs with a key that is here.
    ///
    /// # Errors
    ///
    /// [`SigningError::Remote`] when it is not; [`Credentials::sign_async`] signs with any key.
    pub fn sign(&self, text: &SignText<'_>) -> Result<Signature, SigningError> {
        match &self.key {
            Key::Hmac { key, .. } => Ok(key.sign(text)),
            #[cfg(any(feature = "rsa", feature = "aws-lc-rs"))]
            Key::Rsa(key) => key.sign(text),
            Key::Remote(_) => Err(SigningError::Remote),
        }
    }

    /// Signs with any key. Where the key is here, this never waits.
    ///
    /// # Errors
    ///
    /// [`SigningError`], when the key or its holder fails.
    pub async fn sign_async(&self, text: SignText<'_>) -> Result<Signature, SigningError> {
        match &self.key {
            Key::Remote(signer) => signer.sign(text).await,
            _ => self.sign(&text),
        }
    }

    /// Whether the key made this signature; none if that can't be told, because the key is held
    /// elsewhere.
    #[must_use]
    pub fn verify(&self, text: &SignText<'_>, signature: &[u8]) -> Option<bool> {
        match &self.key {
            Key::Hmac { key, .. } => Some(key.verify(text, signature)),
            #[cfg(any(feature = "rsa", feature = "aws-lc-rs"))]
            Key::Rsa(key) => Some(key.public_key().verify(text, signature)),
            Key::Remote(_) => None,
        }
    }

    pub(crate) fn app_id_header(&self) -> http::HeaderValue {
        self.header.clone()
    }

    /// The text without the secret, in case the other side has echoed it.
    #[must_use]
    pub fn scrub(&self, text: String) -> String {
        match &self.key {
            Key::Hmac { secret, .. } if text.contains(secret.expose()) => {
                text.replace(secret.expose(), "[redacted]")
            }
            // A private key is never part of what is sent, so there is nothing to echo.
            _ => text,
        }
    }
}

/// Checks an APP ID or a secret for the usual mistakes in copying one. Nothing of it is shown.
fn well_copied(field: &'static str, text: &str) -> Result<(), ValidationError> {
    let is_quoted = |quote: char| text.starts_with(quote) || text.ends_with(quote);
    let rule = if text.is_empty() {
        Rule::Empty
    } else if text.contains(char::is_whitespace) {
        Rule::Other("can't have white space")
    } else if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Rule::NotHeaderText
    } else if ['"', '\'', '`'].into_iter().any(is_quoted) {
        Rule::Other("can't be in quotation marks")
    } else if text.contains("${") || text.contains("{{") {
        Rule::Other("is the name of a variable, and not its value")
    } else {
        return Ok(());
    };
    Err(ValidationError::new(field, rule))
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
    fn the_environment_gives_credentials_or_the_variable_to_look_at() {
        let read = |id: Option<&str>, secret: Option<&str>| {
            let credentials = Credentials::from_variables(|name| match name {
                "CCPAYMENT_APP_ID" => id.map(Into::into),
                "CCPAYMENT_APP_SECRET" => secret.map(Into::into),
                _ => None,
            });
            credentials.map(|it| it.app_id().to_string())
        };
        assert_eq!(read(Some("id"), Some("secret")).unwrap(), "id");
        let missing = |variable| Err(EnvError::Missing { variable });
        assert_eq!(read(None, Some("secret")), missing(APP_ID_VARIABLE));
        assert_eq!(read(Some("id"), None), missing(APP_SECRET_VARIABLE));
        for (id, secret, at_fault) in [
            ("id ", "secret", APP_ID_VARIABLE),
            ("id", "'hush'", APP_SECRET_VARIABLE),
            ("id", "", APP_SECRET_VARIABLE),
        ] {
            let error = read(Some(id), Some(secret)).unwrap_err();
            let EnvError::Invalid { variable, .. } = &error else {
                panic!("{error:?}")
            };
            assert_eq!(*variable, at_fault);
            assert!(!format!("{error:?} {error}").contains("hush"));
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_secret_that_is_no_text_is_named_and_not_shown() {
        use std::os::unix::ffi::OsStringExt as _;
        let read = |_: &str| Some(OsString::from_vec(b"hush\xff".to_vec()));
        let error = Credentials::from_variables(read).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the environment variable CCPAYMENT_APP_ID is not UTF-8"
        );
    }

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
        for bad in [
            "\u{feff}s3cr3t",
            "s3cr\u{200b}3t",
            "s3cr3t\0",
            "s3cr3t\u{1b}[0m",
            "s3cr\u{ad}3t",
            "s\u{e9}cr3t",
            "\"s3cr3t\"",
            "'s3cr3t'",
            "s3cr3t'",
            "${CCPAYMENT_s3cr3t}",
            "{{s3cr3t}}",
            "s3cr\u{a0}3t",
            "s3cr3t\r\n",
        ] {
            for error in [new(bad, "secret").unwrap_err(), new("id", bad).unwrap_err()] {
                assert!(!error.contains("s3cr"), "{error}");
            }
        }
    }

    #[test]
    fn an_echoed_secret_is_taken_out() {
        let credentials = Credentials::new(AppId::new("id"), AppSecret::new("s3cret")).unwrap();
        assert_eq!(credentials.scrub("got s3cret!".into()), "got [redacted]!");
        assert_eq!(credentials.scrub("nothing".into()), "nothing");
    }
}
