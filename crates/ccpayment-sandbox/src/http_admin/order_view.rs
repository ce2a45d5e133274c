//! One order or invoice as its page and the admin API show it: what is due, paid and left to pay.

use crate::model::coins::{COINS, Network};
use crate::model::indexed_list::by_record;
use crate::model::invoice::Invoice;
use crate::model::money::{Money, as_written, divide_down, divide_up, fixed, plain, round_down};
use crate::model::order::Order;
use crate::model::payment_uri::payment_uri;
use crate::model::record::Status;
use crate::rules::invoices;
use crate::state::State;
use crate::templates::{Checkout, Choice, Payable, Phase, Sent, Simulate};

/// The two kinds of pages to pay on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PageKind {
    Checkout,
    Invoice,
}

impl PageKind {
    pub(super) fn find(name: &str) -> Option<Self> {
        [Self::Checkout, Self::Invoice]
            .into_iter()
            .find(|kind| kind.name() == name)
    }

    /// The first part of the path.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Checkout => "checkout",
            Self::Invoice => "invoice",
        }
    }
}

/// One payment.
#[derive(Debug, Clone)]
pub(super) struct Paid {
    pub(super) amount: Money,
    pub(super) symbol: &'static str,
    /// In the unit that the order is counted in.
    pub(super) worth: Money,
    pub(super) status: Status,
    pub(super) flagged: bool,
    pub(super) tx_id: String,
    pub(super) at: u64,
}

/// The coin, chain and address that it is paid with, once they are settled.
#[derive(Debug, Clone)]
pub(super) struct PaymentMethod {
    pub(super) coin_id: u64,
    pub(super) symbol: &'static str,
    pub(super) chain: &'static str,
    pub(super) network: &'static Network,
    pub(super) amount: Money,
    pub(super) address: String,
    pub(super) memo: String,
}

#[derive(Debug, Clone)]
pub(super) struct OrderView {
    pub(super) kind: PageKind,
    /// Of its page, if it has one.
    pub(super) key: Option<String>,
    pub(super) title: String,
    pub(super) order_id: String,
    /// For people, if it is not in the coin that is paid.
    pub(super) price: Option<String>,
    /// The sum that is due: the price of an invoice, the coins of an order.
    pub(super) due: Money,
    pub(super) method: Option<PaymentMethod>,
    pub(super) choices: Vec<Choice>,
    pub(super) return_url: Option<String>,
    /// Times as callers are told them.
    pub(super) created_at: u64,
    pub(super) expires_at: u64,
    pub(super) now: u64,
    pub(super) expired: bool,
    pub(super) paid: Vec<Paid>,
}

impl OrderView {
    pub(super) fn all(state: &State) -> Vec<Self> {
        let orders = state
            .orders
            .iter()
            .map(|order| Self::of_order(state, order));
        let invoices = state.invoices.iter();
        let mut all: Vec<Self> = orders
            .chain(invoices.map(|invoice| Self::of_invoice(state, invoice)))
            .collect();
        all.sort_by_key(|view| view.created_at);
        all
    }

    /// By the key of its page.
    pub(super) fn find(state: &State, kind: PageKind, key: &str) -> Option<Self> {
        match kind {
            PageKind::Checkout => state
                .orders
                .iter()
                .find(|order| order.page.as_deref() == Some(key))
                .map(|order| Self::of_order(state, order)),
            PageKind::Invoice => state
                .invoices
                .iter()
                .find(|invoice| invoice.page == key)
                .map(|invoice| Self::of_invoice(state, invoice)),
        }
    }

    fn of_order(state: &State, order: &Order) -> Self {
        let method = PaymentMethod {
            coin_id: order.coin.id,
            symbol: order.coin.symbol,
            chain: order.network.on.symbol,
            network: order.network,
            amount: order.amount.clone(),
            address: order.address.clone(),
            memo: order.memo.clone(),
        };
        let paid = order.deposits.iter();
        Self {
            kind: PageKind::Checkout,
            key: order.page.clone(),
            title: order
                .product
                .clone()
                .unwrap_or_else(|| "Pay with crypto".to_owned()),
            order_id: order.order_id.clone(),
            price: order
                .fiat
                .as_ref()
                .map(|(fiat, _)| format!("{} {}", as_written(&order.price), fiat.symbol)),
            due: order.amount.clone(),
            method: Some(method),
            choices: Vec::new(),
            return_url: order.return_url.clone(),
            created_at: state.caller_time.told(order.created_at),
            expires_at: state.caller_time.told(order.expired_at),
            now: state.caller_time.told(state.now),
            expired: state.now > order.expired_at,
            paid: paid.filter_map(|id| paid_one(state, id, None)).collect(),
        }
    }

    fn of_invoice(state: &State, invoice: &Invoice) -> Self {
        let method = invoice.picked.as_ref().map(|picked| PaymentMethod {
            coin_id: picked.coin.id,
            symbol: picked.coin.symbol,
            chain: picked.network.on.symbol,
            network: picked.network,
            amount: picked.amount.clone(),
            address: picked.address.clone(),
            memo: picked.memo.clone(),
        });
        let mut choices = Vec::new();
        for coin in COINS {
            for network in coin.networks {
                if let Ok(amount) = invoices::offer(state, invoice, coin, network) {
                    choices.push(Choice {
                        coin_id: coin.id,
                        symbol: coin.symbol.to_owned(),
                        chain: network.on.symbol.to_owned(),
                        amount: plain(&amount),
                    });
                }
            }
        }
        let paid = invoice.deposits.iter();
        Self {
            kind: PageKind::Invoice,
            key: Some(invoice.page.clone()),
            title: invoice
                .product
                .clone()
                .unwrap_or_else(|| "Invoice".to_owned()),
            order_id: invoice.order_id.clone(),
            price: Some(format!(
                "{} {}",
                as_written(&invoice.price),
                invoice.currency.symbol()
            )),
            due: invoice.price.clone(),
            method,
            choices,
            return_url: invoice.return_url.clone(),
            created_at: state.caller_time.told(invoice.created_at),
            expires_at: state.caller_time.told(invoice.expired_at),
            now: state.caller_time.told(state.now),
            expired: state.now > invoice.expired_at,
            paid: paid
                .filter_map(|(id, worth)| paid_one(state, id, Some(&worth.value)))
                .collect(),
        }
    }

    pub(super) fn path(&self) -> String {
        format!(
            "/{}/{}",
            self.kind.name(),
            self.key.as_deref().unwrap_or_default()
        )
    }

    fn sum(&self, counts: impl Fn(&Paid) -> bool) -> Money {
        self.paid
            .iter()
            .filter(|paid| counts(paid))
            .fold(Money::default(), |sum, paid| sum + &paid.worth)
    }

    fn confirmed(&self) -> Money {
        self.sum(|paid| paid.status == Status::Success && !paid.flagged)
    }

    /// A part of the due sum in coins, rounded up or down to what the chain can carry.
    fn in_coins(&self, part: &Money, up: bool) -> Option<Money> {
        let method = self.method.as_ref()?;
        let divide = if up { divide_up } else { divide_down };
        divide(
            &(&method.amount * part),
            &self.due,
            method.network.precision,
        )
        .filter(|coins| *coins > Money::default())
    }

    pub(super) fn phase(&self) -> Phase {
        let confirmed = self.confirmed();
        let any = |counts: fn(&Paid) -> bool| self.paid.iter().any(counts);
        if confirmed >= self.due {
            // Less than the smallest coin is the rounding of a price, not a surplus.
            return match self.in_coins(&(confirmed - &self.due), false) {
                Some(surplus) => Phase::Over(plain(&surplus)),
                None => Phase::Paid,
            };
        }
        if any(|paid| paid.status == Status::Processing) {
            Phase::Confirming
        } else if confirmed > Money::default() {
            let missing = self.in_coins(&(&self.due - confirmed), true);
            Phase::Short(plain(&missing.unwrap_or_default()))
        } else if any(|paid| paid.flagged && paid.status == Status::Success) {
            Phase::Held
        } else if self.expired {
            Phase::Expired
        } else {
            Phase::Waiting
        }
    }

    /// What is left to send, in coins.
    fn missing(&self) -> Option<Money> {
        let coming = self.sum(|paid| paid.status == Status::Processing && !paid.flagged);
        let missing = &self.due - self.confirmed() - coming;
        if missing <= Money::default() {
            return None;
        }
        self.in_coins(&missing, true)
    }

    fn simulate(&self, precision: u32) -> Simulate {
        let Some(missing) = self.missing() else {
            return Simulate::default();
        };
        let some = |amount: Money| (amount > Money::default()).then(|| plain(&amount));
        let least = fixed(1, i64::from(precision));
        let half = round_down(&(&missing * fixed(5, 1)), precision);
        let tenth = round_down(&(&missing * fixed(1, 1)), precision).max(least);
        Simulate {
            part: some(half),
            over: some(&missing + tenth),
            late: some(missing.clone()).filter(|_| !self.expired),
            exact: some(missing),
        }
    }

    /// Changes whenever the page would. Time alone changes nothing but the countdown, until the
    /// order expires.
    pub(super) fn version(&self) -> String {
        let method = self.method.as_ref().map_or(0, |method| method.coin_id);
        let chain = self.method.as_ref().map_or("", |method| method.chain);
        let mut version = format!("{}-{}-{method}-{chain}", self.phase().word(), self.expired);
        for paid in &self.paid {
            version.push('-');
            version.push_str(paid.status.as_str());
            version.push_str(if paid.flagged { "!" } else { "" });
        }
        version
    }

    /// `None` until the coin of an invoice is picked.
    pub(super) fn checkout(&self) -> Option<Checkout> {
        let method = self.method.as_ref()?;
        let simulate = self.simulate(method.network.precision);
        let left = simulate.exact.clone();
        let uri = self.missing().and_then(|missing| {
            payment_uri(method.network, &method.address, &missing, &method.memo)
        });
        let sent = self
            .paid
            .iter()
            .map(|paid| Sent {
                amount: plain(&paid.amount),
                symbol: paid.symbol.to_owned(),
                tx_id: paid.tx_id.clone(),
                status: paid.status.as_str(),
                risky: paid.flagged,
                at: paid.at,
            })
            .collect();
        Some(Checkout {
            title: self.title.clone(),
            order_id: self.order_id.clone(),
            path: self.path(),
            price: self.price.clone(),
            payable: Payable {
                symbol: method.symbol.to_owned(),
                chain: method.chain.to_owned(),
                total: plain(&method.amount),
                left,
                uri,
                address: method.address.clone(),
                memo: Some(method.memo.clone()).filter(|memo| !memo.is_empty()),
                confirms: method.network.on.confirms,
            },
            sent,
            phase: self.phase(),
            expires_at: self.expires_at,
            now: self.now,
            simulate,
            return_url: self.return_url.clone(),
            version: self.version(),
        })
    }
}

fn paid_one(state: &State, record_id: &str, worth: Option<&Money>) -> Option<Paid> {
    let deposit = state.deposits.get(&by_record(record_id))?;
    Some(Paid {
        amount: deposit.amount.clone(),
        symbol: deposit.coin.symbol,
        worth: worth.unwrap_or(&deposit.amount).clone(),
        status: deposit.status,
        flagged: deposit.flagged,
        tx_id: deposit.tx_id.clone(),
        at: state.caller_time.told(deposit.arrived_at),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::coins::Coin;
    use crate::model::money::parse;

    fn view(amount: &str, paid: &[(&str, Status, bool)]) -> OrderView {
        let money = |text: &str| parse(text).unwrap().value;
        OrderView {
            kind: PageKind::Checkout,
            key: Some("k".to_owned()),
            title: String::new(),
            order_id: "o".to_owned(),
            price: None,
            due: money(amount),
            method: Some(PaymentMethod {
                coin_id: 1280,
                symbol: "USDT",
                chain: "POLYGON",
                network: Coin::find(1280).unwrap().network("POLYGON").unwrap(),
                amount: money(amount),
                address: "0x".to_owned(),
                memo: String::new(),
            }),
            choices: Vec::new(),
            return_url: None,
            created_at: 0,
            expires_at: 100,
            now: 50,
            expired: false,
            paid: paid
                .iter()
                .map(|(amount, status, flagged)| Paid {
                    amount: money(amount),
                    symbol: "USDT",
                    worth: money(amount),
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
        let phase = |paid: &[(&str, Status, bool)]| view("20", paid).phase();
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
        let mut late = view("20", &[]);
        late.expired = true;
        assert_eq!(late.phase(), Phase::Expired);
    }

    #[test]
    fn the_buttons_pay_what_the_chain_can_carry() {
        let amounts = |view: OrderView| {
            let simulate = view.simulate(6);
            [simulate.exact, simulate.part, simulate.over, simulate.late]
                .map(Option::unwrap_or_default)
        };
        assert_eq!(amounts(view("20", &[])), ["20", "10", "22", "20"]);
        assert_eq!(
            amounts(view("0.000001", &[])),
            ["0.000001", "", "0.000002", "0.000001"]
        );
        assert_eq!(
            amounts(view("20", &[("5", Status::Processing, false)])),
            ["15", "7.5", "16.5", "15"]
        );
        assert_eq!(
            amounts(view("20", &[("20", Status::Success, false)])),
            ["", "", "", ""]
        );
        let mut late = view("20", &[]);
        late.expired = true;
        assert_eq!(amounts(late), ["20", "10", "22", ""]);
    }

    #[test]
    fn the_rounding_of_a_price_is_no_surplus() {
        let money = |text: &str| parse(text).unwrap().value;
        // 20 dollars at 0.5231 each, rounded up to what the chain can carry.
        let mut invoice = view("38.233608", &[("38.233608", Status::Success, false)]);
        invoice.due = money("20");
        for (worth, phase) in [
            ("20.0000003448", Phase::Paid),
            ("20.0000006", Phase::Over("0.000001".to_owned())),
            ("15", Phase::Short("9.558402".to_owned())),
        ] {
            invoice.paid[0].worth = money(worth);
            assert_eq!(invoice.phase(), phase, "{worth}");
        }
    }
}
