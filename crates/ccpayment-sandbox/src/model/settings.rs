//! What the gateway's people and the market decide, and a merchant can't.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::model::chains::Chain;
use crate::model::coins::{Coin, Fiat, Network};
use crate::model::error::SandboxError;
use crate::model::money::{Money, parse};

/// What is known about an address that the sandbox did not make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum AddressKind {
    /// Nothing: it is paid like any other.
    Plain,
    /// Not activated on its chain (14002).
    Inactive,
    /// Belongs to another merchant of the gateway (14012 to pay, 17001 to release).
    OtherMerchant,
    /// A contract (14015).
    Contract,
    /// Not a plain data account (14016).
    NotAnAccount,
    /// Blacklisted (14017, in batches 14029).
    Blacklisted,
    /// Considered risky (14026).
    Risky,
}

/// How much the body of a request may differ from the documents.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    pub(crate) strict: bool,
    pub(crate) allow_unknown_fields: bool,
}

const DAY: u64 = 86_400;
/// The widest span of time that a document allows a list, and the default when none is given.
pub(crate) const WINDOW: u64 = 90 * DAY;

/// How the documented retry times of notifications are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum RetrySchedule {
    /// Seconds after the first attempt: over after 31.5 minutes.
    Offsets,
    /// Seconds after the attempt before: over after an hour.
    Gaps,
}

/// Another spelling of the records of v2; see [`Setting::Spell`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum RecordSpelling {
    /// A Cwallet account is named as it was asked for, by its e-mail address too, not by its id.
    CwalletAsAsked,
    /// Addresses that begin with `0x` are in small letters.
    AddressesInSmall,
    /// A chain goes by its full name, such as `Polygon`.
    ChainsByName,
    /// A memo that is a number has lost the zeros before it.
    MemosAsNumbers,
    /// Amounts have 24 decimals, as in the records of swaps.
    PaddedAmounts,
    /// A withdrawal's amount is what the receiver gets, without the fee in the same coin.
    NetAmounts,
}

/// One thing to set; see [`Sandbox::set`](crate::Sandbox::set).
///
/// Codes in parentheses are the refusals that a setting leads to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub enum Setting {
    /// Refuses every field that the documents don't have, or have with another type; off at first.
    ///
    /// Without it, requests are read as the gateway's own clients send them. `null` means not set;
    /// in a field that may be left out, so do `0`, `""` and `[]`. A body `[]` is a request without
    /// fields. Types, names and fields that only some documents or official clients have are taken
    /// or ignored. Lists without a documented maximum take a span of 365 days. What is let pass is
    /// a [`RequestWarning`](crate::RequestWarning) in the request's log and in the header
    /// `X-Sandbox-Warning` of its answer.
    Strict(bool),
    /// Ignores a field that nobody documents instead of refusing it; off at first, since such a
    /// field is mostly a typing error. It counts where [`Setting::Strict`] is off.
    AllowUnknownFields(bool),
    /// Nothing on the chains happens by time: deposits, withdrawals and batches wait for
    /// [`confirm`](crate::Sandbox::confirm), [`settle_payouts`](crate::Sandbox::settle_payouts) and
    /// the like. It counts for what begins after it was set. The admin API calls it `ChainByHand`.
    #[serde(rename = "ChainByHand")]
    ManualChain(bool),
    /// How the retry times are read; offsets at first.
    Retries(RetrySchedule),
    /// Whether a repeated notification is signed afresh, as at first, or carries the timestamp and
    /// the signature of its first attempt.
    SignRetriesAfresh(bool),
    /// How many seconds after a notification the record shows the same; 0 at first. Until then, a
    /// deposit has no record, or a record has its status from before.
    RecordLag(u64),
    /// Whether the records of v2 use another spelling; none at first.
    Spell {
        /// The spelling.
        spelling: RecordSpelling,
        /// On or off.
        on: bool,
    },
    /// Every signed call is refused with this code, such as 12000, 12002, 12003, 11013 or 11014.
    RefuseEverything(Option<u32>),
    /// How many signed calls one second takes (11004).
    CallsPerSecond(Option<u32>),
    /// How many signed calls a day takes, by UTC (11009).
    CallsPerDay(Option<u32>),
    /// How many swaps a day takes, by UTC (16004).
    SwapsPerDay(Option<u32>),
    /// Withdrawals (14020) and swaps (14021) need an IP allow list that nobody set up.
    AllowListMissing(bool),
    /// Whether the account may withdraw (14018).
    Withdrawals(bool),
    /// Whether the account may swap (16005).
    Swaps(bool),
    /// Whether the account may transfer to Cwallet (11017).
    Cwallet(bool),
    /// Sweeping fees are unpaid: no withdrawals (14014).
    SweepingDebt(bool),
    /// One withdrawal may have 10 coins (14023), all together 100 of a coin (14022).
    TestMode(bool),
    /// How many permanent addresses each of the two routes hands out (15001).
    AddressLimit(usize),
    /// Withdrawals and batches of this coin above the amount wait for
    /// [`approve`](crate::Sandbox::approve) or [`reject`](crate::Sandbox::reject).
    ApprovalAbove {
        /// The coin.
        coin_id: u64,
        /// Decimal text.
        amount: String,
    },
    /// `Normal`, `Maintain` (no withdrawals), `Pre-delisting` (no deposits) or `Delisted` (13005).
    CoinStatus {
        /// The coin.
        coin_id: u64,
        /// The status.
        status: String,
    },
    /// Whether the merchant has switched the coin on (14010).
    CoinOn {
        /// The coin.
        coin_id: u64,
        /// On or off.
        on: bool,
    },
    /// The price in US dollars.
    CoinPrice {
        /// The coin.
        coin_id: u64,
        /// Decimal text above zero.
        usd: String,
    },
    /// The price looks wrong: no quotes and orders in fiat (13002), and network fees only on top
    /// (13003).
    PriceAbnormal {
        /// The coin.
        coin_id: u64,
        /// Wrong or right again.
        abnormal: bool,
    },
    /// Whether the coin may be swapped (13006); one that never is has 16001.
    CoinSwaps {
        /// The coin.
        coin_id: u64,
        /// On or off.
        on: bool,
    },
    /// Whether the chain hands out deposit addresses (15003).
    ChainDeposits {
        /// The chain symbol.
        chain: String,
        /// Open or closed.
        open: bool,
    },
    /// Whether the chain takes withdrawals (14004).
    ChainWithdrawals {
        /// The chain symbol.
        chain: String,
        /// Open or closed.
        open: bool,
    },
    /// The chain is unstable: withdrawals pause (13004).
    ChainUnstable {
        /// The chain symbol.
        chain: String,
        /// Unstable or stable again.
        unstable: bool,
    },
    /// The network fee; a withdrawal that names an older and lower quote is refused (14001).
    NetworkFee {
        /// The coin that is withdrawn.
        coin_id: u64,
        /// The chain symbol.
        chain: String,
        /// Decimal text.
        amount: String,
    },
    /// The network fee is charged in another coin of the merchant, on top (14011).
    FeeCoin {
        /// The coin that is withdrawn.
        coin_id: u64,
        /// The chain symbol.
        chain: String,
        /// The coin that pays.
        fee_coin_id: u64,
    },
    /// What is known about an address.
    Address {
        /// The address.
        address: String,
        /// What it is.
        kind: AddressKind,
    },
}

/// Everything that was set.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) strict: bool,
    pub(crate) allow_unknown_fields: bool,
    pub(crate) manual_chain: bool,
    pub(crate) retries: RetrySchedule,
    pub(crate) sign_afresh: bool,
    pub(crate) record_lag: u64,
    spellings: BTreeSet<RecordSpelling>,
    pub(crate) refuse: Option<u32>,
    pub(crate) per_second: Option<u32>,
    pub(crate) per_day: Option<u32>,
    pub(crate) swaps_per_day: Option<u32>,
    pub(crate) allow_list_missing: bool,
    pub(crate) withdrawals: bool,
    pub(crate) swaps: bool,
    pub(crate) cwallet: bool,
    pub(crate) sweeping_debt: bool,
    pub(crate) test_mode: bool,
    pub(crate) address_limit: usize,
    approval: BTreeMap<u64, Money>,
    coin_status: BTreeMap<u64, String>,
    coins_off: BTreeSet<u64>,
    prices: BTreeMap<u64, Money>,
    abnormal: BTreeSet<u64>,
    swap_stopped: BTreeSet<u64>,
    no_deposits: BTreeSet<String>,
    no_withdrawals: BTreeSet<String>,
    unstable: BTreeSet<String>,
    fees: BTreeMap<(u64, String), Money>,
    fee_coins: BTreeMap<(u64, String), u64>,
    kinds: BTreeMap<String, AddressKind>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            strict: false,
            allow_unknown_fields: false,
            manual_chain: false,
            retries: RetrySchedule::Offsets,
            sign_afresh: true,
            record_lag: 0,
            spellings: BTreeSet::new(),
            refuse: None,
            per_second: None,
            per_day: None,
            swaps_per_day: None,
            allow_list_missing: false,
            withdrawals: true,
            swaps: true,
            cwallet: true,
            sweeping_debt: false,
            test_mode: false,
            address_limit: 1_000,
            approval: BTreeMap::new(),
            coin_status: BTreeMap::new(),
            coins_off: BTreeSet::new(),
            prices: BTreeMap::new(),
            abnormal: BTreeSet::new(),
            swap_stopped: BTreeSet::new(),
            no_deposits: BTreeSet::new(),
            no_withdrawals: BTreeSet::new(),
            unstable: BTreeSet::new(),
            fees: BTreeMap::new(),
            fee_coins: BTreeMap::new(),
            kinds: BTreeMap::new(),
        }
    }
}

impl Settings {
    pub(crate) fn set(&mut self, setting: Setting) -> Result<(), SandboxError> {
        match setting {
            Setting::Strict(on) => self.strict = on,
            Setting::AllowUnknownFields(on) => self.allow_unknown_fields = on,
            Setting::ManualChain(on) => self.manual_chain = on,
            Setting::Retries(reading) => self.retries = reading,
            Setting::SignRetriesAfresh(on) => self.sign_afresh = on,
            Setting::RecordLag(seconds) => self.record_lag = seconds,
            Setting::Spell { spelling, on } => toggle(&mut self.spellings, spelling, on),
            Setting::RefuseEverything(code) => self.refuse = code,
            Setting::CallsPerSecond(most) => self.per_second = most,
            Setting::CallsPerDay(most) => self.per_day = most,
            Setting::SwapsPerDay(most) => self.swaps_per_day = most,
            Setting::AllowListMissing(on) => self.allow_list_missing = on,
            Setting::Withdrawals(on) => self.withdrawals = on,
            Setting::Swaps(on) => self.swaps = on,
            Setting::Cwallet(on) => self.cwallet = on,
            Setting::SweepingDebt(on) => self.sweeping_debt = on,
            Setting::TestMode(on) => self.test_mode = on,
            Setting::AddressLimit(limit) => self.address_limit = limit,
            Setting::ApprovalAbove { coin_id, amount } => {
                _ = self.approval.insert(coin(coin_id)?, money(&amount)?);
            }
            Setting::CoinStatus { coin_id, status } => {
                _ = self.coin_status.insert(coin(coin_id)?, status);
            }
            Setting::CoinOn { coin_id, on } => toggle(&mut self.coins_off, coin(coin_id)?, !on),
            Setting::CoinPrice { coin_id, usd } => {
                let price = money(&usd)?;
                if price <= Money::default() {
                    return Err(invalid(&usd, "must be above zero"));
                }
                self.prices.insert(coin(coin_id)?, price);
            }
            Setting::PriceAbnormal { coin_id, abnormal } => {
                toggle(&mut self.abnormal, coin(coin_id)?, abnormal);
            }
            Setting::CoinSwaps { coin_id, on } => {
                toggle(&mut self.swap_stopped, coin(coin_id)?, !on);
            }
            Setting::ChainDeposits { chain, open } => {
                toggle(&mut self.no_deposits, known_chain(chain)?, !open);
            }
            Setting::ChainWithdrawals { chain, open } => {
                toggle(&mut self.no_withdrawals, known_chain(chain)?, !open);
            }
            Setting::ChainUnstable { chain, unstable } => {
                toggle(&mut self.unstable, known_chain(chain)?, unstable);
            }
            Setting::NetworkFee {
                coin_id,
                chain,
                amount,
            } => {
                let key = (coin(coin_id)?, known_chain(chain)?);
                self.fees.insert(key, money(&amount)?);
            }
            Setting::FeeCoin {
                coin_id,
                chain,
                fee_coin_id,
            } => {
                let key = (coin(coin_id)?, known_chain(chain)?);
                self.fee_coins.insert(key, coin(fee_coin_id)?);
            }
            Setting::Address { address, kind } => {
                _ = self.kinds.insert(address.to_ascii_lowercase(), kind);
            }
        }
        Ok(())
    }

    /// The widest span of time of a list without a documented maximum. In the default reading it is
    /// a year, because the sample of one such list asks for a year.
    pub(crate) fn widest_span(&self) -> u64 {
        if self.strict { WINDOW } else { 365 * DAY }
    }

    pub(crate) fn reading(&self) -> Reading {
        Reading {
            strict: self.strict,
            allow_unknown_fields: self.allow_unknown_fields,
        }
    }

    pub(crate) fn spells(&self, spelling: RecordSpelling) -> bool {
        self.spellings.contains(&spelling)
    }

    /// Whether all records use the plain spelling.
    pub(crate) fn spells_plainly(&self) -> bool {
        self.spellings.is_empty()
    }

    pub(crate) fn status(&self, coin: &Coin) -> &str {
        self.coin_status
            .get(&coin.id)
            .map_or("Normal", String::as_str)
    }

    pub(crate) fn is_on(&self, coin: &Coin) -> bool {
        !self.coins_off.contains(&coin.id)
    }

    pub(crate) fn price(&self, coin: &Coin) -> Money {
        self.prices
            .get(&coin.id)
            .cloned()
            .unwrap_or_else(|| coin.usd_price())
    }

    /// Units of the currency for one coin.
    pub(crate) fn fiat_rate(&self, fiat: &Fiat, coin: &Coin) -> Money {
        self.price(coin) * fiat.usd_rate()
    }

    pub(crate) fn is_abnormal(&self, coin: &Coin) -> bool {
        self.abnormal.contains(&coin.id)
    }

    pub(crate) fn swap_stopped(&self, coin: &Coin) -> bool {
        self.swap_stopped.contains(&coin.id)
    }

    pub(crate) fn chain_status(&self, chain: &Chain) -> &'static str {
        let down = self.unstable.contains(chain.symbol)
            || self.no_withdrawals.contains(chain.symbol)
            || self.no_deposits.contains(chain.symbol);
        if down { "Maintenance" } else { "Normal" }
    }

    pub(crate) fn takes_deposits(&self, chain: &Chain) -> bool {
        !self.no_deposits.contains(chain.symbol)
    }

    pub(crate) fn takes_withdrawals(&self, chain: &Chain) -> bool {
        !self.no_withdrawals.contains(chain.symbol)
    }

    pub(crate) fn is_unstable(&self, chain: &Chain) -> bool {
        self.unstable.contains(chain.symbol)
    }

    pub(crate) fn network_fee(&self, coin: &Coin, network: &Network) -> Money {
        self.fees
            .get(&(coin.id, network.on.symbol.to_owned()))
            .cloned()
            .unwrap_or_else(|| network.withdrawal_fee())
    }

    pub(crate) fn fee_coin(&self, coin: &'static Coin, network: &Network) -> &'static Coin {
        self.fee_coins
            .get(&(coin.id, network.on.symbol.to_owned()))
            .and_then(|id| Coin::find(*id))
            .unwrap_or(coin)
    }

    pub(crate) fn kind(&self, address: &str) -> AddressKind {
        self.kinds
            .get(&address.to_ascii_lowercase())
            .copied()
            .unwrap_or(AddressKind::Plain)
    }

    pub(crate) fn needs_approval(&self, coin: &Coin, amount: &Money) -> bool {
        self.approval
            .get(&coin.id)
            .is_some_and(|threshold| amount > threshold)
    }
}

fn toggle<T: Ord>(set: &mut BTreeSet<T>, item: T, present: bool) {
    if present {
        set.insert(item);
    } else {
        set.remove(&item);
    }
}

fn coin(id: u64) -> Result<u64, SandboxError> {
    Coin::find(id)
        .map(|coin| coin.id)
        .ok_or(SandboxError::UnknownCoin(id))
}

fn known_chain(symbol: String) -> Result<String, SandboxError> {
    match Chain::find(&symbol) {
        Some(_) => Ok(symbol),
        None => Err(SandboxError::UnknownChain(symbol)),
    }
}

fn money(text: &str) -> Result<Money, SandboxError> {
    let value = parse(text).map_err(|rule| invalid(text, rule))?.value;
    if value < Money::default() {
        return Err(invalid(text, "must not be negative"));
    }
    Ok(value)
}

pub(crate) fn invalid(amount: &str, reason: &str) -> SandboxError {
    SandboxError::InvalidAmount {
        amount: amount.chars().take(40).collect(),
        reason: reason.to_owned(),
    }
}
