//! The suite on PostgreSQL, and what only PostgreSQL does.

use std::sync::OnceLock;
use std::time::Duration;

use ccpayment_sqlx::durable::{Store, StoreError};
use ccpayment_sqlx::sqlx::{self, AssertSqlSafe, Row};
use ccpayment_sqlx::{InvalidName, PostgresStore};

use crate::cluster::Cluster;
use crate::fixture::{Fixture, claim, deposit, fill, ids, new, once, payout, put};

/// The server of this test program. It goes when the program ends.
fn server() -> Option<&'static Cluster> {
    static SERVER: OnceLock<Option<Cluster>> = OnceLock::new();
    SERVER.get_or_init(Cluster::start).as_ref()
}

/// A schema of a test's own.
pub(crate) struct PostgresSchema {
    schema: String,
    store: PostgresStore,
}

impl PostgresSchema {
    fn fill(&self, sql: &str) -> AssertSqlSafe<String> {
        AssertSqlSafe(fill(sql, |name| match name {
            "shop" => format!("shop_{}", self.schema),
            name => format!("{}.{name}", self.schema),
        }))
    }
}

impl Fixture for PostgresSchema {
    type Store = PostgresStore;
    const BLOB: &'static str = "BYTEA";
    const ONE_WRITER: bool = false;

    async fn empty(test: &str) -> Option<Self> {
        let store = PostgresStore::connect(&server()?.url()).await.unwrap();
        let schema = format!("t_{test}");
        let store = store.with_schema(&schema).unwrap();
        Some(Self { schema, store })
    }

    fn store(&self) -> &PostgresStore {
        &self.store
    }

    fn named(&self, name: &str) -> Result<PostgresStore, InvalidName> {
        self.store.clone().with_schema(name)
    }

    async fn migrate(&self, store: &PostgresStore) -> Result<(), StoreError> {
        store.migrate().await
    }

    async fn check(&self, store: &PostgresStore) -> Result<(), StoreError> {
        store.check().await
    }

    async fn run(&self, sql: &str) {
        let run = sqlx::raw_sql(self.fill(sql)).execute(self.store.pool());
        run.await.unwrap();
    }

    async fn run_in(&self, tx: &mut <PostgresStore as Store>::Tx, sql: &str) {
        let run = sqlx::raw_sql(self.fill(sql)).execute(&mut **tx);
        run.await.unwrap();
    }

    async fn number(&self, sql: &str) -> i64 {
        let number = sqlx::query_scalar(self.fill(sql)).fetch_one(self.store.pool());
        let number: i64 = match number.await {
            Err(sqlx::Error::ColumnDecode { .. }) => {
                let narrow = sqlx::query_scalar::<_, i16>(self.fill(sql));
                narrow.fetch_one(self.store.pool()).await.unwrap().into()
            }
            number => number.unwrap(),
        };
        number
    }
}

crate::suite::suite!(crate::postgres::PostgresSchema);

/// A fixture, or an end of the test where there is no server.
macro_rules! fixture {
    ($test:literal) => {
        match PostgresSchema::migrated($test).await {
            Some(fixture) => fixture,
            None => return,
        }
    };
}

/// Whether it ends within this time.
async fn ends_within(time: Duration, future: impl Future<Output = ()>) -> bool {
    #[allow(clippy::disallowed_methods, reason = "the server is in real time")]
    tokio::time::timeout(time, future).await.is_ok()
}

const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(300);

/// PostgreSQL answers the COMMIT of such a transaction without an error.
#[tokio::test]
async fn a_failed_transaction_is_not_committed() {
    let fixture = fixture!("failed");
    let store = fixture.store();
    let mut tx = store.begin().await.unwrap();
    assert!(store.put(&mut tx, &new(deposit("a"))).await.unwrap());
    let swallowed = sqlx::raw_sql("SELECT 1 / 0").execute(&mut *tx).await;
    swallowed.unwrap_err();
    store.commit(tx).await.unwrap_err();
    assert_eq!(fixture.number("SELECT count(*) FROM {entry}").await, 0);

    let mut tx = store.begin().await.unwrap();
    let swallowed = sqlx::raw_sql("SELECT 1 / 0").execute(&mut *tx).await;
    swallowed.unwrap_err();
    let key = deposit("a");
    store.keep_key(&mut tx, &key, b"").await.unwrap_err();
    drop(tx);
    assert_eq!(put(store, &[key]).await, [true]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn woken_by_what_another_process_puts_in() {
    let fixture = fixture!("woken");
    let other = PostgresStore::connect(&server().unwrap().url()).await;
    let other = other.unwrap().with_schema("t_woken").unwrap();
    let store = fixture.store();
    // The first time when it begins to listen, since it may have missed some.
    assert!(ends_within(LONG, store.woken()).await);

    let mut tx = other.begin().await.unwrap();
    assert!(other.put(&mut tx, &new(deposit("a"))).await.unwrap());
    assert!(other.put(&mut tx, &new(deposit("b"))).await.unwrap());
    assert!(
        !ends_within(SHORT, store.woken()).await,
        "before the commit"
    );
    let (woken, again, ()) = tokio::join!(
        ends_within(LONG, store.woken()),
        ends_within(LONG, store.woken()),
        async { other.commit(tx).await.unwrap() },
    );
    assert!(woken && again);
    assert!(
        !ends_within(SHORT, store.woken()).await,
        "once a transaction"
    );

    // What changes nothing, what is rolled back, another schema, and a store that is quiet.
    let elsewhere = fixture.named("t_woken_other").unwrap();
    elsewhere.migrate().await.unwrap();
    let quiet = other.clone().with_notify(false);
    let (woken, ()) = tokio::join!(ends_within(SHORT, store.woken()), async {
        assert_eq!(put(&other, &[deposit("a")]).await, [false]);
        let mut tx = other.begin().await.unwrap();
        assert!(other.put(&mut tx, &new(deposit("c"))).await.unwrap());
        drop(tx);
        assert_eq!(put(&elsewhere, &[deposit("a")]).await, [true]);
        assert_eq!(put(&quiet, &[deposit("quiet")]).await, [true]);
    });
    assert!(!woken);
    assert!(!ends_within(SHORT, quiet.woken()).await);

    // It listens again after its connection was lost.
    let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
         WHERE query LIKE 'LISTEN%' AND pid <> pg_backend_pid()";
    let (woken, ()) = tokio::join!(ends_within(LONG, store.woken()), async {
        assert!(fixture.number(end).await >= 1);
    });
    assert!(woken);
    let keys = [deposit("d")];
    let (woken, first) = tokio::join!(ends_within(LONG, store.woken()), put(&other, &keys));
    assert_eq!((woken, first), (true, vec![true]));
}

/// Two workers do not wait for each other's rows.
#[tokio::test]
async fn rows_that_another_transaction_changes_are_left_out() {
    let fixture = fixture!("skip_locked");
    let store = fixture.store();
    put(store, &[deposit("a"), deposit("b")]).await;
    let mut tx = store.begin().await.unwrap();
    fixture
        .run_in(&mut tx, "UPDATE {entry} SET looks = 1 WHERE id = 'a'")
        .await;
    assert_eq!(ids(&claim(store, 9).await), ["b"]);
    tx.rollback().await.unwrap();
    assert_eq!(ids(&claim(store, 9).await), ["a"]);
}

/// Finished rows cost a claim nothing.
#[tokio::test]
async fn the_plan_of_a_claim() {
    let fixture = fixture!("plan");
    let keys: Vec<_> = (0..10).map(|number| deposit(&number.to_string())).collect();
    put(fixture.store(), &keys).await;
    // Of a table with a few rows alone all of them would be read.
    fixture.finish(1, 5000).await;
    fixture.run("ANALYZE {entry}").await;
    let (nodes, buffers) = fixture.explained().await;
    assert!(
        nodes.contains(&"Index Scan entry_due".to_owned()),
        "{nodes:?}"
    );
    assert!(nodes.contains(&"Tid Scan".to_owned()), "{nodes:?}");
    assert!(!nodes.contains(&"Seq Scan".to_owned()), "{nodes:?}");

    fixture.finish(5001, 1_000_000).await;
    for is_analysed in [false, true] {
        if is_analysed {
            fixture.run("ANALYZE {entry}").await;
        }
        let (now_nodes, now_buffers) = fixture.explained().await;
        assert_eq!(now_nodes, nodes);
        assert!(
            now_buffers <= buffers + 50,
            "{buffers} buffers became {now_buffers}"
        );
    }
    assert_eq!(claim(fixture.store(), 20).await.len(), 10);
}

/// Entries and deliveries are found by their keys, however many there are.
#[tokio::test]
async fn the_plan_of_a_filing() {
    let fixture = fixture!("plan_of_filing");
    fixture.finish(1, 50_000).await;
    let deliveries = "INSERT INTO {delivery} (app_id, version, queue, kind, id, status, body, \
         received_at) SELECT app_id, version, queue, kind, id, 'Success', '', 1 FROM {entry}";
    fixture.run(deliveries).await;
    for is_analysed in [false, true] {
        if is_analysed {
            fixture.run("ANALYZE {entry}; ANALYZE {delivery}").await;
        }
        let sql = format!("EXPLAIN {}", fixture.store.file_sql());
        let plan = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(fixture.store.pool());
        let plan: Vec<String> = plan.await.unwrap();
        let plan = plan.join("\n");
        assert!(!plan.contains("Seq Scan on entry"), "{plan}");
        assert!(!plan.contains("Seq Scan on delivery"), "{plan}");
        assert!(plan.contains("Index Scan using entry_pkey"), "{plan}");
    }
}

impl PostgresSchema {
    /// Puts finished entries in.
    async fn finish(&self, from: u32, to: u32) {
        let sql = format!(
            "INSERT INTO {{entry}} (app_id, version, queue, kind, id, state, step, body, is_gap, \
             due_at, was_due_at, created_at, updated_at) \
             SELECT 'app', 2, 'inbox', 'deposit', 'done' || i, 'done', 'received', '', 0, \
             1, 1, 1, i FROM generate_series({from}, {to}) AS i"
        );
        self.run(&sql).await;
    }

    /// The nodes of the plan of a claim and the buffers that it touches. It claims nothing.
    async fn explained(&self) -> (Vec<String>, i64) {
        let mut tx = self.store.begin().await.unwrap();
        let sql = self.store.claim_sql();
        let sql = format!("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}");
        let query = sqlx::query(AssertSqlSafe(sql)).bind("app").bind("inbox");
        let query = query.bind(10_i64).bind(60_000_i64);
        let row = query.fetch_one(&mut *tx).await.unwrap();
        let text: String = row.try_get_unchecked(0).unwrap();
        // Dropped, it would hold the rows for a moment more.
        tx.rollback().await.unwrap();
        let explained: serde_json::Value = serde_json::from_str(&text).unwrap();
        let plan = &explained[0]["Plan"];
        let buffers = |which: &str| plan[which].as_i64().unwrap();
        let mut nodes = Vec::new();
        collect(plan, &mut nodes);
        let touched = buffers("Shared Hit Blocks") + buffers("Shared Read Blocks");
        (nodes, touched)
    }
}

fn collect(plan: &serde_json::Value, nodes: &mut Vec<String>) {
    let index = plan["Index Name"].as_str().unwrap_or_default();
    let node = format!("{} {index}", plan["Node Type"].as_str().unwrap());
    nodes.push(node.trim_end().to_owned());
    for below in plan["Plans"].as_array().into_iter().flatten() {
        collect(below, nodes);
    }
}

/// Each transaction may meet another connection to the server, and statements that were prepared on
/// one are not there on the next.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_a_pooler_in_transaction_mode() {
    let Some(server) = server() else { return };
    let Some(pooler) = server.pooler() else {
        return;
    };
    let store = PostgresStore::connect(&pooler.url()).await.unwrap();
    let store = store.with_schema("t_pooler").unwrap().behind_pooler(true);
    store.migrate().await.unwrap();
    store.check().await.unwrap();

    let work = (0..8).map(|worker| {
        let store = store.clone();
        tokio::spawn(async move {
            for number in 0..10 {
                let key = deposit(&format!("{worker} {number}"));
                assert_eq!(
                    put(&store, &[key.clone(), key.clone()]).await,
                    [true, false]
                );
                assert!(once!(store, keep_key(&key, b"digest")));
                once!(store, hasten(&key));
                store.counts().await.unwrap();
            }
        })
    });
    for done in futures_util::future::join_all(work).await {
        done.unwrap();
    }
    let entries = claim(&store, 100).await;
    assert_eq!(entries.len(), 80);
    for entry in &entries {
        let done = entry.done("credited", None);
        assert!(once!(store, change(&entry.key, entry.fence, &done)));
        assert!(!once!(store, change(&entry.key, entry.fence, &done)));
    }
    assert!(!once!(store, release(&payout("unknown"))));
    assert_eq!(store.mend_clock().await.unwrap(), 0);
    assert_eq!(store.prune(LONG, 9).await.unwrap(), 0);
    assert!(!ends_within(SHORT, store.woken()).await);
}

#[tokio::test]
async fn tables_made_by_hand() {
    let Some(fixture) = PostgresSchema::empty("by_hand").await else {
        return;
    };
    fixture
        .run(&PostgresStore::schema_sql("t_by_hand").unwrap())
        .await;
    // By a role that may not create schemas.
    fixture
        .run("CREATE ROLE shop; GRANT ALL ON SCHEMA t_by_hand TO shop")
        .await;
    fixture
        .run("GRANT ALL ON ALL TABLES IN SCHEMA t_by_hand TO shop")
        .await;
    let url = server()
        .unwrap()
        .url()
        .replace("user=merchant", "user=shop");
    fixture.run("ALTER ROLE shop LOGIN").await;
    let store = PostgresStore::connect(&url).await.unwrap();
    let store = store.with_schema("t_by_hand").unwrap();
    store.check().await.unwrap();
    store.migrate().await.unwrap();
    assert_eq!(put(&store, &[deposit("a")]).await, [true]);

    // A schema that is theirs already needs no right to create one.
    fixture
        .run("CREATE SCHEMA t_theirs AUTHORIZATION shop")
        .await;
    let theirs = store.clone().with_schema("t_theirs").unwrap();
    theirs.migrate().await.unwrap();
    let not_theirs = store.with_schema("t_not_theirs").unwrap();
    let error = not_theirs.migrate().await.unwrap_err();
    assert!(matches!(error, StoreError::Database(_)), "{error}");
}
