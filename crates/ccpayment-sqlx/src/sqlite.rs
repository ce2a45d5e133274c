//! `SqliteStore`.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use async_trait::async_trait;
use bytes::Bytes;
use ccpayment_durable::client::Clock;
use ccpayment_durable::client::core::{AppId, RecordId, Timestamp};
use ccpayment_durable::{
    Change, Claim, Count, Delivery, Entry, EntryKey, NewEntry, Queue, Row as EntryRow, State,
    Store, StoreError,
};
use sqlx::query::Query;
use sqlx::sqlite::{
    SqliteArguments as Arguments, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions,
    SqliteRow as Row, SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, Connection, Pool, Row as _, Sqlite, Transaction};
use tokio::sync::watch;

use crate::dialect::Dialect;
use crate::name::{InvalidName, checked};
use crate::sql::{MOST_ROWS, Sql, in_state, rows};
use crate::store::{
    age, failed, implement_store, keyed, millis, number, reason, seconds, version, word,
};

const DIALECT: Dialect = Dialect {
    table: r#""{name}{table}""#,
    now: "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
    row: "rowid",
    pick: "rowid IN (",
    end: ")",
    skip_locked: "",
    notify: "",
    // Nobody else writes meanwhile.
    file: "UPDATE {entry} SET \
           due_at = CASE WHEN state <> 'open' OR (claimed = 0 AND due_at > {now}) \
           THEN {now} ELSE due_at END, \
           fence = CASE WHEN state = 'open' THEN fence ELSE fence + 1 END, \
           claimed = CASE WHEN state = 'open' THEN claimed ELSE 0 END, \
           hastened = CASE WHEN state = 'open' THEN 1 ELSE 0 END, \
           failures = CASE WHEN state = 'open' THEN failures ELSE 0 END, \
           looks = CASE WHEN state = 'open' THEN looks ELSE 0 END, \
           reason = CASE WHEN state = 'open' THEN reason END, \
           updated_at = CASE WHEN state = 'open' THEN updated_at ELSE {now} END, \
           verdict = NULL, state = 'open' \
           WHERE rowid IN (SELECT its.rowid FROM {received} AS new CROSS JOIN {entry} AS its \
           ON its.app_id = new.app_id AND its.version = new.version AND its.queue = 'inbox' \
           AND its.kind = new.kind AND its.id = new.id \
           WHERE new.number < (SELECT MIN(number) + 1000 FROM {received}) \
           AND (its.state = 'open' OR its.verdict = 'not_credited') AND NOT EXISTS (SELECT 1 FROM {delivery} AS old \
           WHERE old.app_id = new.app_id AND old.version = new.version AND old.queue = 'inbox' \
           AND old.kind = new.kind AND old.id = new.id AND old.status = new.status)); \
           INSERT INTO {entry} (app_id, version, queue, kind, id, state, step, body, is_gap, \
           due_at, was_due_at, created_at, updated_at) \
           SELECT app_id, version, 'inbox', kind, id, 'open', 'received', body, 0, \
           {now}, {now}, received_at, {now} FROM {received} \
           WHERE number < (SELECT MIN(number) + 1000 FROM {received}) \
           ORDER BY number ON CONFLICT DO NOTHING; \
           INSERT INTO {delivery} (app_id, version, queue, kind, id, status, body, received_at) \
           SELECT app_id, version, 'inbox', kind, id, status, body, received_at FROM {received} \
           WHERE number < (SELECT MIN(number) + 1000 FROM {received}) \
           ORDER BY number ON CONFLICT DO NOTHING; \
           DELETE FROM {received} \
           WHERE number < (SELECT MIN(number) + 1000 FROM {received})",
    head: "",
    migrations: &[include_str!("../migrations/sqlite/0001_inbox_outbox.sql")],
};

/// The dialect for a clock of ours: `{clock}` is its time when a statement runs.
const CLOCKED: Dialect = Dialect {
    now: "{clock}",
    ..DIALECT
};

type Tx = Transaction<'static, Sqlite>;

/// Inbox and outbox in an SQLite file.
///
/// The file is on a local disk, in WAL mode and with `synchronous=FULL`: see the
/// [crate's page](crate#what-sqlite-needs).
///
/// In a handler, return a failure of the database with `?`. SQLite may end a transaction by itself,
/// such as when the disk is full. A later write would then be outside of any transaction, so the
/// store refuses it.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    pool: Pool<Sqlite>,
    writers: Pool<Sqlite>,
    name: Arc<str>,
    sql: Arc<Sql>,
    clock: Option<Arc<dyn Clock>>,
    committed: watch::Sender<()>,
}

impl SqliteStore {
    /// Opens a file, or creates it, with all that this store needs. It does not create the tables:
    /// see [`migrate`](Self::migrate).
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`], when the file can't be opened.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let pool = Self::pool_options().connect_with(Self::connect_options(path));
        Ok(Self::new(pool.await.map_err(failed)?))
    }

    /// A store over the merchant's own pool. Build it with [`pool_options`](Self::pool_options) and
    /// [`connect_options`](Self::connect_options), and change what you like but these: WAL,
    /// `synchronous=FULL`, and a busy timeout.
    #[must_use]
    pub fn new(pool: Pool<Sqlite>) -> Self {
        let writers = queue_of(&pool);
        let committed = watch::Sender::new(());
        Self::build((pool, writers), "ccpayment_".into(), None, committed)
    }

    fn build(
        (pool, writers): (Pool<Sqlite>, Pool<Sqlite>),
        name: Arc<str>,
        clock: Option<Arc<dyn Clock>>,
        committed: watch::Sender<()>,
    ) -> Self {
        let sql = match &clock {
            None => Sql::new(&DIALECT, &name, true),
            Some(_) => Sql::new(&CLOCKED, &name, false),
        };
        Self {
            sql: Arc::new(sql),
            pool,
            writers,
            name,
            clock,
            committed,
        }
    }

    /// Uses this clock instead of the machine's, for tests and simulations. All processes that
    /// share the file must use the same clock.
    #[must_use]
    pub fn with_clock(self, clock: impl Clock + 'static) -> Self {
        let pools = (self.pool, self.writers);
        Self::build(pools, self.name, Some(Arc::new(clock)), self.committed)
    }

    /// The statement with the time of now.
    fn timed(&self, text: &Arc<str>) -> Arc<str> {
        let Some(clock) = &self.clock else {
            return Arc::clone(text);
        };
        let now = clock.now().duration_since(UNIX_EPOCH).unwrap_or_default();
        text.replace("{clock}", &millis(now).to_string()).into()
    }

    /// With another prefix of the tables than `ccpayment_`: 1 to 40 of `a` to `z`, `0` to `9` and
    /// `_`.
    ///
    /// # Errors
    ///
    /// [`InvalidName`].
    pub fn with_prefix(self, prefix: &str) -> Result<Self, InvalidName> {
        let prefix = checked(prefix)?.into();
        let pools = (self.pool, self.writers);
        Ok(Self::build(pools, prefix, self.clock, self.committed))
    }

    /// Options of a pool that drops a connection whose transaction SQLite ended by itself, such as
    /// when the disk was full. The driver believes that the connection is still in the transaction,
    /// so no other transaction could begin on it.
    #[must_use]
    pub fn pool_options() -> SqlitePoolOptions {
        SqlitePoolOptions::new().before_acquire(|connection, _| {
            let is_sound = !connection.is_in_transaction();
            Box::pin(async move { Ok(is_sound) })
        })
    }

    /// Options of a connection: a missing file is created; WAL, `synchronous=FULL`, and a busy
    /// timeout of five seconds.
    #[must_use]
    pub fn connect_options(path: impl AsRef<Path>) -> SqliteConnectOptions {
        SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(5))
    }

    /// Begins a transaction that may write from its beginning. One that reads first and asks to
    /// write later may be refused, if another wrote meanwhile.
    async fn begin_write(&self) -> Result<Tx, StoreError> {
        let begin = || self.writers.begin_with("BEGIN IMMEDIATE");
        match begin().await {
            Err(sqlx::Error::InvalidSavePointStatement) => {}
            begun => return begun.map_err(failed),
        }
        // The pool was built without `pool_options`, which would have dropped such a connection.
        let connection = self.writers.acquire().await.map_err(failed)?;
        connection.close().await.map_err(failed)?;
        begin().await.map_err(failed)
    }

    async fn begin_migration(&self) -> Result<Tx, StoreError> {
        self.begin_write().await
    }

    async fn commit_write(&self, tx: Tx) -> Result<(), StoreError> {
        tx.commit().await.map_err(failed)?;
        self.committed.send_replace(());
        Ok(())
    }

    /// Fails if SQLite ended the transaction by itself: a further write would be kept, although
    /// those before it are lost. It tries `BEGIN`, which fails inside of a transaction.
    async fn still_open(tx: &mut Tx) -> Result<(), StoreError> {
        if sqlx::raw_sql("BEGIN").execute(&mut **tx).await.is_err() {
            return Ok(());
        }
        let ended = sqlx::raw_sql("ROLLBACK").execute(&mut **tx).await;
        ended.map_err(failed)?;
        Err(StoreError::database(
            "SQLite ended the transaction after an error",
        ))
    }

    async fn has_tables(&self, tx: &mut Tx) -> Result<bool, StoreError> {
        let name = format!("{}schema_version", self.name);
        let found = sqlx::query("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = $1")
            .bind(name)
            .fetch_optional(&mut **tx);
        Ok(found.await.map_err(failed)?.is_some())
    }

    /// Resolves after a commit by a clone of this store. Polling finds what others wrote.
    async fn woken_up(&self) {
        if self.committed.subscribe().changed().await.is_err() {
            std::future::pending().await
        }
    }
}

/// A pool of one connection, where writers wait in the order in which they came.
///
/// With SQLite's own lock, each writer would ask again and again, less and less often, and some
/// would give up.
fn queue_of(pool: &Pool<Sqlite>) -> Pool<Sqlite> {
    if pool.options().get_max_connections() == 1 {
        return pool.clone();
    }
    let options = pool.options().clone().min_connections(0).max_connections(1);
    options.connect_lazy_with(SqliteConnectOptions::clone(&pool.connect_options()))
}

implement_store!(SqliteStore, Sqlite, DIALECT);
