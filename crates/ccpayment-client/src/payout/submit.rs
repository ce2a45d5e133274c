//! `Client::submit`: orders, invoices, checkout pages.

use ccpayment_core::Submit;

use super::{Doing, drive};
use crate::client::Client;
use crate::outcome::{SubmitError, Submitted};

/// Orders and invoices.
impl Client {
    /// Creates an order, an invoice or a checkout page exactly once, under the request's order id.
    ///
    /// When an answer is lost, or the gateway says that it has this order id already, the client looks
    /// the record up and compares it. It repeats under the same id only. So calling it again, in
    /// another process too, gives what was created then.
    ///
    /// In v2 a record has what the answer has, and [`Submitted::proof`] says which of the two it was.
    /// In v1 a record has no address, so [`Submitted::created`] is an `Option`: `None` means that the
    /// order is there and that its address was in an answer that was lost. No payer has seen it, so
    /// make a new order under a new id.
    ///
    /// An order that has expired since is given back all the same, with its address: look at
    /// `expired_at` before you show it to a payer. After an error, find out what became of it with
    /// [`Client::settle`].
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
    /// Exactly one of [`SubmitError::Refused`] (this submit created nothing),
    /// [`SubmitError::Conflict`] (another order has this id), [`SubmitError::Incomparable`] (created
    /// under this id, and a person has to compare it) and [`SubmitError::Unknown`] (not settled in
    /// time; look again later).
    pub async fn submit<S: Submit>(
        &self,
        request: &S,
    ) -> Result<Submitted<S::Created>, SubmitError> {
        drive(self, request, Doing::Submit, self.give_up_at()).await
    }
}
