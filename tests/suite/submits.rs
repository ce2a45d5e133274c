//! `Client::submit`: something payable is created once, whatever happens on the line.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking"
)]

use std::fmt::Debug;
use std::time::Duration;

use ccpayment::raw::RecordMatch;
use ccpayment::v1::{CreateOrder, Currency, GetCheckoutUrl, GetOrderInfo, TokenId};
use ccpayment::v2::{
    ApplyAppWithdrawToNetwork, CreateAppOrderDepositAddress, CreateInvoiceUrl, GetAppOrderInfo,
    GetInvoiceOrderInfo,
};
use ccpayment::{
    Address, Amount, Chain, Client, CoinId, ErrorCode, FiatId, OrderId, Outcome, PriceIn, Proof,
    RefusalReason, Request, SETTLE_AFTER, Submit, SubmitError, Submitted, Timeouts, Timestamp,
};
use ccpayment_sandbox::{Fault, Sandbox, Setting};
use ccpayment_testing::{FakeTransport, Reply};
use serde_json::{Value, json};

use crate::in_process;

const START: u64 = 1_767_225_600;
const USDT: CoinId = CoinId::new(1280);
const DOLLAR: FiatId = FiatId::new(1033);
const EXPIRES: Timestamp = Timestamp::new(START + 3_600);

fn id() -> OrderId {
    OrderId::new("order-1")
}

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

fn order(price: &str) -> CreateAppOrderDepositAddress {
    CreateAppOrderDepositAddress::new(id(), USDT, Chain::new("POLYGON"), amount(price))
        .generate_checkout_url(true)
        .expired_at(EXPIRES)
        .buyer_email("jane@shop.example")
}

fn invoice(price: &str) -> CreateInvoiceUrl {
    CreateInvoiceUrl::new(PriceIn::Fiat(DOLLAR), id(), amount(price))
        .product("two pens")
        .expired_at(EXPIRES)
        .buyer_email("jane@shop.example")
}

/// A field, another value for it, and its name in the comparison.
type Change = (&'static str, fn() -> Value, &'static str);

/// Each field that counts is changed, and each that may be missing is taken away.
struct Rules {
    record: Value,
    differ: &'static [Change],
    /// A change that may be another spelling alone.
    unclear: &'static [Change],
    /// Fields without which the record proves nothing, each with its name in the comparison.
    needed: &'static [(&'static str, &'static str)],
    may_lack: &'static [&'static str],
}

fn check<S: Submit>(request: &S, rules: &Rules, data: fn(Value) -> Value)
where
    S::Created: Debug,
{
    let judge = |record: &Value| {
        let found =
            serde_json::from_value::<<S::Lookup as Request>::Response>(data(record.clone()));
        request.judge(&found.unwrap_or_else(|error| panic!("{}: {error}: {record}", S::OPERATION)))
    };
    assert_eq!(S::SETTLED_BY, Some(S::Lookup::OPERATION));
    assert_eq!(request.lookup().validate(), Ok(()));
    let judged = judge(&rules.record);
    assert!(matches!(judged, RecordMatch::Matches { .. }), "{judged:?}");
    for (wire, other, field) in rules.differ {
        let mut record = rules.record.clone();
        record[*wire] = other();
        match judge(&record) {
            RecordMatch::Conflicts { fields, record_id } => {
                let names: Vec<_> = fields.iter().map(|it| it.field).collect();
                assert_eq!((names, record_id), (vec![*field], None), "{wire}");
            }
            judged => panic!("{} with another {wire}: {judged:?}", S::OPERATION),
        }
    }
    for (wire, other, field) in rules.unclear {
        let mut record = rules.record.clone();
        record[*wire] = other();
        match judge(&record) {
            RecordMatch::Incomparable { fields, .. } => {
                let names: Vec<_> = fields.iter().map(|it| it.field).collect();
                assert_eq!(names, [*field], "{wire}");
            }
            judged => panic!("{} with another {wire}: {judged:?}", S::OPERATION),
        }
    }
    let without = |wire: &str| {
        let mut record = rules.record.clone();
        record.as_object_mut().unwrap().remove(wire).unwrap();
        judge(&record)
    };
    for (wire, name) in rules.needed {
        let judged = without(wire);
        assert!(
            matches!(judged, RecordMatch::Incomplete { field } if field == *name),
            "{} without {wire}: {judged:?}",
            S::OPERATION
        );
    }
    for wire in rules.may_lack {
        let judged = without(wire);
        assert!(
            matches!(judged, RecordMatch::Matches { .. }),
            "{wire}: {judged:?}"
        );
    }
}

#[test]
fn a_record_is_held_against_an_address_order() {
    let record = json!({
        "amountToPay": "20.010", "coinId": 1280, "coinSymbol": "USDT", "chain": "POLYGON",
        "toAddress": "0x9abd", "createAt": START, "expiredAt": EXPIRES.get() - 1,
        "checkoutUrl": "https://pay.example/1", "buyerEmail": "jane@shop.example",
    });
    let rules = Rules {
        record: record.clone(),
        differ: &[
            ("amountToPay", || json!("20.011"), "price"),
            ("coinId", || json!(1281), "coinId"),
            ("fiatId", || json!(1033), "fiatId"),
        ],
        unclear: &[
            ("chain", || json!("ETH"), "chain"),
            ("expiredAt", || json!(EXPIRES.get() + 2), "expiredAt"),
            ("buyerEmail", || json!("li@shop.example"), "buyerEmail"),
        ],
        needed: &[("toAddress", "toAddress")],
        may_lack: &["expiredAt", "buyerEmail", "checkoutUrl"],
    };
    check(&order("20.01"), &rules, |record| record);

    let mut in_dollars = record;
    in_dollars["fiatId"] = json!(1033);
    // As in the documents: 0.01 at 1.1692.
    in_dollars["rate"] = json!("1.1692");
    in_dollars["amountToPay"] = json!("0.008552856654122477");
    let rules = Rules {
        record: in_dollars.clone(),
        differ: &[
            ("amountToPay", || json!("0.017105713308244954"), "price"),
            ("rate", || json!("2.3384"), "price"),
            ("fiatId", || json!(1034), "fiatId"),
        ],
        unclear: &[],
        needed: &[("rate", "rate"), ("fiatId", "fiatId")],
        may_lack: &[],
    };
    check(&order("0.01").fiat_id(DOLLAR), &rules, |record| record);

    // Numbers with too many digits to compute with are for a person to compare.
    in_dollars["amountToPay"] = json!("0.0085528566541224770000000000001");
    let found = serde_json::from_value(in_dollars).unwrap();
    let judged = order("0.01").fiat_id(DOLLAR).judge(&found);
    assert!(
        matches!(&judged, RecordMatch::Incomparable { fields, .. } if fields[0].field == "price"),
        "{judged:?}"
    );
}

#[test]
fn a_record_is_held_against_an_invoice() {
    let record = json!({
        "orderId": "order-1", "createAt": START, "product": "two pens", "price": "12.50",
        "priceFiatId": 1033, "priceSymbol": "USD", "invoiceUrl": "https://pay.example/1",
        "buyerEmail": "jane@shop.example", "expiredAt": EXPIRES.get(), "totalPaidValue": "0",
        "paidList": [],
    });
    let rules = Rules {
        record,
        differ: &[
            ("price", || json!("12.51"), "price"),
            ("priceFiatId", || json!(1034), "priceFiatId"),
            ("priceCoinId", || json!(1280), "priceCoinId"),
        ],
        unclear: &[
            ("product", || json!("two &amp; pens"), "product"),
            ("orderId", || json!("Order-1"), "orderId"),
            ("expiredAt", || json!(EXPIRES.get() - 2), "expiredAt"),
            ("buyerEmail", || json!("li@shop.example"), "buyerEmail"),
        ],
        needed: &[
            ("price", "price"),
            ("priceFiatId", "priceFiatId"),
            ("orderId", "orderId"),
        ],
        may_lack: &["product", "expiredAt", "buyerEmail"],
    };
    check(&invoice("12.5"), &rules, |record| record);
}

#[test]
fn a_record_is_held_against_the_orders_of_v1() {
    let data = |detail: Value| json!([{ "order_detail": detail }]);
    let record = json!({
        "merchant_order_id": "order-1", "product_price": "12.50", "denominated_currency": "usd",
        "product_name": "two pens", "chain": "POLYGON", "crypto": "USDT",
        "order_amount": "12.5", "status": "Awaiting payment", "created": START,
    });
    let rules = |differ, unclear| Rules {
        record: record.clone(),
        differ,
        unclear,
        needed: &[("product_price", "product_price")],
        may_lack: &["denominated_currency", "chain", "crypto", "order_amount"],
    };
    let differ: &[Change] = &[
        ("product_price", || json!("12.51"), "product_price"),
        (
            "denominated_currency",
            || json!("EUR"),
            "denominated_currency",
        ),
    ];
    check(&v1_order(), &rules(differ, &[]), data);
    let differ: &[Change] = &[
        ("product_price", || json!("12.51"), "product_price"),
        (
            "denominated_currency",
            || json!("EUR"),
            "denominated_currency",
        ),
    ];
    let unclear: &[Change] = &[
        ("product_name", || json!("one pen"), "product_name"),
        (
            "merchant_order_id",
            || json!("ORDER-1"),
            "merchant_order_id",
        ),
    ];
    check(&v1_page(), &rules(differ, unclear), data);
    // Trimmed, and in other letters.
    let mut respelt = record.clone();
    respelt["product_name"] = json!(" two pens");
    respelt["denominated_currency"] = json!("USD");
    let judged = v1_page().judge(&serde_json::from_value(data(respelt)).unwrap());
    assert!(matches!(judged, RecordMatch::Matches { .. }), "{judged:?}");
    let nobodys = serde_json::from_value(json!([])).unwrap();
    assert_eq!(v1_page().judge(&nobodys), RecordMatch::NotFound);
    assert_eq!(v1_order().judge(&nobodys), RecordMatch::NotFound);
}

/// The gateway rounds the amount to pay to what the coin can carry, and shows a rounded rate.
#[test]
fn a_price_in_any_fiat_is_told_from_another() {
    let judge = |price: &str, to_pay: &str, rate: &str| {
        let record = json!({
            "amountToPay": to_pay, "coinId": 1280, "coinSymbol": "", "chain": "POLYGON",
            "toAddress": "0x9abd", "fiatId": 1033, "rate": rate,
        });
        order(price)
            .fiat_id(DOLLAR)
            .judge(&serde_json::from_value(record).unwrap())
    };
    for (price, to_pay, rate) in [
        // Yen, won, dong and rupees in BTC.
        ("5000", "0.00032821", "15234567.89"),
        ("1980", "0.00012997", "15234567.89"),
        ("15000", "0.00010333", "145162310.2"),
        ("250000", "0.0001046", "2390057361"),
        ("999", "0.00011872", "8414755.31"),
        // Coins of two decimals and of none.
        ("25", "25.03", "0.9991"),
        ("25", "67", "0.37"),
        ("25", "68", "0.37"),
        // Large, at a rate of few digits.
        ("1000000", "15.35544948", "65123.46"),
        ("50000", "49990", "1.0002"),
        ("0.01", "0.008552856654122477", "1.1692"),
    ] {
        let judged = judge(price, to_pay, rate);
        assert!(
            matches!(judged, RecordMatch::Matches { .. }),
            "{price} {to_pay} {rate}: {judged:?}"
        );
    }
    for (price, to_pay, rate) in [
        ("5000", "0.00033821", "15234567.89"),
        ("26", "25.03", "0.9991"),
        ("2500", "25.03", "0.9991"),
        ("1000000", "15.40555555", "65123.46"),
    ] {
        let judged = judge(price, to_pay, rate);
        assert!(
            matches!(judged, RecordMatch::Conflicts { .. }),
            "{price} {to_pay} {rate}: {judged:?}"
        );
    }
    // One unit of an expensive coin: too coarse to compare.
    let judged = judge("2500", "3", "1000");
    assert!(
        matches!(judged, RecordMatch::Incomparable { .. }),
        "{judged:?}"
    );
}

fn token() -> TokenId {
    let token = sandbox().v1_token_id(USDT.get(), "POLYGON").unwrap();
    TokenId::new(token)
}

fn v1_order() -> CreateOrder {
    CreateOrder::new(id(), amount("12.5"), token(), Currency::usd())
}

fn v1_page() -> GetCheckoutUrl {
    GetCheckoutUrl::new(id(), amount("12.5"), "two pens")
}

fn sandbox() -> Sandbox {
    Sandbox::builder()
        .strict()
        .app("app-id", "app-secret")
        .seed(7)
        .start_time(START)
        .setting(Setting::ManualChain(true))
        .balance(1280, "100")
        .build()
        .unwrap()
}

fn patient(client: Client) -> Client {
    let timeouts = Timeouts::new(Duration::from_secs(20), Duration::from_secs(3_600));
    client.with_timeouts(timeouts)
}

/// How often the gateway carried out a call of this route.
fn carried_out(sandbox: &Sandbox, route: &str) -> usize {
    let requests = sandbox.requests();
    let done =
        (requests.iter()).filter(|it| it.route == route && it.outcome.or(it.code) == Some(10_000));
    done.count()
}

/// Each fault on the creation, and each on the look-up after a lost answer.
async fn survives_every_fault<S: Submit>(
    request: &S,
    same: impl AsyncFn(&Client, &Submitted<S::Created>),
) where
    S::Created: Debug,
{
    for fault in Fault::every() {
        for on_lookup in [false, true] {
            let sandbox = sandbox();
            if on_lookup {
                sandbox.plan_fault(S::OPERATION, Fault::ActThenDrop);
                sandbox.plan_fault(S::Lookup::OPERATION, fault);
            } else {
                sandbox.plan_fault(S::OPERATION, fault);
            }
            let client = patient(in_process::client(&sandbox));
            let made = client.submit(request).await;
            let made = made.unwrap_or_else(|error| panic!("{fault:?}, {on_lookup}: {error:?}"));
            assert_eq!(made.order_id, id());
            assert_eq!(carried_out(&sandbox, S::OPERATION), 1, "{fault:?}");
            let hits = 1 + u64::from(on_lookup && fault == Fault::ActThenDrop);
            assert_eq!(sandbox.fault_hits()[&fault], hits, "{fault:?}");
            same(&client, &made).await;
        }
    }
}

#[tokio::test]
async fn an_address_order_is_made_once_whatever_goes_wrong() {
    for request in [order("20.01"), order("20.01").fiat_id(DOLLAR)] {
        survives_every_fault(&request, async |client, made| {
            let record = client.send(&GetAppOrderInfo::new(id())).await.unwrap();
            let (made, proof) = (&made.created, made.proof);
            assert_eq!(made.amount, record.amount_to_pay);
            let address = record.to_address.unwrap();
            assert!(made.address.as_str().eq_ignore_ascii_case(address.as_str()));
            assert_eq!(made.checkout_url, record.checkout_url);
            assert!(made.checkout_url.is_some());
            assert_eq!(made.expired_at.unwrap().abs_diff(EXPIRES), 0);
            // Only the answer has this field.
            assert_eq!(made.confirms_needed.is_some(), proof == Proof::Accepted);
        })
        .await;
    }
}

#[tokio::test]
async fn an_invoice_is_made_once_whatever_goes_wrong() {
    survives_every_fault(&invoice("12.5"), async |client, made| {
        let record = client.send(&GetInvoiceOrderInfo::new(id())).await.unwrap();
        assert_eq!(made.created.invoice_url, record.invoice_url);
        assert_eq!(made.created.expired_at, Some(EXPIRES));
    })
    .await;
}

#[tokio::test]
async fn an_order_of_v1_is_made_once_and_an_answer_that_is_lost_stays_lost() {
    survives_every_fault(&v1_order(), async |client, made| {
        let orders = client
            .send(&GetOrderInfo::new([id()]))
            .await
            .unwrap()
            .orders;
        assert_eq!(orders.len(), 1);
        assert_eq!(made.created.is_some(), made.proof == Proof::Accepted);
    })
    .await;
    survives_every_fault(&v1_page(), async |_, made| {
        assert_eq!(made.created.is_some(), made.proof == Proof::Accepted);
    })
    .await;
}

#[tokio::test]
async fn submitting_an_expired_order_again_tells_that_it_has_expired() {
    let sandbox = sandbox();
    let client = in_process::client(&sandbox);
    let first = client.submit(&order("20.01")).await.unwrap();
    sandbox.advance(Duration::from_secs(2 * 86_400));
    let again = in_process::client(&sandbox)
        .submit(&order("20.01"))
        .await
        .unwrap();
    assert_eq!(again.proof, Proof::FoundRecord);
    assert!(first.created.address.is_same(&again.created.address) == Some(true));
    let now = Timestamp::from_system(client.now());
    assert!(again.created.expired_at.unwrap() < now);
}

#[tokio::test]
async fn submitting_again_gives_what_was_made_before() {
    let sandbox = sandbox();
    let client = in_process::client(&sandbox);
    let first = client.submit(&order("20.01")).await.unwrap();
    let again = client.submit(&order("20.010")).await.unwrap();
    assert_eq!(
        (first.proof, again.proof),
        (Proof::Accepted, Proof::FoundRecord)
    );
    assert_eq!(first.created.amount, again.created.amount);
    let (first, again) = (first.created.address, again.created.address);
    assert!(first.as_str().eq_ignore_ascii_case(again.as_str()));

    // The same id for something else is a conflict, which names the field.
    let error = client.submit(&order("20.02")).await.unwrap_err();
    let SubmitError::Conflict {
        record_id: None,
        fields,
        ..
    } = &error
    else {
        panic!("{error}")
    };
    assert_eq!(fields[0].field, "price");
    assert_eq!(
        error.to_string(),
        "order-1 is taken by another: price: asked 20.02, found 20.01"
    );
    assert_eq!(error.outcome(), Outcome::Refused);
    assert_eq!(carried_out(&sandbox, "createAppOrderDepositAddress"), 1);

    // The same for v1, where the gateway is not asked twice.
    let sandbox = self::sandbox();
    let client = in_process::client(&sandbox);
    assert!(client.submit(&v1_order()).await.unwrap().created.is_some());
    let again = client.submit(&v1_order()).await.unwrap();
    assert_eq!((again.created, again.attempts.submits), (None, 0));
}

#[tokio::test]
async fn a_refusal_is_the_gateways_own() {
    let client = in_process::client(&sandbox());
    let too_late = order("20.01").expired_at(Timestamp::new(START + 11 * 86_400));
    let error = client.submit(&too_late).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::ExpiredAtTooMax));
    let not_sent = client.submit(&order("-1")).await.unwrap_err();
    assert_eq!(not_sent.outcome(), Outcome::NotSent);
}

#[tokio::test]
async fn a_doubt_of_v1_is_settled_later_and_never_sent_again_meanwhile() {
    let sandbox = sandbox();
    sandbox.plan_fault("create_order", Fault::DropBeforeActing);
    let client = in_process::client(&sandbox);
    let error = client.submit(&v1_order()).await.unwrap_err();
    assert!(matches!(error, SubmitError::Unknown { .. }), "{error}");
    assert_eq!(error.attempts().submits, 1);
    let since = error.attempts().in_doubt_since.unwrap();

    sandbox.advance(SETTLE_AFTER);
    let settled = client.settle(&v1_order(), since).await.unwrap_err();
    assert!(
        matches!(
            settled,
            SubmitError::Refused {
                reason: RefusalReason::Absent,
                ..
            }
        ),
        "{settled}"
    );
    assert!(client.submit(&v1_order()).await.unwrap().created.is_some());
}

/// A payout can be submitted, too, so code that has only a `Submit` loses nothing.
#[tokio::test]
async fn a_payout_may_be_submitted() {
    let client = in_process::client(&sandbox());
    let address = Address::new("0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE");
    let payout =
        ApplyAppWithdrawToNetwork::new(id(), USDT, Chain::new("POLYGON"), address, amount("5"));
    let made = client.submit(&payout).await.unwrap();
    let paid = client.payout(&payout).await.unwrap();
    assert_eq!(made.created, paid.created);
}

#[tokio::test]
async fn a_record_without_an_address_is_waited_for() {
    let fake = FakeTransport::new();
    let info = |address: &str| {
        Reply::data(&json!({
            "amountToPay": "20.01", "coinId": 1280, "coinSymbol": "USDT", "chain": "POLYGON",
            "toAddress": address, "createAt": START, "expiredAt": EXPIRES.get(), "paidList": [],
        }))
    };
    let lookup = GetAppOrderInfo::new(id());
    fake.expect(
        &order("20.01"),
        Reply::refused(ErrorCode::OrderDuplicate, "taken"),
    );
    fake.expect(&lookup, info(""))
        .expect(&lookup, info("0x9abd"));
    let credentials = ccpayment::Credentials::new(
        ccpayment::AppId::new("app"),
        ccpayment::AppSecret::new("secret"),
    );
    let clock = ccpayment_testing::TestClock::at(Timestamp::new(START));
    let client = Client::new(credentials.unwrap(), fake.clone()).with_clock(clock);
    let made = client.submit(&order("20.01")).await.unwrap().created;
    assert_eq!((made.address.as_str(), made.memo), ("0x9abd", None));
    fake.finish().unwrap();
}

/// A process stored its request and died; nobody knows how far it came.
#[tokio::test]
async fn after_a_restart_one_call_settles_whatever_the_process_left() {
    // It had not sent anything. The whole wait is over, so nothing can arrive any more.
    let sandbox = sandbox();
    let client = in_process::client(&sandbox);
    let error = client.settle_after_restart(&order("25")).await.unwrap_err();
    assert!(error.can_be_made_again(), "{error}");
    assert_eq!(error.attempts().submits, 0);
    assert!(sandbox.now() - START >= SETTLE_AFTER.as_secs());

    // Its answer was lost, and the record is there at the first look.
    sandbox.plan_fault(CreateAppOrderDepositAddress::OPERATION, Fault::ActThenDrop);
    let hasty = Timeouts::new(Duration::from_millis(1), Duration::from_millis(1));
    let died = client.clone().with_timeouts(hasty);
    let _ = died.submit(&order("25")).await;
    let before = sandbox.now();
    let settled = client.settle_after_restart(&order("25")).await.unwrap();
    assert_eq!(
        (settled.proof, settled.attempts.lookups),
        (Proof::FoundRecord, 1)
    );
    assert_eq!(sandbox.now(), before);
}
