//! `Standing`, how an order stands by its payments.

use std::collections::{BTreeMap, BTreeSet};

use crate::amount::{Amount, AmountError};
use crate::ids::{RecordId, Timestamp};
use crate::v2::{
    DepositRecord, DepositStatus, GetAppOrderInfoResponse, GetInvoiceOrderInfoResponse,
};

/// How an order or an invoice stands: what is due, and what was paid for it.
///
/// Amounts are in coins for an address order, and in the currency of its price for an invoice. Only
/// payments that are credited are summed: `Success`, and not flagged as risky. Where that is not
/// certain, a payment is in [`unknown`](Self::unknown) and in no sum.
///
/// ```
/// use ccpayment_core::v2::GetAppOrderInfoResponse;
/// use ccpayment_core::{Level, Standing};
///
/// let order: GetAppOrderInfoResponse = serde_json::from_str(
///     r#"{"amountToPay":"2.5","coinId":1280,"coinSymbol":"USDT","chain":"POLYGON",
///         "expiredAt":1750003600,"paidList":[{"recordId":"r1","amount":"2","status":"Success",
///         "isFlaggedAsRisky":false,"arrivedAt":1750000060}]}"#,
/// )?;
/// let standing: Standing = order.standing()?;
/// assert_eq!(standing.level(), Level::Part);
/// assert_eq!(standing.missing()?.as_str(), "0.5");
/// assert!(!standing.is_covered());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Standing {
    /// What is to be paid in all.
    pub due: Amount,
    /// What is credited and came before the order expired.
    pub paid: Amount,
    /// What is credited and came later. It is in no other sum: the rate that was locked does not
    /// hold for it, so the merchant decides what it counts for.
    pub late: Amount,
    /// Payments that still wait for confirmations of the chain.
    pub pending: Vec<RecordId>,
    /// Payments that are flagged as risky. They are not credited; see the dashboard (Transaction,
    /// Risky Transaction).
    pub risky: Vec<RecordId>,
    /// Payments that can't be summed: the status is a word that this version does not know, or the
    /// risk flag, the time or the value is missing, or two payments with this id differ. Read their
    /// deposit records.
    pub unknown: Vec<RecordId>,
}

/// How the payments in time compare with what is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Level {
    /// Nothing.
    Nothing,
    /// Less than is due.
    Part,
    /// What is due, by value.
    Exact,
    /// More than is due.
    Over,
}

/// Why it can't be told how an order stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StandingError {
    /// The invoice was read without its price.
    #[error("the invoice has no price to hold its payments against")]
    NoPrice,
    /// The sum has more digits than an amount may have.
    #[error("the payments can't be summed")]
    Sum(#[from] AmountError),
}

impl Standing {
    /// How the payments in time compare with what is due.
    ///
    /// It goes by what is certain. While there are [`unknown`](Self::unknown) or
    /// [`pending`](Self::pending) payments, more may come.
    #[must_use]
    pub fn level(&self) -> Level {
        if self.paid.is_zero() {
            Level::Nothing
        } else if self.paid < self.due {
            Level::Part
        } else if self.paid == self.due {
            Level::Exact
        } else {
            Level::Over
        }
    }

    /// Whether the certain payments in time reach what is due.
    #[must_use]
    pub fn is_covered(&self) -> bool {
        self.level() >= Level::Exact
    }

    /// Whether something came after the order had expired.
    #[must_use]
    pub fn is_late(&self) -> bool {
        self.late.is_positive()
    }

    /// Whether all payments are summed or refused: none is pending or unknown.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.pending.is_empty() && self.unknown.is_empty()
    }

    /// How much is missing; zero when nothing is.
    ///
    /// # Errors
    ///
    /// When the difference has more digits than an amount may have.
    pub fn missing(&self) -> Result<Amount, AmountError> {
        if self.is_covered() {
            return Ok(Amount::zero());
        }
        self.due.checked_sub(&self.paid)
    }

    /// How much more than is due was paid in time; zero when it is no more.
    ///
    /// # Errors
    ///
    /// When the difference has more digits than an amount may have.
    pub fn surplus(&self) -> Result<Amount, AmountError> {
        if self.level() == Level::Over {
            return self.paid.checked_sub(&self.due);
        }
        Ok(Amount::zero())
    }

    fn of<'a>(
        due: Amount,
        expires: Option<Timestamp>,
        rows: impl Iterator<Item = Row<'a>> + Clone,
    ) -> Result<Self, AmountError> {
        let mut first = BTreeMap::new();
        let mut doubtful = BTreeSet::new();
        for row in rows {
            if *first.entry(row.record_id).or_insert(row) != row {
                doubtful.insert(row.record_id);
            }
        }
        let mut standing = Self {
            due,
            paid: Amount::zero(),
            late: Amount::zero(),
            pending: Vec::new(),
            risky: Vec::new(),
            unknown: Vec::new(),
        };
        for (id, row) in first {
            let value = row.value.filter(|value| value.is_positive());
            match (row.status, row.is_risky, value, row.arrived_at, expires) {
                _ if doubtful.contains(id) => standing.unknown.push(id.clone()),
                (DepositStatus::Failed, ..) => {}
                (_, Some(true), ..) => standing.risky.push(id.clone()),
                (DepositStatus::Processing, ..) => standing.pending.push(id.clone()),
                (DepositStatus::Success, Some(false), Some(value), Some(at), Some(expires)) => {
                    let sum = if at <= expires {
                        &mut standing.paid
                    } else {
                        &mut standing.late
                    };
                    *sum = sum.checked_add(value)?;
                }
                _ => standing.unknown.push(id.clone()),
            }
        }
        Ok(standing)
    }
}

/// The fields of a payment that the sums need.
#[derive(Clone, Copy, PartialEq)]
struct Row<'a> {
    record_id: &'a RecordId,
    status: &'a DepositStatus,
    is_risky: Option<bool>,
    value: Option<&'a Amount>,
    arrived_at: Option<Timestamp>,
}

impl GetAppOrderInfoResponse {
    /// How the order stands, in coins.
    ///
    /// A payment in another coin is not in the answer; the list of deposits has it, and
    /// [`is_another_coin`](Self::is_another_coin) tells it.
    ///
    /// # Errors
    ///
    /// When the sum has more digits than an amount may have.
    pub fn standing(&self) -> Result<Standing, StandingError> {
        let rows = self.paid_list.iter().map(|row| Row {
            record_id: &row.record_id,
            status: &row.status,
            is_risky: row.is_flagged_as_risky,
            value: Some(&row.amount),
            arrived_at: row.arrived_at,
        });
        let due = self.amount_to_pay.clone();
        Ok(Standing::of(due, self.expired_at, rows)?)
    }

    /// Whether a deposit came in another coin, or on another chain, than the order is to be paid
    /// in. It is credited to the merchant and pays nothing of the order.
    #[must_use]
    pub fn is_another_coin(&self, deposit: &DepositRecord) -> bool {
        deposit.coin_id != self.coin_id || deposit.chain != self.chain
    }
}

impl GetInvoiceOrderInfoResponse {
    /// How the invoice stands, in the currency of its price. The payer may choose any coin, so none
    /// is a wrong one; each counts by the value that the gateway gives it.
    ///
    /// # Errors
    ///
    /// When the answer has no price, or the sum has more digits than an amount may have.
    pub fn standing(&self) -> Result<Standing, StandingError> {
        let due = self.price.clone().ok_or(StandingError::NoPrice)?;
        let rows = self.paid_list.iter().map(|row| Row {
            record_id: &row.record_id,
            status: &row.status,
            is_risky: row.is_flagged_as_risky,
            value: row.paid_value.as_ref(),
            arrived_at: row.arrived_at,
        });
        Ok(Standing::of(due, self.expired_at, rows)?)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const EXPIRES: u64 = 1_750_003_600;

    fn row(id: &str, amount: &str) -> Value {
        json!({
            "recordId": id, "coinId": 1280, "amount": amount,
            "paidAmount": "7", "paidValue": amount,
            "status": "Success", "isFlaggedAsRisky": false, "arrivedAt": EXPIRES,
        })
    }

    fn with(mut row: Value, name: &str, value: Value) -> Value {
        row[name] = value;
        row
    }

    /// The standing as an order, which an invoice has to share: both go by the same rules.
    fn standing(rows: Vec<Value>) -> Standing {
        let rows = Value::from(rows);
        let order: GetAppOrderInfoResponse = serde_json::from_value(json!({
            "amountToPay": "2.50", "coinId": 1280, "chain": "POLYGON", "expiredAt": EXPIRES,
            "paidList": rows,
        }))
        .unwrap();
        let invoice: GetInvoiceOrderInfoResponse = serde_json::from_value(json!({
            "price": "2.50", "invoiceUrl": "https://pay.example", "expiredAt": EXPIRES,
            "paidList": rows,
        }))
        .unwrap();
        assert_eq!(order.standing(), invoice.standing());
        order.standing().unwrap()
    }

    #[test]
    fn payments_in_time_are_summed_against_what_is_due() {
        let amounts = |standing: &Standing| {
            let [missing, surplus] = [standing.missing(), standing.surplus()].map(Result::unwrap);
            (missing.to_string(), surplus.to_string())
        };
        for (rows, level, missing, surplus) in [
            (vec![], Level::Nothing, "2.50", "0"),
            (vec![row("1", "2.4")], Level::Part, "0.10", "0"),
            (vec![row("1", "1.5"), row("2", "1")], Level::Exact, "0", "0"),
            (
                vec![row("1", "2.5"), row("2", "0.01")],
                Level::Over,
                "0",
                "0.01",
            ),
            // The same payment in a list twice is one payment.
            (
                vec![row("1", "1.5"), row("1", "1.5")],
                Level::Part,
                "1.00",
                "0",
            ),
        ] {
            let standing = standing(rows);
            assert_eq!(standing.level(), level, "{standing:?}");
            assert_eq!(standing.is_covered(), level >= Level::Exact);
            assert_eq!(amounts(&standing), (missing.into(), surplus.into()));
            assert!(standing.is_settled() && !standing.is_late());
        }
    }

    #[test]
    fn a_payment_after_expiry_is_late_and_in_no_other_sum() {
        let late = with(row("2", "9"), "arrivedAt", json!(EXPIRES + 1));
        let standing = standing(vec![row("1", "1"), late]);
        assert_eq!((standing.paid.as_str(), standing.late.as_str()), ("1", "9"));
        assert!(standing.is_late() && !standing.is_covered());
    }

    #[test]
    fn what_is_not_certain_is_never_summed() {
        let bad = |name: &str, value: Value| with(row("x", "9"), name, value);
        for unknown in [
            bad("status", json!("Settled")),
            bad("isFlaggedAsRisky", Value::Null),
            bad("arrivedAt", Value::Null),
            with(bad("amount", json!("-9")), "paidValue", json!("-9")),
        ] {
            let standing = standing(vec![row("1", "1"), unknown]);
            assert_eq!(standing.unknown, [RecordId::new("x")]);
            assert_eq!(standing.paid.as_str(), "1");
            assert!(!standing.is_settled());
        }
        // Two payments with one id differ: neither counts.
        let standing = standing(vec![row("1", "1"), row("x", "2"), row("x", "3")]);
        assert_eq!(standing.unknown, [RecordId::new("x")]);
        assert_eq!(standing.paid.as_str(), "1");
    }

    #[test]
    fn risky_pending_and_failed_payments_are_kept_apart() {
        let standing = standing(vec![
            with(row("risky", "9"), "isFlaggedAsRisky", json!(true)),
            with(row("pending", "9"), "status", json!("Processing")),
            with(row("failed", "9"), "status", json!("Failed")),
        ]);
        assert_eq!(standing.level(), Level::Nothing);
        assert_eq!(standing.risky, [RecordId::new("risky")]);
        assert_eq!(standing.pending, [RecordId::new("pending")]);
        assert!(standing.unknown.is_empty() && !standing.is_settled());
    }

    #[test]
    fn an_invoice_without_its_price_or_an_expiry_tells_nothing() {
        let invoice = |more: Value| -> GetInvoiceOrderInfoResponse {
            let mut invoice = json!({
                "invoiceUrl": "https://pay.example", "paidList": [row("1", "9")],
            });
            let fields = more.as_object().unwrap().clone();
            invoice.as_object_mut().unwrap().extend(fields);
            serde_json::from_value(invoice).unwrap()
        };
        assert_eq!(invoice(json!({})).standing(), Err(StandingError::NoPrice));
        let no_end = invoice(json!({"price": "9"})).standing().unwrap();
        assert_eq!(no_end.unknown, [RecordId::new("1")]);
        let no_value = with(row("2", "9"), "paidValue", Value::Null);
        let no_value = json!({"price": "9", "expiredAt": EXPIRES, "paidList": [no_value]});
        let no_value = invoice(no_value).standing().unwrap();
        assert_eq!(no_value.unknown, [RecordId::new("2")]);
    }

    #[test]
    fn a_deposit_of_another_coin_or_chain_is_told() {
        let order: GetAppOrderInfoResponse = serde_json::from_value(json!({
            "amountToPay": "1", "coinId": 1280, "chain": "POLYGON", "paidList": [],
        }))
        .unwrap();
        for (coin_id, chain, is_another) in [
            (1280, "POLYGON", false),
            (1281, "POLYGON", true),
            (1280, "ETH", true),
        ] {
            let deposit: DepositRecord = serde_json::from_value(json!({
                "recordId": "1", "coinId": coin_id, "chain": chain, "amount": "1",
                "status": "Success",
            }))
            .unwrap();
            assert_eq!(order.is_another_coin(&deposit), is_another);
        }
    }
}
