//! `Preflight`, which finds before the send why the gateway would refuse a withdrawal.

use crate::amount::Amount;
use crate::code::ErrorCode;
use crate::ids::{Chain, CoinId, Memo};
use crate::v2::{
    ApplyAppWithdrawToNetwork, ApplyUserWithdrawToNetwork, ChainInfo, ChainStatus, CoinInfo,
    CoinStatus, GetWithdrawFeeResponse, NetworkFee,
};

/// Compares withdrawals to a chain with what the gateway says of coin, chain and fee.
///
/// It is as fresh as what it is given, and the gateway has the last word: a withdrawal without a
/// finding may still be refused, for its address, the balance or the account.
///
/// ```
/// use ccpayment_core::v2::{ApplyAppWithdrawToNetwork, GetCoinResponse};
/// use ccpayment_core::{Address, Chain, CoinId, Finding, OrderId, Preflight};
///
/// let answer: GetCoinResponse = serde_json::from_str(
///     r#"{"coin":{"coinId":1280,"symbol":"USDT","status":"Normal","networks":{"POLYGON":{
///         "chain":"POLYGON","contract":"0x1","precision":6,"canDeposit":true,"canWithdraw":true,
///         "minimumWithdrawAmount":"1","maximumWithdrawAmount":"0","isSupportMemo":false}}}}"#,
/// )?;
/// let withdrawal = ApplyAppWithdrawToNetwork::new(
///     OrderId::new("payout-1"),
///     CoinId::new(1280),
///     Chain::new("POLYGON"),
///     Address::new("0x2"),
///     "0.5".parse()?,
/// );
/// let findings = Preflight::new(&answer.coin).check(&withdrawal);
/// assert_eq!(findings, [Finding::BelowMinimum { minimum: "1".parse()? }]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Preflight<'a> {
    coin: &'a CoinInfo,
    chain: Option<&'a ChainInfo>,
    fee: Option<&'a NetworkFee>,
}

/// A reason against a withdrawal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Finding {
    /// The withdrawal is of another coin than the one that it is compared with.
    #[error("the withdrawal is of coin {asked}, and this is {coin_id}")]
    OtherCoin {
        /// The coin of the withdrawal.
        asked: CoinId,
        /// The coin that it is compared with.
        coin_id: CoinId,
    },
    /// The coin is not on this chain.
    #[error("the coin is not on {chain}")]
    NotOnChain {
        /// The chain of the withdrawal.
        chain: Chain,
    },
    /// The coin's status lets nothing out, or is a word that this version does not know.
    #[error("the coin is {}", .0.as_str())]
    Coin(CoinStatus),
    /// Withdrawals of the coin on this chain are closed.
    #[error("withdrawals of the coin are closed on {chain}")]
    Closed {
        /// The chain of the withdrawal.
        chain: Chain,
    },
    /// The chain is not `Normal`: withdrawals may be late, or are not processed.
    #[error("the chain is {}", .0.as_str())]
    Chain(ChainStatus),
    /// Less than the least withdrawal.
    #[error("the least withdrawal is {minimum}")]
    BelowMinimum {
        /// The least withdrawal, in coins.
        minimum: Amount,
    },
    /// More than the greatest withdrawal.
    #[error("the greatest withdrawal is {maximum}")]
    AboveMaximum {
        /// The greatest withdrawal, in coins.
        maximum: Amount,
    },
    /// More decimals than the chain takes. Zeros at the end count: see [`Amount::normalized`].
    #[error("the amount can have at most {precision} decimals")]
    TooPrecise {
        /// The most decimals.
        precision: u32,
    },
    /// The chain needs a memo beside the address.
    #[error("the chain needs a memo")]
    MemoMissing,
    /// The chain takes no memo.
    #[error("the chain takes no memo")]
    MemoNotTaken,
    /// The fee is taken from the amount and leaves nothing of it.
    #[error("the fee of {fee} leaves nothing of the amount")]
    FeeTakesAll {
        /// The network fee, in the coin that is withdrawn.
        fee: Amount,
    },
}

impl Finding {
    /// Whether the gateway is expected to refuse the withdrawal. If not, the withdrawal may only be
    /// late.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        self.code().is_some()
    }

    /// The code that the gateway is expected to refuse it with; none where that is not certain.
    #[must_use]
    pub fn code(&self) -> Option<ErrorCode> {
        Some(match self {
            Self::NotOnChain { .. } => ErrorCode::InvalidChain,
            Self::Closed { .. } => ErrorCode::ChainStopWithdraw,
            Self::BelowMinimum { .. } => ErrorCode::WithdrawValueLessThanLimit,
            Self::AboveMaximum { .. } => ErrorCode::WithdrawValueMoreThanLimit,
            Self::TooPrecise { .. } => ErrorCode::CoinPrecisionLimit,
            Self::MemoMissing => ErrorCode::AddressEmptyMemo,
            Self::MemoNotTaken => ErrorCode::CoinNoSupportMemo,
            Self::FeeTakesAll { .. } => ErrorCode::WithdrawAmountFeeTooLittle,
            Self::OtherCoin { .. } | Self::Coin(_) | Self::Chain(_) => return None,
        })
    }
}

/// What [`Preflight`] needs of a withdrawal to a chain, by the merchant or by a user.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct ToNetwork<'a> {
    coin_id: CoinId,
    chain: &'a Chain,
    memo: Option<&'a Memo>,
    amount: &'a Amount,
    fee_on_top: bool,
}

impl<'a> From<&'a ApplyAppWithdrawToNetwork> for ToNetwork<'a> {
    fn from(it: &'a ApplyAppWithdrawToNetwork) -> Self {
        Self {
            coin_id: it.coin_id,
            chain: &it.chain,
            memo: it.memo.as_ref(),
            amount: &it.amount,
            fee_on_top: it.merchant_pay_network_fee == Some(true),
        }
    }
}

impl<'a> From<&'a ApplyUserWithdrawToNetwork> for ToNetwork<'a> {
    fn from(it: &'a ApplyUserWithdrawToNetwork) -> Self {
        Self {
            coin_id: it.coin_id,
            chain: &it.chain,
            memo: it.memo.as_ref(),
            amount: &it.amount,
            fee_on_top: false,
        }
    }
}

impl<'a> Preflight<'a> {
    /// Checks by the coin's data: from [`GetCoin`](crate::v2::GetCoin) or
    /// [`GetCoinList`](crate::v2::GetCoinList).
    #[must_use]
    pub fn new(coin: &'a CoinInfo) -> Self {
        Self {
            coin,
            chain: None,
            fee: None,
        }
    }

    /// Checks by the state of the chain as well: from [`GetChainList`](crate::v2::GetChainList).
    #[must_use]
    pub fn chain(mut self, chain: &'a ChainInfo) -> Self {
        self.chain = Some(chain);
        self
    }

    /// Checks by the network fee as well: from [`GetWithdrawFee`](crate::v2::GetWithdrawFee). A fee
    /// in another coin is not taken from the amount, so it is no finding.
    #[must_use]
    pub fn fee(mut self, answer: &'a GetWithdrawFeeResponse) -> Self {
        self.fee = Some(&answer.fee);
        self
    }

    /// Every reason against the withdrawal; none when it may be sent. A limit or a precision that
    /// the gateway does not state is not checked.
    #[must_use]
    pub fn check(&self, withdrawal: impl Into<ToNetwork<'a>>) -> Vec<Finding> {
        let asked = withdrawal.into();
        let mut findings = Vec::new();
        if asked.coin_id != self.coin.coin_id {
            let coin_id = self.coin.coin_id;
            let asked = asked.coin_id;
            return vec![Finding::OtherCoin { asked, coin_id }];
        }
        if !matches!(
            self.coin.status,
            CoinStatus::Normal | CoinStatus::PreDelisting
        ) {
            findings.push(Finding::Coin(self.coin.status.clone()));
        }
        let of_it = self.chain.filter(|it| it.chain == *asked.chain);
        if let Some(chain) = of_it.filter(|it| it.status != ChainStatus::Normal) {
            findings.push(Finding::Chain(chain.status.clone()));
        }
        let Some(network) = self.coin.networks.get(asked.chain) else {
            let chain = asked.chain.clone();
            findings.push(Finding::NotOnChain { chain });
            return findings;
        };
        if !network.can_withdraw {
            let chain = asked.chain.clone();
            findings.push(Finding::Closed { chain });
        }
        let minimum = network.minimum_withdraw_amount.as_ref();
        if let Some(minimum) = minimum.filter(|minimum| asked.amount < *minimum) {
            let minimum = minimum.clone();
            findings.push(Finding::BelowMinimum { minimum });
        }
        // Zero means that there is none.
        let maximum = (network.maximum_withdraw_amount.as_ref()).filter(|it| it.is_positive());
        if let Some(maximum) = maximum.filter(|maximum| asked.amount > *maximum) {
            let maximum = maximum.clone();
            findings.push(Finding::AboveMaximum { maximum });
        }
        let decimals = asked.amount.as_str().split_once('.');
        let decimals = decimals.map_or(0, |(_, fraction)| fraction.len());
        if let Some(precision) = network.precision
            && usize::try_from(precision).is_ok_and(|precision| decimals > precision)
        {
            findings.push(Finding::TooPrecise { precision });
        }
        match (asked.memo.is_some(), network.is_support_memo) {
            (false, true) => findings.push(Finding::MemoMissing),
            (true, false) => findings.push(Finding::MemoNotTaken),
            _ => {}
        }
        let fee = self.fee.filter(|_| !asked.fee_on_top);
        let fee = fee.filter(|fee| fee.coin_id == Some(asked.coin_id));
        if let Some(fee) = fee.and_then(|fee| fee.amount.as_ref())
            && asked.amount <= fee
        {
            let fee = fee.clone();
            findings.push(Finding::FeeTakesAll { fee });
        }
        findings
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::ids::{Address, OrderId};

    fn coin(change: (&str, Value)) -> CoinInfo {
        let mut network = json!({
            "chain": "XRP", "contract": "", "precision": 6, "canDeposit": true,
            "canWithdraw": true, "minimumWithdrawAmount": "1", "maximumWithdrawAmount": "100",
            "isSupportMemo": true,
        });
        let mut coin = json!({"coinId": 7, "symbol": "XRP", "status": "Normal"});
        match change {
            ("status", status) => coin["status"] = status,
            (name, value) => network[name] = value,
        }
        coin["networks"] = json!({ "XRP": network });
        serde_json::from_value(coin).unwrap()
    }

    fn same() -> CoinInfo {
        coin(("precision", json!(6)))
    }

    fn withdrawal(amount: &str) -> ApplyAppWithdrawToNetwork {
        let address = Address::new("rAddress");
        let (id, amount) = (OrderId::new("payout-1"), amount.parse().unwrap());
        ApplyAppWithdrawToNetwork::new(id, CoinId::new(7), Chain::new("XRP"), address, amount)
            .memo(Memo::new("12"))
    }

    fn amount(text: &str) -> Amount {
        text.parse().unwrap()
    }

    #[test]
    fn an_amount_within_its_limits_is_found_good_at_both_ends() {
        for good in ["1", "1.0", "100", "99.999999", "100.000000"] {
            assert_eq!(
                Preflight::new(&same()).check(&withdrawal(good)),
                [],
                "{good}"
            );
        }
        let (minimum, maximum) = (amount("1"), amount("100"));
        for (bad, expected) in [
            ("0.999999", Finding::BelowMinimum { minimum }),
            ("100.000001", Finding::AboveMaximum { maximum }),
            ("1.0000000", Finding::TooPrecise { precision: 6 }),
        ] {
            let found = Preflight::new(&same()).check(&withdrawal(bad));
            assert_eq!(found, [expected], "{bad}");
            assert!(found.iter().all(Finding::is_refusal));
        }
    }

    #[test]
    fn what_the_gateway_does_not_say_is_not_held_against_it() {
        for (name, unsaid) in [
            ("maximumWithdrawAmount", json!("0")),
            ("maximumWithdrawAmount", Value::Null),
            ("minimumWithdrawAmount", json!("")),
            ("precision", Value::Null),
        ] {
            let coin = coin((name, unsaid));
            let asked = match name {
                "maximumWithdrawAmount" => "101",
                "minimumWithdrawAmount" => "0.1",
                _ => "1.12345678",
            };
            assert_eq!(
                Preflight::new(&coin).check(&withdrawal(asked)),
                [],
                "{name}"
            );
        }
    }

    #[test]
    fn a_memo_is_needed_or_not_taken() {
        let mut without = withdrawal("1");
        without.memo = None;
        let found = Preflight::new(&same()).check(&without);
        assert_eq!(found, [Finding::MemoMissing]);
        let coin = coin(("isSupportMemo", json!(false)));
        assert_eq!(Preflight::new(&coin).check(&without), []);
        let found = Preflight::new(&coin).check(&withdrawal("1"));
        assert_eq!(found, [Finding::MemoNotTaken]);
    }

    #[test]
    fn a_coin_or_chain_that_does_not_work_is_told() {
        for (status, is_good) in [
            ("Normal", true),
            ("Pre-delisting", true),
            ("Maintain", false),
            ("Delisted", false),
            ("Sleeping", false),
        ] {
            let coin = coin(("status", json!(status)));
            let found = Preflight::new(&coin).check(&withdrawal("1"));
            let expected = Finding::Coin(coin.status.clone());
            assert_eq!(found, if is_good { vec![] } else { vec![expected] });
        }
        let closed = coin(("canWithdraw", json!(false)));
        let chain = Chain::new("XRP");
        let found = Preflight::new(&closed).check(&withdrawal("1"));
        assert_eq!(found, [Finding::Closed { chain }]);

        let coin = same();
        let chain = |name: &str, status: &str| -> ChainInfo {
            serde_json::from_value(json!({"chain": name, "status": status})).unwrap()
        };
        let (late, other) = (chain("XRP", "Maintenance"), chain("ETH", "Maintenance"));
        let found = Preflight::new(&coin).chain(&late).check(&withdrawal("1"));
        assert_eq!(found, [Finding::Chain(ChainStatus::Maintenance)]);
        assert!(
            !found.iter().any(Finding::is_refusal),
            "it may only be late"
        );
        assert_eq!(
            Preflight::new(&coin).chain(&other).check(&withdrawal("1")),
            []
        );

        let mut elsewhere = withdrawal("1");
        elsewhere.chain = Chain::new("ETH");
        let chain = elsewhere.chain.clone();
        let found = Preflight::new(&coin).check(&elsewhere);
        assert_eq!(found, [Finding::NotOnChain { chain }]);
        let mut another = withdrawal("0.5");
        another.coin_id = CoinId::new(8);
        let (asked, coin_id) = (CoinId::new(8), CoinId::new(7));
        let found = Preflight::new(&coin).check(&another);
        assert_eq!(found, [Finding::OtherCoin { asked, coin_id }]);
    }

    #[test]
    fn a_fee_that_is_taken_from_the_amount_must_leave_something() {
        let coin = same();
        let fee = |coin_id: u64, amount: &str| -> GetWithdrawFeeResponse {
            let fee = json!({"coinId": coin_id, "coinSymbol": "XRP", "amount": amount});
            serde_json::from_value(json!({ "fee": fee })).unwrap()
        };
        let (own, other) = (fee(7, "2"), fee(8, "2"));
        let check = Preflight::new(&coin).fee(&own);
        let takes_all = [Finding::FeeTakesAll { fee: amount("2") }];
        assert_eq!(check.check(&withdrawal("2")), takes_all);
        assert_eq!(check.check(&withdrawal("2.000001")), []);
        let on_top = withdrawal("2").merchant_pay_network_fee(true);
        assert_eq!(check.check(&on_top), []);
        assert_eq!(
            Preflight::new(&coin).fee(&other).check(&withdrawal("2")),
            []
        );

        let by_user = ApplyUserWithdrawToNetwork::new(
            "user-1",
            "payout-1",
            CoinId::new(7),
            Chain::new("XRP"),
            Address::new("rAddress"),
            amount("2"),
        );
        let found = check.check(&by_user.memo(Memo::new("1")));
        assert_eq!(found, takes_all);
    }
}
