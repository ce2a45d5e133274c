//! `Gateway`, a sandbox as a process of its own.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};

pub(super) const APP_ID: &str = "consumer00000001";

/// Ends with this value.
pub(super) struct Gateway {
    process: Child,
    pub(super) origin: String,
    /// Where the consumer has to listen for notifications.
    pub(super) receiver: String,
}

impl Gateway {
    pub(super) fn start(program: &Path, secret: &str, rsa_key: Option<&Path>) -> Result<Self> {
        // The port is free again by the time that the consumer needs it.
        let free = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut command = Command::new(program);
        command
            .args(["--listen", "127.0.0.1:0", "--app-id", APP_ID])
            .args(["--app-secret", secret, "--balance", "1280=1000"])
            .args(["--webhook-url", &format!("http://{free}/ccpayment")])
            .stdout(Stdio::piped());
        if let Some(key) = rsa_key {
            command.arg("--rsa-public-key").arg(key);
        }
        let mut process = command.spawn().context("the sandbox can't be started")?;
        let stdout = process.stdout.take().context("no output")?;
        let mut lines = BufReader::new(stdout).lines();
        let origin = loop {
            let line = lines.next().context("the sandbox ended")??;
            if let Some(origin) = line.strip_prefix("listening on ") {
                break origin.to_owned();
            }
        };
        // The sandbox prints more, and would end if nobody read it.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(Self {
            process,
            origin,
            receiver: free.to_string(),
        })
    }

    /// Does what a merchant can't.
    pub(super) fn admin(&self, what: &str, body: &str) -> Result<()> {
        let host = self.origin.trim_start_matches("http://");
        let mut stream = TcpStream::connect(host)?;
        write!(
            stream,
            "POST /sandbox/{what} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        ensure!(
            answer.starts_with("HTTP/1.1 200"),
            "{what} {body}: {answer}"
        );
        Ok(())
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // An error means that it has ended by itself, which nobody needs to know.
        _ = self.process.kill();
        _ = self.process.wait();
    }
}
