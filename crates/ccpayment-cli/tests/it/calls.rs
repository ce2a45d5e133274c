//! `routes`, `call` and `sandbox`.

use serde_json::Value;

use crate::support::{ADDRESS, Gateway, Ran, ccpay, written};

#[test]
fn every_operation_is_listed_with_its_command() {
    let all = Ran::of(ccpay().args(["--json", "routes"])).ended(0).json();
    assert_eq!(all.as_array().unwrap().len(), 61 + 14);
    let v1 = Ran::of(ccpay().args(["--json", "routes", "--api", "v1"]))
        .ended(0)
        .json();
    assert_eq!(v1.as_array().unwrap().len(), 14);
    let table = Ran::of(ccpay().args(["routes", "--group", "withdrawal"]))
        .ended(0)
        .out;
    let row = table
        .lines()
        .find(|it| it.contains("applyAppWithdrawToNetwork"))
        .unwrap();
    for word in [
        "v2",
        "acts once",
        "payout",
        "/ccpayment/v2/applyAppWithdrawToNetwork",
    ] {
        assert!(row.contains(word), "{row}");
    }
}

#[test]
fn a_read_is_shown_to_people_and_to_machines() {
    let gateway = Gateway::start(&[]);
    let coin = ["call", "getCoin", "--coinId", "1280"];
    let shown = gateway.run(&coin).ended(0).out;
    assert!(
        shown
            .lines()
            .any(|it| it.starts_with("coin.symbol ") && it.ends_with("USDT")),
        "{shown}"
    );
    let json = gateway
        .run(&[&["--json"], &coin[..]].concat())
        .ended(0)
        .json();
    assert_eq!(json["coin"]["coinId"], 1280);
    // The older API, whose answers are signed.
    let coins = gateway
        .run(&["--json", "call", "list_coins"])
        .ended(0)
        .json();
    assert!(coins.is_object() || coins.is_array(), "{coins}");
}

#[test]
fn lists_and_whole_requests_are_json() {
    let gateway = Gateway::start(&[]);
    let prices = gateway.run(&[
        "--json",
        "call",
        "getCoinUSDTPrice",
        "--coinIds",
        "[1280,1]",
    ]);
    assert!(prices.ended(0).out.contains("1280"));
    let wrong = gateway
        .run(&["call", "getCoinUSDTPrice", "--coinIds", "1280"])
        .ended(2);
    assert!(wrong.err.contains("JSON list"), "{}", wrong.err);

    let folder = tempfile::tempdir().unwrap();
    let whole = |text: &str| {
        let file = written(folder.path(), "body", text);
        gateway.run(&[
            "--json",
            "call",
            "getCoin",
            "--body",
            file.to_str().unwrap(),
        ])
    };
    assert_eq!(
        whole(r#"{"coinId":1280}"#).ended(0).json()["coin"]["symbol"],
        "USDT"
    );
    assert!(
        whole(r#"{"coinId":1280,"chain":"ETH"}"#)
            .ended(2)
            .err
            .contains("no field chain")
    );
}

#[test]
fn a_refusal_ends_with_3_and_names_code_and_advice() {
    let gateway = Gateway::start(&[]);
    let refused = gateway
        .run(&["call", "getCoin", "--coinId", "999999"])
        .ended(3);
    assert!(refused.err.contains("getCoin failed"), "{}", refused.err);
    let mut command = gateway.command(&["call", "getCoinList"]);
    let refused = Ran::of(command.env("CCPAYMENT_APP_SECRET", "another-secret")).ended(3);
    assert!(
        refused.err.contains("11005") && refused.err.contains("dashboard"),
        "{}",
        refused.err
    );
    let mut command = gateway.command(&["--json", "call", "getCoinList"]);
    let refused = Ran::of(command.env("CCPAYMENT_APP_SECRET", "another-secret")).ended(3);
    let error: Value = serde_json::from_str(&refused.err).unwrap();
    assert_eq!(error["error"]["code"], 11005);
}

#[test]
fn nobody_there_is_a_failure_in_which_nothing_happened() {
    let port = crate::support::free_port();
    let origin = format!("http://127.0.0.1:{port}");
    let call = ["--origin", &origin, "--timeout", "2", "call", "getCoinList"];
    let ran = Ran::of(ccpay().args(call)).ended(1);
    assert!(ran.err.contains("ccpay doctor"), "{}", ran.err);
}

#[test]
fn what_acts_is_asked_about_and_a_payout_is_not_called() {
    let gateway = Gateway::start(&[]);
    let order = [
        "--orderId",
        "order-1",
        "--coinId",
        "1280",
        "--chain",
        "POLYGON",
        "--price",
        "20",
    ];
    let call = [&["call", "createAppOrderDepositAddress"], &order[..]].concat();
    let refused = gateway.run(&call).ended(7);
    assert!(refused.err.contains("--yes"), "{}", refused.err);
    gateway
        .run(&["call", "getAppOrderInfo", "--orderId", "order-1"])
        .ended(3);

    // Under the same id it is the same order, however often it is sent.
    let first = gateway.order("order-1");
    assert!(gateway.order("order-1").eq_ignore_ascii_case(&first));
    let paid = [
        "call",
        "applyAppWithdrawToNetwork",
        "--orderId",
        "payout-1",
        "--address",
        ADDRESS,
        "--coinId",
        "1280",
        "--chain",
        "POLYGON",
        "--amount",
        "5",
        "--yes",
    ];
    let refused = gateway.run(&paid).ended(2);
    assert!(
        refused
            .err
            .contains("ccpay payout applyAppWithdrawToNetwork"),
        "{}",
        refused.err
    );
}

#[test]
fn a_documented_rule_is_checked_before_anything_is_sent() {
    let order = [
        "--orderId",
        "order-1",
        "--coinId",
        "1280",
        "--chain",
        "POLYGON",
        "--price",
        "0",
    ];
    let call = [
        "--origin",
        "http://127.0.0.1:1",
        "call",
        "createAppOrderDepositAddress",
        "--yes",
    ];
    let ran = Ran::of(ccpay().args(call).args(order)).ended(2);
    assert!(ran.err.contains("price"), "{}", ran.err);
}

#[test]
fn fields_that_stand_for_each_other_are_held_to_their_rule() {
    let gateway = Gateway::start(&[]);
    let invoice = [
        "--orderId",
        "invoice-1",
        "--product",
        "tea",
        "--price",
        "7.5",
    ];
    let run = |more: &[&str]| {
        let call = ["--json", "call", "createInvoiceUrl", "--yes"];
        gateway.run(&[&call[..], &invoice, more].concat())
    };
    let both = ["--priceFiatId", "1033", "--priceCoinId", "1280"];
    for wrong in [run(&[]), run(&both)] {
        assert!(
            wrong
                .ended(2)
                .err
                .contains("exactly one of --priceFiatId and --priceCoinId")
        );
    }
    let made = run(&["--priceFiatId", "1033"]).ended(0).json();
    assert!(made["created"]["invoiceUrl"].is_string(), "{made}");
}

/// Its record has no address, so only the answer shows it.
#[test]
fn an_order_of_the_older_api_shows_where_to_pay() {
    let gateway = Gateway::start(&[]);
    let coins = gateway.run(&["--json", "call", "list_coins"]).ended(0).out;
    let (_, id) = coins.split_once("\"token_id\":\"").unwrap();
    let (id, _) = id.split_once('"').unwrap();
    let order = [
        "--merchant_order_id",
        "order-1",
        "--product_price",
        "50",
        "--token_id",
        id,
    ];
    let call = [
        "--json",
        "call",
        "create_order",
        "--denominated_currency",
        "USD",
        "--yes",
    ];
    let made = gateway.run(&[&call[..], &order].concat()).ended(0).json();
    assert!(made["created"]["pay_address"].is_string(), "{made}");
}

#[test]
fn a_sandbox_ends_cleanly_and_keeps_its_state() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.db");
    let options = ["--state", state.to_str().unwrap()];
    let gateway = Gateway::start(&options);
    let address = gateway.order("order-1");
    assert!(gateway.running.end("-TERM").ends_with("stopped\n"));
    let gateway = Gateway::start(&options);
    assert!(gateway.order("order-1").eq_ignore_ascii_case(&address));
    assert!(gateway.running.end("-INT").ends_with("stopped\n"));
}
