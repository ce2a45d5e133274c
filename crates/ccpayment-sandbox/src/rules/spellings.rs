//! Other spellings of records, for tests of their readers.

use serde_json::{Map, Value};

use crate::model::chains::Chain;
use crate::model::money::{padded, parse, plain};
use crate::model::settings::RecordSpelling::{
    AddressesInSmall, ChainsByName, MemosAsNumbers, NetAmounts, PaddedAmounts,
};
use crate::model::settings::Settings;

/// Rewrites the records in the data of an answer.
pub(crate) fn rewrite(settings: &Settings, data: &mut Value) {
    if settings.spells_plainly() {
        return;
    }
    if let Some(Value::Object(record)) = data.get_mut("record") {
        rewrite_record(settings, record);
    }
    let records = data.get_mut("records").and_then(Value::as_array_mut);
    for record in records.into_iter().flatten() {
        if let Value::Object(record) = record {
            rewrite_record(settings, record);
        }
    }
}

fn rewrite_record(settings: &Settings, record: &mut Map<String, Value>) {
    if settings.spells(NetAmounts)
        && let Some(net) = net_amount(record)
    {
        record.insert("amount".to_owned(), Value::from(net));
    }
    for (spelling, names, word) in [
        (
            AddressesInSmall,
            ["fromAddress", "toAddress"],
            in_small as fn(&str) -> Option<String>,
        ),
        (ChainsByName, ["chain", "chain"], full_name),
        (MemosAsNumbers, ["toMemo", "toMemo"], as_number),
        (PaddedAmounts, ["amount", "paidAmount"], with_all_decimals),
    ] {
        if !settings.spells(spelling) {
            continue;
        }
        for name in names {
            if let Some(Value::String(text)) = record.get_mut(name)
                && let Some(other) = word(text)
            {
                *text = other;
            }
        }
    }
}

fn net_amount(record: &Map<String, Value>) -> Option<String> {
    record.get("withdrawType")?;
    let number = |value: &Value| Some(parse(value.as_str()?).ok()?.value);
    let fee = record.get("fee")?;
    let same = fee.get("coinId") == record.get("coinId");
    let net = number(record.get("amount")?)? - number(fee.get("amount")?)?;
    same.then(|| plain(&net))
}

fn in_small(address: &str) -> Option<String> {
    let is_hex = address.starts_with("0x");
    is_hex.then(|| address.to_ascii_lowercase())
}

fn full_name(chain: &str) -> Option<String> {
    Some(Chain::find(chain)?.full_name.to_owned())
}

fn as_number(memo: &str) -> Option<String> {
    let is_number = memo.bytes().all(|byte| byte.is_ascii_digit());
    let digits = memo.trim_start_matches('0');
    (is_number && !memo.is_empty()).then(|| if digits.is_empty() { "0" } else { digits }.to_owned())
}

fn with_all_decimals(amount: &str) -> Option<String> {
    Some(padded(&parse(amount).ok()?.value))
}
