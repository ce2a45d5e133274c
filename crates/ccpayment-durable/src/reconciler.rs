//! `Reconciler`, which finds the records that no notification told of.

use std::fmt;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use ccpayment_client::core::v2::{
    DepositRecord, GetAppDepositRecordList, GetAppWithdrawRecordList, GetUserDepositRecordList,
    GetUserWithdrawRecordList, UserDepositRecord, UserWithdrawRecord, WithdrawRecord, WithdrawType,
};
use ccpayment_client::core::{ErrorReport, Paged, RecordId, Timestamp, UserId, Version};
use ccpayment_client::{Client, Clock, PageError};
use futures_util::future::{Either, select};

use crate::entry::{EntryKey, NewEntry, State, Step};
use crate::kind::{self, USER_LIST, user_list};
use crate::look::is_passing;
use crate::store::{Store, StoreError};

const DAY: Duration = Duration::from_secs(86_400);
const HOUR: Duration = Duration::from_secs(3_600);

/// Walks the gateway's lists of records, and puts those into the inbox that it lacks.
///
/// A notification may never come: the receiver was down, a firewall kept the gateway out, the coin
/// is not enabled on the dashboard, or the kind sends none. So run this beside the worker, in one
/// process or in several. It goes on from where it was, with an overlap, and after a month of
/// downtime it catches up day by day, with one page in memory.
///
/// | what | how it is found |
/// |---|---|
/// | deposits and withdrawals of the merchant | by their lists |
/// | those of end users | by their lists, for the users that [`Reconciler::users`] names and those that a notification ever named |
/// | v1 | the gateway has no lists: [`Reconciler::resend_v1`] asks for its notifications again |
/// | swaps and transfers | not at all: they send no notification and need none, as the outbox follows its own |
#[derive(Debug, Clone)]
pub struct Reconciler<S> {
    store: S,
    client: Client,
    users: Vec<UserId>,
    start: Timestamp,
    overlap: Duration,
    most_users: u32,
}

/// What a walk found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Walked {
    /// How many records the lists showed. One that lies in two windows counts twice.
    pub records: u64,
    /// How many of them the inbox had not seen.
    pub new: u64,
    /// How many of these are deposits that no notification will announce any more: they are older
    /// than its repeats. A withdrawal's record does not say how old it is, so none is counted.
    pub gaps: u64,
    /// How many records could not be read. Each is parked whole.
    pub unreadable: u64,
    /// How many users were left for the next walk.
    pub users_left: u64,
}

/// Why a walk ended early. What it had walked stays walked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WalkError {
    /// A list could not be read.
    #[error("the list {list} can't be read: {reason}")]
    List {
        /// The list.
        list: String,
        /// The client's error, with every reason below it.
        reason: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a list was not walked to its end.
struct Stopped {
    error: WalkError,
    /// Whether the error is not about this list: the others can't be walked either.
    stops_all: bool,
}

impl From<StoreError> for Stopped {
    fn from(error: StoreError) -> Self {
        Self {
            error: error.into(),
            stops_all: true,
        }
    }
}

/// The fields that are needed of a record of any list.
struct Seen<'a> {
    id: &'a RecordId,
    arrived_at: Option<Timestamp>,
    is_announced: bool,
}

trait ListedRecord {
    const KIND: &'static str;
    fn seen(&self) -> Seen<'_>;
}

macro_rules! listed {
    ($($record:ty, $kind:expr, $it:ident => $arrived_at:expr, $is_announced:expr;)+) => {$(
        impl ListedRecord for $record {
            const KIND: &'static str = $kind;

            fn seen(&self) -> Seen<'_> {
                let $it = self;
                Seen {
                    id: &$it.record_id,
                    arrived_at: $arrived_at,
                    is_announced: $is_announced,
                }
            }
        }
    )+};
}

listed! {
    DepositRecord, kind::DEPOSIT, it => it.arrived_at, true;
    UserDepositRecord, kind::USER_DEPOSIT, it => it.arrived_at, true;
    // A withdrawal to a Cwallet account sends no notification.
    WithdrawRecord, kind::WITHDRAWAL, it => None, it.withdraw_type != Some(WithdrawType::Cwallet);
    UserWithdrawRecord, kind::USER_WITHDRAWAL, it => None,
        it.withdraw_type != Some(WithdrawType::Cwallet);
}

impl<S: Store> Reconciler<S> {
    /// How far a walk reaches back behind the last one, unless set: a day. A record may come into
    /// its list later than its own time says, since a slow chain takes hours.
    pub const OVERLAP: Duration = DAY;

    /// How many end users one walk goes through, unless set.
    pub const MOST_USERS: u32 = 100;

    /// A reconciler of the client's merchant, whose first walk begins at `start`.
    ///
    /// **Each deposit since then is put in, and credited.** Give it the moment at which the
    /// merchant's books begin with this crate: an earlier one credits what was booked by other
    /// means before.
    #[must_use]
    pub fn new(store: S, client: Client, start: Timestamp) -> Self {
        Self {
            store,
            client,
            users: Vec::new(),
            start,
            overlap: Self::OVERLAP,
            most_users: Self::MOST_USERS,
        }
    }

    /// Walks the lists of these end users as well, beside those that a notification ever named.
    #[must_use]
    pub fn users(mut self, users: impl IntoIterator<Item = UserId>) -> Self {
        self.users.extend(users);
        self
    }

    /// How far a walk reaches back behind the last one: [`Reconciler::OVERLAP`], unless set.
    #[must_use]
    pub fn overlap(mut self, overlap: Duration) -> Self {
        self.overlap = overlap;
        self
    }

    /// How many end users one walk goes through: [`Reconciler::MOST_USERS`], unless set. Users that
    /// were walked the longest ago come first.
    #[must_use]
    pub fn most_users(mut self, most: u32) -> Self {
        self.most_users = most;
        self
    }

    /// Walks every `pause` until `shutdown` ends. What fails is logged and walked again.
    pub async fn run(
        &self,
        pause: Duration,
        clock: &dyn Clock,
        shutdown: impl Future<Output = ()>,
    ) {
        let mut shutdown = pin!(shutdown);
        loop {
            match self.walk().await {
                Ok(walked) if walked.new > 0 || walked.unreadable > 0 => {
                    let Walked {
                        new,
                        gaps,
                        unreadable,
                        ..
                    } = walked;
                    tracing::warn!(new, gaps, unreadable, "a list has what the inbox never saw");
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::error!(error = %ErrorReport::new(&error), "a walk ended early");
                }
            }
            let pausing = pin!(clock.sleep(pause));
            if let Either::Left(_) = select(&mut shutdown, pausing).await {
                return;
            }
        }
    }

    /// Walks each list from where the last walk ended, up to now. An unreadable list does not keep
    /// the others back.
    ///
    /// # Errors
    ///
    /// The first [`WalkError`]. The next walk goes on from there.
    pub async fn walk(&self) -> Result<Walked, WalkError> {
        let (mut walked, mut failed) = (Walked::default(), None);
        match self.walk_all(&mut walked, &mut failed).await {
            Ok(()) => failed.map_or(Ok(walked), Err),
            Err(stopped) => Err(failed.unwrap_or(stopped.error)),
        }
    }

    async fn walk_all(
        &self,
        walked: &mut Walked,
        failed: &mut Option<WalkError>,
    ) -> Result<(), Stopped> {
        let mut deposits = GetAppDepositRecordList::new();
        deposits.limit = Some(100);
        go_on(self.walk_list("deposits", deposits, walked).await, failed)?;
        let withdrawals = GetAppWithdrawRecordList::new();
        let walk = self.walk_list("withdrawals", withdrawals, walked).await;
        go_on(walk, failed)?;
        self.walk_users(walked, failed).await
    }

    async fn walk_users(
        &self,
        walked: &mut Walked,
        failed: &mut Option<WalkError>,
    ) -> Result<(), Stopped> {
        let app_id = self.client.app_id();
        let mut tx = self.store.begin().await?;
        for user in &self.users {
            let list = user_list(user);
            (self
                .store
                .set_position(&mut tx, app_id, &list, Timestamp::new(0)))
            .await?;
        }
        self.store.commit(tx).await?;
        let known = self.store.positions(app_id, USER_LIST).await?;
        let most = self.most_users as usize;
        walked.users_left = known.len().saturating_sub(most) as u64;
        for (list, _) in known.into_iter().take(most) {
            let Some(user) = list.strip_prefix(USER_LIST) else {
                continue;
            };
            go_on(self.walk_user(&list, user, walked).await, failed)?;
        }
        Ok(())
    }

    /// One position for both lists of a user, so both are walked before it moves.
    async fn walk_user(&self, list: &str, user: &str, walked: &mut Walked) -> Result<(), Stopped> {
        let deposits = GetUserDepositRecordList::new(user);
        let withdrawals = GetUserWithdrawRecordList::new(user);
        for window in self.windows(list).await? {
            self.walk_window(list, deposits.clone(), window, walked)
                .await?;
            self.walk_window(list, withdrawals.clone(), window, walked)
                .await?;
            self.move_on(list, window).await?;
        }
        Ok(())
    }

    async fn walk_list<Q>(&self, list: &str, query: Q, walked: &mut Walked) -> Result<(), Stopped>
    where
        Q: Paged + fmt::Debug,
        Q::Item: ListedRecord,
    {
        for window in self.windows(list).await? {
            self.walk_window(list, query.clone(), window, walked)
                .await?;
            self.move_on(list, window).await?;
        }
        Ok(())
    }

    /// The days that are to be walked, the oldest first. The last one has no end in the past, since
    /// our clock may be behind.
    async fn windows(&self, list: &str) -> Result<Vec<(Timestamp, Timestamp)>, StoreError> {
        let known = self.store.positions(self.client.app_id(), list).await?;
        let position = known.into_iter().find(|(name, _)| name == list);
        let now = self.now().get();
        let from = position.map_or(0, |(_, at)| at.get().saturating_sub(self.overlap.as_secs()));
        let mut from = from.max(self.start.get());
        let mut windows = Vec::new();
        while from.saturating_add(DAY.as_secs()) < now {
            let to = from.saturating_add(DAY.as_secs());
            windows.push((Timestamp::new(from), Timestamp::new(to)));
            from = to;
        }
        let end = now.saturating_add(DAY.as_secs());
        windows.push((Timestamp::new(from.min(end)), Timestamp::new(end)));
        Ok(windows)
    }

    async fn walk_window<Q>(
        &self,
        list: &str,
        query: Q,
        (from, to): (Timestamp, Timestamp),
        walked: &mut Walked,
    ) -> Result<(), Stopped>
    where
        Q: Paged + fmt::Debug,
        Q::Item: ListedRecord,
    {
        let mut pages = self.client.pages(query.within(from, to));
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| unread(list, &error))?;
            let mut tx = self.store.begin().await?;
            for row in &page.items {
                let entry = match row {
                    Ok(record) => self.listed(record),
                    Err(row) => {
                        walked.unreadable += 1;
                        self.unreadable(list, row.raw(), row.to_string())
                    }
                };
                walked.records += 1;
                if self.store.put(&mut tx, &entry).await? && row.is_ok() {
                    walked.new += 1;
                    walked.gaps += u64::from(entry.is_gap);
                }
            }
            self.store.commit(tx).await?;
        }
        Ok(())
    }

    /// The gateway accepted our clock when it answered. So the position is ahead of the gateway's
    /// clock by its tolerance at most, which the overlap covers.
    async fn move_on(&self, list: &str, (_, to): (Timestamp, Timestamp)) -> Result<(), StoreError> {
        let walked_until = to.min(self.now());
        let mut tx = self.store.begin().await?;
        let app_id = self.client.app_id();
        (self.store.set_position(&mut tx, app_id, list, walked_until)).await?;
        self.store.commit(tx).await?;
        Ok(())
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_system(self.client.now())
    }

    fn listed<R: ListedRecord>(&self, record: &R) -> NewEntry {
        let seen = record.seen();
        let app_id = self.client.app_id();
        let key = EntryKey::inbox(app_id, Version::V2, R::KIND, seen.id.as_str());
        // The gateway repeats a notification for an hour at most.
        let is_old = |arrived: Timestamp| arrived.plus(HOUR) < self.now();
        let mut entry = NewEntry::new(key, Step::Received, Bytes::new());
        entry.is_gap = seen.is_announced && seen.arrived_at.is_some_and(is_old);
        entry
    }

    fn unreadable(&self, list: &str, raw: &str, reason: String) -> NewEntry {
        let app_id = self.client.app_id();
        let kind = kind::UNREADABLE_RECORD;
        let key = EntryKey::by_body(app_id, Version::V2, kind, raw.as_bytes());
        let body = Bytes::copy_from_slice(raw.as_bytes());
        let mut entry = NewEntry::new(key, Step::Received, body);
        entry.state = State::Parked;
        entry.reason = Some(format!(
            "a record of the list {list} can't be read: {reason}"
        ));
        entry
    }

    /// Has the gateway send the failed notifications of v1 again, for one hour that was not asked
    /// for yet, and returns up to when it asked. `None` where there is no such hour.
    ///
    /// v1 has no lists of records, and takes one such request a minute and 25 a day: call this
    /// every few minutes until it gives `None`, and once an hour from then on. Call it while the
    /// receiver is up: an hour is asked for once. The last hour is left out, since the gateway may
    /// still repeat its notifications. A notification that the gateway never tried to send does not
    /// come.
    ///
    /// # Errors
    ///
    /// [`WalkError`]. The same hour is asked for again next time.
    #[cfg(feature = "v1")]
    pub async fn resend_v1(&self) -> Result<Option<Timestamp>, WalkError> {
        const LIST: &str = "v1/resend";
        let known = self.store.positions(self.client.app_id(), LIST).await?;
        let now = self.now();
        let from = known.first().map_or(self.start, |(_, at)| *at);
        let to = from.plus(HOUR);
        if to.plus(HOUR) > now {
            return Ok(None);
        }
        let request = ccpayment_client::core::v1::ResendWebhooks::new(from).end_timestamp(to);
        if let Err(error) = self.client.send(&request).await {
            return Err(WalkError::List {
                list: LIST.to_owned(),
                reason: error.report().to_string(),
            });
        }
        self.move_on(LIST, (from, to)).await?;
        Ok(Some(to))
    }
}

fn unread<Q: fmt::Debug + 'static>(list: &str, error: &PageError<Q>) -> Stopped {
    Stopped {
        stops_all: error.request_error().is_some_and(is_passing),
        error: WalkError::List {
            list: list.to_owned(),
            reason: ErrorReport::new(error).to_string(),
        },
    }
}

/// Keeps the first error of a list, and goes on with the next one where that may be readable.
fn go_on(walk: Result<(), Stopped>, failed: &mut Option<WalkError>) -> Result<(), Stopped> {
    match walk {
        Err(stopped) if !stopped.stops_all => {
            failed.get_or_insert(stopped.error);
            Ok(())
        }
        walk => walk,
    }
}
