//! `Shop`, the merchant's own tables, in either database. They have no unique column, so that a
//! double booking shows.

use std::path::Path;
use std::time::Duration;

use ccpayment::async_trait;
use ccpayment_durable::{Store, StoreError};
use ccpayment_sqlx::{PostgresStore, SqliteStore, sqlx};

use crate::Error;

/// A credit: the record, and the amount.
pub type Credit = (String, String);
/// A payout that ended: the order id, and how.
pub type End = (String, String);

#[async_trait]
pub trait Shop: Store {
    async fn open(url: &str) -> Result<Self, Error>;
    async fn create(&self) -> Result<(), Error>;
    async fn credit(tx: &mut Self::Tx, record_id: &str, amount: &str) -> Result<(), Error>;
    async fn end(tx: &mut Self::Tx, order_id: &str, end: &str) -> Result<(), Error>;
    /// As `credit`, but outside of any transaction.
    async fn credit_apart(&self, record_id: &str, amount: &str) -> Result<(), Error>;
    /// Shortens all leases by this time: those that would end within it are over.
    async fn expire(&self, ahead: Duration) -> Result<(), Error>;
    /// Keeps a key of the merchant's own; true if it was new.
    async fn first(&self, key: &str) -> Result<bool, Error>;
    async fn credits(&self) -> Result<Vec<Credit>, Error>;
    async fn ends(&self) -> Result<Vec<End>, Error>;
}

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS shop_credit (record_id TEXT NOT NULL, amount TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS shop_payout (order_id TEXT NOT NULL, state TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS shop_key (id TEXT PRIMARY KEY);";
const CREDIT: &str = "INSERT INTO shop_credit VALUES ($1, $2)";

macro_rules! shop {
    ($store:ty, $open:expr, $entry:literal) => {
        #[async_trait]
        impl Shop for $store {
            async fn open(url: &str) -> Result<Self, Error> {
                Ok($open(url).await?)
            }

            async fn create(&self) -> Result<(), Error> {
                self.migrate().await?;
                sqlx::raw_sql(TABLES).execute(self.pool()).await?;
                Ok(())
            }

            async fn credit(tx: &mut Self::Tx, record_id: &str, amount: &str) -> Result<(), Error> {
                let query = sqlx::query(CREDIT).bind(record_id).bind(amount);
                query.execute(&mut **tx).await?;
                Ok(())
            }

            async fn end(tx: &mut Self::Tx, order_id: &str, end: &str) -> Result<(), Error> {
                let query = sqlx::query("INSERT INTO shop_payout VALUES ($1, $2)");
                query.bind(order_id).bind(end).execute(&mut **tx).await?;
                Ok(())
            }

            async fn credit_apart(&self, record_id: &str, amount: &str) -> Result<(), Error> {
                let query = sqlx::query(CREDIT).bind(record_id).bind(amount);
                query.execute(self.pool()).await?;
                Ok(())
            }

            async fn expire(&self, ahead: Duration) -> Result<(), Error> {
                let ahead = i64::try_from(ahead.as_millis())?;
                let query = sqlx::query(sqlx::AssertSqlSafe(concat!(
                    "UPDATE ",
                    $entry,
                    " SET due_at = due_at - $1 WHERE state = 'open' AND claimed = 1"
                )));
                query.bind(ahead).execute(self.pool()).await?;
                Ok(())
            }

            async fn first(&self, key: &str) -> Result<bool, Error> {
                let query = sqlx::query("INSERT INTO shop_key VALUES ($1) ON CONFLICT DO NOTHING");
                let done = query.bind(key).execute(self.pool()).await?;
                Ok(done.rows_affected() > 0)
            }

            async fn credits(&self) -> Result<Vec<Credit>, Error> {
                let query = sqlx::query_as("SELECT record_id, amount FROM shop_credit");
                Ok(query.fetch_all(self.pool()).await?)
            }

            async fn ends(&self) -> Result<Vec<End>, Error> {
                let query = sqlx::query_as("SELECT order_id, state FROM shop_payout");
                Ok(query.fetch_all(self.pool()).await?)
            }
        }
    };
}

async fn sqlite(path: &str) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(Path::new(path)).await
}

async fn postgres(url: &str) -> Result<PostgresStore, StoreError> {
    PostgresStore::connect(url).await
}

shop!(SqliteStore, sqlite, "ccpayment_entry");
shop!(PostgresStore, postgres, "ccpayment.entry");
