//! `Paged`, the trait of operations that answer a page at a time.

use std::time::Duration;

use crate::ids::{Cursor, Timestamp};
use crate::request::Sendable;
use crate::wire::UnreadableRow;

/// A record of a list, or what can't be read as one.
pub type Row<T> = Result<T, UnreadableRow>;

/// A read that answers a page at a time. To read on, repeat it with the answer's cursor and the
/// same conditions, until an answer has no cursor ([`Cursor::is_end`]).
///
/// The trait has everything that a driver needs to read all pages without knowing the route.
/// `ccpayment-client` drives it with `Client::pages` and `Client::items`. Generated code implements
/// it for every route whose documents have a cursor.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is answered at once, not a page at a time",
    label = "this is no list",
    note = "send it by `Client::send`"
)]
pub trait Paged: Sendable + Clone + 'static {
    /// What a page holds.
    type Item: Send;

    /// The longest span that one request can ask for. None where the operation takes no span.
    ///
    /// The documents state one for the merchant's list of swaps alone: three months. The other
    /// lists have a default of 90 days and a code for a span that is too long (11008). So 90 days
    /// are taken for all lists.
    const LONGEST_SPAN: Option<Duration> = None;

    /// Where this page begins; none on the first page.
    fn cursor(&self) -> Option<&Cursor>;

    /// The same query from there on.
    #[must_use]
    fn at(self, cursor: Option<Cursor>) -> Self;

    /// The span of time that the request asks for, in seconds; none for an end that it leaves open.
    fn span(&self) -> (Option<Timestamp>, Option<Timestamp>) {
        (None, None)
    }

    /// The same query about records from this moment on, up to that one; unchanged where the route
    /// asks for no span.
    #[must_use]
    fn within(self, _from: Timestamp, _to: Timestamp) -> Self {
        self
    }

    /// The records of an answer, and where the next page begins. A record that can't be read stands in
    /// its place, because it may be a deposit too.
    fn into_page(answer: Self::Response) -> (Vec<Row<Self::Item>>, Option<Cursor>);
}
