//! `Client::pages` and `Client::items`, which read lists page by page, with `Page` and `PageError`.
//!
//! The rest of a query is a query again: the same conditions, from a cursor on, up to an earlier
//! moment. So the next request is the only state, and another walk can begin where one ended.

mod seen;
mod streams;

use std::time::Duration;

use ccpayment_core::{Cursor, Paged, Row, Timestamp, UnreadableRow};
use futures_util::stream::{self, StreamExt as _};

use crate::client::Client;
use crate::error::Error;
use crate::pages::seen::SeenCursors;
use crate::pages::streams::Read;

pub use crate::pages::streams::{Items, Pages};

/// How many pages without a record may follow each other before [`PageError::NoRecords`].
pub const MOST_EMPTY_PAGES: u32 = 1_000;

/// How far the gateway's clock may be ahead of ours: as far as a skew is learned.
const MOST_SKEW: Duration = Duration::from_secs(86_400);

/// How far two windows overlap. With a second, no record between them is lost, whether or not the
/// gateway counts in milliseconds, and whether or not a window includes its end.
const OVERLAP: Duration = Duration::from_secs(1);

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page<Q: Paged> {
    /// The records, in the gateway's order: newest first, where the documents say so. There may be
    /// none while more pages follow. One that can't be read stands in its place: it may be a deposit
    /// as well, so don't pass over it.
    pub items: Vec<Row<Q::Item>>,
    /// What is left of the query; none after the last page. Store it, and give it to
    /// [`Client::pages`] to go on, in another process too.
    pub next: Option<Q>,
}

/// Why a list ended before its last page; for [`Items`] alone, also why a record is missing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PageError<Q> {
    /// A page could not be read.
    #[error("a page could not be read")]
    Request {
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
        /// The rest of the query. It reads the same pages once more.
        rest: Box<Q>,
    },
    /// The gateway gave a new cursor with every page, and none of [`MOST_EMPTY_PAGES`] in a row had
    /// a record, so nothing says that the list will ever end. Every page up to it was given out.
    #[error("{MOST_EMPTY_PAGES} pages in a row have no record, and the gateway names more")]
    NoRecords {
        /// What is left of the query: it asks for as many pages again.
        rest: Box<Q>,
    },
    /// A record could not be read. Only [`Client::items`] says so, and goes on: the next record
    /// follows. [`Client::pages`] has it in [`Page::items`].
    #[error("a record could not be read")]
    Record {
        /// The record as it came, and what is wrong with it.
        #[source]
        source: UnreadableRow,
        /// What is left of the query, from the page on that has this record.
        rest: Box<Q>,
    },
    /// The list has more records than were asked for. Only [`Items::collect_at_most`] says so.
    #[error("the list has more than {most} records")]
    TooMany {
        /// How many were asked for at most.
        most: usize,
        /// What is left of the query, from the page on that has the first record too many.
        rest: Box<Q>,
    },
}

impl<Q> PageError<Q> {
    /// What is left of the query. Give it to [`Client::pages`] to go on.
    #[must_use]
    pub fn rest(&self) -> &Q {
        match self {
            Self::Request { rest, .. }
            | Self::RepeatedCursor { rest, .. }
            | Self::NoRecords { rest }
            | Self::Record { rest, .. }
            | Self::TooMany { rest, .. } => rest,
        }
    }

    /// Why a page could not be read, if that is the reason.
    #[must_use]
    pub fn request_error(&self) -> Option<&Error> {
        match self {
            Self::Request { source, .. } => Some(source),
            _ => None,
        }
    }

    /// The record that could not be read, if that is the reason. Then the stream goes on.
    #[must_use]
    pub fn unreadable(&self) -> Option<&UnreadableRow> {
        match self {
            Self::Record { source, .. } => Some(source),
            _ => None,
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
    /// of that length, the newest first. Two windows overlap by a second, so a record may come in
    /// both. If the span has no end, or one in the far future, it ends a day from now, so that no
    /// record is too new for it where our clock is behind the gateway's. Without a beginning, the
    /// gateway's default applies: 90 days before the end.
    ///
    /// The gateway promises no snapshot: records that are made meanwhile may shift the pages. So a
    /// record may come twice, and an older page may show it in a state that has changed since. Tell
    /// records apart by their ids.
    ///
    /// A list ends where an answer has no cursor, an empty or blank one, or `0`
    /// ([`Cursor::is_end`](ccpayment_core::Cursor::is_end)). The client cuts off a list that does
    /// not end: where a cursor comes again, and after [`MOST_EMPTY_PAGES`](crate::MOST_EMPTY_PAGES)
    /// without a record.
    ///
    /// ```
    /// use ccpayment_client::{Client, PageError};
    /// use ccpayment_core::v2::GetAppDepositRecordList;
    ///
    /// type Deposits = GetAppDepositRecordList;
    ///
    /// /// Goes on where it ended: the query to store for the next time is its result.
    /// async fn read(client: &Client, from: Deposits) -> Result<Option<Deposits>, PageError<Deposits>> {
    ///     let mut pages = client.pages(from);
    ///     let mut rest = None;
    ///     while let Some(page) = pages.next().await {
    ///         let page = page?;
    ///         for deposit in &page.items {
    ///             match deposit {
    ///                 Ok(deposit) => println!("{} {:?}", deposit.record_id, deposit.status),
    ///                 Err(row) => eprintln!("for a person to look at: {}", row.raw()),
    ///             }
    ///         }
    ///         rest = page.next; // in one transaction with what was made of the records
    ///     }
    ///     Ok(rest)
    /// }
    /// ```
    pub fn pages<Q: Paged>(&self, query: Q) -> Pages<Q> {
        Pages::new(self.paginate(query))
    }

    /// Each page, with what was left of the query before it.
    fn paginate<Q: Paged>(&self, query: Q) -> stream::BoxStream<'static, Read<Q>> {
        let paginator = Paginator {
            client: self.clone(),
            seen: SeenCursors::of(query.cursor()),
            remaining: Some(query),
            repeated: None,
            empty: 0,
        };
        stream::try_unfold(paginator, Paginator::next).boxed()
    }

    /// Reads a list record by record: [`Client::pages`], with the pages taken apart.
    ///
    /// A record that can't be read is an error as well ([`PageError::Record`]), after which the next
    /// record follows; any other error is the end.
    ///
    /// ```
    /// use ccpayment_client::{Client, PageError};
    /// use ccpayment_core::v2::GetSwapRecordList;
    ///
    /// async fn print(client: &Client) -> Result<(), PageError<GetSwapRecordList>> {
    ///     let mut swaps = client.items(GetSwapRecordList::new());
    ///     while let Some(swap) = swaps.next().await {
    ///         let swap = swap?;
    ///         println!("{} brought {}", swap.record_id, swap.net_amount_out);
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn items<Q: Paged>(&self, query: Q) -> Items<Q> {
        Items::new(self.paginate(query))
    }
}

struct Paginator<Q> {
    client: Client,
    remaining: Option<Q>,
    /// The cursors of this window.
    seen: SeenCursors,
    repeated: Option<Cursor>,
    /// How many pages without a record came last.
    empty: u32,
}

impl<Q: Paged> Paginator<Q> {
    async fn next(mut self) -> Result<Option<((Page<Q>, Q), Self)>, PageError<Q>> {
        let Some(rest) = self.remaining.take() else {
            return Ok(None);
        };
        if let Some(cursor) = self.repeated {
            let rest = Box::new(rest);
            return Err(PageError::RepeatedCursor { cursor, rest });
        }
        if self.empty >= MOST_EMPTY_PAGES {
            let rest = Box::new(rest);
            return Err(PageError::NoRecords { rest });
        }
        let (rest, answer) = match self.ask(&rest).await {
            Ok(answered) => answered,
            Err(error) => {
                let (source, rest) = (Box::new(error), Box::new(rest));
                return Err(PageError::Request { source, rest });
            }
        };
        let (items, cursor) = Q::into_page(answer);
        let cursor = cursor.filter(|cursor| !cursor.is_end());
        self.empty = match &cursor {
            Some(_) if items.is_empty() => self.empty + 1,
            _ => 0,
        };
        match &cursor {
            Some(cursor) if !self.seen.insert(cursor) => {
                self.repeated = Some(cursor.clone());
            }
            Some(_) => {}
            None => self.seen = SeenCursors::of(None),
        }
        let next = next_query(rest.clone(), cursor);
        self.remaining.clone_from(&next);
        Ok(Some(((Page { items, next }, rest), self)))
    }

    /// The next page, and the query whose page it is: what is left, with an end where one is needed.
    async fn ask(&self, rest: &Q) -> Result<(Q, Q::Response), Error> {
        let now = || Timestamp::from_system(self.client.now());
        loop {
            let query = with_end(rest.clone(), now().plus(MOST_SKEW));
            let answer = self.client.send(&newest_window(&query)).await?;
            // Our clock may have been corrected forward during this request. Then the end is too
            // early, and this page lacks the newest records.
            let (_, to) = query.span();
            if to == rest.span().1 || to >= Some(now()) {
                return Ok((query, answer));
            }
        }
    }
}

/// A span that is too long for one request has to have an end, or its windows would move with time.
/// No record is later than `latest`, so a later end would only make more requests. A query that
/// breaks a rule stays as it is, to be refused.
fn with_end<Q: Paged>(query: Q, latest: Timestamp) -> Q {
    let ((Some(from), to), Some(longest)) = (query.span(), Q::LONGEST_SPAN) else {
        return query;
    };
    let stays = match to {
        // A cursor belongs to the end that it was given for.
        Some(to) => to <= latest || query.cursor().is_some(),
        None => from.plus(longest) >= latest,
    };
    if stays || from > latest || query.validate().is_err() {
        return query;
    }
    query.within(from, latest)
}

/// A span that is too long for one request: from when to when, and where its newest window begins.
struct WindowedSpan {
    from: Timestamp,
    newest: Timestamp,
    to: Timestamp,
}

impl WindowedSpan {
    fn of<Q: Paged>(rest: &Q) -> Option<Self> {
        let ((Some(from), Some(to)), Some(longest)) = (rest.span(), Q::LONGEST_SPAN) else {
            return None;
        };
        // Longer than the overlap, or the windows would never reach the beginning.
        let longest = longest.as_secs().max(OVERLAP.as_secs() + 1);
        let newest = Timestamp::new(to.get().saturating_sub(longest));
        (newest > from).then_some(Self { from, newest, to })
    }
}

/// The request for the next page of what is left. A query that breaks a rule goes whole, so that
/// the error names the field.
fn newest_window<Q: Paged>(rest: &Q) -> Q {
    let query = rest.clone();
    match WindowedSpan::of(rest) {
        Some(long) if rest.validate().is_ok() => query.within(long.newest, long.to),
        _ => query,
    }
}

/// What is left after a page with this cursor behind it.
fn next_query<Q: Paged>(rest: Q, cursor: Option<Cursor>) -> Option<Q> {
    if cursor.is_some() {
        return Some(rest.at(cursor));
    }
    let long = WindowedSpan::of(&rest)?;
    Some(rest.within(long.from, long.newest.plus(OVERLAP)).at(None))
}
