//! The merchant's books, as anybody can read them in its file.

use std::collections::BTreeMap;
use std::path::Path;

use ccpayment::Amount;
use ccpayment_sqlx::{SqliteStore, sqlx};

use crate::Error;
use crate::merchant::ORDER_ID;

/// What the merchant's tables say.
pub struct Books {
    /// The payments, by their record.
    pub payments: BTreeMap<String, Payment>,
    /// How often the order was credited.
    pub credited: usize,
    /// The payouts, by the merchant's own id: their state, and their record.
    pub payouts: BTreeMap<String, (String, Option<String>)>,
}

pub struct Payment {
    pub amount: Amount,
    /// The order was credited before it came, so it is the payer's.
    pub is_kept: bool,
}

impl Books {
    pub async fn read(database: &Path) -> Result<Self, Error> {
        let store = SqliteStore::open(database).await?;
        let payments: Vec<(String, String, i64)> =
            sqlx::query_as("SELECT record_id, amount, is_kept FROM payments")
                .fetch_all(store.pool())
                .await?;
        let credited: Option<(i64,)> = sqlx::query_as("SELECT credited FROM orders WHERE id = $1")
            .bind(ORDER_ID)
            .fetch_optional(store.pool())
            .await?;
        let payouts: Vec<(String, String, Option<String>)> =
            sqlx::query_as("SELECT id, state, record_id FROM payouts")
                .fetch_all(store.pool())
                .await?;
        store.pool().close().await;
        let payments = payments.into_iter().map(|(id, amount, is_kept)| {
            let amount = amount.parse()?;
            let is_kept = is_kept > 0;
            Ok((id, Payment { amount, is_kept }))
        });
        Ok(Self {
            payments: payments.collect::<Result<_, Error>>()?,
            credited: credited.map_or(Ok(0), |(it,)| usize::try_from(it))?,
            payouts: (payouts.into_iter())
                .map(|(id, state, record)| (id, (state, record)))
                .collect(),
        })
    }
}

pub fn times(count: usize) -> String {
    match count {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        more => format!("{more} times"),
    }
}
