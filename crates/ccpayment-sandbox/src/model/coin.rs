//! What a coin is, and a network that it is on.

use serde_json::{Map, Value, json};

use crate::model::chains::Chain;
use crate::model::money::{Fixed, Money, fixed, plain};

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

    /// The contract of a token; what a chain's own coin has for one is no address.
    pub(crate) fn token(&self) -> Option<&'static str> {
        Some(self.contract).filter(|contract| contract.len() > 20)
    }

    /// Whether it is the coin of the chain itself, which has one, whatever its name was before.
    fn is_native(&self) -> bool {
        self.token().is_none() && self.contract != "POL"
    }

    fn to_json(&self, can_deposit: bool, can_withdraw: bool) -> Value {
        json!({
            "chain": self.on.symbol,
            "chainFullName": self.on.full_name,
            "contract": self.contract,
            "precision": self.precision,
            "canDeposit": can_deposit,
            "canWithdraw": can_withdraw,
            "minimumDepositAmount": "0",
            "minimumWithdrawAmount": plain(&self.minimum_withdrawal()),
            "maximumWithdrawAmount": plain(&self.maximum_withdrawal()),
            "isSupportMemo": self.on.memo,
        })
    }
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

    /// `open` tells for each chain whether it takes deposits and withdrawals.
    pub(crate) fn to_json(&self, status: &str, open: impl Fn(&Network) -> (bool, bool)) -> Value {
        let networks: Map<String, Value> = self
            .networks
            .iter()
            .map(|network| {
                let (deposit, withdraw) = open(network);
                let row = network.to_json(deposit, withdraw);
                (network.on.symbol.to_owned(), row)
            })
            .collect();
        let mut coin = json!({
            "coinId": self.id,
            "symbol": self.symbol,
            "coinFullName": self.full_name,
            "logoUrl": self.logo(),
            "status": status,
            "networks": null,
        });
        // Moved in, because the macro would copy them.
        if let Some(place) = coin.get_mut("networks") {
            *place = Value::Object(networks);
        }
        coin
    }
}
