//! The routes about address orders: the merchant picks coin and chain.

use serde_json::{Value, json};

use crate::model::address::Owner;
use crate::model::coins::{Coin, Fiat, Network};
use crate::model::deposit::Deposit;
use crate::model::error::SandboxError;
use crate::model::indexed_list::{by_order, by_record};
use crate::model::money::{Money, divide_up, plain, round_up};
use crate::model::order::{Order, Rate};
use crate::model::refusal::{self, Refusal};
use crate::rules::fields::{Fields, check_decimals, not_found, put};
use crate::rules::{addresses::registry as addresses, coins};
use crate::state::State;

pub(crate) const DAY: u64 = 86_400;
const FIAT_DECIMALS: u32 = 2;
const PRICE_DECIMALS: u32 = 18;

/// Orders and invoices have one space of ids, because a notification does not tell them apart.
pub(crate) fn check_new(state: &State, order_id: &str) -> Result<(), Refusal> {
    let key = by_order(order_id);
    if state.orders.has(&key) || state.invoices.has(&key) {
        return Err(taken(order_id));
    }
    Ok(())
}

pub(crate) fn taken(order_id: &str) -> Refusal {
    Refusal::new(
        refusal::DUPLICATE,
        format!("the order id {order_id} is taken"),
    )
}

pub(crate) fn check_expiry(now: u64, expired_at: u64) -> Result<(), Refusal> {
    if expired_at > now.saturating_add(10 * DAY) {
        return Err(Refusal::new(
            refusal::EXPIRY_TOO_FAR,
            "`expiredAt` is more than ten days ahead",
        ));
    }
    // The documents don't say what becomes of it; nobody wants an order that is dead at once.
    if expired_at <= now {
        let late = now - expired_at;
        let rule = format!("is {late} s in the past: the order would be born expired");
        return Err(Refusal::argument("expiredAt", &rule));
    }
    Ok(())
}

/// Ages one order or invoice, and nothing else, until it has expired a second ago.
pub(crate) fn expire(state: &mut State, order_id: &str) -> Result<(), SandboxError> {
    let (key, now) = (by_order(order_id), state.now);
    let order = state.orders.get_mut(&key);
    let order = order.map(|order| (&mut order.created_at, &mut order.expired_at));
    let invoice = state.invoices.get_mut(&key);
    let invoice = invoice.map(|invoice| (&mut invoice.created_at, &mut invoice.expired_at));
    let v1 = state.v1.orders.get_mut(order_id);
    let v1 = v1.map(|order| (&mut order.created_at, &mut order.expired_at));
    let mut found = false;
    for (created_at, expired_at) in [order, invoice, v1].into_iter().flatten() {
        let by = expired_at.saturating_add(1).saturating_sub(now);
        *created_at = created_at.saturating_sub(by);
        *expired_at = expired_at.saturating_sub(by);
        found = true;
    }
    if found {
        Ok(())
    } else {
        Err(SandboxError::UnknownOrder(order_id.to_owned()))
    }
}

/// Whether deposits of a coin are open at all.
pub(crate) fn check_coin(state: &State, coin: &Coin) -> Result<(), Refusal> {
    if !state.settings.is_on(coin) {
        return Err(Refusal::new(
            refusal::COIN_OFF,
            format!("{} is not switched on", coin.symbol),
        ));
    }
    let status = state.settings.status(coin);
    if !coins::takes_deposits(status) {
        return Err(Refusal::new(
            refusal::COIN_STATUS,
            format!("{} is {status}", coin.symbol),
        ));
    }
    Ok(())
}

pub(crate) fn create(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let now = state.now;
    let order_id = fields.required_text("orderId")?;
    let price = fields.amount("price")?;
    let fiat_id = fields.number("fiatId")?;
    let expired_at = fields
        .number("expiredAt")?
        .unwrap_or(now.saturating_add(DAY));
    let (coin, network) = fields.coin_on_chain()?;
    check_coin(state, coin)?;
    check_new(state, order_id)?;
    check_expiry(now, expired_at)?;
    let most = if fiat_id.is_some() {
        FIAT_DECIMALS
    } else {
        PRICE_DECIMALS
    };
    check_decimals("price", &price, most)?;
    let (amount, fiat) = amount_to_pay(state, &price.value, fiat_id, coin, network)?;
    addresses::takes_deposits(state, network.on)?;

    let notify_url = fields.owned("notifyUrl");
    let owner = Owner::Order(order_id.to_owned());
    let (address, memo) = addresses::make(state, network.on, owner, notify_url);
    let page = fields.flag("generateCheckoutURL").then(|| state.ids.page());
    let checkout_url = checkout_url(state, page.as_deref());
    let mut answer = json!({
        "address": address,
        "amount": plain(&amount),
        "memo": memo,
        "confirmsNeeded": network.on.confirms,
    });
    put(&mut answer, "checkoutUrl", checkout_url.as_deref());
    let order = Order {
        order_id: order_id.to_owned(),
        coin,
        network,
        address,
        memo,
        price: price.value,
        amount,
        fiat,
        created_at: now,
        expired_at,
        page,
        product: fields.owned("product"),
        return_url: fields.owned("returnUrl"),
        buyer_email: fields.owned("buyerEmail"),
        deposits: Vec::new(),
    };
    state.orders.push([by_order(order_id)], order);
    Ok(answer)
}

/// The price, rounded up to what the chain can carry: rounded down, a full payment would be short.
fn amount_to_pay(
    state: &State,
    price: &Money,
    fiat_id: Option<u64>,
    coin: &Coin,
    network: &Network,
) -> Result<(Money, Option<Rate>), Refusal> {
    let Some(fiat_id) = fiat_id else {
        return Ok((round_up(price, network.precision), None));
    };
    let fiat = Fiat::find(fiat_id)
        .ok_or_else(|| Refusal::argument("fiatId", "is not a known currency"))?;
    check_price(state, coin)?;
    let rate = state.settings.fiat_rate(fiat, coin);
    let amount = divide_up(price, &rate, network.precision)
        .ok_or_else(|| Refusal::new(refusal::INTERNAL, format!("{} has no price", coin.symbol)))?;
    Ok((amount, Some((fiat, rate))))
}

pub(crate) fn check_price(state: &State, coin: &Coin) -> Result<(), Refusal> {
    if state.settings.is_abnormal(coin) {
        return Err(Refusal::new(
            refusal::PRICE,
            format!("the price of {} looks wrong", coin.symbol),
        ));
    }
    Ok(())
}

pub(crate) fn info(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let order_id = fields.required_text("orderId")?;
    let order = state
        .orders
        .get(&by_order(order_id))
        .ok_or_else(|| not_found("order", order_id))?;
    let paid: Vec<Value> = order
        .deposits
        .iter()
        .filter_map(|record_id| state.deposits.get(&by_record(record_id)))
        .filter_map(|deposit| paid_row(state.now, order, deposit))
        .collect();
    let mut answer = json!({
        "amountToPay": plain(&order.amount),
        "coinId": order.coin.id,
        "coinSymbol": order.coin.symbol,
        "chain": order.network.on.symbol,
        "toAddress": order.network.on.family.fold(&order.address),
        "createAt": order.created_at,
        "expiredAt": order.expired_at,
        "paidList": paid,
    });
    // The gateway leaves out a field that does not apply, so a reader must cope with its absence.
    put(
        &mut answer,
        "toMemo",
        (!order.memo.is_empty()).then_some(order.memo.as_str()),
    );
    if let (Some((fiat, rate)), Value::Object(answer)) = (&order.fiat, &mut answer) {
        let priced = [
            ("rate", json!(plain(rate))),
            ("fiatId", json!(fiat.id)),
            ("fiatSymbol", json!(fiat.symbol)),
        ];
        answer.extend(priced.map(|(name, value)| (name.to_owned(), value)));
    }
    let checkout_url = checkout_url(state, order.page.as_deref());
    put(&mut answer, "checkoutUrl", checkout_url.as_deref());
    put(&mut answer, "buyerEmail", order.buyer_email.as_deref());
    Ok(answer)
}

fn checkout_url(state: &State, page: Option<&str>) -> Option<String> {
    page.map(|key| state.page_url("checkout", key))
}

/// None while nobody can read it yet.
fn paid_row(now: u64, order: &Order, deposit: &Deposit) -> Option<Value> {
    let status = deposit.read_at(now)?;
    let mut row = json!({
        "recordId": deposit.record_id,
        "amount": plain(&deposit.amount),
        "serviceFee": plain(&deposit.service_fee),
        // All lower case here and in invoices, and nowhere else.
        "txid": deposit.tx_id,
        "status": status.as_str(),
        "isFlaggedAsRisky": deposit.flagged,
        "arrivedAt": deposit.arrived_at,
    });
    put(&mut row, "fromAddress", deposit.from());
    let rate = order.fiat.as_ref().map(|(_, rate)| plain(rate));
    put(&mut row, "rate", rate.as_deref());
    Some(row)
}
