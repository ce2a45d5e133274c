//! The program, and things that it runs beside.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

pub(crate) const APP_ID: &str = "testappid0000001";
pub(crate) const SECRET: &str = "cAnArY-secret-0123456789abcdef";
pub(crate) const ADDRESS: &str = "0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE";

/// The program, with nothing of this machine's environment that it reads.
pub(crate) fn ccpay() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ccpay"));
    bare(&mut command);
    command.env("CCPAYMENT_APP_ID", APP_ID);
    command.env("CCPAYMENT_APP_SECRET", SECRET);
    command
}

pub(crate) fn bare(command: &mut Command) {
    for variable in [
        "CCPAYMENT_APP_ID",
        "CCPAYMENT_APP_SECRET",
        "CCPAYMENT_ORIGIN",
        "CCPAYMENT_DATABASE_URL",
        "NO_COLOR",
        "CLICOLOR",
        "CLICOLOR_FORCE",
    ] {
        command.env_remove(variable);
    }
    command.stdin(Stdio::null());
}

/// What a run printed, and its exit code.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn of(command: &mut Command) -> Self {
        let output = command.output().unwrap();
        let ran = Self {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        };
        assert!(
            !ran.out.contains(SECRET) && !ran.err.contains(SECRET),
            "the secret is shown"
        );
        ran
    }

    /// It must have ended so.
    pub(crate) fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\n{}", self.out, self.err);
        self
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}

/// A process that goes on until it is told to end, such as `sandbox` and `listen`.
pub(crate) struct Running {
    pub(crate) process: Child,
    output: BufReader<ChildStdout>,
    pub(crate) url: String,
}

impl Running {
    /// Waits until it listens.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let url = loop {
            let mut line = String::new();
            assert_ne!(output.read_line(&mut line).unwrap(), 0, "it ended early");
            if let Some((_, rest)) = line.split_once("http://") {
                let end = |it: char| !it.is_ascii_digit() && it != '.' && it != ':';
                break format!("http://{}", rest.split(end).next().unwrap());
            }
        };
        Self {
            process,
            output,
            url,
        }
    }

    /// A line that it prints next.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line
    }

    /// Asks it to end, and gives what it still had to say.
    pub(crate) fn end(mut self, signal: &str) -> String {
        let id = self.process.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status().unwrap();
        assert!(sent.success());
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).unwrap();
        assert!(self.process.wait().unwrap().success(), "{rest}");
        rest
    }

    /// Waits until it ends by itself.
    pub(crate) fn ended(mut self) -> String {
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).unwrap();
        assert!(self.process.wait().unwrap().success(), "{rest}");
        rest
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A sandbox, and the program that asks it.
pub(crate) struct Gateway {
    pub(crate) running: Running,
}

impl Gateway {
    pub(crate) fn start(options: &[&str]) -> Self {
        let command = &mut ccpay();
        command.args([
            "sandbox",
            "--listen",
            "127.0.0.1:0",
            "--balance",
            "1280=1000",
        ]);
        let running = Running::start(command.args(options));
        Self { running }
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = ccpay();
        command
            .args(["--origin", &self.running.url])
            .args(arguments);
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(&mut self.command(arguments))
    }

    /// Opens an order and gives its address.
    pub(crate) fn order(&self, order_id: &str) -> String {
        let order = [
            "--orderId",
            order_id,
            "--coinId",
            "1280",
            "--chain",
            "POLYGON",
            "--price",
            "20",
        ];
        let call = ["--json", "call", "createAppOrderDepositAddress", "--yes"];
        let made = self.run(&[&call[..], &order].concat()).ended(0).json();
        made["created"]["address"].as_str().unwrap().to_owned()
    }

    /// Pays to an address, and lets the payment succeed.
    pub(crate) fn pay(&self, address: &str) {
        let address = format!("address={address}");
        self.run(&["trigger", "pay", &address, "amount=20"])
            .ended(0);
        self.run(&["trigger", "confirm-all"]).ended(0);
    }
}

/// The options of a payout of 5 USDT.
pub(crate) fn payout(order_id: &str) -> Vec<&str> {
    let whom = ["--orderId", order_id, "--address", ADDRESS];
    let what = ["--coinId", "1280", "--chain", "POLYGON", "--amount", "5"];
    [whom.as_slice(), &what].concat()
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

#[allow(
    clippy::disallowed_methods,
    reason = "the program goes by the real time"
)]
pub(crate) fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
}

pub(crate) fn written(folder: &Path, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    std::fs::File::create(&path)
        .unwrap()
        .write_all(text.as_ref())
        .unwrap();
    path
}
