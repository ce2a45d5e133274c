//! The CPU of one `Client::send`, beside a call written by hand over the same library that signs
//! and parses the same. The server is another process, so only the client is counted.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use ccpayment::v2::{GetCoin, GetCoinResponse};
use ccpayment::{
    AppId, AppSecret, Client, CoinId, Credentials, HyperTransport, ReqwestTransport, Transport,
};
use futures_util::future::try_join_all;
use hmac::Hmac;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use nix::sys::resource::{UsageWho, getrusage};
use rustls::crypto::ring;
use serde::Deserialize;
use sha2::Sha256;

use super::hot::{APP_ID, SECRET, prepared, sign_plainly};

/// Short rounds, in turn: a busy machine then slows both, and the median of their ratios is the
/// least disturbed. Twenty thousand calls in all.
const ROUNDS: u32 = 100;
const CALLS: u32 = 200;

const ANSWER: &str = include_str!("../fixtures/v2/get_coin.response.json");

struct Server {
    process: Child,
    origin: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It ends by itself when its standard input closes; this only makes sure.
        let _ = self.process.kill().and_then(|()| self.process.wait());
    }
}

impl Server {
    fn start() -> Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg("serve")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = process.stdout.take().context("no output")?;
        let mut origin = String::new();
        BufReader::new(output).read_line(&mut origin)?;
        Ok(Self {
            process,
            origin: origin.trim().to_owned(),
        })
    }
}

/// Twenty thousand calls each, in turns, for each backend and for each number of calls at once.
pub(crate) fn report() -> Result<()> {
    let server = Server::start()?;
    for at_once in [1, 32] {
        let by_hand = ByHand::new(&server, over_reqwest()?);
        ratio("reqwest", at_once, ReqwestTransport::new()?, &by_hand)?;
        let by_hand = ByHand::new(&server, over_hyper());
        ratio("hyper", at_once, HyperTransport::new()?, &by_hand)?;
    }
    Ok(())
}

fn ratio(
    name: &str,
    at_once: u32,
    transport: impl Transport + 'static,
    by_hand: &ByHand<impl Post>,
) -> Result<()> {
    let credentials = Credentials::new(AppId::new(APP_ID), AppSecret::new(SECRET))?;
    let client = Client::new(credentials, transport).with_origin(by_hand.origin.parse()?);
    let request = GetCoin::new(CoinId::new(1280));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;

    let mut rounds = Vec::new();
    runtime.block_on(async {
        ensure!(
            client.send(&request).await? == by_hand.get_coin(1280).await?,
            "they differ"
        );
        let ours = || {
            took(at_once, async || {
                client.send(&request).await?;
                Ok(())
            })
        };
        let bound = || {
            took(at_once, async || {
                by_hand.get_coin(1280).await?;
                Ok(())
            })
        };
        for round in 0..=ROUNDS {
            // The second of a pair finds a warmer cache.
            let pair = if round % 2 == 0 {
                let first = ours().await?;
                (first, bound().await?)
            } else {
                let first = bound().await?;
                (ours().await?, first)
            };
            // The first round warms up.
            if round > 0 {
                rounds.push(pair);
            }
        }
        anyhow::Ok(())
    })?;
    let ratio = |(ours, bound): &(Duration, Duration)| ours.as_secs_f64() / bound.as_secs_f64();
    rounds.sort_by(|one, other| ratio(one).total_cmp(&ratio(other)));
    let middle = rounds.get(rounds.len() / 2).context("no round")?;
    println!("send_cpu_{name}_{at_once} {:.2}", ratio(middle));

    let count = |run: &mut dyn FnMut()| allocation_counter::measure(run).count_total;
    let our_count = count(&mut || drop(runtime.block_on(client.send(&request))));
    let bound_count = count(&mut || drop(runtime.block_on(by_hand.get_coin(1280))));
    let best = |one: fn(&(Duration, Duration)) -> Duration| {
        let best = rounds.iter().map(one).min().unwrap_or_default();
        best.as_nanos() / u128::from(CALLS)
    };
    eprintln!(
        "# send_cpu_{name}_{at_once}: {} ns and {our_count} allocations a call in the best round; \
         by hand {} ns and {bound_count}",
        best(|round| round.0),
        best(|round| round.1)
    );
    Ok(())
}

/// The CPU time of a round of calls, so many at once.
async fn took(at_once: u32, call: impl AsyncFn() -> Result<()>) -> Result<Duration> {
    let before = cpu()?;
    let callers = (0..at_once).map(|caller| {
        let call = &call;
        async move {
            for _ in (caller..CALLS).step_by(at_once as usize) {
                call().await?;
            }
            anyhow::Ok(())
        }
    });
    try_join_all(callers).await?;
    Ok(cpu()?.saturating_sub(before))
}

/// User and system time of this process.
fn cpu() -> Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let micros = |time: nix::sys::time::TimeVal| {
        u64::try_from(time.tv_sec() * 1_000_000 + time.tv_usec()).map(Duration::from_micros)
    };
    Ok(micros(usage.user_time())? + micros(usage.system_time())?)
}

/// The code of a careful person without us: one request, signed and parsed, with a timeout.
struct ByHand<P> {
    http: P,
    origin: String,
    url: String,
    key: Hmac<Sha256>,
}

/// One request over somebody's library.
trait Post {
    async fn post(&self, url: &str, timestamp: String, sign: &str, body: Vec<u8>) -> Result<Bytes>;
}

#[derive(Deserialize)]
struct Envelope {
    code: u64,
    data: Option<GetCoinResponse>,
}

impl<P: Post> ByHand<P> {
    fn new(server: &Server, http: P) -> Self {
        Self {
            http,
            origin: server.origin.clone(),
            url: format!("{}/ccpayment/v2/getCoin", server.origin),
            key: prepared(),
        }
    }

    async fn get_coin(&self, coin_id: u64) -> Result<GetCoinResponse> {
        let body = serde_json::to_vec(&serde_json::json!({ "coinId": coin_id }))?;
        let timestamp = SystemTime::now()
            .duration_since(UNIX_EPOCH)?
            .as_secs()
            .to_string();
        let sign = sign_plainly(&self.key, &timestamp, &body);
        let sign = std::str::from_utf8(&sign)?;
        let answer = self.http.post(&self.url, timestamp, sign, body).await?;
        let envelope: Envelope = serde_json::from_slice(&answer)?;
        ensure!(envelope.code == 10000, "refused");
        envelope.data.context("no data")
    }
}

fn over_reqwest() -> Result<reqwest::Client> {
    let tls = rustls::ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .timeout(Duration::from_secs(20))
        .no_proxy()
        .build()?;
    Ok(client)
}

impl Post for reqwest::Client {
    async fn post(&self, url: &str, timestamp: String, sign: &str, body: Vec<u8>) -> Result<Bytes> {
        let response = (reqwest::Client::post(self, url))
            .header("Content-Type", "application/json")
            .header("Appid", APP_ID)
            .header("Timestamp", timestamp)
            .header("Sign", sign)
            .body(body)
            .send()
            .await?;
        Ok(response.bytes().await?)
    }
}

type Hyper = legacy::Client<HttpConnector, Full<Bytes>>;

fn over_hyper() -> Hyper {
    let mut tcp = HttpConnector::new();
    tcp.set_nodelay(true);
    legacy::Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .build(tcp)
}

impl Post for Hyper {
    async fn post(&self, url: &str, timestamp: String, sign: &str, body: Vec<u8>) -> Result<Bytes> {
        let request = Request::post(url)
            .header("Content-Type", "application/json")
            .header("Appid", APP_ID)
            .header("Timestamp", timestamp)
            .header("Sign", sign)
            .body(Full::new(Bytes::from(body)))?;
        let answer = async {
            let answer = self.request(request).await?;
            anyhow::Ok(answer.into_body().collect().await?.to_bytes())
        };
        tokio::time::timeout(Duration::from_secs(20), answer).await?
    }
}

/// Answers everything with the same coin, until standard input closes.
pub(crate) fn serve() -> Result<()> {
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_line(&mut String::new());
        std::process::exit(0);
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("http://{}", listener.local_addr()?);
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let service = service_fn(|request: Request<hyper::body::Incoming>| async {
                // The body has to be read, or the connection can't be used again.
                request.into_body().collect().await?;
                Ok::<_, hyper::Error>(http::Response::new(Full::new(Bytes::from_static(
                    ANSWER.as_bytes(),
                ))))
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    })
}
