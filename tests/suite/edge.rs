//! Answers that arrive as the time ends, over real sockets: a payout that was made is never called
//! refused.

#![allow(
    clippy::disallowed_methods,
    reason = "how real time runs out is what is tested; no verdict depends on how it does"
)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;
use ccpayment::v2::ApplyAppWithdrawToNetwork;
use ccpayment::{
    Address, AppId, AppSecret, Chain, Client, Clock, CoinId, Credentials, OrderId, SubmitError,
    SystemClock, Timeouts, Version,
};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::Backend;

/// Long enough for a second attempt after the shortest pause.
const TOTAL: Duration = Duration::from_millis(700);
const AT_ONCE: u64 = 100;
const TURNS: u64 = 5;
/// The answers are spread over this many microseconds before the end.
const EDGE: u64 = 4_000;

/// Real time, and always the shortest pause.
#[derive(Debug)]
struct Brisk(SystemClock);

#[async_trait]
impl Clock for Brisk {
    fn now(&self) -> SystemTime {
        self.0.now()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        self.0.sleep(duration).await;
    }

    fn random(&self) -> u64 {
        0
    }
}

/// A gateway that refuses the first attempt of each payout with 11004, and accepts the second.
#[derive(Clone, Default)]
struct Peer(Arc<Mutex<BTreeMap<String, Order>>>);

struct Order {
    answers_at: Instant,
    attempts: u32,
}

impl Peer {
    fn listen(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let peer = self.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let peer = peer.clone();
                std::thread::spawn(move || peer.converse(&stream));
            }
        });
        addr
    }

    /// Until the client goes away.
    fn converse(&self, stream: &TcpStream) -> Option<()> {
        stream.set_nodelay(true).ok()?;
        let mut reader = BufReader::new(stream);
        loop {
            let mut length = 0;
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).ok()? == 0 {
                    return None;
                }
                let line = line.trim().to_ascii_lowercase();
                if line.is_empty() {
                    break;
                }
                if let Some(value) = line.strip_prefix("content-length:") {
                    length = value.trim().parse().ok()?;
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).ok()?;
            let body: Value = serde_json::from_slice(&body).ok()?;
            let answer = self.answer(body["orderId"].as_str()?).to_string();
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ";
            let whole = format!("{head}{}\r\n\r\n{answer}", answer.len());
            let mut stream = stream;
            stream.write_all(whole.as_bytes()).ok()?;
        }
    }

    fn answer(&self, order_id: &str) -> Value {
        let answers_at = {
            let mut orders = self.0.lock().unwrap();
            let order = orders.get_mut(order_id).unwrap();
            order.attempts += 1;
            (order.attempts > 1).then_some(order.answers_at)
        };
        let Some(answers_at) = answers_at else {
            return json!({ "code": 11004, "msg": "RateLimit", "data": {} });
        };
        std::thread::sleep(answers_at.saturating_duration_since(Instant::now()));
        json!({ "code": 10000, "msg": "success", "data": { "recordId": "20260101" } })
    }

    fn is_paid(&self, order_id: &str) -> bool {
        self.0.lock().unwrap()[order_id].attempts > 1
    }
}

fn payout(order_id: &str) -> ApplyAppWithdrawToNetwork {
    ApplyAppWithdrawToNetwork::new(
        OrderId::new(order_id),
        CoinId::new(1280),
        Chain::new("POLYGON"),
        Address::new("0x9aBDDCE1EE18D1857C0653EB4a3Fa9d9E0dcd584"),
        "25".parse().unwrap(),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payout_is_never_refused_when_its_acceptance_arrives_as_the_time_ends() {
    let peer = Peer::default();
    let addr = peer.listen();
    let credentials = Credentials::new(AppId::new("app"), AppSecret::new("secret")).unwrap();
    let client = Client::new(credentials, Backend::new().unwrap())
        .with_origin(format!("http://{addr}").parse().unwrap())
        .with_clock(Brisk(SystemClock::new()))
        .with_rate_limit(Version::V2, None)
        .with_timeouts(Timeouts::new(TOTAL, TOTAL));
    let mut paid = 0;
    for turn in 0..TURNS {
        let mut calls: JoinSet<(String, Result<(), SubmitError>)> = JoinSet::new();
        for number in 0..AT_ONCE {
            let order_id = format!("payout-{turn}-{number}");
            let before = (number * TURNS + turn) * EDGE / (AT_ONCE * TURNS);
            let (peer, client) = (peer.clone(), client.clone());
            calls.spawn(async move {
                let order = Order {
                    answers_at: Instant::now() + TOTAL - Duration::from_micros(before),
                    attempts: 0,
                };
                peer.0.lock().unwrap().insert(order_id.clone(), order);
                let verdict = client.payout(&payout(&order_id)).await.map(drop);
                (order_id, verdict)
            });
        }
        while let Some(call) = calls.join_next().await {
            let (order_id, verdict) = call.unwrap();
            if !peer.is_paid(&order_id) {
                continue;
            }
            paid += 1;
            match verdict {
                Ok(()) => {}
                Err(SubmitError::Unknown { attempts, .. }) if attempts.in_doubt_since.is_some() => {
                }
                Err(error) => panic!("{order_id} was paid: {error:?}"),
            }
        }
    }
    assert!(paid > 0);
}
