//! `Keyring`, the keys that a verifier accepts.

#[cfg(any(feature = "rsa", feature = "aws-lc-rs"))]
use ccpayment_core::RsaPublicKey;
use ccpayment_core::{AppSecret, Credentials, DigestKey, HmacKey, SignText, Version};

/// One secret, as each version of the API signs with it: `explain` tries both versions.
#[derive(Debug, Clone)]
struct Secret {
    hmac: HmacKey,
    digest: DigestKey,
}

impl Secret {
    fn fits(&self, version: Version, text: &SignText<'_>, signature: &[u8]) -> bool {
        match version {
            Version::V1 => self.digest.verify(text, signature),
            Version::V2 => self.hmac.verify(text, signature),
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Keyring {
    version: Version,
    secrets: Vec<Secret>,
    #[cfg(any(feature = "rsa", feature = "aws-lc-rs"))]
    rsa: Vec<RsaPublicKey>,
}

impl Keyring {
    pub(crate) fn new(version: Version) -> Self {
        Self {
            version,
            secrets: Vec::with_capacity(1),
            #[cfg(any(feature = "rsa", feature = "aws-lc-rs"))]
            rsa: Vec::new(),
        }
    }

    /// A keyring that holds a text as if it were the secret.
    pub(crate) fn of_secret(version: Version, secret: &str) -> Self {
        let secret = AppSecret::new(secret);
        let mut keys = Self::new(version);
        keys.secrets.push(Secret {
            hmac: HmacKey::new(&secret),
            digest: DigestKey::new(&secret),
        });
        keys
    }

    /// Adds the secret, if the credentials have one.
    pub(crate) fn add(&mut self, credentials: &Credentials) {
        if let (Some(hmac), Some(digest)) = (credentials.hmac_key(), credentials.digest_key()) {
            let hmac = hmac.clone();
            self.secrets.push(Secret { hmac, digest });
        }
    }

    #[cfg(any(feature = "rsa", feature = "aws-lc-rs"))]
    pub(crate) fn add_rsa(&mut self, key: &RsaPublicKey) {
        self.rsa.push(key.clone());
    }

    pub(crate) fn version(&self) -> Version {
        self.version
    }

    /// Whether one of the secrets is this text.
    pub(crate) fn hold(&self, secret: &str) -> bool {
        let text = SignText {
            app_id: "",
            timestamp: "",
            body: b"",
        };
        let signature = HmacKey::new(&AppSecret::new(secret)).sign(&text);
        let signature = signature.as_str().as_bytes();
        (self.secrets.iter()).fold(false, |held, secret| {
            held | secret.hmac.verify(&text, signature)
        })
    }

    pub(crate) fn has_secret(&self) -> bool {
        !self.secrets.is_empty()
    }

    pub(crate) fn has_rsa(&self) -> bool {
        #[cfg(any(feature = "rsa", feature = "aws-lc-rs"))]
        return !self.rsa.is_empty();
        #[cfg(not(any(feature = "rsa", feature = "aws-lc-rs")))]
        return false;
    }

    /// Whether one of the keys made this signature.
    pub(crate) fn fit(&self, text: &SignText<'_>, signature: &[u8]) -> bool {
        let fits = self.fit_as(self.version, text, signature);
        #[cfg(any(feature = "rsa", feature = "aws-lc-rs"))]
        let fits = (self.rsa.iter()).fold(fits, |fits, key| fits | key.verify(text, signature));
        fits
    }

    /// Whether one of the secrets made this signature, as that version signs.
    pub(crate) fn fit_as(&self, version: Version, text: &SignText<'_>, signature: &[u8]) -> bool {
        // Every key is tried, so that the time it takes does not tell which one fits.
        (self.secrets.iter()).fold(false, |fits, secret| {
            fits | secret.fits(version, text, signature)
        })
    }
}
