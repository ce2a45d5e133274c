//! `Merchant`, a program over a store, and the gateway that it talks to. The gateway has a record
//! of every id, so that no sandbox slows it down, and signs its notifications.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::{Duration, Instant, UNIX_EPOCH};

use ccpayment::bytes::Bytes;
use ccpayment::http::{HeaderMap, HeaderName, Response};
use ccpayment::{Client, Credentials, Exchange, Transport, TransportError, async_trait};
use ccpayment_durable::{Inbox, ReceiveError, Report, Row, Settings, StoreError, Worker};
use ccpayment_sandbox::Sandbox;
use ccpayment_sqlx::{PostgresStore, SqliteStore};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::cluster::Cluster;
use crate::shop::{Books, Shop};

/// The most time that anything may take to end.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// A gateway with a record of every id. If told so, the first read of each finds it not final.
struct EveryRecord {
    first_read: Option<Mutex<BTreeSet<String>>>,
}

#[async_trait]
impl Transport for EveryRecord {
    async fn send(&self, exchange: Exchange) -> Result<Response<Bytes>, TransportError> {
        assert_eq!(exchange.operation, "getAppDepositRecord");
        let asked: serde_json::Value = serde_json::from_slice(exchange.request.body()).unwrap();
        let id = asked["recordId"].as_str().unwrap();
        let is_first = |read: &Mutex<BTreeSet<_>>| read.lock().unwrap().insert(id.to_owned());
        let is_final = !self.first_read.as_ref().is_some_and(is_first);
        let status = if is_final { "Success" } else { "Processing" };
        let body = format!(
            r#"{{"code":10000,"msg":"success","data":{{"record":{{"recordId":"{id}",
            "orderId":"order-{id}","coinId":1280,"coinSymbol":"USDT","chain":"POLYGON",
            "amount":"1.25","status":"{status}","arrivedAt":1767225600,
            "isFlaggedAsRisky":false}}}}}}"#
        );
        Ok(Response::new(body.into()))
    }
}

/// A signed notification.
pub struct Delivery {
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// A merchant's program.
pub struct Merchant<S> {
    pub store: S,
    pub inbox: Inbox<S>,
    pub books: Books<S>,
    pub worker: Worker<S, Books<S>>,
    gateway: Sandbox,
}

/// Quick, and with a lease that ends within a test.
pub fn settings() -> Settings {
    Settings::default()
        .lease(Duration::from_secs(4))
        .poll(Duration::from_millis(20))
        .first_pause(Duration::from_millis(50))
        .longest_pause(Duration::from_millis(300))
        .most_failures(1_000)
        .handler_timeout(Duration::from_millis(500))
}

impl<S: Shop> Merchant<S> {
    /// Over a store with tables, and a gateway whose records are final.
    pub async fn new(store: S) -> Self {
        store.create().await;
        Self::over(store)
    }

    /// The same, over tables that exist.
    pub fn over(store: S) -> Self {
        Self::on(store, EveryRecord { first_read: None })
    }

    /// The same, but each record is not final yet at its first read.
    pub async fn of_slow_records(store: S) -> Self {
        store.create().await;
        let first_read = Some(Mutex::default());
        Self::on(store, EveryRecord { first_read })
    }

    fn on(store: S, records: EveryRecord) -> Self {
        let gateway = Sandbox::builder().strict().start_time(1_767_225_600);
        let gateway = gateway.build().unwrap();
        let credentials = Credentials::new(gateway.app_id(), gateway.app_secret()).unwrap();
        let now = UNIX_EPOCH + Duration::from_secs(gateway.signing_time());
        let inbox = Inbox::with_clock(store.clone(), &credentials, move || now);
        let books = Books::new();
        let worker = Worker::new(store.clone(), books.same())
            .merchant(Client::new(credentials, records))
            .settings(settings());
        Self {
            store,
            inbox,
            books,
            worker,
            gateway,
        }
    }

    /// A delivery about a record.
    pub fn told(&self, record_id: &str, status: &str) -> Delivery {
        let body = format!(
            r#"{{"type":"ApiDeposit","msg":{{"recordId":"{record_id}","orderId":"order-{record_id}","coinId":1280,"coinSymbol":"USDT","status":"{status}","isFlaggedAsRisky":false}}}}"#
        );
        let mut headers = HeaderMap::new();
        for (name, value) in self.gateway.sign_v2(body.as_bytes()) {
            let name: HeaderName = name.parse().unwrap();
            headers.insert(name, value.parse().unwrap());
        }
        let body = Bytes::from(body);
        Delivery { headers, body }
    }

    pub async fn accept(&self, delivery: &Delivery) -> Result<(), ReceiveError> {
        let accepted = self.inbox.accept(&delivery.headers, &delivery.body).await;
        accepted.map(drop)
    }

    /// Tells of a record. It must be refused with 503 and an error that says why.
    pub async fn refuses(&self, record_id: &str, why: &str) {
        let delivery = self.told(record_id, "Success");
        let error = self.accept(&delivery).await.unwrap_err();
        assert_eq!(error.status(), 503);
        let words = ccpayment::ErrorReport::new(&error).to_string();
        assert!(words.contains(why), "{words}");
        let answer = self.inbox.receive(&delivery.headers, &delivery.body).await;
        assert_eq!((answer.status().as_u16(), answer.body().len()), (503, 0));
    }

    /// Checks that work fails with an error of the database.
    pub async fn does_not_work(&self) {
        let error = self.worker.work_once().await.unwrap_err();
        assert!(matches!(error, StoreError::Database(_)), "{error}");
    }

    /// Tells of records, each of which has to be acknowledged.
    pub async fn accepts(&self, records: &[String]) {
        for id in records {
            self.accept(&self.told(id, "Success")).await.unwrap();
        }
    }

    /// Works until these records are credited and nothing is open, while `meanwhile` happens.
    pub async fn credits(&self, records: &[String], meanwhile: impl Future<Output = ()>) {
        let start = Instant::now();
        let over = async {
            meanwhile.await;
            while self.open().await != 0 {
                assert!(start.elapsed() < PATIENCE, "it does not come to an end");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        self.worker.run(over).await;
        self.are_credited(records).await;
    }

    /// How many entries are open.
    pub async fn open(&self) -> u64 {
        let report = Report::read(&self.store).await;
        // While the store is away, work is left.
        report.map_or(u64::MAX, |it| it.waiting())
    }

    /// Checks that each of these is credited once, nothing else is, and nothing is parked.
    pub async fn are_credited(&self, records: &[String]) {
        let report = Report::read(&self.store).await.unwrap();
        let parked: Vec<_> = report.parked.iter().take(3).collect();
        assert_eq!(parked, Vec::<&Row>::new(), "{:?}", report.counts);
        let credits = self.store.credits().await;
        let credited: BTreeSet<_> = credits.iter().collect();
        let is_lost = |id: &&String| !credited.contains(id);
        let lost: Vec<_> = records.iter().filter(is_lost).take(3).collect();
        assert_eq!(lost, Vec::<&String>::new(), "{:?}", report.counts);
        assert_eq!(credits.len(), records.len(), "doubled");
        assert_eq!(credited.len(), records.len());
    }
}

/// This many ids of records.
pub fn ids(prefix: &str, count: u32) -> Vec<String> {
    (0..count).map(|it| format!("{prefix}{it:05}")).collect()
}

/// A file for one test. It is deleted with the folder.
pub async fn sqlite() -> (TempDir, SqliteStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("shop.db")).await;
    (folder, store.unwrap())
}

/// The URL of a database for one test, on the server of this program. `None` without a server.
pub async fn postgres_url(test: &str) -> Option<String> {
    static SERVER: OnceCell<Option<Cluster>> = OnceCell::const_new();
    let server = SERVER.get_or_init(async || Cluster::start()).await;
    let url = server.as_ref()?.url();
    let store = PostgresStore::connect(&url).await.unwrap();
    let create = format!("CREATE DATABASE t_{test}");
    let create = ccpayment_sqlx::sqlx::AssertSqlSafe(create);
    let created = ccpayment_sqlx::sqlx::raw_sql(create).execute(store.pool());
    created.await.unwrap();
    Some(url.replace("/postgres?", &format!("/t_{test}?")))
}

pub async fn postgres(test: &str) -> Option<PostgresStore> {
    let url = postgres_url(test).await?;
    Some(PostgresStore::connect(&url).await.unwrap())
}
