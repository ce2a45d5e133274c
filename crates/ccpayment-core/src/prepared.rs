//! `PreparedRequest`, a request that is checked and serialised once, and `Origin`, the host that it
//! goes to.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Method, Uri};

use crate::credentials::Credentials;
use crate::ids::{OrderId, Timestamp};
use crate::request::{Idempotency, Request, Version};
use crate::sign::{SignText, Signature, SigningError};
use crate::validate::ValidationError;

/// The header with the APP ID.
pub const APP_ID_HEADER: HeaderName = HeaderName::from_static("appid");
/// The header with the moment of signing, in 10-digit Unix seconds.
pub const TIMESTAMP_HEADER: HeaderName = HeaderName::from_static("timestamp");
/// The header with the signature.
pub const SIGN_HEADER: HeaderName = HeaderName::from_static("sign");

/// How far the gateway lets a timestamp lie from its own clock: 120 seconds. Outside of this
/// window, the gateway refuses a request with 11006 `ReqExpired`.
pub const TIMESTAMP_WINDOW: Duration = Duration::from_secs(120);

/// Where the gateway is: scheme and host, without a path. Plain HTTP is only for loopback.
///
/// ```
/// use ccpayment_core::{Origin, OriginError};
///
/// let sandbox: Origin = "http://127.0.0.1:8480".parse()?;
/// // Plain HTTP leaves this machine only where that is said aloud.
/// assert!(matches!("http://gateway:8480".parse::<Origin>(), Err(OriginError::PlainHttp)));
/// # let _ = sandbox;
/// # Ok::<(), OriginError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    scheme: Scheme,
    authority: Authority,
}

impl Origin {
    /// The real gateway, which has a host for each version: `https://ccpayment.com` for v2 and
    /// `https://admin.ccpayment.com` for v1.
    #[must_use]
    pub fn of(version: Version) -> Self {
        let host = match version {
            Version::V1 => "admin.ccpayment.com",
            Version::V2 => "ccpayment.com",
        };
        Self {
            scheme: Scheme::HTTPS,
            authority: Authority::from_static(host),
        }
    }
}

impl Default for Origin {
    /// The real gateway's v2.
    fn default() -> Self {
        Self::of(Version::V2)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

/// Why a text is not an [`Origin`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OriginError {
    /// Not `scheme://host`.
    #[error("an origin is a scheme and a host, such as https://ccpayment.com")]
    Malformed,
    /// More than scheme and host. The paths are the routes' own.
    #[error("an origin has no path, query or user name")]
    NotOnlyHost,
    /// Plain http to another machine. Use https, or [`Origin::insecure`] for a sandbox.
    #[error("plain http is only for this machine; see `Origin::insecure`")]
    PlainHttp,
}

impl Origin {
    /// An origin that may be reached by plain http on any host: for a sandbox in another container.
    ///
    /// Everybody on the way can read what is sent and change what is answered. Never give it the
    /// credentials of a real account.
    ///
    /// ```
    /// use ccpayment_core::Origin;
    ///
    /// assert!("http://sandbox:8480".parse::<Origin>().is_err());
    /// let sandbox = Origin::insecure("http://sandbox:8480")?;
    /// assert_eq!(sandbox.to_string(), "http://sandbox:8480");
    /// # Ok::<(), ccpayment_core::OriginError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the text is no scheme and host.
    pub fn insecure(text: &str) -> Result<Self, OriginError> {
        Self::read(text).map(|(origin, _)| origin)
    }

    /// An origin, and whether it is plain http to another machine.
    fn read(text: &str) -> Result<(Self, bool), OriginError> {
        let parts = text
            .parse::<Uri>()
            .map_err(|_| OriginError::Malformed)?
            .into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(OriginError::Malformed);
        };
        if authority.as_str().contains('@') || parts.path_and_query.is_some_and(|path| path != "/")
        {
            return Err(OriginError::NotOnlyHost);
        }
        let is_open = scheme == Scheme::HTTP && !is_loopback(authority.host());
        if scheme != Scheme::HTTPS && scheme != Scheme::HTTP {
            return Err(OriginError::Malformed);
        }
        Ok((Self { scheme, authority }, is_open))
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let is_address = |it: IpAddr| it.is_loopback();
    host.eq_ignore_ascii_case("localhost") || bare.parse().is_ok_and(is_address)
}

impl FromStr for Origin {
    type Err = OriginError;

    /// Plain http is taken for this machine only: `localhost`, all of 127.0.0.0/8 and `[::1]`.
    fn from_str(text: &str) -> Result<Self, OriginError> {
        match Self::read(text)? {
            (_, true) => Err(OriginError::PlainHttp),
            (origin, false) => Ok(origin),
        }
    }
}

impl TryFrom<&str> for Origin {
    type Error = OriginError;

    /// As [`str::parse`].
    fn try_from(text: &str) -> Result<Self, OriginError> {
        text.parse()
    }
}

/// Why a request was not sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrepareError {
    /// It breaks a documented rule.
    #[error(transparent)]
    Invalid(#[from] ValidationError),
    /// It can't be written as JSON.
    #[error("the request can't be written as JSON")]
    Json(#[from] serde_json::Error),
    /// Its path is not one.
    #[error("the route has no valid path")]
    Path(#[from] http::uri::InvalidUri),
    /// The parts make no HTTP request.
    #[error("the request can't be written as HTTP")]
    Http(#[from] http::Error),
    /// There is no signature.
    #[error("the request can't be signed")]
    Sign(#[from] SigningError),
}

/// A validated request whose body was serialised, once. Each [`PreparedRequest::sign`] makes a fresh
/// timestamp and signature over the same bytes.
///
/// ```
/// use ccpayment_core::v2::GetCoin;
/// use ccpayment_core::{AppId, AppSecret, CoinId, Credentials, Origin, PreparedRequest, Timestamp};
///
/// let credentials = Credentials::new(
///     AppId::new("testappid0000001"),
///     AppSecret::new("testsecret0000000000000000000001"),
/// )?;
/// let prepared = PreparedRequest::new(&GetCoin::new(CoinId::new(1280)))?;
/// let request = prepared.sign(&Origin::default(), &credentials, Timestamp::new(1677152720))?;
/// assert_eq!(request.uri(), "https://ccpayment.com/ccpayment/v2/getCoin");
/// assert_eq!(&request.body()[..], br#"{"coinId":1280}"#);
/// assert_eq!(
///     request.headers()["sign"],
///     "da499b0a5e5c15f25e961e4c76601209415dbb9e1c02e6bd92bcb8dbe32d3965"
/// );
/// # Ok::<(), ccpayment_core::PrepareError>(())
/// ```
#[derive(Debug, Clone)]
pub struct PreparedRequest {
    version: Version,
    operation: &'static str,
    path: PathAndQuery,
    body: Bytes,
    idempotency: Idempotency,
    order_id: Option<OrderId>,
    settled_by: Option<&'static str>,
}

impl PreparedRequest {
    /// Validates the request and serialises its body.
    ///
    /// # Errors
    ///
    /// [`PrepareError`], when the request breaks a documented rule.
    pub fn new<E: Request>(endpoint: &E) -> Result<Self, PrepareError> {
        endpoint.validate()?;
        Self::unchecked(endpoint)
    }

    /// Serialises the body of a request whose rules are not checked: to look up what an earlier
    /// version may have sent under rules of its own.
    ///
    /// # Errors
    ///
    /// [`PrepareError`], when the request can't be written.
    pub fn unchecked<E: Request>(endpoint: &E) -> Result<Self, PrepareError> {
        Ok(Self {
            version: E::VERSION,
            operation: E::OPERATION,
            path: PathAndQuery::from_str(endpoint.path())?,
            body: endpoint.body()?,
            idempotency: E::IDEMPOTENCY,
            order_id: endpoint.order_id().cloned(),
            settled_by: E::SETTLED_BY,
        })
    }

    /// The version of the API that has the route.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// The gateway's name of the route.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    /// What repeating the call can do.
    #[must_use]
    pub fn idempotency(&self) -> Idempotency {
        self.idempotency
    }

    /// The merchant's id of what the call creates.
    #[must_use]
    pub fn order_id(&self) -> Option<&OrderId> {
        self.order_id.as_ref()
    }

    /// The route whose record tells what became of the call.
    #[must_use]
    pub fn settled_by(&self) -> Option<&'static str> {
        self.settled_by
    }

    /// The bytes that are signed and sent.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// A signed HTTP request, by a key that is here.
    ///
    /// # Errors
    ///
    /// [`PrepareError::Http`] when the parts make no request, [`PrepareError::Sign`] when there is
    /// no signature: always so where the key is held elsewhere, and for v1 where the secret is not
    /// here.
    pub fn sign(
        &self,
        origin: &Origin,
        credentials: &Credentials,
        at: Timestamp,
    ) -> Result<http::Request<Bytes>, PrepareError> {
        let mut digits = itoa::Buffer::new();
        let text = self.text(credentials, digits.format(at.get()));
        let signature = match self.version {
            Version::V1 => credentials.sign_v1(&text)?,
            Version::V2 => credentials.sign(&text)?,
        };
        self.request(origin, credentials, at, &signature)
    }

    /// A signed HTTP request, by any key. Where the key is here, this never waits.
    ///
    /// # Errors
    ///
    /// [`PrepareError::Http`] when the parts make no request, [`PrepareError::Sign`] when there is
    /// no signature.
    pub async fn sign_async(
        &self,
        origin: &Origin,
        credentials: &Credentials,
        at: Timestamp,
    ) -> Result<http::Request<Bytes>, PrepareError> {
        let mut digits = itoa::Buffer::new();
        let text = self.text(credentials, digits.format(at.get()));
        let signature = match self.version {
            Version::V1 => credentials.sign_v1(&text)?,
            Version::V2 => credentials.sign_async(text).await?,
        };
        self.request(origin, credentials, at, &signature)
    }

    fn text<'a>(&'a self, credentials: &'a Credentials, timestamp: &'a str) -> SignText<'a> {
        SignText {
            app_id: credentials.app_id().as_str(),
            timestamp,
            body: &self.body,
        }
    }

    fn request(
        &self,
        origin: &Origin,
        credentials: &Credentials,
        at: Timestamp,
        signature: &Signature,
    ) -> Result<http::Request<Bytes>, PrepareError> {
        let mut sign = HeaderValue::from_str(signature.as_str()).map_err(http::Error::from)?;
        sign.set_sensitive(true);

        let content_type = match self.version {
            Version::V1 => "application/json; charset=utf-8",
            Version::V2 => "application/json",
        };
        let uri = Uri::builder()
            .scheme(origin.scheme.clone())
            .authority(origin.authority.clone())
            .path_and_query(self.path.clone())
            .build()?;
        let mut request = http::Request::builder()
            .method(Method::POST)
            .uri(uri)
            .header(CONTENT_TYPE, HeaderValue::from_static(content_type))
            .header(APP_ID_HEADER, credentials.app_id_header())
            .header(TIMESTAMP_HEADER, HeaderValue::from(at.get()))
            .header(SIGN_HEADER, sign)
            .body(self.body.clone())?;
        if self.body.is_empty() {
            // Some libraries leave this header out, and some front ends then answer 411.
            request
                .headers_mut()
                .insert(CONTENT_LENGTH, HeaderValue::from(0));
        }
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_a_host_and_no_more() {
        let read = |text: &str| text.parse::<Origin>().map(|origin| origin.to_string());
        assert_eq!(
            read("https://ccpayment.com"),
            Ok(Origin::default().to_string())
        );
        assert_eq!(
            read("http://127.0.0.1:8480/").unwrap(),
            "http://127.0.0.1:8480"
        );
        assert_eq!(read("http://[::1]:8480").unwrap(), "http://[::1]:8480");
        for here in [
            "http://127.0.0.2:1",
            "http://LOCALHOST",
            "http://LocalHost:8480",
        ] {
            assert!(read(here).is_ok(), "{here}");
        }
        for open in [
            "http://sandbox:8480",
            "http://10.0.0.1",
            "http://[::2]",
            "http://localhost.example",
        ] {
            assert_eq!(read(open), Err(OriginError::PlainHttp), "{open}");
            assert_eq!(Origin::insecure(open).unwrap().to_string(), open);
        }
        assert_eq!(
            Origin::insecure("ftp://sandbox"),
            Err(OriginError::Malformed)
        );
        assert_eq!(
            Origin::insecure("http://a@sandbox"),
            Err(OriginError::NotOnlyHost)
        );
        assert_eq!(read("http://ccpayment.com"), Err(OriginError::PlainHttp));
        assert_eq!(
            read("http://127.0.0.1.evil.example"),
            Err(OriginError::PlainHttp)
        );
        assert_eq!(read("ftp://127.0.0.1"), Err(OriginError::Malformed));
        assert_eq!(
            read("https://a@ccpayment.com"),
            Err(OriginError::NotOnlyHost)
        );
        assert_eq!(
            read("https://ccpayment.com/x"),
            Err(OriginError::NotOnlyHost)
        );
        assert_eq!(read("ccpayment.com"), Err(OriginError::Malformed));
        assert_eq!(read(""), Err(OriginError::Malformed));
    }
}
