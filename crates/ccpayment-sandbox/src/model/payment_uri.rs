//! The URI that hands a payment to a wallet, where the chain has a standard for it.

use crate::model::chains::UriStandard;
use crate::model::coins::Network;
use crate::model::money::{Money, fixed, plain};

/// `None` where no standard says how.
pub(crate) fn payment_uri(
    network: &Network,
    address: &str,
    amount: &Money,
    memo: &str,
) -> Option<String> {
    let decimal = plain(amount);
    // In the smallest units that the chain carries.
    let units = plain(&(amount * fixed(1, -i64::from(network.precision))));
    let token = network.token();
    Some(match (network.on.uri?, token) {
        (UriStandard::Eip681(chain), None) => format!("ethereum:{address}@{chain}?value={units}"),
        (UriStandard::Eip681(chain), Some(token)) => {
            format!("ethereum:{token}@{chain}/transfer?address={address}&uint256={units}")
        }
        (UriStandard::Bip21(scheme), None) => {
            // Addresses of Bitcoin Cash have the scheme in them.
            let own = address
                .strip_prefix(scheme)
                .and_then(|rest| rest.strip_prefix(':'));
            format!("{scheme}:{}?amount={decimal}", own.unwrap_or(address))
        }
        (UriStandard::SolanaPay, None) => format!("solana:{address}?amount={decimal}"),
        (UriStandard::SolanaPay, Some(token)) => {
            format!("solana:{address}?amount={decimal}&spl-token={token}")
        }
        (UriStandard::Ton, token) => {
            let jetton = token.map(|token| format!("&jetton={token}"));
            let jetton = jetton.unwrap_or_default();
            format!("ton://transfer/{address}?amount={units}{jetton}&text={memo}")
        }
        (UriStandard::Stellar, None) => format!(
            "web+stellar:pay?destination={address}&amount={decimal}&memo={memo}&memo_type=MEMO_ID"
        ),
        (UriStandard::Bip21(_) | UriStandard::Stellar, Some(_)) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::coins::Coin;
    use crate::model::money::parse;

    fn uri(coin_id: u64, chain: &str, amount: &str) -> Option<String> {
        let network = Coin::find(coin_id).unwrap().network(chain).unwrap();
        let address = if chain == "BCH" {
            "bitcoincash:q1"
        } else {
            "Addr"
        };
        payment_uri(network, address, &parse(amount).unwrap().value, "1234")
    }

    #[test]
    fn each_chain_by_its_standard() {
        for (coin_id, chain, wanted) in [
            (2, "ETH", "ethereum:Addr@1?value=20500000000000000000"),
            (
                1280,
                "POLYGON",
                "ethereum:0xc2132d05d31c914a87c6611c10748aeb04b58e8f@137/transfer?address=Addr&uint256=20500000",
            ),
            (
                2541,
                "POLYGON",
                "ethereum:Addr@137?value=20500000000000000000",
            ),
            (1, "BTC", "bitcoin:Addr?amount=20.5"),
            (106, "BCH", "bitcoincash:q1?amount=20.5"),
            (107, "ADA", "web+cardano:Addr?amount=20.5"),
            (102, "SOL", "solana:Addr?amount=20.5"),
            (
                1282,
                "SOL",
                "solana:Addr?amount=20.5&spl-token=EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v",
            ),
            (
                105,
                "TON",
                "ton://transfer/Addr?amount=20500000000&text=1234",
            ),
            (
                1280,
                "TON",
                "ton://transfer/Addr?amount=20500000&jetton=EQCxE6mUtQJKFnGfaROTKOt1lZbDiiX1kCixRv7Nw2Id_sDs&text=1234",
            ),
            (
                1445,
                "XLM",
                "web+stellar:pay?destination=Addr&amount=20.5&memo=1234&memo_type=MEMO_ID",
            ),
        ] {
            assert_eq!(
                uri(coin_id, chain, "20.50").as_deref(),
                Some(wanted),
                "{coin_id} {chain}"
            );
        }
        for (coin_id, chain) in [(1280, "TRX"), (1486, "XRP"), (110, "DOT"), (111, "ATOM")] {
            assert_eq!(uri(coin_id, chain, "1"), None, "{chain}");
        }
    }
}
