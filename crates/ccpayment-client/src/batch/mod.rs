//! A batch of payouts that happens once.
//!
//! The rules are a state machine without I/O ([`machine`]); this module carries out its steps.

mod machine;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::time::Duration;

use ccpayment_core::v2::{
    AppendBatchWithdraw, ApplyBatchWithdraw, BatchRows, BatchWithdrawOrder,
    BatchWithdrawTaskRecord, ConfirmBatchWithdraw, GetBatchWithdrawOrderRecordList,
};
use ccpayment_core::{
    Endpoint, ErrorCode, OrderId, Paged, Rule, Submit, Timestamp, ValidationError,
};
use serde::{Deserialize, Serialize};
use tracing::Instrument as _;

use crate::attempt::Terms;
use crate::client::Client;
use crate::error::{CallInfo, Error};
use crate::limit::Lane;
use crate::observe;
use crate::payout::drive;
use crate::retry::Pause;
use crate::verdict::{PayoutError, Proof, Refusal, Submitted, Tried};
use machine::{Look, Machine, ROWS_AT_ONCE, Seen, Step};

/// The rows that are read at once.
const PAGE: u64 = 100;

/// A batch of payouts, with everything that [`Client::batch_payout`] needs: a value to store before
/// it is sent.
///
/// The routes of batches are known from CCPayment's SDKs and their documents only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BatchPayout {
    /// The batch with all its rows. There may be more than one call takes (500); the rest is
    /// appended.
    pub batch: ApplyBatchWithdraw,
    /// How long the gateway shall wait before it pays, once the batch is confirmed: up to 3,600
    /// seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_seconds: Option<u64>,
}

impl BatchPayout {
    /// This batch with these rows, paid as soon as it is confirmed.
    #[must_use]
    pub fn new(batch: ApplyBatchWithdraw) -> Self {
        Self {
            batch,
            delay_seconds: None,
        }
    }

    /// Sets [`Self::delay_seconds`].
    #[must_use]
    pub fn delay_seconds(mut self, delay_seconds: u64) -> Self {
        self.delay_seconds = Some(delay_seconds);
        self
    }

    /// Checks every documented rule, of each row too, and that no two rows have the same name.
    ///
    /// # Errors
    ///
    /// The first rule that does not hold, with the field's name on the wire.
    pub fn validate(&self) -> Result<(), ValidationError> {
        self.opening().validate()?;
        self.confirmation().validate()?;
        let rows = &self.batch.orders;
        if rows.is_empty() {
            return Err(ValidationError::new("orders", Rule::Empty));
        }
        let twice = || ValidationError::new("orders", Rule::Other("has a row twice"));
        let (mut ids, mut seqs) = (BTreeSet::new(), BTreeSet::new());
        for row in rows {
            row.validate()?;
            if !ids.insert(&row.order_id) || !seqs.insert(row.seq) {
                return Err(twice());
            }
        }
        Ok(())
    }

    fn id(&self) -> &OrderId {
        &self.batch.batch_order_id
    }

    /// The batch with the first rows.
    fn opening(&self) -> ApplyBatchWithdraw {
        let mut opening = self.batch.clone();
        opening.orders.truncate(ROWS_AT_ONCE);
        opening
    }

    fn confirmation(&self) -> ConfirmBatchWithdraw {
        let mut confirmation = ConfirmBatchWithdraw::new(self.id().clone());
        confirmation.delay_seconds = self.delay_seconds;
        confirmation
    }
}

/// A batch that was confirmed with exactly the rows that were wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatchPaid {
    /// The merchant's id of the batch.
    pub order_id: OrderId,
    /// The batch, as the gateway showed it last.
    pub batch: BatchWithdrawOrder,
    /// Its rows in the order in which they were asked for, as they were read back last: with
    /// [`Proof::Accepted`], before the confirmation. How each ends shows in
    /// [`GetBatchWithdrawOrderRecordList`](ccpayment_core::v2::GetBatchWithdrawOrderRecordList).
    pub rows: Vec<BatchWithdrawTaskRecord>,
    /// How we know: by the answer to the confirmation, or by the state of the batch.
    pub proof: Proof,
    /// What it took.
    pub tried: Tried,
}

/// Batches of payouts.
impl Client {
    /// Pays a batch exactly once: opens it, appends what one call does not take, reads all rows
    /// back, and confirms it when they are exactly the wanted ones.
    ///
    /// Only the opening may be repeated, under its id. In doubt about anything else the batch is
    /// read back: what has arrived counts, and what has not is sent again only once the first
    /// attempt can't arrive any more ([`ABSENCE_SECONDS`](crate::ABSENCE_SECONDS)). The time for
    /// all of it is [`Timeouts::total`](crate::Timeouts::total), so a doubt ends as unknown unless
    /// that is longer.
    ///
    /// A batch of this id that is there already and not confirmed may be one that an earlier
    /// process was about to confirm, so this waits as in doubt before it confirms it;
    /// [`Client::resume_batch`] knows since when. Let one process at a time work on a batch.
    ///
    /// ```
    /// use ccpayment_client::{BatchPaid, BatchPayout, Client, PayoutError};
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
    ///     earlier: Option<&PayoutError>,
    /// ) -> Result<BatchPaid, PayoutError> {
    ///     match earlier {
    ///         None => client.batch_payout(batch).await,
    ///         Some(error) => client.resume_batch(batch, error.tried().in_doubt_since).await,
    ///     }
    /// }
    /// # assert!(salaries(&[]).validate().is_err());
    /// ```
    ///
    /// # Errors
    ///
    /// Exactly one of [`PayoutError::Refused`] (it was not confirmed by this call, so no money
    /// moved; it may be open, and `AbortBatchWithdraw` closes it), [`PayoutError::Conflict`] (the
    /// batch of this id is another one, or has other rows) and [`PayoutError::Unknown`] (not
    /// settled in time).
    pub async fn batch_payout(&self, batch: &BatchPayout) -> Result<BatchPaid, PayoutError> {
        run(self, batch, Earlier::Unheard).await
    }

    /// Goes on with a batch that an earlier call, or an earlier process, did not bring to its end:
    /// finds out what became of it, and goes on from there.
    ///
    /// `in_doubt_since` is [`Tried::in_doubt_since`] of the earlier error: none after a refusal,
    /// which leaves nothing in doubt. After a crash, take the moment of the crash or any later one;
    /// what [`Client::now`] says after the restart is always right (see [`Client::settle`]). From
    /// [`ABSENCE_SECONDS`](crate::ABSENCE_SECONDS) after it, nothing has to be waited for.
    ///
    /// # Errors
    ///
    /// As for [`Client::batch_payout`].
    pub async fn resume_batch(
        &self,
        batch: &BatchPayout,
        in_doubt_since: Option<Timestamp>,
    ) -> Result<BatchPaid, PayoutError> {
        run(self, batch, Earlier::Left(in_doubt_since)).await
    }
}

/// What is known of earlier work on a batch.
#[derive(Clone, Copy)]
enum Earlier {
    /// Nothing: there should have been none.
    Unheard,
    /// It has ended, and left this in doubt.
    Left(Option<Timestamp>),
}

async fn run(
    client: &Client,
    batch: &BatchPayout,
    earlier: Earlier,
) -> Result<BatchPaid, PayoutError> {
    let confirmation = batch.confirmation();
    let invalid = |source| Error::Invalid {
        call: CallInfo::of(&confirmation),
        source,
    };
    let checked = batch.validate().map_err(|error| invalid(error.into()));
    if let Err(error) = checked.and_then(|()| client.prepare(&confirmation)) {
        return Err(PayoutError::Refused {
            order_id: batch.id().clone(),
            reason: Refusal::NotSent(Box::new(error)),
            tried: Tried::default(),
        });
    }
    let span = observe::submit(ConfirmBatchWithdraw::NAME, batch.id());
    let following = follow(client, batch, earlier, client.give_up_at());
    let result = following.instrument(span.clone()).await;
    let tried = match &result {
        Ok(paid) => &paid.tried,
        Err(error) => error.tried(),
    };
    let error = result.as_ref().err();
    observe::submit_ended(&span, ConfirmBatchWithdraw::NAME, tried, error);
    result
}

/// Carries out what the machine decides.
async fn follow(
    client: &Client,
    batch: &BatchPayout,
    earlier: Earlier,
    give_up_at: Duration,
) -> Result<BatchPaid, PayoutError> {
    let opening = batch.opening();
    let (tried, others_doubt) = open(client, &opening, earlier, give_up_at).await?;
    let mut machine = Machine::new(batch.id().clone(), tried, others_doubt);
    // A doubt from elsewhere may be dated by our own clock, which may be behind, or have been.
    let clock_of = |clock: Option<Timestamp>, slowest| match others_doubt {
        Some(_) => clock.min(Some(slowest)),
        None => clock,
    };
    // The gateway asked for a pause, which is not one of our own rounds.
    let pause = |then| Step::Wait { rounds: 0, then };
    let mut step = Step::ReadBack;
    // What the last answer asks to wait, before anything is sent again.
    let mut asked = None;
    loop {
        let left = client.left(give_up_at);
        let slowest = client.slowest();
        step = match step {
            // A verdict that is reached is given whatever the time: the process may have been
            // stopped since the answer came.
            Step::Finish(verdict) => return *verdict,
            _ if left.is_zero() => return machine.give_up(),
            Step::ReadBack if asked.is_some() => pause(Look::ReadBack),
            Step::Glance if asked.is_some() => pause(Look::Glance),
            Step::Glance => match read(client, &batch.batch.lookup(), give_up_at).await {
                Ok((order, clock)) => machine.glanced(clock_of(clock, slowest), &order),
                Err(failed) => {
                    asked = failed.retry_after;
                    machine.read_failed(failed.error)
                }
            },
            Step::ReadBack => match read_back(client, batch, give_up_at).await {
                Ok(mut seen) => {
                    seen.clock = clock_of(seen.clock, slowest);
                    machine.read_back(seen)
                }
                Err(failed) => {
                    asked = failed.retry_after;
                    machine.read_failed(failed.error)
                }
            },
            Step::Append(rows) => {
                let rows = rows
                    .into_iter()
                    .filter_map(|at| batch.batch.orders.get(at).cloned());
                let request = AppendBatchWithdraw::new(batch.id().clone(), rows);
                let sent = send(client, &request, give_up_at).await;
                asked = sent.retry_after;
                machine.appended(sent.signed_at, sent.result.map(drop))
            }
            Step::Confirm => {
                let sent = send(client, &batch.confirmation(), give_up_at).await;
                asked = sent.retry_after;
                machine.confirmed(sent.signed_at, sent.result)
            }
            Step::Wait { rounds, then } => {
                let clock = client.clock();
                let pause = Pause::before_asking(rounds, asked.take()).length(clock.random());
                if pause >= left {
                    return machine.give_up();
                }
                tracing::debug!(pause_ms = pause.as_millis(), "waiting");
                clock.sleep(pause).await;
                then.into()
            }
        };
    }
}

/// Opens the batch, or finds it open. Gives back since when another process may have confirmed it.
async fn open(
    client: &Client,
    opening: &ApplyBatchWithdraw,
    earlier: Earlier,
    give_up_at: Duration,
) -> Result<(Tried, Option<Timestamp>), PayoutError> {
    let began = Timestamp::from_system(client.now());
    // What was not there before we opened it, nobody else has confirmed.
    let is_ours = match earlier {
        Earlier::Left(None) => true,
        Earlier::Left(Some(since)) => match drive(client, opening, Some(since), give_up_at).await {
            Ok(Submitted { tried, .. }) => return Ok((tried, Some(since))),
            Err(PayoutError::Refused {
                reason: Refusal::NotSent(_) | Refusal::Absent,
                ..
            }) => true,
            Err(error) => return Err(error),
        },
        Earlier::Unheard => {
            let found = read(client, &opening.lookup(), give_up_at).await;
            found.is_err_and(|failed| failed.error.code() == Some(ErrorCode::NotFound))
        }
    };
    let opened = drive(client, opening, None, give_up_at).await?;
    let is_ours = is_ours || opened.proof == Proof::Accepted;
    Ok((opened.tried, (!is_ours).then_some(began)))
}

/// A call that failed.
struct Failed {
    error: Error,
    retry_after: Option<Duration>,
}

/// What came of one call.
struct Sent<T> {
    signed_at: Timestamp,
    gateway_clock: Option<Timestamp>,
    retry_after: Option<Duration>,
    result: Result<T, Error>,
}

async fn send<E: Endpoint>(
    client: &Client,
    request: &E,
    give_up_at: Duration,
) -> Sent<E::Response> {
    let prepared = match client.prepare(request) {
        Ok(prepared) => prepared,
        Err(error) => {
            return Sent {
                signed_at: Timestamp::default(),
                gateway_clock: None,
                retry_after: None,
                result: Err(error),
            };
        }
    };
    let terms = Terms {
        lane: Lane::Money,
        sent_before: 0,
        give_up_at,
    };
    let attempt = client.attempt_on_time::<E>(&prepared, terms).await;
    Sent {
        signed_at: attempt.signed_at,
        gateway_clock: attempt.gateway_clock,
        retry_after: attempt.retry_after,
        result: attempt.result,
    }
}

async fn read<E: Endpoint>(
    client: &Client,
    request: &E,
    give_up_at: Duration,
) -> Result<(E::Response, Option<Timestamp>), Failed> {
    let sent = send(client, request, give_up_at).await;
    match sent.result {
        Ok(answer) => Ok((answer, sent.gateway_clock)),
        Err(error) => Err(Failed {
            error,
            retry_after: sent.retry_after,
        }),
    }
}

/// Reads the state first and then all rows, so that the clock of the first answer holds for both.
async fn read_back(
    client: &Client,
    batch: &BatchPayout,
    give_up_at: Duration,
) -> Result<Seen, Failed> {
    let (order, clock) = read(client, &batch.batch.lookup(), give_up_at).await?;
    let mut query = GetBatchWithdrawOrderRecordList::new(batch.id().clone()).limit(PAGE);
    let mut records = Vec::new();
    loop {
        let (answer, _) = read(client, &query, give_up_at).await?;
        let (page, next) = GetBatchWithdrawOrderRecordList::into_page(answer);
        // More may follow, or nothing for ever.
        if page.is_empty() && next.is_some() {
            return Ok(Seen {
                clock,
                batch: order,
                rows: BatchRows::Incomplete { field: "records" },
            });
        }
        records.extend(page);
        // More rows than wanted are judged as they are.
        if next.is_none() || records.len() > batch.batch.orders.len() {
            break;
        }
        query = query.at(next);
    }
    let mut rows = batch.batch.judge_rows(records);
    if let BatchRows::Fit(found) = &rows {
        let found = found.iter().flatten().count();
        let total = order.stats.as_ref().and_then(|stats| stats.total);
        // Rows that came in between, or a list without the rows that are there.
        if total.is_some_and(|total| usize::try_from(total) != Ok(found)) {
            rows = BatchRows::Incomplete { field: "records" };
        }
    }
    Ok(Seen {
        clock,
        batch: order,
        rows,
    })
}
