//! `Client::pages` and `Client::items`: all paged routes against the sandbox, long spans against a
//! model, and faults from a script.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking"
)]

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use ccpayment::v2::*;
use ccpayment::{
    AppId, AppSecret, Client, Credentials, Cursor, ErrorCode, Exchange, MOST_EMPTY_PAGES, OrderId,
    Page, PageError, Paged, RecordId, Timestamp, Transport, UserId,
};
use ccpayment_sandbox::{IncomingPayment, Sandbox, Setting};
use ccpayment_testing::{FakeTransport, Reply, TestClock};
use futures_util::{StreamExt, TryStreamExt};
use http::Response;
use serde::Serialize;
use serde_json::{Value, json};

use crate::in_process;

pub(crate) const START: u64 = 1_767_225_600;
pub(crate) const DAY: u64 = 86_400;
pub(crate) const WINDOW: u64 = 90 * DAY;
const JANE: &str = "jane-0001";
const LI: &str = "li-000001";
const RECEIVER: &str = "0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE";
/// More than two pages of twenty.
const MANY: usize = 45;

async fn pages_of<Q: Paged + Debug>(client: &Client, query: Q) -> Vec<Page<Q>> {
    client.pages(query).try_collect().await.unwrap()
}

/// Reads a whole list of `MANY` records, record by record, and again from each of its pages on.
async fn reads_whole<Q>(client: &Client, query: Q) -> &'static str
where
    Q: Paged + Debug,
    Q::Item: Debug + PartialEq + Serialize,
{
    let pages = pages_of(client, query.clone()).await;
    let sizes: Vec<_> = pages.iter().map(|page| page.items.len()).collect();
    assert_eq!(sizes, [20, 20, 5], "{}", Q::OPERATION);
    let rests: Vec<_> = pages.iter().map(|page| page.next.clone()).collect();
    assert!(rests[2].is_none(), "{}", Q::OPERATION);
    let all = pages.into_iter().flat_map(|page| page.items);
    let all: Vec<_> = all.collect::<Result<_, _>>().unwrap();
    let different: BTreeSet<_> = (all.iter())
        .map(|item| serde_json::to_string(item).unwrap())
        .collect();
    assert_eq!(different.len(), MANY, "{}", Q::OPERATION);

    let items: Vec<_> = client.items(query).try_collect().await.unwrap();
    assert_eq!(items, all, "{}", Q::OPERATION);
    for (read, rest) in [20, 40].into_iter().zip(rests.into_iter().flatten()) {
        let rest: Vec<_> = client.items(rest).try_collect().await.unwrap();
        assert_eq!(rest, all[read..], "{}", Q::OPERATION);
    }
    Q::OPERATION
}

async fn exchange(client: &Client, path: &str, body: Value) -> Value {
    let path = format!("/ccpayment/v2/{path}");
    let data = client.raw(path, &body).await.unwrap();
    serde_json::from_str(data.get()).unwrap()
}

/// A merchant with `MANY` of everything that is listed; the id of a batch transfer of as many
/// parts.
async fn filled() -> (Sandbox, Client, RecordId) {
    let sandbox = Sandbox::builder()
        .strict()
        .app("app-id", "app-secret")
        .seed(7)
        .start_time(START)
        .setting(Setting::ManualChain(true))
        .balance(1280, "10000")
        .user_balance(JANE, 1280, "10000")
        .user_balance(LI, 1280, "1")
        .build()
        .unwrap();
    let client = in_process::client(&sandbox);
    let of_shop = json!({ "referenceId": "shop-1", "chain": "POLYGON" });
    let shop = exchange(&client, "getOrCreateAppDepositAddress", of_shop).await;
    let shop = shop["address"].as_str().unwrap();
    let of_jane = json!({ "userId": JANE, "chain": "POLYGON" });
    let jane = exchange(&client, "getOrCreateUserDepositAddress", of_jane).await;
    let jane = jane["address"].as_str().unwrap();
    let usdt = |to: &str| {
        sandbox
            .send_payment(IncomingPayment::new(to, "9").coin(1280, "POLYGON"))
            .unwrap()
    };
    for number in 0..MANY {
        let id = |kind: &str| format!("{kind}-{number}");
        let paid = usdt(shop);
        sandbox.flag_risky(&paid.record_id).unwrap();
        sandbox.confirm(&paid.record_id).unwrap();
        sandbox.refund_risky(&paid.record_id).unwrap();
        usdt(jane);
        let fee = format!("0.{:02}", number + 10);
        sandbox.sweep_address(shop, 1280, &fee).unwrap();
        sandbox.auto_payout(1280, "POLYGON", RECEIVER, "2").unwrap();
        let to_network = json!({
            "orderId": id("out"), "coinId": 1280, "chain": "POLYGON", "address": RECEIVER,
            "amount": "10",
        });
        exchange(&client, "applyAppWithdrawToNetwork", to_network.clone()).await;
        let mut of_jane = to_network;
        of_jane["userId"] = json!(JANE);
        exchange(&client, "applyUserWithdrawToNetwork", of_jane).await;
        let swap = json!({
            "orderId": id("swap"), "coinIdIn": 1280, "amountIn": "10", "coinIdOut": 1329,
        });
        exchange(&client, "swap", swap.clone()).await;
        let mut of_jane = swap;
        of_jane["orderId"] = json!(id("user-swap"));
        of_jane["userId"] = json!(JANE);
        exchange(&client, "userSwap", of_jane).await;
        let gift = json!({
            "orderId": id("gift"), "fromUserId": JANE, "toUserId": LI, "coinId": 1280,
            "amount": "1.5",
        });
        exchange(&client, "userTransfer", gift).await;
        let gifts = json!({
            "orderId": id("gifts"), "userId": JANE, "coinId": 1280,
            "toUsers": [{ "userId": LI, "amount": "1" }],
        });
        exchange(&client, "userBatchTransfer", gifts).await;
        sandbox.advance(Duration::from_secs(60));
    }
    let users: Vec<_> = (0..MANY)
        .map(|number| {
            let user = format!("user-{number:03}");
            sandbox.fund(Some(&user), 1280, "1").unwrap();
            json!({ "userId": user, "amount": "0.1" })
        })
        .collect();
    let to_all = json!({ "orderId": "to-all", "userId": JANE, "coinId": 1280, "toUsers": users });
    // Older than any other list looks back.
    sandbox.advance(Duration::from_secs(91 * DAY));
    let parts = exchange(&client, "userBatchTransfer", to_all).await;
    let rows: Vec<_> = (1..=MANY)
        .map(|seq| {
            json!({
                "seq": seq, "orderId": format!("row-{seq:03}"), "address": RECEIVER, "amount": "2.5",
            })
        })
        .collect();
    let batch = json!({
        "batchOrderId": "batch-1", "coinId": 1280, "chain": "POLYGON", "mode": "Single",
        "orders": rows,
    });
    exchange(&client, "applyBatchWithdraw", batch).await;
    let parts = RecordId::new(parts["recordId"].as_str().unwrap());
    (sandbox, client, parts)
}

#[tokio::test]
async fn every_paged_route_is_read_whole_and_from_any_page_on() {
    let (_sandbox, client, parts) = filled().await;
    let (from, to) = (Timestamp::new(START), Timestamp::new(START + DAY));
    let jane = || UserId::new(JANE);
    /// A query of all that was made on the first day.
    macro_rules! first_day {
        ($query:expr) => {
            reads_whole(&client, $query.start_at(from).end_at(to)).await
        };
    }
    let read = [
        reads_whole(&client, GetAggregationFeeRecord::new(from, to)).await,
        first_day!(GetAppDepositRecordList::new()),
        first_day!(GetAppWithdrawRecordList::new()),
        first_day!(GetAutoWithdrawRecordList::new()),
        first_day!(GetRiskyRefundRecordList::new()),
        first_day!(GetSwapRecordList::new()),
        first_day!(GetUserDepositRecordList::new(jane())),
        first_day!(GetUserWithdrawRecordList::new(jane())),
        first_day!(GetUserTransferRecordList::new().from_user_id(jane())),
        first_day!(GetUserBatchTransferRecordList::new()),
        first_day!(GetUserSwapRecordList::new()),
        reads_whole(&client, GetUserBatchTransferRecordDetail::new(parts)).await,
        reads_whole(
            &client,
            GetBatchWithdrawOrderRecordList::new(OrderId::new("batch-1")),
        )
        .await,
    ];
    let with_cursor = paged_routes();
    assert_eq!(BTreeSet::from(read), with_cursor);
    assert_eq!(with_cursor.len(), 13);
}

/// The routes that the facts call paged.
fn paged_routes() -> BTreeSet<&'static str> {
    let facts: Value =
        serde_json::from_str(include_str!("../../xtask/spec/facts/v2.json")).unwrap();
    let paged: BTreeSet<_> = (facts["routes"].as_array().unwrap().iter())
        .filter(|route| route["paginated"] == true)
        .map(|route| format!("/ccpayment/v2{}", route["path"].as_str().unwrap()))
        .collect();
    (ROUTES.iter())
        .filter(|route| paged.contains(route.path))
        .map(|route| route.name)
        .collect()
}

#[tokio::test]
async fn a_year_is_read_from_the_sandbox_which_takes_ninety_days_at_once() {
    let sandbox = Sandbox::builder()
        .strict()
        .app("app-id", "app-secret")
        .start_time(START)
        .setting(Setting::ManualChain(true))
        .balance(1280, "10000")
        .build()
        .unwrap();
    let client = in_process::client(&sandbox);
    for day in 0..365 {
        let order = json!({
            "orderId": format!("day-{day:03}"), "coinId": 1280, "chain": "POLYGON",
            "address": RECEIVER, "amount": "10",
        });
        exchange(&client, "applyAppWithdrawToNetwork", order).await;
        sandbox.advance(Duration::from_secs(DAY));
    }
    let expected: Vec<_> = (0..365).rev().map(|day| format!("day-{day:03}")).collect();
    // With an end, and without one up to now. Records at the edge of two windows come in both.
    let year = GetAppWithdrawRecordList::new().start_at(Timestamp::new(START));
    for query in [year.clone().end_at(Timestamp::new(START + 365 * DAY)), year] {
        let records: Vec<_> = client.items(query).try_collect().await.unwrap();
        let mut orders: Vec<_> = (records.iter())
            .map(|record| record.order_id.as_ref().unwrap().as_str())
            .collect();
        orders.dedup();
        assert_eq!(orders, expected);
    }
    // Without a beginning, the default of the gateway applies.
    let records: Vec<_> = client
        .items(GetAppWithdrawRecordList::new())
        .try_collect()
        .await
        .unwrap();
    assert_eq!(records.len(), 90);
}

pub(crate) fn deposit(record_id: &str, arrived_at: u64) -> Value {
    json!({
        "recordId": record_id, "coinId": 1280, "coinSymbol": "USDT", "chain": "POLYGON",
        "amount": "1", "status": "Success", "arrivedAt": arrived_at,
    })
}

pub(crate) fn client(transport: impl Transport + 'static) -> Client {
    let credentials = Credentials::new(AppId::new("app"), AppSecret::new("secret")).unwrap();
    Client::new(credentials, transport).with_clock(TestClock::at(Timestamp::new(START)))
}

pub(crate) fn list() -> GetAppDepositRecordList {
    GetAppDepositRecordList::new()
}

fn at(cursor: &str) -> GetAppDepositRecordList {
    list().next_id(Cursor::new(cursor))
}

fn page(record_id: &str, next: &Value) -> Reply {
    Reply::data(&json!({ "records": [deposit(record_id, START)], "nextId": next }))
}

pub(crate) fn ids(pages: &[Page<GetAppDepositRecordList>]) -> Vec<&str> {
    let items = pages.iter().flat_map(|page| &page.items);
    items.flatten().map(|it| it.record_id.as_str()).collect()
}

/// Reads everything until the end or an error.
pub(crate) async fn read(
    client: &Client,
    query: GetAppDepositRecordList,
) -> (
    Vec<Page<GetAppDepositRecordList>>,
    Option<PageError<GetAppDepositRecordList>>,
) {
    let mut stream = client.pages(query);
    let mut pages = Vec::new();
    while let Some(page) = stream.next().await {
        match page {
            Ok(page) => pages.push(page),
            Err(error) => {
                assert!(stream.next().await.is_none(), "an error is the end");
                return (pages, Some(error));
            }
        }
    }
    (pages, None)
}

#[tokio::test]
async fn the_last_page_has_no_cursor_or_one_that_says_nothing() {
    for end in [
        json!(""),
        json!(null),
        json!("0"),
        json!(0),
        json!(" "),
        json!("\n"),
    ] {
        let fake = FakeTransport::new();
        fake.expect(&list(), page("r1", &json!("a")));
        fake.expect(&at("a"), page("r2", &end));
        let (pages, error) = read(&client(fake.clone()), list()).await;
        assert!(error.is_none());
        assert_eq!(ids(&pages), ["r1", "r2"]);
        assert_eq!(pages[0].next, Some(at("a")));
        fake.finish().unwrap();
    }
}

#[tokio::test]
async fn a_cursor_that_comes_again_ends_the_list_with_an_error() {
    // At once, after one page, and after several.
    for circle in [
        &["a", "a"][..],
        &["a", "b", "b"],
        &["a", "b", "c", "d", "a"],
    ] {
        let fake = FakeTransport::new();
        let mut asked = list();
        let mut records = Vec::new();
        for (number, next) in circle.iter().enumerate() {
            let record = format!("r{number}");
            fake.expect(&asked, page(&record, &json!(next)));
            records.push(record);
            asked = at(next);
        }
        let (pages, error) = read(&client(fake.clone()), list()).await;
        // The records that came are given out, and the error is not mistaken for the end of the
        // list.
        assert_eq!(ids(&pages), records);
        assert_eq!(pages.last().unwrap().next, Some(asked.clone()));
        let error = error.unwrap();
        assert_eq!(*error.rest(), asked);
        assert!(error.request_error().is_none());
        let PageError::RepeatedCursor { cursor, .. } = &error else {
            panic!("{error}")
        };
        assert_eq!(Some(cursor), asked.next_id.as_ref());
        fake.finish().unwrap();
    }
    // The cursor that the query itself begins with counts as well.
    let fake = FakeTransport::new();
    fake.expect(&at("a"), page("r1", &json!("a")));
    let (pages, error) = read(&client(fake.clone()), at("a")).await;
    assert_eq!(ids(&pages), ["r1"]);
    assert!(matches!(error, Some(PageError::RepeatedCursor { .. })));
    fake.finish().unwrap();
}

#[tokio::test]
async fn after_an_error_the_rest_can_be_read() {
    let fake = FakeTransport::new();
    fake.expect(&list(), page("r1", &json!("a")));
    fake.expect(&at("a"), Reply::refused(ErrorCode::IpNotInWhitelist, "no"));
    let client = client(fake.clone());
    let (pages, error) = read(&client, list()).await;
    assert_eq!(ids(&pages), ["r1"]);
    let error = error.unwrap();
    let code = error.request_error().and_then(ccpayment::Error::code);
    assert_eq!(code, Some(ErrorCode::IpNotInWhitelist));

    fake.expect(&at("a"), page("r2", &json!("")));
    let (pages, error) = read(&client, error.rest().clone()).await;
    assert!(error.is_none());
    assert_eq!(ids(&pages), ["r2"]);
    fake.finish().unwrap();
}

/// A page without its records is not the last one.
#[tokio::test]
async fn an_answer_without_a_list_does_not_end_it() {
    for nothing in [json!({}), json!(null), json!({ "nextId": "" })] {
        let fake = FakeTransport::new();
        fake.expect(&list(), page("r1", &json!("a")));
        fake.expect(&at("a"), Reply::data(&nothing));
        let (pages, error) = read(&client(fake.clone()), list()).await;
        assert_eq!(ids(&pages), ["r1"]);
        let error = error.unwrap();
        assert_eq!(*error.rest(), at("a"), "{nothing}");
        fake.finish().unwrap();
    }
    let fake = FakeTransport::new();
    fake.expect(&list(), Reply::data(&json!({ "records": null })));
    let (pages, error) = read(&client(fake.clone()), list()).await;
    assert!(error.is_none() && ids(&pages).is_empty());
}

#[tokio::test]
async fn nothing_is_asked_for_before_it_is_wanted() {
    let fake = FakeTransport::new();
    fake.expect(&list(), page("r1", &json!("a")));
    let client = client(fake.clone());
    drop(client.pages(at("never")));
    {
        let mut items = client.items(list());
        assert!(items.try_next().await.unwrap().is_some());
        assert_eq!(fake.left(), 0);
    }
    fake.finish().unwrap();
}

#[tokio::test]
async fn a_list_of_empty_pages_ends_though_every_cursor_is_new() {
    let asked = Arc::new(Mutex::new(0_u32));
    let counter = Arc::clone(&asked);
    let endless = ccpayment::transport_fn(move |_: Exchange| {
        let mut number = counter.lock().unwrap();
        *number += 1;
        let data = json!({ "records": [], "nextId": format!("cursor-{number}") });
        let body = json!({ "code": 10000, "msg": "success", "data": data });
        async move { Ok(Response::new(Bytes::from(body.to_string()))) }
    });
    let client = client(endless);
    let (pages, error) = read(&client, list()).await;
    assert!(ids(&pages).is_empty() && pages.len() == MOST_EMPTY_PAGES as usize);
    let error = error.unwrap();
    assert!(matches!(error, PageError::NoRecords { .. }), "{error}");
    assert_eq!(*error.rest(), at(&format!("cursor-{MOST_EMPTY_PAGES}")));
    assert!(error.request_error().is_none());
    assert_eq!(*asked.lock().unwrap(), MOST_EMPTY_PAGES);
}

#[tokio::test]
async fn a_record_with_both_spellings_of_a_field_costs_no_page() {
    let mut record = deposit("r1", START);
    record["txId"] = json!("0xabc");
    record["txid"] = json!("0xabc");
    let fake = FakeTransport::new();
    fake.expect(
        &list(),
        Reply::data(&json!({ "records": [record.clone()] })),
    );
    let (pages, error) = read(&client(fake.clone()), list()).await;
    assert!(error.is_none(), "{error:?}");
    let read_back = pages[0].items[0].as_ref().unwrap();
    assert_eq!(read_back.tx_id.as_ref().unwrap().as_str(), "0xabc");
    fake.finish().unwrap();

    // Two rows that differ belong to two payments.
    record["txid"] = json!("0xdef");
    let fake = FakeTransport::new();
    fake.expect(&list(), Reply::data(&json!({ "records": [record] })));
    let (pages, error) = read(&client(fake.clone()), list()).await;
    assert!(error.is_none() && pages[0].items[0].is_err());
}

/// A page with a record that can't be read between two that can.
fn broken_page(next: &str) -> (Reply, String) {
    let mut broken = deposit("r2", START);
    broken["amount"] = json!("hush, hush");
    let records = json!([deposit("r1", START), broken, deposit("r3", START)]);
    let data = json!({ "records": records, "nextId": next });
    (Reply::data(&data), broken.to_string())
}

#[tokio::test]
async fn a_record_that_can_not_be_read_costs_itself_alone() {
    let fake = FakeTransport::new();
    let (reply, raw) = broken_page("a");
    fake.expect(&list(), reply);
    fake.expect(&at("a"), page("r4", &json!("")));
    let (pages, error) = read(&client(fake.clone()), list()).await;
    assert!(error.is_none());
    assert_eq!(ids(&pages), ["r1", "r3", "r4"]);
    let row = pages[0].items[1].as_ref().unwrap_err();
    assert_eq!(row.raw(), raw);
    let (shown, debug) = (row.to_string(), format!("{row:?}"));
    assert!(shown.contains("near `amount`"), "{shown}");
    assert!(
        !shown.contains("hush") && !debug.contains("hush"),
        "{debug}"
    );
    fake.finish().unwrap();
    // One call gives all or nothing.
    let all: Result<Vec<_>, _> = pages[0].items.iter().cloned().collect();
    assert!(all.is_err());
}

#[tokio::test]
async fn items_name_a_record_that_can_not_be_read_and_go_on() {
    let fake = FakeTransport::new();
    fake.expect(&list(), page("r0", &json!("a")));
    let (reply, raw) = broken_page("b");
    fake.expect(&at("a"), reply);
    fake.expect(&at("b"), page("r4", &json!("")));
    let client = client(fake.clone());
    let items: Vec<_> = client.items(list()).collect().await;
    let read: Vec<_> = (items.iter().flatten())
        .map(|it| it.record_id.as_str())
        .collect();
    assert_eq!(read, ["r0", "r1", "r3", "r4"]);
    let error = items[2].as_ref().unwrap_err();
    assert_eq!(error.unreadable().unwrap().raw(), raw);
    // A caller that stops here loses nothing by going on from there.
    assert_eq!(*error.rest(), at("a"));
    assert!(error.request_error().is_none());
    fake.finish().unwrap();
}

#[tokio::test]
async fn records_are_collected_up_to_a_bound_and_not_cut() {
    let script = || {
        let fake = FakeTransport::new();
        fake.expect(&list(), page("r1", &json!("a")));
        fake.expect(&at("a"), page("r2", &json!("b")));
        fake
    };
    let fake = script();
    fake.expect(&at("b"), page("r3", &json!("")));
    let all = client(fake.clone())
        .items(list())
        .collect_at_most(3)
        .await
        .unwrap();
    assert_eq!(all.len(), 3);
    fake.finish().unwrap();

    let fake = script();
    let error = client(fake.clone())
        .items(list())
        .collect_at_most(1)
        .await
        .unwrap_err();
    assert!(
        matches!(error, PageError::TooMany { most: 1, .. }),
        "{error}"
    );
    // The page with the first record over the limit comes again.
    assert_eq!(*error.rest(), at("a"));
    fake.finish().unwrap();
}

#[tokio::test]
async fn what_is_no_object_is_no_record() {
    let fake = FakeTransport::new();
    let rows = json!([["r1", 1280], null, "r1", 7, deposit("r2", START)]);
    fake.expect(&list(), Reply::data(&json!({ "records": rows })));
    let (pages, error) = read(&client(fake.clone()), list()).await;
    assert!(error.is_none());
    assert_eq!(ids(&pages), ["r2"]);
    assert_eq!(pages[0].items.len(), 5);
}

#[test]
fn only_lists_with_a_span_have_a_longest_one() {
    assert_eq!(
        GetSwapRecordList::LONGEST_SPAN,
        Some(Duration::from_secs(WINDOW))
    );
    assert_eq!(
        GetAggregationFeeRecord::LONGEST_SPAN,
        Some(Duration::from_secs(WINDOW))
    );
    assert_eq!(GetUserBatchTransferRecordDetail::LONGEST_SPAN, None);
    assert_eq!(GetBatchWithdrawOrderRecordList::LONGEST_SPAN, None);
}
