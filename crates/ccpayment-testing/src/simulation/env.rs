//! `Env`, which a merchant is made with: a client, a verifier, and the time.

use std::fmt;
use std::time::SystemTime;

use ccpayment_client::core::{AppId, AppSecret, Credentials, ValidationError};
use ccpayment_client::{Client, Clock};
use ccpayment_webhook::Verifier;

use super::network::Network;
use super::time::VirtualClock;

/// What a [`Merchant`](super::Merchant) is made with: its way to the gateway, and the time.
///
/// Cheap to clone. A merchant must ask the gateway through [`client`](Self::client) alone and take
/// the time from [`clock`](Self::clock), or the simulation does not test it.
#[derive(Clone)]
pub struct Env {
    client: Client,
    verifier: Verifier,
    clock: VirtualClock,
}

impl Env {
    pub(super) fn new(
        clock: VirtualClock,
        app_id: &str,
        app_secret: &str,
    ) -> Result<Self, ValidationError> {
        let credentials = Credentials::new(AppId::new(app_id), AppSecret::new(app_secret))?;
        let verifier = Verifier::from(&credentials);
        let client =
            Client::new(credentials, Network::new(clock.clone())).with_clock(clock.clone());
        Ok(Self {
            client,
            verifier,
            clock,
        })
    }

    /// A client whose network is unreliable.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// The verifier of the gateway's notifications. Hand it [`now`](Self::now).
    #[must_use]
    pub fn verifier(&self) -> Verifier {
        self.verifier.clone()
    }

    /// The time of the simulation.
    #[must_use]
    pub fn clock(&self) -> VirtualClock {
        self.clock.clone()
    }

    /// The wall clock of the simulation.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        self.clock.now()
    }

    /// Writes a line of your own into the trace.
    pub fn note(&self, what: impl fmt::Display) {
        self.clock.shared().say("merchant", what);
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Env")
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}
