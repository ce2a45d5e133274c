//! The routes about address orders and the deposits made to them.

use serde_json::{Map, Value, json};

use crate::catalogue::{Coin, Fiat, Network};
use crate::fields::{Fields, check_decimals, not_found};
use crate::money::{Money, divide_up, plain, round_up};
use crate::refusal::{self, Refusal};
use crate::state::{Deposit, Order, State, by_address, by_order, by_record};

const DAY: u64 = 86_400;
const FIAT_DECIMALS: u32 = 2;
const PRICE_DECIMALS: u32 = 18;

type FiatPrice = (u64, &'static str, Money);

pub(crate) fn create(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let now = state.clock.now();
    let order_id = fields.required_text("orderId")?;
    let price = fields.amount("price")?;
    let fiat_id = fields.number("fiatId")?;
    let expired_at = fields
        .number("expiredAt")?
        .unwrap_or(now.saturating_add(DAY));
    let (coin, network) = fields.coin_on_chain()?;
    if state.orders.get(&by_order(order_id)).is_some() {
        return Err(Refusal::new(
            refusal::DUPLICATE,
            format!("the order id {order_id} is taken"),
        ));
    }
    if expired_at > now.saturating_add(10 * DAY) {
        return Err(Refusal::new(
            refusal::EXPIRY_TOO_FAR,
            "`expiredAt` is more than ten days ahead",
        ));
    }
    check_decimals(
        "price",
        &price,
        if fiat_id.is_some() {
            FIAT_DECIMALS
        } else {
            PRICE_DECIMALS
        },
    )?;
    let (amount, fiat) = amount_to_pay(&price.value, fiat_id, coin, network)?;

    let address = state.ids.address(network.family);
    let memo = if network.memo {
        state.ids.memo()
    } else {
        String::new()
    };
    let checkout = fields.flag("generateCheckoutURL").then(|| state.ids.page());
    let checkout_url = checkout.as_deref().map(|key| checkout_url(state, key));
    let mut answer = Map::new();
    answer.insert("address".to_owned(), json!(address));
    answer.insert("amount".to_owned(), json!(plain(&amount)));
    answer.insert("memo".to_owned(), json!(memo));
    put(&mut answer, "checkoutUrl", checkout_url.as_deref());
    answer.insert("confirmsNeeded".to_owned(), json!(network.confirms));

    let keys = [by_order(order_id), by_address(network.family, &address)];
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
        checkout,
        buyer_email: fields.owned("buyerEmail"),
        notify_url: fields.owned("notifyUrl"),
        deposits: Vec::new(),
    };
    state.orders.push(keys, order);
    Ok(Value::Object(answer))
}

/// Rounded up to what the chain can carry: rounded down, a full payment would be a short one.
fn amount_to_pay(
    price: &Money,
    fiat_id: Option<u64>,
    coin: &Coin,
    network: &Network,
) -> Result<(Money, Option<FiatPrice>), Refusal> {
    let Some(fiat_id) = fiat_id else {
        return Ok((round_up(price, network.precision), None));
    };
    let fiat = Fiat::find(fiat_id)
        .ok_or_else(|| Refusal::argument("fiatId", "is not a known currency"))?;
    let rate = Fiat::rate(coin);
    let amount = divide_up(price, &rate, network.precision)
        .ok_or_else(|| Refusal::new(refusal::INTERNAL, format!("{} has no price", coin.symbol)))?;
    Ok((amount, Some((fiat.id, fiat.symbol, rate))))
}

pub(crate) fn info(state: &State, fields: &Fields) -> Result<Value, Refusal> {
    let order_id = fields.required_text("orderId")?;
    let order = state
        .orders
        .get(&by_order(order_id))
        .ok_or_else(|| not_found("order", order_id))?;
    let paid: Vec<Value> = order
        .deposits
        .iter()
        .filter_map(|record_id| state.deposits.get(&by_record(record_id)))
        .map(|deposit| paid_row(order, deposit))
        .collect();
    let mut answer = Map::new();
    answer.insert("amountToPay".to_owned(), json!(plain(&order.amount)));
    answer.insert("coinId".to_owned(), json!(order.coin.id));
    answer.insert("coinSymbol".to_owned(), json!(order.coin.symbol));
    answer.insert("chain".to_owned(), json!(order.network.chain));
    answer.insert(
        "toAddress".to_owned(),
        json!(order.network.family.fold(&order.address)),
    );
    // The gateway leaves out what does not apply, so that a reader must cope with absence.
    put(
        &mut answer,
        "toMemo",
        (!order.memo.is_empty()).then_some(order.memo.as_str()),
    );
    answer.insert("createAt".to_owned(), json!(order.created_at));
    if let Some((fiat_id, symbol, rate)) = &order.fiat {
        answer.insert("rate".to_owned(), json!(plain(rate)));
        answer.insert("fiatId".to_owned(), json!(fiat_id));
        answer.insert("fiatSymbol".to_owned(), json!(symbol));
    }
    answer.insert("expiredAt".to_owned(), json!(order.expired_at));
    let checkout_url = order
        .checkout
        .as_deref()
        .map(|key| checkout_url(state, key));
    put(&mut answer, "checkoutUrl", checkout_url.as_deref());
    put(&mut answer, "buyerEmail", order.buyer_email.as_deref());
    answer.insert("paidList".to_owned(), Value::Array(paid));
    Ok(Value::Object(answer))
}

fn checkout_url(state: &State, key: &str) -> String {
    format!("{}/checkout/{key}", state.site)
}

fn paid_row(order: &Order, deposit: &Deposit) -> Value {
    let mut row = json!({
        "recordId": deposit.record_id,
        "fromAddress": deposit.from,
        "amount": plain(&deposit.amount),
        "serviceFee": plain(&deposit.service_fee),
        // All lower case here, and nowhere else.
        "txid": deposit.tx_id,
        "status": deposit.status.as_str(),
        "isFlaggedAsRisky": deposit.flagged,
        "arrivedAt": deposit.arrived_at,
    });
    if let (Some((_, _, rate)), Value::Object(row)) = (&order.fiat, &mut row) {
        row.insert("rate".to_owned(), json!(plain(rate)));
    }
    row
}

pub(crate) fn deposit_record(state: &State, fields: &Fields) -> Result<Value, Refusal> {
    let record_id = fields.required_text("recordId")?;
    let missing = || not_found("deposit record", record_id);
    let deposit = state
        .deposits
        .get(&by_record(record_id))
        .ok_or_else(missing)?;
    let order = state
        .orders
        .get(&by_order(&deposit.order_id))
        .ok_or_else(missing)?;
    Ok(json!({
        "record": {
            "recordId": deposit.record_id,
            "orderId": deposit.order_id,
            "coinId": order.coin.id,
            "coinSymbol": order.coin.symbol,
            "chain": order.network.chain,
            "contract": order.network.contract,
            "coinUSDPrice": plain(&order.coin.usd_price()),
            "fromAddress": deposit.from,
            "toAddress": order.address,
            "toMemo": order.memo,
            "amount": plain(&deposit.amount),
            "serviceFee": plain(&deposit.service_fee),
            "txId": deposit.tx_id,
            "status": deposit.status.as_str(),
            "arrivedAt": deposit.arrived_at,
            "isFlaggedAsRisky": deposit.flagged,
        }
    }))
}

fn put(answer: &mut Map<String, Value>, name: &str, text: Option<&str>) {
    if let Some(text) = text {
        answer.insert(name.to_owned(), json!(text));
    }
}
