//! What a running service needs beside the gateway: its place, its clock, its deliveries, and the
//! forms of calls that can say that they did not work.

use std::time::Duration;

use crate::api::sandbox::Sandbox;
use crate::clock;
use crate::model::error::SandboxError;
use crate::model::fault::Fault;
use crate::ops::Op;

impl Sandbox {
    /// Where notifications go.
    #[must_use]
    pub fn webhook_url(&self) -> Option<String> {
        self.read(|state| state.outbox.webhook_url.clone())
    }

    /// Where the pages to pay on can be reached, such as `http://127.0.0.1:8480`: what
    /// `checkoutUrl` and `invoiceUrl` begin with. Until it is set they lead nowhere, on purpose.
    pub fn set_public_url(&self, url: &str) {
        url.trim_end_matches('/')
            .clone_into(&mut self.engine().state.public_url);
    }

    /// Names that stand in `Host` when somebody asks for a page or uses the admin API, beside
    /// `localhost` and addresses; every other name is refused.
    pub fn set_allowed_hosts(&self, names: Vec<String>) {
        *self.lock_host_names() = names;
    }

    pub(crate) fn host_names(&self) -> Vec<String> {
        self.lock_host_names().clone()
    }

    /// As [`advance`](Self::advance); the clock stands where it stood when that can't be kept.
    pub(crate) fn move_clock(&self, by: Duration) -> Result<(), SandboxError> {
        self.engine().advance(by)
    }

    /// The time that signatures go by, in unix seconds. It is [`now`](Self::now) but for a sandbox
    /// on the real clock that was advanced: nobody else's clock has moved with it, so that it signs
    /// by the real time, and takes signatures by either.
    #[must_use]
    pub fn signing_time(&self) -> u64 {
        self.engine().clock.signing()
    }

    /// Delivers what is due, second after second, for as long as it is polled.
    pub async fn keep_delivering(&self) {
        loop {
            self.deliver_due().await;
            clock::pause(Duration::from_secs(1)).await;
        }
    }

    /// As [`plan_fault`](Self::plan_fault), for a caller who can be told that it did not work.
    pub(crate) fn try_plan_fault(&self, route: &str, fault: Fault) -> Result<(), SandboxError> {
        let route = route.to_owned();
        self.apply(Op::Plan { route, fault }).map(drop)
    }

    pub(crate) fn move_webhook(&self, url: String) -> Result<(), SandboxError> {
        self.apply(Op::WebhookUrl(url)).map(drop)
    }
}
