//! For each `Submit`, a record of it, and the `RecordMatch` when one value of the record differs.
//!
//! All values of a record differ from each other, so that a mix-up of two fields shows. The names
//! are those of the documents' samples (`tests/fixtures`).

use serde_json::{Value, json};

use super::{Difference, RecordMatch, Submit};
use crate::request::Request;

fn said<S: Submit>(call: &S, answer: Value) -> String {
    let found = serde_json::from_value::<<S::Lookup as Request>::Response>(answer).unwrap();
    let names = |fields: Vec<Difference>| {
        let names: Vec<_> = fields.iter().map(|it| it.field).collect();
        names.join(" ")
    };
    match call.judge(&found) {
        RecordMatch::Matches { .. } => "same".into(),
        RecordMatch::Ended { status, .. } => format!("ended {status}"),
        RecordMatch::UnknownStatus { status } => format!("unknown {status}"),
        RecordMatch::Conflicts { fields, .. } => format!("differs {}", names(fields)),
        RecordMatch::Incomparable { fields, .. } => format!("unclear {}", names(fields)),
        RecordMatch::NotFound => "nothing".into(),
        RecordMatch::Incomplete { field } => format!("incomplete {field}"),
    }
}

/// A place in the record, its new value, and the expected result.
type Change = (&'static str, Value, &'static str);

#[track_caller]
fn check<S: Submit>(call: &S, answer: &Value, changes: &[Change]) {
    assert_eq!(said(call, answer.clone()), "same", "{}", S::OPERATION);
    for (at, instead, expected) in changes {
        let mut answer = answer.clone();
        *answer.pointer_mut(at).unwrap() = instead.clone();
        assert_eq!(
            said(call, answer),
            *expected,
            "{} {at} {instead}",
            S::OPERATION
        );
    }
}

#[cfg(feature = "v2")]
mod v2 {
    use super::{Change, Value, check, json, said};
    use crate::ids::{Address, Chain, CoinId, FiatId, Memo, OrderId, PriceIn, Timestamp, UserId};
    use crate::v2::{
        ApplyAppWithdrawToCwallet, ApplyAppWithdrawToNetwork, ApplyBatchWithdraw,
        ApplyUserWithdrawToCwallet, ApplyUserWithdrawToNetwork, BatchMode, BatchRows,
        BatchWithdrawTask, CreateAppOrderDepositAddress, CreateInvoiceUrl, Swap, TransferTarget,
        UserBatchTransfer, UserSwap, UserTransfer,
    };

    fn id() -> OrderId {
        OrderId::new("once-1")
    }

    fn record(mut record: Value) -> Value {
        record["recordId"] = json!("r-1");
        record["orderId"] = json!("once-1");
        json!({ "record": record })
    }

    /// What holds for all that move money.
    fn with(more: &[Change], ended: &'static str) -> Vec<Change> {
        let mut changes = more.to_vec();
        changes.extend([
            ("/record/orderId", json!("once-2"), "incomplete orderId"),
            ("/record/orderId", json!("ONCE-1"), "unclear orderId"),
            ("/record/status", json!("Failed"), ended),
            ("/record/status", json!("Weighing"), "unknown Weighing"),
        ]);
        changes
    }

    #[test]
    fn withdrawals() {
        let (coin, amount) = (CoinId::new(1280), || "12.5".parse().unwrap());
        let (chain, address) = (Chain::new("XRP"), Address::new("rEb8TK3gBgk5auZkwc6sH"));
        let app =
            ApplyAppWithdrawToNetwork::new(id(), coin, chain.clone(), address.clone(), amount())
                .memo(Memo::new("77"));
        let user = UserId::new("user-1");
        let of_user =
            ApplyUserWithdrawToNetwork::new(user.clone(), id(), coin, chain, address, amount())
                .memo(Memo::new("77"));
        let on_chain = record(json!({
            "userId": "user-1", "coinId": 1280, "chain": "XRP", "amount": "12.5",
            "toAddress": "rEb8TK3gBgk5auZkwc6sH", "toMemo": "77", "withdrawType": "Network",
            "status": "Success", "fee": {"coinId": 1280, "amount": "0.1"},
        }));
        let changes = [
            ("/record/coinId", json!(1281), "differs coinId"),
            ("/record/amount", json!("12.6"), "differs amount"),
            (
                "/record/withdrawType",
                json!("Cwallet"),
                "differs withdrawType",
            ),
            ("/record/chain", json!("ETH"), "unclear chain"),
            ("/record/toMemo", json!("78"), "unclear memo"),
            ("/record/toAddress", json!(null), "incomplete address"),
        ];
        let by_user = [("/record/userId", json!("user-2"), "differs userId")];
        // Without its fee, unless the merchant pays that.
        let net = [("/record/amount", json!("12.4"), "same")];
        let not_net = [("/record/amount", json!("12.4"), "differs amount")];
        let whole = |more: &[Change]| with(&[&changes[..], more].concat(), "ended Failed");
        check(&app, &on_chain, &whole(&net));
        let receiver_pays = app.clone().merchant_pay_network_fee(false);
        check(&receiver_pays, &on_chain, &whole(&net));
        let merchant_pays = app.merchant_pay_network_fee(true);
        check(&merchant_pays, &on_chain, &whole(&not_net));
        check(
            &of_user,
            &on_chain,
            &whole(&[net, by_user.clone()].concat()),
        );

        let to_user = record(json!({
            "userId": "user-1", "coinId": 1280, "amount": "12.5", "cwalletUser": "9454818",
            "withdrawType": "Cwallet", "status": "Success",
        }));
        let changes = [
            ("/record/coinId", json!(1281), "differs coinId"),
            ("/record/amount", json!("12.4"), "differs amount"),
            (
                "/record/withdrawType",
                json!("Network"),
                "differs withdrawType",
            ),
            (
                "/record/cwalletUser",
                json!("9454819"),
                "differs cwalletUser",
            ),
        ];
        let app = ApplyAppWithdrawToCwallet::new(id(), coin, "9454818", amount());
        check(&app, &to_user, &with(&changes, "ended Failed"));
        let of_user = ApplyUserWithdrawToCwallet::new(user, id(), coin, "9454818", amount());
        let changes = [&changes[..], &by_user].concat();
        check(&of_user, &to_user, &with(&changes, "ended Failed"));
    }

    #[test]
    fn transfers() {
        let (from, to, coin) = (
            UserId::new("user-1"),
            UserId::new("user-2"),
            CoinId::new(1280),
        );
        let amount = || "12.5".parse().unwrap();
        let one = UserTransfer::new(id(), from.clone(), to.clone(), coin, amount());
        let answer = record(json!({
            "fromUserId": "user-1", "toUserId": "user-2", "coinId": 1280, "amount": "12.5",
            "status": "Success",
        }));
        let changes = [
            ("/record/fromUserId", json!("user-2"), "differs fromUserId"),
            ("/record/toUserId", json!("user-1"), "differs toUserId"),
            ("/record/coinId", json!(1281), "differs coinId"),
            ("/record/amount", json!("12.4"), "differs amount"),
        ];
        check(&one, &answer, &with(&changes, "ended Failed"));

        let targets = [TransferTarget::new(to, amount())];
        let many = UserBatchTransfer::new(id(), from, targets, coin);
        let answer = record(json!({
            "userId": "user-1", "coinId": 1280, "status": "Success",
            "toUsers": [{"userId": "user-2", "amount": "12.5"}],
        }));
        let changes = [
            ("/record/userId", json!("user-2"), "differs userId"),
            ("/record/coinId", json!(1281), "differs coinId"),
            (
                "/record/toUsers/0/userId",
                json!("user-1"),
                "differs toUsers",
            ),
            ("/record/toUsers/0/amount", json!("12.4"), "differs toUsers"),
            ("/record/toUsers", json!([]), "incomplete toUsers"),
        ];
        check(&many, &answer, &with(&changes, "ended Failed"));
    }

    #[test]
    fn swaps() {
        let (coin_in, coin_out) = (CoinId::new(1280), CoinId::new(1329));
        let amount = |text: &str| text.parse().unwrap();
        let answer = record(json!({
            "userId": "user-1", "coinIdIn": 1280, "amountIn": "1", "coinIdOut": 1329,
            "amountOutMinimum": "1.5", "amountOut": "1.9", "netAmountOut": "1.8",
            "extraFeeRate": "0.01", "status": "Success",
        }));
        let changes = [
            ("/record/coinIdIn", json!(1329), "differs coinIdIn"),
            ("/record/coinIdOut", json!(1280), "differs coinIdOut"),
            ("/record/amountIn", json!("1.9"), "differs amountIn"),
            (
                "/record/amountOutMinimum",
                json!("1.9"),
                "differs amountOutMinimum",
            ),
        ];
        let app = Swap::new(id(), coin_in, amount("1"), coin_out).amount_out_minimum(amount("1.5"));
        check(&app, &answer, &with(&changes, "ended Failed"));
        let user = UserId::new("user-1");
        let of_user = UserSwap::new(id(), user, coin_in, amount("1"), coin_out)
            .amount_out_minimum(amount("1.5"))
            .extra_fee_rate(amount("0.01"));
        let more = [
            ("/record/userId", json!("user-2"), "differs userId"),
            (
                "/record/extraFeeRate",
                json!("0.02"),
                "unclear extraFeeRate",
            ),
        ];
        let changes = [&changes[..], &more].concat();
        check(&of_user, &answer, &with(&changes, "ended Failed"));
    }

    #[test]
    fn rows_that_are_counted_and_not_shown_prove_nothing() {
        let rows = (1..=3).map(|seq| {
            let (id, address) = (OrderId::new(format!("row-{seq}")), Address::new("T1"));
            BatchWithdrawTask::new(seq, id, address, "12.5".parse().unwrap())
        });
        let (coin, chain) = (CoinId::new(1280), Chain::new("TRX"));
        let batch = ApplyBatchWithdraw::new(id(), coin, chain, BatchMode::Batch).orders(rows);
        for total in 0..=4_usize {
            for shown in 0..=3 {
                let order = json!({
                    "batchOrderId": "once-1", "coin": {"coin_id": 1280}, "mode": "Batch",
                    "status": "Created", "stats": {"total": total},
                });
                let rows = (1..=shown).map(|seq| {
                    let row = json!({
                        "orderId": format!("row-{seq}"), "seq": seq, "recordId": format!("r-{seq}"),
                        "address": "T1", "amount": "12.5", "status": "Pending",
                    });
                    serde_json::from_value(row).unwrap()
                });
                let judged = batch.judge_rows(&serde_json::from_value(order).unwrap(), rows);
                match judged {
                    BatchRows::Fit(_) => assert_eq!(total, shown),
                    BatchRows::Incomplete { field: "stats" } => assert_ne!(total, shown),
                    other => panic!("{shown} of {total}: {other:?}"),
                }
            }
        }
    }

    #[test]
    fn what_is_opened_or_to_be_paid() {
        let coin = CoinId::new(1280);
        let batch = ApplyBatchWithdraw::new(id(), coin, Chain::new("TRX"), BatchMode::Batch);
        let opened = json!({
            "batchOrderId": "once-1", "coin": {"coin_id": 1280}, "mode": "Batch",
            "status": "Created",
        });
        let changes = [
            ("/batchOrderId", json!("once-2"), "incomplete batchOrderId"),
            ("/coin/coin_id", json!(1281), "differs coinId"),
            ("/mode", json!("Single"), "differs mode"),
            ("/coin", json!(null), "incomplete coinId"),
        ];
        check(&batch, &opened, &changes);

        let price = || "12.5".parse().unwrap();
        let order = CreateAppOrderDepositAddress::new(id(), coin, Chain::new("TRX"), price())
            .expired_at(Timestamp::new(1_767_225_600))
            .buyer_email("jane@shop.example");
        let to_pay = json!({
            "coinId": 1280, "coinSymbol": "USDT", "chain": "TRX", "amountToPay": "12.5",
            "toAddress": "T1", "fiatId": null, "rate": null, "expiredAt": 1_767_225_600,
            "buyerEmail": "jane@shop.example",
        });
        let changes = [
            ("/coinId", json!(1281), "differs coinId"),
            ("/chain", json!("ETH"), "unclear chain"),
            ("/amountToPay", json!("12.4"), "differs price"),
            ("/toAddress", json!(null), "incomplete toAddress"),
            ("/fiatId", json!(1033), "differs fiatId"),
            ("/expiredAt", json!(1_767_225_602), "unclear expiredAt"),
            (
                "/buyerEmail",
                json!("li@shop.example"),
                "unclear buyerEmail",
            ),
        ];
        check(&order, &to_pay, &changes);
        // 12.5 at 0.5 is 25.
        let mut in_fiat = to_pay;
        in_fiat["fiatId"] = json!(1033);
        in_fiat["rate"] = json!("0.50");
        in_fiat["amountToPay"] = json!("25.00");
        let changes = [
            ("/fiatId", json!(1034), "differs fiatId"),
            ("/amountToPay", json!("12.50"), "differs price"),
            ("/rate", json!("2.00"), "differs price"),
        ];
        check(&order.fiat_id(FiatId::new(1033)), &in_fiat, &changes);

        let fiat = PriceIn::Fiat(FiatId::new(1033));
        let invoice = CreateInvoiceUrl::new(fiat, id(), price())
            .product("two pens")
            .buyer_email("jane@shop.example");
        let shown = json!({
            "orderId": "once-1", "price": "12.5", "priceFiatId": 1033, "priceCoinId": null,
            "invoiceUrl": "https://pay.example/1", "product": "two pens", "totalPaidValue": "0",
            "buyerEmail": "jane@shop.example", "paidList": [],
        });
        let changes = [
            ("/orderId", json!("once-2"), "incomplete orderId"),
            ("/price", json!("12.4"), "differs price"),
            ("/priceFiatId", json!(1034), "differs priceFiatId"),
            ("/priceCoinId", json!(1033), "differs priceCoinId"),
            ("/product", json!("a pen"), "unclear product"),
            (
                "/buyerEmail",
                json!("li@shop.example"),
                "unclear buyerEmail",
            ),
        ];
        check(&invoice, &shown, &changes);
        let in_coins = PriceIn::Coin(coin);
        let in_coins = CreateInvoiceUrl::new(in_coins, id(), price());
        assert_eq!(said(&in_coins, shown), "differs priceFiatId");
    }
}

#[cfg(feature = "v1")]
mod v1 {
    use super::{check, json, said};
    use crate::ids::{Address, OrderId};
    use crate::v1::{CreateOrder, Currency, GetCheckoutUrl, TokenId, Withdraw};

    fn id() -> OrderId {
        OrderId::new("once-1")
    }

    #[test]
    fn withdrawals() {
        let value = "12.5".parse().unwrap();
        let payout = Withdraw::new(id(), Address::new("T1"), TokenId::new("t-1"), value);
        let answer = json!([{
            "order_detail": {
                "merchant_order_id": "once-1", "order_id": "g-1", "order_amount": "12.5",
                "crypto": "USDT", "product_price": null, "status": "Successful",
            },
            "trade_list": [{"amount": "12.4", "network_fee": "0.1", "network_fee_crypto": "USDT"}],
        }]);
        let changes = [
            (
                "/0/order_detail/merchant_order_id",
                json!("2"),
                "incomplete merchant_order_id",
            ),
            (
                "/0/order_detail/order_amount",
                json!("12.6"),
                "differs value",
            ),
            (
                "/0/order_detail/product_price",
                json!("1"),
                "differs product_price",
            ),
            ("/0/order_detail/status", json!("Failed"), "ended Failed"),
            (
                "/0/order_detail/status",
                json!("Weighing"),
                "unknown Weighing",
            ),
        ];
        let amount = "/0/order_detail/order_amount";
        let net = (amount, json!("12.4"), "same");
        let not_net = (amount, json!("12.4"), "differs value");
        check(&payout, &answer, &[&changes[..], &[net]].concat());
        let merchant_pays = payout.merchant_pays_fee(true);
        check(
            &merchant_pays,
            &answer,
            &[&changes[..], &[not_net]].concat(),
        );
        assert_eq!(said(&merchant_pays, json!([])), "nothing");
    }

    #[test]
    fn orders() {
        let price = || "12.5".parse().unwrap();
        let order = CreateOrder::new(id(), price(), TokenId::new("t-1"), Currency::usd());
        let page = GetCheckoutUrl::new(id(), price(), "two pens");
        let answer = json!([{"order_detail": {
            "merchant_order_id": "once-1", "product_price": "12.5", "order_amount": "12.6",
            "denominated_currency": "USD", "product_name": "two pens", "status": "Pending",
        }}]);
        let changes = [
            (
                "/0/order_detail/merchant_order_id",
                json!("2"),
                "incomplete merchant_order_id",
            ),
            (
                "/0/order_detail/product_price",
                json!("12.6"),
                "differs product_price",
            ),
            (
                "/0/order_detail/product_price",
                json!(null),
                "incomplete product_price",
            ),
            (
                "/0/order_detail/denominated_currency",
                json!("EUR"),
                "differs denominated_currency",
            ),
        ];
        check(&order, &answer, &changes);
        let product = (
            "/0/order_detail/product_name",
            json!("a pen"),
            "unclear product_name",
        );
        check(&page, &answer, &[&changes[..], &[product]].concat());
        assert_eq!(said(&order, json!([])), "nothing");
    }
}
