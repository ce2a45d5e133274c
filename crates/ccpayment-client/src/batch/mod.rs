//! `Client::batch_payout` and `Client::resume_batch`, which pay a batch exactly once.
//!
//! The rules are a state machine without I/O ([`machine`]), and [`driver`] carries out its steps.

mod driver;
mod machine;
#[cfg(test)]
mod tests;
mod value;

use ccpayment_core::v2::ConfirmBatchWithdraw;
use ccpayment_core::{Request, Timestamp};
use tracing::Instrument as _;

use crate::client::Client;
use crate::drive::Drive;
use crate::error::{Error, RequestInfo};
use crate::outcome::SubmitError;
use crate::payout::in_seconds;
use crate::telemetry;
use machine::{BatchMachine, Prior};

pub use value::{BatchPayout, SubmittedBatch};

/// Batches of payouts.
impl Client {
    /// Submits a batch exactly once: opens it, appends what one request does not take, reads all rows
    /// back, and confirms it when they are exactly the wanted ones.
    ///
    /// Only the opening may be repeated, under its id. After any other doubt, the client reads the
    /// batch back. What has arrived counts, and what has not is sent again only once the first
    /// attempt can't arrive any more ([`SETTLE_AFTER`](crate::SETTLE_AFTER)). For rows that the
    /// gateway accepted and does not show, the client waits and sends nothing. All of this ends
    /// within [`Timeouts::total`](crate::Timeouts::total), so a doubt ends as unknown unless that
    /// is longer.
    ///
    /// A batch of this id may be there already because an earlier process was about to confirm it.
    /// So this waits as in doubt before it confirms such a batch, unless the gateway accepts the
    /// opening; [`Client::resume_batch`] knows since when. Let one process at a time work on a
    /// batch.
    ///
    /// ```
    /// use ccpayment_client::{SubmittedBatch, BatchPayout, Client, SubmitError};
    /// use ccpayment_core::v2::{ApplyBatchWithdraw, BatchMode, BatchWithdrawTask};
    /// use ccpayment_core::{Address, Amount, Chain, CoinId, OrderId};
    ///
    /// fn salaries(people: &[(Address, Amount)]) -> BatchPayout {
    ///     let rows = (1..).zip(people).map(|(seq, (address, amount))| {
    ///         let id = OrderId::new(format!("salary-2026-01-{seq}"));
    ///         BatchWithdrawTask::new(seq, id, address.clone(), amount.clone())
    ///     });
    ///     let id = OrderId::new("salaries-2026-01");
    ///     let (usdt, polygon) = (CoinId::new(1280), Chain::new("POLYGON"));
    ///     let batch = ApplyBatchWithdraw::new(id, usdt, polygon, BatchMode::Batch);
    ///     BatchPayout::new(batch.orders(rows))
    /// }
    ///
    /// /// Store the batch before this, and after an error what it leaves in doubt.
    /// async fn pay(
    ///     client: &Client,
    ///     batch: &BatchPayout,
    ///     earlier: Option<&SubmitError>,
    /// ) -> Result<SubmittedBatch, SubmitError> {
    ///     match earlier {
    ///         None => client.batch_payout(batch).await,
    ///         Some(error) => client.resume_batch(batch, error.attempts().in_doubt_since).await,
    ///     }
    /// }
    /// # assert!(salaries(&[]).validate().is_err());
    /// ```
    ///
    /// # Errors
    ///
    /// Exactly one of these. [`SubmitError::Refused`]: the batch is not confirmed, so no money
    /// moved; it may be open, and `AbortBatchWithdraw` closes it. With
    /// [`RefusalReason::Unmatched`](crate::RefusalReason::Unmatched) it is there, but not as it was asked for.
    /// [`SubmitError::Conflict`]: the batch of this id is another one, or has other rows.
    /// [`SubmitError::Incomparable`]: it is confirmed, and a person has to compare its rows.
    /// [`SubmitError::Unknown`]: not settled in time, or nothing of the batch was seen.
    ///
    /// Each of them, a refusal too, has in
    /// [`Attempts::in_doubt_since`](crate::Attempts::in_doubt_since) the moment that
    /// [`Client::resume_batch`] asks for.
    pub async fn batch_payout(&self, batch: &BatchPayout) -> Result<SubmittedBatch, SubmitError> {
        run(self, batch, Prior::None).await
    }

    /// Goes on with a batch that an earlier call, or an earlier process, left unfinished: finds out
    /// what became of it, and goes on from there.
    ///
    /// `in_doubt_since` is [`Attempts::in_doubt_since`](crate::Attempts::in_doubt_since) of the
    /// earlier error: none where nothing is in doubt. After a crash, take what [`Client::now`] says
    /// after the restart, and keep it. From [`SETTLE_AFTER`](crate::SETTLE_AFTER) after that moment
    /// on, this does not wait.
    ///
    /// # Errors
    ///
    /// As for [`Client::batch_payout`]. A moment in milliseconds would be a doubt for ever: it
    /// gives [`SubmitError::Unknown`] at once, with [`Error::Invalid`] as its source.
    /// [`BatchPayout::validate`] has to hold only before something is sent: an earlier batch is
    /// looked up even if it breaks a rule.
    pub async fn resume_batch(
        &self,
        batch: &BatchPayout,
        in_doubt_since: Option<Timestamp>,
    ) -> Result<SubmittedBatch, SubmitError> {
        run(self, batch, Prior::InDoubt(in_doubt_since)).await
    }
}

async fn run(
    client: &Client,
    batch: &BatchPayout,
    prior: Prior,
) -> Result<SubmittedBatch, SubmitError> {
    let give_up_at = client.give_up_at();
    let began = Timestamp::from_system(client.now());
    let mut machine = BatchMachine::new(batch.id().clone(), began, prior);
    match prior {
        Prior::None => allowed(batch).map_err(|error| machine.not_sent(error))?,
        // An earlier batch is looked up even if it breaks a rule.
        Prior::InDoubt(since) => {
            if let Err(error) = since.map_or(Ok(()), |it| in_seconds(&batch.batch, it)) {
                return machine.stopped(error);
            }
        }
    }
    let span = telemetry::submit(ConfirmBatchWithdraw::OPERATION, batch.id());
    let drive = Drive::new(client, give_up_at);
    let following = driver::follow(machine, drive, batch);
    let result = following.instrument(span.clone()).await;
    let attempts = match &result {
        Ok(paid) => &paid.attempts,
        Err(error) => error.attempts(),
    };
    let error = result.as_ref().err();
    telemetry::submit_ended(&span, ConfirmBatchWithdraw::OPERATION, attempts, error);
    result
}

/// Whether the rules let this batch be sent.
fn allowed(batch: &BatchPayout) -> Result<(), Error> {
    batch.validate().map_err(|source| Error::Invalid {
        request: RequestInfo::of(&batch.confirmation()),
        source: source.into(),
    })
}
