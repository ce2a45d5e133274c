//! The simulated chains: how their addresses look, how fast they grow, how long they confirm.

use serde_json::{Value, json};

/// How the addresses of a chain look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Family {
    Evm,
    Tron,
    Bitcoin,
    Other,
}

impl Family {
    /// A light check: form only, no checksum.
    pub(crate) fn accepts(self, address: &str) -> bool {
        match self {
            Self::Evm => address.strip_prefix("0x").is_some_and(|hex| {
                hex.len() == 40 && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
            }),
            Self::Tron => {
                address.len() == 34
                    && address.starts_with('T')
                    && address.bytes().all(|byte| byte.is_ascii_alphanumeric())
            }
            Self::Bitcoin => {
                // In capitals it is the same, but not in a mixture.
                (address.starts_with("bc1") || address.starts_with("BC1"))
                    && !(address.bytes().any(|byte| byte.is_ascii_lowercase())
                        && address.bytes().any(|byte| byte.is_ascii_uppercase()))
                    && (42..=62).contains(&address.len())
                    && address.bytes().all(|byte| byte.is_ascii_alphanumeric())
            }
            Self::Other => !address.is_empty(),
        }
    }

    /// The spelling under which two addresses are the same: letter case carries no meaning on EVM
    /// chains.
    pub(crate) fn fold(self, address: &str) -> String {
        match self {
            Self::Evm | Self::Bitcoin => address.to_ascii_lowercase(),
            Self::Tron | Self::Other => address.to_owned(),
        }
    }
}

/// One chain.
#[derive(Debug)]
pub(crate) struct Chain {
    pub(crate) symbol: &'static str,
    pub(crate) full_name: &'static str,
    explorer: &'static str,
    icon: &'static str,
    pub(crate) family: Family,
    /// An address needs a memo beside it.
    pub(crate) memo: bool,
    /// Blocks on top of a payment's own until it counts.
    pub(crate) confirms: u64,
    /// Seconds between two blocks.
    pub(crate) interval: u64,
}

impl Chain {
    pub(crate) fn find(symbol: &str) -> Option<&'static Self> {
        CHAINS.into_iter().find(|chain| chain.symbol == symbol)
    }

    /// What shares a permanent address: all EVM chains do, every other chain is on its own.
    pub(crate) fn group(&self) -> &'static str {
        match self.family {
            Family::Evm => "EVM",
            _ => self.symbol,
        }
    }

    /// The height at a moment: the chain began with the unix epoch and never pauses.
    pub(crate) fn height(&self, now: u64) -> u64 {
        now / self.interval.max(1)
    }

    /// The moment at which a payment of a height has its confirmations.
    pub(crate) fn confirmed_at(&self, height: u64) -> u64 {
        height
            .saturating_add(self.confirms)
            .saturating_mul(self.interval)
    }

    /// In the words of `/getChainList`.
    pub(crate) fn to_json(&self, status: &str) -> Value {
        json!({
            "chain": self.symbol,
            "chainFullName": self.full_name,
            "explorer": self.explorer,
            "logoUrl": self.logo(),
            "status": status,
            "confirmations": self.confirms,
            "baseUrl": format!("{}/tx/%s", self.explorer.trim_end_matches('/')),
            "isEVM": self.family == Family::Evm,
            "supportMemo": self.memo,
        })
    }

    /// In the words of `/all/chain`.
    pub(crate) fn to_brief(&self, status: &str) -> Value {
        json!({
            "chain": self.symbol,
            "chainFullName": self.full_name,
            "explorer": self.explorer,
            "logoUrl": self.logo(),
            "status": status,
            "confirmNum": self.confirms,
            "isEVM": self.family == Family::Evm,
        })
    }

    pub(crate) fn logo(&self) -> String {
        format!("https://resource.cwallet.com/token/icon/{}.png", self.icon)
    }
}

const fn evm(
    symbol: &'static str,
    full_name: &'static str,
    explorer: &'static str,
    icon: &'static str,
    confirms: u64,
    interval: u64,
) -> Chain {
    Chain {
        symbol,
        full_name,
        explorer,
        icon,
        family: Family::Evm,
        memo: false,
        confirms,
        interval,
    }
}

pub(crate) static ETH: Chain = evm("ETH", "Ethereum", "https://etherscan.io/", "ETH", 12, 12);
pub(crate) static BSC: Chain = evm(
    "BSC",
    "Binance Smart Chain",
    "https://bscscan.com",
    "bnb",
    15,
    3,
);
pub(crate) static POLYGON: Chain = evm(
    "POLYGON",
    "Polygon",
    "https://polygonscan.com",
    "matic",
    50,
    2,
);
pub(crate) static SEPOLIA: Chain = evm(
    "ETH_SEPOLIA",
    "Ethereum Sepolia",
    "https://sepolia.etherscan.io",
    "eth",
    12,
    12,
);
pub(crate) static TRON: Chain = Chain {
    symbol: "TRX",
    full_name: "Tron",
    explorer: "https://tronscan.org",
    icon: "trx",
    family: Family::Tron,
    memo: false,
    confirms: 20,
    interval: 3,
};
pub(crate) static RIPPLE: Chain = Chain {
    symbol: "XRP",
    full_name: "XRP Ledger",
    explorer: "https://xrpscan.com",
    icon: "xrp",
    family: Family::Other,
    memo: true,
    confirms: 1,
    interval: 4,
};
pub(crate) static BITCOIN: Chain = Chain {
    symbol: "BTC",
    full_name: "Bitcoin",
    explorer: "https://mempool.space",
    icon: "btc",
    family: Family::Bitcoin,
    memo: false,
    confirms: 2,
    interval: 600,
};

pub(crate) static CHAINS: [&Chain; 7] = [&BITCOIN, &BSC, &ETH, &SEPOLIA, &POLYGON, &TRON, &RIPPLE];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_bitcoin_may_be_in_capitals_and_not_in_a_mixture() {
        let small = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
        let capital = small.to_uppercase();
        assert!(Family::Bitcoin.accepts(small) && Family::Bitcoin.accepts(&capital));
        assert_eq!(Family::Bitcoin.fold(small), Family::Bitcoin.fold(&capital));
        assert!(!Family::Bitcoin.accepts(&small.replace("qw508", "QW508")));
    }

    #[test]
    fn a_payment_confirms_when_the_chain_has_grown() {
        let height = POLYGON.height(1_750_000_001);
        assert_eq!(height, 875_000_000);
        assert_eq!(POLYGON.confirmed_at(height), 1_750_000_100);
        assert_eq!(POLYGON.height(POLYGON.confirmed_at(height)), height + 50);
    }
}
