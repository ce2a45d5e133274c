//! What is made to be paid: orders, invoices, checkout pages.

use ccpayment_core::{Submit, Timestamp};

use super::drive;
use crate::client::Client;
use crate::verdict::{PayoutError, Submitted};

/// Orders and invoices.
impl Client {
    /// Makes an order, an invoice or a checkout page exactly once, under the request's order id.
    ///
    /// When an answer is lost, or the gateway says that it has this order id already, this looks
    /// the record up and compares it; it repeats under the same id only, never under a new one. So
    /// calling it again, in another process too, gives what was made then.
    ///
    /// In v2 a record tells what the answer told, up to what the gateway itself leaves out: which
    /// of the two it was is [`Submitted::proof`]. In v1 it does not, so `made` is an `Option`:
    /// `None` means that the order is there, and that the address to pay to was in an answer that
    /// nobody has. No payer was shown it, so a new order under a new id harms nobody.
    ///
    /// ```
    /// use ccpayment_client::{Client, PayoutError};
    /// use ccpayment_core::v2::CreateAppOrderDepositAddress;
    ///
    /// /// Store the request, with its order id, before this.
    /// async fn checkout(
    ///     client: &Client,
    ///     order: &CreateAppOrderDepositAddress,
    /// ) -> Result<String, PayoutError> {
    ///     let to_pay = client.submit(order).await?.made;
    ///     let memo = to_pay.memo.map(|memo| format!(" with memo {memo}"));
    ///     let memo = memo.unwrap_or_default();
    ///     Ok(format!("pay {} to {}{memo}", to_pay.amount, to_pay.address))
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Exactly one of [`PayoutError::Refused`] (nothing was made by this call),
    /// [`PayoutError::Conflict`] (another order has this id) and [`PayoutError::Unknown`] (not
    /// settled in time; look again later).
    pub async fn submit<S: Submit>(&self, request: &S) -> Result<Submitted<S::Made>, PayoutError> {
        drive(self, request, None, self.give_up_at()).await
    }

    /// Finds out what became of a [`Client::submit`] that an earlier call, or an earlier process,
    /// left in doubt, as [`Client::settle`] does for payouts. Never submits anything.
    ///
    /// # Errors
    ///
    /// [`PayoutError::Refused`] means that it was provably not made and will not be. Otherwise as
    /// for [`Client::submit`].
    pub async fn settle_submit<S: Submit>(
        &self,
        request: &S,
        in_doubt_since: Timestamp,
    ) -> Result<Submitted<S::Made>, PayoutError> {
        drive(self, request, Some(in_doubt_since), self.give_up_at()).await
    }
}
