//! Three processes share one inbox and outbox on PostgreSQL. One is killed in the middle, and every
//! payment is credited once and every payout made once.
//!
//! ```text
//! cargo run --example inbox_postgres
//! ```
//!
//! `DATABASE_URL` names a database, such as `postgres://user@localhost/shop`; it gets a table `demo`
//! and the schema `ccpayment`. Without it, this starts a server of its own, where one is installed.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::expect_used,
    missing_debug_implementations,
    reason = "what this program prints is its purpose"
)]
#![allow(clippy::disallowed_methods, reason = "its processes take real time")]

use std::process::ExitCode;
use std::time::Duration;

use ccpayment::v2::{ApplyAppWithdrawToNetwork, CreateAppOrderDepositAddress};
use ccpayment::webhook::Creditable;
use ccpayment::{
    Address, AppId, Chain, Client, Credentials, OrderId, ReqwestTransport, async_trait,
};
use ccpayment_durable::{
    EndedPayout, Handler, HandlerError, Inbox, Outbox, Settings, Store, Worker,
};
use ccpayment_sandbox::{Sandbox, Setting};
use ccpayment_sqlx::{PostgresStore, sqlx};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

#[path = "../../ccpayment-sqlx/tests/it/cluster.rs"]
#[allow(unreachable_pub, reason = "shared with tests")]
mod cluster;

type Error = Box<dyn std::error::Error + Send + Sync>;
type Tx = <PostgresStore as Store>::Tx;

const USDT: u64 = 1280;
const ORDERS: usize = 30;
const PAYOUTS: usize = 10;
const RECEIVER: &str = "0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE";

/// One process of the merchant. Its table says which process did what.
struct Shop {
    name: String,
}

impl Shop {
    async fn note(&self, tx: &mut Tx, what: &str, id: &str) -> Result<(), HandlerError> {
        sqlx::query("INSERT INTO demo (process, what, id) VALUES ($1, $2, $3)")
            .bind(&self.name)
            .bind(what)
            .bind(id)
            .execute(&mut **tx)
            .await?;
        Ok(())
    }
}

#[async_trait]
impl Handler<Tx> for Shop {
    async fn deposit(
        &self,
        tx: &mut Tx,
        _app_id: &AppId,
        paid: Creditable<'_>,
    ) -> Result<(), HandlerError> {
        self.note(tx, "credited", paid.record_id().as_str()).await
    }

    async fn payout(&self, tx: &mut Tx, payout: &EndedPayout) -> Result<(), HandlerError> {
        self.note(tx, payout.end.as_str(), payout.order_id.as_str())
            .await
    }
}

/// What each process runs: a receiver and a worker.
async fn process(name: String, database: &str, origin: &str) -> Result<(), Error> {
    let store = PostgresStore::connect(database).await?;
    let credentials = Credentials::from_env()?;
    let inbox = Inbox::new(store.clone(), &credentials);
    let client = Client::new(credentials, ReqwestTransport::new()?).with_origin(origin.parse()?);
    // Short, so that the demo is: what a killed process held is free again after five seconds.
    let settings = Settings::default().lease(Duration::from_secs(5)).batch(2);
    let worker = Worker::new(store, Shop { name })
        .merchant(client)
        .settings(settings);
    tokio::spawn(async move { worker.run(std::future::pending()).await });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    Ok(axum::serve(listener, inbox.route::<()>("/notify")).await?)
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let ran = match arguments.as_slice() {
        [name, database, origin] => process(name.clone(), database, origin).await,
        _ => demo().await,
    };
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("FAILED: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn start(
    name: &str,
    database: &str,
    sandbox: &Sandbox,
    origin: &str,
) -> Result<(Child, String), Error> {
    let mut child = Command::new(std::env::current_exe()?)
        .args([name, database, origin])
        .env("CCPAYMENT_APP_ID", sandbox.app_id())
        .env("CCPAYMENT_APP_SECRET", sandbox.app_secret())
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let stdout = child.stdout.take().ok_or("a process says nothing")?;
    let address = BufReader::new(stdout).lines().next_line().await?;
    Ok((child, address.ok_or("a process did not start")?))
}

async fn demo() -> Result<(), Error> {
    let server = match std::env::var("DATABASE_URL") {
        Ok(_) => None,
        Err(_) => Some(cluster::Cluster::start().ok_or("set DATABASE_URL, or install PostgreSQL")?),
    };
    let database = match &server {
        Some(server) => server.url(),
        None => std::env::var("DATABASE_URL")?,
    };
    let store = PostgresStore::connect(&database).await?;
    store.migrate().await?;
    sqlx::raw_sql(
        "DROP TABLE IF EXISTS demo; CREATE TABLE demo (process TEXT, what TEXT, id TEXT)",
    )
    .execute(store.pool())
    .await?;

    let sandbox = Sandbox::builder()
        .setting(Setting::ManualChain(true))
        .balance(USDT, "1000")
        .build()?;
    let gateway = sandbox.serve(([127, 0, 0, 1], 0).into()).await?;
    let mut processes = Vec::new();
    for name in ["one", "two", "three"] {
        processes.push(start(name, &database, &sandbox, &gateway.origin()).await?);
    }

    let credentials = Credentials::new(sandbox.app_id(), sandbox.app_secret())?;
    let outbox = Outbox::new(store.clone(), credentials.app_id());
    let client =
        Client::new(credentials, ReqwestTransport::new()?).with_origin(gateway.origin().parse()?);
    let polygon = || Chain::new("POLYGON");
    for number in 1..=ORDERS {
        let id = format!("order-{number}");
        let order = CreateAppOrderDepositAddress::new(id, USDT, polygon(), "5".parse()?);
        let address = client.submit(&order).await?.created.address;
        sandbox.pay(address.as_str(), "5")?;
        if number <= PAYOUTS {
            let id = OrderId::new(format!("payout-{number}"));
            let receiver = Address::new(RECEIVER);
            let payout =
                ApplyAppWithdrawToNetwork::new(id, USDT, polygon(), receiver, "1".parse()?);
            let mut tx = store.begin().await?;
            outbox.plan(&mut tx, &payout).await?;
            store.commit(tx).await?;
        }
        // The gateway has one address, behind which a load balancer would choose one of the three.
        let (_, address) = processes.get(number % processes.len()).ok_or("a process")?;
        sandbox.set_webhook_url(format!("http://{address}/notify"));
        sandbox.deliver_due().await;
        if number == ORDERS / 2 {
            let (mut killed, _) = processes.remove(0);
            killed.kill().await?;
            println!("process one is killed, with whatever it holds");
        }
        sandbox.confirm_all();
        sandbox.settle_payouts();
    }
    println!("{ORDERS} orders are paid and {PAYOUTS} payouts are planned");

    let done = "SELECT COUNT(*), COUNT(DISTINCT id) FROM demo";
    for _ in 0..600 {
        sandbox.confirm_all();
        sandbox.settle_payouts();
        sandbox.deliver_due().await;
        let (rows, ids): (i64, i64) = sqlx::query_as(done).fetch_one(store.pool()).await?;
        if ids == i64::try_from(ORDERS + PAYOUTS)? {
            return tell(&store, rows == ids).await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Err("not everything was done".into())
}

async fn tell(store: &PostgresStore, is_once: bool) -> Result<(), Error> {
    let shares = "SELECT process, what, COUNT(*) FROM demo GROUP BY 1, 2 ORDER BY 1, 2";
    let shares: Vec<(String, String, i64)> = sqlx::query_as(shares).fetch_all(store.pool()).await?;
    for (process, what, count) in shares {
        println!("process {process:<6} {what}: {count}");
    }
    if !is_once {
        return Err("something was done twice".into());
    }
    println!("each payment was credited once, and each payout made once");
    Ok(())
}
