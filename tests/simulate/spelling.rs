//! A gateway that says the same in other words when it is asked what became of a call.
//!
//! A history draws its words once: two look-ups show the same. Words that leave a doubt, such as an
//! unknown status, end with the faults.

use ccpayment::Amount;
use ccpayment_sandbox::Sandbox;
use serde_json::{Map, Value};

use crate::places::{EMAIL, PRODUCT, id_at_cwallet, other_address, other_chain, other_memo};

type Object = Map<String, Value>;

/// Which words of its own a gateway has, and how it picks them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spelling([Option<usize>; KINDS.len()]);

pub(crate) const KINDS: [&str; 11] = [
    "address in another spelling",
    "chain by another name",
    "memo as a number",
    "e-mail shown as an id",
    "order id in another spelling",
    "unknown status",
    "amount less the fee",
    "price of zero",
    "rounded rate",
    "text in another spelling",
    "row by one of its names",
];

const ADDRESS: usize = 0;
const CHAIN: usize = 1;
const MEMO: usize = 2;
const CWALLET: usize = 3;
const ORDER_ID: usize = 4;
const STATUS: usize = 5;
const NET: usize = 6;
const NO_PRICE: usize = 7;
const RATE: usize = 8;
const TEXT: usize = 9;
const ROW: usize = 10;

/// Words for calls that have ended without moving money, and for those that have not.
const ENDED: [&str; 3] = ["failed", "Cancelled", "Refunded"];
const GOES_ON: [&str; 3] = ["success", "Sending", "Settled"];

impl Spelling {
    /// Half of all gateways say everything in the words of the requests.
    pub(crate) fn draw(random: &mut fastrand::Rng) -> Self {
        let mut spelling = Self::default();
        if random.bool() {
            return spelling;
        }
        for how in &mut spelling.0 {
            let pick = random.usize(0..12);
            *how = (random.u32(0..3) == 0).then_some(pick);
        }
        spelling
    }

    /// The same without words for an unknown status, which leave a doubt.
    pub(crate) fn without_doubt(&self) -> Self {
        let mut spelling = self.clone();
        if let Some(how) = spelling.0.get_mut(STATUS) {
            *how = None;
        }
        spelling
    }

    pub(crate) fn hides_statuses(&self) -> bool {
        self.how(STATUS).is_some()
    }

    pub(crate) fn is_plain(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    fn how(&self, kind: usize) -> Option<usize> {
        self.0.get(kind).copied().flatten()
    }

    /// A whole answer to this route in other words, if there are any, and their kinds.
    pub(crate) fn of(
        &self,
        sandbox: &Sandbox,
        (route, older): (&str, bool),
        answer: &[u8],
    ) -> Option<(Vec<u8>, Vec<&'static str>)> {
        const END: &[u8] = b"\r\n\r\n";
        let end = answer.windows(END.len()).position(|it| it == END)?;
        let (head, body) = answer.split_at(end + END.len());
        let head = std::str::from_utf8(head).ok()?;
        let mut envelope: Value = serde_json::from_slice(body).ok()?;
        // An answer that a fault made is left as it is.
        if serde_json::to_vec(&envelope).ok()? != body
            || envelope.get("code").and_then(Value::as_u64) != Some(10_000)
        {
            return None;
        }
        let mut writer = Writer {
            spelling: self,
            kinds: Vec::new(),
        };
        writer.rewrite(route, envelope.get_mut("data")?);
        let kinds = writer.kinds;
        if kinds.is_empty() {
            return None;
        }
        let body = serde_json::to_vec(&envelope).ok()?;
        let mut sealed: Vec<(&str, String)> = vec![("content-length", body.len().to_string())];
        if older {
            sealed.extend(sandbox.sign_v1(&body));
        }
        let mut lines = Vec::new();
        for line in head.trim_end().split("\r\n") {
            let name = line.split(':').next().unwrap_or_default();
            let new = sealed.iter().find(|(it, _)| it.eq_ignore_ascii_case(name));
            lines
                .push(new.map_or_else(|| line.to_owned(), |(_, value)| format!("{name}: {value}")));
        }
        let mut bytes = lines.join("\r\n").into_bytes();
        bytes.extend_from_slice(END);
        bytes.extend_from_slice(&body);
        Some((bytes, kinds))
    }
}

struct Writer<'a> {
    spelling: &'a Spelling,
    kinds: Vec<&'static str>,
}

impl Writer<'_> {
    fn rewrite(&mut self, route: &str, data: &mut Value) {
        match route {
            "getAppWithdrawRecord"
            | "getUserWithdrawRecord"
            | "getUserTransferRecord"
            | "getUserBatchTransferRecord"
            | "getSwapRecord"
            | "getUserSwapRecord" => {
                if let Some(record) = data.get_mut("record").and_then(Value::as_object_mut) {
                    self.record(record);
                }
            }
            "getAppOrderInfo" | "getInvoiceOrderInfo" | "createAppOrderDepositAddress" => {
                if let Some(order) = data.as_object_mut() {
                    self.order(order);
                }
            }
            "getBatchWithdrawOrder" => {
                if let Some(batch) = data.as_object_mut()
                    && batch.get("status").and_then(Value::as_str) != Some("Init")
                {
                    self.status(batch);
                }
            }
            "getBatchWithdrawOrderRecordList" => {
                let rows = data.get_mut("records").and_then(Value::as_array_mut);
                let rows = rows.into_iter().flatten().filter_map(Value::as_object_mut);
                rows.for_each(|row| self.row(row));
            }
            "bill/info" => {
                let bills = data.as_array_mut().into_iter().flatten();
                bills.for_each(|bill| self.bill(bill));
            }
            _ => {}
        }
    }

    fn record(&mut self, record: &mut Object) {
        self.place(record, "toAddress", "toMemo");
        self.put(record, CWALLET, "cwalletUser", |user, _| {
            id_at_cwallet(user).map(str::to_owned)
        });
        self.put(record, ORDER_ID, "orderId", other_id);
        self.status(record);
        let fee = record
            .get("fee")
            .filter(|fee| fee.get("coinId") == record.get("coinId"));
        let fee = fee.and_then(|fee| text(fee.get("amount")));
        self.net(record, "amount", fee);
    }

    fn row(&mut self, row: &mut Object) {
        self.place(row, "address", "memo");
        let fee = text(row.get("networkFee"));
        self.net(row, "amount", fee);
        if let Some(pick) = self.spelling.how(ROW) {
            // The gateway knows a row by one of its two names, and has its own word, or none, for
            // the other.
            if pick.is_multiple_of(2) {
                row.insert("seq".to_owned(), Value::from(0));
            } else {
                let own = text(row.get("recordId")).unwrap_or_default();
                row.insert("orderId".to_owned(), Value::from(own));
            }
            self.told(ROW);
        }
    }

    fn order(&mut self, order: &mut Object) {
        self.put(order, CHAIN, "chain", |chain, pick| {
            other_chain(chain, pick).map(str::to_owned)
        });
        self.put(order, TEXT, "buyerEmail", |email, _| {
            (email == EMAIL).then(|| EMAIL.to_lowercase())
        });
        self.put(order, TEXT, "product", other_text);
        if order.contains_key("invoiceUrl") {
            self.put(order, ORDER_ID, "orderId", other_id);
        }
        let rate = |rate: &str, pick: usize| match pick % 4 {
            0 => rounded(rate, 2, false),
            1 => rounded(rate, 0, false),
            3 => rounded(rate, 2, true),
            _ => None,
        };
        let amount = |amount: &str, pick: usize| match pick % 4 {
            // Not for coins whose hundredths are worth something.
            2 | 3 if !amount.starts_with("0.") => rounded(amount, 2, true),
            _ => None,
        };
        self.put(order, RATE, "rate", rate);
        self.put(order, RATE, "amountToPay", amount);
        self.put(order, RATE, "amount", amount);
    }

    fn bill(&mut self, bill: &mut Value) {
        let trade = bill.pointer("/trade_list/0");
        let fee = trade.filter(|it| it.get("network_fee_crypto") == it.get("crypto"));
        let fee = fee.and_then(|trade| text(trade.get("network_fee")));
        let Some(detail) = bill.get_mut("order_detail").and_then(Value::as_object_mut) else {
            return;
        };
        self.put(detail, ORDER_ID, "merchant_order_id", other_id);
        self.put(detail, TEXT, "product_name", other_text);
        if detail.contains_key("product_price") {
            return;
        }
        self.status(detail);
        self.net(detail, "order_amount", fee);
        if self.spelling.how(NO_PRICE).is_some() {
            detail.insert("product_price".to_owned(), Value::from("0"));
            self.told(NO_PRICE);
        }
    }

    fn place(&mut self, object: &mut Object, address: &str, memo: &str) {
        self.put(object, ADDRESS, address, |it, pick| {
            other_address(it, pick).map(str::to_owned)
        });
        self.put(object, MEMO, memo, |it, pick| {
            other_memo(it, pick).map(str::to_owned)
        });
        self.put(object, CHAIN, "chain", |it, pick| {
            other_chain(it, pick).map(str::to_owned)
        });
    }

    fn status(&mut self, object: &mut Object) {
        self.put(object, STATUS, "status", |status, pick| {
            let words = match status {
                "Failed" | "Rejected" => ENDED,
                _ => GOES_ON,
            };
            words.get(pick % words.len()).map(|word| (*word).to_owned())
        });
    }

    fn net(&mut self, object: &mut Object, name: &str, fee: Option<String>) {
        let fee: Option<Amount> = fee.and_then(|fee| fee.parse().ok());
        self.put(object, NET, name, |amount, _| {
            let gross: Amount = amount.parse().ok()?;
            let fee = fee.as_ref().filter(|fee| !fee.is_zero())?;
            Some(gross.checked_sub(fee).ok()?.to_string())
        });
    }

    /// Another word for a field, if it is there and there is one.
    fn put(
        &mut self,
        object: &mut Object,
        kind: usize,
        name: &str,
        word: impl FnOnce(&str, usize) -> Option<String>,
    ) {
        let Some(pick) = self.spelling.how(kind) else {
            return;
        };
        let Some(value) = object.get_mut(name) else {
            return;
        };
        if let Some(new) = value.as_str().and_then(|old| word(old, pick)) {
            *value = Value::from(new);
            self.told(kind);
        }
    }

    fn told(&mut self, kind: usize) {
        self.kinds.extend(KINDS.get(kind));
    }
}

fn text(value: Option<&Value>) -> Option<String> {
    value.and_then(Value::as_str).map(str::to_owned)
}

fn other_id(id: &str, pick: usize) -> Option<String> {
    Some(if pick.is_multiple_of(2) {
        id.to_uppercase()
    } else {
        format!("{id} ")
    })
}

fn other_text(product: &str, pick: usize) -> Option<String> {
    (product == PRODUCT).then(|| {
        if pick.is_multiple_of(2) {
            PRODUCT.trim().to_owned()
        } else {
            PRODUCT.replace('&', "&amp;").replace('"', "&quot;")
        }
    })
}

/// Rounded to this many decimals, up or down; `None` if it has no more.
fn rounded(number: &str, decimals: usize, up: bool) -> Option<String> {
    let (whole, rest) = number.split_once('.')?;
    if rest.len() <= decimals {
        return None;
    }
    let digits = format!("{whole}{}", rest.get(..decimals)?);
    let units: u128 = digits.parse().ok()?;
    let digits = format!("{:0>width$}", units + u128::from(up), width = decimals + 1);
    let (whole, rest) = digits.split_at(digits.len() - decimals);
    // A rate of zero is no rate.
    let number = if rest.is_empty() {
        whole.to_owned()
    } else {
        format!("{whole}.{rest}")
    };
    number
        .bytes()
        .any(|byte| (b'1'..=b'9').contains(&byte))
        .then_some(number)
}
