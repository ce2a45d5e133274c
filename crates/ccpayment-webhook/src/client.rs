//! Confirming in one call.

use ccpayment_client::Client;

use crate::confirm::{ConfirmError, ConfirmedDeposit, ConfirmedWithdrawal};
use crate::event::{ApiDeposit, ApiWithdrawal, DirectDeposit};

impl ApiDeposit {
    /// Reads the record and judges it. Nothing is credited before this.
    ///
    /// # Errors
    ///
    /// [`ConfirmError`]: don't acknowledge the notification then, so that it comes again.
    pub async fn confirm(&self, client: &Client) -> Result<ConfirmedDeposit, ConfirmError> {
        let answer = client.send(&self.confirm_request()).await;
        ConfirmedDeposit::judge(self, answer.map_err(ConfirmError::Read)?)
    }
}

impl DirectDeposit {
    /// Reads the record and judges it. Nothing is credited before this.
    ///
    /// # Errors
    ///
    /// [`ConfirmError`]: don't acknowledge the notification then, so that it comes again.
    pub async fn confirm(&self, client: &Client) -> Result<ConfirmedDeposit, ConfirmError> {
        let answer = client.send(&self.confirm_request()).await;
        ConfirmedDeposit::judge(self, answer.map_err(ConfirmError::Read)?)
    }
}

impl ApiWithdrawal {
    /// Reads the record and judges it.
    ///
    /// # Errors
    ///
    /// [`ConfirmError`]: don't acknowledge the notification then, so that it comes again.
    pub async fn confirm(&self, client: &Client) -> Result<ConfirmedWithdrawal, ConfirmError> {
        let answer = client.send(&self.confirm_request()).await;
        ConfirmedWithdrawal::judge(self, answer.map_err(ConfirmError::Read)?)
    }
}
