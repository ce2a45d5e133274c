//! `ended`, which resolves when the program is asked to end.

use std::future::Future;

use crate::exit::CliError;

/// Resolves at SIGINT or SIGTERM. They are caught from this call on.
#[cfg(unix)]
pub(crate) fn ended() -> Result<impl Future<Output = ()> + Unpin, CliError> {
    use tokio::signal::unix::{SignalKind, signal};
    let caught = |kind| signal(kind).map_err(CliError::io("signals can't be caught"));
    let mut terminated = caught(SignalKind::terminate())?;
    let mut interrupted = caught(SignalKind::interrupt())?;
    Ok(Box::pin(async move {
        tokio::select! {
            _ = terminated.recv() => {}
            _ = interrupted.recv() => {}
        }
    }))
}

/// Resolves at Ctrl-C.
#[cfg(not(unix))]
pub(crate) fn ended() -> Result<impl Future<Output = ()> + Unpin, CliError> {
    Ok(Box::pin(async {
        // Without a handler there is nothing to wait for but the end.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }))
}
