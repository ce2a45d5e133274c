//! The calls that look at what happened.

use crate::api::sandbox::Sandbox;
use crate::model::deposit::Deposit;
use crate::model::ledger::Ledger;
use crate::model::money::plain;
use crate::model::payout::{Destination, Payout};
use crate::model::views::{DepositView, PayoutView, RequestView};

/// # Books and records
///
/// What the gateway knows, for a test to compare with.
impl Sandbox {
    /// A snapshot of the books.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        self.read(|state| state.books.snapshot())
    }

    /// All deposits, oldest first.
    #[must_use]
    pub fn deposits(&self) -> Vec<DepositView> {
        self.read(|state| state.deposits.iter().map(deposit_view).collect())
    }

    /// All withdrawals but those of batches, oldest first.
    #[must_use]
    pub fn payouts(&self) -> Vec<PayoutView> {
        self.read(|state| state.payouts.iter().map(payout_view).collect())
    }

    /// The requests that reached a route, oldest first, dropped ones included. The newest 100 000
    /// are kept.
    #[must_use]
    pub fn requests(&self) -> Vec<RequestView> {
        self.read(|state| state.requests.iter().cloned().collect())
    }
}

fn payout_view(payout: &Payout) -> PayoutView {
    let (chain, address) = match &payout.to {
        Destination::Chain {
            network, address, ..
        } => (network.on.symbol, address),
        Destination::Cwallet(user) => ("Cwallet OS", user),
    };
    PayoutView {
        order_id: payout.order_id.clone(),
        user_id: payout.holder.user_id().map(str::to_owned),
        record_id: payout.record_id.clone(),
        coin_id: payout.coin.id,
        chain: chain.to_owned(),
        address: address.clone(),
        amount: plain(&payout.amount),
        status: payout.status.as_str().to_owned(),
    }
}

fn deposit_view(deposit: &Deposit) -> DepositView {
    DepositView {
        record_id: deposit.record_id.clone(),
        order_id: deposit.order_id().unwrap_or_default().to_owned(),
        user_id: deposit.user_id().map(str::to_owned),
        reference_id: deposit.reference_id().map(str::to_owned),
        coin_id: deposit.coin.id,
        amount: plain(&deposit.amount),
        status: deposit.status.as_str().to_owned(),
        flagged: deposit.flagged,
        late: deposit.late,
    }
}
