//! The merchant's process, as the story runs it: it does what it is told on its standard input, tells
//! each step on its standard output, and waits there until it may go on. So it can be killed between
//! any two steps, and the same seed tells the same story.

use std::io::{BufRead, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use ccpayment::bytes::Bytes;
use ccpayment::http::{self, StatusCode};
use ccpayment::{
    Client, Clock, Credentials, Exchange, ReqwestTransport, Transport, TransportError, async_trait,
};
use ccpayment_durable::{Inbox, Report, Settings, Worker};
use ccpayment_sqlx::SqliteStore;
use serde_json::Value;

use crate::Error;
use crate::bugs::{self, Bug};
use crate::merchant::{Books, ORDER_ID, Shop};

/// What the story says to a process, and where it stands.
pub struct Arguments {
    pub database: PathBuf,
    pub origin: String,
    pub listen: SocketAddr,
    pub bug: Option<Bug>,
}

static GO: OnceLock<Mutex<Receiver<()>>> = OnceLock::new();
static NOW: AtomicU64 = AtomicU64::new(0);

/// Tells a step of the merchant, and goes on when it may.
pub fn say(about: &str, what: impl std::fmt::Display) {
    tell(&format!("say\tmerchant\t{about}\t{what}"));
}

/// Writes a line and waits for the word to go on, which brings the time.
fn tell(line: &str) {
    let Some(go) = GO.get() else { return };
    let go = go.lock().unwrap_or_else(PoisonError::into_inner);
    write(line);
    if go.recv().is_err() {
        // Nobody is there any more.
        std::process::exit(0);
    }
}

fn write(line: &str) {
    let mut out = std::io::stdout().lock();
    // Without a reader there is nothing to tell, and the next word will not come.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// Reads what the story says: `go`, `time`, and commands.
fn listen_to_the_story(go: &Sender<()>, commands: &tokio::sync::mpsc::UnboundedSender<String>) {
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let (word, rest) = line.split_once(' ').unwrap_or((&line, ""));
        if let ("go" | "time", Ok(now)) = (word, rest.parse()) {
            NOW.store(now, Ordering::SeqCst);
        }
        let is_heard = match word {
            "go" => go.send(()).is_ok(),
            "time" => {
                write("done");
                true
            }
            _ => commands.send(line).is_ok(),
        };
        if !is_heard {
            break;
        }
    }
    std::process::exit(0);
}

pub async fn run(arguments: Arguments) -> Result<(), Error> {
    let (go, may_go) = channel();
    let _ = GO.set(Mutex::new(may_go));
    let (told, mut commands) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || listen_to_the_story(&go, &told));
    // The first word is the time, so that nothing begins without it.
    while NOW.load(Ordering::SeqCst) == 0 {
        std::thread::yield_now();
    }

    let credentials = Credentials::from_env()?;
    let client = Client::new(credentials.clone(), Network(ReqwestTransport::new()?))
        .with_origin(arguments.origin.parse()?)
        .with_clock(StoryClock);
    let store = SqliteStore::open(&arguments.database)
        .await?
        .with_clock(StoryClock);
    let shop = Shop::open(client.clone(), store.clone()).await?;

    let inbox = Inbox::with_clock(store.clone(), &credentials, now);
    let receiver = match arguments.bug {
        Some(bug) => bugs::receiver(bug, shop.clone(), &credentials),
        None => inbox.route("/notify").layer(from_fn(tell_acknowledged)),
    };
    let listener = tokio::net::TcpListener::bind(arguments.listen).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, Router::new().merge(receiver)).await });

    // One after the other, so that the story has one order.
    let worker = Worker::new(store.clone(), Books)
        .merchant(client)
        .clock(StoryClock)
        .settings(Settings::default().batch(1));
    write(&format!("done {address}"));
    while let Some(command) = commands.recv().await {
        let mut answer = String::new();
        match (command.as_str(), arguments.bug) {
            ("sell", _) => answer = shop.sell().await?.to_string(),
            ("pay-out", Some(bug)) => bugs::pay_out(&shop, bug).await?,
            ("pay-out", None) => shop.pay_out().await?,
            _ => {
                while worker.work_once().await? > 0 {}
                answer = Report::read(&store).await?.waiting().to_string();
            }
        }
        write(&format!("done {answer}"));
    }
    Ok(())
}

async fn tell_acknowledged(request: Request, next: Next) -> Response {
    let answer = next.run(request).await;
    if answer.status() == StatusCode::OK {
        say(ORDER_ID, "has stored a notification, and acknowledges it");
    }
    answer
}

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW.load(Ordering::SeqCst))
}

/// The story's time. A pause lets it pass.
#[derive(Debug, Clone, Copy)]
pub struct StoryClock;

#[async_trait]
impl Clock for StoryClock {
    fn now(&self) -> SystemTime {
        now()
    }

    fn elapsed(&self) -> Duration {
        Duration::from_secs(NOW.load(Ordering::SeqCst))
    }

    async fn sleep(&self, duration: Duration) {
        tell(&format!("sleep\t{}", duration.as_secs() + 1));
    }

    /// A bound for what hangs, in real time.
    #[allow(clippy::disallowed_methods, reason = "what hangs does so in real time")]
    async fn deadline(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    fn random(&self) -> u64 {
        0
    }
}

/// The default transport. It tells what goes out and what comes back about an order id.
struct Network(ReqwestTransport);

#[async_trait]
impl Transport for Network {
    async fn send(&self, exchange: Exchange) -> Result<http::Response<Bytes>, TransportError> {
        let operation = exchange.operation;
        let request: Value = serde_json::from_slice(exchange.request.body()).unwrap_or_default();
        let order_id = text(&request, "orderId");
        let tell_of = |what: &str| {
            if let Some(order_id) = order_id {
                tell(&format!("say\tnetwork\t{order_id}\t{operation}: {what}"));
            }
        };
        tell_of("goes out");
        let answer = self.0.send(exchange).await;
        match &answer {
            Ok(answer) => {
                let answer: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
                tell_of(text(&answer, "msg").unwrap_or("something else"));
            }
            Err(error) => tell_of(&error.to_string()),
        }
        answer
    }
}

fn text<'a>(json: &'a Value, name: &str) -> Option<&'a str> {
    json.get(name)?.as_str()
}
