//! A listening socket that can be closed for a while without losing its port.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// The backlog of the standard library's listeners.
const BACKLOG: u32 = 1024;

#[derive(Debug)]
pub(crate) struct Listener {
    addr: SocketAddr,
    socket: Option<TcpListener>,
    /// Bound beside the listener, and never listens itself: the kernel refuses connections to it.
    /// While the listener is closed, the kernel gives the port to nobody who asks for any port.
    /// Only Linux lets two sockets share a port in this way.
    _reservation: Option<TcpSocket>,
}

impl Listener {
    pub(crate) fn open(addr: SocketAddr) -> io::Result<(SocketAddr, Self)> {
        let socket = bound(addr)?;
        let addr = socket.local_addr()?;
        // Before the first one listens: afterwards the port is its own.
        let reservation = bound(addr).ok();
        let listener = Self {
            addr,
            socket: Some(socket.listen(BACKLOG)?),
            _reservation: reservation,
        };
        Ok((addr, listener))
    }

    pub(crate) fn close(&mut self) {
        self.socket = None;
    }

    pub(crate) fn reopen(&mut self) -> io::Result<()> {
        if self.socket.is_none() {
            self.socket = Some(bound(self.addr)?.listen(BACKLOG)?);
        }
        Ok(())
    }

    /// Waits for ever while it is closed.
    pub(crate) async fn accept(&self) -> io::Result<TcpStream> {
        match &self.socket {
            Some(socket) => socket.accept().await.map(|(stream, _)| stream),
            None => std::future::pending().await,
        }
    }
}

fn bound(addr: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if addr.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // As tokio's listeners do. On Windows the option would share the port.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    Ok(socket)
}
