//! What makes an order of this API one that is made once. Written by hand.
//!
//! What a second call under the same id does is not documented, so the record is looked for first
//! and nothing is repeated in doubt. The record has neither the address of an order nor that of its
//! page: of one that is found, nothing can be given but that it is there.

use super::{
    CreateOrder, CreateOrderResponse, Currency, GetCheckoutUrl, GetCheckoutUrlResponse,
    GetOrderInfo, GetOrderInfoResponse, OrderDetail,
};
use crate::amount::Amount;
use crate::ids::OrderId;
use crate::payout::{Comparison, Found, Submit};

fn detail<'a>(found: &'a GetOrderInfoResponse, id: &OrderId) -> Option<&'a OrderDetail> {
    let mut details = found.orders.iter().map(|order| &order.order_detail);
    details.find(|detail| detail.merchant_order_id == *id)
}

/// A price: a withdrawal has none, so one that took the id proves nothing for an order.
fn compare(price: &Amount, currency: &Currency, found: &OrderDetail) -> Comparison {
    let mut comparison = Comparison::default();
    let found_price = found.product_price.as_ref();
    comparison.field("product_price", price, found_price, Amount::eq);
    let found = found.denominated_currency.as_ref();
    comparison.if_there("denominated_currency", currency, found, |asked, found| {
        asked.as_str().eq_ignore_ascii_case(found.as_str())
    });
    comparison
}

/// The record has the token by its symbol, where the request has an id, so it is not compared.
impl Submit for CreateOrder {
    type Lookup = GetOrderInfo;
    /// None where only the record was found.
    type Made = Option<CreateOrderResponse>;

    const REFUSES_REPEATS: bool = false;

    fn submit_id(&self) -> &OrderId {
        &self.merchant_order_id
    }

    fn lookup(&self) -> GetOrderInfo {
        GetOrderInfo::new([self.merchant_order_id.clone()])
    }

    fn made(answer: CreateOrderResponse) -> Self::Made {
        Some(answer)
    }

    fn judge(&self, found: &GetOrderInfoResponse) -> Found<Self::Made> {
        match detail(found, &self.merchant_order_id) {
            Some(found) => {
                compare(&self.product_price, &self.denominated_currency, found).verdict(None, None)
            }
            None => Found::Nothing,
        }
    }
}

/// There is no currency to choose: the price is in dollars.
impl Submit for GetCheckoutUrl {
    type Lookup = GetOrderInfo;
    /// None where only the record was found.
    type Made = Option<GetCheckoutUrlResponse>;

    const REFUSES_REPEATS: bool = false;

    fn submit_id(&self) -> &OrderId {
        &self.merchant_order_id
    }

    fn lookup(&self) -> GetOrderInfo {
        GetOrderInfo::new([self.merchant_order_id.clone()])
    }

    fn made(answer: GetCheckoutUrlResponse) -> Self::Made {
        Some(answer)
    }

    fn judge(&self, found: &GetOrderInfoResponse) -> Found<Self::Made> {
        let Some(found) = detail(found, &self.merchant_order_id) else {
            return Found::Nothing;
        };
        let mut comparison = compare(&self.product_price, &Currency::usd(), found);
        let product = found.product_name.as_ref();
        comparison.if_there("product_name", &self.product_name, product, String::eq);
        comparison.verdict(None, None)
    }
}
