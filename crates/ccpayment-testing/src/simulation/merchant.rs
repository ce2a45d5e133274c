//! `Merchant`, the trait that your code implements, with its `Books`, `Sale`s and `PayoutRequest`s.

use async_trait::async_trait;
use bytes::Bytes;
use ccpayment_client::core::{
    Address, Amount, Chain, CoinId, OrderId, PriceIn, RecordId, Timestamp,
};
use http::{Request, Response};

/// The code under test: a merchant's own, around its own store.
///
/// Everything that it asks of the gateway goes through the [`Env`](super::Env) that it was made
/// with. Methods run side by side, as the requests of a server do: a notification may come while a
/// payout waits for its answer, and come twice at once.
///
/// A crash drops every method that is under way at the point where it waits, and then calls
/// [`restart`](Self::restart).
#[async_trait]
pub trait Merchant: Send + Sync + 'static {
    /// A delivery, as an HTTP server gets it. Some are forged.
    async fn notified(&self, request: Request<Bytes>) -> Response<Bytes>;

    /// What the *stored* books say, now. Called often.
    fn books(&self) -> Books;

    /// The process was killed and is started again: forget everything that was not stored.
    async fn restart(&self);

    /// Sells something. By default somebody else opens the orders.
    async fn sell(&self, sale: &Sale) -> SaleOutcome {
        let _ = sale;
        SaleOutcome::Elsewhere
    }

    /// Sells something by an invoice, which the customer pays in a coin of their own choice. By
    /// default somebody else makes the invoice.
    async fn bill(&self, bill: &Bill) -> SaleOutcome {
        let _ = bill;
        SaleOutcome::Elsewhere
    }

    /// Whether this merchant takes payments in any coin, by invoices. By default it does not, and
    /// nobody asks for one.
    fn bills(&self) -> bool {
        false
    }

    /// Pays somebody out, under an order id of your own making. After a crash, and while the books
    /// say that it is open, the same payout request comes again: it is still one payout. A payout
    /// request that the books don't know after this returns counts as forgotten.
    ///
    /// By default nothing is paid out, and nobody asks for it.
    async fn pay_out(&self, request: &PayoutRequest) {
        let _ = request;
    }

    /// Whether the simulation shall test [`pay_out`](Self::pay_out).
    fn pays_out(&self) -> bool {
        false
    }

    /// The work in the background, about once a minute: what an inbox holds, payouts in doubt.
    async fn work(&self) {}

    /// The reconciliation, once the network is sound again and no notification will come any more:
    /// find now whatever was missed. Called twice, some minutes apart, since what the first one
    /// finds may still be under way.
    async fn settle(&self) {}
}

/// Something to sell.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sale {
    /// The sale's own id. It serves as an order id, too.
    pub order_id: OrderId,
    /// What is paid with.
    pub coin_id: CoinId,
    /// Where it is paid.
    pub chain: Chain,
    /// What it costs, in coins.
    pub price: Amount,
    /// When the order shall expire: some payments come later than that.
    pub expires_at: Timestamp,
}

/// Something to sell by an invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bill {
    /// The bill's own id. It serves as an order id, too.
    pub order_id: OrderId,
    /// What it costs, in the currency of `price_in`.
    pub price: Amount,
    /// The currency: US dollars.
    pub price_in: PriceIn,
    /// When the invoice shall expire.
    pub expires_at: Timestamp,
}

/// What became of a [`Sale`] or a [`Bill`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SaleOutcome {
    /// The customer pays to this address.
    PayTo(Address),
    /// The invoice is made, under [`Bill::order_id`]; the customer pays on its page.
    Billed,
    /// Nothing to pay could be had; the customer leaves.
    Failed,
    /// The code under test makes no orders: the simulation does, under [`Sale::order_id`] or
    /// [`Bill::order_id`].
    Elsewhere,
}

/// A payout that somebody asks the merchant for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PayoutRequest {
    /// Its own id, such as a row's key: the same id is one payout, however often it comes.
    pub id: String,
    /// What to pay.
    pub coin_id: CoinId,
    /// On which chain.
    pub chain: Chain,
    /// To whom. Each payout request has a receiver of its own, by which its payouts are known.
    pub address: Address,
    /// How much; now and then more than there is.
    pub amount: Amount,
}

/// What a merchant has stored.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Books {
    /// One entry for each time that money was credited.
    pub credits: Vec<Credit>,
    /// Records whose notification is stored and will be worked on later, as by an inbox. A merchant
    /// that finishes the work before the acknowledgement needs none.
    pub noted: Vec<RecordId>,
    /// One entry for each payout request that was ever stored.
    pub payouts: Vec<PayoutEntry>,
}

/// Money that was booked for a payer: credited to them, or kept for them where it was too little,
/// too much or too late. What counts is that it is accounted for, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credit {
    /// The gateway's id of the payment.
    pub record_id: RecordId,
    /// The order that it is booked on.
    pub order_id: OrderId,
    /// What was paid, before the service fee.
    pub amount: Amount,
    /// What the amount is in: the coin that was paid; or the currency of an invoice, and then the
    /// amount is the `paidValue` of this record.
    pub paid_in: PriceIn,
}

/// What the books say about a [`PayoutRequest`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayoutEntry {
    /// [`PayoutRequest::id`].
    pub request_id: String,
    /// What became of it.
    pub state: PayoutState,
}

/// What became of a payout, as far as the merchant knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PayoutState {
    /// Not known yet.
    Open,
    /// The gateway took the money and has not given it back.
    Paid,
    /// No money moved, or it came back: the receiver has nothing, and nobody tries again. A payout
    /// that was not sent may be made again, so it is open.
    Refused,
}
