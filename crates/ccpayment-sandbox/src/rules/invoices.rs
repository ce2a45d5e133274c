//! The routes about invoices: the payer picks coin and chain, as often as it takes.

use serde_json::{Value, json};

use crate::model::address::Owner;
use crate::model::coins::{Coin, Fiat, Network};
use crate::model::deposit::Deposit;
use crate::model::error::SandboxError;
use crate::model::indexed_list::{by_order, by_record};
use crate::model::invoice::{Currency, Invoice, Picked, Worth};
use crate::model::money::{
    Money, RATE_DECIMALS, as_written, divide_down, divide_up, plain, round_down,
};
use crate::model::record::Status;
use crate::model::refusal::{self, Refusal};
use crate::rules::fields::{Fields, check_decimals, not_found, put};
use crate::rules::orders::DAY;
use crate::rules::{addresses::registry as addresses, fields, orders};
use crate::state::State;

pub(crate) fn create(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let now = state.now;
    let order_id = fields.required_text("orderId")?;
    let price = fields.amount("price")?;
    let currency = match (fields.number("priceFiatId")?, fields.number("priceCoinId")?) {
        (Some(id), _) => Currency::Fiat(
            Fiat::find(id)
                .ok_or_else(|| Refusal::argument("priceFiatId", "is not a known currency"))?,
        ),
        (None, Some(id)) => Currency::Coin(fields::coin(id)?),
        (None, None) => {
            return Err(Refusal::argument(
                "priceFiatId",
                "or `priceCoinId` is required",
            ));
        }
    };
    let most = match currency {
        Currency::Fiat(_) => 2,
        Currency::Coin(coin) => {
            orders::check_coin(state, coin)?;
            18
        }
    };
    let expired_at = fields
        .number("expiredAt")?
        .unwrap_or(now.saturating_add(DAY));
    orders::check_new(state, order_id)?;
    orders::check_expiry(now, expired_at)?;
    check_decimals("price", &price, most)?;
    let page = state.ids.page();
    let url = state.page_url("invoice", &page);
    let invoice = Invoice {
        order_id: order_id.to_owned(),
        product: fields.owned("product"),
        price: price.value,
        currency,
        page,
        return_url: fields.owned("returnUrl"),
        picked: None,
        buyer_email: fields.owned("buyerEmail"),
        notify_url: fields.owned("notifyUrl"),
        created_at: now,
        expired_at,
        deposits: Vec::new(),
    };
    state.invoices.push([by_order(order_id)], invoice);
    Ok(json!({ "invoiceUrl": url }))
}

/// Opens an invoice for a page of v1, which knows no other currency.
pub(crate) fn open_in_dollars(
    state: &mut State,
    order_id: &str,
    product: Option<String>,
    price: Money,
    expired_at: u64,
    return_url: Option<String>,
    notify_url: Option<String>,
) -> String {
    let page = state.ids.page();
    let url = state.page_url("invoice", &page);
    let invoice = Invoice {
        order_id: order_id.to_owned(),
        product,
        price,
        currency: Currency::Fiat(Fiat::dollar()),
        page,
        return_url,
        picked: None,
        buyer_email: None,
        notify_url,
        created_at: state.now,
        expired_at,
        deposits: Vec::new(),
    };
    state.invoices.push([by_order(order_id)], invoice);
    url
}

/// The payer picks a coin and a chain on the invoice's page, and is shown what to pay and where.
pub(crate) fn pick(
    state: &mut State,
    order_id: &str,
    coin_id: u64,
    chain: &str,
) -> Result<Value, SandboxError> {
    let coin = Coin::find(coin_id).ok_or(SandboxError::UnknownCoin(coin_id))?;
    let network = coin
        .network(chain)
        .ok_or_else(|| SandboxError::UnknownChain(chain.to_owned()))?;
    let invoice = state
        .invoices
        .get(&by_order(order_id))
        .ok_or_else(|| SandboxError::UnknownOrder(order_id.to_owned()))?;
    let amount = offer(state, invoice, coin, network).map_err(|refusal| SandboxError::Refused {
        code: refusal.code,
        message: refusal.message,
    })?;
    let notify_url = invoice.notify_url.clone();
    let owner = Owner::Invoice(order_id.to_owned());
    let (address, memo) = addresses::permanent(state, network.on, owner, notify_url);
    let answer = json!({ "address": address, "memo": memo, "amount": plain(&amount) });
    if let Some(invoice) = state.invoices.get_mut(&by_order(order_id)) {
        invoice.picked = Some(Picked {
            coin,
            network,
            amount,
            address,
            memo,
        });
    }
    Ok(answer)
}

/// What an invoice costs in a coin on a chain, if it can be paid in it.
pub(crate) fn offer(
    state: &State,
    invoice: &Invoice,
    coin: &Coin,
    network: &Network,
) -> Result<Money, Refusal> {
    if state.now > invoice.expired_at {
        return Err(Refusal::new(
            refusal::URL_EXPIRED,
            "the invoice has expired",
        ));
    }
    orders::check_coin(state, coin)?;
    orders::check_price(state, coin)?;
    addresses::takes_deposits(state, network.on)?;
    let (dollars, parts) = invoice.currency.dollars(&state.settings);
    let worth = &invoice.price * dollars;
    let rate = state.settings.price(coin) * parts;
    Ok(divide_up(&worth, &rate, network.precision).unwrap_or_default())
}

/// The worth of a payment to an invoice at current prices.
pub(crate) fn worth(state: &State, order_id: &str, coin: &Coin, amount: &Money) -> Option<Worth> {
    let invoice = state.invoices.get(&by_order(order_id))?;
    let (dollars, parts) = invoice.currency.dollars(&state.settings);
    let price = state.settings.price(coin) * parts;
    let rate = divide_down(&dollars, &price, RATE_DECIMALS)?;
    let value = divide_down(&(amount * price), &dollars, 18)?;
    Some(Worth { rate, value })
}

pub(crate) fn info(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let order_id = fields.required_text("orderId")?;
    let invoice = state
        .invoices
        .get(&by_order(order_id))
        .ok_or_else(|| not_found("invoice", order_id))?;
    let mut total = Money::default();
    let mut paid = Vec::new();
    for (record_id, worth) in &invoice.deposits {
        if let Some(deposit) = state.deposits.get(&by_record(record_id)) {
            let Some(status) = deposit.read_at(state.now) else {
                continue;
            };
            // A payment that has not succeeded yet, or that the merchant never gets, pays for
            // nothing.
            if status == Status::Success && !deposit.flagged {
                total += &worth.value;
            }
            paid.push(paid_row(deposit, status, worth));
        }
    }
    let mut answer = json!({
        "orderId": order_id,
        "createAt": invoice.created_at,
        "price": as_written(&invoice.price),
        "priceSymbol": invoice.currency.symbol(),
        "invoiceUrl": state.page_url("invoice", &invoice.page),
        "expiredAt": invoice.expired_at,
        "totalPaidValue": plain(&round_down(&total, 18)),
        "paidList": paid,
    });
    let (name, id) = match invoice.currency {
        Currency::Fiat(fiat) => ("priceFiatId", fiat.id),
        Currency::Coin(coin) => ("priceCoinId", coin.id),
    };
    if let Value::Object(answer) = &mut answer {
        answer.insert(name.to_owned(), json!(id));
    }
    put(&mut answer, "product", invoice.product.as_deref());
    put(&mut answer, "buyerEmail", invoice.buyer_email.as_deref());
    Ok(answer)
}

fn paid_row(deposit: &Deposit, status: Status, worth: &Worth) -> Value {
    let mut row = json!({
        "recordId": deposit.record_id,
        "coinId": deposit.coin.id,
        "coinSymbol": deposit.coin.symbol,
        "chain": deposit.network.on.symbol,
        "toAddress": deposit.to,
        "toMemo": deposit.memo,
        "paidAmount": plain(&deposit.amount),
        "serviceFee": plain(&deposit.service_fee),
        "txid": deposit.tx_id,
        "status": status.as_str(),
        "isFlaggedAsRisky": deposit.flagged,
        "arrivedAt": deposit.arrived_at,
        "rate": plain(&worth.rate),
        "paidValue": plain(&worth.value),
    });
    put(&mut row, "fromAddress", deposit.from());
    row
}
