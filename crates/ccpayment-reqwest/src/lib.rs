//! The default backend: [`Transport`] over [`reqwest`].
//!
//! A payment must go out exactly once and reach nobody else, so everything that reqwest does by
//! itself is switched off, whatever features somebody else's crate switches on in the same build:
//! redirects, retries, system proxies, decompression, cookies of a shared jar, referrers.
//!
//! One thing stays: when a pooled connection turns out to be closed before the first byte of a
//! request was written, hyper hands the untouched request back and it goes out on a new
//! connection. Nothing was sent then, so nothing is sent twice.
//!
//! Deadlines hold against a peer that floods a connection without ever giving an answer. A
//! peer without TLS is an exception: it can hold up the client's runtime for seconds, since reqwest
//! can't be told to read less at a time. A client takes such a peer on loopback only.
//!
//! TLS is rustls with the Mozilla roots, both given explicitly: a build with two crypto providers
//! does not panic, and an extra root on the machine can't read signed requests.
//!
//! # Feature flags
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `rustls` | yes | `ReqwestTransport::new` with rustls and its `ring` provider |
//! | `rustls-no-provider` | no | the same with a provider that the program brings |
//! | `http2` | no | for a client of your own: what an HTTP/2 peer refused unread counts as not sent |
//!
//! Without either, or with a TLS or a proxy of your own, a transport is made
//! [from a `reqwest::Client`](ReqwestTransport#impl-From<Client>-for-ReqwestTransport).
//!
//! # Example
//!
//! ```
//! # #[cfg(feature = "rustls")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use ccpayment_client::Client;
//! use ccpayment_client::core::{AppId, AppSecret, Credentials};
//! use ccpayment_reqwest::ReqwestTransport;
//!
//! let credentials = Credentials::new(AppId::new("app-id"), AppSecret::new("app-secret"))?;
//! let client = Client::new(credentials, ReqwestTransport::new()?);
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "rustls"))]
//! # fn main() {}
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "rustls-no-provider")]
mod tls;

use std::collections::HashMap;
use std::future::ready;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use ccpayment_client::{Exchange, Transport, TransportError, read_body};
use http::{Request, Response, Uri};
use reqwest::Url;

/// How long connecting may take, TLS included.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Carries calls over reqwest. Cheap to clone; clones share their connections within a runtime.
#[derive(Debug, Clone)]
pub struct ReqwestTransport {
    clients: Clients,
    urls: Urls,
}

#[derive(Debug, Clone)]
enum Clients {
    #[cfg(feature = "rustls-no-provider")]
    Ours(tls::Clients),
    /// A client that the program gave, which may do what ours can't.
    Given(reqwest::Client),
}

impl Clients {
    fn here(&self) -> Result<reqwest::Client, TransportError> {
        match self {
            #[cfg(feature = "rustls-no-provider")]
            Self::Ours(clients) => clients.here().map_err(not_sent),
            Self::Given(client) => Ok(client.clone()),
        }
    }
}

/// A transport over a client that you have built, for a proxy or a TLS of your own.
///
/// The transport checks each call: it refuses a body over the limit, and an answer that came from
/// another address than the one that was asked, with an error that says that the call may have
/// acted. Only the builder can switch the rest off. Do so, or calls go out twice and signed
/// requests go where they should not:
///
/// - `redirect(Policy::none())`: a 307 would send the signed payout on, before anybody sees it;
/// - `retry(reqwest::retry::never())`: only our client may retry, which signs afresh and asks
///   whether the call may have acted;
/// - `no_gzip().no_brotli().no_zstd().no_deflate()`: other crates in your build can switch these
///   on, and they add a header;
/// - `referer(false)`, and no cookie store and no default headers that the gateway has no need of;
/// - `connect_timeout`, which is none by default: a connection that is not made in time then counts
///   as one that may have carried the call;
/// - `no_proxy()`, unless you want the proxy that the environment names.
///
/// Use it in one runtime. In another one a call may get a connection of the first, and wait until
/// its deadline if the first stands still.
///
/// ```
/// # #[cfg(feature = "rustls-no-provider")]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use ccpayment_reqwest::{CONNECT_TIMEOUT, ReqwestTransport};
///
/// # let tls = rustls::ClientConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
/// #     .with_safe_default_protocol_versions()?
/// #     .with_root_certificates(rustls::RootCertStore::empty())
/// #     .with_no_client_auth();
/// let client = reqwest::Client::builder()
///     .tls_backend_preconfigured(tls)
///     .proxy(reqwest::Proxy::all("http://proxy.internal:3128")?)
///     .redirect(reqwest::redirect::Policy::none())
///     .retry(reqwest::retry::never())
///     .referer(false)
///     .no_gzip().no_brotli().no_zstd().no_deflate()
///     .connect_timeout(CONNECT_TIMEOUT)
///     .build()?;
/// let transport = ReqwestTransport::from(client);
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "rustls-no-provider"))]
/// # fn main() {}
/// ```
impl From<reqwest::Client> for ReqwestTransport {
    fn from(client: reqwest::Client) -> Self {
        Self {
            clients: Clients::Given(client),
            urls: Urls::default(),
        }
    }
}

/// reqwest has another type for addresses, and parsing one costs as much as signing. A program has
/// one for each route that it uses.
#[derive(Debug, Clone, Default)]
struct Urls(Arc<Mutex<HashMap<Uri, Url>>>);

impl Urls {
    const MAX: usize = 256;

    fn of(&self, uri: Uri) -> Result<Url, TransportError> {
        let mut urls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(url) = urls.get(&uri) {
            return Ok(url.clone());
        }
        let url =
            Url::parse(&uri.to_string()).map_err(|error| TransportError::NotSent(error.into()))?;
        if urls.len() == Self::MAX {
            urls.clear();
        }
        urls.insert(uri, url.clone());
        Ok(url)
    }
}

/// The client that the program gave follows redirects.
#[derive(Debug, thiserror::Error)]
#[error("the answer came from another address than the one that was asked")]
struct Redirected;

impl ReqwestTransport {
    fn request(&self, request: Request<Bytes>) -> Result<reqwest::Request, TransportError> {
        let (head, body) = request.into_parts();
        let mut request = reqwest::Request::new(head.method, self.urls.of(head.uri)?);
        *request.headers_mut() = head.headers;
        *request.body_mut() = Some(body.into());
        Ok(request)
    }
}

// Not an `async fn`: the future that `async_trait` makes of it would also keep the whole call, and
// large futures cost more than all the rest of this crate.
impl Transport for ReqwestTransport {
    fn send<'a, 'b>(&'a self, exchange: Exchange) -> Sending<'b>
    where
        'a: 'b,
        Self: 'b,
    {
        let limit = exchange.max_response_bytes;
        let request = self.request(exchange.request);
        let (request, client) = match (request, self.clients.here()) {
            (Ok(request), Ok(client)) => (request, client),
            (Err(error), _) | (_, Err(error)) => return Box::pin(ready(Err(error))),
        };
        let is_given = matches!(self.clients, Clients::Given(_));
        let asked = is_given.then(|| request.url().clone());
        let answer = client.execute(request);
        Box::pin(async move {
            let answer = answer.await.map_err(classify)?;
            if asked.is_some_and(|asked| asked != *answer.url()) {
                return Err(TransportError::MaybeSent(Redirected.into()));
            }
            read_body(answer.into(), limit).await
        })
    }
}

type Sending<'a> =
    Pin<Box<dyn Future<Output = Result<Response<Bytes>, TransportError>> + Send + 'a>>;

/// Two errors prove that the gateway did not act: one before or while connecting, and an HTTP/2
/// peer's word. Everything else (a reset, a cut answer, an incomplete message) may have come after
/// the gateway acted.
fn classify(error: reqwest::Error) -> TransportError {
    #[cfg(feature = "http2")]
    let was_left_unread = was_left_unread(&error);
    #[cfg(not(feature = "http2"))]
    let was_left_unread = false;
    if error.is_connect() || error.is_builder() || was_left_unread {
        not_sent(error)
    } else {
        TransportError::MaybeSent(Box::new(error.without_url()))
    }
}

/// Whether an HTTP/2 peer says that it did nothing with the request and never will (RFC 9113, 8.7):
/// it resets the request as refused, or its `GOAWAY` names an earlier one as the last that it took
/// up. h2 gives a peer's `GOAWAY` as the error of just those requests that it leaves out.
#[cfg(feature = "http2")]
fn was_left_unread(error: &reqwest::Error) -> bool {
    use std::error::Error;
    std::iter::successors(error.source(), |&error| error.source())
        .filter_map(|error| error.downcast_ref::<h2::Error>())
        .any(|error| {
            let is_refused = error.reason() == Some(h2::Reason::REFUSED_STREAM);
            error.is_remote() && (is_refused || error.is_go_away())
        })
}

fn not_sent(error: reqwest::Error) -> TransportError {
    TransportError::NotSent(Box::new(error.without_url()))
}

#[cfg(all(doctest, feature = "rustls"))]
#[doc = include_str!("../README.md")]
struct Readme;
