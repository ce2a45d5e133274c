//! The CPU of one `Client::send`, beside a hand-written reqwest call that signs and parses the
//! same. The server is another process, so only the client is counted.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use ccpayment::v2::{GetCoin, GetCoinResponse};
use ccpayment::{AppId, AppSecret, Client, CoinId, Credentials, ReqwestTransport};
use hmac::Hmac;
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use nix::sys::resource::{UsageWho, getrusage};
use rustls::crypto::ring;
use serde::Deserialize;
use sha2::Sha256;

use super::hot::{APP_ID, SECRET, prepared, sign_plainly};

const ROUNDS: u32 = 20;
const CALLS: u32 = 1_000;

const ANSWER: &str = include_str!("../fixtures/v2/get_coin.response.json");

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // It ends by itself when its standard input closes; this only makes sure.
        let _ = self.0.kill().and_then(|()| self.0.wait());
    }
}

/// Twenty thousand calls each, in turns.
pub(crate) fn ratio() -> Result<f64> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg("serve")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let output = child.stdout.take().context("no output")?;
    let _server = Server(child);
    let mut origin = String::new();
    BufReader::new(output).read_line(&mut origin)?;
    let origin = origin.trim();

    let credentials = Credentials::new(AppId::new(APP_ID), AppSecret::new(SECRET))?;
    let client = Client::new(credentials, ReqwestTransport::new()?).with_origin(origin.parse()?);
    let by_hand = ByHand::new(origin)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;

    let (mut ours, mut bound) = (Duration::ZERO, Duration::ZERO);
    runtime.block_on(async {
        let request = GetCoin::new(CoinId::new(1280));
        ensure!(
            client.send(&request).await? == by_hand.get_coin(1280).await?,
            "they differ"
        );
        for round in 0..=ROUNDS {
            let before = cpu()?;
            for _ in 0..CALLS {
                client.send(&request).await?;
            }
            let between = cpu()?;
            for _ in 0..CALLS {
                by_hand.get_coin(1280).await?;
            }
            // The first round warms up.
            if round > 0 {
                ours += between - before;
                bound += cpu()? - between;
            }
        }
        Ok(())
    })?;
    let count = |run: &mut dyn FnMut()| allocation_counter::measure(run).count_total;
    let request = GetCoin::new(CoinId::new(1280));
    let ours_count = count(&mut || drop(runtime.block_on(client.send(&request))));
    let bound_count = count(&mut || drop(runtime.block_on(by_hand.get_coin(1280))));
    let each = |total: Duration| total.as_nanos() / u128::from(ROUNDS * CALLS);
    eprintln!(
        "# send_cpu: {} ns and {ours_count} allocations a call; by hand {} ns and {bound_count}",
        each(ours),
        each(bound)
    );
    Ok(ours.as_secs_f64() / bound.as_secs_f64())
}

/// User and system time of this process.
fn cpu() -> Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let micros = |time: nix::sys::time::TimeVal| {
        u64::try_from(time.tv_sec() * 1_000_000 + time.tv_usec()).map(Duration::from_micros)
    };
    Ok(micros(usage.user_time())? + micros(usage.system_time())?)
}

/// What a careful person writes without us: one request, signed and parsed, with a timeout.
struct ByHand {
    client: reqwest::Client,
    url: String,
    key: Hmac<Sha256>,
}

#[derive(Deserialize)]
struct Envelope {
    code: u64,
    data: Option<GetCoinResponse>,
}

impl ByHand {
    fn new(origin: &str) -> Result<Self> {
        let tls = rustls::ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .timeout(Duration::from_secs(20))
            .no_proxy()
            .build()?;
        Ok(Self {
            client,
            url: format!("{origin}/ccpayment/v2/getCoin"),
            key: prepared(),
        })
    }

    async fn get_coin(&self, coin_id: u64) -> Result<GetCoinResponse> {
        let body = serde_json::to_vec(&serde_json::json!({ "coinId": coin_id }))?;
        let timestamp = SystemTime::now()
            .duration_since(UNIX_EPOCH)?
            .as_secs()
            .to_string();
        let sign = sign_plainly(&self.key, &timestamp, &body);
        let response = (self.client.post(&self.url))
            .header("Content-Type", "application/json")
            .header("Appid", APP_ID)
            .header("Timestamp", timestamp)
            .header("Sign", std::str::from_utf8(&sign)?)
            .body(body)
            .send()
            .await?;
        let envelope: Envelope = serde_json::from_slice(&response.bytes().await?)?;
        ensure!(envelope.code == 10000, "refused");
        envelope.data.context("no data")
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
            let service = service_fn(|request: http::Request<hyper::body::Incoming>| async {
                // The body has to be read, or the connection can't be used again.
                http_body_util::BodyExt::collect(request.into_body()).await?;
                Ok::<_, hyper::Error>(http::Response::new(Full::new(Bytes::from_static(
                    ANSWER.as_bytes(),
                ))))
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    })
}
