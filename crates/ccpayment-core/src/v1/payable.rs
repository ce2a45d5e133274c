//! The rules by which an order of v1 is created exactly once. Written by hand.
//!
//! No document says what a second call under the same id does. So the client looks for the record
//! first, and repeats nothing in doubt. The record has neither the address of an order nor that of
//! its page: it proves only that the order is there.

use super::{
    CreateOrder, CreateOrderResponse, Currency, GetCheckoutUrl, GetCheckoutUrlResponse,
    GetOrderInfo, GetOrderInfoResponse, OrderDetail, OrderInfo,
};
use crate::amount::Amount;
use crate::ids::OrderId;
use crate::submit::{Comparison, RecordMatch, Submit, by_letters, by_text, by_value};

/// The record of this order. An answer that has only other orders answers another question, and
/// does not prove that this order is missing.
pub(super) fn found<'a, Created>(
    answer: &'a GetOrderInfoResponse,
    id: &OrderId,
) -> Result<(&'a OrderInfo, Comparison), RecordMatch<Created>> {
    const FIELD: &str = "merchant_order_id";
    let orders = || answer.orders.iter();
    let exact = orders().find(|order| order.order_detail.merchant_order_id == *id);
    let compared = exact.into_iter().chain(orders()).find_map(|order| {
        let found = Some(&order.order_detail.merchant_order_id);
        Some((order, Comparison::of_order(FIELD, id, found)?))
    });
    compared.ok_or(if answer.orders.is_empty() {
        RecordMatch::NotFound
    } else {
        RecordMatch::Incomplete { field: FIELD }
    })
}

/// Compares the price. A withdrawal has none, so a withdrawal under this id proves nothing.
fn compare(comparison: &mut Comparison, price: &Amount, currency: &Currency, found: &OrderDetail) {
    let found_price = found.product_price.as_ref();
    comparison.field("product_price", price, found_price, by_value);
    let found = found.denominated_currency.as_ref();
    comparison.if_present("denominated_currency", currency, found, by_currency);
}

/// Two fiats differ; the token may be written by its symbol.
fn by_currency(asked: &Currency, found: &Currency) -> Option<bool> {
    match by_letters(asked, found) {
        None if asked.is_token() || found.is_token() => None,
        same => Some(same.is_some()),
    }
}

/// The record has the token by its symbol, where the request has an id, so it is not compared.
impl Submit for CreateOrder {
    type Lookup = GetOrderInfo;
    /// None where only the record was found.
    type Created = Option<CreateOrderResponse>;

    const REFUSES_REPEATS: bool = false;

    fn submit_id(&self) -> &OrderId {
        &self.merchant_order_id
    }

    fn lookup(&self) -> GetOrderInfo {
        GetOrderInfo::new([self.merchant_order_id.clone()])
    }

    fn created(&self, answer: CreateOrderResponse) -> Self::Created {
        Some(answer)
    }

    fn judge(&self, answer: &GetOrderInfoResponse) -> RecordMatch<Self::Created> {
        let (order, mut comparison) = match found(answer, &self.merchant_order_id) {
            Ok(found) => found,
            Err(nothing) => return nothing,
        };
        let (price, currency) = (&self.product_price, &self.denominated_currency);
        let detail = &order.order_detail;
        compare(&mut comparison, price, currency, detail);
        comparison.verdict(None, None, Some(detail.status.to_string()))
    }
}

/// There is no currency to choose: the price is in dollars.
impl Submit for GetCheckoutUrl {
    type Lookup = GetOrderInfo;
    /// None where only the record was found.
    type Created = Option<GetCheckoutUrlResponse>;

    const REFUSES_REPEATS: bool = false;

    fn submit_id(&self) -> &OrderId {
        &self.merchant_order_id
    }

    fn lookup(&self) -> GetOrderInfo {
        GetOrderInfo::new([self.merchant_order_id.clone()])
    }

    fn created(&self, answer: GetCheckoutUrlResponse) -> Self::Created {
        Some(answer)
    }

    fn judge(&self, answer: &GetOrderInfoResponse) -> RecordMatch<Self::Created> {
        let (order, mut comparison) = match found(answer, &self.merchant_order_id) {
            Ok(found) => found,
            Err(nothing) => return nothing,
        };
        let detail = &order.order_detail;
        let price = &self.product_price;
        compare(&mut comparison, price, &Currency::usd(), detail);
        let product = detail.product_name.as_ref();
        comparison.if_present("product_name", &self.product_name, product, by_text);
        comparison.verdict(None, None, Some(detail.status.to_string()))
    }
}
