//! Durable acceptance: a notification over a socket, verified, stored and answered, beside a
//! program that verifies the same and inserts its bare bytes, with as much durability and the same
//! batching.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::routing::post;
use bytes::Bytes;
use ccpayment::webhook::{Verifier, Webhook, read_delivery};
use ccpayment::{AppId, AppSecret, Credentials};
use ccpayment_durable::Inbox;
use ccpayment_sqlx::sqlx::{self, AssertSqlSafe, Pool, Postgres, Sqlite};
use ccpayment_sqlx::{PostgresStore, SqliteStore};
use futures_util::future::{Either, select, try_join_all};
use hmac::Hmac;
use sha2::Sha256;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::cluster::Cluster;
use super::handled;
use super::hot::{APP_ID, SECRET, prepared, sign_plainly};

const CALLERS: u32 = 32;
/// The deliveries of each caller in a round: enough that SQLite moves its log into the file.
const DELIVERIES: u32 = 50;
const ROUNDS: u32 = 60;
/// The limit of the ratio on SQLite.
const MOST: f64 = 1.25;
/// Nothing is quicker than the lower bound, so a ratio below this comes from the machine alone.
const LEAST: f64 = 0.9;

/// Prints both ratios, where PostgreSQL is installed, and how long the handler's commit takes.
pub(crate) fn report() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let folder = tempfile::tempdir()?;
        let store = SqliteStore::open(folder.path().join("ours.db")).await?;
        store.migrate().await?;
        let bare = SqliteStore::connect_options(folder.path().join("bare.db"));
        let bare = Pool::<Sqlite>::connect_with(bare).await?;
        let sql = "CREATE TABLE bare (id INTEGER PRIMARY KEY, body BLOB NOT NULL)";
        sqlx::raw_sql(sql).execute(&bare).await?;
        let inbox = Inbox::new(store.clone(), &credentials()?);
        let sqlite = ratio("sqlite", &inbox.route("/"), Rows::Sqlite(bare)).await?;
        let store = SqliteStore::open(folder.path().join("handled.db")).await?;
        store.migrate().await?;
        handled::report("sqlite", &store).await?;

        if let Some(cluster) = Cluster::start() {
            let store = PostgresStore::connect(&cluster.url()).await?;
            store.migrate().await?;
            let bare = Pool::<Postgres>::connect(&cluster.url()).await?;
            let sql = "CREATE TABLE bare (id BIGSERIAL PRIMARY KEY, body BYTEA NOT NULL)";
            sqlx::raw_sql(sql).execute(&bare).await?;
            let inbox = Inbox::new(store.clone(), &credentials()?);
            ratio("postgres", &inbox.route("/"), Rows::Postgres(bare)).await?;
            let store = store.with_schema("handled")?;
            store.migrate().await?;
            handled::report("postgres", &store).await?;
        }
        ensure!(
            sqlite >= LEAST,
            "the machine is too busy to measure durable acceptance: {sqlite:.2}"
        );
        ensure!(
            sqlite <= MOST,
            "durable acceptance on SQLite takes {sqlite:.2} times the lower bound"
        );
        Ok(())
    })
}

pub(crate) fn credentials() -> Result<Credentials> {
    Ok(Credentials::new(
        AppId::new(APP_ID),
        AppSecret::new(SECRET),
    )?)
}

/// A table of bare bytes.
#[derive(Clone)]
enum Rows {
    Sqlite(Pool<Sqlite>),
    Postgres(Pool<Postgres>),
}

impl Rows {
    /// One commit.
    async fn insert(&self, bodies: &[Bytes]) -> Result<()> {
        let rows: Vec<_> = (1..=bodies.len()).map(|it| format!("(${it})")).collect();
        let sql = AssertSqlSafe(format!(
            "INSERT INTO bare (body) VALUES {}",
            rows.join(", ")
        ));
        let bodies = bodies.iter().map(Bytes::as_ref);
        match self {
            Self::Sqlite(pool) => {
                let mut tx = pool.begin_with("BEGIN IMMEDIATE").await?;
                let query = bodies.fold(sqlx::query(sql), sqlx::query::Query::bind);
                query.execute(&mut *tx).await?;
                tx.commit().await?;
            }
            Self::Postgres(pool) => {
                let mut tx = pool.begin().await?;
                let query = bodies.fold(sqlx::query(sql), sqlx::query::Query::bind);
                query.execute(&mut *tx).await?;
                tx.commit().await?;
            }
        }
        Ok(())
    }
}

/// The least that a program does: the first caller inserts for all that wait by then.
struct Bare {
    verifier: Verifier,
    rows: Rows,
    waiting: Mutex<Vec<(Bytes, oneshot::Sender<()>)>>,
    writer: tokio::sync::Mutex<()>,
}

impl Bare {
    async fn write(&self, body: Bytes) -> Result<()> {
        let (told, mut outcome) = oneshot::channel();
        let waiting = || self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting().push((body, told));
        let writer = std::pin::pin!(self.writer.lock());
        match select(&mut outcome, writer).await {
            Either::Left((written, _)) => Ok(written?),
            Either::Right((_writer, _)) => {
                if outcome.try_recv().is_ok() {
                    return Ok(());
                }
                let batch = std::mem::take(&mut *waiting());
                let (bodies, told): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
                self.rows.insert(&bodies).await?;
                for it in told {
                    let _ = it.send(());
                }
                Ok(())
            }
        }
    }
}

/// Verifies a body, inserts it and sends it back.
async fn bare(State(bare): State<Arc<Bare>>, request: Request) -> Result<Bytes, StatusCode> {
    let time = Webhook::<Verifier>::BODY_TIMEOUT;
    let (headers, body) = (read_delivery(request, Verifier::MAX_BODY, time).await)
        .map_err(|_| StatusCode::BAD_REQUEST)?;
    let verified = bare.verifier.verify(&headers, &body, SystemTime::now());
    let _ = verified.map_err(|_| StatusCode::UNAUTHORIZED)?;
    let written = bare.write(body.clone()).await;
    written.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    Ok(body)
}

/// A server and its callers, whose connections stay open.
struct Side {
    connections: Vec<TcpStream>,
}

impl Side {
    async fn new(router: Router) -> Result<Self> {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let address = listener.local_addr()?;
        tokio::spawn(async move { axum::serve(listener, router).await });
        let mut connections = Vec::new();
        for _ in 0..CALLERS {
            let connection = TcpStream::connect(address).await?;
            connection.set_nodelay(true)?;
            connections.push(connection);
        }
        Ok(Self { connections })
    }

    /// A round of deliveries, each for another record.
    async fn round(&mut self, told: &mut Told) -> Result<Duration> {
        let requests: Vec<Vec<_>> = (0..CALLERS)
            .map(|_| (0..DELIVERIES).map(|_| told.request()).collect())
            .collect();
        let start = Instant::now();
        let callers = self.connections.iter_mut().zip(requests);
        try_join_all(callers.map(async |(connection, requests)| {
            for request in requests {
                connection.write_all(&request).await?;
                read_answer(connection).await?;
            }
            anyhow::Ok(())
        }))
        .await?;
        Ok(start.elapsed())
    }
}

/// Reads an answer to its end, which has to be 200.
async fn read_answer(connection: &mut TcpStream) -> Result<()> {
    let mut answer = Vec::with_capacity(512);
    loop {
        ensure!(connection.read_buf(&mut answer).await? > 0, "no answer");
        let text = std::str::from_utf8(&answer)?;
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        ensure!(head.starts_with("HTTP/1.1 200 "), "refused: {head}");
        let length = head.split_once("content-length: ").context("no length")?.1;
        let length = length.lines().next().unwrap_or_default();
        if body.len() >= length.parse()? {
            return Ok(());
        }
    }
}

/// Notifications, each of a record of its own.
pub(crate) struct Told {
    next: u64,
    key: Hmac<Sha256>,
}

impl Told {
    /// From the record of this number on.
    pub(crate) fn from(next: u64) -> Self {
        Self {
            next,
            key: prepared(),
        }
    }

    /// The record's id, the body, and the time and the sign of now.
    pub(crate) fn next(&mut self) -> Result<(String, String, String, String)> {
        self.next += 1;
        let id = format!("2024031312191918832826978{:07}", self.next);
        let body = format!(
            r#"{{"type":"ApiDeposit","msg":{{"recordId":"{id}","orderId":"order-{id}","coinId":1329,"coinSymbol":"POL","status":"Success","isFlaggedAsRisky":false}}}}"#
        );
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let sign = sign_plainly(&self.key, &now.to_string(), body.as_bytes());
        Ok((id, body, now.to_string(), String::from_utf8(sign.to_vec())?))
    }

    fn request(&mut self) -> Vec<u8> {
        let (_, body, timestamp, sign) = self.next().unwrap_or_default();
        format!(
            "POST / HTTP/1.1\r\nHost: shop.example\r\nContent-Type: application/json\r\n\
             Appid: {APP_ID}\r\nTimestamp: {timestamp}\r\nSign: {sign}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }
}

async fn ratio(name: &str, ours: &Router, rows: Rows) -> Result<f64> {
    let verifier = Verifier::new(AppId::new(APP_ID), AppSecret::new(SECRET))?;
    let bound = Bare {
        verifier,
        rows,
        waiting: Mutex::default(),
        writer: tokio::sync::Mutex::default(),
    };
    let bound = Router::new()
        .route("/", post(bare))
        .with_state(Arc::new(bound));
    let (mut ours, mut bound) = (Side::new(ours.clone()).await?, Side::new(bound).await?);
    let mut told = Told::from(0);
    let mut rounds = Vec::new();
    for round in 0..=ROUNDS {
        // In turn, so that other load on the machine hits both.
        let pair = if round % 2 == 0 {
            let first = ours.round(&mut told).await?;
            (first, bound.round(&mut told).await?)
        } else {
            let first = bound.round(&mut told).await?;
            (ours.round(&mut told).await?, first)
        };
        // The first round warms up.
        if round > 0 {
            rounds.push(pair);
        }
    }
    let ratio = |(ours, bound): &(Duration, Duration)| ours.as_secs_f64() / bound.as_secs_f64();
    rounds.sort_by(|one, other| ratio(one).total_cmp(&ratio(other)));
    let middle = rounds.get(rounds.len() / 2).context("no round")?;
    println!("durable_accept_{name} {:.2}", ratio(middle));
    let each = |of: Duration| (of / (CALLERS * DELIVERIES)).as_micros();
    let quarter = |quarters: usize| rounds.get(rounds.len() * quarters / 4).map(ratio);
    eprintln!(
        "# durable_accept_{name}: {} us a delivery; bound {} us; half of the rounds are between \
         {:.2} and {:.2}",
        each(middle.0),
        each(middle.1),
        quarter(1).unwrap_or_default(),
        quarter(3).unwrap_or_default()
    );
    Ok(ratio(middle))
}
