//! Orders of v1: paid to an address of their own, or on a hosted page where the payer picks.

use serde_json::{Value, json};

use crate::addresses::{self, Owner};
use crate::catalogue::{Coin, Fiat, Network};
use crate::deposits::Deposit;
use crate::fields::Fields;
use crate::invoices;
use crate::money::{Money, divide_up, plain, round_down, round_up};
use crate::orders::{self, DAY, Order};
use crate::refusal::{self, Refusal};
use crate::shelf::{by_order, by_record};
use crate::state::{State, Status};
use crate::v1::dashboard::Refund;
use crate::v1::tokens;

const FIAT_DECIMALS: u32 = 2;

/// What a payment to an order is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An order or a checkout page.
    Order,
    /// Made on the dashboard, for somebody with an address.
    Invoice(Option<String>),
}

/// What a price is counted in; `None` is the token itself.
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

/// Something to pay that was made through v1, or on the dashboard of its days.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) kind: Kind,
    /// The gateway's own id.
    pub(crate) order_id: String,
    pub(crate) price: Money,
    pub(crate) currency: Currency,
    pub(crate) product: Option<String>,
    pub(crate) custom_value: Option<String>,
    pub(crate) created_at: u64,
    pub(crate) expired_at: u64,
    /// Nothing while the payer has yet to pick.
    due: Option<Due>,
    /// Oldest first.
    pub(crate) refunds: Vec<Refund>,
}

impl Made {
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

    /// In the words of the documented table; money counts when it is there for the merchant.
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

    /// One payment of exactly what the page asked for.
    fn is_just_paid(&self, paid: &[&Deposit]) -> bool {
        match paid {
            [deposit] => self.due(deposit).amount == deposit.amount,
            _ => false,
        }
    }
}

/// The payments to an order that are there for the merchant, oldest first.
pub(crate) fn paid<'a>(state: &'a State, id: &str) -> Vec<&'a Deposit> {
    let key = by_order(id);
    let records: Vec<&String> = match (state.orders.get(&key), state.invoices.get(&key)) {
        (Some(order), _) => order.deposits.iter().collect(),
        (None, Some(invoice)) => invoice.deposits.iter().map(|(record, _)| record).collect(),
        (None, None) => Vec::new(),
    };
    records
        .into_iter()
        .filter_map(|record| state.deposits.get(&by_record(record)))
        .filter(|deposit| deposit.status == Status::Success && !deposit.flagged)
        .collect()
}

/// The price of a request, in as many decimals as the currency has.
fn price(fields: &Fields, currency: Currency) -> Result<Money, Refusal> {
    let price = fields.amount("product_price")?.value;
    // By the value: the page speaks of two digits, not of the zeros behind them.
    if currency.is_some() && round_down(&price, FIAT_DECIMALS) != price {
        return Err(Refusal::argument(
            "product_price",
            "has more than 2 decimals",
        ));
    }
    Ok(price)
}

fn period(fields: &Fields) -> Result<u64, Refusal> {
    Ok(fields.number("order_valid_period")?.unwrap_or(DAY))
}

pub(crate) fn create(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let now = state.now;
    let id = fields.required_text("merchant_order_id")?.to_owned();
    let (coin, network) = tokens::asked_for(fields)?;
    let word = fields.required_text("denominated_currency")?;
    let currency = if word.eq_ignore_ascii_case("token") {
        None
    } else {
        let fiat = Fiat::named(word).ok_or_else(|| {
            Refusal::argument(
                "denominated_currency",
                "is neither a known currency nor `token`",
            )
        })?;
        Some(fiat)
    };
    let price = price(fields, currency)?;
    let period = period(fields)?;
    orders::check_coin(state, coin)?;
    orders::check_new(state, &id)?;
    let rate = state.settings.price(coin);
    let (amount, fiat) = match currency {
        None => (round_up(&price, network.precision), None),
        Some(fiat) => {
            orders::check_price(state, coin)?;
            let rate = state.settings.fiat_rate(fiat, coin);
            let amount = divide_up(&price, &rate, network.precision).ok_or_else(|| {
                Refusal::new(refusal::INTERNAL, format!("{} has no price", coin.symbol))
            })?;
            (amount, Some((fiat, rate)))
        }
    };
    addresses::takes_deposits(state, network.on)?;

    let owner = Owner::Order(id.clone());
    let notify_url = fields.owned("notify_url");
    let (address, memo) = addresses::make(state, network.on, owner, notify_url);
    let order_id = state.ids.record(now);
    let expired_at = now.saturating_add(period);
    let order = Order {
        order_id: id.clone(),
        coin,
        network,
        address: address.clone(),
        memo: memo.clone(),
        price: price.clone(),
        amount: amount.clone(),
        fiat,
        created_at: now,
        expired_at,
        page: None,
        return_url: None,
        buyer_email: None,
        deposits: Vec::new(),
    };
    state.orders.push([by_order(&id)], order);
    let answer = json!({
        "amount": plain(&price),
        "order_id": order_id,
        "logo": coin.logo(),
        "network": tokens::standard(network.on),
        "pay_address": address,
        "memo": memo,
        "token_id": tokens::token_id(coin, network),
        "crypto": coin.symbol,
        "order_valid_period": period,
    });
    let made = Made {
        kind: Kind::Order,
        order_id,
        price,
        currency,
        product: None,
        custom_value: fields.owned("custom_value"),
        created_at: now,
        expired_at,
        due: Some(Due {
            coin,
            network,
            amount,
            rate,
        }),
        refunds: Vec::new(),
    };
    state.v1.orders.insert(id, made);
    Ok(answer)
}

pub(crate) fn checkout(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let id = fields.required_text("merchant_order_id")?;
    orders::check_new(state, id)?;
    // There is no currency to choose here.
    let page = Page {
        kind: Kind::Order,
        price: price(fields, Some(Fiat::dollar()))?,
        product: fields.owned("product_name"),
        custom_value: fields.owned("custom_value"),
        return_url: fields.owned("return_url"),
        notify_url: fields.owned("notify_url"),
        period: period(fields)?,
    };
    Ok(json!({ "payment_url": page.open(state, id) }))
}

/// A page where the payer picks a token, priced in dollars.
pub(crate) struct Page {
    pub(crate) kind: Kind,
    pub(crate) price: Money,
    pub(crate) product: Option<String>,
    pub(crate) custom_value: Option<String>,
    pub(crate) return_url: Option<String>,
    pub(crate) notify_url: Option<String>,
    pub(crate) period: u64,
}

impl Page {
    /// Its address.
    pub(crate) fn open(self, state: &mut State, id: &str) -> String {
        let now = state.now;
        let expired_at = now.saturating_add(self.period);
        let url = invoices::open_in_dollars(
            state,
            id,
            self.product.clone(),
            self.price.clone(),
            expired_at,
            self.return_url,
            self.notify_url,
        );
        let made = Made {
            kind: self.kind,
            order_id: state.ids.record(now),
            price: self.price,
            currency: Some(Fiat::dollar()),
            product: self.product,
            custom_value: self.custom_value,
            created_at: now,
            expired_at,
            due: None,
            refunds: Vec::new(),
        };
        state.v1.orders.insert(id.to_owned(), made);
        url
    }
}
