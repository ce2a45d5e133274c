//! `Connect`, a connector whose errors say that nothing was sent.

use ureq::Error;
use ureq::unversioned::transport::{ConnectionDetails, Connector, DefaultConnector, Transport};

/// Connects as ureq does by itself, the TLS handshake included.
#[derive(Debug, Default)]
pub(crate) struct Connect(DefaultConnector);

/// There is no connection, so nothing was sent on it.
#[derive(Debug, thiserror::Error)]
#[error("no connection was made")]
pub(crate) struct NotConnected(#[source] Error);

impl Connector for Connect {
    type Out = Box<dyn Transport>;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<()>,
    ) -> Result<Option<Self::Out>, Error> {
        let connected = self.0.connect(details, chained);
        connected.map_err(|error| Error::Other(NotConnected(error).into()))
    }
}
