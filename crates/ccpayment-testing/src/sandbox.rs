//! The sandbox in the place of the gateway: its time, and a way into it without a socket.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use bytes::Bytes;
use ccpayment_client::{
    BlockingTransport, Clock, Exchange, SystemClock, Transport, TransportError,
};
use ccpayment_sandbox::Sandbox;
use http::Response;

/// A clock that shows a sandbox's time, which is virtual from then on. Clones share it.
///
/// A pause of the client ([`Clock::sleep`]) advances the sandbox and ends at once. A deadline
/// ([`Clock::deadline`]) is real, since the sandbox may be served on real sockets. The "random"
/// number is 0, so that a client always makes its shortest pause. It panics at the pause after
/// [`SandboxClock::MAX_PAUSES`], so that a loop which waits for ever ends.
///
/// ```
/// use std::time::Duration;
///
/// use ccpayment_client::Clock;
/// use ccpayment_sandbox::Sandbox;
/// use ccpayment_testing::SandboxClock;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sandbox = Sandbox::builder().start_time(1_767_225_600).build()?;
/// let clock = SandboxClock::new(&sandbox);
///
/// let before = clock.elapsed();
/// clock.sleep(Duration::from_secs(3_600)).await;
/// assert!(clock.elapsed() - before >= Duration::from_secs(3_600));
/// assert!(sandbox.now() >= 1_767_225_600 + 3_600);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SandboxClock {
    sandbox: Sandbox,
    deadlines: Arc<dyn Clock>,
    pauses: Arc<AtomicU32>,
}

impl SandboxClock {
    /// How many pauses there may be. No test that ends needs as many.
    pub const MAX_PAUSES: u32 = 2_000;

    /// The time of this sandbox, whose clock stands still from now on ([`Sandbox::stop_clock`]):
    /// pauses by this clock move it, so everybody has to go by it.
    #[must_use]
    pub fn new(sandbox: &Sandbox) -> Self {
        sandbox.stop_clock();
        Self {
            sandbox: sandbox.clone(),
            deadlines: Arc::new(SystemClock::new()),
            pauses: Arc::new(AtomicU32::new(0)),
        }
    }

    /// The same clock with another's deadlines. A client without a runtime needs those of its own
    /// clock, `BlockingClock`.
    #[must_use]
    pub fn with_deadlines(mut self, clock: impl Clock + 'static) -> Self {
        self.deadlines = Arc::new(clock);
        self
    }

    /// The time that the sandbox signs notifications by, in the form that a webhook extractor takes.
    pub fn now_fn(&self) -> impl Fn() -> SystemTime + Send + Sync + 'static {
        let sandbox = self.sandbox.clone();
        move || at(sandbox.signing_time())
    }
}

fn at(unix_seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(unix_seconds)
}

#[async_trait]
impl Clock for SandboxClock {
    fn now(&self) -> SystemTime {
        at(self.sandbox.now())
    }

    fn elapsed(&self) -> Duration {
        Duration::from_secs(self.sandbox.now())
    }

    async fn sleep(&self, duration: Duration) {
        let earlier = self.pauses.fetch_add(1, Ordering::Relaxed);
        assert!(
            earlier < Self::MAX_PAUSES,
            "a SandboxClock was asked for more than {} pauses: a loop has no end",
            Self::MAX_PAUSES
        );
        // The sandbox shows whole seconds, and a pause must not seem shorter than it was.
        let shown = duration.saturating_add(Duration::from_secs(1));
        self.sandbox.advance(shown);
    }

    async fn deadline(&self, duration: Duration) {
        self.deadlines.deadline(duration).await;
    }

    fn random(&self) -> u64 {
        0
    }
}

impl fmt::Debug for SandboxClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxClock")
            .field("now", &self.sandbox.now())
            .finish_non_exhaustive()
    }
}

/// A transport into a sandbox in the same process, without a socket.
///
/// A fault that takes the answer is [`TransportError::MaybeSent`], because a client can't know
/// whether the gateway acted.
///
/// ```
/// use ccpayment_client::core::v2::GetCoin;
/// use ccpayment_client::{Client, core::Credentials};
/// use ccpayment_sandbox::Sandbox;
/// use ccpayment_testing::{SandboxClock, SandboxTransport};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sandbox = Sandbox::builder().start_time(1_767_225_600).build()?;
/// let credentials = Credentials::new(sandbox.app_id(), sandbox.app_secret())?;
/// let client = Client::new(credentials, SandboxTransport::new(&sandbox))
///     .with_clock(SandboxClock::new(&sandbox));
///
/// assert_eq!(client.send(&GetCoin::new(1280)).await?.coin.symbol, "USDT");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SandboxTransport {
    sandbox: Sandbox,
}

impl SandboxTransport {
    /// A transport into this sandbox.
    #[must_use]
    pub fn new(sandbox: &Sandbox) -> Self {
        Self {
            sandbox: sandbox.clone(),
        }
    }
}

#[async_trait]
impl Transport for SandboxTransport {
    async fn send(&self, exchange: Exchange) -> Result<Response<Bytes>, TransportError> {
        let limit = exchange.max_response_bytes;
        match self.sandbox.respond(exchange.request).await {
            None => Err(TransportError::MaybeSent("no whole answer".into())),
            Some(answer) if answer.body().len() > limit => Err(TransportError::TooLarge { limit }),
            Some(answer) => Ok(answer),
        }
    }
}

/// It answers at once.
impl BlockingTransport for SandboxTransport {}

impl fmt::Debug for SandboxTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxTransport").finish_non_exhaustive()
    }
}
