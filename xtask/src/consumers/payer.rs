//! The payer: runs a consumer, and pays whatever the consumer asks for.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::gateway::{APP_ID, Gateway};

const MOST: Duration = Duration::from_secs(60);
/// Half a minute of the sandbox's time passes with each tick, so that chains confirm quickly.
const TICK: Duration = Duration::from_millis(100);
const SECONDS_A_TICK: u64 = 30;

/// Runs a consumer to its end. When it prints `pay 25 to ADDRESS`, this pays, in USDT on Polygon.
#[allow(clippy::disallowed_methods, reason = "processes take real time")]
pub(super) fn run(
    program: &Path,
    gateway: Option<Gateway>,
    credentials: &[(&str, PathBuf)],
) -> Result<()> {
    let mut command = Command::new(program);
    command
        .env("CCPAYMENT_APP_ID", APP_ID)
        .envs(credentials.iter().map(|(name, value)| (name, value)))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if let Some(gateway) = &gateway {
        command.env("GATEWAY", &gateway.origin);
        command.env("LISTEN", &gateway.receiver);
    }
    let mut process = command.spawn()?;
    let (said, lines) = mpsc::channel();
    let stdout = process.stdout.take().context("no output")?;
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            _ = said.send(line);
        }
    });

    let began = Instant::now();
    loop {
        while let Ok(line) = lines.try_recv() {
            if let (Some(gateway), Some(payment)) = (&gateway, line.strip_prefix("pay ")) {
                let (amount, address) = payment.split_once(" to ").context("an odd line")?;
                let body = json!({ "address": address, "amount": amount });
                gateway.admin("pay", &body.to_string())?;
            }
        }
        if let Some(gateway) = &gateway {
            let body = json!({ "seconds": SECONDS_A_TICK });
            gateway.admin("advance", &body.to_string())?;
        }
        if process.try_wait()?.is_some() {
            break;
        }
        if began.elapsed() > MOST {
            process.kill()?;
        }
        std::thread::sleep(TICK);
    }
    let output = process.wait_with_output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{}: {errors}", output.status);
    Ok(())
}
