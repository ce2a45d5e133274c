//! What makes a withdrawal of this API a payout. Written by hand.

use super::{
    GetOrderInfo, GetOrderInfoResponse, OrderDetail, OrderStatus, Withdraw, WithdrawResponse,
};
use crate::amount::Amount;
use crate::ids::{OrderId, RecordId};
use crate::payout::{Comparison, Found, Payout, Submit};

/// The record of this API has neither the receiver nor the token's id, so that only the amount can
/// be compared: never give one id to two withdrawals.
impl Submit for Withdraw {
    type Lookup = GetOrderInfo;
    type Made = RecordId;

    const REFUSES_REPEATS: bool = false;

    fn submit_id(&self) -> &OrderId {
        &self.merchant_order_id
    }

    fn lookup(&self) -> GetOrderInfo {
        GetOrderInfo::new([self.merchant_order_id.clone()])
    }

    /// CCPayment's id of the order, which is the one that its record has.
    fn made(answer: WithdrawResponse) -> RecordId {
        RecordId::new(answer.order_id.as_str())
    }

    fn judge(&self, found: &GetOrderInfoResponse) -> Found {
        let mut details = found.orders.iter().map(|order| &order.order_detail);
        let Some(detail) = details.find(|it| it.merchant_order_id == self.merchant_order_id) else {
            return Found::Nothing;
        };
        let mut comparison = Comparison::default();
        comparison.field(
            "value",
            &self.value,
            detail.order_amount.as_ref(),
            Amount::eq,
        );
        // Only what is paid in has a price.
        comparison.optional("product_price", None, detail.product_price.as_ref());
        let ended = detail.status == OrderStatus::Failed;
        comparison.judge(&record_id(detail), ended, &detail.status, None)
    }
}

impl Payout for Withdraw {}

fn record_id(detail: &OrderDetail) -> RecordId {
    let id = detail.order_id.as_ref();
    id.map_or_else(RecordId::default, |id| RecordId::new(id.as_str()))
}
