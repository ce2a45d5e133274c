//! `cargo xtask load`: how fast a sandbox starts, and how many signed `getCoin` calls a second it
//! answers on loopback with keep-alive, on one core. Fewer than 30,000 on a quiet machine are a
//! failure. On a machine that others use, it says so, does not fail, and the processor time of a
//! call is its only result.

#![allow(
    clippy::print_stdout,
    reason = "what this program prints is its purpose"
)]
#![allow(clippy::disallowed_methods, reason = "it is about real time")]
#![allow(clippy::float_arithmetic, reason = "a rate is not money")]

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use ccpayment_sandbox::Sandbox;
use nix::sys::resource::{UsageWho, getrusage};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Enough that the server always has something to do.
const CONNECTIONS: usize = 32;
const WARM_UP: Duration = Duration::from_secs(1);
const MEASURED: Duration = Duration::from_secs(5);
/// The fewest calls a second, on one core that nobody else uses.
const LEAST: f64 = 30_000.0;
/// The share of one core that others may take on a quiet machine.
const OTHERS: f64 = 0.1;
/// What the kernel counts processor time in.
const TICKS_A_SECOND: f64 = 100.0;
const BODY: &str = "{\"coinId\":1280}";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    match words.as_slice() {
        [] => runtime.block_on(measure()),
        ["serve"] => runtime.block_on(serve()),
        _ => bail!("usage: load"),
    }
}

/// The server process: it prints its address and how long it took to have one. At each line of
/// input, it prints the processor time so far.
async fn serve() -> Result<()> {
    let start = Instant::now();
    let sandbox = Sandbox::builder().build()?;
    let server = sandbox.serve(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    let took = start.elapsed();
    println!("{} {}", server.addr(), took.as_micros());
    // A thread of its own, because the server's thread is measured.
    let asked = tokio::task::spawn_blocking(|| {
        for line in std::io::stdin().lines() {
            line?;
            println!("{}", cpu()?.as_micros());
        }
        anyhow::Ok(())
    });
    asked.await?
}

/// User and system time of this process.
fn cpu() -> Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let micros = |time: nix::sys::time::TimeVal| {
        u64::try_from(time.tv_sec() * 1_000_000 + time.tv_usec()).map(Duration::from_micros)
    };
    Ok(micros(usage.user_time())? + micros(usage.system_time())?)
}

struct Served {
    child: Child,
    input: Option<ChildStdin>,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
    addr: SocketAddr,
    start: Duration,
    pinned: bool,
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

impl Served {
    /// Starts it on the first core alone, if the machine has a way to do that.
    fn start() -> Result<Self> {
        let program = std::env::current_exe()?;
        let spawn = |command: &mut Command| {
            let command = command.arg("serve");
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()
        };
        let pinned = spawn(Command::new("taskset").args(["-c", "0"]).arg(&program));
        let is_pinned = pinned.is_ok();
        let mut child = pinned.or_else(|_| spawn(&mut Command::new(&program)))?;
        let input = child.stdin.take();
        let mut lines = BufReader::new(child.stdout.take().context("no output")?).lines();
        let line = lines.next().context("it did not start")??;
        let (addr, micros) = line.split_once(' ').context("no address")?;
        Ok(Self {
            addr: addr.parse()?,
            start: Duration::from_micros(micros.parse()?),
            child,
            input,
            lines,
            pinned: is_pinned,
        })
    }

    fn cpu(&mut self) -> Result<Duration> {
        use std::io::Write;
        let input = self.input.as_mut().context("no input")?;
        input.write_all(b"\n")?;
        let line = self.lines.next().context("it ended")??;
        Ok(Duration::from_micros(line.parse()?))
    }
}

async fn measure() -> Result<()> {
    let mut served = Served::start()?;
    let addr = served.addr;
    converse(addr, WARM_UP).await?;
    let (before, own, all) = (served.cpu()?, cpu()?, machine());
    let start = Instant::now();
    let calls = converse(addr, MEASURED).await?;
    let (took, spent) = (start.elapsed(), served.cpu()?.saturating_sub(before));
    let ours = spent + cpu()?.saturating_sub(own);
    // A share of one core; unknown if the kernel does not tell.
    let others = (all.zip(machine()))
        .map(|(before, after)| (after - before - ours.as_secs_f64()) / took.as_secs_f64())
        // It can be below zero: the kernel counts a process's time more finely than the machine's.
        .map(|share| share.max(0.0));
    println!("start-up {:.1} ms", served.start.as_secs_f64() * 1e3);
    let each = spent.as_secs_f64() / f64::from(calls);
    let rate = f64::from(calls) / took.as_secs_f64();
    println!(
        "getCoin {:.0} calls a second over {CONNECTIONS} connections, the server {}; {:.1} us of \
         its processor time each, which is {:.0} a second on a core of its own",
        rate,
        if served.pinned {
            "on one core"
        } else {
            "unpinned"
        },
        each * 1e6,
        1.0 / each,
    );
    judge(rate, others)
}

/// A low number of calls is a failure only if the sandbox had a core for itself.
fn judge(rate: f64, others: Option<f64>) -> Result<()> {
    let share = others.map_or("an unknown share".to_owned(), |it| {
        format!("{:.0} %", it * 100.0)
    });
    if rate >= LEAST {
        return Ok(());
    }
    if others.is_none_or(|it| it > OTHERS) {
        println!(
            "NOT JUDGED: below {LEAST} calls a second, but other programs took {share} of a core"
        );
        return Ok(());
    }
    bail!("below {LEAST} calls a second on a quiet machine, where others took {share} of a core")
}

/// The seconds that all programs of this machine have spent so far, or `None` if the kernel does
/// not tell. Time in interrupts is left out: those of loopback are our own, whatever they are
/// counted for.
fn machine() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/stat").ok()?;
    let mut ticks = text
        .lines()
        .next()?
        .strip_prefix("cpu ")?
        .split_whitespace();
    // user, nice, system; then idle, iowait, irq, softirq; then what another guest took.
    let mut sum = 0.0;
    for name in [
        "user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal",
    ] {
        let spent: f64 = ticks.next()?.parse().ok()?;
        if ["user", "nice", "system", "steal"].contains(&name) {
            sum += spent;
        }
    }
    Some(sum / TICKS_A_SECOND)
}

/// One request, signed once: its signature holds for two minutes, and the server checks it anew.
fn request() -> String {
    // A sandbox of its own, for nothing but the signature.
    let headers = Sandbox::builder()
        .build()
        .map(|sandbox| sandbox.sign_v2(BODY.as_bytes()));
    let mut request =
        "POST /ccpayment/v2/getCoin HTTP/1.1\r\nHost: load\r\nContent-Type: application/json\r\n"
            .to_owned();
    for (name, value) in headers.into_iter().flatten() {
        request += &format!("{name}: {value}\r\n");
    }
    request + &format!("Content-Length: {}\r\n\r\n{BODY}", BODY.len())
}

/// How many calls were answered, one after the other on each connection.
async fn converse(addr: SocketAddr, time: Duration) -> Result<u32> {
    let request = request();
    let until = Instant::now() + time;
    let mut connections = JoinSet::new();
    for _ in 0..CONNECTIONS {
        connections.spawn(call_until(addr, request.clone(), until));
    }
    // Never asleep: to wake a core costs whoever wakes it, here the server, as much as a sixth of a
    // call on a virtual machine.
    let awake = tokio::spawn(async {
        loop {
            tokio::task::yield_now().await;
        }
    });
    let mut calls = 0;
    while let Some(outcome) = connections.join_next().await {
        calls += outcome??;
    }
    awake.abort();
    Ok(calls)
}

async fn call_until(addr: SocketAddr, request: String, until: Instant) -> Result<u32> {
    let mut stream = TcpStream::connect(addr).await?;
    stream.set_nodelay(true)?;
    stream.write_all(request.as_bytes()).await?;
    // All answers are as long as the first one, which has to be a success.
    let mut first = vec![0; 16 * 1024];
    let mut length = 0;
    let whole = loop {
        let rest = first.get_mut(length..).context("too long an answer")?;
        let read = stream.read(rest).await?;
        ensure!(read > 0, "the connection was closed");
        length += read;
        let text = String::from_utf8_lossy(first.get(..length).unwrap_or_default());
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let announced = head.to_ascii_lowercase();
            let announced = announced.split("content-length: ").nth(1);
            let announced = announced.and_then(|it| it.lines().next());
            let announced: usize = announced.context("no length")?.parse()?;
            if body.len() >= announced {
                break text.into_owned();
            }
        }
    };
    ensure!(whole.contains("\"code\":10000"), "refused: {whole}");
    let mut answer = vec![0; whole.len()];
    let mut calls = 1;
    while Instant::now() < until {
        stream.write_all(request.as_bytes()).await?;
        stream.read_exact(&mut answer).await?;
        ensure!(answer.starts_with(b"HTTP/1.1 200 "), "refused");
        calls += 1;
    }
    Ok(calls)
}
