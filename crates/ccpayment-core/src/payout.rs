//! What makes a call one that happens once: the merchant's id, the record that settles it, and the
//! fields that show whether a found record is of the same call.

use std::fmt;

use crate::amount::Amount;
use crate::endpoint::Endpoint;
use crate::ids::{Address, OrderId, RecordId};

/// A route that acts under the merchant's own id, and whose record tells afterwards whether it did.
///
/// Everything that a driver needs to carry it out exactly once: what to send, where to look,
/// and how to judge what is found. `ccpayment-client` drives it with `Client::submit`, and with
/// `Client::payout` what is a [`Payout`].
pub trait Submit: Endpoint {
    /// The read that finds the record.
    type Lookup: Endpoint;
    /// What the caller needs of what was made, as far as answer and record both tell it.
    type Made: Send;

    /// Whether the gateway refuses a second call under the same id, by its documents. Where that is
    /// not known, the record is looked for before anything is sent, and nothing is sent again while
    /// an earlier attempt is in doubt.
    const REFUSES_REPEATS: bool = true;

    /// The merchant's id of what is made.
    fn submit_id(&self) -> &OrderId;

    /// Asks for the record under the merchant's id.
    fn lookup(&self) -> Self::Lookup;

    /// What was made, by the answer to the call itself.
    fn made(answer: Self::Response) -> Self::Made;

    /// Holds a found record against this call.
    fn judge(&self, found: &<Self::Lookup as Endpoint>::Response) -> Found<Self::Made>;
}

/// A route that moves money at once. What is made of it is a record of CCPayment's.
pub trait Payout: Submit<Made = RecordId> {}

/// What a record found under an order id says; `Made` is what it tells of what was made.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Found<Made = RecordId> {
    /// It is of the same call, which was accepted: a payout's money is on its way or has arrived.
    Same(Made),
    /// The same payout; it ended without moving money.
    Ended {
        /// CCPayment's id.
        record_id: RecordId,
        /// The final status, as the gateway writes it.
        status: String,
        /// The gateway's reason, where it gives one.
        reason: Option<String>,
    },
    /// Another call took this order id.
    Differs {
        /// CCPayment's id of what the other call made, where it has one.
        record_id: Option<RecordId>,
        /// Where the two differ.
        fields: Vec<Difference>,
    },
    /// The answer is one of success and holds no record of this call.
    Nothing,
    /// The record lacks a field that the comparison needs, so it proves nothing.
    Incomplete {
        /// The field that is missing.
        field: &'static str,
    },
}

/// A field in which a found record is not what was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// The field, by its name on the wire.
    pub field: &'static str,
    /// What this call asks for.
    pub asked: String,
    /// What the record holds.
    pub found: String,
}

impl Difference {
    /// That this field was asked for so, and is found otherwise.
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

/// Collects differences, field by field; a missing field ends the comparison.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    fields: Vec<Difference>,
    missing: Option<&'static str>,
}

impl Comparison {
    /// Compares a field that both must have.
    pub(crate) fn field<T: fmt::Display>(
        &mut self,
        field: &'static str,
        asked: &T,
        found: Option<&T>,
        same: impl FnOnce(&T, &T) -> bool,
    ) {
        match found {
            None => self.missing = self.missing.or(Some(field)),
            Some(found) if same(asked, found) => {}
            Some(found) => {
                let difference = Difference::new(field, asked.to_string(), found.to_string());
                self.fields.push(difference);
            }
        }
    }

    /// Compares a field that the call may lack; then the record may not have one either.
    pub(crate) fn optional<T: fmt::Display + PartialEq>(
        &mut self,
        field: &'static str,
        asked: Option<&T>,
        found: Option<&T>,
    ) {
        match (asked, found) {
            (Some(asked), found) => self.field(field, asked, found, T::eq),
            (None, None) => {}
            (None, Some(found)) => {
                let difference = Difference::new(field, "none", found.to_string());
                self.fields.push(difference);
            }
        }
    }

    /// Compares a field that a record may well lack: then it says nothing.
    pub(crate) fn if_there<T: fmt::Display>(
        &mut self,
        field: &'static str,
        asked: &T,
        found: Option<&T>,
        same: impl FnOnce(&T, &T) -> bool,
    ) {
        if found.is_some() {
            self.field(field, asked, found, same);
        }
    }

    /// What a payout's record says: that it lacks something or is another payout; else how the
    /// payout fares, which has `ended` if it is over and moved no money.
    pub(crate) fn judge(
        self,
        record_id: &RecordId,
        ended: bool,
        status: &impl fmt::Display,
        reason: Option<&String>,
    ) -> Found {
        let record_id = record_id.clone();
        if ended && self.missing.is_none() && self.fields.is_empty() {
            return Found::Ended {
                record_id,
                status: status.to_string(),
                reason: reason.cloned(),
            };
        }
        self.verdict(Some(record_id.clone()), record_id)
    }

    /// What a record says: that it lacks something, is of another call, or is of what was made.
    pub(crate) fn verdict<Made>(self, record_id: Option<RecordId>, made: Made) -> Found<Made> {
        if let Some(field) = self.missing {
            return Found::Incomplete { field };
        }
        if self.fields.is_empty() {
            return Found::Same(made);
        }
        Found::Differs {
            record_id,
            fields: self.fields,
        }
    }
}

/// Whether two addresses are one. The gateway changes the letter case of EVM addresses, where it
/// only carries a checksum; anywhere else case matters.
pub(crate) fn same_address(asked: &Address, found: &Address) -> bool {
    let is_evm = |address: &Address| {
        let hex = address
            .as_str()
            .strip_prefix("0x")
            .or(address.as_str().strip_prefix("0X"));
        hex.is_some_and(|hex| hex.len() == 40 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    if is_evm(asked) && is_evm(found) {
        return asked.as_str().eq_ignore_ascii_case(found.as_str());
    }
    asked == found
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
    fn letter_case_matters_off_evm_chains_only() {
        let same = |a: &str, b: &str| same_address(&Address::new(a), &Address::new(b));
        let evm = "0x9aBDDCE1EE18D1857C0653EB4a3Fa9d9E0dcd584";
        assert!(same(evm, &evm.to_lowercase()));
        assert!(!same(evm, "0x9aBDDCE1EE18D1857C0653EB4a3Fa9d9E0dcd585"));
        let tron = "TAkmn3f8bgwMAwdVrGfUVSRg4W2XwqgHGc";
        assert!(same(tron, tron) && !same(tron, &tron.to_lowercase()));
    }

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
