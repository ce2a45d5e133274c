//! The match of a found record with each payout: each field that counts is changed and removed.

use ccpayment::raw::RecordMatch;
use ccpayment::v2::*;
use ccpayment::{Address, Amount, Chain, CoinId, Memo, OrderId, Payout, Request, Submit, UserId};
use serde_json::{Value, json};

/// The fields that a comparison needs, those that it uses if they are there, and those of both that
/// may have several spellings. Then the words for a payout that is under way or done, and those for
/// one that failed.
struct Rules<'a> {
    needed: &'a [(&'a str, &'a str, Value)],
    if_there: &'a [(&'a str, &'a str, Value)],
    spelt: &'a [&'a str],
    accepted: &'a [&'a str],
    ended: &'a [&'a str],
}

#[track_caller]
fn check<P: Payout>(payout: &P, record: &Value, rules: &Rules<'_>) {
    let judge = |record: &Value| {
        let found =
            serde_json::from_value::<<P::Lookup as Request>::Response>(json!({ "record": record }));
        payout.judge(&found.unwrap_or_else(|e| panic!("{}: {record}: {e}", P::OPERATION)))
    };
    assert_eq!(
        P::SETTLED_BY,
        Some(P::Lookup::OPERATION),
        "{}",
        P::OPERATION
    );
    let sent: Value = serde_json::from_slice(&payout.lookup().body().unwrap()).unwrap();
    assert_eq!(sent, json!({"orderId": "payout-1"}), "{}", P::OPERATION);
    assert!(
        matches!(judge(record), RecordMatch::Matches { .. }),
        "{:?}",
        judge(record)
    );

    let all = rules.needed.iter().chain(rules.if_there);
    for (wire, field, other) in all {
        let mut changed = record.clone();
        changed[*wire] = other.clone();
        let is_spelt = rules.spelt.contains(wire);
        match judge(&changed) {
            RecordMatch::Conflicts { fields, .. } | RecordMatch::Incomparable { fields, .. }
                if is_spelt == matches!(judge(&changed), RecordMatch::Incomparable { .. }) =>
            {
                let names: Vec<_> = fields.iter().map(|it| it.field).collect();
                assert_eq!(names, [*field], "{} {wire}", P::OPERATION);
            }
            other => panic!("{} with another {wire}: {other:?}", P::OPERATION),
        }
    }
    let without = |wire: &str| {
        let mut record = record.clone();
        record.as_object_mut().unwrap().remove(wire);
        record
    };
    for (wire, name, _) in rules.needed {
        // A record without a field that the type requires never gets here.
        let Ok(found) = serde_json::from_value(json!({ "record": without(wire) })) else {
            continue;
        };
        let judged = payout.judge(&found);
        assert!(
            matches!(judged, RecordMatch::Incomplete { field } if field == *name),
            "{} without {wire}: {judged:?}",
            P::OPERATION
        );
    }
    for (wire, ..) in rules.if_there {
        assert!(
            matches!(judge(&without(wire)), RecordMatch::Matches { .. }),
            "{wire}"
        );
    }
    for status in rules.ended {
        let mut ended = record.clone();
        ended["status"] = json!(status);
        let judged = judge(&ended);
        assert!(
            matches!(&judged, RecordMatch::Ended { status: it, .. } if it == status),
            "{} {status}: {judged:?}",
            P::OPERATION
        );
        // The failure of another payout proves nothing about this one.
        let is_certain = |it: &&(&str, &str, Value)| !rules.spelt.contains(&it.0);
        let (wire, _, other) = rules.needed.iter().find(is_certain).unwrap();
        ended[*wire] = other.clone();
        assert!(
            matches!(judge(&ended), RecordMatch::Conflicts { .. }),
            "{}",
            P::OPERATION
        );
    }
    let words = [
        "Success",
        "Processing",
        "WaitingApproval",
        "Rejected",
        "Failed",
    ];
    for word in words.into_iter().chain(["Cancelled", "failed", "Refunded"]) {
        let mut record = record.clone();
        record["status"] = json!(word);
        let expected = match judge(&record) {
            RecordMatch::Matches { status, .. } => {
                rules.accepted.contains(&word) && status.as_deref() == Some(word)
            }
            RecordMatch::Ended { .. } => rules.ended.contains(&word),
            RecordMatch::UnknownStatus { status } => {
                !rules.accepted.contains(&word) && !rules.ended.contains(&word) && status == word
            }
            _ => false,
        };
        assert!(expected, "{} {word}", P::OPERATION);
    }
    let mut respelt = record.clone();
    respelt["orderId"] = json!("PAYOUT-1 ");
    let judged = judge(&respelt);
    assert!(
        matches!(&judged, RecordMatch::Incomparable { fields, .. } if fields[0].field == "orderId"),
        "{judged:?}"
    );
    for order_id in [json!("payout-2"), Value::Null, json!("")] {
        let mut other = record.clone();
        other["orderId"] = order_id;
        let judged = judge(&other);
        assert!(
            matches!(judged, RecordMatch::Incomplete { field: "orderId" }),
            "{judged:?}"
        );
    }
}

fn id() -> OrderId {
    OrderId::new("payout-1")
}

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

const USDT: CoinId = CoinId::new(1280);
const EVM: &str = "0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE";

fn record(more: Value) -> Value {
    let mut record = json!({
        "recordId": "r", "orderId": "payout-1", "coinId": 1280, "amount": "12.50", "status": "Success",
    });
    record
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    record
}

const WITHDRAWAL: &[&str] = &["WaitingApproval", "Processing", "Success"];
const NO_WITHDRAWAL: &[&str] = &["Rejected", "Failed"];

#[test]
fn withdrawals_to_a_chain() {
    let on_chain = json!({
        "withdrawType": "Network", "chain": "POLYGON", "toAddress": EVM.to_lowercase(), "toMemo": "",
        "userId": "user-1",
    });
    let needed = [
        ("chain", "chain", json!("ETH")),
        ("toAddress", "address", json!(EVM.replace('4', "5"))),
        ("coinId", "coinId", json!(1281)),
        ("amount", "amount", json!("12.51")),
        ("withdrawType", "withdrawType", json!("Cwallet")),
        ("userId", "userId", json!("user-2")),
    ];
    let memo = [("toMemo", "memo", json!("7"))];
    let payout = ApplyAppWithdrawToNetwork::new(
        id(),
        USDT,
        Chain::new("POLYGON"),
        Address::new(EVM),
        amount("12.5"),
    );
    let rules = Rules {
        needed: &needed[..5],
        if_there: &memo,
        spelt: &["chain", "toMemo"],
        accepted: WITHDRAWAL,
        ended: NO_WITHDRAWAL,
    };
    check(&payout, &record(on_chain.clone()), &rules);

    let payout = ApplyUserWithdrawToNetwork::new(
        UserId::new("user-1"),
        id(),
        USDT,
        Chain::new("POLYGON"),
        Address::new(EVM),
        amount("12.5"),
    );
    let [chain, address, coin, paid, kind, user] = needed;
    let rules = Rules {
        needed: &[chain, address, coin, paid, user],
        if_there: &[kind, memo[0].clone()],
        spelt: &["chain", "toMemo"],
        accepted: WITHDRAWAL,
        ended: NO_WITHDRAWAL,
    };
    check(&payout, &record(on_chain.clone()), &rules);

    // A user always bears the fee, so a record may show the amount less the fee, but not if the fee
    // is in another coin.
    let shown = |coin: u64| {
        let mut shown = record(on_chain.clone());
        shown["amount"] = json!("12.4");
        shown["fee"] = json!({"coinId": coin, "amount": "0.1"});
        let found = serde_json::from_value(json!({ "record": shown })).unwrap();
        payout.judge(&found)
    };
    assert!(matches!(shown(1280), RecordMatch::Matches { .. }));
    assert!(matches!(shown(1281), RecordMatch::Conflicts { .. }));
}

#[test]
fn withdrawals_to_cwallet() {
    let to_user = json!({"withdrawType": "Cwallet", "cwalletUser": "35255142", "userId": "user-1"});
    let needed = [
        ("cwalletUser", "cwalletUser", json!("35255143")),
        ("coinId", "coinId", json!(1281)),
        ("amount", "amount", json!("12.51")),
        ("withdrawType", "withdrawType", json!("Network")),
        ("userId", "userId", json!("user-2")),
    ];
    let payout = ApplyAppWithdrawToCwallet::new(id(), USDT, "35255142", amount("12.5"));
    let rules = Rules {
        needed: &needed[..4],
        if_there: &[],
        spelt: &["chain", "toMemo"],
        accepted: WITHDRAWAL,
        ended: NO_WITHDRAWAL,
    };
    check(&payout, &record(to_user.clone()), &rules);

    let user = UserId::new("user-1");
    let payout = ApplyUserWithdrawToCwallet::new(user, id(), USDT, "35255142", amount("12.5"));
    let [receiver, coin, paid, kind, user] = needed;
    let rules = Rules {
        needed: &[receiver, coin, paid, user],
        if_there: &[kind],
        spelt: &["chain", "toMemo"],
        accepted: WITHDRAWAL,
        ended: NO_WITHDRAWAL,
    };
    check(&payout, &record(to_user), &rules);
}

#[test]
fn transfers_between_users() {
    let (from, to) = (UserId::new("user-1"), UserId::new("user-2"));
    let payout = UserTransfer::new(id(), from.clone(), to.clone(), USDT, amount("12.5"));
    let rules = Rules {
        needed: &[
            ("fromUserId", "fromUserId", json!("user-3")),
            ("toUserId", "toUserId", json!("user-3")),
            ("coinId", "coinId", json!(1281)),
            ("amount", "amount", json!("12.51")),
        ],
        if_there: &[],
        spelt: &[],
        accepted: &["Success"],
        ended: &["Failed"],
    };
    let users = json!({"fromUserId": "user-1", "toUserId": "user-2"});
    check(&payout, &record(users), &rules);

    let target = |user: &UserId, paid: &str| TransferTarget::new(user.clone(), amount(paid));
    let targets = [target(&to, "1.0"), target(&from, "2")];
    let payout = UserBatchTransfer::new(id(), from, targets, USDT);
    let other = json!([{"userId": "user-2", "amount": "2"}, {"userId": "user-1", "amount": "1"}]);
    let rules = Rules {
        needed: &[
            ("userId", "userId", json!("user-3")),
            ("coinId", "coinId", json!(1281)),
            ("toUsers", "toUsers", other),
        ],
        if_there: &[],
        spelt: &[],
        accepted: &["Success"],
        ended: &["Failed"],
    };
    // In another order, and in another spelling.
    let targets =
        json!([{"userId": "user-1", "amount": "2.00"}, {"userId": "user-2", "amount": "1"}]);
    check(
        &payout,
        &record(json!({"userId": "user-1", "toUsers": targets})),
        &rules,
    );
}

#[test]
fn swaps() {
    let matic = CoinId::new(1329);
    let swapped = json!({
        "coinIdIn": 1280, "amountIn": "1.000000000000000000000000", "coinIdOut": 1329,
        "amountOut": "1.9", "netAmountOut": "1.7", "amountOutMinimum": "1.5",
        "userId": "user-1", "extraFeeRate": "0.01",
    });
    let goes_in = [
        ("coinIdIn", "coinIdIn", json!(1281)),
        ("amountIn", "amountIn", json!("1.1")),
        ("coinIdOut", "coinIdOut", json!(1330)),
    ];
    let minimum = ("amountOutMinimum", "amountOutMinimum", json!("1.4"));
    let payout = Swap::new(id(), USDT, amount("1"), matic).amount_out_minimum(amount("1.5"));
    let rules = Rules {
        needed: &goes_in,
        if_there: std::slice::from_ref(&minimum),
        spelt: &["extraFeeRate"],
        accepted: &["Processing", "Success"],
        ended: &["Failed"],
    };
    check(&payout, &record(swapped.clone()), &rules);

    let [coin_in, paid, coin_out] = goes_in;
    let user = UserId::new("user-1");
    let payout = UserSwap::new(id(), user, USDT, amount("1"), matic);
    let surcharge = ("extraFeeRate", "extraFeeRate", json!("0.02"));
    let rules = Rules {
        needed: &[
            coin_in,
            paid,
            coin_out,
            ("userId", "userId", json!("user-2")),
            surcharge.clone(),
        ],
        if_there: &[],
        spelt: &["extraFeeRate"],
        accepted: &["Processing", "Success"],
        ended: &["Failed"],
    };
    check(
        &payout.clone().extra_fee_rate(amount("0.01")),
        &record(swapped.clone()),
        &rules,
    );
    // Without a surcharge a record may say zero or nothing.
    let mut none = record(swapped);
    none["extraFeeRate"] = json!("0");
    let rules = Rules {
        needed: &rules.needed[..4],
        if_there: &[surcharge],
        spelt: &["extraFeeRate"],
        accepted: &["Processing", "Success"],
        ended: &["Failed"],
    };
    check(&payout, &none, &rules);
}

/// The values that a record may show instead of those that were asked for.
#[test]
fn a_record_in_another_spelling_is_the_same_or_can_not_be_compared() {
    let to_chain = |chain: &str, address: &str| {
        ApplyAppWithdrawToNetwork::new(
            id(),
            USDT,
            Chain::new(chain),
            Address::new(address),
            amount("12.5"),
        )
    };
    let shown = |chain: &str, address: &str, memo: Value| {
        let more = json!({"withdrawType": "Network", "chain": chain, "toAddress": address, "toMemo": memo});
        serde_json::from_value(json!({ "record": record(more) })).unwrap()
    };
    let bech32 = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
    let tron = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t";
    for (asked, found) in [
        (("BTC", bech32), ("btc", bech32.to_uppercase())),
        (("Polygon", EVM), ("POLYGON", EVM.to_lowercase())),
        (("TRX", tron), ("TRX", format!("{tron} "))),
    ] {
        let judged = to_chain(asked.0, asked.1).judge(&shown(found.0, &found.1, Value::Null));
        assert!(matches!(judged, RecordMatch::Matches { .. }), "{judged:?}");
    }
    for (asked, memo, found, shown_memo, field) in [
        (
            ("TRX", tron),
            None,
            ("TRC20", tron.to_owned()),
            Value::Null,
            "chain",
        ),
        (
            ("TRX", tron),
            None,
            ("TRX", tron.to_lowercase()),
            Value::Null,
            "address",
        ),
        (
            ("XRP", "rEb8TK3gBgk5auZkwc6sHnwrGVJH8DuaLh"),
            Some("0123"),
            ("XRP", "rEb8TK3gBgk5auZkwc6sHnwrGVJH8DuaLh".to_owned()),
            json!("123"),
            "memo",
        ),
    ] {
        let mut payout = to_chain(asked.0, asked.1);
        payout.memo = memo.map(Memo::new);
        let judged = payout.judge(&shown(found.0, &found.1, shown_memo));
        let RecordMatch::Incomparable {
            fields,
            status,
            record_id,
        } = judged
        else {
            panic!("{judged:?}")
        };
        assert_eq!(
            fields.iter().map(|it| it.field).collect::<Vec<_>>(),
            [field]
        );
        assert_eq!(status.as_deref(), Some("Success"));
        assert!(record_id.is_some());
    }

    // Asked for by e-mail, shown by number, as the documents' own sample does.
    let payout = ApplyAppWithdrawToCwallet::new(id(), USDT, "jane@example.com", amount("12.5"));
    let shown =
        json!({"record": record(json!({"withdrawType": "Cwallet", "cwalletUser": "35255142"}))});
    let judged = payout.judge(&serde_json::from_value(shown).unwrap());
    let RecordMatch::Incomparable { fields, .. } = judged else {
        panic!("{judged:?}")
    };
    assert_eq!(
        fields[0].to_string(),
        "cwalletUser: asked jane@example.com, found 35255142"
    );

    // The merchant's own users, in another letter case or with another id.
    let transfer = UserTransfer::new(
        id(),
        UserId::new("user-1"),
        UserId::new("user-2"),
        USDT,
        amount("12.5"),
    );
    let shown = |from: &str| {
        let users = json!({"fromUserId": from, "toUserId": "user-2"});
        transfer.judge(&serde_json::from_value(json!({ "record": record(users) })).unwrap())
    };
    assert!(matches!(shown("USER-1"), RecordMatch::Incomparable { .. }));
    assert!(matches!(shown("user-3"), RecordMatch::Conflicts { .. }));
    let targets = [TransferTarget::new(UserId::new("user-2"), amount("1"))];
    let batch = UserBatchTransfer::new(id(), UserId::new("user-1"), targets, USDT);
    let shown = |to: &str, paid: &str| {
        let targets = json!([{"userId": to, "amount": paid}]);
        let users = json!({"userId": "user-1", "toUsers": targets});
        batch.judge(&serde_json::from_value(json!({ "record": record(users) })).unwrap())
    };
    assert!(matches!(
        shown("user-2", "1.0"),
        RecordMatch::Matches { .. }
    ));
    assert!(matches!(
        shown("User-2", "1"),
        RecordMatch::Incomparable { .. }
    ));
    assert!(matches!(
        shown("user-2", "2"),
        RecordMatch::Conflicts { .. }
    ));
    assert!(matches!(
        shown("user-3", "1"),
        RecordMatch::Conflicts { .. }
    ));
}
