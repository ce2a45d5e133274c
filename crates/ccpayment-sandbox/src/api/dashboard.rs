//! The part of the handle that is about the older API.

use serde_json::Value;

use crate::api::sandbox::Sandbox;
use crate::model::coins::Coin;
use crate::model::error::SandboxError;
use crate::ops::Op;
use crate::rules::v1::tokens;

/// The older API, whose invoices and refunds begin on a dashboard.
impl Sandbox {
    /// An invoice in US dollars as the dashboard of v1 makes it, good for a day; its id, by which
    /// the payer chooses coin and chain with [`pick_coin`](Self::pick_coin).
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
    pub fn dashboard_refund(&self, record_id: &str, amount: &str) -> Result<String, SandboxError> {
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
        self.signer_v1().headers(self.signing_time(), body)
    }
}

fn text(answer: &Value, name: &str) -> String {
    let found = answer.get(name).and_then(Value::as_str);
    found.unwrap_or_default().to_owned()
}
