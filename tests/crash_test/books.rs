//! The merchant's books against the gateway's ledger.

use std::collections::BTreeMap;
use std::fmt;

use ccpayment_durable::{Report, State};

use crate::Error;
use crate::shop::Shop;
use crate::world::World;

/// What was found.
#[derive(Debug, Default)]
pub struct Found {
    deposits: usize,
    deposits_lost: Vec<String>,
    deposits_doubled: Vec<String>,
    payouts: usize,
    payouts_lost: Vec<String>,
    payouts_doubled: Vec<String>,
    /// Anything else that is wrong.
    wrong: Vec<String>,
    open: u64,
}

pub async fn compare<S: Shop>(world: &World, shop: &S) -> Result<Found, Error> {
    compare_credits(world, shop, shop).await
}

/// The same, if the credits are in another database.
pub async fn compare_credits<S: Shop>(
    world: &World,
    shop: &S,
    credits_in: &S,
) -> Result<Found, Error> {
    let mut found = Found::default();
    let mut credits: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (record_id, amount) in credits_in.credits().await? {
        credits.entry(record_id).or_default().push(amount);
    }
    for deposit in world.sandbox.deposits() {
        if deposit.status != "Success" {
            found.wrong.push(format!(
                "the deposit {} is {}",
                deposit.record_id, deposit.status
            ));
            continue;
        }
        found.deposits += 1;
        match credits
            .remove(&deposit.record_id)
            .unwrap_or_default()
            .as_slice()
        {
            [] => found.deposits_lost.push(deposit.record_id),
            [amount] if *amount == deposit.amount => {}
            [amount] => {
                let (is, of) = (&deposit.amount, &deposit.record_id);
                found
                    .wrong
                    .push(format!("{amount} are credited for {of}, which is {is}"));
            }
            _ => found.deposits_doubled.push(deposit.record_id),
        }
    }
    let unknown = credits
        .keys()
        .map(|it| format!("{it} is credited, and nobody paid it"));
    found.wrong.extend(unknown);

    let mut ends: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (order_id, end) in shop.ends().await? {
        ends.entry(order_id).or_default().push(end);
    }
    let made = world.sandbox.payouts();
    found.payouts = world.planned.len();
    for order_id in &world.planned {
        match made.iter().filter(|it| it.order_id == *order_id).count() {
            0 => found.payouts_lost.push(order_id.clone()),
            1 => {}
            _ => found.payouts_doubled.push(order_id.clone()),
        }
        match ends.remove(order_id).unwrap_or_default().as_slice() {
            [] => found
                .wrong
                .push(format!("the end of {order_id} was not told")),
            [end] if end == "arrived" => {}
            told => found
                .wrong
                .push(format!("the end of {order_id} was told as {told:?}")),
        }
    }
    let unplanned = made
        .iter()
        .filter(|it| !world.planned.contains(&it.order_id));
    for payout in unplanned {
        found.wrong.push(format!(
            "{} was made, and nobody planned it",
            payout.order_id
        ));
    }
    if !world.sandbox.ledger().is_balanced() {
        found
            .wrong
            .push("the gateway's ledger does not balance".to_owned());
    }
    let report = Report::read(shop).await?;
    found.open = report.waiting();
    for row in report.parked.iter().filter(|it| it.state == State::Parked) {
        let why = row.reason.as_deref().unwrap_or_default();
        found.wrong.push(format!("{} is parked: {why}", row.key));
    }
    Ok(found)
}

impl Found {
    pub fn is_over(&self) -> bool {
        self.open == 0
            && self.wrong.is_empty()
            && self.deposits_lost.is_empty()
            && self.payouts_lost.is_empty()
    }

    pub fn last_line(&self) -> String {
        format!(
            "deposits {}, lost {}, doubled {}, payouts {}, lost {}, doubled {}",
            self.deposits,
            self.deposits_lost.len(),
            self.deposits_doubled.len(),
            self.payouts,
            self.payouts_lost.len(),
            self.payouts_doubled.len()
        )
    }

    /// Notes that two processes worked on an entry at once.
    pub fn overlapped(&mut self, what: String) {
        self.wrong.push(what);
    }

    pub fn check(&self) -> Result<(), Error> {
        let is_well = self.deposits_doubled.is_empty() && self.payouts_doubled.is_empty();
        if is_well && self.is_over() {
            return Ok(());
        }
        Err("the merchant's books are not what the gateway's ledger says".into())
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut say = |what: &str, which: &[String]| {
            which
                .iter()
                .take(10)
                .try_for_each(|it| writeln!(f, "  {what}: {it}"))
        };
        say("deposit lost", &self.deposits_lost)?;
        say("deposit doubled", &self.deposits_doubled)?;
        say("payout lost", &self.payouts_lost)?;
        say("payout doubled", &self.payouts_doubled)?;
        say("wrong", &self.wrong)?;
        write!(f, "{} entries are open", self.open)
    }
}
