//! A receiver of notifications that answers by a script.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use ccpayment_sandbox::Setting;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::{LOOPBACK, Merchant, builder};

#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Received {
    pub(crate) fn msg(&self) -> Value {
        serde_json::from_str::<Value>(&self.body).unwrap()["msg"].take()
    }
}

/// Answers each connection with the next line of the script, and `200 Success` after its end.
pub(crate) struct Receiver {
    pub(crate) url: String,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Receiver {
    pub(crate) async fn new(script: &[&'static str]) -> Self {
        let listener = TcpListener::bind(LOOPBACK).await.unwrap();
        let url = format!("http://{}/hook?a=b", listener.local_addr().unwrap());
        let received = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&received);
        let mut script: VecDeque<&str> = script.iter().copied().collect();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut bytes = Vec::new();
                while !whole(&bytes) {
                    if stream.read_buf(&mut bytes).await.unwrap() == 0 {
                        break;
                    }
                }
                log.lock().unwrap().push(parse(&bytes));
                let answer = script.pop_front().unwrap_or("200 OK|Success");
                if let Some((status, body)) = answer.split_once('|') {
                    let answer = format!(
                        "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}",
                        body.len()
                    );
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
            }
        });
        Self { url, received }
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

fn parse(bytes: &[u8]) -> Received {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let path = lines.next().unwrap().split(' ').nth(1).unwrap().to_owned();
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    Received {
        path,
        headers,
        body: body.to_owned(),
    }
}

fn whole(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
        let head = head.to_ascii_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .unwrap();
        body.len() >= length.parse::<usize>().unwrap()
    })
}

/// A merchant with one deposit that was just announced as Processing.
pub(crate) async fn merchant(receiver: &Receiver) -> (Merchant, String, String) {
    let builder = builder()
        .balance(1280, "100")
        .webhook_url(&receiver.url)
        .setting(Setting::ManualChain(true));
    let merchant = Merchant::new(builder).await;
    let address = merchant.order("order-1", "10").await;
    let record_id = merchant.sandbox.pay(&address, "10").unwrap().record_id;
    (merchant, address, record_id)
}
