//! A merchant's program: what somebody who uses the SDK writes. Its tables, three statements for a
//! sale, one transaction for a payout, and what it does when money arrived.

use ccpayment::v2::{ApplyAppWithdrawToNetwork, CreateAppOrderDepositAddress};
use ccpayment::webhook::Creditable;
use ccpayment::{Address, Amount, AppId, Chain, Client, CoinId, OrderId, async_trait};
use ccpayment_durable::{EndedPayout, Handler, HandlerError, Outbox, PayoutEnd, Store};
use ccpayment_sqlx::{SqliteStore, sqlx};

use crate::Error;
use crate::story::say;

pub const USDT: CoinId = CoinId::new(1280);
pub const ORDER_ID: &str = "order-1001";
pub const PRICE: &str = "25";
pub const PAYOUT_ID: &str = "payout-77";
pub const PAYOUT: &str = "12.5";
const RECEIVER: &str = "0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE";

/// The merchant's own tables, in one file with the inbox and the outbox.
const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY, price TEXT NOT NULL,
        credited INTEGER NOT NULL DEFAULT 0);
    CREATE TABLE IF NOT EXISTS payments (record_id TEXT PRIMARY KEY, order_id TEXT NOT NULL,
        amount TEXT NOT NULL, is_kept INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS payouts (id TEXT PRIMARY KEY, state TEXT NOT NULL, record_id TEXT);";

type Tx = <SqliteStore as Store>::Tx;

#[derive(Clone)]
pub struct Shop {
    pub client: Client,
    pub store: SqliteStore,
}

impl Shop {
    /// Opens the shop, or opens it again after a crash: there is nothing else to do then.
    pub async fn open(client: Client, store: SqliteStore) -> Result<Self, Error> {
        store.migrate().await?;
        sqlx::raw_sql(TABLES).execute(store.pool()).await?;
        Ok(Self { client, store })
    }

    /// Sells something. The order is stored first: its id makes a repeat harmless.
    pub async fn sell(&self) -> Result<Address, Error> {
        say(ORDER_ID, format!("sells for {PRICE} USDT"));
        sqlx::query("INSERT INTO orders (id, price) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(ORDER_ID)
            .bind(PRICE)
            .execute(self.store.pool())
            .await?;
        let (id, polygon) = (OrderId::new(ORDER_ID), Chain::new("POLYGON"));
        let order = CreateAppOrderDepositAddress::new(id, USDT, polygon, PRICE.parse()?);
        let to_pay = self.client.submit(&order).await?.created;
        say(
            ORDER_ID,
            format!("asks for {} USDT to {}", to_pay.amount, to_pay.address),
        );
        Ok(to_pay.address)
    }

    /// Pays somebody out: its own row and the plan are one commit. A worker does the rest.
    pub async fn pay_out(&self) -> Result<(), Error> {
        let payout = payout()?;
        let mut tx = self.store.begin().await?;
        sqlx::query(
            "INSERT INTO payouts (id, state) VALUES ($1, 'planned') ON CONFLICT DO NOTHING",
        )
        .bind(PAYOUT_ID)
        .execute(&mut *tx)
        .await?;
        let outbox = Outbox::new(self.store.clone(), self.client.app_id());
        outbox.plan(&mut tx, &payout).await?;
        say(PAYOUT_ID, format!("plans to pay out {PAYOUT} USDT"));
        self.store.commit(tx).await?;
        Ok(())
    }
}

pub fn payout() -> Result<ApplyAppWithdrawToNetwork, Error> {
    Ok(ApplyAppWithdrawToNetwork::new(
        OrderId::new(PAYOUT_ID),
        USDT,
        Chain::new("POLYGON"),
        Address::new(RECEIVER),
        PAYOUT.parse()?,
    ))
}

/// What the merchant does at each end, in a transaction on its own tables.
pub struct Books;

#[async_trait]
impl Handler<Tx> for Books {
    /// Books a payment, and credits the order once it is paid.
    async fn deposit(
        &self,
        tx: &mut Tx,
        _app_id: &AppId,
        paid: Creditable<'_>,
    ) -> Result<(), HandlerError> {
        let record_id = paid.record_id().as_str();
        // Money in another coin, or for no order of ours, is for a person.
        let Some(order_id) = paid.order_id().filter(|_| paid.coin_id() == USDT) else {
            return Err(HandlerError::park("it is not what an order asks for"));
        };
        let (price, credited): (String, i64) =
            sqlx::query_as("SELECT price, credited FROM orders WHERE id = $1")
                .bind(order_id.as_str())
                .fetch_one(&mut **tx)
                .await?;
        sqlx::query("INSERT INTO payments VALUES ($1, $2, $3, $4)")
            .bind(record_id)
            .bind(order_id.as_str())
            .bind(paid.amount().to_string())
            .bind(credited)
            .execute(&mut **tx)
            .await?;
        let amounts: Vec<(String,)> =
            sqlx::query_as("SELECT amount FROM payments WHERE order_id = $1")
                .bind(order_id.as_str())
                .fetch_all(&mut **tx)
                .await?;
        let mut sum = Amount::zero();
        for (amount,) in &amounts {
            sum = sum.checked_add(&amount.parse()?)?;
        }
        if credited > 0 {
            say(
                record_id,
                format!("keeps it, as {order_id} was credited before"),
            );
        } else if sum < price.parse::<Amount>()? {
            say(
                record_id,
                format!("books it: {sum} of {price} USDT are there"),
            );
        } else {
            sqlx::query("UPDATE orders SET credited = credited + 1 WHERE id = $1")
                .bind(order_id.as_str())
                .execute(&mut **tx)
                .await?;
            say(record_id, format!("books it, and credits {order_id}"));
        }
        Ok(())
    }

    /// Notes how a payout ended.
    async fn payout(&self, tx: &mut Tx, payout: &EndedPayout) -> Result<(), HandlerError> {
        sqlx::query("UPDATE payouts SET state = $2, record_id = $3 WHERE id = $1")
            .bind(payout.order_id.as_str())
            .bind(payout.end.as_str())
            .bind(payout.record_id.as_ref().map(|it| it.as_str()))
            .execute(&mut **tx)
            .await?;
        let line = match &payout.end {
            PayoutEnd::Arrived => "notes that it arrived".to_owned(),
            end => format!("notes that it is {}", end.as_str()),
        };
        say(payout.order_id.as_str(), line);
        Ok(())
    }
}
