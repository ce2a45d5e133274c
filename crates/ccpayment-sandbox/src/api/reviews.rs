//! The calls that play the gateway's people.

use crate::api::sandbox::{Sandbox, text_field};
use crate::model::error::SandboxError;
use crate::ops::Op;

/// # The gateway's people
///
/// They approve withdrawals and flag what is risky.
impl Sandbox {
    /// Lets a withdrawal (by record id) or a batch (by its own id) that waits for approval go on.
    ///
    /// # Errors
    ///
    /// When there is none, or it does not wait.
    pub fn approve(&self, id: &str) -> Result<(), SandboxError> {
        self.apply(Op::Approve(id.to_owned())).map(drop)
    }

    /// Refuses a withdrawal or a batch that waits for approval: its money goes back.
    ///
    /// # Errors
    ///
    /// When there is none, or it does not wait.
    pub fn reject(&self, id: &str, reason: &str) -> Result<(), SandboxError> {
        let op = Op::Reject {
            record_id: id.to_owned(),
            reason: reason.to_owned(),
        };
        self.apply(op).map(drop)
    }

    /// Flags a deposit that is `Processing`: it will end as `Success` but stay uncredited.
    ///
    /// # Errors
    ///
    /// When no deposit has the id or it has already ended.
    pub fn flag_risky(&self, record_id: &str) -> Result<(), SandboxError> {
        self.apply(Op::FlagRisky(record_id.to_owned())).map(drop)
    }

    /// Sends a risky deposit back to its payer, less the network fee; the id of the refund.
    ///
    /// # Errors
    ///
    /// When no deposit has the id, or it is not held back as risky.
    pub fn refund_risky(&self, record_id: &str) -> Result<String, SandboxError> {
        let answer = self.apply(Op::RefundRisky(record_id.to_owned()))?;
        Ok(text_field(&answer, "recordId"))
    }

    /// Flags a deposit address as risky. The flag is announced; payments that arrive there from
    /// then on are not.
    ///
    /// # Errors
    ///
    /// When nobody was given the address.
    pub fn flag_address_risky(&self, address: &str) -> Result<(), SandboxError> {
        self.apply(Op::RiskAddress(address.to_owned())).map(drop)
    }
}
