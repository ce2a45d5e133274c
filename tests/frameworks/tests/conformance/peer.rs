//! The sender's end of a socket, and deliveries to write to it.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use ccpayment_core::{AppSecret, HmacKey, SignText};

pub(crate) const APP_ID: &str = "testappid0000001";
pub(crate) const SECRET: &str = "sentinel-secret-0000000000000001";
pub(crate) const SIGNED_AT: u64 = 1_726_717_500;

/// A delivery whose parts can be spoilt.
#[derive(Clone)]
pub(crate) struct Delivery {
    pub(crate) method: &'static str,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Delivery {
    pub(crate) fn new(body: impl Into<Vec<u8>>) -> Self {
        Self::signed_at(SIGNED_AT, body)
    }

    pub(crate) fn signed_at(timestamp: u64, body: impl Into<Vec<u8>>) -> Self {
        let (timestamp, body) = (timestamp.to_string(), body.into());
        let text = SignText {
            app_id: APP_ID,
            timestamp: &timestamp,
            body: &body,
        };
        let sign = HmacKey::new(&AppSecret::new(SECRET)).sign(&text);
        let headers = [
            ("Appid", APP_ID),
            ("Timestamp", &timestamp),
            ("Sign", sign.as_str()),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self {
            method: "POST",
            headers: headers.into(),
            body,
        }
    }

    /// The head, with these lines at its end.
    pub(crate) fn head(&self, more: &str) -> Vec<u8> {
        let mut head = format!(
            "{} /notify HTTP/1.1\r\nHost: shop.example\r\nContent-Type: application/json\r\n",
            self.method
        );
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        (head + more + "\r\n").into_bytes()
    }

    pub(crate) fn head_with_length(&self) -> Vec<u8> {
        self.head(&format!("Content-Length: {}\r\n", self.body.len()))
    }

    pub(crate) fn head_of_chunks(&self) -> Vec<u8> {
        self.head("Transfer-Encoding: chunked\r\n")
    }

    pub(crate) fn whole(&self) -> Vec<u8> {
        [self.head_with_length(), self.body.clone()].concat()
    }
}

#[derive(Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

pub(crate) struct Peer(TcpStream);

impl Peer {
    pub(crate) fn new(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        // A server that never answers fails the test instead of blocking it.
        let long = Some(Duration::from_secs(60));
        stream.set_read_timeout(long).unwrap();
        stream.set_write_timeout(long).unwrap();
        Self(stream)
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).unwrap();
    }

    /// Sends bytes that the server need not take.
    pub(crate) fn try_send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    pub(crate) fn clone(&self) -> Self {
        Self(self.0.try_clone().unwrap())
    }

    pub(crate) fn close_sending(&self) {
        self.0.shutdown(Shutdown::Write).unwrap();
    }

    /// Whether nothing has come.
    pub(crate) fn is_silent(&self) -> bool {
        self.0.set_nonblocking(true).unwrap();
        let peeked = self.0.peek(&mut [0]);
        self.0.set_nonblocking(false).unwrap();
        peeked.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Reads whatever comes until the server closes.
    pub(crate) fn wait_for_the_end(&mut self) {
        if let Err(error) = self.0.read_to_end(&mut Vec::new()) {
            assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        }
    }

    /// One answer, and not a byte more.
    pub(crate) fn answer(&mut self) -> Answer {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.0.read_exact(&mut byte).unwrap();
            head.extend(byte);
        }
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next().unwrap().strip_prefix("HTTP/1.1 ").unwrap();
        let status = status[..3].parse().unwrap();
        let headers: BTreeMap<_, _> = lines
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let length = headers["content-length"].parse().unwrap();
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        let body = String::from_utf8(body).unwrap();
        Answer {
            status,
            headers,
            body,
        }
    }

    pub(crate) fn exchange(&mut self, bytes: &[u8]) -> Answer {
        self.send(bytes);
        self.answer()
    }
}
