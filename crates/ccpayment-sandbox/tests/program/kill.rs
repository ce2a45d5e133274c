//! What was acknowledged is there after a kill, whenever it came.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::support::{Program, call, folder, http};

/// How often it is killed; CI says 200.
const KILLS: &str = "CCPAYMENT_SANDBOX_KILLS";
/// Each file lives for so many kills, so that the stories that are told again stay short.
const LIVES: usize = 20;

/// SplitMix64, for moments that differ and can be had again.
fn next(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut word = *seed;
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// What somebody was told.
#[derive(Default)]
struct Acknowledged {
    orders: BTreeSet<String>,
    deposits: BTreeSet<String>,
    /// Sent, but the answer never came: may be there or not.
    doubtful: BTreeSet<String>,
    advanced: u64,
    /// Advances that were sent, but never answered.
    doubtful_advances: u64,
}

fn check(program: &Program, told: &Acknowledged, round: usize) {
    let found = |list: &str, id: &str| -> BTreeSet<String> {
        program.look(list)[list]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row[id].as_str().unwrap().to_owned())
            .collect()
    };
    let orders = found("orders", "orderId");
    let deposits = found("deposits", "recordId");
    let lost: Vec<_> = told.orders.difference(&orders).collect();
    assert!(lost.is_empty(), "kill {round}: lost the orders {lost:?}");
    let lost: Vec<_> = told.deposits.difference(&deposits).collect();
    assert!(lost.is_empty(), "kill {round}: lost the deposits {lost:?}");
    // Nothing has come from nowhere, and nothing happened twice.
    for order in &orders {
        assert!(
            told.orders.contains(order) || told.doubtful.contains(order),
            "{order}"
        );
    }
    let clock = program.look("clock");
    let ahead = clock["now"].as_u64().unwrap() - clock["signedAt"].as_u64().unwrap();
    // The two clocks are read apart, so that a second may pass between them.
    let most = told.advanced + told.doubtful_advances + 1;
    assert!(
        ahead + 1 >= told.advanced && ahead <= most,
        "kill {round}: {ahead} seconds ahead instead of {}",
        told.advanced
    );
    assert_eq!(program.look("ledger")["balanced"], true);
}

#[test]
fn nothing_acknowledged_is_lost_by_a_kill() {
    let kills: usize = std::env::var(KILLS).map_or(40, |text| text.parse().unwrap());
    let mut seed = 7;
    eprintln!("{kills} kills from the seed {seed}");
    let folder = folder("kill");
    let serial = AtomicU64::new(0);
    let mut told = Acknowledged::default();
    let mut total = 0;
    for round in 0..kills {
        if round % LIVES == 0 {
            total += told.orders.len() + told.deposits.len();
            told = Acknowledged::default();
        }
        let file = folder.join(format!("{}.db", round / LIVES));
        let mut program = Program::start(&["--state", file.to_str().unwrap()]);
        check(&program, &told, round);
        let addr = program.addr;
        let moment = Duration::from_micros(next(&mut seed) % 60_000);
        thread::scope(|scope| {
            let client = scope.spawn(|| {
                let mut told = Acknowledged::default();
                loop {
                    let id = format!("order-{}", serial.fetch_add(1, Ordering::Relaxed));
                    let order =
                        json!({ "orderId": id, "coinId": 1280, "chain": "POLYGON", "price": "1" });
                    told.doubtful.insert(id.clone());
                    let Some(answer) = call(addr, "createAppOrderDepositAddress", &order) else {
                        return told;
                    };
                    assert_eq!(answer["code"], 10_000, "{answer}");
                    told.orders.insert(id);
                    let json = [("Content-Type", "application/json".to_owned())];
                    let admin = |name: &str, body: &serde_json::Value| {
                        let path = format!("/sandbox/{name}");
                        let (status, text) = http(addr, "POST", &path, &json, &body.to_string())?;
                        assert_eq!(status, 200, "{text}");
                        serde_json::from_str::<serde_json::Value>(&text).ok()
                    };
                    let pay = json!({ "address": answer["data"]["address"], "amount": "1" });
                    let Some(paid) = admin("pay", &pay) else {
                        return told;
                    };
                    told.deposits
                        .insert(paid["recordId"].as_str().unwrap().to_owned());
                    told.doubtful_advances += 1;
                    if admin("advance", &json!({ "seconds": 1 })).is_none() {
                        return told;
                    }
                    told.doubtful_advances -= 1;
                    told.advanced += 1;
                }
            });
            thread::sleep(moment);
            // SIGKILL: no handler runs, nothing is flushed.
            program.process.kill().unwrap();
            program.process.wait().unwrap();
            let more = client.join().unwrap();
            told.orders.extend(more.orders);
            told.deposits.extend(more.deposits);
            told.doubtful.extend(more.doubtful);
            told.advanced += more.advanced;
            told.doubtful_advances += more.doubtful_advances;
        });
    }
    total += told.orders.len() + told.deposits.len();
    eprintln!("{total} acknowledged orders and deposits, none lost");
    assert!(total > kills, "the moments were too early to show anything");
}
