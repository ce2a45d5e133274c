//! Everything that the gateway remembers.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::model::address::Address;
use crate::model::address::Sweep;
use crate::model::batch::{Batch, Row};
use crate::model::caller_time::CallerTime;
use crate::model::chains::Chain;
use crate::model::deposit::{Deposit, LostPayment, Refund};
use crate::model::fault_plan::FaultPlan;
use crate::model::ids::Ids;
use crate::model::indexed_list::IndexedList;
use crate::model::invoice::Invoice;
use crate::model::ledger::Books;
use crate::model::order::Order;
use crate::model::outbox::Outbox;
use crate::model::payout::{Payout, Quote};
use crate::model::recent::Recent;
use crate::model::settings::Settings;
use crate::model::swap::Swap;
use crate::model::transfer::{BatchTransfer, Transfer};
use crate::model::v1::V1Records;
use crate::model::views::RequestView;

/// How many requests are remembered: more than a test makes, and little enough to keep.
const MOST_REQUESTS: usize = 100_000;

/// A change that time brings. A record that has ended meanwhile ignores it.
#[derive(Debug, Clone)]
pub(crate) enum Timer {
    /// A deposit has its confirmations.
    Confirm(String),
    /// A withdrawal is on its chain.
    Broadcast(String),
    /// A withdrawal has its confirmations.
    Settle(String),
    /// A batch goes on.
    Batch(String),
}

#[derive(Debug)]
pub(crate) struct State {
    /// The moment of the operation that is being applied.
    pub(crate) now: u64,
    /// Translates between the sandbox's times and the callers'.
    pub(crate) caller_time: CallerTime,
    /// The merchant's own id, which stands for the merchant where users are named.
    pub(crate) app_id: String,
    /// Where the pages to pay on are, without a slash at the end. Each start of the sandbox sets
    /// it; it is no part of the journal.
    pub(crate) public_url: String,
    pub(crate) settings: Settings,
    pub(crate) ids: Ids,
    pub(crate) books: Books,
    /// By address.
    pub(crate) addresses: IndexedList<Address>,
    /// The address that a reference or a user has on a chain, by the owner's key and the group of
    /// chains.
    pub(crate) permanent: HashMap<(String, &'static str), String>,
    /// How many of them references and users have.
    pub(crate) reference_addresses: usize,
    pub(crate) user_addresses: usize,
    pub(crate) users: BTreeSet<String>,
    /// By order id; invoices share the ids.
    pub(crate) orders: IndexedList<Order>,
    pub(crate) invoices: IndexedList<Invoice>,
    /// By record id.
    pub(crate) deposits: IndexedList<Deposit>,
    pub(crate) refunds: IndexedList<Refund>,
    /// Payments that the gateway overlooked, by transaction id.
    pub(crate) lost: BTreeMap<String, LostPayment>,
    /// By order id or user order id, and by record id.
    pub(crate) payouts: IndexedList<Payout>,
    pub(crate) quotes: BTreeMap<String, Quote>,
    pub(crate) transfers: IndexedList<Transfer>,
    pub(crate) batch_transfers: IndexedList<BatchTransfer>,
    pub(crate) swaps: IndexedList<Swap>,
    /// By the merchant's id.
    pub(crate) batches: IndexedList<Batch>,
    /// The rows of each batch, in order of arrival.
    pub(crate) rows: HashMap<String, IndexedList<Row>>,
    /// The batch of each row, by the row's record id.
    pub(crate) batch_of_row: HashMap<String, String>,
    pub(crate) sweeps: IndexedList<Sweep>,
    pub(crate) outbox: Outbox,
    pub(crate) v1: V1Records,
    pub(crate) faults: FaultPlan,
    /// Codes that the next calls of an operation are answered with.
    pub(crate) planned_codes: BTreeMap<String, Vec<u32>>,
    pub(crate) requests: Recent<RequestView, MOST_REQUESTS>,
    /// The second and the day of the last signed call, and how many there were in each.
    pub(crate) pace: [(u64, u32); 2],
    /// The address that each chain's withdrawals come from.
    wallets: BTreeMap<&'static str, String>,
    timers: BTreeMap<(u64, u64), Timer>,
    timers_set: u64,
}

impl State {
    pub(crate) fn new(app_id: String, seed: u64) -> Self {
        Self {
            now: 0,
            caller_time: CallerTime::default(),
            app_id,
            // `.invalid` never resolves, so that nobody is sent to a real page to pay on.
            public_url: "https://sandbox.invalid".to_owned(),
            settings: Settings::default(),
            ids: Ids::new(seed),
            books: Books::default(),
            addresses: IndexedList::default(),
            permanent: HashMap::new(),
            reference_addresses: 0,
            user_addresses: 0,
            users: BTreeSet::new(),
            orders: IndexedList::default(),
            invoices: IndexedList::default(),
            deposits: IndexedList::default(),
            refunds: IndexedList::default(),
            lost: BTreeMap::new(),
            payouts: IndexedList::default(),
            quotes: BTreeMap::new(),
            transfers: IndexedList::default(),
            batch_transfers: IndexedList::default(),
            swaps: IndexedList::default(),
            batches: IndexedList::default(),
            rows: HashMap::new(),
            batch_of_row: HashMap::new(),
            sweeps: IndexedList::default(),
            outbox: Outbox::default(),
            v1: V1Records::default(),
            faults: FaultPlan::default(),
            planned_codes: BTreeMap::new(),
            requests: Recent::default(),
            pace: [(0, 0); 2],
            wallets: BTreeMap::new(),
            timers: BTreeMap::new(),
            timers_set: 0,
        }
    }

    /// When a record begins to show what a notification tells now.
    pub(crate) fn readable_from(&self) -> u64 {
        self.now.saturating_add(self.settings.record_lag)
    }

    /// The URL of a page, from its kind and its key.
    pub(crate) fn page_url(&self, kind: &str, key: &str) -> String {
        format!("{}/{kind}/{key}", self.public_url)
    }

    /// The address that withdrawals on a chain come from.
    pub(crate) fn wallet(&mut self, chain: &'static Chain) -> String {
        let ids = &mut self.ids;
        self.wallets
            .entry(chain.symbol)
            .or_insert_with(|| ids.address(chain.family))
            .clone()
    }

    /// Sets a timer, unless the chains are manual.
    pub(crate) fn set_timer(&mut self, at: u64, timer: Timer) {
        if self.settings.manual_chain {
            return;
        }
        // The count keeps timers of the same second in the order in which they were set.
        self.timers_set = self.timers_set.saturating_add(1);
        self.timers.insert((at, self.timers_set), timer);
    }

    /// The next timer that is due by a moment, and when it was due.
    pub(crate) fn next_timer(&mut self, by: u64) -> Option<(u64, Timer)> {
        let entry = self.timers.first_entry()?;
        let (at, _) = *entry.key();
        (at <= by).then(|| (at, entry.remove()))
    }
}
