//! Swaps by the numbers of the documents.

use bigdecimal::BigDecimal;
use ccpayment_sandbox::Setting;
use serde_json::{Value, json};

use crate::support::{city, data, refused, text};

fn number(value: &Value) -> BigDecimal {
    text(value).parse().unwrap()
}

#[tokio::test]
async fn the_fee_is_half_a_percent_but_never_below_a_tenth_of_a_dollar() {
    let sandbox = city();
    // The example of the documents: 0.1 / 0.996.
    let price = Setting::CoinPrice {
        coin_id: 1280,
        usd: "0.996".to_owned(),
    };
    sandbox.set(price).unwrap();
    let quote = |amount: &str| json!({ "coinIdIn": 1280, "amountIn": amount, "coinIdOut": 1329 });
    let small = data(&sandbox, "estimate", quote("1")).await;
    assert!(
        text(&small["feeRate"]).starts_with("0.10040160642570"),
        "{small}"
    );
    let large = data(&sandbox, "estimate", quote("100")).await;
    assert_eq!(large["feeRate"], "0.005");
    for quoted in [&small, &large] {
        assert_eq!(
            number(&quoted["netAmountOut"]),
            number(&quoted["amountOut"]) - number(&quoted["fee"])
        );
        assert_eq!(
            number(&quoted["amountOut"]),
            number(&quoted["amountIn"]) * number(&quoted["swapRate"])
        );
    }
    assert_eq!(
        number(&large["fee"]),
        number(&large["amountOut"]) * "0.005".parse::<BigDecimal>().unwrap()
    );
    // A quote moves and locks nothing.
    assert!(
        sandbox
            .ledger()
            .accounts()
            .all(|(account, ..)| account != "gateway:pool")
    );
}

#[tokio::test]
async fn a_swap_moves_two_coins_and_its_record_pads_them() {
    let sandbox = city();
    let swap = json!({
        "orderId": "swap-1", "coinIdIn": 1280, "amountIn": "100", "coinIdOut": 1329,
    });
    let swapped = data(&sandbox, "swap", swap.clone()).await;
    refused(&sandbox, "swap", swap, 11_011).await;
    let ledger = sandbox.ledger();
    assert_eq!(ledger.balance("merchant:available", 1280), "900");
    let gained: BigDecimal = ledger.balance("merchant:available", 1329).parse().unwrap();
    assert_eq!(gained, number(&swapped["netAmountOut"]) + 1_000);
    assert_eq!(ledger.balance("gateway:pool", 1280), "100");
    let fee: BigDecimal = ledger.balance("gateway:fees", 1329).parse().unwrap();
    assert_eq!(fee, number(&swapped["fee"]));

    let record = json!({ "orderId": "swap-1" });
    let record = data(&sandbox, "getSwapRecord", record).await["record"].take();
    assert_eq!(record["amountIn"], format!("100.{}", "0".repeat(24)));
    for name in ["amountOut", "netAmountOut", "fee", "swapRate", "feeRate"] {
        assert_eq!(number(&record[name]), number(&swapped[name]), "{name}");
    }
    // Merchants' and users' swaps are looked up on routes of their own.
    let id = json!({ "recordId": record["recordId"] });
    refused(&sandbox, "getUserSwapRecord", id, 11_003).await;
}

#[tokio::test]
async fn the_surcharge_of_a_user_swap_is_the_merchants() {
    let sandbox = city();
    let swap = json!({
        "orderId": "swap-1", "userId": "alice", "coinIdIn": 1280, "amountIn": "50",
        "coinIdOut": 1482, "extraFeeRate": "0.02",
    });
    let before: BigDecimal = "1000".parse().unwrap();
    let swapped = data(&sandbox, "userSwap", swap).await;
    let extra = number(&swapped["extraFee"]);
    assert_eq!(
        extra,
        number(&swapped["amountOut"]) * "0.02".parse::<BigDecimal>().unwrap()
    );
    let ledger = sandbox.ledger();
    let merchant: BigDecimal = ledger.balance("merchant:available", 1482).parse().unwrap();
    assert_eq!(merchant, before + extra);
    assert_eq!(ledger.balance("user:alice:available", 1280), "50");
    let alice: BigDecimal = ledger
        .balance("user:alice:available", 1482)
        .parse()
        .unwrap();
    assert_eq!(alice, number(&swapped["netAmountOut"]));
    // What she does not have, she can't swap; who is not known, neither.
    let more = json!({
        "orderId": "swap-2", "userId": "alice", "coinIdIn": 1280, "amountIn": "50.1",
        "coinIdOut": 1482,
    });
    refused(&sandbox, "userSwap", more.clone(), 14_000).await;
    let mut nobody = more;
    nobody["userId"] = json!("nobody");
    refused(&sandbox, "userSwap", nobody, 11_015).await;
}
