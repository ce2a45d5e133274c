//! `Context`, which every command gets: the terminal, the global options, the client.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use ccpayment::{
    Client, Clock, Credentials, ErrorReport, Exchange, HyperTransport, Origin, SystemClock,
    Timeouts, Timestamp, Transport, TransportError, Version,
};
use http::{HeaderMap, Response, Uri};

use crate::args::Global;
use crate::credentials;
use crate::exit::CliError;
use crate::terminal::Terminal;

/// The gateway's own limit: an answer that takes longer does not count.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

pub(crate) struct Context<'a> {
    pub(crate) terminal: &'a mut Terminal,
    pub(crate) global: Global,
    pub(crate) clock: SystemClock,
}

impl<'a> Context<'a> {
    pub(crate) fn new(terminal: &'a mut Terminal, global: Global) -> Self {
        Self {
            terminal,
            global,
            clock: SystemClock::new(),
        }
    }

    pub(crate) fn credentials(&self) -> Result<Credentials, CliError> {
        credentials::read(&self.global)
    }

    /// The origin of the gateway, if it is not the real one.
    pub(crate) fn origin(&self) -> Result<Option<Origin>, CliError> {
        let Some(text) = &self.global.origin else {
            return Ok(None);
        };
        let origin = match self.global.insecure {
            true => Origin::insecure(text),
            false => text.parse(),
        };
        let why = |error| {
            let hint = match error {
                ccpayment::OriginError::PlainHttp => "; --insecure allows it for a sandbox",
                _ => "",
            };
            // The text of the origin is left out: there may be a password in it.
            CliError::Usage(format!("--origin is no origin: {error}{hint}"))
        };
        origin.map(Some).map_err(why)
    }

    /// The origin of this version's requests.
    pub(crate) fn origin_of(&self, version: Version) -> Result<Origin, CliError> {
        Ok(self.origin()?.unwrap_or_else(|| Origin::of(version)))
    }

    pub(crate) fn client(&self) -> Result<Client, CliError> {
        let total = Duration::from_secs(self.global.timeout);
        let attempt = Timeouts::default().attempt.min(total);
        let client = Client::new(self.credentials()?, transport()?)
            .with_timeouts(Timeouts::new(attempt, total));
        Ok(match self.origin()? {
            Some(origin) => client.with_origin(origin),
            None => client,
        })
    }

    pub(crate) fn now(&self) -> SystemTime {
        self.clock.now()
    }

    /// The time to sign with: the one that was asked for, or ours.
    pub(crate) fn moment(&self, at: Option<u64>) -> SystemTime {
        at.map_or_else(
            || self.now(),
            |seconds| UNIX_EPOCH + Duration::from_secs(seconds),
        )
    }

    pub(crate) fn timestamp(&self) -> Timestamp {
        Timestamp::from_system(self.now())
    }
}

pub(crate) fn transport() -> Result<HyperTransport, CliError> {
    HyperTransport::new().map_err(|error| CliError::Failed(ErrorReport::new(&error).to_string()))
}

/// Posts these bytes once to any URL, with these headers.
pub(crate) async fn post(
    transport: &HyperTransport,
    clock: &SystemClock,
    url: &str,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response<Bytes>, String> {
    post_within(transport, clock, url, headers, body, ANSWER_LIMIT).await
}

/// The same, with a limit of its own.
pub(crate) async fn post_within(
    transport: &HyperTransport,
    clock: &SystemClock,
    url: &str,
    headers: HeaderMap,
    body: Bytes,
    limit: Duration,
) -> Result<Response<Bytes>, String> {
    let mut request = http::Request::new(body);
    *request.method_mut() = http::Method::POST;
    *request.uri_mut() = self::url(url)?;
    *request.headers_mut() = headers;
    carry_within(transport, clock, Exchange::new(request, "delivery"), limit)
        .await
        .map_err(|error| ErrorReport::new(&error).to_string())
}

/// A URL that something can be posted to. The error does not repeat it: there may be a password
/// in it.
pub(crate) fn url(text: &str) -> Result<Uri, String> {
    let uri: Uri = text
        .parse()
        .map_err(|error| format!("this is no URL: {error}"))?;
    let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
    match uri.authority() {
        Some(it) if it.as_str().contains('@') => {
            Err("a URL with a user name or a password is not taken".to_owned())
        }
        Some(it) if is_http && !it.host().is_empty() => Ok(uri),
        _ => Err("this is no URL: it is not like http://host/path".to_owned()),
    }
}

/// Carries an exchange, within its bounds of time.
pub(crate) async fn carry(
    transport: &HyperTransport,
    clock: &SystemClock,
    exchange: Exchange,
) -> Result<Response<Bytes>, TransportError> {
    carry_within(transport, clock, exchange, ANSWER_LIMIT).await
}

async fn carry_within(
    transport: &HyperTransport,
    clock: &SystemClock,
    exchange: Exchange,
    limit: Duration,
) -> Result<Response<Bytes>, TransportError> {
    tokio::select! {
        biased;
        answer = transport.send(exchange) => answer,
        () = clock.deadline(limit) => Err(TransportError::TimedOut { after: limit }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_no_password_and_none_is_shown() {
        for good in ["http://127.0.0.1:8080", "https://shop.test/hook?key=a@b"] {
            assert!(url(good).is_ok(), "{good}");
        }
        for bad in [
            "http://user:hunter2@shop.test/",
            "http://hunter2@shop.test",
            "http://shop.test/hunter2 x",
            "hunter2",
            "ftp://shop.test/hunter2",
            "/hunter2",
        ] {
            let why = url(bad).unwrap_err();
            assert!(!why.contains("hunter2"), "{why}");
        }
    }
}
