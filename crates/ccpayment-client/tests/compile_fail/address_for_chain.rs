//! Texts that say where money goes are not exchanged for each other.

use ccpayment_client::core::v2::ApplyAppWithdrawToNetwork;
use ccpayment_client::core::{Address, Chain};

fn main() {
    let (chain, address) = (Chain::new("POLYGON"), Address::new("0x1"));
    let amount = "1".parse().unwrap();
    let _ = ApplyAppWithdrawToNetwork::new("payout-1", 1280, address, chain, amount);
}
