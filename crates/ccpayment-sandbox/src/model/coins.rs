//! The coins, networks, limits, fees, prices and currencies of the simulated gateway.

use serde_json::{Map, Value, json};

use crate::model::chains::{self, Chain};
use crate::model::money::{Money, fixed, plain};

/// A decimal constant: units and scale.
type Fixed = (i64, i64);

/// A coin on a chain.
#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) on: &'static Chain,
    pub(crate) contract: &'static str,
    pub(crate) precision: u32,
    minimum: Fixed,
    maximum: Fixed,
    fee: Fixed,
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

    /// What the chain's own coin has for a contract is no address.
    fn is_native(&self) -> bool {
        matches!(
            self.contract,
            "137" | "TRX" | "XRP" | "BTC" | "ETH" | "ETH_SEPOLIA"
        )
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
    icon: &'static str,
    usd: Fixed,
    /// Whether it is on the list of coins to swap.
    pub(crate) swappable: bool,
    pub(crate) networks: &'static [Network],
}

impl Coin {
    pub(crate) fn find(id: u64) -> Option<&'static Self> {
        COINS.iter().find(|coin| coin.id == id)
    }

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

/// The currencies that an order can be priced in.
#[derive(Debug)]
pub(crate) struct Fiat {
    pub(crate) id: u64,
    pub(crate) symbol: &'static str,
    mark: &'static str,
    /// Units for one dollar.
    per_dollar: Fixed,
}

impl Fiat {
    pub(crate) fn find(id: u64) -> Option<&'static Self> {
        FIATS.iter().find(|fiat| fiat.id == id)
    }

    /// By its symbol, in any letter case.
    pub(crate) fn named(symbol: &str) -> Option<&'static Self> {
        let named = |fiat: &&Self| fiat.symbol.eq_ignore_ascii_case(symbol);
        FIATS.iter().find(named)
    }

    /// What v1 counts in where there is no choice.
    pub(crate) fn dollar() -> &'static Self {
        &DOLLAR
    }

    pub(crate) fn usd_rate(&self) -> Money {
        fixed(self.per_dollar.0, self.per_dollar.1)
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "fiatId": self.id,
            "symbol": self.symbol,
            "logoUrl": format!("https://resource.cwallet.com/fiat/{}.png", self.symbol),
            "mark": self.mark,
            "usdRate": plain(&self.usd_rate()),
        })
    }
}

const US_DOLLAR: Fiat = Fiat {
    id: 1033,
    symbol: "USD",
    mark: "$",
    per_dollar: (1, 0),
};

static DOLLAR: Fiat = US_DOLLAR;

pub(crate) static FIATS: &[Fiat] = &[
    Fiat {
        id: 1022,
        symbol: "DKK",
        mark: "KR",
        per_dollar: (6_825_765, 6),
    },
    US_DOLLAR,
];

const fn on(
    on: &'static Chain,
    contract: &'static str,
    precision: u32,
    minimum: Fixed,
    fee: Fixed,
) -> Network {
    Network {
        on,
        contract,
        precision,
        minimum,
        maximum: (0, 0),
        fee,
    }
}

pub(crate) static COINS: &[Coin] = &[
    Coin {
        id: 1,
        symbol: "BTC",
        full_name: "Bitcoin",
        icon: "btc",
        usd: (6_512_345, 2),
        swappable: true,
        networks: &[on(&chains::BITCOIN, "BTC", 8, (1, 4), (2, 5))],
    },
    Coin {
        id: 2,
        symbol: "ETH",
        full_name: "Ether",
        icon: "eth",
        usd: (251_234, 2),
        swappable: true,
        networks: &[on(&chains::ETH, "ETH", 18, (1, 3), (5, 4))],
    },
    Coin {
        id: 1207,
        symbol: "LINK",
        full_name: "ChainLink Token",
        icon: "link",
        usd: (1425, 2),
        swappable: true,
        networks: &[
            on(
                &chains::BSC,
                "0xf8a0bf9cf54bb92f17374d9e9a321e6a111a51bd",
                18,
                (25, 3),
                (3, 2),
            ),
            on(
                &chains::ETH,
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
        swappable: true,
        networks: &[
            on(
                &chains::BSC,
                "0x55d398326f99059ff775485246999027b3197955",
                18,
                (25, 3),
                (5, 2),
            ),
            on(
                &chains::ETH,
                "0xdac17f958d2ee523a2206206994597c13d831ec7",
                6,
                (1, 0),
                (15, 1),
            ),
            on(
                &chains::POLYGON,
                "0xc2132d05d31c914a87c6611c10748aeb04b58e8f",
                6,
                (25, 3),
                (5, 2),
            ),
            Network {
                maximum: (50_000, 0),
                ..on(
                    &chains::TRON,
                    "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t",
                    6,
                    (1, 0),
                    (1, 0),
                )
            },
        ],
    },
    Coin {
        id: 1329,
        symbol: "MATIC",
        full_name: "Matic Token",
        icon: "matic",
        usd: (11_692, 4),
        swappable: true,
        networks: &[
            on(
                &chains::BSC,
                "0xcc42724c6683b7e57334c4e856f4c9965ed682bd",
                18,
                (25, 3),
                (3, 2),
            ),
            on(
                &chains::ETH,
                "0x7D1AfA7B718fb893dB30A3aBc0Cfc608AaCfeBB0",
                18,
                (25, 3),
                (2, 0),
            ),
            on(&chains::POLYGON, "137", 18, (25, 3), (213_814, 7)),
        ],
    },
    Coin {
        id: 1482,
        symbol: "TRX",
        full_name: "Tron",
        icon: "trx",
        usd: (23_717, 5),
        swappable: true,
        networks: &[Network {
            maximum: (100_000, 0),
            ..on(&chains::TRON, "TRX", 6, (1, 0), (1, 0))
        }],
    },
    Coin {
        id: 1486,
        symbol: "XRP",
        full_name: "XRP",
        icon: "xrp",
        usd: (5_231, 4),
        swappable: true,
        networks: &[on(&chains::RIPPLE, "XRP", 6, (1, 0), (2, 1))],
    },
    Coin {
        id: 1891,
        symbol: "TETH",
        full_name: "Testnet Ether",
        icon: "eth",
        usd: (251_234, 2),
        // A test coin is worth nothing, whatever its price says.
        swappable: false,
        networks: &[Network {
            maximum: (10, 0),
            ..on(&chains::SEPOLIA, "ETH_SEPOLIA", 18, (1, 3), (1, 3))
        }],
    },
];
