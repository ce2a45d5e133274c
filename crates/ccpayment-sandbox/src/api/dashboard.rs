//! The calls that play the merchant's dashboard.

use crate::api::sandbox::{Sandbox, text_field};
use crate::model::error::SandboxError;
use crate::ops::Op;

/// # The merchant's dashboard
///
/// What the merchant starts there instead of by a request.
impl Sandbox {
    /// A withdrawal by the rules of the merchant's dashboard; its record id.
    ///
    /// # Errors
    ///
    /// When the coin or chain is unknown, or the amount is not there or does not cover the fee.
    pub fn auto_payout(
        &self,
        coin_id: u64,
        chain: &str,
        address: &str,
        amount: &str,
    ) -> Result<String, SandboxError> {
        let answer = self.apply(Op::AutoPayout {
            coin_id,
            chain: chain.to_owned(),
            address: address.to_owned(),
            amount: amount.to_owned(),
        })?;
        Ok(text_field(&answer, "recordId"))
    }

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
        Ok(text_field(&answer, "invoiceId"))
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
        Ok(text_field(&answer, "recordId"))
    }

    /// Queues the handshake that is sent when a URL is saved on the dashboard.
    pub fn activate_webhook(&self) {
        self.apply_or_ignore(Op::ActivateWebhook);
    }
}
