//! `PostgresStore`.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use ccpayment_durable::client::core::{AppId, RecordId, Timestamp};
use ccpayment_durable::{
    Change, Claim, Count, Delivery, Entry, EntryKey, NewEntry, Queue, Row as EntryRow, State,
    Store, StoreError,
};
use sqlx::postgres::{PgArguments as Arguments, PgConnectOptions, PgPoolOptions, PgRow as Row};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Pool, Postgres, Row as _, Transaction};

use crate::dialect::Dialect;
use crate::name::{InvalidName, checked};
use crate::sql::{MOST_ROWS, Sql, in_state, rows};
use crate::store::{
    age, failed, implement_store, keyed, millis, number, reason, seconds, version, word,
};
use crate::wake::Wake;

const DIALECT: Dialect = Dialect {
    table: r#""{name}"."{table}""#,
    now: "(SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint)",
    row: "ctid",
    pick: "ctid = ANY(ARRAY(",
    end: "))",
    skip_locked: " FOR UPDATE SKIP LOCKED",
    notify: " RETURNING pg_notify('ccpayment', '{name}')",
    // One statement, which does not see the entries that it inserts itself. Another transaction may
    // commit a number later than higher ones, so it takes only the numbers that it has seen.
    // `OFFSET 0` makes PostgreSQL look up each entry by its key.
    file: "WITH taken AS (DELETE FROM {received} WHERE number = ANY(ARRAY(\
           SELECT number FROM {received} ORDER BY number LIMIT 1000 FOR UPDATE SKIP LOCKED)) \
           RETURNING *), \
           noted AS (INSERT INTO {delivery} \
           (app_id, version, queue, kind, id, status, body, received_at) \
           SELECT app_id, version, 'inbox', kind, id, status, body, received_at FROM taken \
           ORDER BY app_id, version, kind, id, number ON CONFLICT DO NOTHING \
           RETURNING app_id, version, queue, kind, id), \
           put AS (INSERT INTO {entry} (app_id, version, queue, kind, id, state, step, body, \
           is_gap, due_at, was_due_at, created_at, updated_at) \
           SELECT app_id, version, 'inbox', kind, id, 'open', 'received', body, 0, \
           {now}, {now}, received_at, {now} FROM taken \
           ORDER BY app_id, version, kind, id, number ON CONFLICT DO NOTHING) \
           UPDATE {entry} SET \
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
           WHERE ctid = ANY(ARRAY(SELECT its.ctid FROM noted CROSS JOIN LATERAL (\
           SELECT ctid FROM {entry} AS one WHERE one.app_id = noted.app_id \
           AND one.version = noted.version AND one.queue = noted.queue \
           AND one.kind = noted.kind AND one.id = noted.id OFFSET 0) AS its)) \
           AND (state = 'open' OR (state = 'done' AND verdict = 'not_credited'))",
    // `IF NOT EXISTS` would ask for the right to create a schema even where it exists.
    head: "DO $$ BEGIN IF to_regnamespace('{name}') IS NULL THEN CREATE SCHEMA \"{name}\"; \
           END IF; END $$;\n",
    migrations: &[include_str!("../migrations/postgres/0001_inbox_outbox.sql")],
};

/// A dialect that notifies nobody.
const QUIET: Dialect = Dialect {
    notify: "",
    ..DIALECT
};

type Tx = Transaction<'static, Postgres>;

/// Inbox and outbox in a PostgreSQL database.
///
/// `fsync` and `synchronous_commit` are on: see the [crate's page](crate#what-postgresql-needs).
#[derive(Debug, Clone)]
pub struct PostgresStore {
    pool: Pool<Postgres>,
    name: Arc<str>,
    notify: bool,
    pooler: bool,
    sql: Arc<Sql>,
    wake: Arc<Wake>,
}

impl PostgresStore {
    /// Connects to a database, such as `postgres://user@host/shop`, with a pool of ten. It does not
    /// create the tables: see [`migrate`](Self::migrate).
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`], when the URL can't be read or the database can't be reached.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        let options: PgConnectOptions = url.parse().map_err(failed)?;
        // PgBouncer refuses the parameter, and no store reads a float.
        let pool = PgPoolOptions::new().connect_with(options.extra_float_digits(None));
        Ok(Self::new(pool.await.map_err(failed)?))
    }

    /// A store over the merchant's own pool.
    #[must_use]
    pub fn new(pool: Pool<Postgres>) -> Self {
        Self::build(pool, "ccpayment".into(), true, false)
    }

    fn build(pool: Pool<Postgres>, name: Arc<str>, notify: bool, pooler: bool) -> Self {
        let dialect = if notify && !pooler { &DIALECT } else { &QUIET };
        Self {
            sql: Arc::new(Sql::new(dialect, &name, !pooler)),
            wake: Arc::new(Wake::new(&name)),
            pool,
            name,
            notify,
            pooler,
        }
    }

    /// With another schema than `ccpayment`: 1 to 40 of `a` to `z`, `0` to `9` and `_`.
    ///
    /// # Errors
    ///
    /// [`InvalidName`].
    pub fn with_schema(self, schema: &str) -> Result<Self, InvalidName> {
        let schema = checked(schema)?.into();
        Ok(Self::build(self.pool, schema, self.notify, self.pooler))
    }

    /// Whether a new entry wakes the workers of other processes (`NOTIFY`), as it does by default.
    ///
    /// PostgreSQL commits such transactions one after the other, in all databases of the server. If
    /// thousands of them a second are too few, switch it off: polling finds the entries.
    #[must_use]
    pub fn with_notify(self, notify: bool) -> Self {
        Self::build(self.pool, self.name, notify, self.pooler)
    }

    /// Whether PgBouncer or a similar pooler is between, in transaction mode. Then no statement
    /// stays prepared, and nothing wakes the workers early: polling finds the entries.
    ///
    /// Give a pool of your own the connect option `extra_float_digits(None)`, as
    /// [`connect`](Self::connect) does, or tell PgBouncer to ignore that parameter.
    #[must_use]
    pub fn behind_pooler(self, pooler: bool) -> Self {
        Self::build(self.pool, self.name, self.notify, pooler)
    }

    /// The time is the server's.
    #[allow(clippy::unused_self, reason = "SQLite's store may have a clock")]
    fn timed(&self, text: &Arc<str>) -> Arc<str> {
        Arc::clone(text)
    }

    async fn begin_write(&self) -> Result<Tx, StoreError> {
        self.pool.begin().await.map_err(failed)
    }

    /// Makes other migrations wait until this transaction ends.
    async fn begin_migration(&self) -> Result<Tx, StoreError> {
        let mut tx = self.begin_write().await?;
        let lock = "SELECT pg_advisory_xact_lock(hashtextextended('ccpayment ' || $1, 0))";
        let query = sqlx::query(lock).bind(&*self.name);
        let locked = query.persistent(self.sql.persistent).execute(&mut *tx);
        locked.await.map_err(failed)?;
        Ok(tx)
    }

    /// Runs a statement first, which fails in a failed transaction. PostgreSQL answers its COMMIT
    /// with a rollback, and the driver takes that for a commit.
    #[allow(clippy::unused_self, reason = "SQLite's store tells its clones")]
    async fn commit_write(&self, mut tx: Tx) -> Result<(), StoreError> {
        let alive = sqlx::raw_sql("SELECT 1").execute(&mut *tx);
        alive.await.map_err(failed)?;
        tx.commit().await.map_err(failed)
    }

    /// PostgreSQL refuses by itself to write in a transaction that failed.
    #[allow(clippy::unused_async, reason = "SQLite's store asks its database")]
    async fn still_open(_tx: &mut Tx) -> Result<(), StoreError> {
        Ok(())
    }

    async fn has_tables(&self, tx: &mut Tx) -> Result<bool, StoreError> {
        let name = format!("{}.schema_version", self.name);
        let query = sqlx::query("SELECT to_regclass($1) IS NOT NULL").bind(name);
        let found = query.persistent(self.sql.persistent).fetch_one(&mut **tx);
        found.await.and_then(|row| row.try_get(0)).map_err(failed)
    }

    async fn woken_up(&self) {
        if !self.notify || self.pooler {
            return std::future::pending().await;
        }
        self.wake.wait(&self.pool).await;
    }
}

implement_store!(PostgresStore, Postgres, DIALECT);
