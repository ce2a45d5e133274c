//! Contradictions in the documents: by `xtask/spec/discrepancies.yaml`, every row of both lists has
//! a test or a decision, and each row with tests names a mistake for them to catch. Rows without a
//! test elsewhere have theirs here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bytes::Bytes;
use ccpayment::raw::{PreparedRequest, decode};
use ccpayment::v2::*;
use ccpayment::{AppId, AppSecret, CoinId, Credentials, Origin, Request, Rule, Timestamp};
use http::Method;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Row {
    #[serde(default)]
    tests: Vec<String>,
    decision: Option<String>,
    /// A test of `xtask` checks its content.
    mutation: Option<IgnoredAny>,
}

/// The names of all functions that are tests, from the sources.
fn tests_of(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            tests_of(&path, names);
        } else if path.extension().is_some_and(|it| it == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let mut is_test = false;
            for line in text.lines().map(str::trim) {
                let header = line.trim_start_matches("async ");
                if line == "#[test]" || line.starts_with("#[tokio::test") {
                    is_test = true;
                } else if let Some(rest) = header.strip_prefix("fn ") {
                    let name = rest.split('(').next().unwrap();
                    if is_test {
                        names.insert(name.to_owned());
                    }
                    is_test = false;
                }
            }
        }
    }
}

#[test]
#[allow(
    clippy::print_stdout,
    reason = "the count is for whoever reads the log"
)]
fn every_row_has_a_test_or_a_decision() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let mut tests = BTreeSet::new();
    for folder in ["tests", "crates"] {
        tests_of(&root.join(folder), &mut tests);
    }
    let spec = root.join("xtask/spec");
    let text = std::fs::read_to_string(spec.join("discrepancies.yaml")).unwrap();
    let mut table: BTreeMap<String, BTreeMap<String, Row>> = serde_saphyr::from_str(&text).unwrap();
    let (mut tested, mut decided) = (0, 0);
    for (version, row_of) in [
        (
            "v1",
            (|line| line.split_once(". **").map(|(row, _)| row)) as fn(&str) -> Option<&str>,
        ),
        ("v2", |line| line.strip_prefix("| ")?.split(" |").next()),
    ] {
        let list = spec.join(format!("facts/{version}-discrepancies.md"));
        let list = std::fs::read_to_string(list).unwrap();
        let is_row = |it: &&str| it.bytes().all(|it| it.is_ascii_digit() || it == b'.');
        let rows: BTreeSet<&str> = list.lines().filter_map(row_of).filter(is_row).collect();
        assert!(rows.len() > 60, "{version}: {} rows", rows.len());
        let mut known = table.remove(version).unwrap();
        for row in rows {
            let entry = known
                .remove(row)
                .unwrap_or_else(|| panic!("{version} {row} has neither test nor decision"));
            assert!(
                !entry.tests.is_empty() || entry.decision.is_some_and(|it| it.len() > 10),
                "{version} {row} says nothing"
            );
            tested += u32::from(!entry.tests.is_empty());
            decided += u32::from(entry.tests.is_empty());
            let names_one = entry.tests.is_empty() || entry.mutation.is_some();
            assert!(names_one, "{version} {row} names no mistake");
            for test in entry.tests {
                assert!(
                    tests.contains(&test),
                    "{version} {row}: there is no test {test}"
                );
            }
        }
        let outdated: Vec<_> = known.keys().collect();
        assert!(outdated.is_empty(), "{version} has no rows {outdated:?}");
    }
    println!("{tested} rows have a test, {decided} a written decision");
}

fn sent<E: Request>(request: &E) -> http::Request<Bytes> {
    let credentials = Credentials::new(AppId::new("app"), AppSecret::new("secret")).unwrap();
    PreparedRequest::new(request)
        .unwrap()
        .sign(
            &Origin::default(),
            &credentials,
            Timestamp::new(1_677_152_720),
        )
        .unwrap()
}

fn text<E: Request>(request: &E) -> String {
    String::from_utf8(sent(request).into_body().to_vec()).unwrap()
}

fn read<E: Request>(data: &Value) -> E::Response {
    let body = json!({"code": 10000, "msg": "success", "data": data}).to_string();
    decode(&http::Response::new(Bytes::from(body)))
        .unwrap_or_else(|e| panic!("{}: {e}", E::OPERATION))
}

macro_rules! fixture {
    ($name:literal) => {
        serde_json::from_str::<Value>(include_str!(concat!("../fixtures/v2/", $name, ".json")))
            .unwrap()["data"]
            .clone()
    };
}

/// Moves the value under one name to another.
fn renamed(object: &mut Value, from: &str, to: &str) {
    let value = object.as_object_mut().unwrap().remove(from);
    object[to] = value.unwrap_or_else(|| panic!("no {from} in {object}"));
}

#[test]
fn headers_method_and_empty_bodies_are_the_decided_ones() {
    for request in [
        sent(&GetCoinList::new()),
        sent(&GetAppDepositRecordList::new()),
        sent(&GetAppWithdrawRecordList::new()),
        sent(&GetSwapRecordList::new()),
    ] {
        assert_eq!(request.method(), Method::POST);
        assert!(request.body().is_empty(), "{request:?}");
        assert_eq!(request.headers()["content-type"], "application/json");
        assert_eq!(request.headers()["Timestamp"], "1677152720");
    }
}

#[test]
fn a_request_has_exactly_the_headers_of_the_documents() {
    // 1.6
    let request = sent(&GetCoinList::new());
    let mut names: Vec<_> = (request.headers().iter())
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .collect();
    names.sort_unstable();
    let sign = request.headers()["Sign"].to_str().unwrap();
    let expected = [
        ("appid", "app"),
        ("content-length", "0"),
        ("content-type", "application/json"),
        ("sign", sign),
        ("timestamp", "1677152720"),
    ];
    assert_eq!(names, expected);
}

fn refused<E: Request>(request: &E) -> Option<Rule> {
    request.validate().err().map(|error| error.rule)
}

#[test]
fn a_product_of_an_invoice_of_120_characters_is_refused() {
    // 5.8
    let invoice = |length: usize| {
        CreateInvoiceUrl::new(CoinId::new(1280), "order-1", "1".parse().unwrap())
            .product("\u{e9}".repeat(length))
    };
    assert_eq!(refused(&invoice(119)), None);
    assert_eq!(refused(&invoice(120)), Some(Rule::TooLong { max: 119 }));
}

#[test]
fn a_record_id_of_a_deposit_of_any_length_is_sent_and_an_empty_one_refused() {
    // 5.10
    for id in ["1".to_owned(), "2".repeat(65)] {
        assert_eq!(refused(&GetUserDepositRecord::new(id.clone())), None);
        assert_eq!(refused(&GetAppDepositRecord::new(id)), None);
    }
    let empty = Some(Rule::Empty);
    assert_eq!(refused(&GetUserDepositRecord::new("")), empty);
    assert_eq!(refused(&GetAppDepositRecord::new("")), empty);
}

#[test]
fn a_chain_of_any_length_is_asked_for() {
    // 2.12
    let chains = |name: &str| GetChainList::new().chains([name.into()]);
    assert_eq!(refused(&chains(&"C".repeat(17))), None);
    assert_eq!(refused(&chains("")), Some(Rule::Empty));
}

#[test]
fn filters_go_out_by_their_names_and_kinds() {
    // 2.12, 2.13
    let chains = || ["TRX".into(), "ETH".into()];
    let expected = r#"{"chains":["TRX","ETH"]}"#;
    assert_eq!(text(&GetChainList::new().chains(chains())), expected);
    assert_eq!(text(&GetAllChainList::new().chains(chains())), expected);
    assert_eq!(text(&GetAllChainList::new()), "");
    // 3.9
    let prices = GetCoinUSDTPrice::new([CoinId::new(1280)]);
    assert_eq!(text(&prices), r#"{"coinIds":[1280]}"#);
    let deposits = GetAppDepositRecordList::new().record_ids(["17"]);
    assert_eq!(text(&deposits), r#"{"recordIds":["17"]}"#);
}

#[test]
fn both_spellings_of_a_name_are_read() {
    // 2.5
    let mut list = fixture!("get_user_withdraw_record_list.response");
    let record = &mut list["records"][0];
    let to = if record.get("ToAddress").is_some() {
        "ToAddress"
    } else {
        "toAddress"
    };
    let expected = record[to].clone();
    for name in ["toAddress", "ToAddress"] {
        let mut list = list.clone();
        if name != to {
            renamed(&mut list["records"][0], to, name);
        }
        let read = read::<GetUserWithdrawRecordList>(&list);
        let address = read.records[0]
            .as_ref()
            .unwrap()
            .to_address
            .as_ref()
            .unwrap();
        assert_eq!(address.as_str(), expected.as_str().unwrap());
    }
    // 2.7
    let record = |name: &str| {
        let mut answer = fixture!("get_app_deposit_record.response");
        renamed(&mut answer["record"], "txId", name);
        read::<GetAppDepositRecord>(&answer).record.tx_id
    };
    assert!(record("txid").is_some() && record("txid") == record("txId"));
    let mut order = fixture!("get_app_order_info.response");
    let before = read::<GetAppOrderInfo>(&order);
    renamed(&mut order["paidList"][0], "txid", "txId");
    assert!(before.paid_list[0].txid.is_some());
    assert_eq!(read::<GetAppOrderInfo>(&order), before);
    // 2.8
    for (user, reference) in [("userID", "referenceID"), ("userId", "referenceId")] {
        let answer = json!({user: "user-1", reference: "reference-1", "unbound": []});
        let read = read::<AddressUnbinding>(&answer);
        assert_eq!(read.user_id.unwrap().as_str(), "user-1");
        assert_eq!(read.reference_id.unwrap().as_str(), "reference-1");
    }
    // 2.10
    for (to, from) in [
        ("to_coin_price", "from_coin_price"),
        ("toCoinPrice", "fromCoinPrice"),
    ] {
        let mut swap = fixture!("swap.response");
        swap[to] = json!("1.5");
        swap[from] = json!("0.5");
        let read = read::<Swap>(&swap);
        assert_eq!(read.to_coin_price.unwrap().as_str(), "1.5");
        assert_eq!(read.from_coin_price.unwrap().as_str(), "0.5");
    }
}

#[test]
fn rows_of_a_batch_have_both_keys_and_only_the_whole_is_cancelled() {
    let row = BatchWithdrawTask::new(7, "row-7", "0xabc".into(), "1".parse().unwrap());
    let text = text(&AppendBatchWithdraw::new("batch-1", [row]));
    assert!(
        text.contains(r#""seq":7"#) && text.contains(r#""orderId":"row-7""#),
        "{text}"
    );
    let abort = AbortBatchWithdraw::new("batch-1");
    assert_eq!(self::text(&abort), r#"{"batchOrderId":"batch-1"}"#);
    for (canceled, ignored) in [
        ("canceledSeqs", "ignoredSeqs"),
        ("canceledOrderIds", "ignoredOrderIds"),
    ] {
        let value = if canceled.ends_with("Seqs") {
            json!([7])
        } else {
            json!(["row-7"])
        };
        let answer = json!({"batchOrderId": "batch-1", canceled: value, ignored: value});
        let read = read::<AbortBatchWithdraw>(&answer);
        assert_eq!(read.canceled_seqs.len() + read.canceled_order_ids.len(), 1);
        assert_eq!(read.ignored_seqs.len() + read.ignored_order_ids.len(), 1);
    }
    let answer = json!({"appended": 1, "total": 2, "batch_order_id": "batch-1"});
    assert_eq!(read::<AppendBatchWithdraw>(&answer).total, Some(2));
    read::<AppendBatchWithdraw>(&json!({}));
}

#[test]
fn the_path_of_the_block_height_can_be_another() {
    let height = GetPaymentBlockHeight::new("record");
    assert_eq!(
        sent(&height).uri().path(),
        "/ccpayment/v2/getPaymentBlockHeight"
    );
    let older = height.at_path("/ccpayment/v2/getTradeBlockHeight");
    assert_eq!(
        sent(&older).uri().path(),
        "/ccpayment/v2/getTradeBlockHeight"
    );
}

#[test]
fn a_risky_refund_names_its_deposit_by_object_or_text() {
    for source in [json!({"recordId": "r1"}), json!("r1")] {
        let answer = json!({"records": [{
            "recordId": "r2", "coinId": 1280, "amount": "1", "status": "Success",
            "fromDeposit": [source],
        }]});
        let read = read::<GetRiskyRefundRecordList>(&answer);
        let record = read.records[0].as_ref().unwrap();
        assert_eq!(record.from_deposit[0].record_id.as_str(), "r1");
    }
}

#[test]
fn shapes_that_only_some_sources_have_are_read() {
    // 2.11 and 2.14: one list is called `list`, and confirmations have two names.
    let fees = json!({"list": [{"collects": [{"coinId": 1280}], "chain": "TRX"}]});
    assert!(read::<GetAggregationFeeRecord>(&fees).list[0].is_ok());
    let chain = json!({"chain": "TRX", "status": "Normal", "confirmNum": 3, "confirmations": 4});
    let chains = json!({ "chains": [chain] });
    assert_eq!(
        read::<GetChainList>(&chains).chains[0].confirmations,
        Some(4)
    );
    assert_eq!(
        read::<GetAllChainList>(&chains).chains[0].confirm_num,
        Some(3)
    );
    // 2.16
    for main in [
        json!({"coinId": 1, "chain": "TRX", "network": "x"}),
        json!({"coinId": 1, "chains": ["TRX"]}),
    ] {
        let read = read::<GetMainCoinList>(&json!({ "coinChainList": [main] }));
        assert_eq!(read.coin_chain_list[0].coin_id, CoinId::new(1));
    }
}

#[test]
fn numbers_are_sent_as_numbers() {
    // 3.2, 3.8
    let invoice = CreateInvoiceUrl::new(CoinId::new(1280), "order-1", "1".parse().unwrap());
    let expected = r#"{"priceCoinId":1280,"orderId":"order-1","price":"1"}"#;
    assert_eq!(text(&invoice), expected);
    let ends = text(&invoice.clone().expired_at(Timestamp::new(1_677_152_720)));
    assert!(ends.contains(r#""expiredAt":1677152720"#), "{ends}");
    // 3.2: text as a setting, which a stored request keeps.
    let mut as_text = invoice.clone();
    as_text.price_in = as_text.price_in.as_text();
    let written = text(&as_text);
    assert!(written.contains(r#""priceCoinId":"1280""#), "{written}");
    assert_eq!(
        serde_json::from_str::<CreateInvoiceUrl>(&written).unwrap(),
        as_text
    );
    let pay = ApplyUserWithdrawToNetwork::new(
        "user-1",
        "order-1",
        CoinId::new(1280),
        "TRX".into(),
        "Tabc".into(),
        "1".parse().unwrap(),
    );
    // 3.1
    assert!(text(&pay).contains(r#""coinId":1280"#), "{}", text(&pay));
}

#[test]
fn numbers_are_read_as_text_too() {
    // 3.3, 3.5
    let mut invoice = fixture!("get_invoice_order_info.response");
    let before = read::<GetInvoiceOrderInfo>(&invoice);
    invoice["priceCoinId"] = json!(invoice["priceCoinId"].to_string().replace('"', ""));
    let arrived = &mut invoice["paidList"][0]["arrivedAt"];
    *arrived = json!(arrived.to_string());
    assert_eq!(read::<GetInvoiceOrderInfo>(&invoice), before);
    // 3.4
    let mut record = fixture!("get_app_withdraw_record.response");
    let before = read::<GetAppWithdrawRecord>(&record);
    let coin = &mut record["record"]["fee"]["coinId"];
    *coin = json!(coin.to_string().replace('"', ""));
    assert_eq!(read::<GetAppWithdrawRecord>(&record), before);
    // 3.7
    let prices = read::<GetCoinUSDTPrice>(&json!({"prices": {"1280": "1.0002"}}));
    assert_eq!(prices.prices[&CoinId::new(1280)].as_str(), "1.0002");
}

#[test]
fn an_empty_balance_is_none_and_24_decimals_are_kept() {
    // 3.6
    for (available, expected) in [
        (json!(""), None),
        (json!("0"), Some("0")),
        (json!(0), Some("0")),
    ] {
        let asset = json!({"asset": {"coinId": 1280, "available": available}});
        let read = read::<GetAppCoinAsset>(&asset);
        assert_eq!(
            read.asset.available.as_ref().map(|it| it.as_str()),
            expected
        );
    }
    // 3.10
    let record = read::<GetSwapRecord>(&fixture!("get_swap_record.response")).record;
    let mut widest = 0;
    for amount in [
        &record.amount_in,
        &record.amount_out,
        &record.net_amount_out,
    ] {
        let decimals = amount.as_str().split('.').nth(1).map_or(0, str::len);
        widest = widest.max(decimals);
    }
    assert_eq!(widest, 24);
    assert_eq!(
        "1".parse::<ccpayment::Amount>(),
        "1.000000000000000000000000".parse()
    );
}

#[test]
fn what_only_some_sources_have_may_be_missing() {
    // 4.1: missing is neither yes nor no.
    let mut order = fixture!("get_app_order_info.response");
    order["paidList"][0]
        .as_object_mut()
        .unwrap()
        .remove("isFlaggedAsRisky");
    assert_eq!(
        read::<GetAppOrderInfo>(&order).paid_list[0].is_flagged_as_risky,
        None
    );
    // 4.6, 4.7
    let record = json!({"record": {
        "recordId": "r", "coinId": 1, "amount": "1", "status": "Success", "toMemo": "", "txId": "",
    }});
    let record = read::<GetAppWithdrawRecord>(&record).record;
    assert_eq!((record.to_memo, record.tx_id), (None, None));
    let unbound = read::<AddressUnbinding>(&json!({"userID": "", "unbound": []}));
    assert_eq!(unbound.user_id, None);
}

#[test]
fn quotes_and_swaps_send_nothing_that_is_in_doubt() {
    let (a, b, amount) = (CoinId::new(1), CoinId::new(2), "1".parse().unwrap());
    assert_eq!(
        text(&Estimate::new(a, amount, b)),
        r#"{"coinIdIn":1,"amountIn":"1","coinIdOut":2}"#
    );
    assert_eq!(
        text(&Swap::new("order-1", a, "1".parse().unwrap(), b)),
        r#"{"orderId":"order-1","coinIdIn":1,"amountIn":"1","coinIdOut":2}"#
    );
}

#[test]
fn words_of_every_source_are_known_and_others_kept() {
    for (word, expected) in [
        ("Normal", ChainStatus::Normal),
        ("Maintenance", ChainStatus::Maintenance),
        ("Maintain", ChainStatus::Maintain),
        ("Sleeping", ChainStatus::Unknown("Sleeping".into())),
    ] {
        let answer = json!({"chains": [{"chain": "TRX", "status": word}]});
        assert_eq!(read::<GetChainList>(&answer).chains[0].status, expected);
    }
    for (word, is_known) in [
        ("Success", true),
        ("Successful", true),
        ("Processing", true),
    ] {
        let answer = json!({"records": [{"amount": "1", "status": word}]});
        let status = read::<GetBatchWithdrawOrderRecordList>(&answer).records[0]
            .as_ref()
            .unwrap()
            .status
            .clone();
        let is_unknown = matches!(status, Some(BatchTaskStatus::Unknown(_)));
        assert_eq!(!is_unknown, is_known, "{word}");
        assert_eq!(status.unwrap().as_str(), word);
    }
}
