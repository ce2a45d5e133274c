//! The books stay balanced, whatever happens.

use std::time::Duration;

use bigdecimal::BigDecimal;
use bytes::Bytes;
use ccpayment_sandbox::{Fault, Ledger, Sandbox, Setting};
use serde_json::{Value, json};

use crate::support::{RECEIVER, builder};

/// A generator of its own, so that the sandbox's can't hide a mistake.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    /// Mostly a record that is still open, since one that was taken does not come back.
    fn take(&mut self, from: &mut Vec<String>) -> Option<String> {
        let place = usize::try_from(self.roll(from.len().max(1) as u64)).unwrap();
        (place < from.len()).then(|| from.swap_remove(place))
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let place = self.roll(from.len().max(1) as u64);
        from.get(usize::try_from(place).unwrap())
    }
}

async fn call(sandbox: &Sandbox, route: &str, body: Value) -> Option<Value> {
    let body = body.to_string();
    let mut request = http::Request::post(format!("/ccpayment/v2/{route}"))
        .header("Content-Type", "application/json");
    for (name, value) in sandbox.sign_v2(body.as_bytes()) {
        request = request.header(name, value);
    }
    let answer = sandbox
        .respond(request.body(Bytes::from(body)).unwrap())
        .await?;
    Some(serde_json::from_slice(answer.body()).unwrap())
}

const PLACES: [(u64, &str, &str); 4] = [
    (1280, "POLYGON", RECEIVER),
    (1280, "TRX", "TRPKg7eGMy9aZS2RumSPeWoyVkDqTVwLgL"),
    (1329, "BSC", RECEIVER),
    (1891, "ETH_SEPOLIA", RECEIVER),
];

async fn live(seed: u64, operations: u32) -> Sandbox {
    let sandbox = builder()
        .seed(seed)
        .setting(Setting::ManualChain(true))
        .balance(1280, "50")
        .balance(1329, "3.000000000000000001")
        .build()
        .unwrap();
    let mut dice = Dice(seed | 1);
    let mut addresses: Vec<String> = Vec::new();
    let mut records: Vec<String> = Vec::new();
    for operation in 0..operations {
        let (coin_id, chain, receiver) = *dice.pick(&PLACES).unwrap();
        let amount = format!("{}.{:06}", dice.roll(9), dice.roll(1_000_000));
        let order_id = format!("order-{}", dice.roll(2_000));
        match dice.roll(12) {
            0 | 1 => {
                let order = json!({ "orderId": order_id, "coinId": coin_id, "chain": chain, "price": amount });
                let answer = call(&sandbox, "createAppOrderDepositAddress", order)
                    .await
                    .unwrap();
                addresses.extend(answer["data"]["address"].as_str().map(str::to_owned));
            }
            2..=4 => {
                if let Some(payment) = dice
                    .pick(&addresses)
                    .and_then(|address| sandbox.pay(address, &amount).ok())
                {
                    records.push(payment.record_id);
                }
            }
            5..=7 => {
                if dice.roll(4) == 0 {
                    sandbox.plan_fault("applyAppWithdrawToNetwork", Fault::ActThenDrop);
                }
                if dice.roll(4) == 0 {
                    sandbox.plan_fault("applyAppWithdrawToNetwork", Fault::DeliverAfterLookup);
                }
                let payout = json!({
                    "orderId": order_id, "coinId": coin_id, "chain": chain, "address": receiver,
                    "amount": amount, "merchantPayNetworkFee": dice.roll(2) == 0,
                });
                call(&sandbox, "applyAppWithdrawToNetwork", payout).await;
                if let Some(answer) = call(
                    &sandbox,
                    "getAppWithdrawRecord",
                    json!({ "orderId": order_id }),
                )
                .await
                {
                    records.extend(
                        answer["data"]["record"]["recordId"]
                            .as_str()
                            .map(str::to_owned),
                    );
                }
            }
            8 => {
                _ = dice
                    .take(&mut records)
                    .map(|record_id| sandbox.confirm(&record_id))
            }
            9 => {
                _ = dice
                    .take(&mut records)
                    .map(|record_id| sandbox.fail(&record_id))
            }
            10 => {
                _ = dice
                    .take(&mut records)
                    .map(|record_id| sandbox.flag_risky(&record_id))
            }
            _ => {
                sandbox.advance(Duration::from_secs(dice.roll(300)));
                if dice.roll(10) == 0 {
                    sandbox.settle_payouts();
                    sandbox.confirm_all();
                }
            }
        }
        if operation % 100 == 0 {
            assert!(
                sandbox.ledger().is_balanced(),
                "after operation {operation}"
            );
        }
    }
    sandbox
}

#[tokio::test]
async fn balanced_over_thousands_of_random_operations() {
    let sandbox = live(20_260_101, 4_000).await;
    let ledger = sandbox.ledger();
    assert!(ledger.is_balanced());
    let (deposits, payouts) = (sandbox.deposits(), sandbox.payouts());
    for status in ["Success", "Failed"] {
        let deposited = deposits.iter().filter(|deposit| deposit.status == status);
        let paid_out = payouts.iter().filter(|payout| payout.status == status);
        let counted = (deposited.count(), paid_out.count());
        assert!(counted.0 > 20 && counted.1 > 20, "{status} {counted:?}");
    }
    assert!(deposits.iter().any(|deposit| deposit.flagged));

    // The merchant's money, counted once more from the records instead of the postings.
    for (coin_id, opening) in [(1280, "50"), (1329, "3.000000000000000001"), (1891, "0")] {
        let mut expected: BigDecimal = opening.parse().unwrap();
        for deposit in deposits
            .iter()
            .filter(|deposit| deposit.coin_id == coin_id && !deposit.flagged)
        {
            let query = json!({ "recordId": deposit.record_id });
            let record =
                call(&sandbox, "getAppDepositRecord", query).await.unwrap()["data"]["record"]
                    .take();
            if record["status"] == "Success" {
                expected += decimal(&record["amount"]) - decimal(&record["serviceFee"]);
            }
        }
        for payout in payouts
            .iter()
            .filter(|payout| payout.coin_id == coin_id && payout.status != "Failed")
        {
            let entry = ledger
                .entries()
                .iter()
                .find(|entry| entry.reference == payout.record_id)
                .unwrap();
            let debit = entry
                .postings
                .iter()
                .find(|posting| posting.account == "merchant:available")
                .unwrap();
            expected += debit.amount.parse::<BigDecimal>().unwrap();
        }
        let available: BigDecimal = ledger
            .balance("merchant:available", coin_id)
            .parse()
            .unwrap();
        assert_eq!(available, expected, "coin {coin_id}");
        assert!(available >= BigDecimal::default());
    }
}

fn decimal(text: &Value) -> BigDecimal {
    text.as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn the_same_seed_keeps_the_same_books() {
    let (one, two) = (live(7, 300).await, live(7, 300).await);
    let total = |ledger: &Ledger| -> Vec<_> {
        ledger
            .accounts()
            .map(|(account, coin, total)| (account.to_owned(), coin, total.to_owned()))
            .collect()
    };
    assert_eq!(one.ledger().entries(), two.ledger().entries());
    assert_eq!(total(&one.ledger()), total(&two.ledger()));
}
