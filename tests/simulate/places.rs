//! Where money goes, and in which other spellings a gateway may show the same place.

/// A coin on a chain, an address there, and the memo beside it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) coin_id: u64,
    pub(crate) chain: &'static str,
    pub(crate) address: &'static str,
    pub(crate) memo: Option<&'static str>,
}

pub(crate) const USDT: u64 = 1280;
pub(crate) const BTC: u64 = 1;
pub(crate) const XRP: u64 = 1486;
pub(crate) const CHAIN: &str = "POLYGON";
pub(crate) const RECEIVER: &str = "0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE";
const TRON: &str = "TAkmn3f8bgwMAwdVrGfUVSRg4W2XwqgHGc";
const MOVE: &str = "0x1d8727df513fa2a8785d0834e40b34223daff1affc079574082baadb74b66ee4";

const fn usdt(chain: &'static str, address: &'static str) -> Place {
    Place {
        coin_id: USDT,
        chain,
        address,
        memo: None,
    }
}

const fn btc(address: &'static str) -> Place {
    Place {
        coin_id: BTC,
        chain: "BTC",
        address,
        memo: None,
    }
}

/// The sandbox takes any address on this chain, so addresses of chains that it does not have go
/// here.
const fn xrp(address: &'static str, memo: &'static str) -> Place {
    Place {
        coin_id: XRP,
        chain: "XRP",
        address,
        memo: Some(memo),
    }
}

/// The first is where most of it goes.
pub(crate) const PLACES: [Place; 12] = [
    usdt(CHAIN, RECEIVER),
    usdt(CHAIN, "0x4838b106fce9647bdf1e7877bf73ce8b0bad5f97"),
    usdt("TRX", TRON),
    btc("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),
    btc("BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4"),
    xrp("rG1QQv2nh2gr7RCZ1P8YYcBUKCCN633jCn", "0123"),
    xrp("rG1QQv2nh2gr7RCZ1P8YYcBUKCCN633jCn", "123"),
    xrp(
        "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a",
        "invoice 7",
    ),
    xrp("qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a", "7"),
    xrp("EQCD39VS5jcptHL8vMjEXrzGaRcCVYto7HUn4bpAOg8xqB2N", "007"),
    xrp("xdcbb9c4e7f3687aca1ae2828c18f9e3ae067f569fe", "1"),
    xrp(MOVE, "2"),
];

/// Each row has the spellings of one place.
const ADDRESSES: [&[&str]; 7] = [
    &[
        RECEIVER,
        "0xbb9c4e7f3687aca1ae2828c18f9e3ae067f569fe",
        "0xBB9C4E7F3687ACA1AE2828C18F9E3AE067F569FE",
    ],
    &[
        "0x4838b106fce9647bdf1e7877bf73ce8b0bad5f97",
        "0x4838B106FCE9647BDF1E7877BF73CE8B0BAD5F97",
    ],
    &[
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
        "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
    ],
    &[
        "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a",
        "qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a",
        "BITCOINCASH:QPM2QSZNHKS23Z7629MMS6S4CWEF74VCWVY22GDX6A",
    ],
    &[
        "EQCD39VS5jcptHL8vMjEXrzGaRcCVYto7HUn4bpAOg8xqB2N",
        "UQCD39VS5jcptHL8vMjEXrzGaRcCVYto7HUn4bpAOg8xqEBI",
        "0:83dfd552e63729b472fcbcc8c45ebcc6691702558b68ec7527e1ba403a0f31a8",
    ],
    &[
        "xdcbb9c4e7f3687aca1ae2828c18f9e3ae067f569fe",
        "0xbb9c4e7f3687aca1ae2828c18f9e3ae067f569fe",
        "xdcBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE",
    ],
    &[
        MOVE,
        "0x1D8727DF513FA2A8785D0834E40B34223DAFF1AFFC079574082BAADB74B66EE4",
        "1d8727df513fa2a8785d0834e40b34223daff1affc079574082baadb74b66ee4",
    ],
];

const CHAINS: [&[&str]; 4] = [
    &[CHAIN, "Polygon", "polygon", "MATIC"],
    &["TRX", "TRC20", "trx", "Tron"],
    &["BTC", "btc", "Bitcoin"],
    &["XRP", "xrp", "Ripple"],
];

/// A number loses its leading zeros, or gets some.
const MEMOS: [&[&str]; 4] = [&["123", "0123"], &["7", "007"], &["1", "01"], &["2", "2 "]];

/// An account at Cwallet, by its id and by its e-mail address.
const CWALLET: [&[&str]; 2] = [
    &["35255142", "jane@proton.me"],
    &["9558861", "CCPaymentOfficial@proton.me"],
];
/// The receivers at Cwallet. An id is shown as it is: only an e-mail address has another name.
pub(crate) const ACCOUNTS: [&str; 3] = ["35255142", "jane@proton.me", "Jane@Proton.me"];

/// The product, by which a record is recognized.
pub(crate) const PRODUCT: &str = "Tea & \"cake\" for two ";
pub(crate) const EMAIL: &str = "Jane.Doe@Example.com";

fn other(rows: &[&[&'static str]], text: &str, pick: usize) -> Option<&'static str> {
    let row = rows.iter().find(|row| row.contains(&text))?;
    let others: Vec<_> = row.iter().filter(|it| **it != text).collect();
    others.get(pick % others.len().max(1)).map(|it| **it)
}

pub(crate) fn other_address(address: &str, pick: usize) -> Option<&'static str> {
    other(&ADDRESSES, address, pick)
}

pub(crate) fn other_chain(chain: &str, pick: usize) -> Option<&'static str> {
    other(&CHAINS, chain, pick)
}

pub(crate) fn other_memo(memo: &str, pick: usize) -> Option<&'static str> {
    other(&MEMOS, memo, pick)
}

/// The id of an account that was asked for by its e-mail address.
pub(crate) fn id_at_cwallet(email: &str) -> Option<&'static str> {
    let row = CWALLET
        .iter()
        .find(|row| row.iter().any(|it| it.eq_ignore_ascii_case(email)))?;
    row.first().copied().filter(|id| *id != email)
}
