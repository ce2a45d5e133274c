//! The coins, networks, limits, fees and prices of the simulated gateway.

use serde_json::{Map, Value, json};

use crate::money::{Money, fixed, plain};

/// How the addresses of a chain look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Evm,
    Tron,
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
            Self::Other => !address.is_empty(),
        }
    }

    /// The spelling under which two addresses are the same: letter case carries no meaning on EVM chains.
    pub(crate) fn fold(self, address: &str) -> String {
        match self {
            Self::Evm => address.to_ascii_lowercase(),
            Self::Tron | Self::Other => address.to_owned(),
        }
    }
}

/// A decimal constant: units and scale.
type Fixed = (i64, i64);

#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) chain: &'static str,
    full_name: &'static str,
    pub(crate) contract: &'static str,
    pub(crate) precision: u32,
    minimum: Fixed,
    maximum: Fixed,
    fee: Fixed,
    pub(crate) memo: bool,
    pub(crate) confirms: u64,
    pub(crate) family: Family,
}

impl Network {
    pub(crate) fn minimum_withdrawal(&self) -> Money {
        fixed(self.minimum.0, self.minimum.1)
    }

    /// Zero means no ceiling.
    pub(crate) fn maximum_withdrawal(&self) -> Money {
        fixed(self.maximum.0, self.maximum.1)
    }

    /// Charged in the withdrawn coin itself.
    pub(crate) fn withdrawal_fee(&self) -> Money {
        fixed(self.fee.0, self.fee.1)
    }

    fn to_json(&self) -> Value {
        json!({
            "chain": self.chain,
            "chainFullName": self.full_name,
            "contract": self.contract,
            "precision": self.precision,
            "canDeposit": true,
            "canWithdraw": true,
            "minimumDepositAmount": "0",
            "minimumWithdrawAmount": plain(&self.minimum_withdrawal()),
            "maximumWithdrawAmount": plain(&self.maximum_withdrawal()),
            "isSupportMemo": self.memo,
        })
    }
}

#[derive(Debug)]
pub(crate) struct Coin {
    pub(crate) id: u64,
    pub(crate) symbol: &'static str,
    full_name: &'static str,
    icon: &'static str,
    usd: Fixed,
    networks: &'static [Network],
}

impl Coin {
    pub(crate) fn find(id: u64) -> Option<&'static Self> {
        COINS.iter().find(|coin| coin.id == id)
    }

    pub(crate) fn network(&self, chain: &str) -> Option<&'static Network> {
        self.networks.iter().find(|network| network.chain == chain)
    }

    pub(crate) fn usd_price(&self) -> Money {
        fixed(self.usd.0, self.usd.1)
    }

    pub(crate) fn to_json(&self) -> Value {
        let networks: Map<String, Value> = self
            .networks
            .iter()
            .map(|network| (network.chain.to_owned(), network.to_json()))
            .collect();
        json!({
            "coinId": self.id,
            "symbol": self.symbol,
            "coinFullName": self.full_name,
            "logoUrl": format!("https://resource.cwallet.com/token/icon/{}.png", self.icon),
            "status": "Normal",
            "networks": networks,
        })
    }
}

pub(crate) fn all_coins() -> impl Iterator<Item = &'static Coin> {
    COINS.iter()
}

/// The currencies that an order can be priced in.
#[derive(Debug)]
pub(crate) struct Fiat {
    pub(crate) id: u64,
    pub(crate) symbol: &'static str,
}

impl Fiat {
    pub(crate) fn find(id: u64) -> Option<&'static Self> {
        FIATS.iter().find(|fiat| fiat.id == id)
    }

    /// Fiat for one coin.
    pub(crate) fn rate(coin: &Coin) -> Money {
        // Dollars are the only currency; another one would multiply by its own dollar rate.
        coin.usd_price()
    }
}

static FIATS: &[Fiat] = &[Fiat {
    id: 1033,
    symbol: "USD",
}];

const fn polygon(contract: &'static str, precision: u32, minimum: Fixed, fee: Fixed) -> Network {
    evm("POLYGON", "Polygon", contract, precision, minimum, fee, 50)
}

const fn eth(contract: &'static str, precision: u32, minimum: Fixed, fee: Fixed) -> Network {
    evm("ETH", "Ethereum", contract, precision, minimum, fee, 12)
}

const fn bsc(contract: &'static str, precision: u32, minimum: Fixed, fee: Fixed) -> Network {
    evm(
        "BSC",
        "Binance Smart Chain",
        contract,
        precision,
        minimum,
        fee,
        15,
    )
}

const fn evm(
    chain: &'static str,
    full_name: &'static str,
    contract: &'static str,
    precision: u32,
    minimum: Fixed,
    fee: Fixed,
    confirms: u64,
) -> Network {
    Network {
        chain,
        full_name,
        contract,
        precision,
        minimum,
        maximum: (0, 0),
        fee,
        memo: false,
        confirms,
        family: Family::Evm,
    }
}

const fn tron(contract: &'static str, minimum: Fixed, maximum: Fixed, fee: Fixed) -> Network {
    Network {
        chain: "TRX",
        full_name: "Tron",
        contract,
        precision: 6,
        minimum,
        maximum,
        fee,
        memo: false,
        confirms: 20,
        family: Family::Tron,
    }
}

static COINS: &[Coin] = &[
    Coin {
        id: 1207,
        symbol: "LINK",
        full_name: "ChainLink Token",
        icon: "link",
        usd: (1425, 2),
        networks: &[
            bsc(
                "0xf8a0bf9cf54bb92f17374d9e9a321e6a111a51bd",
                18,
                (25, 3),
                (3, 2),
            ),
            eth(
                "0x514910771af9ca656af840dff83e8264ecf986ca",
                18,
                (25, 3),
                (2, 1),
            ),
        ],
    },
    Coin {
        id: 1280,
        symbol: "USDT",
        full_name: "Tether USD",
        icon: "usdt",
        usd: (10_002, 4),
        networks: &[
            bsc(
                "0x55d398326f99059ff775485246999027b3197955",
                18,
                (25, 3),
                (5, 2),
            ),
            eth(
                "0xdac17f958d2ee523a2206206994597c13d831ec7",
                6,
                (1, 0),
                (15, 1),
            ),
            polygon(
                "0xc2132d05d31c914a87c6611c10748aeb04b58e8f",
                6,
                (25, 3),
                (5, 2),
            ),
            tron(
                "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t",
                (1, 0),
                (50_000, 0),
                (1, 0),
            ),
        ],
    },
    Coin {
        id: 1329,
        symbol: "MATIC",
        full_name: "Matic Token",
        icon: "matic",
        usd: (11_692, 4),
        networks: &[
            bsc(
                "0xcc42724c6683b7e57334c4e856f4c9965ed682bd",
                18,
                (25, 3),
                (3, 2),
            ),
            eth(
                "0x7D1AfA7B718fb893dB30A3aBc0Cfc608AaCfeBB0",
                18,
                (25, 3),
                (2, 0),
            ),
            polygon("137", 18, (25, 3), (213_814, 7)),
        ],
    },
    Coin {
        id: 1482,
        symbol: "TRX",
        full_name: "Tron",
        icon: "trx",
        usd: (23_717, 5),
        networks: &[tron("TRX", (1, 0), (100_000, 0), (1, 0))],
    },
    Coin {
        id: 1486,
        symbol: "XRP",
        full_name: "XRP",
        icon: "xrp",
        usd: (5_231, 4),
        networks: &[Network {
            chain: "XRP",
            full_name: "XRP Ledger",
            contract: "XRP",
            precision: 6,
            minimum: (1, 0),
            maximum: (0, 0),
            fee: (2, 1),
            memo: true,
            confirms: 1,
            family: Family::Other,
        }],
    },
    Coin {
        id: 1891,
        symbol: "TETH",
        full_name: "Testnet Ether",
        icon: "eth",
        usd: (251_234, 2),
        networks: &[Network {
            maximum: (10, 0),
            ..evm(
                "ETH_SEPOLIA",
                "Ethereum Sepolia",
                "ETH_SEPOLIA",
                18,
                (1, 3),
                (1, 3),
                12,
            )
        }],
    },
];
