//! The two readings of a request: what is let pass, what is said about it, and what is refused.

use ccpayment_sandbox::{RequestWarning, Sandbox, SandboxBuilder, Setting};
use serde_json::{Value, json};

use crate::support::{APP_ID, Merchant, SECRET, START, ask, payout};

fn default() -> SandboxBuilder {
    Sandbox::builder()
        .app(APP_ID, SECRET)
        .start_time(START)
        .balance(1280, "100")
}

fn unknown() -> SandboxBuilder {
    default().setting(Setting::AllowUnknownFields(true))
}

async fn said(sandbox: &Sandbox, route: &str, body: Value) -> (Value, Vec<RequestWarning>) {
    let envelope = ask(sandbox, route, body).await;
    let request = sandbox.requests().pop().unwrap();
    (envelope, request.warnings)
}

#[tokio::test]
async fn null_and_nothing_are_not_set() {
    let sandbox = default().build().unwrap();
    let mut body = payout("out-1", "5");
    body["memo"] = Value::Null;
    body["merchantPayNetworkFee"] = json!("");
    body["notifyUrl"] = json!("");
    body["networkFeeInquiryID"] = json!([]);
    let (envelope, warnings) = said(&sandbox, "applyAppWithdrawToNetwork", body.clone()).await;
    assert_eq!(envelope["code"], 10_000, "{envelope}");
    let field = |name: &str| name.to_owned();
    let memo = field("memo");
    let fee = field("merchantPayNetworkFee");
    let quote = field("networkFeeInquiryID");
    // An empty text where a text may stand is nothing in both readings.
    let expected = [
        RequestWarning::Null { field: memo },
        RequestWarning::Empty { field: fee },
        RequestWarning::Empty { field: quote },
    ];
    assert_eq!(warnings, expected);
    assert_eq!(
        warnings[0].to_string(),
        "`memo` is null and was read as not set"
    );
    // The strict reading refuses each of them.
    let strict = default().strict().build().unwrap();
    for name in ["memo", "merchantPayNetworkFee", "networkFeeInquiryID"] {
        let mut one = payout("out-1", "5");
        one[name] = body[name].clone();
        let (envelope, warnings) = said(&strict, "applyAppWithdrawToNetwork", one).await;
        assert_eq!(envelope["code"], 11_000, "{name}: {envelope}");
        assert!(warnings.is_empty());
    }
}

#[tokio::test]
async fn both_names_of_a_field_at_once_are_refused() {
    let sandbox = default().build().unwrap();
    let route = "getUserWithdrawRecordList";
    let one = json!({ "userId": "user-1", "address": "0x1", "toAddress": null });
    let (_, warnings) = said(&sandbox, route, one).await;
    assert!(
        matches!(&warnings[..], [.., RequestWarning::Renamed { .. }]),
        "{warnings:?}"
    );
    let both = json!({ "userId": "user-1", "address": "0x1", "toAddress": "0x2" });
    let (envelope, warnings) = said(&sandbox, route, both).await;
    assert_eq!((&envelope["code"], warnings), (&json!(11_000), vec![]));
    assert!(envelope["msg"].as_str().unwrap().contains("`address`"));
}

/// The second of two amounts counts for a reader of JSON, and the first for whoever wrote it.
#[tokio::test]
async fn a_name_that_is_there_twice_is_refused() {
    let merchant = Merchant::new(default()).await;
    let one = payout("out-1", "5").to_string();
    let end = one.rfind('}').unwrap();
    for (more, name) in [
        (r#""amount":"50""#, "amount"),
        (r#""\u0061mount":"50""#, "amount"),
        (r#""orderId":null"#, "orderId"),
        (r#""x":[{"memo":"1","memo":"2"}]"#, "memo"),
    ] {
        let body = format!("{},{more}}}", &one[..end]);
        for strict in [true, false] {
            merchant.sandbox.set(Setting::Strict(strict)).unwrap();
            let envelope = merchant.text("applyAppWithdrawToNetwork", &body).await;
            assert_eq!(envelope["code"], 11_000, "{body}: {envelope}");
            let says = format!("InvalidArgument: `{name}` is there twice at line 1");
            let message = envelope["msg"].as_str().unwrap();
            assert!(message.starts_with(&says), "{message}");
        }
    }
    assert!(merchant.sandbox.payouts().is_empty());
}

/// A user's withdrawal has no choice of who pays the fee: who asks for it has to know.
#[tokio::test]
async fn what_means_nothing_is_said() {
    let sandbox = default().user_balance("alice", 1280, "10").build().unwrap();
    let mut body = payout("out-1", "5");
    body["userId"] = json!("alice");
    body["merchantPayNetworkFee"] = json!(true);
    let route = "applyUserWithdrawToNetwork";
    let (envelope, warnings) = said(&sandbox, route, body).await;
    assert_eq!(envelope["code"], 10_000, "{envelope}");
    let field = "merchantPayNetworkFee".to_owned();
    assert_eq!(warnings, [RequestWarning::Ignored { field }]);
}

#[tokio::test]
async fn a_number_as_text_has_one_spelling() {
    let sandbox = default().build().unwrap();
    for (coin, code) in [("1280", 11_015), ("+1280", 11_000), ("01280", 11_000)] {
        let mut body = payout("out-1", "5");
        body["userId"] = json!("user-1");
        body["coinId"] = json!(coin);
        let (envelope, _) = said(&sandbox, "applyUserWithdrawToNetwork", body).await;
        assert_eq!(envelope["code"], code, "{coin}: {envelope}");
    }
}

/// Zero is a number where the documents have no other meaning for it.
#[tokio::test]
async fn a_zero_that_says_something_is_kept() {
    let sandbox = default().build().unwrap();
    let batch = json!({ "batchOrderId": "batch-1", "verbose": 0 });
    let (_, warnings) = said(&sandbox, "getBatchWithdrawOrder", batch).await;
    assert_eq!(warnings, []);
    let flag = json!({
        "orderId": "order-1", "coinId": 1280, "chain": "POLYGON", "price": "1",
        "generateCheckoutURL": false,
    });
    let (envelope, warnings) = said(&sandbox, "createAppOrderDepositAddress", flag).await;
    assert_eq!((&envelope["code"], warnings), (&json!(10_000), vec![]));
}

#[tokio::test]
async fn a_field_that_nobody_documents_is_refused_or_ignored() {
    let coin = json!({ "coinId": 1280, "coin_Id": 1, "é\n": {} });
    let sandbox = default().build().unwrap();
    let (envelope, _) = said(&sandbox, "getCoin", coin.clone()).await;
    assert_eq!(envelope["code"], 11_000);
    let message = envelope["msg"].as_str().unwrap();
    assert!(message.contains("did you mean `coinId`?"), "{message}");
    // Null makes no field known.
    let (envelope, _) = said(&sandbox, "getCoin", json!({ "coinId": 1280, "x": null })).await;
    assert_eq!(envelope["code"], 11_000);

    let sandbox = unknown().build().unwrap();
    let (envelope, warnings) = said(&sandbox, "getCoin", coin).await;
    assert_eq!(envelope["code"], 10_000, "{envelope}");
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    // In rows, too; and what is missing is missing still.
    let body = json!({ "batchOrderId": "b-1", "orders": [{ "address": "x", "adress": 1 }] });
    let (envelope, warnings) = said(&sandbox, "appendBatchWithdraw", body).await;
    assert_eq!(envelope["code"], 11_000, "{envelope}");
    let field = "orders[].adress".to_owned();
    assert_eq!(warnings, [RequestWarning::Unknown { field }]);
    // Strict is strict.
    let sandbox = unknown().strict().build().unwrap();
    let (envelope, _) = said(&sandbox, "getCoin", json!({ "coinId": 1280, "x": 1 })).await;
    assert_eq!(envelope["code"], 11_000);
}

#[tokio::test]
async fn warnings_are_bounded_and_fit_a_header() {
    let sandbox = unknown().build().unwrap();
    let mut body = json!({ "coinId": 1280 });
    for number in 0..1_000 {
        body[format!("ü\r\n{number}{}", "x".repeat(900))] = json!(1);
    }
    let (envelope, warnings) = said(&sandbox, "getCoin", body.clone()).await;
    assert_eq!(envelope["code"], 10_000);
    assert_eq!(warnings.len(), 16);
    let longest = warnings.iter().map(|it| it.to_string().len()).max();
    assert!(longest < Some(200), "{longest:?}");

    let body = body.to_string();
    let mut request =
        http::Request::post("/ccpayment/v2/getCoin").header("Content-Type", "application/json");
    for (name, value) in sandbox.sign_v2(body.as_bytes()) {
        request = request.header(name, value);
    }
    let request = request.body(body.into()).unwrap();
    let answer = sandbox.respond(request).await.unwrap();
    let header = answer.headers()["x-sandbox-warning"].to_str().unwrap();
    assert!(header.starts_with("`0xxx"), "{header}");
    assert!(header.len() < 2_000);
}

/// It can be changed while the sandbox runs, and counts from then on.
#[tokio::test]
async fn the_reading_is_a_setting() {
    let sandbox = default().build().unwrap();
    let list = json!({ "startAt": START - 200 * 86_400, "endAt": START });
    let (envelope, warnings) = said(&sandbox, "getAppWithdrawRecordList", list.clone()).await;
    assert_eq!(envelope["code"], 10_000, "{envelope}");
    assert_eq!(warnings, [RequestWarning::WideSpan]);
    sandbox.set(Setting::Strict(true)).unwrap();
    let (envelope, warnings) = said(&sandbox, "getAppWithdrawRecordList", list).await;
    assert_eq!((&envelope["code"], warnings), (&json!(11_008), vec![]));
}

#[cfg(feature = "cli")]
#[tokio::test]
async fn a_kept_sandbox_reads_as_this_start_says() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("reading");
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("sandbox.db");
    let _ = std::fs::remove_file(&file);
    let coin = json!({ "coinId": 1280, "x": 1 });
    for (builder, code) in [
        (default(), 11_000),
        (unknown(), 10_000),
        (unknown().strict(), 11_000),
        (unknown(), 10_000),
        (default(), 11_000),
    ] {
        let sandbox = builder.state_file(&file).build().unwrap();
        assert_eq!(ask(&sandbox, "getCoin", coin.clone()).await["code"], code);
    }
}

/// Every setting and every spelling that the guide shows is one.
#[test]
fn the_settings_of_the_guide_can_be_set() {
    let sandbox = default().build().unwrap();
    let guide = include_str!("../../docs/sandbox.md");
    let (_, tables) = guide.split_once("## Settings for tests").unwrap();
    let (tables, _) = tables.split_once("\n## ").unwrap();
    let mut set = 0;
    for line in tables.lines() {
        let Some((word, _)) = line
            .strip_prefix("| `")
            .and_then(|rest| rest.split_once('`'))
        else {
            continue;
        };
        let json = if word.starts_with('{') {
            word.to_owned()
        } else {
            json!({ "Spell": { "spelling": word, "on": true } }).to_string()
        };
        let setting: Setting =
            serde_json::from_str(&json).unwrap_or_else(|e| panic!("{json}: {e}"));
        sandbox.set(setting).unwrap();
        set += 1;
    }
    assert_eq!(set, 12);
}
