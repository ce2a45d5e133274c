//! Lists that come a page at a time.
//!
//! What is left of a query is a query again: the same conditions, from a cursor on, up to an
//! earlier moment. So there is no state beside the next request, and where a walk ended another can
//! begin.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use ccpayment_core::{Cursor, Paged, Timestamp};
use futures_util::stream::{self, Stream, TryStreamExt};

use crate::client::Client;
use crate::error::Error;

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page<Q: Paged> {
    /// The records, in the gateway's order: newest first, where the documents say so. There may be
    /// none while more pages follow.
    pub items: Vec<Q::Item>,
    /// What is left of the query; none after the last page. Store it, and give it to
    /// [`Client::pages`] to go on, in another process too.
    pub next: Option<Q>,
}

/// Why a list ended before its last page.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PageError<Q> {
    /// A page could not be read.
    #[error("a page could not be read")]
    Call {
        /// Why.
        #[source]
        source: Box<Error>,
        /// What is left of the query, from the page that could not be read.
        rest: Box<Q>,
    },
    /// The gateway gave a cursor a second time, so the pages would go round in a circle. Every page
    /// up to it was given out.
    #[error("the gateway gave the cursor {cursor} a second time")]
    RepeatedCursor {
        /// The cursor.
        cursor: Cursor,
        /// What is left of the query: to go on there is to go round once more.
        rest: Box<Q>,
    },
}

impl<Q> PageError<Q> {
    /// What is left of the query. Give it to [`Client::pages`] to go on.
    #[must_use]
    pub fn rest(&self) -> &Q {
        match self {
            Self::Call { rest, .. } | Self::RepeatedCursor { rest, .. } => rest,
        }
    }

    /// Why a page could not be read, if that is the reason.
    #[must_use]
    pub fn call_error(&self) -> Option<&Error> {
        match self {
            Self::Call { source, .. } => Some(source),
            Self::RepeatedCursor { .. } => None,
        }
    }
}

/// Lists.
impl Client {
    /// Reads a list page by page, by the cursors of the answers, with the query's conditions
    /// unchanged.
    ///
    /// Holds one page at a time, and asks for the next one when it is wanted. Each page is one
    /// [`Client::send`]. After an error the stream ends; [`PageError::rest`] goes on from there,
    /// and so does [`Page::next`] of the last page that came. Dropping the stream loses nothing.
    ///
    /// A span longer than the route takes at once ([`Paged::LONGEST_SPAN`]) is asked for in windows
    /// of that length, the newest first, which share no second; both ends of a window are taken to
    /// belong to it. If it has no end, it ends now. Without a beginning, what the gateway takes for
    /// one applies: 90 days before the end.
    ///
    /// The gateway promises no snapshot: records that are made meanwhile may shift the pages, so
    /// that one comes twice, and an older page may show a record in a state that has changed since.
    /// Know records by their ids.
    ///
    /// ```
    /// use std::pin::pin;
    ///
    /// use ccpayment_client::{Client, PageError};
    /// use ccpayment_core::v2::GetAppDepositRecordList;
    /// use futures_util::TryStreamExt;
    ///
    /// type Deposits = GetAppDepositRecordList;
    ///
    /// /// Goes on where it ended: the query to store for the next time is its result.
    /// async fn read(client: &Client, from: Deposits) -> Result<Option<Deposits>, PageError<Deposits>> {
    ///     let mut pages = pin!(client.pages(from));
    ///     let mut rest = None;
    ///     while let Some(page) = pages.try_next().await? {
    ///         for deposit in &page.items {
    ///             println!("{} {:?}", deposit.record_id, deposit.status);
    ///         }
    ///         rest = page.next; // in one transaction with what was made of the records
    ///     }
    ///     Ok(rest)
    /// }
    /// ```
    pub fn pages<Q: Paged>(
        &self,
        query: Q,
    ) -> impl Stream<Item = Result<Page<Q>, PageError<Q>>> + Send + use<Q> {
        let now = Timestamp::from_system(self.now());
        let rest = closed(query, now);
        let walk = Walk {
            client: self.clone(),
            seen: rest.cursor().map(hash).into_iter().collect(),
            rest: Some(rest),
            repeated: None,
        };
        stream::try_unfold(walk, Walk::next)
    }

    /// Reads a list record by record: [`Client::pages`], with the pages taken apart.
    ///
    /// ```
    /// use std::pin::pin;
    ///
    /// use ccpayment_client::{Client, PageError};
    /// use ccpayment_core::v2::GetSwapRecordList;
    /// use futures_util::TryStreamExt;
    ///
    /// async fn print(client: &Client) -> Result<(), PageError<GetSwapRecordList>> {
    ///     let mut swaps = pin!(client.items(GetSwapRecordList::new()));
    ///     while let Some(swap) = swaps.try_next().await? {
    ///         println!("{} brought {}", swap.record_id, swap.net_amount_out);
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn items<Q: Paged>(
        &self,
        query: Q,
    ) -> impl Stream<Item = Result<Q::Item, PageError<Q>>> + Send + use<Q> {
        self.pages(query)
            .map_ok(|page| stream::iter(page.items.into_iter().map(Ok)))
            .try_flatten()
    }
}

struct Walk<Q> {
    client: Client,
    rest: Option<Q>,
    /// The hashes of the cursors of this window: eight bytes a page, however long a cursor is.
    seen: BTreeSet<u64>,
    repeated: Option<Cursor>,
}

impl<Q: Paged> Walk<Q> {
    async fn next(mut self) -> Result<Option<(Page<Q>, Self)>, PageError<Q>> {
        let Some(rest) = self.rest.take() else {
            return Ok(None);
        };
        if let Some(cursor) = self.repeated {
            let rest = Box::new(rest);
            return Err(PageError::RepeatedCursor { cursor, rest });
        }
        let answer = match self.client.send(&newest_window(&rest)).await {
            Ok(answer) => answer,
            Err(error) => {
                let (source, rest) = (Box::new(error), Box::new(rest));
                return Err(PageError::Call { source, rest });
            }
        };
        let (items, cursor) = Q::into_page(answer);
        let cursor = cursor.filter(|cursor| !cursor.is_empty());
        match &cursor {
            Some(cursor) if !self.seen.insert(hash(cursor)) => {
                self.repeated = Some(cursor.clone());
            }
            Some(_) => {}
            None => self.seen.clear(),
        }
        let next = after(rest, cursor);
        self.rest.clone_from(&next);
        Ok(Some((Page { items, next }, self)))
    }
}

/// A span that is too long for one request has to have an end, or its windows would move with time.
fn closed<Q: Paged>(query: Q, now: Timestamp) -> Q {
    match (query.span(), Q::LONGEST_SPAN) {
        ((Some(from), None), Some(longest)) if from.plus(Duration::from_secs(longest)) < now => {
            query.within(from, now)
        }
        _ => query,
    }
}

/// A span that is too long for one request: from when to when, and where its newest window begins.
struct Long {
    from: Timestamp,
    newest: Timestamp,
    to: Timestamp,
}

impl Long {
    fn of<Q: Paged>(rest: &Q) -> Option<Self> {
        let ((Some(from), Some(to)), Some(longest)) = (rest.span(), Q::LONGEST_SPAN) else {
            return None;
        };
        let newest = Timestamp::new(to.get().saturating_sub(longest));
        (newest > from).then_some(Self { from, newest, to })
    }
}

/// The request for the next page of what is left.
fn newest_window<Q: Paged>(rest: &Q) -> Q {
    let query = rest.clone();
    match Long::of(rest) {
        Some(long) => query.within(long.newest, long.to),
        None => query,
    }
}

/// What is left after a page with this cursor behind it.
fn after<Q: Paged>(rest: Q, cursor: Option<Cursor>) -> Option<Q> {
    if cursor.is_some() {
        return Some(rest.at(cursor));
    }
    let long = Long::of(&rest)?;
    let older = Timestamp::new(long.newest.get().saturating_sub(1));
    Some(rest.within(long.from, older).at(None))
}

fn hash(cursor: &Cursor) -> u64 {
    let mut hasher = DefaultHasher::new();
    cursor.hash(&mut hasher);
    hasher.finish()
}
