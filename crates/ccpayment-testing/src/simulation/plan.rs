//! `Plan`, the events that a seed draws.

use std::time::Duration;

use ccpayment_client::core::{
    Address, Amount, AmountError, Chain, CoinId, FiatId, OrderId, PriceIn, Timestamp,
};

use super::merchant::{Bill, PayoutRequest, Sale};
use super::time::START;

pub(super) const USDT: u64 = 1280;
const CHAIN: &str = "POLYGON";
const USD: FiatId = FiatId::new(1033);
/// What a customer may choose to pay an invoice with.
const CHOICES: [(u64, &str); 4] = [(USDT, CHAIN), (USDT, "TRX"), (1486, "XRP"), (1, "BTC")];
/// What the merchant has at first.
pub(super) const BALANCE: &str = "1000";

/// What becomes of a payment on its chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Confirmed,
    Flagged,
    Failed,
}

/// One payment of a sale.
#[derive(Debug, Clone)]
pub(super) struct Payment {
    /// How long after the address was there.
    pub(super) after: Duration,
    pub(super) amount: String,
    pub(super) fate: Fate,
}

/// One payment of a bill: what is due then, in this coin on this chain.
#[derive(Debug, Clone, Copy)]
pub(super) struct Choice {
    /// How long after the invoice was there.
    pub(super) after: Duration,
    pub(super) coin: (u64, &'static str),
    pub(super) fate: Fate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// The customer wants to buy: the place of the sale in the plan.
    Sell(usize),
    /// The customer wants an invoice: the place of the bill in the plan.
    Bill(usize),
    /// Somebody asks for money: the place of the payout request in the plan.
    PayOut(usize),
    /// A thief posts a notification.
    Forge,
    /// The merchant's process is killed.
    Crash,
    /// The gateway looks for notifications that are due.
    Deliver,
    /// The merchant's background work.
    Work,
    /// Somebody presses the button to send a notification again.
    Resend,
}

pub(super) struct Plan {
    pub(super) sales: Vec<(Sale, Vec<Payment>)>,
    pub(super) bills: Vec<(Bill, Vec<Choice>)>,
    pub(super) payout_requests: Vec<PayoutRequest>,
    pub(super) events: Vec<(Duration, Event)>,
    /// When the merchant can't be reached.
    pub(super) outage: Option<(Duration, Duration)>,
    /// When the gateway can't be reached.
    pub(super) network_outage: Option<(Duration, Duration)>,
    pub(super) network_faults_percent: u32,
    /// Each of these four is how many of a hundred deliveries.
    pub(super) duplicates_percent: u32,
    pub(super) unreached_percent: u32,
    pub(super) answers_lost_percent: u32,
    pub(super) delayed_percent: u32,
    /// Of a hundred records, how many are shown as they were for a while after they have ended.
    pub(super) lags_percent: u32,
    /// Of a hundred of the merchant's methods, how many are cut short by a crash.
    pub(super) crash_percent: u32,
}

impl Plan {
    pub(super) fn draw(
        random: &mut fastrand::Rng,
        bills_too: bool,
        pays_out: bool,
    ) -> Result<Self, AmountError> {
        let mut events = Vec::new();
        let mut at = |random: &mut fastrand::Rng, event| {
            events.push((Duration::from_millis(random.u64(1_000..600_000)), event));
        };
        let mut sales = Vec::new();
        for number in 0..random.usize(1..=3) {
            at(random, Event::Sell(number));
            let cents = random.u64(100..20_000);
            let sale = Sale {
                order_id: OrderId::new(format!("sale-{}", number + 1)),
                coin_id: CoinId::new(USDT),
                chain: Chain::new(CHAIN),
                price: money(cents).parse()?,
                expires_at: Timestamp::new(START + 1_800),
            };
            sales.push((sale, payments(random, cents)));
        }
        let mut bills = Vec::new();
        for number in 0..if bills_too { random.usize(0..=2) } else { 0 } {
            at(random, Event::Bill(number));
            let bill = Bill {
                order_id: OrderId::new(format!("bill-{}", number + 1)),
                price: money(random.u64(100..20_000)).parse()?,
                price_in: PriceIn::Fiat(USD),
                expires_at: Timestamp::new(START + 1_800),
            };
            bills.push((bill, choices(random)));
        }
        let mut payout_requests = Vec::new();
        for number in 0..if pays_out { random.usize(1..=3) } else { 0 } {
            at(random, Event::PayOut(number));
            payout_requests.push(payout_request(random, number)?);
        }
        for _ in 0..random.usize(1..=2) {
            at(random, Event::Forge);
        }
        for _ in 0..random.usize(0..=1) {
            at(random, Event::Crash);
        }
        for _ in 0..random.usize(0..=3) {
            at(random, Event::Resend);
        }
        let outage = (random.u32(0..4) == 0).then(|| {
            let begin = random.u64(0..600);
            // Some are longer than the gateway goes on trying.
            let end = begin + random.u64(60..4_000);
            (Duration::from_secs(begin), Duration::from_secs(end))
        });
        let network_outage = (random.u32(0..3) == 0).then(|| {
            let begin = random.u64(0..600_000);
            // Seconds, or longer than a client goes on trying.
            let longest = if random.bool() { 10_000 } else { 300_000 };
            let end = begin + random.u64(2_000..longest);
            (Duration::from_millis(begin), Duration::from_millis(end))
        });
        let mut one_of = |choices: [u32; 4]| choices.get(random.usize(0..4)).copied().unwrap_or(0);
        Ok(Self {
            sales,
            bills,
            payout_requests,
            events,
            outage,
            network_outage,
            network_faults_percent: one_of([0, 5, 15, 30]),
            duplicates_percent: one_of([0, 10, 30, 60]),
            unreached_percent: one_of([0, 10, 30, 60]),
            answers_lost_percent: one_of([0, 10, 30, 60]),
            delayed_percent: one_of([0, 10, 30, 60]),
            lags_percent: one_of([0, 10, 30, 60]),
            crash_percent: one_of([0, 0, 5, 15]),
        })
    }
}

fn money(cents: u64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// In full, in parts, too much, twice, too late, or not at all.
fn payments(random: &mut fastrand::Rng, cents: u64) -> Vec<Payment> {
    let part = (cents / 3).max(1);
    let amounts = match random.u32(0..9) {
        0..=3 => vec![cents],
        4 => vec![part, cents - part],
        5 => vec![part],
        6 => vec![cents + 50],
        7 => vec![cents, cents],
        _ => vec![],
    };
    let is_late = random.u32(0..8) == 0;
    let mut after = Duration::from_secs(if is_late { 1_900 } else { 0 });
    let mut payments = Vec::new();
    for cents in amounts {
        after += Duration::from_secs(random.u64(5..120));
        payments.push(Payment {
            after,
            amount: money(cents),
            fate: fate(random),
        });
    }
    payments
}

fn fate(random: &mut fastrand::Rng) -> Fate {
    match random.u32(0..10) {
        0..=1 => Fate::Flagged,
        2 => Fate::Failed,
        _ => Fate::Confirmed,
    }
}

/// Once, twice in two coins, or not at all.
fn choices(random: &mut fastrand::Rng) -> Vec<Choice> {
    let mut after = Duration::ZERO;
    let mut choices = Vec::new();
    for _ in 0..random.usize(0..=2) {
        after += Duration::from_secs(random.u64(5..120));
        choices.push(Choice {
            after,
            coin: *random.choice(&CHOICES).unwrap_or(&(USDT, CHAIN)),
            fate: fate(random),
        });
    }
    choices
}

fn payout_request(random: &mut fastrand::Rng, number: usize) -> Result<PayoutRequest, AmountError> {
    // One in eight is more than there is; the gateway refuses it.
    let amount = if random.u32(0..8) == 0 {
        money(random.u64(1_000_000..2_000_000))
    } else {
        money(random.u64(500..10_000))
    };
    let address: String = (0..40).map(|_| random.digit(16)).collect();
    Ok(PayoutRequest {
        id: format!("request-{}", number + 1),
        coin_id: CoinId::new(USDT),
        chain: Chain::new(CHAIN),
        address: Address::new(format!("0x{address}")),
        amount: amount.parse::<Amount>()?,
    })
}
