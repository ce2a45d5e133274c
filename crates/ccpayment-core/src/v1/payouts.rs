//! The rules by which a withdrawal of v1 is paid exactly once. Written by hand.

use super::{
    GatewayOrderId, GetOrderInfo, GetOrderInfoResponse, OrderInfo, OrderStatus, Withdraw,
    WithdrawResponse, payable::found,
};
use crate::amount::Amount;
use crate::ids::{OrderId, RecordId};
use crate::submit::{Payout, Progress, RecordMatch, Submit, by_letters};

/// A withdrawal that the gateway has accepted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct CreatedWithdrawal {
    /// CCPayment's id of the order. Both the answer and the record have it.
    pub order_id: GatewayOrderId,
    /// CCPayment's id of the transaction, which the notification has too. Only the answer to the
    /// withdrawal itself tells it: none where the record was found instead.
    pub record_id: Option<RecordId>,
}

/// The record of this API has neither the receiver nor the token's id, so that only the amount can
/// be compared: never give one id to two withdrawals.
impl Submit for Withdraw {
    type Lookup = GetOrderInfo;
    type Created = CreatedWithdrawal;

    const REFUSES_REPEATS: bool = false;

    fn submit_id(&self) -> &OrderId {
        &self.merchant_order_id
    }

    fn lookup(&self) -> GetOrderInfo {
        GetOrderInfo::new([self.merchant_order_id.clone()])
    }

    fn created(&self, answer: WithdrawResponse) -> CreatedWithdrawal {
        CreatedWithdrawal {
            order_id: answer.order_id,
            record_id: answer.record_id,
        }
    }

    fn record_id(created: &CreatedWithdrawal) -> Option<&RecordId> {
        created.record_id.as_ref()
    }

    fn judge(&self, answer: &GetOrderInfoResponse) -> RecordMatch<CreatedWithdrawal> {
        let (order, mut comparison) = match found(answer, &self.merchant_order_id) {
            Ok(found) => found,
            Err(nothing) => return nothing,
        };
        let detail = &order.order_detail;
        let amount = detail.order_amount.as_ref();
        let receiver_pays = self.merchant_pays_fee != Some(true);
        comparison.field("value", &self.value, amount, |asked, found| {
            if asked == found {
                return Some(true);
            }
            let is_net = receiver_pays && is_net(order, asked, found);
            // Without the fee's coin, the amount may be net of it.
            if is_net {
                fee_is_in_token(order)
            } else {
                Some(false)
            }
        });
        // Only an order to be paid has a price; a price of zero counts as none.
        let price = detail.product_price.as_ref();
        if let Some(price) = price.filter(|price| !price.is_zero()) {
            comparison.differs("product_price", "none", price);
        }
        let standing = match detail.status {
            OrderStatus::Pending | OrderStatus::Processing | OrderStatus::Successful => {
                Progress::Accepted
            }
            OrderStatus::Failed => Progress::Ended,
            // A status of orders, or one that is new.
            _ => Progress::Unknown,
        };
        let order_id = detail.order_id.clone().unwrap_or_default();
        let record_id = RecordId::new(order_id.as_str());
        let created = CreatedWithdrawal {
            order_id,
            record_id: None,
        };
        comparison.judge(&record_id, created, standing, &detail.status, None)
    }
}

impl Payout for Withdraw {}

/// Whether a transfer of this withdrawal has a network fee that makes up the difference.
fn is_net(order: &OrderInfo, asked: &Amount, found: &Amount) -> bool {
    let mut fees = order
        .trade_list
        .iter()
        .filter_map(|it| it.network_fee.as_ref());
    fees.any(|fee| found.checked_add(fee).is_ok_and(|gross| gross == *asked))
}

/// Whether the network fee is in the token that was sent; none where the record does not say.
fn fee_is_in_token(order: &OrderInfo) -> Option<bool> {
    let token = order.order_detail.crypto.as_ref()?;
    let mut fees = order
        .trade_list
        .iter()
        .filter_map(|it| it.network_fee_crypto.as_ref());
    fees.next().map(|fee| by_letters(token, fee) == Some(true))
}
