//! What only the older API remembers.

use std::collections::BTreeMap;

use crate::model::coins::{Coin, Fiat, Network};
use crate::model::deposit::Deposit;
use crate::model::money::{Money, divide_up, plain};

/// What a payment to an order is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An order or a checkout page.
    Order,
    /// An invoice of the dashboard, for somebody with this e-mail address.
    Invoice(Option<String>),
}

/// The currency of a price; `None` is the token itself.
pub(crate) type Currency = Option<&'static Fiat>;

/// What is to be paid, in one token.
#[derive(Debug, Clone)]
pub(crate) struct Due {
    pub(crate) coin: &'static Coin,
    pub(crate) network: &'static Network,
    pub(crate) amount: Money,
    /// Dollars for one coin.
    pub(crate) rate: Money,
}

/// Something to pay that was made through v1, or on the dashboard of v1.
#[derive(Debug)]
pub(crate) struct V1Order {
    pub(crate) kind: Kind,
    /// The gateway's own id.
    pub(crate) order_id: String,
    pub(crate) price: Money,
    pub(crate) currency: Currency,
    pub(crate) product: Option<String>,
    pub(crate) custom_value: Option<String>,
    pub(crate) created_at: u64,
    pub(crate) expired_at: u64,
    /// `None` until the payer has picked.
    pub(crate) due: Option<Due>,
    /// Oldest first.
    pub(crate) refunds: Vec<Refund>,
}

impl V1Order {
    pub(crate) fn currency(&self) -> &'static str {
        self.currency.map_or("token", |fiat| fiat.symbol)
    }

    /// Units of the currency for one dollar.
    pub(crate) fn fiat_rate(&self) -> Option<String> {
        self.currency.map(|fiat| plain(&fiat.usd_rate()))
    }

    /// What was to be paid in the token of a payment.
    pub(crate) fn due(&self, deposit: &Deposit) -> Due {
        self.due.clone().unwrap_or_else(|| {
            let (coin, network) = (deposit.coin, deposit.network);
            let amount = divide_up(&self.price, &deposit.usd_price, network.precision);
            Due {
                coin,
                network,
                amount: amount.unwrap_or_default(),
                rate: deposit.usd_price.clone(),
            }
        })
    }

    /// What is to be paid, where that is known.
    pub(crate) fn shown<'a>(&self, mut paid: impl Iterator<Item = &'a Deposit>) -> Option<Due> {
        self.due.clone().or_else(|| Some(self.due(paid.next()?)))
    }

    /// In the words of the documented table. Only money that the merchant can use counts.
    pub(crate) fn status(&self, now: u64, paid: &[&Deposit]) -> &'static str {
        let (mut sum, mut late) = (Money::default(), false);
        for deposit in paid {
            sum += match &self.due {
                Some(_) => deposit.amount.clone(),
                None => &deposit.amount * &deposit.usd_price,
            };
            late |= deposit.late;
        }
        let due = self.due.as_ref().map_or(&self.price, |due| &due.amount);
        match (paid.is_empty(), sum.cmp(due), late) {
            (true, _, _) if now > self.expired_at => "Expired",
            (true, _, _) => "Awaiting payment",
            (_, std::cmp::Ordering::Less, false) => "Underpayment",
            (_, std::cmp::Ordering::Less, true) => "Underpayment(Overdue)",
            (_, std::cmp::Ordering::Equal, false) => "Paid",
            (_, std::cmp::Ordering::Equal, true) => "Paid(Overdue)",
            // A price in dollars is rounded up to what the chain can carry: that is no overpayment.
            (_, std::cmp::Ordering::Greater, late) => match (self.is_just_paid(paid), late) {
                (true, false) => "Paid",
                (true, true) => "Paid(Overdue)",
                (false, false) => "Overpayment",
                (false, true) => "Overpayment(Overdue)",
            },
        }
    }

    /// Whether there is one payment, of exactly the amount that the page asked for.
    pub(crate) fn is_just_paid(&self, paid: &[&Deposit]) -> bool {
        match paid {
            [deposit] => self.due(deposit).amount == deposit.amount,
            _ => false,
        }
    }
}

/// What only v1 remembers of a withdrawal.
#[derive(Debug)]
pub(crate) struct V1Payout {
    /// The gateway's own id; the record of the transaction has another.
    pub(crate) order_id: String,
    /// The network of the token, also if the money goes to Cwallet.
    pub(crate) network: &'static Network,
    pub(crate) on_top: bool,
    /// Dollars for one coin when it was made.
    pub(crate) rate: Money,
    pub(crate) fee_value: Money,
}

/// Money of an order on its way back to the payer.
#[derive(Debug, Clone)]
pub(crate) struct Refund {
    pub(crate) record_id: String,
    pub(crate) deposit_id: String,
    pub(crate) coin: &'static Coin,
    pub(crate) network: &'static Network,
    pub(crate) to: String,
    /// What the merchant gives back.
    pub(crate) amount: Money,
    pub(crate) fee: Money,
    pub(crate) received: Money,
    pub(crate) tx_id: String,
    pub(crate) notify_url: Option<String>,
    pub(crate) at: u64,
}

pub(crate) const API_DEPOSIT: &str = "API Deposit";
pub(crate) const DIRECT_DEPOSIT: &str = "Direct Deposit";
pub(crate) const INVOICE: &str = "Invoice";
pub(crate) const API_WITHDRAWAL: &str = "API Withdrawal";
pub(crate) const REFUND: &str = "Refund";

/// Whether a kind of notification belongs to v1, and so is signed and acknowledged as in v1.
pub(crate) fn is_kind(kind: &str) -> bool {
    matches!(
        kind,
        API_DEPOSIT | DIRECT_DEPOSIT | INVOICE | API_WITHDRAWAL | REFUND
    )
}

/// The objects made through v1, and what only v1 remembers of them.
#[derive(Debug, Default)]
pub(crate) struct V1Records {
    /// Orders, checkout pages and invoices of the dashboard, by the merchant's id.
    pub(crate) orders: BTreeMap<String, V1Order>,
    /// Withdrawals, by the merchant's id.
    pub(crate) payouts: BTreeMap<String, V1Payout>,
    /// How many permanent addresses its users have.
    pub(crate) addresses: usize,
    /// When notifications were asked for again.
    pub(crate) resends: Vec<u64>,
}
