//! `confirm` and `read` with a client: the read of a record and its judgement in one step.

use ccpayment_client::Client;
use ccpayment_core::v2::{DepositRecord, UserDepositRecord, UserWithdrawRecord, WithdrawRecord};

use crate::confirm::{Confirm, ConfirmedDeposit, ConfirmedWithdrawal};
use crate::error::ConfirmError;
use crate::event::{ApiDeposit, ApiWithdrawal, DirectDeposit, UserDeposit, UserWithdrawal};
use crate::records::{AnyDeposit, AnyWithdrawal};

async fn read<What: Confirm + Sync>(
    client: &Client,
    what: &What,
) -> Result<What::Confirmed, ConfirmError> {
    let answer = client.send(&what.confirm_request()).await;
    what.judge(answer.map_err(ConfirmError::Read)?)
}

macro_rules! confirmed {
    ($($confirmed:ident<$record:ident>;)+) => {$(
        impl<Record: $record> $confirmed<Record> {
            /// Reads the record of an event, or the one that a read is about, and judges it.
            ///
            /// # Errors
            ///
            /// [`ConfirmError`]: don't acknowledge the notification then, so that it comes again.
            pub async fn read<What: Confirm<Confirmed = Self> + Sync>(
                client: &Client,
                what: &What,
            ) -> Result<Self, ConfirmError> {
                read(client, what).await
            }
        }
    )+};
}

confirmed! {
    ConfirmedDeposit<AnyDeposit>;
    ConfirmedWithdrawal<AnyWithdrawal>;
}

macro_rules! events {
    ($($event:ty => $confirmed:ident<$record:ty>;)+) => {$(
        impl $event {
            /// Reads the record and judges it. Its `decision` says what to do.
            ///
            /// # Errors
            ///
            /// [`ConfirmError`]: don't acknowledge the notification then, so that it comes again.
            pub async fn confirm(
                &self,
                client: &Client,
            ) -> Result<$confirmed<$record>, ConfirmError> {
                read(client, self).await
            }
        }
    )+};
}

events! {
    ApiDeposit => ConfirmedDeposit<DepositRecord>;
    DirectDeposit => ConfirmedDeposit<DepositRecord>;
    UserDeposit => ConfirmedDeposit<UserDepositRecord>;
    ApiWithdrawal => ConfirmedWithdrawal<WithdrawRecord>;
    UserWithdrawal => ConfirmedWithdrawal<UserWithdrawRecord>;
}
