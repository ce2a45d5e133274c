//! `Wake`, which hears when another process inserts an entry.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use sqlx::{Pool, Postgres};
use tokio::sync::watch;
use tokio::task::JoinHandle;

const CHANNEL: &str = "ccpayment";
const PAUSE: Duration = Duration::from_secs(5);

/// Hears the notifications of a schema, from the first wait on.
#[derive(Debug)]
pub(crate) struct Wake {
    schema: Arc<str>,
    heard: watch::Sender<()>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Wake {
    pub(crate) fn new(schema: &Arc<str>) -> Self {
        Self {
            schema: Arc::clone(schema),
            heard: watch::Sender::new(()),
            task: Mutex::new(None),
        }
    }

    /// Waits for the next notification.
    pub(crate) async fn wait(&self, pool: &Pool<Postgres>) {
        let mut heard = self.heard.subscribe();
        self.listen(pool);
        if heard.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Starts to listen, also again after the runtime of an earlier start has ended.
    fn listen(&self, pool: &Pool<Postgres>) {
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if task.as_ref().is_some_and(|task| !task.is_finished()) {
            return;
        }
        let options = PgConnectOptions::clone(&pool.connect_options());
        let (schema, heard) = (Arc::clone(&self.schema), self.heard.clone());
        *task = Some(tokio::spawn(async move {
            loop {
                if let Err(error) = hear(&options, &schema, &heard).await {
                    tracing::warn!(%error, "no wake-ups from PostgreSQL for now: polling goes on");
                }
                #[allow(
                    clippy::disallowed_methods,
                    reason = "a connection is in its runtime's time"
                )]
                tokio::time::sleep(PAUSE).await;
            }
        }));
    }
}

impl Drop for Wake {
    fn drop(&mut self) {
        let task = self.task.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = task.take() {
            task.abort();
        }
    }
}

/// Listens until the connection is lost.
async fn hear(
    options: &PgConnectOptions,
    schema: &str,
    heard: &watch::Sender<()>,
) -> Result<(), sqlx::Error> {
    // A connection of its own: it is held for ever, and a merchant's pool may be small.
    let pool = PgPoolOptions::new().max_connections(1).max_lifetime(None);
    let pool = pool.idle_timeout(None).connect_with(options.clone());
    let mut listener = PgListener::connect_with(&pool.await?).await?;
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await?;
    // Notifications before this were missed.
    heard.send_replace(());
    while let Some(notification) = listener.try_recv().await? {
        if notification.payload() == schema {
            heard.send_replace(());
        }
    }
    Ok(())
}
