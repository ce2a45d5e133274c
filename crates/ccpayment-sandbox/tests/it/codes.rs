//! Every code of the table can be met: by state where the API says which, else by instruction.

use std::collections::BTreeSet;
use std::time::Duration;

use ccpayment_sandbox::{AddressKind, IncomingPayment, Sandbox, SandboxError, Setting};
use serde_json::{Value, json};

use crate::support::{APP_ID, RECEIVER, START, ask, builder, city, data, payout, text};

const OTHER: &str = "0x1111111111111111111111111111111111111111";
const NETWORK: &str = "applyAppWithdrawToNetwork";
const CWALLET: &str = "applyAppWithdrawToCwallet";
const ORDER: &str = "createAppOrderDepositAddress";

/// Notes which codes were met.
struct Walk(BTreeSet<u64>);

impl Walk {
    async fn meet(&mut self, sandbox: &Sandbox, route: &str, body: Value, code: u64) {
        let envelope = ask(sandbox, route, body.clone()).await;
        assert_eq!(envelope["code"], code, "{route} {body} {envelope}");
        self.0.insert(code);
    }

    /// Sets, meets, and starts over: settings of one code must not hide those of another.
    async fn under(&mut self, setting: Setting, route: &str, body: Value, code: u64) {
        let sandbox = city();
        sandbox.set(setting).unwrap();
        self.meet(&sandbox, route, body, code).await;
        assert!(sandbox.ledger().is_balanced());
    }
}

fn table() -> BTreeSet<u64> {
    let document: Value = serde_json::from_str(include_str!("../../schema/v2.json")).unwrap();
    let rows = document["x-ccpayment-codes"].as_array().unwrap().clone();
    rows.iter()
        .map(|row| row["code"].as_u64().unwrap())
        .collect()
}

fn order(order_id: &str) -> Value {
    json!({ "orderId": order_id, "coinId": 1280, "chain": "POLYGON", "price": "1", "fiatId": 1033 })
}

fn to(address: &str) -> Value {
    json!({ "orderId": "to-1", "coinId": 1280, "chain": "POLYGON", "address": address, "amount": "1" })
}

fn wallet(user: &str, amount: &str) -> Value {
    json!({ "orderId": "wallet", "coinId": 1280, "cwalletUser": user, "amount": amount })
}

fn swap(coin_in: u64, amount: &str, coin_out: u64) -> Value {
    json!({ "orderId": "swap", "coinIdIn": coin_in, "amountIn": amount, "coinIdOut": coin_out })
}

fn with(mut body: Value, name: &str, value: Value) -> Value {
    body[name] = value;
    body
}

#[tokio::test]
async fn every_code_of_the_table_can_be_met() {
    let mut walk = Walk(BTreeSet::new());
    common(&mut walk).await;
    limits(&mut walk).await;
    withdrawals(&mut walk).await;
    markets(&mut walk).await;
    addresses(&mut walk).await;
    swaps(&mut walk).await;
    batches(&mut walk).await;
    // Headers: see checks.rs, where each is sent on a socket. Broken books: see src/sandbox.rs.
    for code in [11_001, 11_002, 11_005, 11_006] {
        walk.0.insert(code);
    }
    let by_state = walk.0.clone();
    assert_eq!(by_state.len(), 75, "{by_state:?}");

    // All of them by instruction, on any route; those that no state leads to only so.
    let sandbox = city();
    let all = table();
    assert_eq!(all.len(), 81);
    for code in &all {
        let code = u32::try_from(*code).unwrap();
        sandbox.fail_next("getCoin", code).unwrap();
        walk.meet(
            &sandbox,
            "getCoin",
            json!({ "coinId": 1280 }),
            u64::from(code),
        )
        .await;
    }
    assert_eq!(walk.0, all);
    let only_instructed: Vec<u64> = all.difference(&by_state).copied().collect();
    assert_eq!(
        only_instructed,
        [10_001, 11_007, 11_018, 15_000, 15_002, 17_006]
    );
}

async fn limits(walk: &mut Walk) {
    let coin = || json!({ "coinId": 1280 });
    let sandbox = city();
    sandbox.set(Setting::CallsPerSecond(Some(2))).unwrap();
    for code in [10_000, 10_000, 11_004, 11_004] {
        walk.meet(&sandbox, "getCoin", coin(), code).await;
    }
    sandbox.advance(Duration::from_secs(1));
    walk.meet(&sandbox, "getCoin", coin(), 10_000).await;
    sandbox.set(Setting::CallsPerDay(Some(1))).unwrap();
    sandbox.advance(Duration::from_secs(1));
    walk.meet(&sandbox, "getCoin", coin(), 11_009).await;
    sandbox.advance(Duration::from_secs(86_400));
    walk.meet(&sandbox, "getCoin", coin(), 10_000).await;

    let sandbox = city();
    sandbox.set(Setting::SwapsPerDay(Some(1))).unwrap();
    walk.meet(&sandbox, "swap", swap(1280, "1", 1329), 10_000)
        .await;
    let mut second = swap(1280, "1", 1329);
    second["orderId"] = json!("swap-2");
    walk.meet(&sandbox, "swap", second.clone(), 16_004).await;
    sandbox.advance(Duration::from_secs(86_400));
    walk.meet(&sandbox, "swap", second, 10_000).await;
    let missing = Setting::AllowListMissing(true);
    walk.under(missing.clone(), "swap", swap(1280, "1", 1329), 14_021)
        .await;
    walk.under(missing, NETWORK, payout("abc", "1"), 14_020)
        .await;
}

async fn common(walk: &mut Walk) {
    let sandbox = city();
    let now = sandbox.now();
    walk.meet(&sandbox, "getCoin", json!({ "coinId": 1280 }), 10_000)
        .await;
    walk.meet(&sandbox, "getCoin", json!({}), 11_000).await;
    let none = json!({ "orderId": "none" });
    walk.meet(&sandbox, "getAppOrderInfo", none, 11_003).await;
    let wide = json!({ "startAt": now - 91 * 86_400 });
    walk.meet(&sandbox, "getAppWithdrawRecordList", wide, 11_008)
        .await;
    let ids: Vec<String> = (0..101).map(|id| format!("id-{id}")).collect();
    let many = json!({ "recordIds": ids });
    walk.meet(&sandbox, "getAutoWithdrawRecordList", many, 11_010)
        .await;
    data(&sandbox, ORDER, order("twice")).await;
    walk.meet(&sandbox, ORDER, order("twice"), 11_011).await;
    let invoice = json!({ "orderId": "twice", "price": "1", "priceFiatId": 1033 });
    walk.meet(&sandbox, "createInvoiceUrl", invoice, 11_011)
        .await;
    let far = with(order("far"), "expiredAt", json!(now + 864_001));
    walk.meet(&sandbox, ORDER, far, 11_012).await;
    let nobody = json!({ "userId": "nobody" });
    walk.meet(&sandbox, "getUserCoinAssetList", nobody, 11_015)
        .await;
    let inside = data(&sandbox, CWALLET, wallet("35255142", "1")).await;
    let inside = json!({ "record_id": inside["recordId"] });
    walk.meet(&sandbox, "getPaymentBlockHeight", inside, 11_016)
        .await;
    walk.under(
        Setting::Cwallet(false),
        CWALLET,
        wallet("35255142", "1"),
        11_017,
    )
    .await;
    let other = json!({ "appId": "somebody-else" });
    walk.meet(&sandbox, "getMainCoinList", other, 12_001).await;
    walk.meet(&sandbox, "getCoin", json!({ "coinId": 9 }), 13_000)
        .await;
    let chain = json!({ "chain": "EOS", "referenceId": "abc" });
    walk.meet(&sandbox, "getOrCreateAppDepositAddress", chain, 13_001)
        .await;

    // The whole account at once.
    for code in [11_013, 11_014, 12_000, 12_002, 12_003] {
        let sandbox = city();
        sandbox.set(Setting::RefuseEverything(Some(code))).unwrap();
        let envelope = ask(&sandbox, "getCoinList", Value::Null).await;
        assert_eq!(envelope["code"], code);
        walk.0.insert(u64::from(code));
        sandbox.set(Setting::RefuseEverything(None)).unwrap();
        assert_eq!(
            ask(&sandbox, "getCoinList", Value::Null).await["code"],
            10_000
        );
    }
    let unknown = Setting::RefuseEverything(Some(9));
    assert_eq!(sandbox.set(unknown), Err(SandboxError::UnknownCode(9)));
    assert_eq!(
        sandbox.fail_next("getCoin", 1),
        Err(SandboxError::UnknownCode(1))
    );
    assert!(matches!(
        sandbox.fail_next("getNothing", 10_001),
        Err(SandboxError::UnknownRoute(_))
    ));
}

async fn withdrawals(walk: &mut Walk) {
    let sandbox = city();
    let own = data(&sandbox, ORDER, order("own")).await;
    let own = own["address"].as_str().unwrap().to_owned();
    for (body, code) in [
        (payout("abc", "5000"), 14_000),
        (payout("abc", "0.001"), 14_005),
        (to("0x12"), 14_007),
        (to(&own), 14_008),
        (with(to(RECEIVER), "memo", json!("1")), 14_009),
        (payout("abc", "1.0000001"), 14_013),
        (payout("abc", "0.05"), 14_019),
    ] {
        walk.meet(&sandbox, NETWORK, body, code).await;
    }
    let ripple = json!({ "orderId": "xrp", "coinId": 1486, "chain": "XRP", "address": "rsomebody", "amount": "5" });
    walk.meet(&sandbox, NETWORK, ripple, 14_003).await;
    let much = json!({ "orderId": "trx", "coinId": 1482, "chain": "TRX", "address": "TRPKg7eGMy9aZS2RumSPeWoyVkDqTVwLgL", "amount": "100001" });
    walk.meet(&sandbox, NETWORK, much, 14_006).await;

    // A fee that rose after it was quoted, and one that another coin pays.
    let quote = data(
        &sandbox,
        "getWithdrawFee",
        json!({ "coinId": 1280, "chain": "POLYGON" }),
    )
    .await;
    let quoted = with(
        payout("quoted", "1"),
        "networkFeeInquiryID",
        quote["networkFeeInquiryID"].clone(),
    );
    let fee = |amount: &str| Setting::NetworkFee {
        coin_id: 1280,
        chain: "POLYGON".to_owned(),
        amount: amount.to_owned(),
    };
    sandbox.set(fee("0.06")).unwrap();
    walk.meet(&sandbox, NETWORK, quoted.clone(), 14_001).await;
    sandbox.set(fee("0.04")).unwrap();
    data(&sandbox, NETWORK, quoted).await;
    let in_eth = Setting::FeeCoin {
        coin_id: 1280,
        chain: "POLYGON".to_owned(),
        fee_coin_id: 2,
    };
    sandbox.set(in_eth).unwrap();
    walk.meet(&sandbox, NETWORK, payout("eth", "1"), 14_011)
        .await;
    sandbox.fund(None, 2, "1").unwrap();
    data(&sandbox, NETWORK, payout("eth", "1")).await;
    let record = data(
        &sandbox,
        "getAppWithdrawRecord",
        json!({ "orderId": "eth" }),
    )
    .await;
    assert_eq!(record["record"]["fee"]["coinSymbol"], "ETH");
    assert_eq!(sandbox.ledger().balance("merchant:available", 2), "0.96");

    for (kind, code) in [
        (AddressKind::Inactive, 14_002),
        (AddressKind::OtherMerchant, 14_012),
        (AddressKind::Contract, 14_015),
        (AddressKind::NotAnAccount, 14_016),
        (AddressKind::Blacklisted, 14_017),
        (AddressKind::Risky, 14_026),
    ] {
        let address = OTHER.to_owned();
        walk.under(Setting::Address { address, kind }, NETWORK, to(OTHER), code)
            .await;
    }
    for (setting, code) in [
        (Setting::SweepingDebt(true), 14_014),
        (Setting::Withdrawals(false), 14_018),
    ] {
        walk.under(setting, NETWORK, payout("abc", "1"), code).await;
    }
    let sandbox = city();
    sandbox.set(Setting::TestMode(true)).unwrap();
    walk.meet(&sandbox, NETWORK, payout("ten", "10.1"), 14_023)
        .await;
    for number in 0..10 {
        data(&sandbox, NETWORK, payout(&format!("ten-{number}"), "10")).await;
    }
    walk.meet(&sandbox, NETWORK, payout("last", "1"), 14_022)
        .await;
}

async fn markets(walk: &mut Walk) {
    let coin_id = 1280;
    let chain = || "POLYGON".to_owned();
    let abnormal = Setting::PriceAbnormal {
        coin_id,
        abnormal: true,
    };
    walk.under(abnormal.clone(), ORDER, order("abc"), 13_002)
        .await;
    walk.under(abnormal.clone(), NETWORK, payout("abc", "1"), 13_003)
        .await;
    let on_top = with(payout("abc", "1"), "merchantPayNetworkFee", json!(true));
    walk.under(abnormal, NETWORK, on_top, 10_000).await;
    let unstable = Setting::ChainUnstable {
        chain: chain(),
        unstable: true,
    };
    walk.under(unstable, NETWORK, payout("abc", "1"), 13_004)
        .await;
    let status = |status: &str| Setting::CoinStatus {
        coin_id,
        status: status.to_owned(),
    };
    for (word, orders, withdrawals) in [
        ("Normal", 10_000, 10_000),
        ("Maintain", 10_000, 13_005),
        ("Pre-delisting", 13_005, 10_000),
        ("Delisted", 13_005, 13_005),
    ] {
        walk.under(status(word), ORDER, order("abc"), orders).await;
        walk.under(status(word), NETWORK, payout("abc", "1"), withdrawals)
            .await;
    }
    let closed = Setting::ChainWithdrawals {
        chain: chain(),
        open: false,
    };
    walk.under(closed, NETWORK, payout("abc", "1"), 14_004)
        .await;
    let off = Setting::CoinOn { coin_id, on: false };
    walk.under(off, NETWORK, payout("abc", "1"), 14_010).await;
    let closed = Setting::ChainDeposits {
        chain: chain(),
        open: false,
    };
    walk.under(closed, ORDER, order("abc"), 15_003).await;
}

async fn addresses(walk: &mut Walk) {
    let release = "addressUnbinding";
    let unbind = |chain: &str, address: &str| json!({ "chain": chain, "address": address });
    let sandbox = city();
    let fresh = |reference: &str, chain: &str| json!({ "referenceId": reference, "chain": chain });
    let make = "getOrCreateAppDepositAddress";
    let evm = data(&sandbox, make, fresh("ref-1", "ETH")).await;
    let evm = evm["address"].as_str().unwrap().to_owned();
    let memo = data(&sandbox, make, fresh("ref-1", "XRP")).await;
    let memo = memo["address"].as_str().unwrap().to_owned();
    let of_order = data(&sandbox, ORDER, order("own")).await;
    let of_order = of_order["address"].as_str().unwrap().to_owned();
    sandbox
        .set(Setting::Address {
            address: OTHER.to_owned(),
            kind: AddressKind::OtherMerchant,
        })
        .unwrap();
    for (body, code) in [
        (unbind("ETH", &evm), 17_000),
        (unbind("ETH", OTHER), 17_001),
        (unbind("XRP", &memo), 17_002),
        (unbind("POLYGON", &of_order), 17_004),
        (unbind("TRX", &evm), 17_005),
        (unbind("ETH", RECEIVER), 17_007),
    ] {
        walk.meet(&sandbox, release, body, code).await;
    }
    sandbox
        .send_payment(IncomingPayment::new(&evm, "1").coin(1280, "BSC"))
        .unwrap();
    data(&sandbox, release, unbind("POLYGON", &evm)).await;
    walk.meet(&sandbox, release, unbind("ETH", &evm), 17_003)
        .await;

    sandbox.set(Setting::AddressLimit(2)).unwrap();
    data(&sandbox, make, fresh("ref-2", "ETH")).await;
    walk.meet(&sandbox, make, fresh("ref-3", "ETH"), 15_001)
        .await;
    data(&sandbox, make, fresh("ref-2", "POLYGON")).await;

    // The page of an invoice, which no route serves.
    let expired =
        json!({ "orderId": "late", "price": "1", "priceCoinId": 1280, "expiredAt": START + 60 });
    data(&sandbox, "createInvoiceUrl", expired).await;
    assert!(sandbox.pick_coin("late", 1280, "POLYGON").is_ok());
    sandbox.advance(Duration::from_secs(61));
    assert!(matches!(
        sandbox.pick_coin("late", 1280, "POLYGON"),
        Err(SandboxError::Refused { code: 15_004, .. })
    ));
    walk.0.insert(15_004);
}

async fn swaps(walk: &mut Walk) {
    let sandbox = city();
    walk.meet(&sandbox, "swap", swap(1280, "1", 1891), 16_001)
        .await;
    walk.meet(&sandbox, "swap", swap(1280, "0.09", 1329), 16_002)
        .await;
    let greedy = with(swap(1280, "100", 1329), "amountOutMinimum", json!("90"));
    walk.meet(&sandbox, "swap", greedy, 16_003).await;
    walk.meet(&sandbox, "swap", swap(1280, "1", 1280), 16_006)
        .await;
    walk.under(Setting::Swaps(false), "swap", swap(1280, "1", 1329), 16_005)
        .await;
    let stopped = Setting::CoinSwaps {
        coin_id: 1329,
        on: false,
    };
    walk.under(stopped, "swap", swap(1280, "1", 1329), 13_006)
        .await;
}

async fn batches(walk: &mut Walk) {
    let row = |seq: u64, address: &str| json!({ "seq": seq, "orderId": format!("row-{seq}"), "address": address, "amount": "1" });
    let batch = |id: &str, coin: u64, chain: &str, rows: Value| {
        json!({
            "batchOrderId": id, "coinId": coin, "chain": chain, "mode": "Batch", "orders": rows,
        })
    };
    let apply = "applyBatchWithdraw";
    let sandbox = city();
    let black = Setting::Address {
        address: OTHER.to_owned(),
        kind: AddressKind::Blacklisted,
    };
    sandbox.set(black).unwrap();
    for (rows, code) in [
        (json!([row(1, "0x12")]), 14_024),
        (json!([row(1, RECEIVER), row(1, RECEIVER)]), 14_027),
        (json!([row(1, OTHER)]), 14_029),
    ] {
        let body = batch("batch-1", 1280, "POLYGON", rows);
        walk.meet(&sandbox, apply, body, code).await;
    }
    let ripple = batch("batch-1", 1486, "XRP", json!([row(1, "rsomebody")]));
    walk.meet(&sandbox, apply, ripple, 14_025).await;
    let good = batch("batch-1", 1280, "POLYGON", json!([row(1, RECEIVER)]));
    data(&sandbox, apply, good).await;
    let id = json!({ "batchOrderId": "batch-1" });
    data(&sandbox, "confirmBatchWithdraw", id.clone()).await;
    walk.meet(&sandbox, "abortBatchWithdraw", id, 14_028).await;
}

#[tokio::test]
async fn an_instruction_counts_once_and_only_for_what_passes_its_checks() {
    let sandbox = builder().balance(1280, "10").build().unwrap();
    sandbox.fail_next(NETWORK, 11_004).unwrap();
    sandbox
        .fail_next("/applyAppWithdrawToNetwork", 10_001)
        .unwrap();
    let malformed = ask(&sandbox, NETWORK, json!({})).await;
    assert_eq!(malformed["code"], 11_000);
    for code in [11_004, 10_001, 10_000, 11_011] {
        let envelope = ask(&sandbox, NETWORK, payout("abc", "1")).await;
        assert_eq!(envelope["code"], code);
    }
    assert_eq!(sandbox.app_id(), APP_ID);
    assert!(
        text(&ask(&sandbox, NETWORK, payout("abc", "1")).await["msg"]).contains("OrderDuplicate")
    );
}
