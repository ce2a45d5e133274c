//! What a merchant does on the dashboard: invoices and refunds.

use serde_json::{Value, json};

use crate::addresses::{self, Owner};
use crate::catalogue::{Coin, Network};
use crate::deposits::Source;
use crate::error::SandboxError;
use crate::ledger::{Account, EntryKind};
use crate::money::{Money, parse, round_down};
use crate::ops::Op;
use crate::sandbox::Sandbox;
use crate::settings::invalid;
use crate::shelf::by_record;
use crate::state::{State, Status};
use crate::v1::notices;
use crate::v1::orders::{Kind, Page};
use crate::v1::tokens;

/// Money of an order on its way back to the payer.
#[derive(Debug, Clone)]
pub(crate) struct Refund {
    pub(crate) record_id: String,
    pub(crate) deposit_id: String,
    pub(crate) coin: &'static Coin,
    pub(crate) network: &'static Network,
    pub(crate) to: String,
    /// What the merchant gives back.
    pub(crate) amount: Money,
    pub(crate) fee: Money,
    pub(crate) received: Money,
    pub(crate) tx_id: String,
    pub(crate) notify_url: Option<String>,
    pub(crate) at: u64,
}

/// An invoice in dollars; the id that `pick` knows it by.
pub(crate) fn invoice(
    state: &mut State,
    price: &str,
    email: Option<String>,
) -> Result<Value, SandboxError> {
    let value = parse(price).map_err(|rule| invalid(price, rule))?.value;
    if value <= Money::default() {
        return Err(invalid(price, "must be above zero"));
    }
    if round_down(&value, 2) != value {
        return Err(invalid(price, "has more than 2 decimals"));
    }
    let id = state.ids.record(state.now);
    let page = Page {
        kind: Kind::Invoice(email),
        price: value,
        product: None,
        custom_value: None,
        return_url: None,
        notify_url: None,
        period: crate::orders::DAY,
    };
    let url = page.open(state, &id);
    Ok(json!({ "invoiceId": id, "url": url }))
}

/// Part or all of a payment to an order goes back to where it came from.
pub(crate) fn refund(
    state: &mut State,
    deposit_id: &str,
    amount: &str,
) -> Result<Value, SandboxError> {
    let unknown = || SandboxError::UnknownRecord(deposit_id.to_owned());
    let value = parse(amount).map_err(|rule| invalid(amount, rule))?.value;
    let deposit = state
        .deposits
        .get(&by_record(deposit_id))
        .ok_or_else(unknown)?;
    // The notification names an order of the merchant, so that only an order's money can go back.
    let Source::Owned(Owner::Order(id) | Owner::Invoice(id)) = &deposit.source else {
        return Err(unknown());
    };
    let made = state.v1.orders.get(id).ok_or_else(unknown)?;
    if made.kind != Kind::Order || deposit.status != Status::Success || deposit.flagged {
        return Err(SandboxError::NotRefundable(deposit_id.to_owned()));
    }
    let (id, coin, network) = (id.clone(), deposit.coin, deposit.network);
    let before = made.refunds.iter();
    let before = before.filter(|refund| refund.deposit_id == deposit_id);
    let left: Money = &deposit.amount - before.map(|refund| &refund.amount).sum::<Money>();
    let fee = state.settings.network_fee(coin, network);
    if round_down(&value, network.precision) != value {
        return Err(invalid(
            amount,
            "has more decimals than the chain can carry",
        ));
    }
    if value <= fee {
        return Err(invalid(amount, "does not cover the network fee"));
    }
    if value > left {
        return Err(invalid(amount, "is more than is left of the payment"));
    }
    if state.books.balance(&Account::Merchant, coin.id) < value {
        return Err(invalid(amount, "is more than the merchant has"));
    }
    let notify_url =
        addresses::find(state, &deposit.to).and_then(|address| address.notify_url.clone());
    let payer = deposit.from().map(str::to_owned);
    let received = &value - &fee;
    let refund = Refund {
        record_id: state.ids.record(state.now),
        deposit_id: deposit_id.to_owned(),
        coin,
        network,
        // Where payments have many inputs, the payer has to say where to.
        to: payer.unwrap_or_else(|| state.ids.address(network.on.family)),
        amount: value,
        fee,
        received,
        tx_id: state.ids.transaction(network.on.family),
        notify_url,
        at: state.now,
    };
    let lines = vec![
        (Account::Merchant, coin.id, -refund.amount.clone()),
        (Account::Chain, coin.id, refund.received.clone()),
        (Account::NetworkFees, coin.id, refund.fee.clone()),
    ];
    state
        .books
        .post(EntryKind::Refund, &refund.record_id, lines)?;
    notices::refund(state, &id, &refund);
    let answer = json!({ "recordId": refund.record_id });
    if let Some(made) = state.v1.orders.get_mut(&id) {
        made.refunds.push(refund);
    }
    Ok(answer)
}

/// The older API, whose invoices and refunds begin on a dashboard.
impl Sandbox {
    /// An invoice in US dollars as the dashboard of v1 makes it, good for a day; its id, by which
    /// the payer [`pick`](Self::pick)s coin and chain.
    ///
    /// # Errors
    ///
    /// When the price is not a positive decimal text with at most two decimals.
    pub fn dashboard_invoice(
        &self,
        price: &str,
        email: Option<&str>,
    ) -> Result<String, SandboxError> {
        let answer = self.apply(Op::DashboardInvoice {
            price: price.to_owned(),
            email: email.map(str::to_owned),
        })?;
        Ok(text(&answer, "invoiceId"))
    }

    /// Sends money of a confirmed payment to an order of v1 back to its payer, less the network
    /// fee, as the merchant does on the dashboard; the id of the refund.
    ///
    /// # Errors
    ///
    /// When the record is no such payment, or the amount is more than is left of it or in the
    /// balance, or does not cover the fee.
    pub fn refund(&self, record_id: &str, amount: &str) -> Result<String, SandboxError> {
        let answer = self.apply(Op::DashboardRefund {
            record_id: record_id.to_owned(),
            amount: amount.to_owned(),
        })?;
        Ok(text(&answer, "recordId"))
    }

    /// The `token_id` that v1 has for a coin on a chain; the same in every sandbox.
    #[must_use]
    pub fn v1_token_id(&self, coin_id: u64, chain: &str) -> Option<&'static str> {
        let coin = Coin::find(coin_id)?;
        Some(tokens::token_id(coin, coin.network(chain)?))
    }

    /// The headers `Appid`, `Timestamp` and `Sign` of v1 for a body, at the sandbox's time: for
    /// requests, and as answers and notifications have them.
    #[must_use]
    pub fn sign_v1(&self, body: &[u8]) -> [(&'static str, String); 3] {
        self.digest().headers(self.signing_time(), body)
    }
}

fn text(answer: &Value, name: &str) -> String {
    let found = answer.get(name).and_then(Value::as_str);
    found.unwrap_or_default().to_owned()
}
