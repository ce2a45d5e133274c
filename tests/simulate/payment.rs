//! The nine calls that move money at once, as one type.

use anyhow::Result;
use ccpayment::v1::{TokenId, Withdraw};
use ccpayment::v2::{
    ApplyAppWithdrawToCwallet, ApplyAppWithdrawToNetwork, ApplyUserWithdrawToCwallet,
    ApplyUserWithdrawToNetwork, Swap, TransferTarget, UserBatchTransfer, UserSwap, UserTransfer,
};
use ccpayment::{Address, Amount, Chain, CoinId, OrderId, Payout, Submit, UserId};

pub(crate) const USDT: u64 = 1280;
pub(crate) const MATIC: u64 = 1329;
pub(crate) const USERS: [&str; 3] = ["user-jane", "user-li", "user-omar"];
pub(crate) const CHAIN: &str = "POLYGON";
pub(crate) const RECEIVER: &str = "0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE";
const CWALLET: &str = "35255142";
const MERCHANT: &str = "merchant:available";

/// A payout whose order id can be another one: what no client of ours ever does by itself.
pub(crate) trait Renamed: Payout + Clone {
    fn renamed(&self, order_id: OrderId) -> Self;
}

macro_rules! payments {
    ($($kind:ident($request:ty, $id:ident),)*) => {
        #[derive(Debug, Clone)]
        pub(crate) enum Request {
            $($kind($request),)*
        }

        $(impl Renamed for $request {
            fn renamed(&self, order_id: OrderId) -> Self {
                let mut other = self.clone();
                other.$id = order_id;
                other
            }
        })*

        /// Does the same with whichever it is.
        macro_rules! with {
            ($it:expr, $with:ident => $work:expr) => {
                match $it {
                    $($crate::payment::Request::$kind($with) => $work,)*
                }
            };
        }
        pub(crate) use with;
    };
}

payments! {
    ToNetwork(ApplyAppWithdrawToNetwork, order_id),
    ToCwallet(ApplyAppWithdrawToCwallet, order_id),
    UserToNetwork(ApplyUserWithdrawToNetwork, order_id),
    UserToCwallet(ApplyUserWithdrawToCwallet, order_id),
    Transfer(UserTransfer, order_id),
    BatchTransfer(UserBatchTransfer, order_id),
    Swap(Swap, order_id),
    UserSwap(UserSwap, order_id),
    Older(Withdraw, merchant_order_id),
}

/// A payout, and how its debit looks in the books. No two of a history have the same amount, so that a
/// debit tells by itself what it was for, whatever order id it was made under.
#[derive(Debug, Clone)]
pub(crate) struct Payment {
    pub(crate) request: Request,
    pub(crate) account: String,
    pub(crate) coin_id: u64,
    pub(crate) amount: Amount,
}

impl Payment {
    /// The `number`th of a history, of one of nine kinds.
    pub(crate) fn new(
        kind: usize,
        number: u64,
        order_id: &str,
        token: &str,
        random: &mut fastrand::Rng,
    ) -> Result<Self> {
        // Never a zero at the end: books and records print it as it is here.
        let text = format!("{}.{:05}1", 20 + number, random.u32(0..100_000));
        let amount: Amount = text.parse()?;
        let order_id = OrderId::new(order_id);
        let payer = random.usize(0..USERS.len());
        let user =
            |of: usize| UserId::new(USERS.get(of % USERS.len()).copied().unwrap_or(MERCHANT));
        let (usdt, matic) = (CoinId::new(USDT), CoinId::new(MATIC));
        let (chain, address) = (Chain::new(CHAIN), Address::new(RECEIVER));
        let value = amount.clone();
        let request = match kind % 9 {
            0 => Request::ToNetwork(ApplyAppWithdrawToNetwork::new(
                order_id, usdt, chain, address, value,
            )),
            1 => Request::ToCwallet(ApplyAppWithdrawToCwallet::new(
                order_id, usdt, CWALLET, value,
            )),
            2 => Request::UserToNetwork(ApplyUserWithdrawToNetwork::new(
                user(payer),
                order_id,
                usdt,
                chain,
                address,
                value,
            )),
            3 => Request::UserToCwallet(ApplyUserWithdrawToCwallet::new(
                user(payer),
                order_id,
                usdt,
                CWALLET,
                value,
            )),
            4 => Request::Transfer(UserTransfer::new(
                order_id,
                user(payer),
                user(payer + 1),
                usdt,
                value,
            )),
            5 => {
                let first: Amount = "1.5".parse()?;
                let targets = [
                    TransferTarget::new(user(payer + 1), first.clone()),
                    TransferTarget::new(user(payer + 2), value.checked_sub(&first)?),
                ];
                Request::BatchTransfer(UserBatchTransfer::new(order_id, user(payer), targets, usdt))
            }
            6 => Request::Swap(Swap::new(order_id, usdt, value, matic)),
            7 => Request::UserSwap(UserSwap::new(order_id, user(payer), usdt, value, matic)),
            _ => Request::Older(Withdraw::new(order_id, address, TokenId::new(token), value)),
        };
        let account = match request {
            Request::ToNetwork(_)
            | Request::ToCwallet(_)
            | Request::Swap(_)
            | Request::Older(_) => MERCHANT.to_owned(),
            _ => format!("user:{}:available", user(payer)),
        };
        Ok(Self {
            request,
            account,
            coin_id: USDT,
            amount,
        })
    }

    pub(crate) fn is_older(&self) -> bool {
        matches!(self.request, Request::Older(_))
    }
}

impl Payment {
    /// Its order id, and in which of the gateway's lists of taken ones it stands.
    pub(crate) fn order_key(&self) -> (String, usize) {
        let list = match self.request {
            Request::ToNetwork(_) | Request::ToCwallet(_) | Request::Older(_) => 0,
            Request::UserToNetwork(_) | Request::UserToCwallet(_) => 1,
            Request::Transfer(_) => 2,
            Request::BatchTransfer(_) => 3,
            Request::Swap(_) => 4,
            Request::UserSwap(_) => 5,
        };
        let id = with!(&self.request, request => request.submit_id().as_str().to_owned());
        (id, list)
    }
}
