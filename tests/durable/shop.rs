//! `Shop`, the merchant's own tables, in either database, and `Books`, the merchant's code. The
//! tables have no unique column, so that a double booking shows.

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use ccpayment::webhook::Creditable;
use ccpayment::{AppId, async_trait};
use ccpayment_durable::{EndedPayout, Handler, HandlerError, Store};
use ccpayment_sqlx::{PostgresStore, SqliteStore, sqlx};

#[async_trait]
pub trait Shop: Store {
    /// Creates all tables.
    async fn create(&self);
    async fn credit(tx: &mut Self::Tx, record_id: &str) -> Result<(), sqlx::Error>;
    async fn end(tx: &mut Self::Tx, order_id: &str, end: &str) -> Result<(), sqlx::Error>;
    /// The records that were credited, in order.
    async fn credits(&self) -> Vec<String>;
    /// The payouts that ended, and how.
    async fn ends(&self) -> Vec<(String, String)>;
}

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS shop_credit (record_id TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS shop_payout (order_id TEXT NOT NULL, state TEXT NOT NULL);";

macro_rules! shop {
    ($store:ty) => {
        #[async_trait]
        impl Shop for $store {
            async fn create(&self) {
                self.migrate().await.unwrap();
                sqlx::raw_sql(TABLES).execute(self.pool()).await.unwrap();
            }

            async fn credit(tx: &mut Self::Tx, record_id: &str) -> Result<(), sqlx::Error> {
                let query = sqlx::query("INSERT INTO shop_credit VALUES ($1)");
                query.bind(record_id).execute(&mut **tx).await?;
                Ok(())
            }

            async fn end(tx: &mut Self::Tx, order_id: &str, end: &str) -> Result<(), sqlx::Error> {
                let query = sqlx::query("INSERT INTO shop_payout VALUES ($1, $2)");
                query.bind(order_id).bind(end).execute(&mut **tx).await?;
                Ok(())
            }

            async fn credits(&self) -> Vec<String> {
                let query = sqlx::query_scalar("SELECT record_id FROM shop_credit ORDER BY 1");
                query.fetch_all(self.pool()).await.unwrap()
            }

            async fn ends(&self) -> Vec<(String, String)> {
                let query = sqlx::query_as("SELECT order_id, state FROM shop_payout ORDER BY 1");
                query.fetch_all(self.pool()).await.unwrap()
            }
        }
    };
}

shop!(SqliteStore);
shop!(PostgresStore);

/// How the merchant's code fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Panics,
    Hangs,
}

/// The merchant's code. As many of its next calls fail as were ordered.
pub struct Books<S> {
    panics: Arc<AtomicU32>,
    hangs: Arc<AtomicU32>,
    shop: PhantomData<fn() -> S>,
}

impl<S> Books<S> {
    pub fn new() -> Self {
        Self {
            panics: Arc::default(),
            hangs: Arc::default(),
            shop: PhantomData,
        }
    }

    /// A copy that fails when this one is told to.
    pub fn same(&self) -> Self {
        Self {
            panics: Arc::clone(&self.panics),
            hangs: Arc::clone(&self.hangs),
            shop: PhantomData,
        }
    }

    fn ordered(&self, mood: Mood) -> &AtomicU32 {
        match mood {
            Mood::Panics => &self.panics,
            Mood::Hangs => &self.hangs,
        }
    }

    pub fn go_wrong(&self, mood: Mood, times: u32) {
        self.ordered(mood).store(times, Ordering::SeqCst);
    }

    /// How many of the ordered calls are still to come.
    pub fn left(&self, mood: Mood) -> u32 {
        self.ordered(mood).load(Ordering::SeqCst)
    }

    async fn act(&self) {
        let is_due = |mood| {
            let less = |left: u32| left.checked_sub(1);
            let left = self.ordered(mood);
            left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less)
                .is_ok()
        };
        assert!(!is_due(Mood::Panics), "ordered");
        if is_due(Mood::Hangs) {
            std::future::pending::<()>().await;
        }
    }
}

#[async_trait]
impl<S: Shop> Handler<S::Tx> for Books<S> {
    async fn deposit(
        &self,
        tx: &mut S::Tx,
        _app_id: &AppId,
        deposit: Creditable<'_>,
    ) -> Result<(), HandlerError> {
        S::credit(tx, deposit.record_id().as_str()).await?;
        self.act().await;
        Ok(())
    }

    async fn payout(&self, tx: &mut S::Tx, payout: &EndedPayout) -> Result<(), HandlerError> {
        S::end(tx, payout.order_id.as_str(), payout.end.as_str()).await?;
        self.act().await;
        Ok(())
    }
}
