//! What is known about one order, and what its page makes of it.

use crate::money::{Money, fixed, plain, round_down};
use crate::page::{Checkout, Payable, Phase, Sent, Simulate};
use crate::state::{Order, State, Status, by_record};

/// One payment to an order.
#[derive(Debug, Clone)]
pub(super) struct Paid {
    pub(super) amount: Money,
    pub(super) status: Status,
    pub(super) flagged: bool,
    pub(super) tx_id: String,
    pub(super) at: u64,
}

#[derive(Debug, Clone)]
pub(super) struct Facts {
    /// Of its page, if it has one.
    pub(super) key: Option<String>,
    /// The first part of the page's path.
    pub(super) kind: &'static str,
    pub(super) title: String,
    pub(super) order_id: String,
    pub(super) price: Option<String>,
    pub(super) coin_id: u64,
    pub(super) symbol: &'static str,
    pub(super) chain: &'static str,
    pub(super) precision: u32,
    pub(super) confirms: u64,
    pub(super) amount: Money,
    pub(super) address: String,
    pub(super) memo: String,
    pub(super) expires_at: u64,
    pub(super) now: u64,
    pub(super) paid: Vec<Paid>,
}

impl Facts {
    pub(super) fn all(state: &State) -> Vec<Self> {
        state
            .orders
            .iter()
            .map(|order| Self::of(state, order))
            .collect()
    }

    pub(super) fn of_checkout(state: &State, key: &str) -> Option<Self> {
        let order = state
            .orders
            .iter()
            .find(|order| order.checkout.as_deref() == Some(key))?;
        Some(Self::of(state, order))
    }

    fn of(state: &State, order: &Order) -> Self {
        let paid = order
            .deposits
            .iter()
            .filter_map(|record_id| state.deposits.get(&by_record(record_id)))
            .map(|deposit| Paid {
                amount: deposit.amount.clone(),
                status: deposit.status,
                flagged: deposit.flagged,
                tx_id: deposit.tx_id.clone(),
                at: deposit.arrived_at,
            })
            .collect();
        Self {
            key: order.checkout.clone(),
            kind: "checkout",
            title: "Pay with crypto".to_owned(),
            order_id: order.order_id.clone(),
            price: order
                .fiat
                .as_ref()
                .map(|(_, symbol, _)| format!("{} {symbol}", plain(&order.price))),
            coin_id: order.coin.id,
            symbol: order.coin.symbol,
            chain: order.network.chain,
            precision: order.network.precision,
            confirms: order.network.confirms,
            amount: order.amount.clone(),
            address: order.address.clone(),
            memo: order.memo.clone(),
            expires_at: order.expired_at,
            now: state.clock.now(),
            paid,
        }
    }

    fn sum(&self, counts: impl Fn(&Paid) -> bool) -> Money {
        self.paid
            .iter()
            .filter(|paid| counts(paid))
            .fold(Money::default(), |sum, paid| sum + &paid.amount)
    }

    fn confirmed(&self) -> Money {
        self.sum(|paid| paid.status == Status::Success && !paid.flagged)
    }

    fn phase(&self) -> Phase {
        let confirmed = self.confirmed();
        let any = |counts: fn(&Paid) -> bool| self.paid.iter().any(counts);
        if confirmed > self.amount {
            Phase::Over(plain(&(confirmed - &self.amount)))
        } else if confirmed == self.amount {
            Phase::Paid
        } else if any(|paid| paid.status == Status::Processing) {
            Phase::Confirming
        } else if confirmed > Money::default() {
            Phase::Short(plain(&(&self.amount - confirmed)))
        } else if any(|paid| paid.flagged && paid.status == Status::Success) {
            Phase::Held
        } else if self.now > self.expires_at {
            Phase::Expired
        } else {
            Phase::Waiting
        }
    }

    fn simulate(&self) -> Simulate {
        let coming = self.sum(|paid| paid.status == Status::Processing && !paid.flagged);
        let missing = &self.amount - self.confirmed() - coming;
        if missing <= Money::default() {
            return Simulate::default();
        }
        let some = |amount: Money| (amount > Money::default()).then(|| plain(&amount));
        let least = fixed(1, i64::from(self.precision));
        let half = round_down(&(&missing * fixed(5, 1)), self.precision);
        let tenth = round_down(&(&missing * fixed(1, 1)), self.precision).max(least);
        Simulate {
            part: some(half),
            over: some(&missing + tenth),
            late: some(missing.clone()).filter(|_| self.now <= self.expires_at),
            exact: some(missing),
        }
    }

    pub(super) fn checkout(&self) -> Checkout {
        let sent: Vec<Sent> = self
            .paid
            .iter()
            .map(|paid| Sent {
                amount: plain(&paid.amount),
                tx_id: paid.tx_id.clone(),
                status: paid.status.as_str().to_owned(),
                risky: paid.flagged,
                at: paid.at,
            })
            .collect();
        let phase = self.phase();
        // Time alone changes nothing but the countdown, until the order expires.
        let mut version = format!("{}-{}", phase.word(), self.now > self.expires_at);
        for sent in &sent {
            version.push('-');
            version.push_str(&sent.status);
            version.push_str(if sent.risky { "!" } else { "" });
        }
        let key = self.key.as_deref().unwrap_or_default();
        Checkout {
            title: self.title.clone(),
            order_id: self.order_id.clone(),
            path: format!("/{}/{key}", self.kind),
            price: self.price.clone(),
            payable: Payable {
                symbol: self.symbol.to_owned(),
                chain: self.chain.to_owned(),
                amount: plain(&self.amount),
                address: self.address.clone(),
                memo: Some(self.memo.clone()).filter(|memo| !memo.is_empty()),
                confirms: self.confirms,
            },
            sent,
            phase,
            expires_at: self.expires_at,
            now: self.now,
            simulate: self.simulate(),
            version,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::parse;

    fn facts(amount: &str, paid: &[(&str, Status, bool)]) -> Facts {
        let money = |text: &str| parse(text).unwrap().value;
        Facts {
            key: Some("k".to_owned()),
            kind: "checkout",
            title: String::new(),
            order_id: "o".to_owned(),
            price: None,
            coin_id: 1280,
            symbol: "USDT",
            chain: "POLYGON",
            precision: 6,
            confirms: 1,
            amount: money(amount),
            address: "0x".to_owned(),
            memo: String::new(),
            expires_at: 100,
            now: 50,
            paid: paid
                .iter()
                .map(|(amount, status, flagged)| Paid {
                    amount: money(amount),
                    status: *status,
                    flagged: *flagged,
                    tx_id: String::new(),
                    at: 0,
                })
                .collect(),
        }
    }

    #[test]
    fn the_phase_follows_the_payments() {
        use Status::{Failed, Processing, Success};
        let phase = |paid: &[(&str, Status, bool)]| facts("20", paid).phase();
        assert_eq!(phase(&[]), Phase::Waiting);
        assert_eq!(phase(&[("20", Processing, false)]), Phase::Confirming);
        assert_eq!(phase(&[("20", Failed, false)]), Phase::Waiting);
        assert_eq!(
            phase(&[("7.5", Success, false)]),
            Phase::Short("12.5".to_owned())
        );
        assert_eq!(
            phase(&[("7.5", Success, false), ("12.5", Processing, false)]),
            Phase::Confirming
        );
        assert_eq!(phase(&[("20", Success, false)]), Phase::Paid);
        assert_eq!(
            phase(&[("20", Success, false), ("1", Success, false)]),
            Phase::Over("1".to_owned())
        );
        assert_eq!(phase(&[("20", Success, true)]), Phase::Held);
        let mut late = facts("20", &[]);
        late.now = 101;
        assert_eq!(late.phase(), Phase::Expired);
    }

    #[test]
    fn the_buttons_pay_what_the_chain_can_carry() {
        let amounts = |facts: Facts| {
            let simulate = facts.simulate();
            [simulate.exact, simulate.part, simulate.over, simulate.late]
                .map(Option::unwrap_or_default)
        };
        assert_eq!(amounts(facts("20", &[])), ["20", "10", "22", "20"]);
        assert_eq!(
            amounts(facts("0.000001", &[])),
            ["0.000001", "", "0.000002", "0.000001"]
        );
        assert_eq!(
            amounts(facts("20", &[("5", Status::Processing, false)])),
            ["15", "7.5", "16.5", "15"]
        );
        assert_eq!(
            amounts(facts("20", &[("20", Status::Success, false)])),
            ["", "", "", ""]
        );
        let mut late = facts("20", &[]);
        late.now = 101;
        assert_eq!(amounts(late), ["20", "10", "22", ""]);
    }
}
