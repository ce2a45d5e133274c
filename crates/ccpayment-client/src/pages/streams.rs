//! `Pages` and `Items`, the two ways through a list.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::vec;

use ccpayment_core::{Paged, Row};
use futures_util::stream::{BoxStream, Stream};

use super::{Page, PageError};

/// A page, and the query that it answers.
pub(super) type Read<Q> = Result<(Page<Q>, Q), PageError<Q>>;

/// A list, page by page: what [`Client::pages`](crate::Client::pages) gives. It is a [`Stream`] as
/// well, for combinators.
#[must_use = "nothing is read before the first `next`"]
pub struct Pages<Q: Paged> {
    read: BoxStream<'static, Read<Q>>,
}

impl<Q: Paged> Pages<Q> {
    pub(super) fn new(read: BoxStream<'static, Read<Q>>) -> Self {
        Self { read }
    }

    /// Reads the next page. None after the last one, and after an error. Dropping the future before
    /// it ends loses no page: the next call goes on.
    pub async fn next(&mut self) -> Option<Result<Page<Q>, PageError<Q>>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }
}

impl<Q: Paged> Stream for Pages<Q> {
    type Item = Result<Page<Q>, PageError<Q>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let read = self.read.as_mut().poll_next(context);
        read.map(|next| next.map(|read| read.map(|(page, _)| page)))
    }
}

/// A list, record by record: what [`Client::items`](crate::Client::items) gives. It is a [`Stream`]
/// as well, for combinators.
#[must_use = "nothing is read before the first `next`"]
pub struct Items<Q: Paged> {
    read: BoxStream<'static, Read<Q>>,
    /// What is left of the page that was read last, and the query that it answers.
    page: Option<(vec::IntoIter<Row<Q::Item>>, Q)>,
}

impl<Q: Paged> Items<Q> {
    pub(super) fn new(read: BoxStream<'static, Read<Q>>) -> Self {
        Self { read, page: None }
    }

    /// The next record; reads the next page where it has to. None after the last record. After a
    /// record that can't be read ([`PageError::Record`]) the next one follows; any other error is
    /// the end. Dropping the future before it ends loses no record.
    pub async fn next(&mut self) -> Option<Result<Q::Item, PageError<Q>>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// All records, if there are no more than `most`. The bound is for the memory, since a list may
    /// be long. To go through a list of any length, call [`Items::next`].
    ///
    /// # Errors
    ///
    /// The first [`PageError`], so a record that can't be read as well. With more records,
    /// [`PageError::TooMany`]. What was read before is not given out.
    pub async fn collect_at_most(mut self, most: usize) -> Result<Vec<Q::Item>, PageError<Q>> {
        let mut items = Vec::new();
        while let Some(item) = self.next().await {
            items.push(item?);
            if items.len() > most
                && let Some((_, rest)) = self.page
            {
                let rest = Box::new(rest);
                return Err(PageError::TooMany { most, rest });
            }
        }
        Ok(items)
    }
}

impl<Q: Paged> Unpin for Items<Q> {}

impl<Q: Paged> Stream for Items<Q> {
    type Item = Result<Q::Item, PageError<Q>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some((rows, from)) = &mut self.page
                && let Some(row) = rows.next()
            {
                return Poll::Ready(Some(row.map_err(|source| PageError::Record {
                    source,
                    rest: Box::new(from.clone()),
                })));
            }
            match ready!(self.read.as_mut().poll_next(context)) {
                Some(Ok((page, from))) => self.page = Some((page.items.into_iter(), from)),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

macro_rules! debug {
    ($($name:ident)+) => {$(
        impl<Q: Paged> fmt::Debug for $name<Q> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )+};
}

debug! { Pages Items }
