//! Everything at once, at random: the books balance, no account overdraws, the same seed repeats.

use std::time::Duration;

use bigdecimal::BigDecimal;
use ccpayment_sandbox::{Fault, IncomingPayment, Sandbox, Setting};
use serde_json::{Value, json};

use crate::support::{RECEIVER, SECRET, START, builder, sign};

/// A generator of its own, so that the sandbox's can't hide a mistake.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        let place = self.roll(from.len().max(1) as u64);
        from.get(usize::try_from(place).unwrap()).cloned()
    }

    fn amount(&mut self) -> String {
        format!("{}.{:06}", self.roll(30), self.roll(1_000_000))
    }
}

const USERS: [&str; 4] = ["alice", "robert", "carol", "testappid0000001"];
const PLACES: [(u64, &str); 4] = [(1280, "POLYGON"), (1280, "BSC"), (1329, "BSC"), (2, "ETH")];

struct City {
    sandbox: Sandbox,
    dice: Dice,
    addresses: Vec<String>,
    records: Vec<String>,
    batches: Vec<String>,
    orders: u64,
    met: u64,
}

impl City {
    fn new(seed: u64) -> Self {
        let approval = Setting::ApprovalAbove {
            coin_id: 1280,
            amount: "25".to_owned(),
        };
        let sandbox = builder()
            .seed(seed)
            .balance(1280, "500")
            .balance(1329, "500")
            .balance(2, "5")
            .user_balance("alice", 1280, "50")
            .user_balance("robert", 1329, "50")
            .setting(approval)
            .build()
            .unwrap();
        Self {
            sandbox,
            dice: Dice(seed | 1),
            addresses: Vec::new(),
            records: Vec::new(),
            batches: Vec::new(),
            orders: 0,
            met: 0,
        }
    }

    /// The data of a success, null for a refusal or a lost answer.
    async fn call(&mut self, route: &str, body: Value) -> Value {
        let body = body.to_string();
        let timestamp = self.sandbox.now().to_string();
        let sign = sign(SECRET, self.sandbox.app_id(), &timestamp, body.as_bytes());
        let request = http::Request::post(format!("/ccpayment/v2/{route}"))
            .header("Content-Type", "application/json")
            .header("Appid", self.sandbox.app_id())
            .header("Timestamp", timestamp)
            .header("Sign", sign)
            .body(bytes::Bytes::from(body))
            .unwrap();
        let Some(answer) = self.sandbox.respond(request).await else {
            return Value::Null;
        };
        let mut envelope: Value = serde_json::from_slice(answer.body()).unwrap();
        assert_ne!(envelope["code"], 11_002, "{envelope}");
        if envelope["code"] != 10_000 {
            return Value::Null;
        }
        self.met += 1;
        self.records
            .extend(envelope["data"]["recordId"].as_str().map(str::to_owned));
        self.addresses
            .extend(envelope["data"]["address"].as_str().map(str::to_owned));
        envelope["data"].take()
    }

    async fn step(&mut self) {
        let (coin_id, chain) = self.dice.pick(&PLACES).unwrap();
        let amount = self.dice.amount();
        let user = self.dice.pick(&USERS).unwrap();
        let other = self.dice.pick(&USERS).unwrap();
        let order_id = if self.dice.roll(8) == 0 {
            format!("order-{}", self.dice.roll(self.orders + 1))
        } else {
            self.orders += 1;
            format!("order-{}", self.orders)
        };
        match self.dice.roll(24) {
            0 => {
                let order = json!({ "orderId": order_id, "coinId": coin_id, "chain": chain, "price": amount });
                self.call("createAppOrderDepositAddress", order).await;
            }
            1 => {
                let invoice = json!({ "orderId": order_id, "price": "5", "priceFiatId": 1022 });
                self.call("createInvoiceUrl", invoice).await;
                let picked = self.sandbox.pick_coin(&order_id, coin_id, chain);
                self.addresses.extend(picked.map(|picked| picked.address));
            }
            2 => {
                let reference = json!({ "referenceId": order_id, "chain": chain });
                self.call("getOrCreateAppDepositAddress", reference).await;
            }
            3 => {
                let address = json!({ "userId": user, "chain": chain });
                self.call("getOrCreateUserDepositAddress", address).await;
            }
            4..=7 => {
                if let Some(address) = self.dice.pick(&self.addresses.clone()) {
                    let incoming = IncomingPayment::new(address, amount).coin(coin_id, chain);
                    let paid = self.sandbox.send_payment(incoming);
                    self.records.extend(paid.map(|paid| paid.record_id));
                }
            }
            8 | 9 => {
                if self.dice.roll(5) == 0 {
                    let route = "applyAppWithdrawToNetwork";
                    self.sandbox.plan_fault(route, Fault::ActThenDrop);
                }
                let on_top = self.dice.roll(2) == 0;
                let out = json!({
                    "orderId": order_id, "coinId": coin_id, "chain": chain, "address": RECEIVER,
                    "amount": amount, "merchantPayNetworkFee": on_top,
                });
                self.call("applyAppWithdrawToNetwork", out).await;
            }
            10 => {
                let out = json!({
                    "userId": user, "orderId": order_id, "coinId": coin_id, "chain": chain,
                    "address": RECEIVER, "amount": amount,
                });
                self.call("applyUserWithdrawToNetwork", out).await;
            }
            11 => {
                let wallet = json!({ "orderId": order_id, "coinId": coin_id, "cwalletUser": "35255142", "amount": amount });
                self.call("applyAppWithdrawToCwallet", wallet).await;
            }
            12 | 13 => {
                let transfer = json!({ "orderId": order_id, "fromUserId": user, "toUserId": other, "coinId": coin_id, "amount": amount });
                self.call("userTransfer", transfer).await;
            }
            14 => {
                let many = json!({ "orderId": order_id, "userId": user, "coinId": coin_id, "toUsers": [
                    { "userId": other, "amount": amount }, { "userId": "carol", "amount": "1.5" },
                ] });
                self.call("userBatchTransfer", many).await;
            }
            15 | 16 => {
                let (coin_out, _) = self.dice.pick(&PLACES).unwrap();
                let swap = json!({ "orderId": order_id, "coinIdIn": coin_id, "amountIn": amount, "coinIdOut": coin_out });
                self.call("swap", swap.clone()).await;
                let mut of_user = swap;
                of_user["userId"] = json!(user);
                of_user["extraFeeRate"] = json!("0.03");
                self.call("userSwap", of_user).await;
            }
            17 => self.batch(&order_id, coin_id, chain, &amount).await,
            18 => {
                if let Some(id) = self.dice.pick(&self.batches.clone()) {
                    let id = json!({ "batchOrderId": id });
                    let route = self
                        .dice
                        .pick(&["confirmBatchWithdraw", "abortBatchWithdraw"])
                        .unwrap();
                    self.call(route, id).await;
                }
            }
            19..=21 => {
                // Mostly what is still open: the newest.
                let newest =
                    |ids: &[String], most: usize| ids[ids.len().saturating_sub(most)..].to_vec();
                let mut ids = newest(&self.records, 25);
                ids.extend(newest(&self.batches, 5));
                if let Some(id) = self.dice.pick(&ids) {
                    let sandbox = &self.sandbox;
                    let _ = match self.dice.roll(6) {
                        0 => sandbox.confirm(&id),
                        1 => sandbox.fail(&id),
                        2 => sandbox.flag_risky(&id),
                        3 => sandbox.approve(&id),
                        4 => sandbox.reject(&id, "no"),
                        _ => sandbox
                            .flag_risky(&id)
                            .and_then(|()| sandbox.confirm(&id))
                            .and_then(|()| sandbox.refund_risky(&id))
                            .map(drop),
                    };
                }
            }
            22 => {
                if let Some(address) = self.dice.pick(&self.addresses.clone()) {
                    let _ = self.sandbox.sweep_address(&address, coin_id, "0.01");
                    let release = json!({ "chain": chain, "address": address });
                    self.call("addressUnbinding", release).await;
                    let _ = self.sandbox.auto_payout(coin_id, chain, RECEIVER, &amount);
                }
            }
            _ => {
                let by = self.dice.roll(400);
                self.sandbox.advance(Duration::from_secs(by));
            }
        }
    }

    async fn batch(&mut self, id: &str, coin_id: u64, chain: &str, amount: &str) {
        let mode = self.dice.pick(&["Single", "Batch"]).unwrap();
        let batch = json!({ "batchOrderId": id, "coinId": coin_id, "chain": chain, "mode": mode, "orders": [
            { "seq": 1, "address": RECEIVER, "amount": amount }, { "seq": 2, "address": RECEIVER, "amount": "1.5" },
        ] });
        if self.call("applyBatchWithdraw", batch).await.is_null() {
            return;
        }
        self.batches.push(id.to_owned());
        let id = json!({ "batchOrderId": id });
        let rows = self.call("getBatchWithdrawOrderRecordList", id).await;
        let ids = rows["records"].as_array().unwrap().iter();
        self.records
            .extend(ids.map(|row| row["recordId"].as_str().unwrap().to_owned()));
    }

    /// Nobody owes anything but the world outside and the pool of the swaps.
    fn check(&self) {
        let ledger = self.sandbox.ledger();
        assert!(ledger.is_balanced());
        for (account, coin_id, total) in ledger.accounts() {
            let total: BigDecimal = total.parse().unwrap();
            assert!(
                total >= BigDecimal::default()
                    || account == "external:chain"
                    || account == "gateway:pool",
                "{account} {coin_id} {total}"
            );
        }
    }
}

async fn live(seed: u64, steps: u32) -> City {
    let mut city = City::new(seed);
    for step in 0..steps {
        city.step().await;
        if step % 200 == 0 {
            city.check();
        }
    }
    city.sandbox.advance(Duration::from_secs(86_400));
    city.check();
    city
}

#[tokio::test]
async fn whatever_happens_the_books_balance() {
    for seed in [1, 20_260_101] {
        let city = live(seed, 3_000).await;
        let ledger = city.sandbox.ledger();
        let kinds: std::collections::BTreeSet<String> = ledger
            .entries()
            .iter()
            .map(|entry| entry.kind.to_string())
            .collect();
        // Every kind of entry was posted, or this proves little.
        assert_eq!(kinds.len(), 12, "seed {seed}: {kinds:?}");
        assert!(city.met > 600, "seed {seed}: {}", city.met);
        assert!(city.sandbox.now() > START);
    }
}

#[tokio::test]
async fn one_seed_one_history() {
    let (one, two) = (live(9, 600).await, live(9, 600).await);
    assert_eq!(
        one.sandbox.ledger().entries(),
        two.sandbox.ledger().entries()
    );
    assert_eq!(one.sandbox.deposits(), two.sandbox.deposits());
    assert_eq!(one.sandbox.payouts(), two.sandbox.payouts());
    assert_eq!(one.records, two.records);
}
