//! `Submit`, the trait of requests that happen exactly once, and `RecordMatch`, the result of
//! comparing a record with one.

#[cfg(test)]
mod vectors;

use std::fmt;

use crate::amount::Amount;
use crate::ids::{OrderId, RecordId};
use crate::request::Request;

/// A request that acts under the merchant's own order id. Its record tells afterwards whether it did.
///
/// The trait has everything that a client needs to carry the request out exactly once: what to send,
/// where to look, and how to judge the record. `Client::submit` of `ccpayment-client` takes every
/// `Submit`, and `Client::payout` every [`Payout`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no order id under which it happens once",
    label = "this can't be submitted",
    note = "a request that only reads, or may be repeated, goes through `Client::send`"
)]
pub trait Submit: Request {
    /// The read that finds the record.
    type Lookup: Request;
    /// What was created, as far as answer and record both tell it.
    type Created: fmt::Debug + Send;

    /// Whether the gateway refuses a second request under the same id, by its documents. Where that
    /// is not known, the client looks for the record before it sends anything, and sends nothing
    /// again while an earlier attempt is in doubt.
    const REFUSES_REPEATS: bool = true;

    /// The merchant's id of what is created.
    fn submit_id(&self) -> &OrderId;

    /// Asks for the record under the merchant's id.
    fn lookup(&self) -> Self::Lookup;

    /// What was created, by the answer to the request itself.
    fn created(&self, answer: Self::Response) -> Self::Created;

    /// CCPayment's id of what was created, where it has one: orders and invoices have none.
    fn record_id(_created: &Self::Created) -> Option<&RecordId> {
        None
    }

    /// Compares a found record with this request.
    fn judge(&self, found: &<Self::Lookup as Request>::Response) -> RecordMatch<Self::Created>;
}

/// A [`Submit`] that moves money at once.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no payout",
    label = "this does not move money at once",
    note = "an order, an invoice or a checkout page goes through `Client::submit`; a batch of \
            payouts through `Client::batch_payout`; all else through `Client::send`"
)]
pub trait Payout: Submit {}

/// What the record under an order id says about a request. `Created` describes what was created.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordMatch<Created = RecordId> {
    /// It is of the same request, which the gateway carries out or has carried out.
    Matches {
        /// What was created.
        created: Created,
        /// Where it stands, as the gateway writes it; none where such records have no status.
        status: Option<String>,
    },
    /// It is of the same request, which ended without success.
    Ended {
        /// CCPayment's id.
        record_id: RecordId,
        /// The final status, as the gateway writes it.
        status: String,
        /// The gateway's reason, where it gives one.
        reason: Option<String>,
    },
    /// It is of the same request, and its status is a word that this version does not know: neither a
    /// success nor an end.
    UnknownStatus {
        /// The status, as the gateway writes it.
        status: String,
    },
    /// Another request took this order id: the coin, the amount, the user, the kind or the address
    /// is another.
    Conflicts {
        /// CCPayment's id of what the other request created, where it has one.
        record_id: Option<RecordId>,
        /// Where the two differ.
        fields: Vec<Difference>,
    },
    /// Something was created under this order id, and a field is spelt otherwise than in the
    /// request. It may be another spelling of the same, or another request: a person has to decide.
    Incomparable {
        /// CCPayment's id of what was created, where it has one.
        record_id: Option<RecordId>,
        /// Where it stands, as the gateway writes it; none where such records have no status.
        status: Option<String>,
        /// The fields that can't be compared.
        fields: Vec<Difference>,
    },
    /// The gateway answered with success and no record.
    NotFound,
    /// The record lacks a field that the comparison needs, or is of another order, so it proves
    /// nothing.
    Incomplete {
        /// The field that is missing.
        field: &'static str,
    },
}

/// What a status says of a payout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Accepted, under way or carried out.
    Accepted,
    /// Over, without success.
    Ended,
    /// A word that has no meaning here.
    Unknown,
}

/// A field in which a found record is not what was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// The field, by its name on the wire.
    pub field: &'static str,
    /// What the request asks for.
    pub asked: String,
    /// What the record holds.
    pub found: String,
}

impl Difference {
    /// A difference: the request asks for `asked` in this field, and the record has `found`.
    pub fn new(field: &'static str, asked: impl Into<String>, found: impl Into<String>) -> Self {
        Self {
            field,
            asked: asked.into(),
            found: found.into(),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: asked {}, found {}",
            self.field, self.asked, self.found
        )
    }
}

/// Collects differences, field by field. A missing field ends the comparison, and a difference that
/// is certain outweighs one that may be spelling alone.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    differs: Vec<Difference>,
    unclear: Vec<Difference>,
    missing: Option<&'static str>,
}

impl Comparison {
    /// Begins with the order id. None where the record is of another order or has no order id: then
    /// it answers another question. An id in another spelling may be this one.
    pub(crate) fn of_order(
        field: &'static str,
        asked: &OrderId,
        found: Option<&OrderId>,
    ) -> Option<Self> {
        let found = found.filter(|found| by_id(asked, found) != Some(false))?;
        let mut comparison = Self::default();
        comparison.field(field, asked, Some(found), by_id);
        Some(comparison)
    }

    /// Compares a field that both must have. `same` says `None` where it can't tell.
    pub(crate) fn field<T: fmt::Display>(
        &mut self,
        field: &'static str,
        asked: &T,
        found: Option<&T>,
        same: impl FnOnce(&T, &T) -> Option<bool>,
    ) {
        let Some(found) = found else {
            self.missing = self.missing.or(Some(field));
            return;
        };
        let difference = || Difference::new(field, asked.to_string(), found.to_string());
        match same(asked, found) {
            Some(true) => {}
            Some(false) => self.differs.push(difference()),
            None => self.unclear.push(difference()),
        }
    }

    /// Compares a field that the request may lack. Where only one side has it, nothing is certain:
    /// a record may not show it.
    pub(crate) fn optional<T: fmt::Display>(
        &mut self,
        field: &'static str,
        asked: Option<&T>,
        found: Option<&T>,
        same: impl FnOnce(&T, &T) -> Option<bool>,
    ) {
        match (asked, found) {
            (Some(asked), Some(found)) => self.field(field, asked, Some(found), same),
            (Some(asked), None) => self.not_shown(field, asked),
            (None, None) => {}
            (None, Some(found)) => {
                let difference = Difference::new(field, "none", found.to_string());
                self.unclear.push(difference);
            }
        }
    }

    /// Compares an id that only one kind of request has. Without it, a record that has one differs.
    pub(crate) fn optional_id<T: fmt::Display + PartialEq>(
        &mut self,
        field: &'static str,
        asked: Option<&T>,
        found: Option<&T>,
    ) {
        match (asked, found) {
            (Some(asked), found) => self.field(field, asked, found, by_value),
            (None, None) => {}
            (None, Some(found)) => self.differs(field, "none", found),
        }
    }

    /// Notes that this field was asked for and is not shown.
    pub(crate) fn not_shown(&mut self, field: &'static str, asked: &impl fmt::Display) {
        let difference = Difference::new(field, asked.to_string(), "none");
        self.unclear.push(difference);
    }

    /// Notes that this field certainly differs.
    pub(crate) fn differs(&mut self, field: &'static str, asked: &str, found: &impl fmt::Display) {
        let difference = Difference::new(field, asked, found.to_string());
        self.differs.push(difference);
    }

    /// Compares a field that a record may well lack. A missing one proves nothing.
    pub(crate) fn if_present<T: fmt::Display>(
        &mut self,
        field: &'static str,
        asked: &T,
        found: Option<&T>,
        same: impl FnOnce(&T, &T) -> Option<bool>,
    ) {
        if found.is_some() {
            self.field(field, asked, found, same);
        }
    }

    /// What a payout's record says: that it lacks something or is another payout; else how the
    /// payout stands.
    pub(crate) fn judge<Created>(
        self,
        record_id: &RecordId,
        created: Created,
        progress: Progress,
        status: &impl fmt::Display,
        reason: Option<&String>,
    ) -> RecordMatch<Created> {
        let status = status.to_string();
        match self.verdict(Some(record_id.clone()), created, Some(status.clone())) {
            RecordMatch::Matches { .. } if progress == Progress::Ended => RecordMatch::Ended {
                record_id: record_id.clone(),
                status,
                reason: reason.cloned(),
            },
            RecordMatch::Matches { .. } if progress == Progress::Unknown => {
                RecordMatch::UnknownStatus { status }
            }
            verdict => verdict,
        }
    }

    /// What a record says: that it lacks something, is of another call, can't be compared, or is of
    /// what was made.
    pub(crate) fn verdict<Created>(
        mut self,
        record_id: Option<RecordId>,
        created: Created,
        status: Option<String>,
    ) -> RecordMatch<Created> {
        if !self.differs.is_empty() {
            self.differs.append(&mut self.unclear);
            return RecordMatch::Conflicts {
                record_id,
                fields: self.differs,
            };
        }
        if let Some(field) = self.missing {
            return RecordMatch::Incomplete { field };
        }
        if !self.unclear.is_empty() {
            return RecordMatch::Incomparable {
                record_id,
                status,
                fields: self.unclear,
            };
        }
        RecordMatch::Matches { created, status }
    }
}

/// Compares values: coins, amounts, kinds. Two that differ are two things.
pub(crate) fn by_value<T: PartialEq>(asked: &T, found: &T) -> Option<bool> {
    Some(asked == found)
}

/// Compares a value that the gateway may show rounded. A difference proves nothing.
pub(crate) fn as_shown<T: PartialEq>(asked: &T, found: &T) -> Option<bool> {
    (asked == found).then_some(true)
}

/// Compares texts. Two that differ may mean the same: memos, names of products.
pub(crate) fn by_text<T: AsRef<str>>(asked: &T, found: &T) -> Option<bool> {
    (asked.as_ref().trim() == found.as_ref().trim()).then_some(true)
}

/// Compares texts in which letter case has no meaning: chains, currencies, e-mail addresses.
pub(crate) fn by_letters<T: AsRef<str>>(asked: &T, found: &T) -> Option<bool> {
    let (asked, found) = (asked.as_ref().trim(), found.as_ref().trim());
    asked.eq_ignore_ascii_case(found).then_some(true)
}

/// Compares the merchant's own ids. Two that differ are two ids, unless they differ only by letter
/// case or white space.
pub(crate) fn by_id<T: AsRef<str>>(asked: &T, found: &T) -> Option<bool> {
    if asked.as_ref() == found.as_ref() {
        return Some(true);
    }
    by_letters(asked, found).is_none().then_some(false)
}

/// Compares accounts. A record may show the number of an account that was asked for by e-mail.
pub(crate) fn by_account(asked: &String, found: &String) -> Option<bool> {
    let is_id = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match asked == found {
        true => Some(true),
        false => (is_id(asked) && is_id(found)).then_some(false),
    }
}

/// Whether a record's amount is the one asked for. Where the receiver bears the network fee and
/// the fee is in the same coin, the documents leave open whether a record shows the amount before
/// or after it, so both count.
pub(crate) fn same_amount(
    asked: &Amount,
    found: &Amount,
    fee_taken_from_it: Option<&Amount>,
) -> bool {
    asked == found
        || fee_taken_from_it
            .and_then(|fee| found.checked_add(fee).ok())
            .is_some_and(|gross| gross == *asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_may_be_shown_net_of_its_fee() {
        let amount = |text: &str| text.parse::<Amount>().unwrap();
        assert!(same_amount(&amount("1"), &amount("1.000"), None));
        assert!(same_amount(
            &amount("1"),
            &amount("0.9"),
            Some(&amount("0.1"))
        ));
        assert!(!same_amount(&amount("1"), &amount("0.9"), None));
        assert!(!same_amount(
            &amount("1"),
            &amount("0.9"),
            Some(&amount("0.2"))
        ));
    }
}
