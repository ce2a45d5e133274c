//! The rules by which an order or an invoice is created exactly once. Written by hand.

use rust_decimal::Decimal;

use super::{
    CreateAppOrderDepositAddress, CreateAppOrderDepositAddressResponse, CreateInvoiceUrl,
    CreateInvoiceUrlResponse, GetAppOrderInfo, GetAppOrderInfoResponse, GetInvoiceOrderInfo,
    GetInvoiceOrderInfoResponse,
};
use crate::amount::Amount;
use crate::ids::{Address, Memo, OrderId, PriceIn, Timestamp};
use crate::submit::{Comparison, RecordMatch, Submit, by_letters, by_text, by_value};

/// What a payer needs to pay an order.
///
/// To [`Submit`] an order again gives back the order that exists, even an expired one: look at
/// [`OrderToPay::expired_at`] before you show it to a payer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OrderToPay {
    /// Where to pay to.
    pub address: Address,
    /// How much to pay, in coins.
    pub amount: Amount,
    /// The memo that has to come with the payment on some chains.
    pub memo: Option<Memo>,
    /// The hosted page, if one was asked for.
    pub checkout_url: Option<String>,
    /// How many confirmations the chain needs. Only the answer to the call itself tells it.
    pub confirms_needed: Option<u64>,
    /// When the order expires: the rate is locked until then. A record shows this time. The answer
    /// to the call itself does not, so this is the time that was asked for, and none where the
    /// gateway's default applies.
    ///
    /// A payment that comes later is still credited, for 7 days by the documents.
    pub expired_at: Option<Timestamp>,
}

/// What a payer needs to pay an invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvoiceToPay {
    /// The hosted page.
    pub invoice_url: String,
    /// When the invoice expires; as for [`OrderToPay::expired_at`].
    pub expired_at: Option<Timestamp>,
}

/// Records have been seen that expire a second before their time (7.11 of the discrepancies).
fn same_moment(asked: &Timestamp, found: &Timestamp) -> Option<bool> {
    (asked.abs_diff(*found) <= 1).then_some(true)
}

/// The record has all that the answer has but the number of confirmations. It shows no price: where
/// the order is priced in a fiat, its amount times the shown rate has to give the price.
impl Submit for CreateAppOrderDepositAddress {
    type Lookup = GetAppOrderInfo;
    type Created = OrderToPay;

    fn submit_id(&self) -> &OrderId {
        &self.order_id
    }

    fn lookup(&self) -> GetAppOrderInfo {
        GetAppOrderInfo::new(self.order_id.clone())
    }

    fn created(&self, answer: CreateAppOrderDepositAddressResponse) -> OrderToPay {
        OrderToPay {
            address: answer.address,
            amount: answer.amount,
            memo: answer.memo,
            checkout_url: answer.checkout_url,
            confirms_needed: answer.confirms_needed,
            expired_at: self.expired_at,
        }
    }

    fn judge(&self, found: &GetAppOrderInfoResponse) -> RecordMatch<OrderToPay> {
        let mut comparison = Comparison::default();
        comparison.field("coinId", &self.coin_id, Some(&found.coin_id), by_value);
        comparison.field("chain", &self.chain, Some(&found.chain), by_letters);
        let to_pay = Some(&found.amount_to_pay);
        let (fiat, found_fiat) = (self.fiat_id.as_ref(), found.fiat_id.as_ref());
        match (fiat, &found.rate) {
            // The documents show both for an order in a fiat, so this may be one in a coin.
            (Some(fiat), None) if found_fiat.is_none() => comparison.not_shown("fiatId", fiat),
            _ => comparison.optional_id("fiatId", fiat, found_fiat),
        }
        match (fiat, &found.rate) {
            (Some(_), Some(rate)) => {
                comparison.field("price", &self.price, to_pay, |price, amount| {
                    comes_to(amount, rate, price)
                });
            }
            (Some(_), None) if found_fiat.is_none() => {}
            (Some(_), None) => comparison.field("rate", &self.price, None, by_value),
            (None, _) => comparison.field("price", &self.price, to_pay, by_value),
        }
        if let Some(expired_at) = &self.expired_at {
            let found = found.expired_at.as_ref();
            comparison.if_present("expiredAt", expired_at, found, same_moment);
        }
        if let Some(email) = &self.buyer_email {
            let found = found.buyer_email.as_ref();
            comparison.if_present("buyerEmail", email, found, by_letters);
        }
        let Some(address) = &found.to_address else {
            return RecordMatch::Incomplete { field: "toAddress" };
        };
        let created = OrderToPay {
            address: address.clone(),
            amount: found.amount_to_pay.clone(),
            memo: found.to_memo.clone(),
            checkout_url: found.checkout_url.clone(),
            confirms_needed: None,
            expired_at: found.expired_at,
        };
        comparison.verdict(None, created, None)
    }
}

/// Whether the amount at this rate gives the price; none where that can't be told.
///
/// The gateway rounds the amount to the coin's decimals, and may round the shown rate as well. So
/// each may be off by one in its last place, and the value by what follows from that. A value that
/// is off by more is another. It can't be told where the value is off by less, but by more than a
/// hundredth of the price, or where the numbers are too long to be computed exactly.
fn comes_to(amount: &Amount, rate: &Amount, price: &Amount) -> Option<bool> {
    let (amount_step, rate_step) = (last_place(amount)?, last_place(rate)?);
    let (amount, rate) = (amount.to_decimal().ok()?, rate.to_decimal().ok()?);
    let price = price.to_decimal().ok()?;
    let off = amount.checked_mul(rate)?.checked_sub(price)?.abs();
    let open = (amount_step.checked_mul(rate)?)
        .checked_add(rate_step.checked_mul(amount)?)?
        .checked_add(amount_step.checked_mul(rate_step)?)?;
    if off > open {
        return Some(false);
    }
    (off.checked_mul(Decimal::ONE_HUNDRED)? <= price).then_some(true)
}

/// One in the last place that is written.
fn last_place(amount: &Amount) -> Option<Decimal> {
    let decimals = amount
        .as_str()
        .split_once('.')
        .map_or(0, |(_, it)| it.len());
    Decimal::try_new(1, u32::try_from(decimals).ok()?).ok()
}

/// The record has all that the answer has.
impl Submit for CreateInvoiceUrl {
    type Lookup = GetInvoiceOrderInfo;
    type Created = InvoiceToPay;

    fn submit_id(&self) -> &OrderId {
        &self.order_id
    }

    fn lookup(&self) -> GetInvoiceOrderInfo {
        GetInvoiceOrderInfo::new(self.order_id.clone())
    }

    fn created(&self, answer: CreateInvoiceUrlResponse) -> InvoiceToPay {
        InvoiceToPay {
            invoice_url: answer.invoice_url,
            expired_at: self.expired_at,
        }
    }

    fn judge(&self, found: &GetInvoiceOrderInfoResponse) -> RecordMatch<InvoiceToPay> {
        let order_id = found.order_id.as_ref();
        let Some(mut comparison) = Comparison::of_order("orderId", &self.order_id, order_id) else {
            return RecordMatch::Incomplete { field: "orderId" };
        };
        let price = found.price.as_ref();
        comparison.field("price", &self.price, price, by_value);
        let (fiat, coin) = match &self.price_in {
            PriceIn::Fiat(fiat) | PriceIn::FiatText(fiat) => (Some(fiat), None),
            PriceIn::Coin(coin) | PriceIn::CoinText(coin) => (None, Some(coin)),
        };
        let (found_fiat, found_coin) = (&found.price_fiat_id, &found.price_coin_id);
        comparison.optional_id("priceFiatId", fiat, found_fiat.as_ref());
        comparison.optional_id("priceCoinId", coin, found_coin.as_ref());
        if let Some(product) = &self.product {
            let found = found.product.as_ref();
            comparison.if_present("product", product, found, by_text);
        }
        if let Some(expired_at) = &self.expired_at {
            let found = found.expired_at.as_ref();
            comparison.if_present("expiredAt", expired_at, found, same_moment);
        }
        if let Some(email) = &self.buyer_email {
            let found = found.buyer_email.as_ref();
            comparison.if_present("buyerEmail", email, found, by_letters);
        }
        let created = InvoiceToPay {
            invoice_url: found.invoice_url.clone(),
            expired_at: found.expired_at,
        };
        comparison.verdict(None, created, None)
    }
}
