//! Credits a payment and makes a payout, each exactly once, on one SQLite file.

use std::time::Duration;

use ccpayment::durable::{
    EndedPayout, Handler, HandlerError, Inbox, Outbox, PayoutEnd, Store, Worker,
};
use ccpayment::v2::{ApplyAppWithdrawToNetwork, CreateAppOrderDepositAddress};
use ccpayment::webhook::Creditable;
use ccpayment::{
    Address, AppId, BoxError, Chain, Client, CoinId, Credentials, HyperTransport, SqliteStore,
    async_trait, sqlx,
};
use tokio::net::TcpListener;

const USDT: u64 = 1280;

struct Shop;
type Tx = <SqliteStore as Store>::Tx;

#[async_trait]
impl Handler<Tx> for Shop {
    async fn deposit(
        &self,
        tx: &mut Tx,
        _app_id: &AppId,
        paid: Creditable<'_>,
    ) -> Result<(), HandlerError> {
        let Some(order_id) = paid
            .order_id()
            .filter(|_| paid.coin_id() == CoinId::new(USDT))
        else {
            return Err(HandlerError::park("not USDT for an order"));
        };
        sqlx::query("INSERT INTO payments (record_id, order_id, amount) VALUES ($1, $2, $3)")
            .bind(paid.record_id().as_str())
            .bind(order_id.as_str())
            .bind(paid.amount().to_string())
            .execute(&mut **tx)
            .await?;
        Ok(())
    }

    async fn payout(&self, tx: &mut Tx, payout: &EndedPayout) -> Result<(), HandlerError> {
        let state = match payout.end {
            PayoutEnd::Arrived => "arrived",
            _ => "for a person",
        };
        sqlx::query("UPDATE payouts SET state = $1 WHERE id = $2")
            .bind(state)
            .bind(payout.order_id.as_str())
            .execute(&mut **tx)
            .await?;
        Ok(())
    }
}

/// Plans a payout. The shop's row and the plan are one commit.
async fn pay_out(store: &SqliteStore, credentials: &Credentials) -> Result<(), BoxError> {
    let payout = ApplyAppWithdrawToNetwork::new(
        "payout-77",
        USDT,
        Chain::new("POLYGON"),
        Address::new("0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE"),
        "12.5".parse()?,
    );
    let mut tx = store.begin().await?;
    sqlx::query("INSERT INTO payouts (id, state) VALUES ($1, 'planned')")
        .bind(payout.order_id.as_str())
        .execute(&mut *tx)
        .await?;
    let outbox = Outbox::new(store.clone(), credentials.app_id());
    outbox.plan(&mut tx, &payout).await?;
    store.commit(tx).await?;
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let file = std::env::temp_dir().join(format!("shop-{}.db", std::process::id()));
    let done = run(&file).await;
    for ending in ["db", "db-wal", "db-shm"] {
        _ = std::fs::remove_file(file.with_extension(ending));
    }
    done
}

async fn run(file: &std::path::Path) -> Result<(), BoxError> {
    let store = SqliteStore::open(file).await?;
    store.migrate().await?;
    sqlx::raw_sql(
        "CREATE TABLE payments (record_id TEXT PRIMARY KEY, order_id TEXT, amount TEXT);
         CREATE TABLE payouts (id TEXT PRIMARY KEY, state TEXT);",
    )
    .execute(store.pool())
    .await?;

    let credentials = Credentials::from_env()?;
    let inbox = Inbox::new(store.clone(), &credentials);
    let client = Client::new(credentials.clone(), HyperTransport::new()?)
        .with_origin(std::env::var("GATEWAY")?.parse()?);
    let worker = Worker::new(store.clone(), Shop).merchant(client.clone());
    tokio::spawn(async move { worker.run(std::future::pending()).await });
    let listener = TcpListener::bind(std::env::var("LISTEN")?).await?;
    tokio::spawn(axum::serve(listener, inbox.route::<()>("/ccpayment")).into_future());

    let (polygon, price) = (Chain::new("POLYGON"), "25".parse()?);
    let order = CreateAppOrderDepositAddress::new("order-1001", USDT, polygon, price);
    let to_pay = client.submit(&order).await?.created;
    println!("pay {} to {}", to_pay.amount, to_pay.address);
    pay_out(&store, &credentials).await?;

    loop {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let amounts: Vec<String> = sqlx::query_scalar("SELECT amount FROM payments")
            .fetch_all(store.pool())
            .await?;
        let state: String = sqlx::query_scalar("SELECT state FROM payouts")
            .fetch_one(store.pool())
            .await?;
        if !amounts.is_empty() && state != "planned" {
            assert_eq!(
                (amounts.as_slice(), state.as_str()),
                (&["25".to_owned()][..], "arrived")
            );
            return Ok(());
        }
    }
}
