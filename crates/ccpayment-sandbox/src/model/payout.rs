//! Withdrawals, and the quotes of their fees.

use crate::model::coins::{Coin, Network};
use crate::model::ledger::{Account, Line};
use crate::model::money::Money;
use crate::model::record::{Holder, Status};

#[derive(Debug)]
pub(crate) enum Destination {
    Chain {
        network: &'static Network,
        from: String,
        address: String,
        memo: String,
    },
    /// An account at Cwallet, as the merchant wrote it.
    Cwallet(String),
}

#[derive(Debug)]
pub(crate) struct Payout {
    pub(crate) record_id: String,
    /// Empty for one that the gateway began by itself.
    pub(crate) order_id: String,
    pub(crate) holder: Holder,
    pub(crate) coin: &'static Coin,
    pub(crate) to: Destination,
    /// As requested.
    pub(crate) amount: Money,
    pub(crate) fee: Money,
    pub(crate) fee_coin: &'static Coin,
    /// What the receiver gets.
    pub(crate) received: Money,
    pub(crate) tx_id: String,
    pub(crate) status: Status,
    /// When the record begins to show the status, and the status that it shows until then.
    pub(crate) readable_from: u64,
    pub(crate) read_before: Status,
    /// The price of the coin when the withdrawal was asked for.
    pub(crate) usd_price: Money,
    pub(crate) reason: Option<String>,
    pub(crate) notify_url: Option<String>,
    pub(crate) created_at: u64,
    pub(crate) height: u64,
}

impl Payout {
    /// The status in the record.
    pub(crate) fn read_at(&self, now: u64) -> Status {
        if now < self.readable_from {
            return self.read_before;
        }
        self.status
    }

    /// Changes its status; its record shows that from a moment on.
    pub(crate) fn turn(&mut self, status: Status, now: u64, readable_from: u64) {
        self.read_before = self.read_at(now);
        self.readable_from = readable_from;
        self.status = status;
    }

    pub(crate) fn is_automatic(&self) -> bool {
        self.order_id.is_empty()
    }

    pub(crate) fn lines(&self) -> Vec<Line> {
        let account = self.holder.account();
        let mut debit = self.received.clone();
        let mut lines = vec![(Account::NetworkFees, self.fee_coin.id, self.fee.clone())];
        if self.fee_coin.id == self.coin.id {
            debit += &self.fee;
        } else {
            lines.push((account.clone(), self.fee_coin.id, -self.fee.clone()));
        }
        lines.push((account, self.coin.id, -debit));
        let outside = match self.to {
            Destination::Chain { .. } => Account::Chain,
            Destination::Cwallet(_) => Account::Cwallet,
        };
        lines.push((outside, self.coin.id, self.received.clone()));
        lines
    }
}

/// A quote that `/getWithdrawFee` once gave.
#[derive(Debug)]
pub(crate) struct Quote {
    pub(crate) coin_id: u64,
    pub(crate) chain: &'static str,
    pub(crate) fee: Money,
}
