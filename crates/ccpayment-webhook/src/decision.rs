//! `DepositDecision` and `WithdrawalDecision`: what to do about a record. `Creditable` is the only
//! amount to credit.

use std::fmt;

use ccpayment_core::{Amount, Chain, CoinId, OrderId, RecordId, ReferenceId, Timestamp, UserId};

/// What to do about a deposit, by its record.
///
/// | decision | do | then |
/// |---|---|---|
/// | [`Credit`](Self::Credit) | book it, once for each record id | acknowledge |
/// | [`NotYet`](Self::NotYet) | nothing: another notification will come | acknowledge |
/// | [`AskAgain`](Self::AskAgain) | ask again later | don't acknowledge, unless it is stored |
/// | [`Never`](Self::Never) | store it for a person, by its reason | acknowledge |
///
/// More may be added: treat one that you don't know as [`AskAgain`](Self::AskAgain).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "it says what may be credited"]
pub enum DepositDecision<Credit> {
    /// The money is there. Book it under its record id, which must be unique where it is booked.
    Credit(Credit),
    /// The chain has not confirmed it, and the event was not the last one of this record.
    NotYet,
    /// The event was the last one of this record and the record is not final: the API may lag
    /// behind its notifications. This also holds for a status that this version does not know, and
    /// for a record that was read without an event while it is not final.
    ///
    /// Nothing more is promised to come. Don't acknowledge, so that the gateway sends the event
    /// again, or store what is to be asked again and then acknowledge.
    AskAgain,
    /// No program may credit it. The record won't change by itself.
    Never(NoCredit),
}

/// Why a deposit is not credited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NoCredit {
    /// It failed on its chain; the money was not received.
    Failed,
    /// It is flagged as risky: the money was not credited to the merchant. A person releases or
    /// refunds it on the dashboard.
    Risky,
    /// The record does not say whether it is risky. Silence is not consent: a person decides.
    RiskUnknown,
    /// The amount is not above zero.
    NothingPaid,
}

impl fmt::Display for NoCredit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Failed => "it failed",
            Self::Risky => "it is flagged as risky",
            Self::RiskUnknown => "the record does not say whether it is risky",
            Self::NothingPaid => "the amount is not above zero",
        })
    }
}

/// What a withdrawal's record says.
///
/// More may be added: treat one that you don't know as [`AskAgain`](Self::AskAgain).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "it says whether the money arrived"]
pub enum WithdrawalDecision<'a> {
    /// The money arrived.
    Arrived,
    /// It is on its way or waits for approval, and the event was not the last one of this record.
    NotYet,
    /// Not final, and nothing more is promised to come: the event was the last one, or there was no
    /// event, or the status is a word that this version does not know. Ask again later. Don't
    /// acknowledge, unless what is to be asked again is stored.
    AskAgain,
    /// The gateway says `Failed`. That is no proof that the money came back: no source says so.
    /// Look at the balance before it is paid again under another order id.
    Failed {
        /// The gateway's reason, where it gives one.
        reason: Option<&'a str>,
    },
    /// A person refused it: `Rejected`. No money moved.
    Rejected {
        /// The gateway's reason, where it gives one.
        reason: Option<&'a str>,
    },
}

/// Money that arrived and may be credited, once for each [`Creditable::record_id`].
///
/// It comes from [`DepositDecision::Credit`] alone. Compare it with what was asked before it counts
/// as payment: the [coin](Self::coin_id), the [amount](Self::amount), and the
/// [time](Self::came_in_time). A payer may send another coin than the order's, and an invoice is
/// paid in any coin: its value is the `paidValue` of the row with this record id in
/// `getInvoiceOrderInfo`, where that row is `Success` and not risky; never this amount, and never
/// `totalPaidValue`, which has the earlier payments too. The model shop in `tests/shop` of the
/// repository does all of this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Creditable<'a> {
    pub(crate) record_id: &'a RecordId,
    pub(crate) order_id: Option<&'a OrderId>,
    pub(crate) reference_id: Option<&'a ReferenceId>,
    pub(crate) user_id: Option<&'a UserId>,
    pub(crate) coin_id: CoinId,
    pub(crate) chain: &'a Chain,
    pub(crate) amount: &'a Amount,
    pub(crate) service_fee: Option<&'a Amount>,
    pub(crate) arrived_at: Option<Timestamp>,
}

impl<'a> Creditable<'a> {
    /// CCPayment's id of the transaction: the key of the credit. Keep it unique where the credit is
    /// booked, in the same transaction. With several merchants in one table the key is APP ID *and*
    /// record id: nobody promises that record ids of two merchants differ.
    #[must_use]
    pub fn record_id(&self) -> &'a RecordId {
        self.record_id
    }

    /// The order or invoice, when it was paid for one.
    #[must_use]
    pub fn order_id(&self) -> Option<&'a OrderId> {
        self.order_id
    }

    /// The reference id, when it was paid to the permanent address of one.
    #[must_use]
    pub fn reference_id(&self) -> Option<&'a ReferenceId> {
        self.reference_id
    }

    /// The end user, when it was paid to the address of one.
    #[must_use]
    pub fn user_id(&self) -> Option<&'a UserId> {
        self.user_id
    }

    /// The coin that was paid, which need not be the one that was asked for.
    #[must_use]
    pub fn coin_id(&self) -> CoinId {
        self.coin_id
    }

    /// The chain that it was paid on; empty when the record does not say.
    #[must_use]
    pub fn chain(&self) -> &'a Chain {
        self.chain
    }

    /// What was paid, in coins of [`coin_id`](Self::coin_id), before the service fee; above zero.
    /// It need not be what was asked for.
    #[must_use]
    pub fn amount(&self) -> &'a Amount {
        self.amount
    }

    /// What CCPayment keeps of it, in coins, when the record says so.
    #[must_use]
    pub fn service_fee(&self) -> Option<&'a Amount> {
        self.service_fee
    }

    /// When the money arrived, in unix seconds, when the record says so.
    #[must_use]
    pub fn arrived_at(&self) -> Option<Timestamp> {
        self.arrived_at
    }

    /// Whether the money arrived at or before this expiry. `None` when the record does not say when
    /// it arrived.
    ///
    /// A late payment is the merchant's money all the same, and creditable: the gateway takes
    /// payments to an order for seven days after its expiry. For invoices one sentence of the
    /// documents can be read as having no end ("made after 7 days past the order's expiration will
    /// still be credited"). So the time decides nothing here. The merchant decides what a late
    /// payment is worth: the rate of an order priced in a fiat is locked until its expiry only.
    #[must_use]
    pub fn came_in_time(&self, expires_at: Timestamp) -> Option<bool> {
        self.arrived_at.map(|arrived| arrived <= expires_at)
    }
}
