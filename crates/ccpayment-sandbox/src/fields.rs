//! Reading the fields of a request that has passed its schema, and the checks that routes share.

use serde_json::{Map, Value};

use crate::catalogue::{Coin, Network};
use crate::money::{self, Written};
use crate::refusal::{self, Refusal};

pub(crate) struct Fields(pub(crate) Map<String, Value>);

impl Fields {
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    pub(crate) fn required_text(&self, name: &str) -> Result<&str, Refusal> {
        self.text(name)
            .ok_or_else(|| Refusal::argument(name, "is required"))
    }

    pub(crate) fn owned(&self, name: &str) -> Option<String> {
        self.text(name).map(str::to_owned)
    }

    /// JSON Schema calls `1.0` an integer, and any number of digits; the gateway has 64 bits.
    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, Refusal> {
        self.0
            .get(name)
            .map(|value| {
                value
                    .as_u64()
                    .ok_or_else(|| Refusal::argument(name, "must be a whole number of 64 bits"))
            })
            .transpose()
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// A decimal text above zero.
    pub(crate) fn amount(&self, name: &str) -> Result<Written, Refusal> {
        let written = money::parse(self.required_text(name)?)
            .map_err(|rule| Refusal::argument(name, rule))?;
        if written.value <= money::Money::default() {
            return Err(Refusal::argument(name, "must be above zero"));
        }
        Ok(written)
    }

    pub(crate) fn coin(&self) -> Result<&'static Coin, Refusal> {
        let id = self
            .number("coinId")?
            .ok_or_else(|| Refusal::argument("coinId", "is required"))?;
        Coin::find(id)
            .ok_or_else(|| Refusal::new(refusal::UNKNOWN_COIN, format!("there is no coin {id}")))
    }

    pub(crate) fn coin_on_chain(&self) -> Result<(&'static Coin, &'static Network), Refusal> {
        let coin = self.coin()?;
        let chain = self.required_text("chain")?;
        let network = coin.network(chain).ok_or_else(|| {
            Refusal::new(
                refusal::UNKNOWN_CHAIN,
                format!("{} does not exist on the chain {chain}", coin.symbol),
            )
        })?;
        Ok((coin, network))
    }
}

/// Goes by the text, trailing zeros included: the stricter of the two readings of the rule.
pub(crate) fn check_decimals(name: &str, written: &Written, most: u32) -> Result<(), Refusal> {
    if usize::try_from(most).is_ok_and(|most| written.decimals <= most) {
        return Ok(());
    }
    Err(Refusal::new(
        refusal::PRECISION,
        format!(
            "`{name}` has {} decimals, at most {most} are taken",
            written.decimals
        ),
    ))
}

pub(crate) fn not_found(what: &str, id: &str) -> Refusal {
    Refusal::new(refusal::NOT_FOUND, format!("there is no {what} {id}"))
}
