//! Random operations of every kind on a sandbox in process, whose books have to stay balanced.
//!
//! The sandbox checks each entry, and the sum of all accounts, when it is posted; once that fails,
//! every later call says so. Here each operation is checked for that, and [`Soak::recount`] counts
//! the books anew from their first entry.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use ccpayment_sandbox::{Fault, IncomingPayment, Sandbox, SandboxError, Setting};
use serde_json::{Value, json};

const RECEIVER: &str = "0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE";
const USERS: [&str; 5] = ["user-jane", "user-li", "user-omar", "user-ada", "user-noor"];
/// Coin, chain, and how many decimals an amount may have there.
const PLACES: [(u64, &str, usize); 3] = [
    (1280, "POLYGON", 6),
    (1329, "BSC", 18),
    (1329, "POLYGON", 9),
];
/// How many ids of a kind are remembered: few enough that most are still open.
const REMEMBERED: usize = 256;

/// A generator of its own, so that the sandbox's can't hide a mistake.
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides.max(1)
    }

    fn one_in(&mut self, sides: u64) -> bool {
        self.roll(sides) == 0
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let place = self.roll(u64::try_from(from.len()).unwrap_or(1));
        from.get(usize::try_from(place).ok()?)
    }

    /// Takes an item and forgets it, since most serve for one operation only.
    fn take<T>(&mut self, from: &mut Vec<T>) -> Option<T> {
        let place = self.roll(u64::try_from(from.len()).unwrap_or(1));
        let place = usize::try_from(place).ok()?;
        (place < from.len()).then(|| from.swap_remove(place))
    }

    /// An amount above zero and up to a hundred, with as many decimals as the chain carries.
    fn amount(&mut self, decimals: usize) -> String {
        let (whole, mut part) = (self.roll(100), self.roll(1_000_000_000));
        if whole == 0 && part < 100_000_000 {
            part += 100_000_000;
        }
        let part = format!("{part:09}{part:09}");
        format!("{whole}.{}", part.get(..decimals).unwrap_or("0"))
    }
}

/// An order that waits for its payment.
#[derive(Debug)]
struct Open {
    address: String,
    amount: String,
    coin: (u64, &'static str),
}

/// How often a kind of operation was tried, and how often it did something.
#[derive(Debug, Default, Clone, Copy)]
#[non_exhaustive]
pub struct Tally {
    /// Attempts.
    pub attempts: u64,
    /// Attempts that were carried out; the rest was refused.
    pub done: u64,
}

/// A sandbox under random operations.
#[derive(Debug)]
pub struct Soak {
    sandbox: Sandbox,
    dice: Dice,
    made: u64,
    orders: Vec<Open>,
    deposits: Vec<String>,
    risky: Vec<String>,
    payouts: Vec<String>,
    waiting: Vec<String>,
    batches: Vec<String>,
    addresses: Vec<String>,
    tallies: BTreeMap<&'static str, Tally>,
}

fn remember<T>(list: &mut Vec<T>, dice: &mut Dice, item: T) {
    if list.len() >= REMEMBERED {
        dice.take(list);
    }
    list.push(item);
}

/// The text of an answer that has it.
fn text(data: &Option<Value>, name: &str) -> Option<String> {
    Some(data.as_ref()?.get(name)?.as_str()?.to_owned())
}

/// Whether it was carried out; broken books end everything.
fn done<T>(outcome: Result<T, SandboxError>) -> Result<Option<T>> {
    match outcome {
        Ok(outcome) => Ok(Some(outcome)),
        Err(SandboxError::Unbalanced(why)) => bail!("the books don't balance: {why}"),
        Err(_) => Ok(None),
    }
}

impl Soak {
    /// A rich merchant with users; the same seed makes the same operations.
    pub fn new(seed: u64) -> Result<Self> {
        let mut builder = Sandbox::builder()
            .seed(seed)
            .start_time(1_750_000_000)
            // By hand: otherwise most records would end before anything else can happen to them.
            .setting(Setting::ManualChain(true))
            .setting(Setting::ApprovalAbove {
                coin_id: 1280,
                amount: "90".to_owned(),
            });
        for coin_id in [1280, 1329] {
            builder = builder.balance(coin_id, "100000");
            for user in USERS {
                builder = builder.user_balance(user, coin_id, "10000");
            }
        }
        Ok(Self {
            sandbox: builder.build()?,
            dice: Dice(seed | 1),
            made: 0,
            orders: Vec::new(),
            deposits: Vec::new(),
            risky: Vec::new(),
            payouts: Vec::new(),
            waiting: Vec::new(),
            batches: Vec::new(),
            addresses: Vec::new(),
            tallies: BTreeMap::new(),
        })
    }

    /// What was tried, by kind.
    pub fn tallies(&self) -> &BTreeMap<&'static str, Tally> {
        &self.tallies
    }

    /// Counts the books anew, from their first entry; how many entries there are.
    pub fn recount(&self) -> Result<usize> {
        let ledger = self.sandbox.ledger();
        ensure!(ledger.is_balanced(), "a recount does not balance");
        let overdrawn = |account: &str, total: &str| {
            (account.starts_with("merchant:") || account.starts_with("user:"))
                && total.starts_with('-')
        };
        let bad = ledger
            .accounts()
            .find(|(account, _, total)| overdrawn(account, total));
        ensure!(bad.is_none(), "overdrawn: {bad:?}");
        Ok(ledger.entries().len())
    }

    /// The data of a call that was not refused; `None` also for one that a fault swallowed.
    async fn call(&self, route: &str, body: Value) -> Result<Option<Value>> {
        let body = body.to_string();
        let mut request = http::Request::post(format!("/ccpayment/v2/{route}"))
            .header("Content-Type", "application/json");
        for (name, value) in self.sandbox.sign_v2(body.as_bytes()) {
            request = request.header(name, value);
        }
        let request = request.body(Bytes::from(body))?;
        let Some(answer) = self.sandbox.respond(request).await else {
            return Ok(None);
        };
        let mut envelope: Value = serde_json::from_slice(answer.body())?;
        match envelope.get("code").and_then(Value::as_u64) {
            Some(10_000) => Ok(envelope.get_mut("data").map(Value::take)),
            Some(11_002) => bail!("the books don't balance: {envelope}"),
            // A mistake here would make all of this worth nothing.
            Some(11_000 | 11_001 | 11_005 | 11_006) if !self.may_be_spent(route) => {
                bail!("{route} was not understood: {envelope}")
            }
            Some(_) => Ok(None),
            None => bail!("no code: {envelope}"),
        }
    }

    /// Makes requests that leave no record: look-ups, refusals, and requests that a fault swallows.
    pub async fn reads(&self, number: u64) -> Result<()> {
        for at in 0..number {
            let coin_id = if at % 2 == 0 { 1280 } else { 999_999 };
            if at % 100 == 0 {
                self.sandbox.plan_fault("getCoin", Fault::DropBeforeActing);
            }
            self.call("getCoin", json!({ "coinId": coin_id })).await?;
        }
        Ok(())
    }

    /// A batch that was confirmed takes no more rows.
    fn may_be_spent(&self, route: &str) -> bool {
        matches!(route, "appendBatchWithdraw" | "confirmBatchWithdraw")
    }

    /// Makes one operation. An error is a mistake in the books, or in this code.
    pub async fn step(&mut self) -> Result<()> {
        let (kind, done) = match self.dice.roll(1000) {
            0..130 => ("order", self.order().await?),
            130..290 => ("payment", self.payment()?),
            290..350 => ("payment to a permanent address", self.permanent().await?),
            350..370 => ("invoice", self.invoice().await?),
            370..480 => ("confirmation", self.confirmation()?),
            480..510 => ("risk flag", self.flag()?),
            510..525 => ("risk refund", self.refund()?),
            525..560 => ("failure", self.failure()?),
            560..680 => ("withdrawal", self.withdrawal(None).await?),
            680..740 => {
                let user = self.user();
                ("user withdrawal", self.withdrawal(Some(user)).await?)
            }
            740..770 => ("Cwallet withdrawal", self.cwallet().await?),
            770..790 => ("approval", self.approval()?),
            790..870 => ("transfer", self.transfer().await?),
            870..890 => ("batch transfer", self.batch_transfer().await?),
            890..930 => ("swap", self.swap().await?),
            930..936 => ("batch", self.batch().await?),
            936..942 => ("batch step", self.batch_step().await?),
            942..950 => ("sweep", self.sweep()?),
            950..958 => ("automatic withdrawal", self.automatic()?),
            958..999 => {
                let seconds = self.dice.roll(400);
                self.sandbox.advance(Duration::from_secs(seconds));
                ("time", true)
            }
            // Rare, because it looks at every record there ever was.
            _ => ("settlement", self.dice.one_in(10) && self.settlement()),
        };
        let tally = self.tallies.entry(kind).or_default();
        tally.attempts += 1;
        tally.done += u64::from(done);
        Ok(())
    }

    fn user(&mut self) -> &'static str {
        self.dice.pick(&USERS).copied().unwrap_or("user-jane")
    }

    fn place(&mut self) -> (u64, &'static str, usize) {
        self.dice
            .pick(&PLACES)
            .copied()
            .unwrap_or((1280, "POLYGON", 6))
    }

    /// Mostly a new id, now and then one that is taken.
    fn id(&mut self) -> String {
        if !self.dice.one_in(20) {
            self.made += 1;
        }
        format!("id-{}", self.made)
    }

    async fn order(&mut self) -> Result<bool> {
        let (coin_id, chain, decimals) = self.place();
        let price = self.dice.amount(decimals.min(8));
        let mut body =
            json!({ "orderId": self.id(), "coinId": coin_id, "chain": chain, "price": price });
        if self.dice.one_in(4)
            && let Some(fields) = body.as_object_mut()
        {
            // Soon over, so that it is paid late.
            let at = self.sandbox.now() + 1 + self.dice.roll(600);
            fields.insert("expiredAt".to_owned(), json!(at));
        }
        let opened = self.call("createAppOrderDepositAddress", body).await?;
        let found = text(&opened, "address").zip(text(&opened, "amount"));
        let is_done = found.is_some();
        if let Some((address, amount)) = found {
            let coin = (coin_id, chain);
            let open = Open {
                address,
                amount,
                coin,
            };
            remember(&mut self.orders, &mut self.dice, open);
        }
        Ok(is_done)
    }

    /// Pays exactly, in part or too much; late if the order has expired meanwhile.
    fn payment(&mut self) -> Result<bool> {
        let kept = self.dice.one_in(3);
        let Some(order) = self.dice.take(&mut self.orders) else {
            return Ok(false);
        };
        let amount = match self.dice.roll(4) {
            0 => self.dice.amount(6),
            _ => order.amount.clone(),
        };
        let money = IncomingPayment::new(&*order.address, amount).coin(order.coin.0, order.coin.1);
        let paid = done(self.sandbox.send_payment(money))?;
        if kept {
            remember(&mut self.orders, &mut self.dice, order);
        }
        Ok(self.arrived(paid.map(|it| it.record_id)))
    }

    fn arrived(&mut self, record_id: Option<String>) -> bool {
        let is_done = record_id.is_some();
        if let Some(record_id) = record_id {
            remember(&mut self.deposits, &mut self.dice, record_id);
        }
        is_done
    }

    async fn permanent(&mut self) -> Result<bool> {
        let (coin_id, chain, decimals) = self.place();
        let (route, body) = if self.dice.one_in(2) {
            let user = self.user();
            let body = json!({ "userId": user, "chain": chain });
            ("getOrCreateUserDepositAddress", body)
        } else {
            let shop = format!("shop-{}", self.dice.roll(9));
            let body = json!({ "referenceId": shop, "chain": chain });
            ("getOrCreateAppDepositAddress", body)
        };
        let Some(address) = text(&self.call(route, body).await?, "address") else {
            return Ok(false);
        };
        let amount = self.dice.amount(decimals);
        let money = IncomingPayment::new(&*address, amount).coin(coin_id, chain);
        remember(&mut self.addresses, &mut self.dice, address);
        let paid = done(self.sandbox.send_payment(money))?;
        Ok(self.arrived(paid.map(|it| it.record_id)))
    }

    async fn invoice(&mut self) -> Result<bool> {
        let (coin_id, chain, _) = self.place();
        let (id, price) = (self.id(), self.dice.amount(2));
        let body = json!({ "orderId": id, "price": price, "priceFiatId": 1033 });
        self.call("createInvoiceUrl", body).await?;
        let Some(picked) = done(self.sandbox.pick_coin(&id, coin_id, chain))? else {
            return Ok(false);
        };
        let money = IncomingPayment::new(picked.address, picked.amount).coin(coin_id, chain);
        let paid = done(self.sandbox.send_payment(money))?;
        Ok(self.arrived(paid.map(|it| it.record_id)))
    }

    fn confirmation(&mut self) -> Result<bool> {
        let Some(id) = self.dice.take(&mut self.deposits) else {
            return Ok(false);
        };
        Ok(done(self.sandbox.confirm(&id))?.is_some())
    }

    fn flag(&mut self) -> Result<bool> {
        let Some(id) = self.dice.take(&mut self.deposits) else {
            return Ok(false);
        };
        let is_done = done(self.sandbox.flag_risky(&id))?.is_some();
        done(self.sandbox.confirm(&id))?;
        remember(&mut self.risky, &mut self.dice, id);
        Ok(is_done)
    }

    fn refund(&mut self) -> Result<bool> {
        let Some(id) = self.dice.take(&mut self.risky) else {
            return Ok(false);
        };
        Ok(done(self.sandbox.refund_risky(&id))?.is_some())
    }

    fn failure(&mut self) -> Result<bool> {
        let from = if self.dice.one_in(2) {
            &mut self.deposits
        } else {
            &mut self.payouts
        };
        let Some(id) = self.dice.take(from) else {
            return Ok(false);
        };
        Ok(done(self.sandbox.fail(&id))?.is_some())
    }

    /// Asks for a withdrawal of the merchant or a user; the answer is lost now and then.
    async fn withdrawal(&mut self, user: Option<&str>) -> Result<bool> {
        let (coin_id, chain, decimals) = self.place();
        let (id, amount) = (self.id(), self.dice.amount(decimals));
        let mut body = json!({
            "orderId": id, "coinId": coin_id, "chain": chain, "address": RECEIVER,
            "amount": amount,
        });
        let (route, lookup) = match user {
            Some(_) => ("applyUserWithdrawToNetwork", "getUserWithdrawRecord"),
            None => ("applyAppWithdrawToNetwork", "getAppWithdrawRecord"),
        };
        if let Some(fields) = body.as_object_mut() {
            match user {
                Some(user) => fields.insert("userId".to_owned(), json!(user)),
                None => {
                    let on_top = self.dice.one_in(2);
                    fields.insert("merchantPayNetworkFee".to_owned(), json!(on_top))
                }
            };
        }
        let fault = match self.dice.roll(20) {
            0 => Some(Fault::ActThenDrop),
            1 => Some(Fault::DeliverAfterLookup),
            _ => None,
        };
        if let Some(fault) = fault {
            self.sandbox.plan_fault(route, fault);
        }
        let applied = self.call(route, body).await?;
        let mut found = text(&applied, "recordId");
        if fault.is_some() {
            // Twice: the first look-up lets the request arrive.
            for _ in 0..2 {
                let record = self.call(lookup, json!({ "orderId": id })).await?;
                let record = record.and_then(|it| it.get("record").cloned());
                found = text(&record, "recordId");
            }
        }
        let is_done = found.is_some();
        if let Some(record_id) = found {
            let list = if coin_id == 1280 && amount.starts_with('9') {
                &mut self.waiting
            } else {
                &mut self.payouts
            };
            remember(list, &mut self.dice, record_id);
        }
        Ok(is_done)
    }

    async fn cwallet(&mut self) -> Result<bool> {
        let (coin_id, _, decimals) = self.place();
        let mut body = json!({
            "orderId": self.id(), "coinId": coin_id, "cwalletUser": "35255142",
            "amount": self.dice.amount(decimals),
        });
        let mut route = "applyAppWithdrawToCwallet";
        if self.dice.one_in(2)
            && let Some(fields) = body.as_object_mut()
        {
            let user = self.user();
            fields.insert("userId".to_owned(), json!(user));
            route = "applyUserWithdrawToCwallet";
        }
        Ok(self.call(route, body).await?.is_some())
    }

    fn approval(&mut self) -> Result<bool> {
        let Some(id) = self.dice.take(&mut self.waiting) else {
            return Ok(false);
        };
        if self.dice.one_in(2) {
            return Ok(done(self.sandbox.reject(&id, "not today"))?.is_some());
        }
        let is_done = done(self.sandbox.approve(&id))?.is_some();
        remember(&mut self.payouts, &mut self.dice, id);
        Ok(is_done)
    }

    async fn transfer(&mut self) -> Result<bool> {
        let (coin_id, _, decimals) = self.place();
        let body = json!({
            "orderId": self.id(), "fromUserId": self.user(), "toUserId": self.user(),
            "coinId": coin_id, "amount": self.dice.amount(decimals),
        });
        Ok(self.call("userTransfer", body).await?.is_some())
    }

    async fn batch_transfer(&mut self) -> Result<bool> {
        let (coin_id, _, decimals) = self.place();
        let mut rows = Vec::new();
        for _ in 0..=self.dice.roll(4) {
            rows.push(json!({ "userId": self.user(), "amount": self.dice.amount(decimals) }));
        }
        let body = json!({
            "orderId": self.id(), "userId": self.user(), "coinId": coin_id, "toUsers": rows,
        });
        Ok(self.call("userBatchTransfer", body).await?.is_some())
    }

    async fn swap(&mut self) -> Result<bool> {
        let (coin_in, coin_out) = if self.dice.one_in(2) {
            (1280, 1329)
        } else {
            (1329, 1280)
        };
        let mut body = json!({
            "orderId": self.id(), "coinIdIn": coin_in, "coinIdOut": coin_out,
            "amountIn": self.dice.amount(6),
        });
        let mut route = "swap";
        if self.dice.one_in(2)
            && let Some(fields) = body.as_object_mut()
        {
            let user = self.user();
            fields.insert("userId".to_owned(), json!(user));
            fields.insert("extraFeeRate".to_owned(), json!("0.01"));
            route = "userSwap";
        }
        Ok(self.call(route, body).await?.is_some())
    }

    fn rows(&mut self, from: u64) -> Value {
        let count = 1 + self.dice.roll(4);
        let row = |seq: u64| {
            json!({
                "seq": seq, "orderId": format!("row-{seq}"), "address": RECEIVER,
                "amount": self.dice.amount(6),
            })
        };
        (from..from + count).map(row).collect()
    }

    async fn batch(&mut self) -> Result<bool> {
        let id = self.id();
        let mode = if self.dice.one_in(2) {
            "Single"
        } else {
            "Batch"
        };
        let body = json!({
            "batchOrderId": id, "coinId": 1280, "chain": "POLYGON", "mode": mode,
            "orders": self.rows(1),
        });
        let is_done = self.call("applyBatchWithdraw", body).await?.is_some();
        if is_done {
            remember(&mut self.batches, &mut self.dice, id);
        }
        Ok(is_done)
    }

    async fn batch_step(&mut self) -> Result<bool> {
        let Some(id) = self.dice.take(&mut self.batches) else {
            return Ok(false);
        };
        let mut body = json!({ "batchOrderId": id });
        let (route, is_over) = match self.dice.roll(6) {
            0 => ("abortBatchWithdraw", true),
            1 => {
                let rows = self.rows(10);
                if let Some(fields) = body.as_object_mut() {
                    fields.insert("orders".to_owned(), rows);
                }
                ("appendBatchWithdraw", false)
            }
            _ => ("confirmBatchWithdraw", false),
        };
        let answer = self.call(route, body).await?;
        let reviewed = text(&answer, "status").as_deref() == Some("Reviewing");
        if reviewed {
            let is_refused = self.dice.one_in(3);
            let outcome = if is_refused {
                self.sandbox.reject(&id, "not today")
            } else {
                self.sandbox.approve(&id)
            };
            done(outcome)?.context("a batch that waits is not let go")?;
        }
        if !is_over {
            remember(&mut self.batches, &mut self.dice, id);
        }
        Ok(answer.is_some())
    }

    fn sweep(&mut self) -> Result<bool> {
        let Some(address) = self.dice.pick(&self.addresses).cloned() else {
            return Ok(false);
        };
        Ok(done(self.sandbox.sweep_address(&address, 1280, "0.05"))?.is_some())
    }

    fn automatic(&mut self) -> Result<bool> {
        let (coin_id, chain, decimals) = self.place();
        let amount = self.dice.amount(decimals);
        let paid = done(self.sandbox.auto_payout(coin_id, chain, RECEIVER, &amount))?;
        let is_done = paid.is_some();
        if let Some(id) = paid {
            remember(&mut self.payouts, &mut self.dice, id);
        }
        Ok(is_done)
    }

    fn settlement(&mut self) -> bool {
        let paid = self.sandbox.settle_payouts();
        // Notifications for a receiver that never comes would pile up.
        paid > 0
    }
}
