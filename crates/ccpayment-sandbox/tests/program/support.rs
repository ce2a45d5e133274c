//! The real program as a process, and a client that knows nothing but HTTP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ring::hmac;
use serde_json::{Value, json};

pub(crate) const APP_ID: &str = "testappid0000001";
pub(crate) const SECRET: &str = "testsecret0000000000000000000001";

pub(crate) struct Program {
    pub(crate) process: Child,
    pub(crate) addr: SocketAddr,
    output: BufReader<ChildStdout>,
    /// What it wrote on the terminal beside that.
    said: Arc<Mutex<String>>,
}

impl Program {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_ccpayment-sandbox"))
            .args([
                "--listen",
                "127.0.0.1:0",
                "--app-id",
                APP_ID,
                "--app-secret",
                SECRET,
            ])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        let (terminal, log) = (process.stderr.take().unwrap(), Arc::clone(&said));
        thread::spawn(move || {
            for line in BufReader::new(terminal).lines().map_while(Result::ok) {
                *log.lock().unwrap() += &(line + "\n");
            }
        });
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        let addr = loop {
            line.clear();
            assert_ne!(
                output.read_line(&mut line).unwrap(),
                0,
                "it ended before it listened"
            );
            if let Some(addr) = line.trim().strip_prefix("listening on http://") {
                break addr.parse().unwrap();
            }
        };
        Self {
            process,
            addr,
            output,
            said,
        }
    }

    /// What it still had to say.
    pub(crate) fn wait_for_end(mut self) -> (bool, String) {
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).unwrap();
        (self.process.wait().unwrap().success(), rest)
    }

    /// What it wrote on the terminal, once a text is in it.
    pub(crate) fn said(&self, text: &str) -> String {
        for _ in 0..1_000 {
            let said = self.said.lock().unwrap().clone();
            if said.contains(text) {
                return said;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("{text} was not said: {}", self.said.lock().unwrap());
    }

    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        http(self.addr, "GET", path, &[], "").unwrap()
    }

    /// What the admin API answers; it must not refuse.
    pub(crate) fn look(&self, name: &str) -> Value {
        let (status, body) = self.get(&format!("/sandbox/{name}"));
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    pub(crate) fn admin(&self, name: &str, body: &Value) -> Value {
        let path = format!("/sandbox/{name}");
        let json = [("Content-Type", "application/json".to_owned())];
        let (status, body) = http(self.addr, "POST", &path, &json, &body.to_string()).unwrap();
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    pub(crate) fn call(&self, route: &str, body: &Value) -> Value {
        let answer = call(self.addr, route, body).expect("an answer");
        assert_eq!(answer["code"], 10_000, "{answer}");
        answer["data"].clone()
    }

    /// Opens an order with a page and gives what it says.
    pub(crate) fn order(&self, order_id: &str, price: &str) -> Value {
        let order = json!({
            "orderId": order_id, "coinId": 1280, "chain": "POLYGON", "price": price,
            "generateCheckoutURL": true,
        });
        self.call("createAppOrderDepositAddress", &order)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The headers of a call that is signed now.
pub(crate) fn signed(body: &str) -> [(&'static str, String); 4] {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
        .to_string();
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let tag = hmac::sign(&key, format!("{APP_ID}{now}{body}").as_bytes());
    let sign = tag
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    [
        ("Appid", APP_ID.to_owned()),
        ("Timestamp", now),
        ("Sign", sign),
        ("Content-Type", "application/json".to_owned()),
    ]
}

/// A signed call; nothing when there was no whole answer.
pub(crate) fn call(addr: SocketAddr, route: &str, body: &Value) -> Option<Value> {
    let body = body.to_string();
    let path = format!("/ccpayment/v2/{route}");
    let (_, answer) = http(addr, "POST", &path, &signed(&body), &body)?;
    serde_json::from_str(&answer).ok()
}

/// Status and body; nothing when the peer went away.
pub(crate) fn http(
    addr: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, String)],
    body: &str,
) -> Option<(u16, String)> {
    let stream = TcpStream::connect(addr).ok()?;
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .ok()?;
    whole(
        stream,
        &request(method, &addr.to_string(), path, headers, body),
    )
}

/// A request as it stands on the wire.
pub(crate) fn request(
    method: &str,
    host: &str,
    path: &str,
    headers: &[(&str, String)],
    body: &str,
) -> String {
    let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    request + &format!("Content-Length: {}\r\n\r\n{body}", body.len())
}

/// Status and body of the answer to this request; nothing when the peer went away.
pub(crate) fn whole(mut stream: impl Read + Write, request: &str) -> Option<(u16, String)> {
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let length = head.lines().find_map(|line| {
        line.to_ascii_lowercase()
            .strip_prefix("content-length:")?
            .trim()
            .parse()
            .ok()
    });
    if length.is_some_and(|length: usize| length != body.len()) {
        return None;
    }
    Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
}

/// A folder of its own for a test; gone before it is made.
pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}
