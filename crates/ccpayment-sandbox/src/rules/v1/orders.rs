//! Orders of v1: paid to an address of their own, or on a hosted page where the payer picks.

use serde_json::{Value, json};

use crate::model::address::Owner;
use crate::model::coins::Fiat;
use crate::model::deposit::Deposit;
use crate::model::indexed_list::{by_order, by_record};
use crate::model::money::{Money, divide_up, plain, round_down, round_up};
use crate::model::order::Order;
use crate::model::record::Status;
use crate::model::refusal::{self, Refusal};
use crate::model::v1::{Currency, Due, Kind, V1Order};
use crate::rules::fields::Fields;
use crate::rules::orders::DAY;
use crate::rules::v1::tokens;
use crate::rules::{addresses::registry as addresses, invoices, orders};
use crate::state::State;

const FIAT_DECIMALS: u32 = 2;

/// The payments to an order that the merchant can use, oldest first.
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
        .filter(|deposit| deposit.read_at(state.now) == Some(Status::Success) && !deposit.flagged)
        .collect()
}

/// The price of a request, in as many decimals as the currency has.
fn price(fields: &Fields, currency: Currency) -> Result<Money, Refusal> {
    let price = fields.amount("product_price")?.value;
    // Counts by value: the page allows two digits and does not mention zeros after them.
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
        product: None,
        return_url: None,
        buyer_email: None,
        deposits: Vec::new(),
    };
    state.orders.push([by_order(&id)], order);
    let answer = json!({
        // The old name and the new one.
        "amount": plain(&price),
        "product_price": plain(&price),
        "order_id": order_id,
        "logo": coin.logo(),
        "network": network.on.standard(),
        "pay_address": address,
        "memo": memo,
        "token_id": tokens::token_id(coin, network),
        "crypto": coin.symbol,
        "order_valid_period": period,
    });
    let v1_order = V1Order {
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
    state.v1.orders.insert(id, v1_order);
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
    /// Opens the page; returns its address.
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
        let v1_order = V1Order {
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
        state.v1.orders.insert(id.to_owned(), v1_order);
        url
    }
}
