//! `Client::submit`, which creates orders, invoices and checkout pages exactly once.

use ccpayment_core::Submit;

use super::{Doing, drive};
use crate::client::Client;
use crate::outcome::{SubmitError, Submitted};

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
    /// An order that has expired since is given back all the same, address included: look at
    /// `expired_at` of what was made before you show it to a payer. After an error, find out what
    /// became of it with [`Client::settle`].
    ///
    /// ```
    /// use ccpayment_client::{Client, SubmitError};
    /// use ccpayment_core::v2::CreateAppOrderDepositAddress;
    ///
    /// /// Store the request, with its order id, before this.
    /// async fn checkout(
    ///     client: &Client,
    ///     order: &CreateAppOrderDepositAddress,
    /// ) -> Result<String, SubmitError> {
    ///     let to_pay = client.submit(order).await?.created;
    ///     let memo = to_pay.memo.map(|memo| format!(" with memo {memo}"));
    ///     let memo = memo.unwrap_or_default();
    ///     Ok(format!("pay {} to {}{memo}", to_pay.amount, to_pay.address))
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Exactly one of [`SubmitError::Refused`] (nothing was made by this call),
    /// [`SubmitError::Conflict`] (another order has this id), [`SubmitError::Incomparable`] (made
    /// under this id, and a person has to compare it) and [`SubmitError::Unknown`] (not settled in
    /// time; look again later).
    pub async fn submit<S: Submit>(
        &self,
        request: &S,
    ) -> Result<Submitted<S::Created>, SubmitError> {
        drive(self, request, Doing::Submit, self.give_up_at()).await
    }
}
