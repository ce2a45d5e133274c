//! The suite on SQLite, and what only SQLite does.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ccpayment_sqlx::durable::{Store, StoreError};
use ccpayment_sqlx::sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use ccpayment_sqlx::sqlx::{self, AssertSqlSafe, Pool, Row, Sqlite};
use ccpayment_sqlx::{InvalidName, SqliteStore};
use futures_util::FutureExt as _;
use futures_util::future::join_all;

use crate::fixture::{Fixture, claim, deposit, fill, ids, new, once, put};

/// A file of a test's own.
pub(crate) struct SqliteFile {
    dir: PathBuf,
    store: SqliteStore,
}

impl SqliteFile {
    fn path(&self) -> PathBuf {
        self.dir.join("shop.db")
    }
}

impl Drop for SqliteFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

fn table(name: &str) -> String {
    format!("ccpayment_{name}")
}

impl Fixture for SqliteFile {
    type Store = SqliteStore;
    const BLOB: &'static str = "BLOB";
    const ONE_WRITER: bool = true;

    async fn empty(test: &str) -> Option<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("ccpayment-sqlx-{}-{number}-{test}", std::process::id());
        let dir = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&dir).unwrap();
        let store = SqliteStore::open(dir.join("shop.db")).await.unwrap();
        Some(Self { dir, store })
    }

    fn store(&self) -> &SqliteStore {
        &self.store
    }

    fn named(&self, name: &str) -> Result<SqliteStore, InvalidName> {
        self.store.clone().with_prefix(name)
    }

    async fn migrate(&self, store: &SqliteStore) -> Result<(), StoreError> {
        store.migrate().await
    }

    async fn check(&self, store: &SqliteStore) -> Result<(), StoreError> {
        store.check().await
    }

    async fn run(&self, sql: &str) {
        let sql = AssertSqlSafe(fill(sql, table));
        sqlx::raw_sql(sql).execute(self.store.pool()).await.unwrap();
    }

    async fn run_in(&self, tx: &mut <SqliteStore as Store>::Tx, sql: &str) {
        let sql = AssertSqlSafe(fill(sql, table));
        sqlx::raw_sql(sql).execute(&mut **tx).await.unwrap();
    }

    async fn number(&self, sql: &str) -> i64 {
        let sql = AssertSqlSafe(fill(sql, table));
        sqlx::query_scalar(sql)
            .fetch_one(self.store.pool())
            .await
            .unwrap()
    }
}

crate::suite::suite!(crate::sqlite::SqliteFile);

/// A store over a pool of so many connections to the same file.
async fn again(
    file: &SqliteFile,
    options: SqlitePoolOptions,
    connections: u32,
    change: impl FnOnce(SqliteConnectOptions) -> SqliteConnectOptions,
) -> SqliteStore {
    let connect = change(SqliteStore::connect_options(file.path()));
    let pool = options.max_connections(connections).connect_with(connect);
    SqliteStore::new(pool.await.unwrap())
}

#[tokio::test]
async fn the_file_is_kept_as_it_has_to_be() {
    let file = SqliteFile::migrated("pragmas").await.unwrap();
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode")
        .fetch_one(file.store.pool())
        .await
        .unwrap();
    assert_eq!(mode, "wal");
    assert_eq!(file.number("PRAGMA synchronous").await, 2);
    assert_eq!(file.number("PRAGMA busy_timeout").await, 5000);
    assert_eq!(file.number("PRAGMA foreign_keys").await, 1);
}

#[tokio::test]
async fn woken_by_the_commit_of_a_clone() {
    let file = SqliteFile::migrated("woken").await.unwrap();
    let mut woken = file.store.woken();
    assert!((&mut woken).now_or_never().is_none(), "before anything");
    let (clone, mut tx) = (file.store.clone(), file.store.begin().await.unwrap());
    assert!(clone.put(&mut tx, &new(deposit("a"))).await.unwrap());
    assert!((&mut woken).now_or_never().is_none(), "before the commit");
    clone.commit(tx).await.unwrap();
    assert!(woken.now_or_never().is_some());
}

#[tokio::test]
async fn locked_for_longer_than_the_timeout() {
    let file = SqliteFile::migrated("locked").await.unwrap();
    let short = |options: SqliteConnectOptions| options.busy_timeout(Duration::from_millis(50));
    let store = again(&file, SqliteStore::pool_options(), 2, short).await;
    let other = file.store.begin().await.unwrap();
    let error = store.begin().await.unwrap_err();
    assert!(matches!(error, StoreError::Database(_)), "{error}");
    // Reading goes on.
    assert_eq!(store.counts().await.unwrap(), []);
    drop(other);
    assert_eq!(put(&file.store, &[deposit("a")]).await, [true]);
    assert_eq!(ids(&claim(&store, 9).await), ["a"]);
}

#[tokio::test]
async fn a_file_that_may_not_be_written() {
    let file = SqliteFile::migrated("read_only").await.unwrap();
    put(&file.store, &[deposit("a")]).await;
    let read_only = |options: SqliteConnectOptions| options.read_only(true);
    let store = again(&file, SqliteStore::pool_options(), 2, read_only).await;
    for _ in 0..3 {
        let begun = store.begin().await;
        let error = match begun {
            Ok(mut tx) => store.put(&mut tx, &new(deposit("b"))).await.unwrap_err(),
            Err(error) => error,
        };
        assert!(matches!(error, StoreError::Database(_)), "{error}");
        store.check().await.unwrap();
        assert_eq!(store.counts().await.unwrap().len(), 1);
    }
    assert_eq!(put(&file.store, &[deposit("b")]).await, [true]);
}

/// A full disk ends the transaction. What a handler goes on to write that swallowed the error must
/// not be kept. The connection is not used again.
#[tokio::test]
async fn a_full_disk() {
    let plain = SqlitePoolOptions::new;
    for (options, connections) in [
        (SqliteStore::pool_options(), 1),
        (SqliteStore::pool_options(), 3),
        (plain(), 1),
        (plain(), 3),
    ] {
        let file = SqliteFile::migrated("full").await.unwrap();
        // Without an index, an insert into it is undone with the whole transaction.
        file.run("CREATE TABLE {shop} (id TEXT)").await;
        let store = again(&file, options, connections, |it| it).await;
        let others: Vec<_> = (1..connections).map(|_| store.pool().acquire()).collect();
        drop(join_all(others).await);
        let mut tx = store.begin().await.unwrap();
        let least = sqlx::raw_sql("PRAGMA max_page_count = 1");
        least.execute(&mut *tx).await.unwrap();
        file.run_in(&mut tx, "INSERT INTO {shop} VALUES ('a')")
            .await;
        assert!(store.put(&mut tx, &new(deposit("small"))).await.unwrap());
        let mut large = new(deposit("large"));
        large.body = vec![7; 1_000_000].into();
        let error = store.put(&mut tx, &large).await.unwrap_err();
        assert!(matches!(&error, StoreError::Database(why) if why.to_string().contains("full")));

        let sql = "INSERT INTO {shop} VALUES (hex(zeroblob(1000000)))";
        let sql = AssertSqlSafe(fill(sql, table));
        let swallowed = sqlx::raw_sql(sql).execute(&mut *tx).await;
        assert!(swallowed.unwrap_err().to_string().contains("full"));
        let kept = store.keep_key(&mut tx, &deposit("key"), b"").await;
        kept.unwrap_err();
        let again = store.put(&mut tx, &new(deposit("small"))).await;
        again.unwrap_err();
        store.commit(tx).await.unwrap_err();
        for table in ["{entry}", "{kept_key}", "{shop}"] {
            let sql = format!("SELECT count(*) FROM {table}");
            assert_eq!(file.number(&sql).await, 0, "{table}");
        }

        // It works again, on every connection.
        for number in 0..8 {
            let key = deposit(&number.to_string());
            assert_eq!(put(&store, &[key]).await, [true]);
        }
        assert_eq!(claim(&store, 9).await.len(), 8);
        assert!(once!(store, put(&large)));
    }
}

/// A reader does not wait for a writer, and a dropped transaction gives way at once.
#[tokio::test]
async fn a_dropped_transaction_gives_way() {
    let file = SqliteFile::migrated("dropped").await.unwrap();
    let store = again(&file, SqliteStore::pool_options(), 1, |it| it).await;
    for _ in 0..3 {
        let mut tx = store.begin().await.unwrap();
        store.put(&mut tx, &new(deposit("a"))).await.unwrap();
        drop(tx);
        assert_eq!(file.number("SELECT count(*) FROM {entry}").await, 0);
    }
    assert_eq!(put(&store, &[deposit("a")]).await, [true]);
}

/// Finished rows cost a claim nothing.
#[tokio::test]
async fn the_plan_of_a_claim() {
    let file = SqliteFile::migrated("plan").await.unwrap();
    put(&file.store, &[deposit("a")]).await;
    let before = plan(&file.store).await;
    assert!(
        before.contains("ccpayment_entry_due (app_id=? AND queue=? AND due_at<?)"),
        "{before}"
    );
    assert!(!before.contains("SCAN"), "{before}");
    let done = "INSERT INTO {entry} (app_id, version, queue, kind, id, state, step, body, is_gap, \
         due_at, was_due_at, created_at, updated_at) \
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) \
         SELECT 'app', 2, 'inbox', 'deposit', 'done' || i, 'done', 'received', x'', 0, 1, 1, 1, i \
         FROM n";
    file.run(done).await;
    assert_eq!(plan(&file.store).await, before);
    file.run("ANALYZE").await;
    assert_eq!(plan(&file.store).await, before);
    assert_eq!(ids(&claim(&file.store, 9).await), ["a"]);
    // The other statements that run often find their rows by an index too.
    for (sql, index) in [
        (
            "UPDATE {entry} SET due_at = 0 WHERE queue IN ('inbox', 'outbox') AND state = 'open' \
          AND state <> 'done' AND updated_at > 5",
            "ccpayment_entry_waiting",
        ),
        (
            "SELECT rowid FROM {entry} WHERE state = 'done' AND updated_at < 5 \
          ORDER BY updated_at, id LIMIT 5",
            "ccpayment_entry_done",
        ),
    ] {
        let sql = fill(&format!("EXPLAIN QUERY PLAN {sql}"), table);
        let plan = explained(sqlx::query(AssertSqlSafe(sql)), file.store.pool()).await;
        assert!(plan.contains(index), "{plan}");
    }
}

/// Entries and deliveries are found by their keys.
#[tokio::test]
async fn the_plan_of_a_filing() {
    let file = SqliteFile::migrated("plan_of_filing").await.unwrap();
    let mut plans = String::new();
    for sql in file.store.file_sql().split(';') {
        let sql = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
        plans += &explained(sqlx::query(sql), file.store.pool()).await;
    }
    for table in ["its", "old"] {
        let by_key = format!("SEARCH {table} USING");
        assert!(plans.contains(&by_key), "{plans}");
    }
    for table in ["its", "old", "ccpayment_entry", "ccpayment_delivery"] {
        assert!(!plans.contains(&format!("SCAN {table}")), "{plans}");
    }
}

async fn plan(store: &SqliteStore) -> String {
    let sql = format!("EXPLAIN QUERY PLAN {}", store.claim_sql());
    let query = sqlx::query(AssertSqlSafe(sql)).bind("app").bind("inbox");
    explained(query.bind(10).bind(60_000), store.pool()).await
}

async fn explained(
    query: sqlx::query::Query<'_, Sqlite, sqlx::sqlite::SqliteArguments>,
    pool: &Pool<Sqlite>,
) -> String {
    let rows = query.fetch_all(pool).await.unwrap();
    let lines: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
    lines.join("\n")
}

#[test]
fn the_sql_of_the_tables_as_text() {
    let text = SqliteStore::schema_sql("shop_").unwrap();
    assert!(text.contains(r#"CREATE TABLE "shop_entry" ("#));
    assert!(!text.contains('{'));
    SqliteStore::schema_sql("a b").unwrap_err();
}

/// What a database administrator ran is what a program finds.
#[tokio::test]
async fn tables_made_by_hand() {
    let file = SqliteFile::empty("by_hand").await.unwrap();
    file.run(&SqliteStore::schema_sql("ccpayment_").unwrap())
        .await;
    file.store.check().await.unwrap();
    file.store.migrate().await.unwrap();
    assert_eq!(put(&file.store, &[deposit("a")]).await, [true]);
}
