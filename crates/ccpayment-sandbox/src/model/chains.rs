//! The simulated chains: how their addresses look, how fast they grow, how long they confirm.

use serde_json::{Value, json};

use crate::model::address_form::{self, AddressForm};

/// How the addresses of a chain look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Family {
    Evm,
    Tron,
    Bitcoin,
    Ripple,
    Formed(&'static AddressForm),
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
            Self::Ripple => !address.is_empty(),
            Self::Formed(form) => form.accepts(address),
        }
    }

    /// The spelling under which two addresses are the same: letter case carries no meaning on EVM
    /// chains.
    pub(crate) fn fold(self, address: &str) -> String {
        match self {
            Self::Evm | Self::Bitcoin => address.to_ascii_lowercase(),
            Self::Tron | Self::Ripple | Self::Formed(_) => address.to_owned(),
        }
    }

    /// Whether payments name no sender.
    pub(crate) fn hides_sender(self) -> bool {
        match self {
            Self::Bitcoin => true,
            Self::Formed(form) => form.hides_sender,
            Self::Evm | Self::Tron | Self::Ripple => false,
        }
    }
}

/// The standard for the URI of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UriStandard {
    /// EIP-681, with the id of the chain.
    Eip681(u64),
    /// BIP 21 and what follows it, with the scheme.
    Bip21(&'static str),
    SolanaPay,
    Ton,
    /// SEP-7.
    Stellar,
}

/// One chain.
#[derive(Debug)]
pub(crate) struct Chain {
    pub(crate) symbol: &'static str,
    pub(crate) full_name: &'static str,
    explorer: &'static str,
    icon: &'static str,
    pub(crate) family: Family,
    /// Whether an address needs a memo beside it.
    pub(crate) memo: bool,
    /// Blocks on top of a payment's own until it counts.
    pub(crate) confirms: u64,
    /// Seconds between two blocks.
    pub(crate) interval: u64,
    /// The standard by which a QR code hands a payment to its wallets, if there is one.
    pub(crate) uri: Option<UriStandard>,
}

impl Chain {
    pub(crate) fn find(symbol: &str) -> Option<&'static Self> {
        CHAINS.into_iter().find(|chain| chain.symbol == symbol)
    }

    /// The token standard, which is the word that v1 has for a network and v2 for a protocol.
    pub(crate) fn standard(&self) -> &'static str {
        match self.symbol {
            "ETH" | "ETH_SEPOLIA" => "ERC20",
            "BSC" => "BEP20",
            "TRX" => "TRC20",
            _ => self.symbol,
        }
    }

    /// The group of chains that share a permanent address: all EVM chains do, every other chain is
    /// alone.
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
    id: u64,
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
        uri: Some(UriStandard::Eip681(id)),
    }
}

pub(crate) static ETH: Chain = evm("ETH", "Ethereum", "https://etherscan.io/", "ETH", 12, 12, 1);
pub(crate) static BSC: Chain = evm(
    "BSC",
    "Binance Smart Chain",
    "https://bscscan.com",
    "bnb",
    15,
    3,
    56,
);
pub(crate) static POLYGON: Chain = evm(
    "POLYGON",
    "Polygon",
    "https://polygonscan.com",
    "matic",
    50,
    2,
    137,
);
pub(crate) static SEPOLIA: Chain = evm(
    "ETH_SEPOLIA",
    "Ethereum Sepolia",
    "https://sepolia.etherscan.io",
    "eth",
    12,
    12,
    11_155_111,
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
    uri: None,
};
pub(crate) static RIPPLE: Chain = Chain {
    symbol: "XRP",
    full_name: "XRP Ledger",
    explorer: "https://xrpscan.com",
    icon: "xrp",
    family: Family::Ripple,
    memo: true,
    confirms: 1,
    interval: 4,
    uri: None,
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
    uri: Some(UriStandard::Bip21("bitcoin")),
};

pub(crate) static ARBITRUM: Chain = evm(
    "ARBITRUM",
    "Arbitrum One",
    "https://arbiscan.io",
    "arb",
    20,
    1,
    42_161,
);
pub(crate) static AVALANCHE: Chain = evm(
    "AVAX",
    "Avalanche C-Chain",
    "https://snowtrace.io",
    "avax",
    12,
    2,
    43_114,
);
pub(crate) static BASE: Chain = evm("BASE", "Base", "https://basescan.org", "base", 20, 2, 8_453);
pub(crate) static CELO: Chain = evm("CELO", "Celo", "https://celoscan.io", "celo", 12, 5, 42_220);

/// A chain whose addresses have a form of their own.
const fn formed(
    (symbol, full_name): (&'static str, &'static str),
    explorer: &'static str,
    icon: &'static str,
    form: &'static AddressForm,
    (confirms, interval): (u64, u64),
    uri: Option<UriStandard>,
) -> Chain {
    Chain {
        symbol,
        full_name,
        explorer,
        icon,
        family: Family::Formed(form),
        memo: false,
        confirms,
        interval,
        uri,
    }
}

const fn with_memo(chain: Chain) -> Chain {
    Chain {
        memo: true,
        ..chain
    }
}

pub(crate) static BITCOIN_CASH: Chain = formed(
    ("BCH", "Bitcoin Cash"),
    "https://blockchair.com/bitcoin-cash",
    "bch",
    &address_form::BITCOIN_CASH,
    (6, 600),
    Some(UriStandard::Bip21("bitcoincash")),
);
pub(crate) static CARDANO: Chain = formed(
    ("ADA", "Cardano"),
    "https://cardanoscan.io",
    "ada",
    &address_form::CARDANO,
    (15, 20),
    Some(UriStandard::Bip21("web+cardano")),
);
pub(crate) static COSMOS: Chain = with_memo(formed(
    ("ATOM", "Cosmos Hub"),
    "https://www.mintscan.io/cosmos",
    "atom",
    &address_form::COSMOS,
    (2, 6),
    None,
));
pub(crate) static DOGE: Chain = formed(
    ("DOGE", "Dogecoin"),
    "https://dogechain.info",
    "doge",
    &address_form::DOGE,
    (20, 60),
    Some(UriStandard::Bip21("dogecoin")),
);
pub(crate) static LITECOIN: Chain = formed(
    ("LTC", "Litecoin"),
    "https://litecoinspace.org",
    "ltc",
    &address_form::LITECOIN,
    (6, 150),
    Some(UriStandard::Bip21("litecoin")),
);
pub(crate) static POLKADOT: Chain = formed(
    ("DOT", "Polkadot"),
    "https://polkadot.subscan.io",
    "dot",
    &address_form::POLKADOT,
    (10, 6),
    None,
);
pub(crate) static SOLANA: Chain = formed(
    ("SOL", "Solana"),
    "https://solscan.io",
    "sol",
    &address_form::SOLANA,
    (32, 1),
    Some(UriStandard::SolanaPay),
);
pub(crate) static STELLAR: Chain = with_memo(formed(
    ("XLM", "Stellar"),
    "https://stellar.expert/explorer/public",
    "xlm",
    &address_form::STELLAR,
    (1, 5),
    Some(UriStandard::Stellar),
));
pub(crate) static TON: Chain = with_memo(formed(
    ("TON", "The Open Network"),
    "https://tonviewer.com",
    "ton",
    &address_form::TON,
    (2, 5),
    Some(UriStandard::Ton),
));

pub(crate) static CHAINS: [&Chain; 20] = [
    &BITCOIN,
    &BSC,
    &ETH,
    &SEPOLIA,
    &POLYGON,
    &TRON,
    &RIPPLE,
    &ARBITRUM,
    &AVALANCHE,
    &BASE,
    &CELO,
    &BITCOIN_CASH,
    &CARDANO,
    &COSMOS,
    &DOGE,
    &LITECOIN,
    &POLKADOT,
    &SOLANA,
    &STELLAR,
    &TON,
];

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
