//! Reading the fields of a request that has passed its schema, and the checks that routes share.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::model::chains::Chain;
use crate::model::coins::{Coin, Network};
use crate::model::indexed_list::{Key, by_record};
use crate::model::money::{self, Money, Written};
use crate::model::refusal::{self, Refusal};
use crate::state::State;

/// What a number breaks that JSON Schema takes for a whole one.
const WHOLE: &str = "must be written in digits alone, and fit into 64 bits";

pub(crate) struct Fields(pub(crate) Map<String, Value>);

impl Fields {
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Which record is meant: by its own id where that is given, else by its order's.
    pub(crate) fn record_key(&self, by_order: impl FnOnce(&str) -> Key) -> Result<Key, Refusal> {
        match (self.text("recordId"), self.text("orderId")) {
            (Some(record_id), _) => Ok(by_record(record_id)),
            (None, Some(order_id)) => Ok(by_order(order_id)),
            (None, None) => Err(Refusal::argument("recordId", "or `orderId` is required")),
        }
    }

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

    /// The texts of a list; none when it is left out.
    pub(crate) fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        self.list(name).iter().filter_map(Value::as_str)
    }

    /// The items of a list; none when it is left out.
    pub(crate) fn list(&self, name: &str) -> &[Value] {
        self.0
            .get(name)
            .and_then(Value::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// The objects of a list, to be read like requests.
    pub(crate) fn rows(&self, name: &str) -> Vec<Self> {
        self.list(name)
            .iter()
            .filter_map(Value::as_object)
            .map(|row| Self(row.clone()))
            .collect()
    }

    /// A whole number of 64 bits, as in the gateway. JSON Schema also calls `1.0` an integer, and
    /// sets no limit on digits. Text gets here only where a schema allows it.
    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, Refusal> {
        self.0
            .get(name)
            .map(|value| {
                let text = value.as_str().and_then(|text| text.parse().ok());
                value
                    .as_u64()
                    .or(text)
                    .ok_or_else(|| Refusal::argument(name, WHOLE))
            })
            .transpose()
    }

    /// The whole numbers of a list; none when it is left out.
    pub(crate) fn numbers(&self, name: &str) -> Result<BTreeSet<u64>, Refusal> {
        let wrong = || Refusal::argument(name, WHOLE);
        let numbers = self.list(name).iter();
        numbers.map(|it| it.as_u64().ok_or_else(wrong)).collect()
    }

    pub(crate) fn required_number(&self, name: &str) -> Result<u64, Refusal> {
        self.number(name)?
            .ok_or_else(|| Refusal::argument(name, "is required"))
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// A decimal text above zero.
    pub(crate) fn amount(&self, name: &str) -> Result<Written, Refusal> {
        let written = money::parse(self.required_text(name)?)
            .map_err(|rule| Refusal::argument(name, rule))?;
        if written.value <= Money::default() {
            return Err(Refusal::argument(name, "must be above zero"));
        }
        Ok(written)
    }

    /// A decimal text that is not negative; `None` when it is left out.
    pub(crate) fn optional_amount(&self, name: &str) -> Result<Option<Money>, Refusal> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        let written = money::parse(text).map_err(|rule| Refusal::argument(name, rule))?;
        if written.value < Money::default() {
            return Err(Refusal::argument(name, "must not be negative"));
        }
        Ok(Some(written.value))
    }

    pub(crate) fn coin(&self) -> Result<&'static Coin, Refusal> {
        self.coin_in("coinId")
    }

    pub(crate) fn coin_in(&self, name: &str) -> Result<&'static Coin, Refusal> {
        coin(self.required_number(name)?)
    }

    pub(crate) fn chain(&self) -> Result<&'static Chain, Refusal> {
        let symbol = self.required_text("chain")?;
        Chain::find(symbol).ok_or_else(|| {
            Refusal::new(
                refusal::UNKNOWN_CHAIN,
                format!("there is no chain {symbol}"),
            )
        })
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

pub(crate) fn coin(id: u64) -> Result<&'static Coin, Refusal> {
    Coin::find(id)
        .ok_or_else(|| Refusal::new(refusal::UNKNOWN_COIN, format!("there is no coin {id}")))
}

/// Counts the decimals of the text, trailing zeros included: the stricter of the rule's two
/// readings.
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

/// Adds a text that may be missing; the gateway leaves out what does not apply.
pub(crate) fn put(row: &mut Value, name: &str, text: Option<&str>) {
    if let (Value::Object(row), Some(text)) = (row, text) {
        row.insert(name.to_owned(), Value::from(text));
    }
}

pub(crate) type Handler = fn(&mut State, &Fields) -> Result<Value, Refusal>;
