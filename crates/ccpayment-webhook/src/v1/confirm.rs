//! The decisions of v1: from the order where `get_order_info` has it, else from the notification.

use ccpayment_core::v1::{
    GetOrderInfo, GetOrderInfoResponse, OrderInfo, OrderStatus, PayStatus, RefundRecord,
    TradeRecord,
};
use ccpayment_core::{Amount, Chain, OrderId, RecordId, TxId, UserId};

use super::deposits::{ApiDeposit, DirectDeposit, Invoice};
use super::payouts::{ApiWithdrawal, Refund};
use crate::decision::{DepositDecision, NoCredit, WithdrawalDecision};
use crate::error::ConfirmError;
use crate::records::{agree, same};

const ORDER_ID: &str = "merchant_order_id";

/// Money that arrived and may be credited, once for each [`Creditable::record_id`].
///
/// It comes from [`DepositDecision::Credit`] alone. Compare it with what was asked before it counts
/// as payment: a payer may send another token, or another amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Creditable<'a> {
    record_id: &'a RecordId,
    order_id: Option<&'a OrderId>,
    user_id: Option<&'a UserId>,
    crypto: &'a str,
    chain: &'a Chain,
    amount: &'a Amount,
}

impl<'a> Creditable<'a> {
    /// CCPayment's id of the transaction: the key of the credit. Keep it unique where the credit is
    /// booked, in the same transaction. With several merchants in one table the key is APP ID *and*
    /// record id: nobody promises that record ids of two merchants differ.
    #[must_use]
    pub fn record_id(&self) -> &'a RecordId {
        self.record_id
    }

    /// The merchant's id of the order, when it was paid for one.
    #[must_use]
    pub fn order_id(&self) -> Option<&'a OrderId> {
        self.order_id
    }

    /// The user, when it was paid to the permanent address of one.
    #[must_use]
    pub fn user_id(&self) -> Option<&'a UserId> {
        self.user_id
    }

    /// The symbol of the token that was paid, which need not be the one that was asked for.
    #[must_use]
    pub fn crypto(&self) -> &'a str {
        self.crypto
    }

    /// The chain that it was paid on.
    #[must_use]
    pub fn chain(&self) -> &'a Chain {
        self.chain
    }

    /// What was paid, in the token, before the service fee; above zero. It need not be what was
    /// asked for.
    #[must_use]
    pub fn amount(&self) -> &'a Amount {
        self.amount
    }
}

/// What a deposit's notification says by itself, where `Credit` still waits for its record.
fn by_notification<'a>(
    status: &PayStatus,
    money: Creditable<'a>,
) -> DepositDecision<Creditable<'a>> {
    match status {
        PayStatus::Success if money.amount.is_positive() => DepositDecision::Credit(money),
        PayStatus::Success => DepositDecision::Never(NoCredit::NothingPaid),
        PayStatus::Failed => DepositDecision::Never(NoCredit::Failed),
        PayStatus::Pending | PayStatus::Processing => DepositDecision::NotYet,
        _ => DepositDecision::AskAgain,
    }
}

/// The order with this id; none where the answer has no orders.
fn find<'a>(
    order_id: &OrderId,
    answer: &'a GetOrderInfoResponse,
) -> Result<Option<&'a OrderInfo>, ConfirmError> {
    let mut orders = answer.orders.iter();
    let found = orders.find(|it| it.order_detail.merchant_order_id == *order_id);
    // An order with another id, or with another spelling of this one, proves nothing.
    same(ORDER_ID, found.is_some() || answer.orders.is_empty())?;
    Ok(found)
}

fn unnamed() -> ConfirmError {
    ConfirmError::Unnamed { field: ORDER_ID }
}

impl ApiDeposit {
    fn money(&self) -> Creditable<'_> {
        Creditable {
            record_id: &self.record_id,
            order_id: self.merchant_order_id(),
            user_id: None,
            crypto: &self.crypto,
            chain: &self.chain,
            amount: &self.paid_amount,
        }
    }

    /// The call that reads the order back, with the sum of what came for it; none where the
    /// notification names no order.
    #[must_use]
    pub fn confirm_request(&self) -> Option<GetOrderInfo> {
        let order_id = self.merchant_order_id()?.clone();
        Some(GetOrderInfo::new([order_id]))
    }

    /// What to do, by the answer to [`confirm_request`](Self::confirm_request): a credit only when
    /// the notification says `success` and the order lists the transfer.
    ///
    /// The order's transfers have no record id. So the transfer is known by its transaction, or by
    /// its amount and token where it has none; amount and token must be the same. An order that
    /// does not list it may lag behind the notification: [`DepositDecision::AskAgain`].
    ///
    /// # Errors
    ///
    /// [`ConfirmError::Mismatch`], when the answer is about another order, or the transfer has
    /// another amount or token. [`ConfirmError::Unnamed`], when the notification names no order.
    pub fn decide(
        &self,
        answer: &GetOrderInfoResponse,
    ) -> Result<DepositDecision<Creditable<'_>>, ConfirmError> {
        let order_id = self.merchant_order_id().ok_or_else(unnamed)?;
        let found = find(order_id, answer)?;
        let decision = by_notification(&self.pay_status, self.money());
        if !matches!(decision, DepositDecision::Credit(_)) {
            return Ok(decision);
        }
        let trades = found.map_or(&[][..], |order| &order.trade_list);
        let of_it =
            |it: &&TradeRecord| match (on_chain(self.txid.as_ref()), on_chain(it.txid.as_ref())) {
                (Some(told), Some(found)) => told == found,
                _ => it.amount == self.paid_amount,
            };
        let candidates: Vec<_> = trades.iter().filter(of_it).collect();
        if candidates.is_empty() {
            return Ok(DepositDecision::AskAgain);
        }
        let same_amount = |it: &&TradeRecord| it.amount == self.paid_amount;
        let same_token = |it: &TradeRecord| {
            let found = it.crypto.as_deref().unwrap_or_default();
            found.is_empty() || self.crypto.is_empty() || found == self.crypto
        };
        let mut amounts = candidates.into_iter().filter(same_amount).peekable();
        same("amount", amounts.peek().is_some())?;
        same("crypto", amounts.any(same_token))?;
        Ok(decision)
    }
}

/// The transaction; none for `internal transfer`, which is the text of all internal transfers.
fn on_chain(txid: Option<&TxId>) -> Option<&TxId> {
    txid.filter(|it| it.as_str() != "internal transfer")
}

impl DirectDeposit {
    /// What to do, by the signed notification alone.
    pub fn decision(&self) -> DepositDecision<Creditable<'_>> {
        let money = Creditable {
            record_id: &self.record_id,
            order_id: None,
            user_id: Some(&self.user_id),
            crypto: &self.crypto,
            chain: &self.chain,
            amount: &self.paid_amount,
        };
        by_notification(&self.pay_status, money)
    }
}

impl Invoice {
    /// What to do, by the signed notification alone.
    pub fn decision(&self) -> DepositDecision<Creditable<'_>> {
        let money = Creditable {
            record_id: &self.record_id,
            order_id: self.extend.merchant_order_id.as_ref(),
            user_id: None,
            crypto: &self.crypto,
            chain: &self.chain,
            amount: &self.paid_amount,
        };
        by_notification(&self.pay_status, money)
    }
}

fn more_comes(status: &PayStatus) -> bool {
    matches!(status, PayStatus::Pending | PayStatus::Processing)
}

fn by_status(status: Option<&OrderStatus>, more_comes: bool) -> WithdrawalDecision<'static> {
    match status {
        Some(OrderStatus::Successful) => WithdrawalDecision::Arrived,
        Some(OrderStatus::Failed) => WithdrawalDecision::Failed { reason: None },
        Some(OrderStatus::Pending | OrderStatus::Processing) if more_comes => {
            WithdrawalDecision::NotYet
        }
        _ => WithdrawalDecision::AskAgain,
    }
}

/// What became of a withdrawal, by the answer to `get_order_info`, without a notification.
///
/// An answer without orders is [`WithdrawalDecision::AskAgain`], and no proof that nothing was
/// made: see `Client::settle`.
///
/// # Errors
///
/// [`ConfirmError::Mismatch`], when the answer is about another id, or about an order that is to be
/// paid: an order and a withdrawal may have the same id.
pub fn decide_withdrawal(
    order_id: &OrderId,
    answer: &GetOrderInfoResponse,
) -> Result<WithdrawalDecision<'static>, ConfirmError> {
    withdrawal(order_id, answer, false)
}

fn withdrawal(
    order_id: &OrderId,
    answer: &GetOrderInfoResponse,
    more_comes: bool,
) -> Result<WithdrawalDecision<'static>, ConfirmError> {
    let detail = find(order_id, answer)?.map(|order| &order.order_detail);
    // Only an order to be paid has a price.
    let price = detail.and_then(|it| it.product_price.as_ref());
    same("product_price", !price.is_some_and(Amount::is_positive))?;
    Ok(by_status(detail.map(|it| &it.status), more_comes))
}

impl ApiWithdrawal {
    /// The call that reads the withdrawal back.
    #[must_use]
    pub fn confirm_request(&self) -> GetOrderInfo {
        GetOrderInfo::new([self.merchant_order_id.clone()])
    }

    /// What became of it, by the answer to [`confirm_request`](Self::confirm_request).
    ///
    /// # Errors
    ///
    /// [`ConfirmError::Mismatch`], when the answer is about another id, another withdrawal under
    /// it, another token, or an order that is to be paid.
    pub fn decide(
        &self,
        answer: &GetOrderInfoResponse,
    ) -> Result<WithdrawalDecision<'static>, ConfirmError> {
        let order_id = &self.merchant_order_id;
        if let Some(order) = find(order_id, answer)? {
            let detail = &order.order_detail;
            let told = (!self.order_id.as_str().is_empty()).then_some(&self.order_id);
            same("order_id", agree(told, detail.order_id.as_ref()))?;
            let told = (!self.crypto.is_empty()).then_some(&self.crypto);
            same("crypto", agree(told, detail.crypto.as_ref()))?;
        }
        withdrawal(order_id, answer, more_comes(&self.pay_status))
    }
}

impl Refund {
    /// The call that reads the order back, with its refunds; none where the notification names no
    /// order.
    #[must_use]
    pub fn confirm_request(&self) -> Option<GetOrderInfo> {
        let order_id = self.merchant_order_id.clone()?;
        Some(GetOrderInfo::new([order_id]))
    }

    /// What became of it, by the answer to [`confirm_request`](Self::confirm_request). A refund is
    /// known by its transaction, or by its amount where there is none.
    ///
    /// # Errors
    ///
    /// [`ConfirmError::Mismatch`], when the answer is about another order, or the refund has
    /// another amount. [`ConfirmError::Unnamed`], when the notification names no order.
    pub fn decide(
        &self,
        answer: &GetOrderInfoResponse,
    ) -> Result<WithdrawalDecision<'static>, ConfirmError> {
        let order_id = self.merchant_order_id.as_ref().ok_or_else(unnamed)?;
        let order = find(order_id, answer)?;
        let of_it =
            |it: &&RefundRecord| match (on_chain(self.txid.as_ref()), on_chain(it.txid.as_ref())) {
                (Some(told), Some(found)) => told == found,
                _ => it.refund_amount == self.amount,
            };
        let refunds = order.map_or(&[][..], |order| &order.refund_list);
        let refund = refunds.iter().find(of_it);
        let amount = refund.map(|it| &it.refund_amount);
        same("refund_amount", agree(Some(&self.amount), amount))?;
        let status = refund.and_then(|it| it.status.as_ref());
        Ok(by_status(status, more_comes(&self.pay_status)))
    }
}

#[cfg(feature = "client")]
mod in_one_call {
    use ccpayment_client::Client;

    use super::*;

    async fn read(
        client: &Client,
        request: Option<GetOrderInfo>,
    ) -> Result<GetOrderInfoResponse, ConfirmError> {
        let request = request.ok_or_else(unnamed)?;
        client.send(&request).await.map_err(ConfirmError::Read)
    }

    impl ApiDeposit {
        /// Reads the order and [decides](Self::decide).
        ///
        /// # Errors
        ///
        /// [`ConfirmError`]: don't acknowledge the notification then, so that it comes again.
        pub async fn confirm(
            &self,
            client: &Client,
        ) -> Result<DepositDecision<Creditable<'_>>, ConfirmError> {
            self.decide(&read(client, self.confirm_request()).await?)
        }
    }

    impl ApiWithdrawal {
        /// Reads the withdrawal and [decides](Self::decide).
        ///
        /// # Errors
        ///
        /// [`ConfirmError`]: don't acknowledge the notification then, so that it comes again.
        pub async fn confirm(
            &self,
            client: &Client,
        ) -> Result<WithdrawalDecision<'static>, ConfirmError> {
            self.decide(&read(client, Some(self.confirm_request())).await?)
        }
    }

    impl Refund {
        /// Reads the order and [decides](Self::decide).
        ///
        /// # Errors
        ///
        /// [`ConfirmError`]: don't acknowledge the notification then, so that it comes again.
        pub async fn confirm(
            &self,
            client: &Client,
        ) -> Result<WithdrawalDecision<'static>, ConfirmError> {
            self.decide(&read(client, self.confirm_request()).await?)
        }
    }
}
