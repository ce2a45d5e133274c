//! How a sandbox is set up.

use std::fmt;
#[cfg(feature = "cli")]
use std::path::PathBuf;

use crate::api::engine::Engine;
use crate::api::sandbox::Sandbox;
#[cfg(feature = "cli")]
use crate::api::sqlite_journal::SqliteJournal;
use crate::clock::Clock;
use crate::gateway::Gateway;
use crate::model::error::SandboxError;
use crate::model::settings::{Setting, Settings};
use crate::ops::Op;
use crate::sign::rsa::{PrivateKey, PublicKey};
use crate::state::State;
use crate::{schema, sign};

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
    accept_secret_too: bool,
    rsa_notification_key: Option<Vec<u8>>,
    #[cfg(feature = "cli")]
    file: Option<PathBuf>,
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

/// # Setting up
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
            accept_secret_too: false,
            rsa_notification_key: None,
            #[cfg(feature = "cli")]
            file: None,
        }
    }

    /// The merchant's credentials; without them, a pair of fixed ones.
    #[must_use]
    pub fn app(mut self, app_id: impl Into<String>, app_secret: impl Into<String>) -> Self {
        self.app_id = app_id.into();
        self.app_secret = app_secret.into();
        self
    }

    /// The seed that ids, addresses and transaction ids are made from.
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

    /// Refuses everything in a request that the documents don't have: [`Setting::Strict`]. Use it
    /// in tests of a client.
    #[must_use]
    pub fn strict(self) -> Self {
        self.setting(Setting::Strict(true))
    }

    /// Where notifications go; `http://` only.
    #[must_use]
    pub fn webhook_url(mut self, url: impl Into<String>) -> Self {
        self.webhook_url = Some(url.into());
        self
    }

    /// Stops the clock at these unix seconds until [`Sandbox::advance`] moves it. Without this
    /// call, the sandbox uses the real clock.
    #[must_use]
    pub fn start_time(mut self, unix_seconds: u64) -> Self {
        self.start_time = Some(unix_seconds);
        self
    }

    /// The merchant's RSA key, as PEM, DER or bare base64. Requests must be signed with it, by
    /// PKCS#1 v1.5 over SHA-256 in base64, instead of with the secret. Notifications are still
    /// signed with the secret, because nobody knows what the gateway does there; see
    /// [`rsa_notification_key`](Self::rsa_notification_key).
    #[must_use]
    pub fn rsa_public_key(mut self, key: impl AsRef<[u8]>) -> Self {
        self.rsa_public_key = Some(key.as_ref().to_vec());
        self
    }

    /// Takes requests that are signed with the secret beside those that are signed with the
    /// merchant's RSA key, as while an account changes from one to the other.
    #[must_use]
    pub fn accept_secret_too(mut self) -> Self {
        self.accept_secret_too = true;
        self
    }

    /// An RSA private key (PKCS#8, as PEM or DER, up to 4096 bits) that notifications of v2 are
    /// signed with instead of the secret.
    #[must_use]
    pub fn rsa_notification_key(mut self, key: impl AsRef<[u8]>) -> Self {
        self.rsa_notification_key = Some(key.as_ref().to_vec());
        self
    }

    /// Keeps everything in this file, so that it survives the end of the process. The sandbox
    /// creates a file that does not exist. With one that exists, it goes on where it stood: it
    /// applies none of the builder's balances and settings again, except [`Setting::Strict`] and
    /// [`Setting::AllowUnknownFields`].
    ///
    /// App id, seed and clock must be those that the file was made with.
    #[cfg(feature = "cli")]
    #[must_use]
    pub fn state_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.file = Some(path.into());
        self
    }

    /// The sandbox, ready to answer.
    ///
    /// # Errors
    ///
    /// When the credentials are empty, a balance is not a positive decimal text, its coin is
    /// unknown, a setting is impossible, or a key is not of its kind.
    pub fn build(self) -> Result<Sandbox, SandboxError> {
        if self.app_id.is_empty() || self.app_secret.is_empty() {
            return Err(SandboxError::Setup(
                "the app id and the app secret must not be empty".to_owned(),
            ));
        }
        let gateway = self.gateway()?;
        let mut engine = self.engine();
        #[cfg(feature = "cli")]
        let begun = self.open_journal(&mut engine)?;
        #[cfg(not(feature = "cli"))]
        let begun = false;
        // The journal already has the settings of the start.
        if begun {
            if let Some(url) = self.webhook_url
                && engine.state.outbox.webhook_url.as_ref() != Some(&url)
            {
                engine.apply(Op::WebhookUrl(url))?;
            }
            for setting in changed_reading(&self.settings, &engine.state.settings) {
                engine.apply(Op::Set(setting))?;
            }
            return Ok(Sandbox::new(gateway, self.app_secret, engine));
        }
        let balances = self.balances.into_iter();
        let funds = balances.map(|(user_id, coin_id, amount)| Op::Fund {
            user_id,
            coin_id,
            amount,
        });
        let url = self.webhook_url.into_iter().map(Op::WebhookUrl);
        let settings = self.settings.into_iter().map(Op::Set);
        for op in settings.chain(funds).chain(url) {
            engine.apply(op)?;
        }
        #[cfg(feature = "cli")]
        engine.finish_setup()?;
        Ok(Sandbox::new(gateway, self.app_secret, engine))
    }

    /// The parts that never change, and so are in no journal.
    fn gateway(&self) -> Result<Gateway, SandboxError> {
        let public = self.rsa_public_key.as_deref().map(PublicKey::read);
        let own = self.rsa_notification_key.as_deref().map(PrivateKey::read);
        let mut signer =
            sign::v2::Signer::new(self.app_id.clone(), &self.app_secret, public.transpose()?);
        signer.accept_secret = self.accept_secret_too;
        Ok(Gateway {
            signer,
            schemas: schema::schemas()?,
            signer_v1: sign::v1::Signer::new(&self.app_id, &self.app_secret),
            schemas_v1: schema::v1()?,
            notification_key: own.transpose()?,
        })
    }

    fn engine(&self) -> Engine {
        let state = State::new(self.app_id.clone(), self.seed);
        Engine::new(Clock::new(self.start_time), state)
    }

    /// Replays the journal in the file and goes on with it; returns whether it had begun.
    #[cfg(feature = "cli")]
    fn open_journal(&self, engine: &mut Engine) -> Result<bool, SandboxError> {
        let Some(path) = &self.file else {
            return Ok(false);
        };
        let clock = self
            .start_time
            .map_or("real".to_owned(), |at| at.to_string());
        let settings = [
            ("app id", self.app_id.clone()),
            ("seed", self.seed.to_string()),
            ("clock", clock),
        ];
        let journal = SqliteJournal::open(path, &settings)?;
        let mut begun = false;
        journal.replay(|at, entry| {
            begun |= engine.replay(at, entry)?;
            Ok(())
        })?;
        if !begun {
            // The sandbox ended before it listened, so nobody was told anything.
            journal.clear()?;
            *engine = self.engine();
        }
        engine.set_journal(Box::new(journal));
        Ok(begun)
    }
}

/// The settings for reading requests that differ from those in the file.
fn changed_reading(asked: &[Setting], kept: &Settings) -> Vec<Setting> {
    let is_asked = |setting| asked.contains(&setting);
    let strict = is_asked(Setting::Strict(true));
    let unknown = is_asked(Setting::AllowUnknownFields(true));
    let strict = (strict != kept.strict).then_some(Setting::Strict(strict));
    let differs = unknown != kept.allow_unknown_fields;
    let unknown = differs.then_some(Setting::AllowUnknownFields(unknown));
    strict.into_iter().chain(unknown).collect()
}
