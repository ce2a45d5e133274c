//! The currencies that an order can be priced in.

use serde_json::{Value, json};

use crate::model::money::{Fixed, Money, fixed, plain};

/// A currency.
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

    /// The currency of v1 where there is no choice.
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

const fn fiat(id: u64, symbol: &'static str, mark: &'static str, per_dollar: Fixed) -> Fiat {
    Fiat {
        id,
        symbol,
        mark,
        per_dollar,
    }
}

const US_DOLLAR: Fiat = fiat(1033, "USD", "$", (1, 0));

pub(crate) static DOLLAR: Fiat = US_DOLLAR;

/// The documents give the ids of USD and DKK. **Those below 1000 are the sandbox's own.** The rates
/// never change by themselves.
pub(crate) static FIATS: &[Fiat] = &[
    fiat(1022, "DKK", "KR", (6_825_765, 6)),
    US_DOLLAR,
    fiat(101, "EUR", "€", (9234, 4)),
    fiat(102, "GBP", "£", (7891, 4)),
    fiat(103, "AED", "د.إ", (36_725, 4)),
    fiat(104, "AUD", "A$", (15_234, 4)),
    fiat(105, "BRL", "R$", (54_321, 4)),
    fiat(106, "CAD", "C$", (13_789, 4)),
    fiat(107, "CHF", "CHF", (8812, 4)),
    fiat(108, "CNY", "¥", (71_834, 4)),
    fiat(109, "HKD", "HK$", (77_891, 4)),
    fiat(110, "IDR", "Rp", (158_125, 1)),
    fiat(111, "INR", "₹", (839_512, 4)),
    fiat(112, "JPY", "¥", (14_937, 2)),
    fiat(113, "KRW", "₩", (13_784, 1)),
    fiat(114, "MXN", "MX$", (187_654, 4)),
    fiat(115, "NGN", "₦", (16_123, 1)),
    fiat(116, "NOK", "kr", (107_312, 4)),
    fiat(117, "PHP", "₱", (57_612, 3)),
    fiat(118, "PLN", "zł", (39_876, 4)),
    fiat(119, "SEK", "kr", (105_123, 4)),
    fiat(120, "SGD", "S$", (13_345, 4)),
    fiat(121, "THB", "฿", (34_812, 3)),
    fiat(122, "TRY", "₺", (342_145, 4)),
    fiat(123, "VND", "₫", (25_215, 0)),
    fiat(124, "ZAR", "R", (178_123, 4)),
];
