//! A connection that is no socket.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use ccpayment_sandbox::{ByteStream, Fault, Sandbox};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};

use crate::support::builder;

struct Pipe {
    stream: DuplexStream,
    reset: Arc<AtomicBool>,
}

impl ByteStream for Pipe {
    fn reset(&mut self) -> io::Result<()> {
        self.reset.store(true, Ordering::SeqCst);
        Ok(())
    }
}

impl AsyncRead for Pipe {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// What comes back on a connection of its own, and whether it was reset.
async fn exchange(sandbox: &Sandbox) -> (String, bool) {
    let (mut mine, stream) = tokio::io::duplex(4096);
    let reset = Arc::new(AtomicBool::new(false));
    let pipe = Pipe {
        stream,
        reset: Arc::clone(&reset),
    };
    let talk = async {
        let request = "POST /ccpayment/v2/getCoinList HTTP/1.1\r\nConnection: close\r\n\r\n";
        mine.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        mine.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let ((), answer) = tokio::join!(sandbox.serve_stream(pipe), talk);
    (answer, reset.load(Ordering::SeqCst))
}

#[tokio::test]
async fn a_connection_in_memory_is_answered_and_struck_like_a_socket() {
    let sandbox = builder().build().unwrap();
    let (answer, reset) = exchange(&sandbox).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    // Nothing was signed.
    assert!(answer.contains("\"code\":11001"), "{answer}");
    assert!(!reset);

    sandbox.plan_fault("getCoinList", Fault::ResetUnread);
    assert_eq!(exchange(&sandbox).await, (String::new(), true));
}
