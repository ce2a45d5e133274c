//! `https` for clients whose host can't be changed: a certificate that exists only while the
//! program runs.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use data_encoding::BASE64;
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::clock::{self, Clock};
use crate::socket_faults::ByteStream;

const DAY: Duration = Duration::from_secs(86_400);
/// Some clients trust no certificate that lives for longer than 825 days, others none above 398.
const LIFE: Duration = Duration::from_secs(397 * 86_400);
/// The first byte of a handshake. No method of HTTP begins with it.
const HANDSHAKE: u8 = 0x16;
/// How long a handshake may take: one that never ends would hold its socket for ever.
const PATIENCE: Duration = Duration::from_secs(10);
/// The width of a line of PEM.
const WIDTH: usize = 64;

/// A certificate for some hosts, made anew each time and signed by itself; its key never leaves the
/// memory. See [`Sandbox::serve_tls`](crate::Sandbox::serve_tls).
#[derive(Clone)]
pub struct Tls {
    config: Arc<ServerConfig>,
    certificate: String,
}

impl fmt::Debug for Tls {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Tls").finish_non_exhaustive()
    }
}

impl Tls {
    /// For hosts by their names or IP addresses, such as `admin.ccpayment.com`.
    ///
    /// # Errors
    ///
    /// When a name is invalid, or no name is given.
    pub fn self_signed<N: Into<String>>(hosts: impl IntoIterator<Item = N>) -> io::Result<Self> {
        let hosts: Vec<String> = hosts.into_iter().map(Into::into).collect();
        let first = hosts.first().cloned();
        let first = first.ok_or_else(|| io::Error::other("a certificate needs a host"))?;
        let mut params = CertificateParams::new(hosts).map_err(io::Error::other)?;
        let name = rcgen::DnType::CommonName;
        params
            .distinguished_name
            .push(name, format!("{first} (ccpayment-sandbox)"));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let now = Duration::from_secs(Clock::new(None).now());
        let at = |time: Duration| rcgen::date_time_ymd(1970, 1, 1) + time;
        // A machine whose clock is a little behind takes it as well.
        params.not_before = at(now.saturating_sub(DAY));
        params.not_after = at(now.saturating_add(LIFE));
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let certificate = params.self_signed(&key).map_err(io::Error::other)?;
        let pem = pem(certificate.der());
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key.into())
            .map_err(io::Error::other)?;
        Ok(Self {
            config: Arc::new(config),
            certificate: pem,
        })
    }

    /// The certificate in PEM, for clients to trust.
    #[must_use]
    pub fn certificate_pem(&self) -> &str {
        &self.certificate
    }

    /// Tells TLS from plain HTTP by the first byte: both are answered on the same port.
    pub(crate) async fn greet(&self, stream: TcpStream) -> io::Result<Greeted> {
        let mut first = [0];
        stream.peek(&mut first).await?;
        if first != [HANDSHAKE] {
            return Ok(Greeted::Plain(stream));
        }
        let acceptor = TlsAcceptor::from(Arc::clone(&self.config));
        let stream = clock::within(PATIENCE, acceptor.accept(stream)).await;
        let stream = stream.ok_or(io::ErrorKind::TimedOut)??;
        Ok(Greeted::Tls(Box::new(stream)))
    }
}

/// A connection that is ready for its first request.
pub(crate) enum Greeted {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl ByteStream for Box<TlsStream<TcpStream>> {
    fn reset(&mut self) -> io::Result<()> {
        self.get_mut().0.reset()
    }
}

fn pem(der: &[u8]) -> String {
    let mut pem = "-----BEGIN CERTIFICATE-----\n".to_owned();
    for (at, letter) in BASE64.encode(der).chars().enumerate() {
        if at > 0 && at % WIDTH == 0 {
            pem.push('\n');
        }
        pem.push(letter);
    }
    pem + "\n-----END CERTIFICATE-----\n"
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_handshake_that_never_ends_is_given_up() {
        let tls = Tls::self_signed(["pay.test"]).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        client.write_all(&[HANDSHAKE]).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let error = tls.greet(stream).await.err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
