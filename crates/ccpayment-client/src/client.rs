//! `Client` with its settings, and `Timeouts`.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ccpayment_core::{
    AppId, Credentials, Origin, PreparedRequest, Request, Rule, TIMESTAMP_WINDOW, Timestamp,
    ValidationError, Version,
};

use crate::clock::{Clock, SystemClock};
use crate::error::{Error, RequestInfo};
use crate::halt::Halt;
use crate::rate_limit::Limits;
use crate::retry::{Budgets, RetryPolicy};
use crate::skew::{Skew, WallClockFloor};
use crate::transport::Transport;

/// How long a request may take. Always bounded: there is no way to wait for ever.
///
/// The time to connect is the backend's (5 seconds in `ccpayment-reqwest`).
///
/// ```
/// use std::time::Duration;
///
/// use ccpayment_client::Timeouts;
///
/// /// A payout may take as long as it takes to prove that it was not made.
/// fn patient() -> Timeouts {
///     Timeouts::new(Duration::from_secs(20), Duration::from_secs(600))
/// }
/// # assert_eq!(patient().total, Duration::from_secs(600));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// One exchange with the gateway: 20 seconds.
    pub attempt: Duration,
    /// Everything that one [`Client::send`] or [`Client::payout`] does: 60 seconds.
    pub total: Duration,
}

impl Timeouts {
    /// These two bounds.
    #[must_use]
    pub fn new(attempt: Duration, total: Duration) -> Self {
        Self { attempt, total }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self::new(Duration::from_secs(20), Duration::from_secs(60))
    }
}

/// A client of the gateway. Cheap to clone; every clone shares connections and settings.
///
/// ```
/// use std::time::Duration;
///
/// use ccpayment_client::core::{Credentials, ErrorReport, v2::GetCoin};
/// use ccpayment_client::{Client, RetryPolicy, Timeouts, Transport};
///
/// /// `backend`: the `ReqwestTransport` or `HyperTransport` of this SDK, or one of your own.
/// fn client(backend: impl Transport + 'static) -> Result<Client, Box<dyn std::error::Error>> {
///     Ok(Client::new(Credentials::from_env()?, backend)
///         .with_timeouts(Timeouts::new(Duration::from_secs(10), Duration::from_secs(30)))
///         .with_retry_policy(RetryPolicy::up_to(5)))
/// }
///
/// async fn symbol(client: &Client) -> Option<String> {
///     match client.send(&GetCoin::new(1280)).await {
///         Ok(answer) => Some(answer.coin.symbol),
///         Err(error) => {
///             eprintln!("{}", ErrorReport::new(&error));
///             None
///         }
///     }
/// }
/// ```
#[derive(Clone)]
pub struct Client {
    pub(crate) shared: Arc<Shared>,
}

#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) credentials: Credentials,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) clock: Arc<dyn Clock>,
    /// None: the real gateway, which has a host for each version.
    pub(crate) origin: Option<Origin>,
    timeouts: Timeouts,
    pub(crate) max_response_bytes: usize,
    pub(crate) retries: RetryPolicy,
    pub(crate) budgets: Arc<Budgets>,
    pub(crate) limits: Limits,
    /// None: our clock is right whatever the gateway says.
    pub(crate) skew: Option<Arc<Skew>>,
    app_id_as_user: bool,
    last_timestamp: Option<Timestamp>,
    clock_floor: Arc<WallClockFloor>,
    pub(crate) looks_up_accepted: bool,
    pub(crate) halt: Arc<Halt>,
}

impl Client {
    /// The most bytes that an answer may have, unless set: 8 MiB.
    pub const MAX_RESPONSE_BYTES: usize = 8 << 20;

    /// A client for the real gateway, with default timeouts and the system's clock.
    pub fn new(credentials: Credentials, transport: impl Transport + 'static) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        Self {
            shared: Arc::new(Shared {
                limits: Limits::new(&clock),
                clock_floor: clock_floor(&*clock),
                credentials,
                transport: Arc::new(transport),
                clock,
                origin: None,
                timeouts: Timeouts::default(),
                max_response_bytes: Self::MAX_RESPONSE_BYTES,
                retries: RetryPolicy::default(),
                budgets: Arc::default(),
                skew: Some(Arc::default()),
                looks_up_accepted: false,
                halt: Arc::default(),
                app_id_as_user: false,
                last_timestamp: None,
            }),
        }
    }

    fn with(mut self, change: impl FnOnce(&mut Shared)) -> Self {
        change(Arc::make_mut(&mut self.shared));
        self
    }

    /// Lets this client and its clones send again.
    ///
    /// Two refusals stop them, since going on makes it worse: 11014 (our address is blocked) and
    /// 12001 (the APP ID is unknown). From then on each request ends at once as [`Error::Halted`],
    /// and nothing is sent. Use this when a person has found the cause.
    pub fn resume(&self) {
        self.shared.halt.release();
    }

    /// The same client for another host, such as a sandbox on loopback, for both versions of the
    /// API.
    #[must_use]
    pub fn with_origin(self, origin: Origin) -> Self {
        self.with(|shared| {
            shared.origin = Some(origin);
            shared.halt = Arc::default();
            shared.forget_skew();
        })
    }

    /// The same client with other timeouts.
    #[must_use]
    pub fn with_timeouts(self, timeouts: Timeouts) -> Self {
        self.with(|shared| shared.timeouts = timeouts)
    }

    /// The same client with another clock, such as a test's.
    #[must_use]
    pub fn with_clock(self, clock: impl Clock + 'static) -> Self {
        self.with(|shared| {
            shared.clock = Arc::new(clock);
            shared.limits.move_to(&shared.clock);
            shared.clock_floor = clock_floor(&*shared.clock);
            shared.forget_skew();
        })
    }

    /// The same client, which repeats requests more or less often.
    #[must_use]
    pub fn with_retry_policy(self, retries: RetryPolicy) -> Self {
        self.with(|shared| shared.retries = retries)
    }

    /// The same client with a rate limit: at most so many requests of this version in any second,
    /// or no limit. Unless set, v1 has 100, which its documents name for one address, and v2 has no
    /// limit, as its documents name none.
    ///
    /// All clones of a client share the limit. A request above the limit waits within
    /// [`Timeouts::total`], and ends as [`Error::Throttled`] if that is too short. Requests that
    /// act, and the lookups of payouts, go before reads that wait. Clients of other processes share
    /// the gateway's limit, and not this one.
    #[must_use]
    pub fn with_rate_limit(self, version: Version, per_second: Option<NonZeroU32>) -> Self {
        self.with(|shared| shared.limits.set(version, per_second, &shared.clock))
    }

    /// The same client with or without correcting timestamps; it does unless told otherwise.
    ///
    /// Where the gateway refuses a timestamp (11006), the `Date` of its answer tells how far our
    /// clock is off. The correction is bounded by 24 hours, logged as a warning, and shared by all
    /// clones of a client. The request is sent once more, at once, unless it may act twice
    /// ([`Idempotency::NonIdempotent`](crate::core::Idempotency)). Without `Date`, with the
    /// correction off, or where the second timestamp is refused as well, the error is
    /// [`Error::Clock`]. No document says how v1 refuses a timestamp, so only requests of v2 learn
    /// the correction; both versions use it.
    #[must_use]
    pub fn with_clock_correction(self, on: bool) -> Self {
        self.with(|shared| match (&shared.skew, on) {
            (Some(_), true) => {}
            _ => shared.skew = on.then(Arc::default),
        })
    }

    /// The same client, whose [`Client::payout`] and [`Client::submit`] look the record up after an
    /// accepted answer. Each then costs one exchange more. It is off by default.
    ///
    /// Only the connection ties an answer to its request. A stray answer to another request, which
    /// a broken proxy kept back, names another record. With this on, only the record counts
    /// ([`Proof::FoundRecord`](crate::Proof)). A record with another id than the answer named is
    /// logged as an error, and the record's id is returned.
    #[must_use]
    pub fn with_acceptance_looked_up(self, on: bool) -> Self {
        self.with(|shared| shared.looks_up_accepted = on)
    }

    /// The same client, which accepts the APP ID as a user's id, or refuses it, as it does unless
    /// told otherwise.
    ///
    /// In v2 the APP ID is the user id of the merchant's own account. A user who may choose their
    /// own id and chooses this one would see and spend the merchant's money. So a request that
    /// names it as a user ([`Request::user_ids`]) is not sent for the first time, and the error is
    /// [`Error::Invalid`] with [`Rule::MerchantAccount`]. Settling and looking up are never
    /// refused. [`Client::raw`] does not know what it sends, and refuses nothing.
    ///
    /// The one documented use of the APP ID as a user is to move a user's money to the merchant,
    /// by [`UserTransfer`](ccpayment_core::v2::UserTransfer) with it as the receiver. A clone is
    /// cheap, so allow it for that request alone:
    ///
    /// ```
    /// # use ccpayment_client::{Client, SubmitError};
    /// # use ccpayment_core::v2::UserTransfer;
    /// async fn to_the_merchant(client: &Client, fee: &UserTransfer) -> Result<(), SubmitError> {
    ///     client.clone().with_app_id_as_user(true).payout(fee).await?;
    ///     Ok(())
    /// }
    /// ```
    #[must_use]
    pub fn with_app_id_as_user(self, allowed: bool) -> Self {
        self.with(|shared| shared.app_id_as_user = allowed)
    }

    /// The same client, which sends nothing that is signed later than this. Such a request ends as
    /// [`Error::NoTime`], and nothing was sent.
    ///
    /// It makes a lease safe. The gateway refuses what was signed more than 120 seconds ago. So a
    /// process that was suspended and goes on when its lease has ended can't act any more: this
    /// stops it before the signature, and the gateway after it.
    #[must_use]
    pub fn with_last_timestamp(self, last: Timestamp) -> Self {
        self.with(|shared| shared.last_timestamp = Some(last))
    }

    /// The same client with another bound on the length of an answer.
    #[must_use]
    pub fn with_max_response_bytes(self, max: usize) -> Self {
        self.with(|shared| shared.max_response_bytes = max)
    }

    /// The APP ID that the requests are signed for.
    #[must_use]
    pub fn app_id(&self) -> &AppId {
        self.shared.credentials.app_id()
    }

    /// Our clock, corrected by what is known of the gateway's. Check notifications by it, and date
    /// a crash by it after the restart (see [`Client::settle`]).
    #[must_use]
    pub fn now(&self) -> SystemTime {
        self.now_at(self.shared.clock.elapsed())
    }

    /// The same, with what [`Clock::elapsed`] says now.
    pub(crate) fn now_at(&self, elapsed: Duration) -> SystemTime {
        let shared = &*self.shared;
        let ours = shared.clock.now();
        let corrected = (shared.skew.as_ref()).map_or(ours, |skew| skew.correct(ours));
        // A caller may have read either clock. The corrected one is behind too, if ours was set
        // back after its skew was learned.
        shared.clock_floor.observe(ours.min(corrected), elapsed);
        corrected
    }

    /// Prepares a request that goes out for the first time.
    pub(crate) fn prepare<E: Request>(&self, request: &E) -> Result<PreparedRequest, Error> {
        let invalid = |source| Error::Invalid {
            request: RequestInfo::of(request),
            source,
        };
        let prepared = PreparedRequest::new(request).map_err(invalid)?;
        match self.names_merchant(request) {
            Some(field) => {
                let error = ValidationError::new(field, Rule::MerchantAccount);
                Err(invalid(error.into()))
            }
            None => Ok(prepared),
        }
    }

    /// Prepares a look-up without checking the documented rules. The rules hold before a first
    /// send. A later version may have more of them, and still has to look up what was sent before.
    pub(crate) fn prepare_lookup<E: Request>(&self, request: &E) -> Result<PreparedRequest, Error> {
        PreparedRequest::unchecked(request).map_err(|source| Error::Invalid {
            request: RequestInfo::of(request),
            source,
        })
    }

    /// The field that names the merchant's own account as a user, where that is not allowed.
    fn names_merchant<E: Request>(&self, request: &E) -> Option<&'static str> {
        let shared = &*self.shared;
        if shared.app_id_as_user || E::VERSION != Version::V2 {
            return None;
        }
        let app_id = shared.credentials.app_id().as_str();
        // No document says whether the gateway trims an id or ignores its case.
        let is_app_id = |id: &str| id.trim().eq_ignore_ascii_case(app_id);
        let mut users = request.user_ids();
        users.find_map(|(field, id)| is_app_id(id.as_str()).then_some(field))
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.shared.clock
    }

    pub(crate) fn timeouts(&self) -> &Timeouts {
        &self.shared.timeouts
    }

    /// When work that begins now has to be over, by [`Clock::elapsed`].
    pub(crate) fn give_up_at(&self) -> Duration {
        let total = self.shared.timeouts.total;
        self.shared.clock.elapsed().saturating_add(total)
    }

    /// The least that our clock would show now, however it was set since, less the window. The age
    /// of a moment that was read from our clock is counted up to this. The window is subtracted as
    /// from the gateway's clock, where an answer only shows an accepted timestamp.
    pub(crate) fn clock_floor(&self) -> Timestamp {
        let shared = &*self.shared;
        let shown = shared.clock_floor.now(shared.clock.elapsed());
        Timestamp::new(shown.get().saturating_sub(TIMESTAMP_WINDOW.as_secs()))
    }

    /// The least time that a repeated submit needs. With less, its answer would hardly come in
    /// time.
    pub(crate) fn shortest_for_a_submit(&self) -> Duration {
        const ENOUGH: Duration = Duration::from_secs(3);
        (self.timeouts().attempt / 3).min(ENOUGH)
    }

    /// Whether a request that is signed now would be signed too late.
    pub(crate) fn is_fenced(&self, signed_at: Timestamp) -> bool {
        (self.shared.last_timestamp).is_some_and(|last| signed_at > last)
    }

    pub(crate) fn left(&self, give_up_at: Duration) -> Duration {
        give_up_at.saturating_sub(self.shared.clock.elapsed())
    }
}

fn clock_floor(clock: &dyn Clock) -> Arc<WallClockFloor> {
    Arc::new(WallClockFloor::new(clock.now(), clock.elapsed()))
}

impl Shared {
    /// A learned skew belongs to one clock and one gateway.
    fn forget_skew(&mut self) {
        if self.skew.is_some() {
            self.skew = Some(Arc::default());
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("credentials", &self.shared.credentials)
            .field("origin", &self.shared.origin)
            .field("timeouts", &self.shared.timeouts)
            .finish_non_exhaustive()
    }
}
