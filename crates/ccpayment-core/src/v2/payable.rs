//! What makes an order or an invoice one that is made once. Written by hand.

use super::{
    CreateAppOrderDepositAddress, CreateAppOrderDepositAddressResponse, CreateInvoiceUrl,
    CreateInvoiceUrlResponse, GetAppOrderInfo, GetAppOrderInfoResponse, GetInvoiceOrderInfo,
    GetInvoiceOrderInfoResponse,
};
use crate::amount::Amount;
use crate::ids::{Chain, CoinId, OrderId, PriceIn, Timestamp};
use crate::payout::{Comparison, Found, Submit};

/// The decimals of a price in a fiat.
const FIAT_DECIMALS: u32 = 2;

/// Records have been seen that expire a second before their time (7.11 of the discrepancies).
fn same_moment(asked: &Timestamp, found: &Timestamp) -> bool {
    asked.abs_diff(*found) <= 1
}

/// The record has all that the answer has but the number of confirmations. It shows no price: of an
/// order that is priced in a fiat, the amount has to come to it at the rate that is shown.
impl Submit for CreateAppOrderDepositAddress {
    type Lookup = GetAppOrderInfo;
    type Made = CreateAppOrderDepositAddressResponse;

    fn submit_id(&self) -> &OrderId {
        &self.order_id
    }

    fn lookup(&self) -> GetAppOrderInfo {
        GetAppOrderInfo::new(self.order_id.clone())
    }

    fn made(answer: Self::Response) -> Self::Made {
        answer
    }

    fn judge(&self, found: &GetAppOrderInfoResponse) -> Found<Self::Made> {
        let mut comparison = Comparison::default();
        comparison.field("coinId", &self.coin_id, Some(&found.coin_id), CoinId::eq);
        comparison.field("chain", &self.chain, Some(&found.chain), Chain::eq);
        comparison.optional("fiatId", self.fiat_id.as_ref(), found.fiat_id.as_ref());
        let to_pay = Some(&found.amount_to_pay);
        match (&self.fiat_id, &found.rate) {
            (Some(_), Some(rate)) => {
                let comes_to = comes_to(&found.amount_to_pay, rate, &self.price);
                let to_pay = to_pay.filter(|_| comes_to.is_some());
                comparison.field("price", &self.price, to_pay, |_, _| comes_to == Some(true));
            }
            (Some(_), None) => comparison.field("rate", &self.price, None, Amount::eq),
            (None, _) => comparison.field("price", &self.price, to_pay, Amount::eq),
        }
        if let Some(expired_at) = &self.expired_at {
            let found = found.expired_at.as_ref();
            comparison.if_there("expiredAt", expired_at, found, same_moment);
        }
        if let Some(email) = &self.buyer_email {
            let found = found.buyer_email.as_ref();
            comparison.if_there("buyerEmail", email, found, String::eq);
        }
        let Some(address) = &found.to_address else {
            return Found::Incomplete { field: "toAddress" };
        };
        comparison.verdict(
            None,
            CreateAppOrderDepositAddressResponse {
                address: address.clone(),
                amount: found.amount_to_pay.clone(),
                memo: found.to_memo.clone(),
                checkout_url: found.checkout_url.clone(),
                confirms_needed: None,
            },
        )
    }
}

/// Whether so much of a coin, at this rate, is what was asked for: to the hundredth, because the
/// gateway rounds the amount to what the chain can carry. What can't be counted exactly says nothing.
fn comes_to(amount: &Amount, rate: &Amount, price: &Amount) -> Option<bool> {
    let value = (amount.to_decimal().ok())
        .zip(rate.to_decimal().ok())
        .and_then(|(amount, rate)| amount.checked_mul(rate));
    let price = price.to_decimal().ok();
    value
        .zip(price)
        .map(|(value, price)| value.round_dp(FIAT_DECIMALS) == price)
}

/// The record has all that the answer has.
impl Submit for CreateInvoiceUrl {
    type Lookup = GetInvoiceOrderInfo;
    type Made = CreateInvoiceUrlResponse;

    fn submit_id(&self) -> &OrderId {
        &self.order_id
    }

    fn lookup(&self) -> GetInvoiceOrderInfo {
        GetInvoiceOrderInfo::new(self.order_id.clone())
    }

    fn made(answer: Self::Response) -> Self::Made {
        answer
    }

    fn judge(&self, found: &GetInvoiceOrderInfoResponse) -> Found<Self::Made> {
        // A record of another order is an answer to another question.
        if found.order_id.as_ref() != Some(&self.order_id) {
            return Found::Incomplete { field: "orderId" };
        }
        let mut comparison = Comparison::default();
        let price = found.price.as_ref();
        comparison.field("price", &self.price, price, Amount::eq);
        let (fiat, coin) = match &self.price_in {
            PriceIn::Fiat(fiat) => (Some(fiat), None),
            PriceIn::Coin(coin) => (None, Some(coin)),
        };
        comparison.optional("priceFiatId", fiat, found.price_fiat_id.as_ref());
        comparison.optional("priceCoinId", coin, found.price_coin_id.as_ref());
        if let Some(product) = &self.product {
            let found = found.product.as_ref();
            comparison.if_there("product", product, found, String::eq);
        }
        if let Some(expired_at) = &self.expired_at {
            let found = found.expired_at.as_ref();
            comparison.if_there("expiredAt", expired_at, found, same_moment);
        }
        if let Some(email) = &self.buyer_email {
            let found = found.buyer_email.as_ref();
            comparison.if_there("buyerEmail", email, found, String::eq);
        }
        let invoice_url = found.invoice_url.clone();
        comparison.verdict(None, CreateInvoiceUrlResponse { invoice_url })
    }
}
