//! The gateway, the way to it, and the faults on the way.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use ccpayment_sandbox::{Fault, RecordSpelling, Sandbox, Setting};
use tokio::time::Instant;

use crate::clock::{MachineClock, START, now, pause};
use crate::fault_kinds::{self, CODES, CODES_V1, Strike};
use crate::link::{ClientEnd, Link};
use crate::payment::{ETH, MATIC, USERS};
use crate::places::{BTC, CHAIN, RECEIVER, USDT, XRP};
use crate::plan::Plan;
use crate::spelling::Spelling;
use crate::trace::{Hash, Trace};

/// A signature that is sent again later than this is old. The time is longer than a signed request
/// may wait for its connection.
const FRESH: Duration = Duration::from_secs(10);
/// Two full pages and a part of one.
const RECORDS: usize = 45;
/// How long ago the oldest records were made: longer ago than one request to the gateway can reach.
pub(crate) const SPAN: u64 = 200 * 86_400;
const OLDER: u64 = 25;
/// Where these records go.
const OLD: &str = "0x9aBDDCE1EE18D1857C0653EB4a3Fa9d9E0dcd584";

/// How often something goes wrong, in a hundred.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rates {
    /// An exchange, by its connection.
    pub(crate) link: u32,
    /// A request, by the sandbox's own faults.
    pub(crate) gateway: u32,
    /// A request, by a refusal.
    pub(crate) refusal: u32,
}

pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    /// Records that were there before anything happened, newest first; of a list of their own.
    pub(crate) older: Vec<String>,
    pub(crate) start: Instant,
    shared: Mutex<Shared>,
}

struct Shared {
    trace: Trace,
    random: fastrand::Rng,
    rates: Rates,
    quiet: bool,
    hits: BTreeMap<&'static str, u64>,
    /// How far the sandbox's clock has advanced.
    shown: Duration,
    links: Vec<Link>,
    numbers: u32,
    /// When each signature was first sent. `None` if clocks differ or are set, because a moment may
    /// then be shown twice.
    signatures: Option<BTreeMap<Vec<u8>, Duration>>,
    /// How much later a signature was sent again, if one was.
    stale: Option<Duration>,
    /// For how long processes stalled, in total.
    paused: Duration,
    spelling: Spelling,
    /// A list that is read from long ago on, and grows.
    grown: Vec<String>,
}

impl fmt::Debug for World {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("World").finish_non_exhaustive()
    }
}

impl World {
    pub(crate) fn new(seed: u64, plan: &Plan, keep_trace: bool) -> Result<Arc<Self>> {
        let rates = plan.rates;
        let merchant = if plan.rich { "100000" } else { "60" };
        let others = [MATIC, ETH, BTC, XRP];
        let mut builder = Sandbox::builder()
            .strict()
            // The history's own spelling provides all other words.
            .setting(Setting::Spell {
                spelling: RecordSpelling::CwalletAsAsked,
                on: true,
            })
            .seed(seed)
            .start_time(START - if plan.reads_all { SPAN } else { 0 })
            .balance(USDT, merchant);
        for coin_id in others {
            builder = builder.balance(coin_id, "100000");
        }
        for user in USERS {
            for coin_id in [USDT, BTC, XRP] {
                builder = builder.user_balance(user, coin_id, "10000");
            }
        }
        let sandbox = builder.build()?;
        let mut grown = Vec::new();
        if plan.reads_all {
            // The last record is made just before anything happens.
            for _ in 0..OLDER {
                sandbox.advance(Duration::from_secs(SPAN / OLDER));
                grown.push(sandbox.auto_payout(ETH, "ETH", OLD, "2")?);
            }
        }
        let per_mille = u16::try_from(rates.gateway * 10)?;
        let mut among = Fault::every();
        let mut older = Vec::new();
        if plan.lists {
            among.retain(|fault| !fault_kinds::EMPTIED.contains(&fault_kinds::kind_of(*fault)));
        }
        if plan.walks {
            for _ in 0..RECORDS {
                older.push(sandbox.auto_payout(MATIC, CHAIN, RECEIVER, "2")?);
            }
            older.reverse();
        }
        sandbox.faults_by_seed(seed, per_mille, &among);
        Ok(Arc::new(Self {
            sandbox,
            older,
            start: now(),
            shared: Mutex::new(Shared {
                trace: Trace::new(keep_trace),
                random: fastrand::Rng::with_seed(seed ^ 0x006c_696e_6b73),
                rates,
                quiet: false,
                hits: BTreeMap::new(),
                shown: Duration::ZERO,
                links: Vec::new(),
                numbers: 0,
                signatures: plan.clocks_hold().then(BTreeMap::new),
                stale: None,
                paused: Duration::ZERO,
                spelling: plan.spelling.clone(),
                grown,
            }),
        }))
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn elapsed(&self) -> Duration {
        now().saturating_duration_since(self.start)
    }

    pub(crate) fn say(&self, what: fmt::Arguments<'_>) {
        let at = self.elapsed();
        self.shared().trace.say(at, what);
    }

    pub(crate) fn hit(&self, kind: &'static str) {
        *self.shared().hits.entry(kind).or_default() += 1;
    }

    pub(crate) fn has_hit(&self, kind: &'static str) -> bool {
        self.shared().hits.contains_key(kind)
    }

    /// Notes that a process stalls for this long.
    pub(crate) fn paused(&self, kind: &'static str, length: Duration) {
        self.hit(kind);
        self.say(format_args!("{kind}: {} ms", length.as_millis()));
        self.shared().paused += length;
    }

    /// For how long processes have stalled so far, in total.
    pub(crate) fn time_lost(&self) -> Duration {
        self.shared().paused
    }

    /// Whether nothing goes wrong any more.
    pub(crate) fn is_quiet(&self) -> bool {
        self.shared().quiet
    }

    /// Moves the gateway's clock on to the world's time.
    pub(crate) fn sync(&self) {
        let elapsed = self.elapsed();
        let behind = {
            let mut shared = self.shared();
            let behind = elapsed.saturating_sub(shared.shown);
            shared.shown = elapsed;
            behind
        };
        if !behind.is_zero() {
            self.sandbox.advance(behind);
        }
    }

    /// Ends all faults from now on; what is still on its way stays so.
    pub(crate) fn calm(&self) {
        {
            let mut shared = self.shared();
            shared.quiet = true;
            shared.spelling = shared.spelling.without_doubt();
        }
        self.sandbox.faults_by_seed(0, 0, &[]);
        self.say(format_args!("nothing goes wrong any more"));
    }

    pub(crate) async fn connect(this: &Arc<Self>, clock: MachineClock) -> io::Result<ClientEnd> {
        let (number, fate, latency) = {
            let mut shared = this.shared();
            shared.numbers += 1;
            let strikes = !shared.quiet && shared.random.u32(0..300) < shared.rates.link;
            let fate = strikes.then(|| shared.random.bool());
            (shared.numbers, fate, shared.latency())
        };
        pause(latency).await;
        match fate {
            Some(true) => {
                this.hit(fault_kinds::REFUSED);
                this.say(format_args!("link {number} is refused"));
                return Err(io::ErrorKind::ConnectionRefused.into());
            }
            Some(false) => {
                this.hit(fault_kinds::UNANSWERED);
                this.say(format_args!("link {number} is never made"));
                pause(Duration::from_secs(3600)).await;
                return Err(io::ErrorKind::TimedOut.into());
            }
            None => this.say(format_args!("link {number} is made")),
        }
        let (client, gateway) = Link::pair(this, clock, number);
        this.shared().links.push(client.link());
        let sandbox = this.sandbox.clone();
        tokio::spawn(async move { sandbox.serve_stream(gateway).await });
        Ok(client)
    }

    /// What happens to an exchange that begins with these bytes, and how long its bytes take.
    pub(crate) fn strike(
        &self,
        number: u32,
        clock: &MachineClock,
        bytes: &[u8],
    ) -> (Strike, Duration) {
        let elapsed = self.elapsed();
        let end = clock.deadline_of_last();
        let end = end.map(|end| end.saturating_duration_since(self.start));
        let route = route_in(bytes);
        let acts = route.is_some_and(|(route, _)| !is_read(route));
        let (strike, latency, refusal) = {
            let mut shared = self.shared();
            shared.signed(bytes, elapsed);
            let latency = shared.latency();
            if shared.quiet {
                return (Strike::Nothing, latency);
            }
            let (link, refusal) = (shared.rates.link, shared.rates.refusal);
            let strike = if shared.random.u32(0..100) < link {
                Strike::draw(&mut shared.random, acts, end)
            } else {
                Strike::Nothing
            };
            // While the first attempt is in doubt, the second is refused: the worst that can come.
            let refusal = if strike.leaves_doubt() {
                refusal.saturating_mul(4)
            } else {
                refusal
            };
            let refused = shared.random.u32(0..100) < refusal;
            let code = refused.then(|| shared.random.usize(..));
            (strike, latency, code)
        };
        if let Some(kind) = strike.kind() {
            self.hit(kind);
            self.say(format_args!("link {number}: {strike:?}"));
        }
        if let (Some(pick), Some((route, older))) = (refusal, route) {
            self.refuse(route, older, pick, strike.leaves_doubt());
        }
        (strike, latency)
    }

    /// Makes the gateway refuse the next call of a route that it would carry out.
    fn refuse(&self, route: &str, older: bool, pick: usize, second: bool) {
        let codes: &[(u32, &'static str)] = if older { &CODES_V1 } else { &CODES };
        let Some((code, kind)) = codes.get(pick % codes.len()).copied() else {
            return;
        };
        // Of v1, only `withdraw` can be refused with 224083.
        if older && route != "withdraw" && code != 224_066 {
            return;
        }
        match self.sandbox.fail_next(route, code) {
            Ok(()) => {
                self.hit(kind);
                if second {
                    self.hit(fault_kinds::SECOND_REFUSAL);
                }
                self.say(format_args!("the next {route} is refused with {code}"));
            }
            Err(error) => self.say(format_args!("{route} can't be refused: {error}")),
        }
    }

    /// The same answer in the words of this gateway, if it has words of its own.
    pub(crate) fn spell(&self, route: (&str, bool), answer: &[u8]) -> Option<Vec<u8>> {
        let spelling = self.shared().spelling.clone();
        if spelling.is_plain() {
            return None;
        }
        let (spelt, kinds) = spelling.of(&self.sandbox, route, answer)?;
        for kind in kinds {
            self.hit(kind);
        }
        Some(spelt)
    }

    /// Adds a record to the list that is read from long ago on; returns all its records.
    pub(crate) fn grow_list(&self) -> Vec<String> {
        self.sync();
        let made = self.sandbox.auto_payout(ETH, "ETH", OLD, "2");
        let mut shared = self.shared();
        shared.grown.extend(made);
        shared.grown.clone()
    }

    /// All records of the list that is read from long ago on.
    pub(crate) fn grown_list(&self) -> Vec<String> {
        self.shared().grown.clone()
    }

    /// Sets the gateway's spelling from now on.
    pub(crate) fn set_spelling(&self, spelling: Spelling) {
        self.shared().spelling = spelling;
    }

    /// Notes that bytes have come to an end of a link.
    pub(crate) fn arrived(&self, number: u32, up: bool, bytes: &[u8]) {
        if up {
            self.sync();
        }
        let mut hash = Hash::new();
        hash.add(bytes);
        let whom = if up { "gateway" } else { "client" };
        self.say(format_args!(
            "link {number}: the {whom} reads {} bytes, {:016x}: {}",
            bytes.len(),
            hash.value(),
            Gist(bytes)
        ));
    }

    /// Resets all connections, as a restart of the gateway or of its proxy does.
    pub(crate) fn reset_all(&self) {
        self.hit(fault_kinds::ALL_RESET);
        self.say(format_args!("every connection is reset"));
        let links = std::mem::take(&mut self.shared().links);
        for link in links.into_iter().filter(Link::is_open) {
            link.reset();
        }
    }

    /// How late a signature was sent again, if one was.
    pub(crate) fn stale(&self) -> Option<Duration> {
        self.shared().stale
    }

    /// The final trace, with everything that the sandbox says about the history.
    pub(crate) fn finish(&self) -> (Trace, BTreeMap<&'static str, u64>) {
        for request in self.sandbox.requests() {
            self.say(format_args!("{request:?}"));
        }
        for (fault, count) in self.sandbox.fault_hits() {
            *self
                .shared()
                .hits
                .entry(fault_kinds::kind_of(fault))
                .or_default() += count;
        }
        let mut shared = self.shared();
        shared.links.clear();
        let trace = std::mem::replace(&mut shared.trace, Trace::new(false));
        (trace, std::mem::take(&mut shared.hits))
    }
}

impl Shared {
    /// Checks that every attempt is signed afresh. Two within a second may have the same signature.
    fn signed(&mut self, bytes: &[u8], elapsed: Duration) {
        const NAME: &[u8] = b"\r\nsign: ";
        let Some(signatures) = &mut self.signatures else {
            return;
        };
        let at = bytes.windows(NAME.len()).position(|it| it == NAME);
        let rest = at.and_then(|at| bytes.get(at.saturating_add(NAME.len())..));
        let Some(sign) = rest.and_then(|rest| rest.split(|byte| *byte == b'\r').next()) else {
            return;
        };
        let first = *signatures.entry(sign.to_vec()).or_insert(elapsed);
        let later = elapsed.saturating_sub(first);
        if later > FRESH {
            self.stale = self.stale.max(Some(later));
        }
    }

    fn latency(&mut self) -> Duration {
        Duration::from_millis(self.random.u64(2..60))
    }
}

/// The route of a request, and whether it is one of the older API.
pub(crate) fn route_in(bytes: &[u8]) -> Option<(&str, bool)> {
    let line = bytes.split(|byte| *byte == b'\r').next()?;
    let path = std::str::from_utf8(line).ok()?.split(' ').nth(1)?;
    let (version, route) = path.strip_prefix("/ccpayment/")?.split_once('/')?;
    Some((route, version == "v1"))
}

fn is_read(route: &str) -> bool {
    route.starts_with("get") || route == "bill/info"
}

/// The beginning and the end of a message, which show what it is about.
struct Gist<'a>(&'a [u8]);

impl fmt::Display for Gist<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const HEAD: usize = 48;
        const TAIL: usize = 100;
        let head = self.0.get(..HEAD).unwrap_or(self.0);
        let tail = self.0.len().saturating_sub(TAIL).max(head.len());
        let tail = self.0.get(tail..).unwrap_or_default();
        write!(
            formatter,
            "{} .. {}",
            head.escape_ascii(),
            tail.escape_ascii()
        )
    }
}
