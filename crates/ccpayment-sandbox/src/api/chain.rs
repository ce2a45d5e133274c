//! The calls that play the chain and the payers on it.

use serde_json::Value;

use crate::api::sandbox::{Sandbox, text_field};
use crate::model::error::SandboxError;
use crate::model::views::{IncomingPayment, Payment, PickedCoin};
use crate::ops::Op;

/// # The chain and the payers
///
/// Money arrives, and what is under way ends.
impl Sandbox {
    /// Money arrives at an order's address: a deposit that is `Processing`, and its notification.
    ///
    /// # Errors
    ///
    /// When nobody was given the address, when it is no longer watched, or when the amount is not a
    /// positive decimal text that the chain can carry.
    pub fn pay(&self, address: &str, amount: &str) -> Result<Payment, SandboxError> {
        self.send_payment(IncomingPayment::new(address, amount))
    }

    /// Money arrives at any address; see [`IncomingPayment`].
    ///
    /// # Errors
    ///
    /// As for [`pay`](Self::pay), and when the coin does not fit the address.
    pub fn send_payment(&self, incoming: IncomingPayment) -> Result<Payment, SandboxError> {
        let answer = self.apply(Op::Pay(incoming))?;
        Ok(Payment {
            record_id: text_field(&answer, "recordId"),
            tx_id: text_field(&answer, "txId"),
        })
    }

    /// The payer picks coin and chain on the page of an invoice.
    ///
    /// # Errors
    ///
    /// When there is no such invoice, coin or chain, or the invoice has expired.
    pub fn pick_coin(
        &self,
        order_id: &str,
        coin_id: u64,
        chain: &str,
    ) -> Result<PickedCoin, SandboxError> {
        let answer = self.apply(Op::Pick {
            order_id: order_id.to_owned(),
            coin_id,
            chain: chain.to_owned(),
        })?;
        Ok(PickedCoin {
            address: text_field(&answer, "address"),
            memo: text_field(&answer, "memo"),
            amount: text_field(&answer, "amount"),
        })
    }

    /// A deposit becomes `Success` and is credited after its service fee, or held back if it was
    /// flagged as risky. It does so by itself once its chain has grown by the confirmations that it
    /// needs.
    ///
    /// # Errors
    ///
    /// When no deposit has the id or it has already ended.
    pub fn confirm(&self, record_id: &str) -> Result<(), SandboxError> {
        self.apply(Op::Confirm(record_id.to_owned())).map(drop)
    }

    /// Confirms every deposit that is `Processing`, oldest first, and counts them.
    pub fn confirm_all(&self) -> usize {
        count(self.apply(Op::ConfirmAll))
    }

    /// Every withdrawal that is `Processing` becomes `Success` with a transaction id, and every
    /// confirmed batch is paid; counts withdrawals and rows.
    pub fn settle_payouts(&self) -> usize {
        count(self.apply(Op::SettlePayouts))
    }

    /// A deposit, a withdrawal or a row of a batch becomes `Failed`; the money taken for it is
    /// posted back.
    ///
    /// # Errors
    ///
    /// When no record has the id or it has already ended.
    pub fn fail(&self, record_id: &str) -> Result<(), SandboxError> {
        self.apply(Op::Fail(record_id.to_owned())).map(drop)
    }

    /// A deposit address is emptied into the merchant's pool, for a fee that the merchant pays.
    ///
    /// # Errors
    ///
    /// When nobody was given the address, the coin is unknown, or the fee is not there.
    pub fn sweep_address(
        &self,
        address: &str,
        coin_id: u64,
        fee: &str,
    ) -> Result<(), SandboxError> {
        let op = Op::Sweep {
            address: address.to_owned(),
            coin_id,
            fee: fee.to_owned(),
        };
        self.apply(op).map(drop)
    }
}

fn count(answer: Result<Value, SandboxError>) -> usize {
    let number = answer.ok().and_then(|answer| answer.as_u64());
    number
        .and_then(|number| usize::try_from(number).ok())
        .unwrap_or(0)
}
