//! The coins of the simulated gateway, with their networks, limits, fees and prices.
//!
//! **Ids below 1000 are the sandbox's own**: the documents don't give them. The other ids are those
//! of the documents, and so are the ids of v1 that stand here. Prices never change by themselves.

pub(crate) use crate::model::coin::{Coin, Network};
pub(crate) use crate::model::fiats::{FIATS, Fiat};

use crate::model::chains::{self, Chain};
use crate::model::money::Fixed;

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
        v1_id: None,
    }
}

const fn coin(
    id: u64,
    (symbol, full_name): (&'static str, &'static str),
    icon: &'static str,
    usd: Fixed,
    networks: &'static [Network],
) -> Coin {
    Coin {
        id,
        symbol,
        full_name,
        icon,
        usd,
        swappable: true,
        networks,
        v1_id: None,
    }
}

/// A coin of which the documents give the `coin_id` of v1.
const fn known_to_v1(v1_id: &'static str, coin: Coin) -> Coin {
    Coin {
        v1_id: Some(v1_id),
        ..coin
    }
}

impl Coin {
    pub(crate) fn find(id: u64) -> Option<&'static Self> {
        COINS.iter().find(|coin| coin.id == id)
    }
}

pub(crate) static COINS: &[Coin] = &[
    known_to_v1(
        "f36ad1cf-222a-4933-9ad0-86df8069f916",
        coin(
            1,
            ("BTC", "Bitcoin"),
            "btc",
            (6_512_345, 2),
            &[on(&chains::BITCOIN, "BTC", 8, (1, 4), (2, 5))],
        ),
    ),
    known_to_v1(
        "e8f64d3d-df5b-411d-897f-c6d8d30206b7",
        coin(
            2,
            ("ETH", "Ether"),
            "eth",
            (251_234, 2),
            &[
                on(&chains::ETH, "ETH", 18, (1, 3), (5, 4)),
                on(&chains::ARBITRUM, "ETH", 18, (1, 3), (2, 5)),
                on(&chains::BASE, "ETH", 18, (1, 3), (2, 5)),
            ],
        ),
    ),
    known_to_v1(
        "038073e6-a784-4e3e-b6a7-36456a39055f",
        coin(
            101,
            ("BNB", "BNB"),
            "bnb",
            (60_512, 2),
            &[on(&chains::BSC, "BNB", 18, (1, 2), (2, 4))],
        ),
    ),
    coin(
        102,
        ("SOL", "Solana"),
        "sol",
        (15_234, 2),
        &[on(&chains::SOLANA, "SOL", 9, (1, 2), (1, 3))],
    ),
    coin(
        103,
        ("DOGE", "Dogecoin"),
        "doge",
        (1234, 4),
        &[on(&chains::DOGE, "DOGE", 8, (5, 0), (1, 0))],
    ),
    coin(
        104,
        ("LTC", "Litecoin"),
        "ltc",
        (8456, 2),
        &[on(&chains::LITECOIN, "LTC", 8, (1, 2), (1, 4))],
    ),
    coin(
        105,
        ("TON", "Toncoin"),
        "ton",
        (321, 2),
        &[on(&chains::TON, "TON", 9, (5, 1), (2, 2))],
    ),
    coin(
        106,
        ("BCH", "Bitcoin Cash"),
        "bch",
        (43_210, 2),
        &[on(&chains::BITCOIN_CASH, "BCH", 8, (1, 2), (1, 4))],
    ),
    coin(
        107,
        ("ADA", "Cardano"),
        "ada",
        (4567, 4),
        &[on(&chains::CARDANO, "ADA", 6, (2, 0), (2, 1))],
    ),
    coin(
        108,
        ("AVAX", "Avalanche"),
        "avax",
        (2789, 2),
        &[on(&chains::AVALANCHE, "AVAX", 18, (5, 2), (2, 3))],
    ),
    coin(
        109,
        ("DAI", "Dai Stablecoin"),
        "dai",
        (9998, 4),
        &[
            on(
                &chains::BSC,
                "0x1af3f329e8be154074d8769d1ffa4ee058b1dbc3",
                18,
                (25, 3),
                (5, 2),
            ),
            on(
                &chains::ETH,
                "0x6b175474e89094c44da98b954eedeac495271d0f",
                18,
                (1, 0),
                (15, 1),
            ),
            on(
                &chains::POLYGON,
                "0x8f3cf7ad23cd3cadbd9735aff958023239c6a063",
                18,
                (25, 3),
                (5, 2),
            ),
        ],
    ),
    coin(
        110,
        ("DOT", "Polkadot"),
        "dot",
        (456, 2),
        &[on(&chains::POLKADOT, "DOT", 10, (1, 0), (2, 2))],
    ),
    coin(
        111,
        ("ATOM", "Cosmos Hub"),
        "atom",
        (467, 2),
        &[on(&chains::COSMOS, "ATOM", 6, (1, 1), (5, 3))],
    ),
    coin(
        1207,
        ("LINK", "ChainLink Token"),
        "link",
        (1425, 2),
        &[
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
    ),
    known_to_v1(
        "8e5741cf-6e51-4892-9d04-3d40e1dd0128",
        coin(
            1280,
            ("USDT", "Tether USD"),
            "usdt",
            (10_002, 4),
            &[
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
                    v1_id: Some("0912e09a-d8e2-41d7-a0bc-a25530892988"),
                    ..on(
                        &chains::TRON,
                        "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t",
                        6,
                        (1, 0),
                        (1, 0),
                    )
                },
                on(
                    &chains::ARBITRUM,
                    "0xfd086bc7cd5c481dcc9c85ebe478a1c0b69fcbb9",
                    6,
                    (1, 1),
                    (1, 1),
                ),
                on(
                    &chains::AVALANCHE,
                    "0x9702230a8ea53601f5cd2dc00fdbc13d4df4a8c7",
                    6,
                    (1, 1),
                    (5, 2),
                ),
                on(
                    &chains::SOLANA,
                    "Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB",
                    6,
                    (1, 1),
                    (1, 1),
                ),
                on(
                    &chains::TON,
                    "EQCxE6mUtQJKFnGfaROTKOt1lZbDiiX1kCixRv7Nw2Id_sDs",
                    6,
                    (1, 0),
                    (2, 1),
                ),
            ],
        ),
    ),
    coin(
        1282,
        ("USDC", "USD Coin"),
        "usdc",
        (1, 0),
        &[
            on(
                &chains::BSC,
                "0x8ac76a51cc950d9822d68b83fe1ad97b32cd580d",
                18,
                (25, 3),
                (5, 2),
            ),
            on(
                &chains::ETH,
                "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48",
                6,
                (1, 0),
                (15, 1),
            ),
            on(
                &chains::POLYGON,
                "0x2791bca1f2de4661ed88a30c99a7a9449aa84174",
                6,
                (25, 3),
                (5, 2),
            ),
            on(
                &chains::ARBITRUM,
                "0xaf88d065e77c8cc2239327c5edb3a432268e5831",
                6,
                (1, 1),
                (1, 1),
            ),
            on(
                &chains::BASE,
                "0x833589fcd6edb6e08f4c7c32d4f71b54bda02913",
                6,
                (1, 1),
                (5, 2),
            ),
            on(
                &chains::SOLANA,
                "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v",
                6,
                (1, 1),
                (1, 1),
            ),
        ],
    ),
    coin(
        1329,
        ("MATIC", "Matic Token"),
        "matic",
        (11_692, 4),
        &[
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
    ),
    coin(
        1340,
        ("CELO", "Celo"),
        "celo",
        (3123, 4),
        &[on(&chains::CELO, "CELO", 18, (1, 1), (1, 2))],
    ),
    coin(
        1445,
        ("XLM", "Stellar Lumens"),
        "xlm",
        (2871, 4),
        &[on(&chains::STELLAR, "XLM", 7, (1, 0), (1, 2))],
    ),
    known_to_v1(
        "217d4c3b-4f84-4416-bf1a-a1d15d7d2f50",
        coin(
            1482,
            ("TRX", "Tron"),
            "trx",
            (23_717, 5),
            &[Network {
                maximum: (100_000, 0),
                ..on(&chains::TRON, "TRX", 6, (1, 0), (1, 0))
            }],
        ),
    ),
    coin(
        1486,
        ("XRP", "XRP"),
        "xrp",
        (5231, 4),
        &[Network {
            v1_id: Some("fdf0e8b0-ebf5-44f0-a335-21c121b73fc8"),
            ..on(&chains::RIPPLE, "XRP", 6, (1, 0), (2, 1))
        }],
    ),
    coin(
        1864,
        ("SHIB", "Shiba Inu"),
        "shib",
        (1234, 8),
        &[
            on(
                &chains::BSC,
                "0x2859e4544c4bb03966803b044a93563bd2d0dd4d",
                18,
                (10_000, 0),
                (2000, 0),
            ),
            on(
                &chains::ETH,
                "0x95ad61b0a150d79219dcf64e1e6cc01f0b64c4ce",
                18,
                (100_000, 0),
                (100_000, 0),
            ),
        ],
    ),
    // A test coin is worth nothing, whatever its price says.
    Coin {
        swappable: false,
        ..coin(
            1891,
            ("TETH", "Testnet Ether"),
            "eth",
            (251_234, 2),
            &[Network {
                maximum: (10, 0),
                ..on(&chains::SEPOLIA, "ETH_SEPOLIA", 18, (1, 3), (1, 3))
            }],
        )
    },
    coin(
        2541,
        ("POL", "Polygon Ecosystem Token"),
        "pol",
        (2345, 4),
        &[
            on(
                &chains::ETH,
                "0x455e53cbb86018ac2b8092fdcd39d8444affc3f6",
                18,
                (1, 1),
                (5, 1),
            ),
            on(&chains::POLYGON, "POL", 18, (1, 1), (1, 2)),
        ],
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_differ_and_a_network_is_there_once() {
        let ids: BTreeSet<u64> = COINS.iter().map(|coin| coin.id).collect();
        let symbols: BTreeSet<&str> = COINS.iter().map(|coin| coin.symbol).collect();
        assert_eq!((ids.len(), symbols.len()), (COINS.len(), COINS.len()));
        for coin in COINS {
            let chains: BTreeSet<&str> = coin.networks.iter().map(|it| it.on.symbol).collect();
            assert_eq!(chains.len(), coin.networks.len(), "{}", coin.symbol);
            assert!(coin.usd_price() > crate::model::money::Money::default());
        }
        let fiats: BTreeSet<u64> = FIATS.iter().map(|fiat| fiat.id).collect();
        assert_eq!(fiats.len(), FIATS.len());
    }

    /// Those that the documents give, and no other above the sandbox's own.
    #[test]
    fn no_id_is_made_up_among_the_documented_ones() {
        let given = [
            1207, 1280, 1282, 1329, 1340, 1445, 1482, 1486, 1864, 1891, 2541,
        ];
        let others = COINS.iter().filter(|coin| !given.contains(&coin.id));
        assert!(others.clone().all(|coin| coin.id < 1_000));
        assert_eq!(COINS.len() - others.count(), given.len());
        let fiats = FIATS.iter().filter(|fiat| ![1022, 1033].contains(&fiat.id));
        assert!(fiats.clone().all(|fiat| fiat.id < 1_000) && fiats.count() == FIATS.len() - 2);
    }

    #[test]
    fn a_chain_that_wants_a_memo_has_a_coin() {
        let memo = |coin: &&Coin| coin.networks.iter().any(|network| network.on.memo);
        let symbols: Vec<&str> = COINS.iter().filter(memo).map(|coin| coin.symbol).collect();
        assert_eq!(symbols, ["TON", "ATOM", "USDT", "XLM", "XRP"]);
    }
}
