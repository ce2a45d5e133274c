//! `Pages` and `Items`, the two ways through a list, as iterators.

use ccpayment_client::core::Paged;
use ccpayment_client::{Page, PageError};

/// A list, page by page: what [`Client::pages`](crate::Client::pages) gives. Each `next` that reads
/// a page blocks.
#[derive(Debug)]
#[must_use = "nothing is read before the first `next`"]
pub struct Pages<Q: Paged>(pub(crate) ccpayment_client::Pages<Q>);

impl<Q: Paged> Iterator for Pages<Q> {
    type Item = Result<Page<Q>, PageError<Q>>;

    fn next(&mut self) -> Option<Self::Item> {
        pollster::block_on(self.0.next())
    }
}

/// A list, record by record: what [`Client::items`](crate::Client::items) gives. A `next` that reads
/// a page blocks.
#[derive(Debug)]
#[must_use = "nothing is read before the first `next`"]
pub struct Items<Q: Paged>(pub(crate) ccpayment_client::Items<Q>);

impl<Q: Paged> Items<Q> {
    /// All records, if there are no more than `most`, as
    /// [`ccpayment_client::Items::collect_at_most`] gives them.
    ///
    /// # Errors
    ///
    /// The first [`PageError`]; with more records, [`PageError::TooMany`].
    pub fn collect_at_most(self, most: usize) -> Result<Vec<Q::Item>, PageError<Q>> {
        pollster::block_on(self.0.collect_at_most(most))
    }
}

impl<Q: Paged> Iterator for Items<Q> {
    type Item = Result<Q::Item, PageError<Q>>;

    fn next(&mut self) -> Option<Self::Item> {
        pollster::block_on(self.0.next())
    }
}
