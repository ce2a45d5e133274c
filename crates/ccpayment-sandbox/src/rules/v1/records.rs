//! The look-up of orders and withdrawals by the merchant's ids.

use serde_json::{Value, json};

use crate::model::deposit::Deposit;
use crate::model::indexed_list::by_order;
use crate::model::money::plain;
use crate::model::payout::Payout;
use crate::model::record::Status;
use crate::model::refusal::Refusal;
use crate::model::v1::{Kind, V1Order, V1Payout};
use crate::rules::fields::{Fields, put};
use crate::rules::v1::orders::paid;
use crate::rules::v1::tokens;
use crate::state::State;

pub(crate) fn info(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let (mut orders, mut payouts) = (Vec::new(), Vec::new());
    for id in fields.texts("merchant_order_ids") {
        // If an order and a withdrawal have the same id, the order is meant.
        if let Some(v1_order) = state
            .v1
            .orders
            .get(id)
            .filter(|v1_order| v1_order.kind == Kind::Order)
        {
            orders.push(order(state, id, v1_order));
        } else if let (Some(v1_payout), Some(payout)) =
            (state.v1.payouts.get(id), state.payouts.get(&by_order(id)))
        {
            payouts.push(withdrawal(state.now, payout, v1_payout));
        }
    }
    if !orders.is_empty() && !payouts.is_empty() {
        return Err(Refusal::argument(
            "merchant_order_ids",
            "names orders and withdrawals, and takes one kind at a time",
        ));
    }
    orders.append(&mut payouts);
    Ok(Value::Array(orders))
}

fn add(row: &mut Value, more: Value) {
    if let (Value::Object(row), Value::Object(more)) = (row, more) {
        row.extend(more);
    }
}

fn order(state: &State, id: &str, v1_order: &V1Order) -> Value {
    let paid = paid(state, id);
    let mut detail = json!({
        "product_price": plain(&v1_order.price),
        "denominated_currency": v1_order.currency(),
        "merchant_order_id": id,
        "status": v1_order.status(state.now, &paid),
        "created": v1_order.created_at,
        "order_id": v1_order.order_id,
    });
    put(&mut detail, "product_name", v1_order.product.as_deref());
    if let Some(due) = v1_order.shown(paid.iter().copied()) {
        add(
            &mut detail,
            json!({
                "chain": due.network.on.symbol,
                "contract": due.network.contract,
                "crypto": due.coin.symbol,
                "order_amount": plain(&due.amount),
                "token_rate": plain(&due.rate),
                // Its name in the table.
                "rate": plain(&due.rate),
            }),
        );
    }
    let trades: Vec<Value> = paid
        .iter()
        .map(|deposit| trade(v1_order, deposit))
        .collect();
    let refunds: Vec<Value> = v1_order
        .refunds
        .iter()
        .map(|refund| {
            json!({
                "refund_amount": plain(&refund.amount),
                "network_fee": plain(&refund.fee),
                "actual_received_amount": plain(&refund.received),
                "chain": refund.network.on.symbol,
                "contract": refund.network.contract,
                "crypto": refund.coin.symbol,
                "txid": refund.tx_id,
                "address": refund.to,
                "pay_time": refund.at,
                "status": "Successful",
            })
        })
        .collect();
    json!({ "order_detail": detail, "trade_list": trades, "refund_list": refunds })
}

fn trade(v1_order: &V1Order, deposit: &Deposit) -> Value {
    json!({
        "amount": plain(&deposit.amount),
        "chain": deposit.network.on.symbol,
        "contract": deposit.network.contract,
        "crypto": deposit.coin.symbol,
        "service_fee": plain(&deposit.service_fee),
        // Zero, as the sample writes it.
        "network_fee": "0.0000",
        "txid": deposit.tx_id,
        "pay_time": deposit.arrived_at,
        "token_rate": plain(&v1_order.due(deposit).rate),
        // Payments that have not succeeded yet are left out.
        "status": "Successful",
    })
}

fn withdrawal(now: u64, payout: &Payout, v1_payout: &V1Payout) -> Value {
    let status = match payout.read_at(now) {
        Status::WaitingApproval => "Pending",
        Status::Processing => "Processing",
        Status::Success => "Successful",
        Status::Rejected | Status::Failed => "Failed",
    };
    let token = json!({
        "chain": v1_payout.network.on.symbol,
        "contract": v1_payout.network.contract,
        "crypto": payout.coin.symbol,
        "token_rate": plain(&v1_payout.rate),
        "status": status,
    });
    let mut detail = token.clone();
    add(
        &mut detail,
        json!({
            "merchant_order_id": payout.order_id,
            "order_amount": plain(&payout.amount),
            "created": payout.created_at,
            "order_id": v1_payout.order_id,
        }),
    );
    let mut trade = token;
    add(
        &mut trade,
        json!({
            "amount": plain(&payout.amount),
            "service_fee": "0",
            "network_fee": plain(&payout.fee),
            "network_coin_id": tokens::coin_id(payout.fee_coin),
            "network_fee_crypto": payout.fee_coin.symbol,
            "network_fee_value": plain(&v1_payout.fee_value),
            // Empty for one to Cwallet; its notification says `internal transfer`.
            "txid": payout.tx_id,
            "pay_time": payout.created_at,
        }),
    );
    json!({ "order_detail": detail, "trade_list": [trade] })
}
