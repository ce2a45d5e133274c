//! How a sandbox is set up.

use std::fmt;

use crate::auth::Account;
use crate::clock::Clock;
use crate::error::SandboxError;
use crate::gateway::Gateway;
use crate::ops::Op;
use crate::rsa::{PrivateKey, PublicKey};
use crate::sandbox::Sandbox;
use crate::schema;
use crate::settings::Setting;
use crate::state::State;
use crate::v1::Digest;

/// Settings of a [`Sandbox`]; made by [`Sandbox::builder`].
#[derive(Clone)]
pub struct SandboxBuilder {
    app_id: String,
    app_secret: String,
    seed: u64,
    balances: Vec<(Option<String>, u64, String)>,
    settings: Vec<Setting>,
    webhook_url: Option<String>,
    start_time: Option<u64>,
    rsa_public_key: Option<Vec<u8>>,
    rsa_only: bool,
    notification_key: Option<Vec<u8>>,
}

impl fmt::Debug for SandboxBuilder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SandboxBuilder")
            .field("app_id", &self.app_id)
            .field("seed", &self.seed)
            .field("balances", &self.balances)
            .field("settings", &self.settings)
            .field("webhook_url", &self.webhook_url)
            .field("start_time", &self.start_time)
            .finish_non_exhaustive()
    }
}

impl Sandbox {
    /// Starts with the settings.
    #[must_use]
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder::new()
    }
}

impl SandboxBuilder {
    pub(crate) fn new() -> Self {
        Self {
            app_id: "sandboxapp000001".to_owned(),
            app_secret: "sandboxsecret0000000000000000001".to_owned(),
            seed: 1,
            balances: Vec::new(),
            settings: Vec::new(),
            webhook_url: None,
            start_time: None,
            rsa_public_key: None,
            rsa_only: false,
            notification_key: None,
        }
    }

    /// The merchant's credentials; without them, a pair of fixed ones.
    #[must_use]
    pub fn app(mut self, app_id: impl Into<String>, app_secret: impl Into<String>) -> Self {
        self.app_id = app_id.into();
        self.app_secret = app_secret.into();
        self
    }

    /// What ids, addresses and transaction ids are made from.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// A balance to start with, posted in the ledger; repeated calls add up.
    #[must_use]
    pub fn balance(mut self, coin_id: u64, amount: &str) -> Self {
        self.balances.push((None, coin_id, amount.to_owned()));
        self
    }

    /// A balance of an end user, who is known from the start; repeated calls add up.
    #[must_use]
    pub fn user_balance(mut self, user_id: impl Into<String>, coin_id: u64, amount: &str) -> Self {
        let balance = (Some(user_id.into()), coin_id, amount.to_owned());
        self.balances.push(balance);
        self
    }

    /// A setting to start with; see [`Sandbox::set`].
    #[must_use]
    pub fn setting(mut self, setting: Setting) -> Self {
        self.settings.push(setting);
        self
    }

    /// Where notifications go; `http://` only.
    #[must_use]
    pub fn webhook_url(mut self, url: impl Into<String>) -> Self {
        self.webhook_url = Some(url.into());
        self
    }

    /// Makes the clock stand at these unix seconds until [`Sandbox::advance`] moves it; without
    /// it, the sandbox goes by the real clock.
    #[must_use]
    pub fn start_time(mut self, unix_seconds: u64) -> Self {
        self.start_time = Some(unix_seconds);
        self
    }

    /// The merchant's RSA public key, as PEM or DER: requests of v2 may then be signed with its
    /// private key instead of the app secret.
    #[must_use]
    pub fn rsa_public_key(mut self, key: impl AsRef<[u8]>) -> Self {
        self.rsa_public_key = Some(key.as_ref().to_vec());
        self
    }

    /// Refuses requests of v2 that are signed with the app secret; needs
    /// [`rsa_public_key`](Self::rsa_public_key).
    #[must_use]
    pub fn rsa_only(mut self) -> Self {
        self.rsa_only = true;
        self
    }

    /// An RSA private key (PKCS#8, as PEM or DER, up to 4096 bits) that notifications of v2 are
    /// signed with instead of the app secret.
    #[must_use]
    pub fn notification_key(mut self, key: impl AsRef<[u8]>) -> Self {
        self.notification_key = Some(key.as_ref().to_vec());
        self
    }

    /// The sandbox, ready to answer.
    ///
    /// # Errors
    ///
    /// When the credentials are empty, a balance is not a positive decimal text, its coin is
    /// unknown, a setting can't be, or a key can't be read or is missing.
    pub fn build(self) -> Result<Sandbox, SandboxError> {
        if self.app_id.is_empty() || self.app_secret.is_empty() {
            return Err(SandboxError::Setup(
                "the app id and the app secret must not be empty".to_owned(),
            ));
        }
        if self.rsa_only && self.rsa_public_key.is_none() {
            return Err(SandboxError::Setup(
                "without the merchant's RSA public key nobody could sign a request".to_owned(),
            ));
        }
        let schemas = schema::schemas()?;
        let schemas_v1 = schema::v1()?;
        let clock = Clock::new(self.start_time);
        let mut state = State::new(self.app_id.clone(), self.seed);
        let balances = self.balances.into_iter();
        let funds = balances.map(|(user_id, coin_id, amount)| Op::Fund {
            user_id,
            coin_id,
            amount,
        });
        let url = self.webhook_url.into_iter().map(Op::WebhookUrl);
        let settings = self.settings.into_iter().map(Op::Set);
        for op in settings.chain(funds).chain(url) {
            state.apply(clock.now(), op)?;
        }
        let digest = Digest::new(&self.app_id, &self.app_secret);
        let mut account = Account::new(self.app_id, &self.app_secret);
        account.rsa = self
            .rsa_public_key
            .map(|key| PublicKey::read(&key))
            .transpose()?;
        account.rsa_only = self.rsa_only;
        let notification_key = self.notification_key;
        let gateway = Gateway {
            account,
            schemas,
            digest,
            schemas_v1,
            notification_key: notification_key
                .map(|key| PrivateKey::read(&key))
                .transpose()?,
        };
        Ok(Sandbox::new(gateway, self.app_secret, clock, state))
    }
}
