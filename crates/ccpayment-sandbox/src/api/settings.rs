//! The calls that set things up while the sandbox runs.

use std::sync::{MutexGuard, PoisonError};

use crate::api::sandbox::Sandbox;
use crate::model::error::SandboxError;
use crate::model::settings::Setting;
use crate::ops::Op;

/// # Settings
///
/// The market, the account, and the URLs of the merchant and of the pages.
impl Sandbox {
    /// Decides what the gateway's people, the market or the merchant's dashboard decide.
    ///
    /// # Errors
    ///
    /// When the coin, chain or code is unknown, or an amount is not a decimal text.
    pub fn set(&self, setting: Setting) -> Result<(), SandboxError> {
        self.apply(Op::Set(setting)).map(drop)
    }

    /// Puts money into the merchant's balance, or into that of a user, who is known from then on.
    ///
    /// # Errors
    ///
    /// When the coin is unknown or the amount is not a positive decimal text.
    pub fn fund(
        &self,
        user_id: Option<&str>,
        coin_id: u64,
        amount: &str,
    ) -> Result<(), SandboxError> {
        let fund = Op::Fund {
            user_id: user_id.map(str::to_owned),
            coin_id,
            amount: amount.to_owned(),
        };
        self.apply(fund).map(drop)
    }

    /// Where notifications go.
    #[must_use]
    pub fn webhook_url(&self) -> Option<String> {
        self.read(|state| state.outbox.webhook_url.clone())
    }

    /// From now on, notifications go to this URL, also those that wait; `http://` only.
    pub fn set_webhook_url(&self, url: impl Into<String>) {
        let _ = self.try_set_webhook_url(url.into());
    }

    pub(crate) fn try_set_webhook_url(&self, url: String) -> Result<(), SandboxError> {
        self.apply(Op::WebhookUrl(url)).map(drop)
    }

    /// The URL of the pages to pay on, such as `http://127.0.0.1:8480`. `checkoutUrl` and
    /// `invoiceUrl` begin with it. Until it is set they lead nowhere, on purpose.
    pub fn set_public_url(&self, url: &str) {
        url.trim_end_matches('/')
            .clone_into(&mut self.engine().state.public_url);
    }

    /// Allows these names in the `Host` of requests for pages and the admin API, beside `localhost`
    /// and addresses. Every other name is refused.
    pub fn set_allowed_hosts(&self, names: Vec<String>) {
        *self.lock_host_names() = names;
    }

    pub(crate) fn host_names(&self) -> Vec<String> {
        self.lock_host_names().clone()
    }

    fn lock_host_names(&self) -> MutexGuard<'_, Vec<String>> {
        let names = self.shared.host_names.lock();
        names.unwrap_or_else(PoisonError::into_inner)
    }
}
