//! Entries of the outbox: sent once, settled after any crash, and followed to their end.

use std::time::Duration;

use ccpayment_client::core::{
    ErrorCode, ErrorReport, OrderId, PrepareError, RecordId, Retry, Timestamp,
};
use ccpayment_client::{Client, Error, RefusalReason, SETTLE_AFTER, SubmitError};

use super::{Unwritten, Worked, Worker};
use crate::entry::{Change, Entry, State, Step};
use crate::handler::{EndedPayout, Handler, PayoutEnd};
use crate::look::is_passing;
use crate::store::{Store, StoreError};
use crate::stored::{Doing, Progress, carry_out_stored};

/// How much later than now the end of a lease may count: a clock may have been ahead when the
/// payout was sent.
const MOST_AHEAD: Duration = Duration::from_secs(3_600);

impl<S, H> Worker<S, H>
where
    S: Store,
    H: Handler<S::Tx>,
{
    pub(super) async fn work_payout(
        &self,
        client: &Client,
        entry: &Entry,
    ) -> Result<Worked, StoreError> {
        match entry.step {
            Step::Planned => self.send(client, entry).await,
            _ => self.settle(client, entry).await,
        }
    }

    /// Sends a payout that is certainly not made. First it writes that the payout is in doubt.
    async fn send(&self, client: &Client, entry: &Entry) -> Result<Worked, StoreError> {
        let last = now(client).plus(self.settings.lease);
        let mut entry = entry.clone();
        entry.step = Step::Sending;
        entry.in_doubt_since = None;
        entry.signed_until = Some(last);
        let in_doubt = Change {
            keeps_claim: true,
            ..entry.later(self.settings.lease)
        };
        if self.write(&entry, &in_doubt).await? == Worked::Lost {
            return Ok(Worked::Lost);
        }
        let fenced = client.clone().with_last_timestamp(last);
        self.carry_out(client, &fenced, &entry, Doing::Send).await
    }

    /// Looks once what became of a payout that may have been sent, or was accepted.
    async fn settle(&self, client: &Client, entry: &Entry) -> Result<Worked, StoreError> {
        let since = entry.in_doubt_since.unwrap_or_else(|| doubt(client, entry));
        self.carry_out(client, client, entry, Doing::Settle(since))
            .await
    }

    async fn carry_out(
        &self,
        client: &Client,
        with: &Client,
        entry: &Entry,
        doing: Doing,
    ) -> Result<Worked, StoreError> {
        let key = &entry.key;
        let which = (key.version, key.kind.as_str(), key.id.as_str());
        let submitted = match carry_out_stored(with, which, entry.body.clone(), doing).await {
            Ok(submitted) => submitted,
            Err(error) => {
                let words = ErrorReport::new(&error).to_string();
                return self.park(entry, words).await;
            }
        };
        match submitted {
            Ok(progress) => self.accepted(entry, progress).await,
            Err(error) => self.not_accepted(client, entry, error).await,
        }
    }

    async fn accepted(&self, entry: &Entry, progress: Progress) -> Result<Worked, StoreError> {
        let record_id = progress.record_id.or_else(|| entry.record_id.clone());
        // v2's word, and v1's.
        if matches!(progress.status.as_deref(), Some("Success" | "Successful")) {
            return self.end(entry, PayoutEnd::Arrived, record_id, None).await;
        }
        let is_news = entry.step != Step::Accepted;
        let accepted = Entry {
            step: Step::Accepted,
            looks: if is_news { 0 } else { entry.looks },
            record_id,
            ..entry.clone()
        };
        self.look_later(&accepted, None).await
    }

    async fn not_accepted(
        &self,
        client: &Client,
        entry: &Entry,
        error: SubmitError,
    ) -> Result<Worked, StoreError> {
        let words = error.report().to_string();
        match &error {
            SubmitError::Unknown { last, status, .. } => {
                // The gateway has this order id, so a look that finds nothing later on is no proof.
                let is_duplicate = |it: &Error| it.code() == Some(ErrorCode::OrderDuplicate);
                let is_there = status.is_some() || last.as_deref().is_some_and(is_duplicate);
                let step = if is_there { Step::Accepted } else { entry.step };
                let entry = Entry {
                    step,
                    ..entry.clone()
                };
                self.unknown(client, &entry, last.as_deref(), words).await
            }
            SubmitError::Refused {
                reason:
                    RefusalReason::Ended {
                        record_id,
                        status,
                        reason,
                    },
                ..
            } => {
                let end = match status.as_str() {
                    "Rejected" => PayoutEnd::Rejected,
                    _ => PayoutEnd::Failed,
                };
                let reason = reason.clone().or(Some(words));
                self.end(entry, end, Some(record_id.clone()), reason).await
            }
            // It was accepted, and no record is there any more: no program can make sense of that.
            SubmitError::Refused { .. } if entry.step == Step::Accepted => {
                self.park(entry, words).await
            }
            SubmitError::Refused { reason, .. } => {
                let planned = Entry {
                    step: Step::Planned,
                    in_doubt_since: None,
                    signed_until: None,
                    ..entry.clone()
                };
                match again(reason) {
                    Again::Never => self.end(entry, PayoutEnd::Refused, None, Some(words)).await,
                    Again::Counted => self.fail(&planned, words).await,
                    Again::Uncounted => self.look_later(&planned, Some(words)).await,
                }
            }
            SubmitError::Conflict { record_id, .. } => {
                let record_id = record_id.clone();
                self.end(entry, PayoutEnd::Conflict, record_id, Some(words))
                    .await
            }
            SubmitError::Incomparable { record_id, .. } => {
                let record_id = record_id.clone();
                self.end(entry, PayoutEnd::Incomparable, record_id, Some(words))
                    .await
            }
            _ => self.fail(entry, words).await,
        }
    }

    /// Not settled yet. The first look that the gateway answered dates the doubt: by then the
    /// gateway has accepted our clock.
    async fn unknown(
        &self,
        client: &Client,
        entry: &Entry,
        last: Option<&Error>,
        words: String,
    ) -> Result<Worked, StoreError> {
        let is_answered = last.is_none_or(|it| it.code() == Some(ErrorCode::NotFound));
        let mut entry = entry.clone();
        if is_answered && entry.in_doubt_since.is_none() {
            entry.in_doubt_since = Some(doubt(client, &entry));
        }
        // From then on one look is certain to settle it.
        let settles_at = entry.in_doubt_since.map(|since| since.plus(SETTLE_AFTER));
        let left = settles_at.map(|at| at.get().saturating_sub(now(client).get()));
        let at_most = left
            .filter(|left| *left > 0)
            .map_or(Duration::MAX, Duration::from_secs);
        self.look_within(&entry, at_most, Some(words)).await
    }

    /// The mark and the merchant's writes: one commit.
    async fn end(
        &self,
        entry: &Entry,
        end: PayoutEnd,
        record_id: Option<RecordId>,
        reason: Option<String>,
    ) -> Result<Worked, StoreError> {
        let mut told_later = entry.clone();
        if end == PayoutEnd::Refused {
            // Nothing was made. In doubt, the entry would not show that its handler failed.
            told_later.step = Step::Planned;
            (told_later.in_doubt_since, told_later.signed_until) = (None, None);
        } else {
            // Its record was seen, so a look that finds none must not send it again.
            told_later.step = Step::Accepted;
            told_later.record_id.clone_from(&record_id);
        }
        match self.end_payout(entry, end, record_id, reason).await {
            Ok(worked) => Ok(worked),
            Err(unwritten) => self.not_handled(&told_later, unwritten).await,
        }
    }

    async fn end_payout(
        &self,
        entry: &Entry,
        end: PayoutEnd,
        record_id: Option<RecordId>,
        reason: Option<String>,
    ) -> Result<Worked, Unwritten> {
        let store = &self.store;
        let key = &entry.key;
        let (state, step) = match end {
            PayoutEnd::Incomparable => (State::Parked, Step::Accepted),
            PayoutEnd::Refused => (State::Done, Step::Planned),
            _ => (State::Done, entry.step),
        };
        let change = Change {
            state,
            step,
            record_id: record_id.clone(),
            ..entry.done(end.as_str(), reason.clone())
        };
        let mut tx = store.begin().await?;
        if !store.change(&mut tx, key, entry.fence, &change).await? {
            return Ok(Worked::Lost);
        }
        let payout = EndedPayout {
            app_id: key.app_id.clone(),
            version: key.version,
            operation: key.kind.clone(),
            order_id: OrderId::new(key.id.as_str()),
            record_id,
            end,
            reason,
        };
        // A worker finds it again each time that a person releases it. The handler is told once.
        let is_news = payout.end != PayoutEnd::Incomparable || {
            let mut told = key.clone();
            told.kind = format!("{}/{}", key.kind, payout.end.as_str());
            store.keep_key(&mut tx, &told, &[]).await?
        };
        if is_news {
            self.guarded(self.handler.payout(&mut tx, &payout)).await?;
        }
        store.commit(tx).await?;
        Ok(Worked::Written)
    }
}

fn now(client: &Client) -> Timestamp {
    Timestamp::from_system(client.now())
}

/// The date of a doubt that begins to be looked at: now, or when the last signature may be.
fn doubt(client: &Client, entry: &Entry) -> Timestamp {
    let now = now(client);
    let last = entry.signed_until.unwrap_or(now);
    last.max(now).min(now.plus(MOST_AHEAD))
}

/// Whether the same request may pass later without anybody's help.
enum Again {
    /// It can't.
    Never,
    /// It may, and this try counts as a failure.
    Counted,
    /// It may, and nobody is to blame: an outage, or a process that died before it sent.
    Uncounted,
}

fn again(reason: &RefusalReason) -> Again {
    match reason {
        RefusalReason::NotSent(error) => match &**error {
            // A key that is held elsewhere may be there later.
            Error::Invalid { source, .. } if !matches!(source, PrepareError::Sign(_)) => {
                Again::Never
            }
            error if is_passing(error) => Again::Uncounted,
            _ => Again::Counted,
        },
        RefusalReason::Absent | RefusalReason::Clock { .. } => Again::Uncounted,
        RefusalReason::Gateway(refusal) if refusal.code.retry() == Retry::Backoff => {
            Again::Uncounted
        }
        _ => Again::Never,
    }
}
