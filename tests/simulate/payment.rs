//! The nine calls that move money at once, the four that make something payable, and batches, as
//! one type.

use anyhow::Result;
use bytes::Bytes;
use ccpayment::v1::{CreateOrder, Currency, GetCheckoutUrl, TokenId, Withdraw};
use ccpayment::v2::{
    ApplyAppWithdrawToCwallet, ApplyAppWithdrawToNetwork, ApplyBatchWithdraw,
    ApplyUserWithdrawToCwallet, ApplyUserWithdrawToNetwork, BatchMode, BatchWithdrawTask,
    CreateAppOrderDepositAddress, CreateInvoiceUrl, InvoiceToPay, OrderToPay, Swap, TransferTarget,
    UserBatchTransfer, UserSwap, UserTransfer,
};
use ccpayment::{
    Address, Amount, BatchPayout, Chain, CoinId, FiatId, Memo, OrderId, Submit, UserId,
};
use ccpayment_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::places::{ACCOUNTS, CHAIN, EMAIL, PLACES, PRODUCT, Place, RECEIVER, USDT};

/// Only lists use this coin, so its movements are nobody's payment.
pub(crate) const MATIC: u64 = 1329;
pub(crate) const ETH: u64 = 2;
pub(crate) const USERS: [&str; 3] = ["user-jane", "user-li", "user-omar"];
/// US dollars and Danish crowns.
const FIATS: [u64; 2] = [1033, 1022];
const NOBODY: &str = "nobody";
const MERCHANT: &str = "merchant:available";

/// A call that happens once, with methods for the simulation alone.
pub(crate) trait Once: Submit + Clone {
    /// The same under another order id, which no client of ours ever does by itself.
    fn renamed(&self, order_id: OrderId) -> Self;
    /// A name for what was made: a record, or where to pay.
    fn name(made: Self::Created) -> String;
}

macro_rules! payments {
    (
        payouts { $($payout:ident($paid:ty, $paid_id:ident),)* }
        submits { $($submit:ident($made:ty, $made_id:ident, $name:expr),)* }
    ) => {
        #[derive(Debug, Clone)]
        pub(crate) enum Request {
            $($payout($paid),)*
            $($submit($made),)*
            Batch(BatchPayout),
        }

        /// Does something with a payout, and nothing with other requests.
        macro_rules! with_payout {
            ($it:expr, $with:ident => $pay:expr) => {
                match $it {
                    $($crate::payment::Request::$payout($with) => Some($pay),)*
                    _ => None,
                }
            };
        }
        pub(crate) use with_payout;

        $(impl Once for $paid {
            fn renamed(&self, order_id: OrderId) -> Self {
                let mut other = self.clone();
                other.$paid_id = order_id;
                other
            }

            fn name(made: Self::Created) -> String {
                Self::record_id(&made).map(ToString::to_string).unwrap_or_default()
            }
        })*

        $(impl Once for $made {
            fn renamed(&self, order_id: OrderId) -> Self {
                let mut other = self.clone();
                other.$made_id = order_id;
                other
            }

            fn name(made: Self::Created) -> String {
                $name(made)
            }
        })*

        /// Does one thing with a payout, another with what is to be paid, and a third with a batch.
        macro_rules! with {
            ($it:expr, $with:ident => $pay:expr, $make:expr, $batch:expr) => {
                match $it {
                    $($crate::payment::Request::$payout($with) => $pay,)*
                    $($crate::payment::Request::$submit($with) => $make,)*
                    $crate::payment::Request::Batch($with) => $batch,
                }
            };
        }
        pub(crate) use with;
    };
}

payments! {
    payouts {
        ToNetwork(ApplyAppWithdrawToNetwork, order_id),
        ToCwallet(ApplyAppWithdrawToCwallet, order_id),
        UserToNetwork(ApplyUserWithdrawToNetwork, order_id),
        UserToCwallet(ApplyUserWithdrawToCwallet, order_id),
        Transfer(UserTransfer, order_id),
        BatchTransfer(UserBatchTransfer, order_id),
        Swap(Swap, order_id),
        UserSwap(UserSwap, order_id),
        Older(Withdraw, merchant_order_id),
    }
    submits {
        Order(CreateAppOrderDepositAddress, order_id, |made: OrderToPay| {
            // The gateway changes the letter case, which only carries a checksum.
            made.address.as_str().to_ascii_lowercase()
        }),
        Invoice(CreateInvoiceUrl, order_id, |made: InvoiceToPay| {
            made.invoice_url.to_ascii_lowercase()
        }),
        // v1 tells where to pay only once, so only its existence can be compared.
        OlderOrder(CreateOrder, merchant_order_id, |_| THERE.to_owned()),
        OlderCheckout(GetCheckoutUrl, merchant_order_id, |_| THERE.to_owned()),
    }
}

/// How many kinds there are.
pub(crate) const KINDS: usize = 14;
/// The name of something that nothing tells from another.
pub(crate) const THERE: &str = "there";

/// A call, and how its debit looks in the books if it is a payout. No two of a history have the
/// same amount, so a debit shows its payment by itself, whatever its order id.
#[derive(Debug, Clone)]
pub(crate) struct Payment {
    pub(crate) request: Request,
    pub(crate) account: String,
    pub(crate) coin_id: u64,
    pub(crate) amount: Amount,
}

impl Payment {
    /// The `number`th payment of a history, of this kind.
    pub(crate) fn new(
        kind: usize,
        number: u64,
        order_id: &str,
        token: &str,
        random: &mut fastrand::Rng,
    ) -> Result<Self> {
        // Without a zero at the end, so that books and records print it in the same way.
        let text = format!("{}.{:05}1", 20 + number, random.u32(0..100_000));
        let amount: Amount = text.parse()?;
        let order_id = OrderId::new(order_id);
        let payer = random.usize(0..USERS.len());
        let user =
            |of: usize| UserId::new(USERS.get(of % USERS.len()).copied().unwrap_or(MERCHANT));
        let (usdt, matic) = (CoinId::new(USDT), CoinId::new(MATIC));
        let place = place(random);
        let (coin, chain) = (CoinId::new(place.coin_id), Chain::new(place.chain));
        let (address, memo) = (Address::new(place.address), place.memo.map(Memo::new));
        let account = ACCOUNTS.get(random.usize(0..ACCOUNTS.len())).copied();
        let account = account.unwrap_or_default();
        let value = amount.clone();
        // The prices are further apart than any rounding of a rate.
        let millions = if number < 10 { 1_000_000 } else { 3_000_000 };
        let price = if random.u32(0..4) == 0 { millions } else { 20 };
        let price: Amount = format!("{}.25", price + number).parse()?;
        let fiat = FIATS.get(random.usize(0..4)).copied().map(FiatId::new);
        let (product, email) = (random.bool(), random.bool());
        let request = match kind % KINDS {
            0 => {
                let mut it = ApplyAppWithdrawToNetwork::new(order_id, coin, chain, address, value);
                it.memo = memo;
                Request::ToNetwork(it)
            }
            1 => Request::ToCwallet(ApplyAppWithdrawToCwallet::new(
                order_id, usdt, account, value,
            )),
            2 => {
                let payer = user(payer);
                let mut it =
                    ApplyUserWithdrawToNetwork::new(payer, order_id, coin, chain, address, value);
                it.memo = memo;
                Request::UserToNetwork(it)
            }
            3 => Request::UserToCwallet(ApplyUserWithdrawToCwallet::new(
                user(payer),
                order_id,
                usdt,
                account,
                value,
            )),
            4 => Request::Transfer(UserTransfer::new(
                order_id,
                user(payer),
                user(payer + 1),
                usdt,
                value,
            )),
            5 => {
                let first: Amount = "1.5".parse()?;
                let targets = [
                    TransferTarget::new(user(payer + 1), first.clone()),
                    TransferTarget::new(user(payer + 2), value.checked_sub(&first)?),
                ];
                Request::BatchTransfer(UserBatchTransfer::new(order_id, user(payer), targets, usdt))
            }
            6 => Request::Swap(Swap::new(order_id, usdt, value, matic)),
            7 => Request::UserSwap(UserSwap::new(order_id, user(payer), usdt, value, matic)),
            8 => {
                let to = if random.bool() { RECEIVER } else { account };
                let (to, token) = (Address::new(to), TokenId::new(token));
                Request::Older(Withdraw::new(order_id, to, token, value))
            }
            9 => {
                let mut it = CreateAppOrderDepositAddress::new(order_id, coin, chain, price);
                it.fiat_id = fiat;
                it.buyer_email = email.then(|| EMAIL.to_owned());
                Request::Order(it)
            }
            10 => {
                let mut it = match fiat {
                    Some(fiat) => CreateInvoiceUrl::new(fiat, order_id, price),
                    None => CreateInvoiceUrl::new(usdt, order_id, price),
                };
                it.product = product.then(|| PRODUCT.to_owned());
                it.buyer_email = email.then(|| EMAIL.to_owned());
                Request::Invoice(it)
            }
            11 => {
                let token = TokenId::new(token);
                Request::OlderOrder(CreateOrder::new(order_id, price, token, Currency::usd()))
            }
            12 => Request::OlderCheckout(GetCheckoutUrl::new(order_id, price, PRODUCT)),
            _ => {
                let mut rows = Vec::new();
                for seq in 1..=random.u64(1..=4) {
                    let text = format!(
                        "{}.{:05}1",
                        1000 + number * 10 + seq,
                        random.u32(0..100_000)
                    );
                    let id = OrderId::new(format!("{order_id}-row-{seq}"));
                    let mut row = BatchWithdrawTask::new(seq, id, address.clone(), text.parse()?);
                    row.memo.clone_from(&memo);
                    rows.push(row);
                }
                let batch = ApplyBatchWithdraw::new(order_id, coin, chain, BatchMode::Batch);
                Request::Batch(BatchPayout::new(batch.orders(rows)))
            }
        };
        let account = match request {
            Request::ToNetwork(_)
            | Request::ToCwallet(_)
            | Request::Swap(_)
            | Request::Older(_) => MERCHANT.to_owned(),
            Request::Order(_)
            | Request::Invoice(_)
            | Request::OlderOrder(_)
            | Request::OlderCheckout(_) => NOBODY.to_owned(),
            // Its rows are counted instead.
            Request::Batch(_) => NOBODY.to_owned(),
            _ => format!("user:{}:available", user(payer)),
        };
        let coin_id = match request {
            Request::ToNetwork(_) | Request::UserToNetwork(_) => place.coin_id,
            _ => USDT,
        };
        Ok(Self {
            request,
            account,
            coin_id,
            amount,
        })
    }

    /// The same under other ids, as somebody makes it who is told that it was not made. Two
    /// payments that were asked for under one id get two different ones.
    pub(crate) fn made_anew(&self, number: usize) -> Self {
        let anew = |id: &OrderId| OrderId::new(format!("{id}-anew-{number}"));
        macro_rules! renamed {
            ($($kind:ident)*) => {
                match &self.request {
                    $(Request::$kind(it) => Request::$kind(it.renamed(anew(it.submit_id()))),)*
                    Request::Batch(it) => {
                        let mut it = it.clone();
                        it.batch.batch_order_id = anew(&it.batch.batch_order_id);
                        for row in &mut it.batch.orders {
                            row.order_id = anew(&row.order_id);
                        }
                        Request::Batch(it)
                    }
                }
            };
        }
        let request = renamed!(
            ToNetwork ToCwallet UserToNetwork UserToCwallet Transfer BatchTransfer Swap UserSwap
            Older Order Invoice OlderOrder OlderCheckout
        );
        Self {
            request,
            ..self.clone()
        }
    }

    pub(crate) fn is_older(&self) -> bool {
        matches!(
            self.request,
            Request::Older(_) | Request::OlderOrder(_) | Request::OlderCheckout(_)
        )
    }

    /// Whether it moves money.
    pub(crate) fn pays(&self) -> bool {
        with!(&self.request, _it => true, false, true)
    }

    /// The amounts of its rows.
    pub(crate) fn rows(&self) -> Vec<String> {
        let rows = match &self.request {
            Request::Batch(it) => it.batch.orders.as_slice(),
            _ => &[],
        };
        rows.iter().map(|row| row.amount.to_string()).collect()
    }

    pub(crate) fn is_batch(&self) -> bool {
        matches!(self.request, Request::Batch(_))
    }

    /// Its order id, and the number of the gateway's space of order ids that it belongs to.
    pub(crate) fn order_key(&self) -> (String, usize) {
        let list = match self.request {
            Request::ToNetwork(_) | Request::ToCwallet(_) | Request::Older(_) => 0,
            Request::UserToNetwork(_) | Request::UserToCwallet(_) => 1,
            Request::Transfer(_) => 2,
            Request::BatchTransfer(_) => 3,
            Request::Swap(_) => 4,
            Request::UserSwap(_) => 5,
            Request::Order(_)
            | Request::Invoice(_)
            | Request::OlderOrder(_)
            | Request::OlderCheckout(_) => 6,
            Request::Batch(_) => 7,
        };
        let id = with!(
            &self.request,
            it => it.submit_id(),
            it.submit_id(),
            &it.batch.batch_order_id
        );
        (id.as_str().to_owned(), list)
    }

    /// Asks the gateway directly, without any line or client, what was made under the order id.
    pub(crate) async fn made(&self, sandbox: &Sandbox) -> Option<String> {
        let (id, _) = self.order_key();
        let (path, body, name, price) = match &self.request {
            Request::Order(it) => {
                let body = json!({ "orderId": id });
                let name = ("/data/toAddress", "/data/amountToPay");
                ("v2/getAppOrderInfo", body, name, Some(&it.price))
            }
            Request::Invoice(it) => {
                let body = json!({ "orderId": id });
                let name = ("/data/invoiceUrl", "/data/price");
                ("v2/getInvoiceOrderInfo", body, name, Some(&it.price))
            }
            _ => {
                let body = json!({ "merchant_order_ids": [id] });
                ("v1/bill/info", body, ("/data/0/order_detail", ""), None)
            }
        };
        let (name, its_price) = name;
        let body = body.to_string();
        // Planned refusals come first.
        for _ in 0..20 {
            let signed = if self.is_older() {
                sandbox.sign_v1(body.as_bytes())
            } else {
                sandbox.sign_v2(body.as_bytes())
            };
            let mut request = http::Request::post(format!("/ccpayment/{path}"))
                .header("Content-Type", "application/json");
            for (name, value) in signed {
                request = request.header(name, value);
            }
            let answer = sandbox
                .respond(request.body(Bytes::from(body.clone())).ok()?)
                .await?;
            let answer: Value = serde_json::from_slice(answer.body()).ok()?;
            match answer.get("code").and_then(Value::as_u64) {
                Some(10_000) => {
                    // Another one that took the id is not this one.
                    let found = answer.pointer(its_price).and_then(Value::as_str);
                    let rate = answer.pointer("/data/rate").and_then(Value::as_str);
                    if price.is_some_and(|price| !is_price(price, found, rate)) {
                        return None;
                    }
                    let name = answer.pointer(name)?.as_str().unwrap_or(THERE);
                    return Some(name.to_ascii_lowercase());
                }
                Some(11_003) => return None,
                _ => {}
            }
        }
        None
    }
}

/// The place where most goes, or any place.
fn place(random: &mut fastrand::Rng) -> Place {
    let pick = if random.bool() {
        random.usize(0..PLACES.len())
    } else {
        0
    };
    let most = Place {
        coin_id: USDT,
        chain: CHAIN,
        address: RECEIVER,
        memo: None,
    };
    PLACES.get(pick).copied().unwrap_or(most)
}

/// Whether an order of this price can have this amount to be paid. The rate makes it slightly more.
fn is_price(price: &Amount, amount: Option<&str>, rate: Option<&str>) -> bool {
    let number = |text: &str| text.parse::<f64>().ok();
    let (price, amount) = (number(price.as_str()), amount.and_then(number));
    let comes_to = match rate {
        Some(rate) => amount.zip(number(rate)).map(|(amount, rate)| amount * rate),
        None => amount,
    };
    // No two prices are this near to each other.
    price
        .zip(comes_to)
        .is_some_and(|(price, comes_to)| (price - comes_to).abs() < 0.1)
}
