//! What a coin is, and a network that it is on.

use serde_json::Value;

use crate::model::chains::Chain;
use crate::model::money::{Fixed, Money, fixed, plain, plain_fixed};

/// A coin on a chain.
#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) on: &'static Chain,
    pub(crate) contract: &'static str,
    pub(crate) precision: u32,
    pub(super) minimum: Fixed,
    pub(super) maximum: Fixed,
    pub(super) fee: Fixed,
    /// The `token_id` of v1, where the documents give it.
    pub(crate) v1_id: Option<&'static str>,
}

impl Network {
    pub(crate) fn minimum_withdrawal(&self) -> Money {
        fixed(self.minimum.0, self.minimum.1)
    }

    /// Zero means no ceiling.
    pub(crate) fn maximum_withdrawal(&self) -> Money {
        fixed(self.maximum.0, self.maximum.1)
    }

    /// Charged in the withdrawn coin itself, unless a setting says otherwise.
    pub(crate) fn withdrawal_fee(&self) -> Money {
        fixed(self.fee.0, self.fee.1)
    }

    /// The contract of a token; a chain's own coin has a text there that is no address.
    pub(crate) fn token(&self) -> Option<&'static str> {
        Some(self.contract).filter(|contract| contract.len() > 20)
    }

    /// Whether it is the chain's own coin. POLYGON's has two names here, and only MATIC counts.
    fn is_native(&self) -> bool {
        self.token().is_none() && self.contract != "POL"
    }

    fn to_json(&self, open: Open) -> Value {
        // Built in one go: `json!` would look for the place of each field, and one coin has a
        // hundred.
        Value::from_iter([
            ("canDeposit", Value::from(open.deposits)),
            ("canWithdraw", Value::from(open.withdrawals)),
            ("chain", Value::from(self.on.symbol)),
            ("chainFullName", Value::from(self.on.full_name)),
            ("contract", Value::from(self.contract)),
            ("isSupportMemo", Value::from(self.on.memo)),
            (
                "maximumWithdrawAmount",
                Value::from(plain_fixed(self.maximum)),
            ),
            ("minimumDepositAmount", Value::from("0")),
            (
                "minimumWithdrawAmount",
                Value::from(plain_fixed(self.minimum)),
            ),
            ("precision", Value::from(self.precision)),
            ("protocol", Value::from(self.on.standard())),
        ])
    }
}

/// What a chain accepts for a coin.
pub(crate) struct Open {
    pub(crate) deposits: bool,
    pub(crate) withdrawals: bool,
}

#[derive(Debug)]
pub(crate) struct Coin {
    pub(crate) id: u64,
    pub(crate) symbol: &'static str,
    pub(crate) full_name: &'static str,
    pub(super) icon: &'static str,
    pub(super) usd: Fixed,
    /// Whether it is on the list of coins to swap.
    pub(crate) swappable: bool,
    pub(crate) networks: &'static [Network],
    /// The `coin_id` of v1, where the documents give it.
    pub(crate) v1_id: Option<&'static str>,
}

impl Coin {
    pub(crate) fn network(&self, chain: &str) -> Option<&'static Network> {
        self.networks
            .iter()
            .find(|network| network.on.symbol == chain)
    }

    pub(crate) fn usd_price(&self) -> Money {
        fixed(self.usd.0, self.usd.1)
    }

    pub(crate) fn logo(&self) -> String {
        format!("https://resource.cwallet.com/token/icon/{}.png", self.icon)
    }

    /// The chain whose own coin it is.
    pub(crate) fn native_on(&self) -> Option<&'static Chain> {
        let network = self.networks.iter().find(|network| network.is_native())?;
        Some(network.on)
    }

    /// `open` says what each chain accepts.
    pub(crate) fn to_json(
        &self,
        status: &str,
        price: &Money,
        open: impl Fn(&Network) -> Open,
    ) -> Value {
        let networks = self.networks.iter();
        let networks = networks.map(|it| (it.on.symbol, it.to_json(open(it))));
        Value::from_iter([
            ("coinFullName", Value::from(self.full_name)),
            ("coinId", Value::from(self.id)),
            ("logoUrl", Value::from(self.logo())),
            ("networks", Value::from_iter(networks)),
            ("price", Value::from(plain(price))),
            ("status", Value::from(status)),
            ("symbol", Value::from(self.symbol)),
        ])
    }
}
