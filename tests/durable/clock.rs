//! The database's clock is set back an hour while a worker runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use ccpayment::http::{HeaderMap, HeaderName};
use ccpayment::v2::{ApplyAppWithdrawToNetwork, CreateAppOrderDepositAddress};
use ccpayment::{
    Address, Chain, Client, Clock, CoinId, Credentials, OrderId, Transport as _, async_trait,
    transport_fn,
};
use ccpayment_durable::{Claim, Inbox, Outbox, Queue, Report, Worker};
use ccpayment_sandbox::Sandbox;
use ccpayment_sqlx::PostgresStore;
use ccpayment_testing::{SandboxClock, SandboxTransport};

use crate::cluster::Cluster;
use crate::merchant::{settings, sqlite};
use crate::shop::{Books, Shop};

const HOUR: Duration = Duration::from_secs(3_600);
/// How much faster the worker's own time passes.
const SPEED: u32 = 60;

/// The machine's clock, set back when it is told to.
#[derive(Debug, Clone, Default)]
struct SetBack(Arc<AtomicBool>);

#[async_trait]
impl Clock for SetBack {
    fn now(&self) -> SystemTime {
        let back = if self.0.load(Ordering::SeqCst) {
            HOUR
        } else {
            Duration::ZERO
        };
        SystemTime::now() - back
    }

    fn elapsed(&self) -> Duration {
        unreachable!("a store takes the time of day alone")
    }

    async fn sleep(&self, _duration: Duration) {
        unreachable!("a store does not wait by it")
    }

    fn random(&self) -> u64 {
        unreachable!("a store draws nothing")
    }
}

/// A worker's clock, by which a minute is a second.
#[derive(Debug)]
struct Fast(Instant);

#[async_trait]
impl Clock for Fast {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed() * SPEED
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration / SPEED).await;
    }

    fn random(&self) -> u64 {
        4
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn set_back_on_sqlite() {
    let (_folder, store) = sqlite().await;
    let clock = SetBack::default();
    let store = store.with_clock(clock.clone());
    work_goes_on(store, || clock.0.store(true, Ordering::SeqCst)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn set_back_on_postgres() {
    let Some(cluster) = Cluster::start_with_clock() else {
        return;
    };
    let store = PostgresStore::connect(&cluster.url()).await.unwrap();
    let seconds = async || -> i64 {
        let sql = "SELECT extract(epoch FROM clock_timestamp())::bigint";
        let query = ccpayment_sqlx::sqlx::query_scalar(sql);
        query.fetch_one(store.pool()).await.unwrap()
    };
    let before = seconds().await;
    work_goes_on(store.clone(), || cluster.set_clock("-1h")).await;
    assert!(
        seconds().await < before - 3_000,
        "its clock was not set back"
    );
}

/// A process dies while it has claims, and the clock is set back. Another process, which ran all
/// the time, takes the claims over.
async fn work_goes_on<S: Shop>(store: S, set_back: impl FnOnce()) {
    store.create().await;
    let sandbox = Sandbox::builder().strict().start_time(1_767_225_600);
    let sandbox = sandbox
        .balance(1280, "1000")
        .webhook_url("http://127.0.0.1:9/");
    let sandbox = sandbox.build().unwrap();
    let clock = SandboxClock::new(&sandbox);
    let credentials = Credentials::new(sandbox.app_id(), sandbox.app_secret()).unwrap();
    let inbox = Inbox::with_clock(store.clone(), &credentials, clock.now_fn());
    let client = Client::new(credentials.clone(), SandboxTransport::new(&sandbox));
    let client = client.with_clock(clock.clone());

    let paid = deposits(&sandbox, &client, &inbox).await;
    let outbox = Outbox::new(store.clone(), client.app_id());
    let plan = async |order_id: &str| {
        let mut tx = store.begin().await.unwrap();
        assert!(outbox.plan(&mut tx, &payout(order_id)).await.unwrap());
        store.commit(tx).await.unwrap();
    };
    // A process dies after it has sent this one.
    plan("sent").await;
    let transport = SandboxTransport::new(&sandbox);
    let sent = Arc::new(tokio::sync::Notify::new());
    let dying = transport_fn({
        let sent = Arc::clone(&sent);
        move |exchange| {
            let (transport, sent) = (transport.clone(), Arc::clone(&sent));
            async move {
                transport.send(exchange).await?;
                sent.notify_one();
                std::future::pending().await
            }
        }
    });
    let dying = Client::new(credentials, dying).with_clock(clock);
    let lease = Duration::from_secs(300);
    let dying = Worker::new(store.clone(), Books::<S>::new())
        .merchant(dying)
        .settings(settings().lease(lease).batch(1));
    // Claims the inbox's entries, so that only the outbox's are left: the inbox would be first.
    let claim = |queue| Claim::new(client.app_id().clone(), queue, 100, lease);
    let claimed = store.claim(&claim(Queue::Inbox)).await.unwrap();
    assert_eq!(claimed.len(), paid.len());
    tokio::select! {
        _ = dying.work_once() => panic!("it does not die"),
        () = sent.notified() => {}
    }
    assert_eq!(sandbox.payouts().len(), 1);
    // The dying process has claimed this one, too.
    plan("claimed").await;
    assert_eq!(store.claim(&claim(Queue::Outbox)).await.unwrap().len(), 1);

    let worker = Worker::new(store.clone(), Books::<S>::new())
        .merchant(client)
        .clock(Fast(Instant::now()))
        .settings(settings());
    let mut set_back = Some(set_back);
    let start = Instant::now();
    worker
        .run(async {
            // Nothing is due, and the worker has looked.
            tokio::time::sleep(Duration::from_millis(300)).await;
            assert!(store.credits().await.is_empty());
            set_back.take().unwrap()();
            // This one is planned after the clock was set back, and must not block the others.
            plan("later").await;
            while Report::read(&store).await.unwrap().waiting() > 0 {
                assert!(start.elapsed() < Duration::from_secs(60), "it stalls");
                sandbox.advance(Duration::from_secs(5));
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        })
        .await;
    assert_eq!(store.credits().await, paid);
    let ended = ["claimed", "later", "sent"].map(|id| (id.to_owned(), "arrived".to_owned()));
    assert_eq!(store.ends().await, ended);
    let mut made: Vec<_> = sandbox
        .payouts()
        .into_iter()
        .map(|it| it.order_id)
        .collect();
    made.sort_unstable();
    assert_eq!(made, ["claimed", "later", "sent"]);
}

/// Makes payments and tells the inbox of them; returns their ids, in order.
async fn deposits<S: Shop>(sandbox: &Sandbox, client: &Client, inbox: &Inbox<S>) -> Vec<String> {
    let mut paid = Vec::new();
    for number in 0..10 {
        let id = OrderId::new(format!("order-{number}"));
        let (coin, chain) = (CoinId::new(1280), Chain::new("POLYGON"));
        let order = CreateAppOrderDepositAddress::new(id, coin, chain, "2".parse().unwrap());
        let order = client.submit(&order).await.unwrap();
        let address = order.created.address.to_string();
        paid.push(sandbox.pay(&address, "2").unwrap().record_id);
    }
    sandbox.advance(Duration::from_secs(300));
    for told in sandbox.due_notifications() {
        let mut headers = HeaderMap::new();
        for (name, value) in &told.headers {
            let name: HeaderName = name.parse().unwrap();
            headers.insert(name, value.parse().unwrap());
        }
        let answer = inbox.receive(&headers, &told.body.into()).await;
        assert_eq!(answer.status(), 200);
    }
    paid.sort_unstable();
    paid
}

fn payout(order_id: &str) -> ApplyAppWithdrawToNetwork {
    ApplyAppWithdrawToNetwork::new(
        OrderId::new(order_id),
        CoinId::new(1280),
        Chain::new("POLYGON"),
        Address::new("0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE"),
        "1.5".parse().unwrap(),
    )
}
