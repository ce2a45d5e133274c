//! Pages: cursors, sizes, filters, windows.

use std::time::Duration;

use ccpayment_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::support::{RECEIVER, city, data, payout, refused, text};

const DAY: u64 = 86_400;
const LIST: &str = "getAppWithdrawRecordList";

fn orders(page: &Value) -> Vec<String> {
    let rows = page["records"].as_array().unwrap().iter();
    rows.map(|row| text(&row["orderId"])).collect()
}

async fn filled(count: usize) -> Sandbox {
    let sandbox = city();
    for number in 0..count {
        let order = payout(&format!("out-{number:03}"), "1");
        data(&sandbox, "applyAppWithdrawToNetwork", order).await;
        sandbox.advance(Duration::from_secs(60));
    }
    sandbox
}

#[tokio::test]
async fn newest_first_page_by_page_until_the_cursor_is_empty() {
    let sandbox = filled(45).await;
    let mut seen = Vec::new();
    let mut query = json!({});
    let mut sizes = Vec::new();
    loop {
        let page = data(&sandbox, LIST, query.clone()).await;
        sizes.push(orders(&page).len());
        seen.extend(orders(&page));
        if page["nextId"] == "" {
            break;
        }
        query = json!({ "nextId": page["nextId"] });
        // New rows don't shift what is still to come.
        let late = format!("late-{}", sizes.len());
        data(&sandbox, "applyAppWithdrawToNetwork", payout(&late, "1")).await;
    }
    assert_eq!(sizes, [20, 20, 5]);
    let expected: Vec<String> = (0..45)
        .rev()
        .map(|number| format!("out-{number:03}"))
        .collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_cursor_belongs_to_its_query() {
    let sandbox = filled(21).await;
    let page = data(&sandbox, LIST, json!({ "coinId": 1280 })).await;
    let next = &page["nextId"];
    assert_eq!(text(next).len(), 32);
    let rest = json!({ "coinId": 1280, "nextId": next });
    assert_eq!(orders(&data(&sandbox, LIST, rest).await), ["out-000"]);
    for wrong in [
        json!({ "nextId": next }),
        json!({ "coinId": 1329, "nextId": next }),
        json!({ "coinId": 1280, "nextId": "0123456789abcdef0123456789abcdef" }),
        json!({ "coinId": 1280, "nextId": "x" }),
        json!({ "coinId": 1280, "nextId": "é".repeat(16) }),
    ] {
        refused(&sandbox, LIST, wrong, 11_000).await;
    }
}

#[tokio::test]
async fn filters_and_sizes() {
    let sandbox = filled(3).await;
    for (filter, found) in [
        (json!({ "orderIds": ["out-000", "out-002", "none"] }), 2),
        (json!({ "coinId": 1329 }), 0),
        (json!({ "chain": "POLYGON" }), 3),
        (json!({ "chain": "" }), 3),
        (json!({ "chain": "BSC" }), 0),
        (json!({ "toAddress": RECEIVER.to_ascii_lowercase() }), 3),
        (json!({ "toAddress": "0x12" }), 0),
        (json!({ "startAt": sandbox.now() - 90 }), 1),
        (json!({ "endAt": sandbox.now() - 90 }), 2),
    ] {
        let page = data(&sandbox, LIST, filter.clone()).await;
        assert_eq!(orders(&page).len(), found, "{filter}");
        assert_eq!(page["nextId"], "");
    }
    let many: Vec<String> = (0..21).map(|id| format!("id-{id}")).collect();
    refused(&sandbox, LIST, json!({ "orderIds": many }), 11_000).await;
    // Only some lists offer a size.
    refused(&sandbox, LIST, json!({ "limit": 2 }), 11_000).await;
    let deposits = json!({ "limit": 101 });
    refused(&sandbox, "getAppDepositRecordList", deposits, 11_000).await;
}

#[tokio::test]
async fn ninety_days_are_the_widest_window_and_the_one_that_is_meant() {
    let sandbox = filled(1).await;
    sandbox.advance(Duration::from_secs(90 * DAY));
    let now = sandbox.now();
    assert_eq!(orders(&data(&sandbox, LIST, json!({})).await).len(), 0);
    // Named ones are found however old they are.
    let named = json!({ "orderIds": ["out-000"] });
    assert_eq!(orders(&data(&sandbox, LIST, named).await).len(), 1);
    let span = |days: u64| json!({ "startAt": now - days * DAY - 60, "endAt": now - 60 });
    assert_eq!(orders(&data(&sandbox, LIST, span(90)).await).len(), 1);
    refused(&sandbox, LIST, span(91), 11_008).await;
    refused(&sandbox, LIST, json!({ "startAt": now - 91 * DAY }), 11_008).await;
    refused(&sandbox, "getAppDepositRecordList", span(91), 11_008).await;
    refused(&sandbox, "getSwapRecordList", span(91), 11_008).await;
}
