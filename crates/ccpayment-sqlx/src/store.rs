//! The methods of a store, written once for both databases.

use std::str::FromStr;
use std::time::Duration;

use ccpayment_durable::StoreError;
use ccpayment_durable::client::core::{Timestamp, Version};

/// An error of the driver.
pub(crate) fn failed(error: sqlx::Error) -> StoreError {
    match error {
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
            StoreError::Unreadable(error.to_string())
        }
        error => StoreError::database(error),
    }
}

pub(crate) fn millis(time: Duration) -> i64 {
    // At most half of the range, so that a moment plus this time does not overflow.
    i64::try_from(time.as_millis())
        .unwrap_or(i64::MAX)
        .min(i64::MAX / 2)
}

/// An age; zero if the clock was set back.
pub(crate) fn age(millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

pub(crate) fn seconds(moment: Timestamp) -> i64 {
    i64::try_from(moment.get()).unwrap_or(i64::MAX)
}

pub(crate) fn version(number: i64) -> Result<Version, StoreError> {
    match number {
        1 => Ok(Version::V1),
        2 => Ok(Version::V2),
        _ => Err(StoreError::Unreadable(format!("version {number}"))),
    }
}

pub(crate) fn number<T: TryFrom<i64>>(value: i64) -> Result<T, StoreError> {
    T::try_from(value).map_err(|_| StoreError::Unreadable(format!("number {value}")))
}

pub(crate) fn word<T: FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, StoreError> {
    T::from_str(text).map_err(|error: T::Err| StoreError::Unreadable(error.to_string()))
}

/// A reason as both databases can keep it: PostgreSQL's texts have no NUL. The words may be the
/// gateway's, and must not keep an end from being stored.
pub(crate) fn reason(words: Option<&String>) -> Option<String> {
    words.map(|words| words.replace('\0', "\u{fffd}"))
}

/// A statement with the five arguments of a key.
macro_rules! keyed {
    ($store:expr, $statement:ident, $key:expr) => {
        $store
            .query(&$store.sql.$statement)
            .bind($key.app_id.as_str())
            .bind($key.version_number())
            .bind($key.queue.as_str())
            .bind($key.kind.as_str())
            .bind($key.id.as_str())
    };
}
pub(crate) use keyed;

/// Implements [`Store`](ccpayment_durable::Store) for a type with `pool`, `sql`, `begin`, `commit`
/// and `woken_up`. `$dialect` has the words of its database.
macro_rules! implement_store {
    ($store:ident, $database:ident, $dialect:expr) => {
        impl $store {
            fn query<'q>(&self, text: &Arc<str>) -> Query<'q, $database, Arguments> {
                // The text is one of ours. All it has from the merchant is the checked name.
                sqlx::query(AssertSqlSafe(self.timed(text))).persistent(self.sql.persistent)
            }

            /// The merchant's pool, or the one that this store opened.
            #[must_use]
            pub fn pool(&self) -> &Pool<$database> {
                &self.pool
            }

            /// The statement that claims entries, for an `EXPLAIN`: with the APP ID, the queue, how
            /// many at most, and the lease in milliseconds.
            #[must_use]
            pub fn claim_sql(&self) -> &str {
                &self.sql.claim
            }

            /// The statements by which a claim of the inbox files received deliveries, for an
            /// `EXPLAIN`.
            #[must_use]
            pub fn file_sql(&self) -> &str {
                &self.sql.file
            }

            /// The version of the tables; 0 where there are none.
            async fn found(&self, tx: &mut Tx) -> Result<i64, StoreError> {
                if !self.has_tables(tx).await? {
                    return Ok(0);
                }
                let row = self.query(&self.sql.version).fetch_one(&mut **tx).await;
                let version: Option<i64> = row.and_then(|row| row.try_get(0)).map_err(failed)?;
                Ok(version.unwrap_or(0))
            }

            /// Creates the tables or brings them to the version of this program, forward only.
            ///
            /// Several processes may do so at once, and one that has nothing to do changes nothing.
            /// The tables have a version of their own, beside a merchant's migrations.
            ///
            /// # Errors
            ///
            /// [`StoreError::Schema`], where the tables are of a later program. Another
            /// [`StoreError`], when the database fails; then nothing has changed.
            pub async fn migrate(&self) -> Result<(), StoreError> {
                let mut tx = self.begin_migration().await?;
                let found = self.found(&mut tx).await?;
                let needed = $dialect.needed();
                if found > needed {
                    return Err(StoreError::Schema { found, needed });
                }
                if found < needed {
                    let text = $dialect.schema_sql(&self.name, found);
                    // As in `query`: only the checked name is not ours.
                    let run = sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut *tx);
                    run.await.map_err(failed)?;
                }
                tx.commit().await.map_err(failed)
            }

            /// Checks that the tables are of the version that this program needs. It changes
            /// nothing.
            ///
            /// # Errors
            ///
            /// [`StoreError::Schema`], where they are older or newer or not there. Another
            /// [`StoreError`], when the database fails.
            pub async fn check(&self) -> Result<(), StoreError> {
                let mut tx = self.pool.begin().await.map_err(failed)?;
                let found = self.found(&mut tx).await?;
                let needed = $dialect.needed();
                if found == needed {
                    return Ok(());
                }
                Err(StoreError::Schema { found, needed })
            }

            /// The SQL that [`migrate`](Self::migrate) runs on an empty database, for a database
            /// administrator who runs it by hand, in one transaction.
            ///
            /// # Errors
            ///
            /// [`InvalidName`].
            pub fn schema_sql(name: &str) -> Result<String, InvalidName> {
                Ok($dialect.schema_sql(checked(name)?, 0))
            }

            /// Runs a statement that writes; true where it wrote a row.
            async fn write(
                tx: &mut Tx,
                query: Query<'_, $database, Arguments>,
            ) -> Result<bool, StoreError> {
                Self::still_open(tx).await?;
                let done = query.execute(&mut **tx).await.map_err(failed)?;
                Ok(done.rows_affected() > 0)
            }

            /// Files received deliveries; only a part of them if there are many.
            async fn file(&self, tx: &mut Tx) -> Result<(), StoreError> {
                let filing = self.query(&self.sql.file).execute(&mut **tx);
                filing.await.map_err(failed)?;
                Ok(())
            }

            fn key_of(row: &Row) -> Result<EntryKey, StoreError> {
                let text = |column: &str| row.try_get::<&str, _>(column).map_err(failed);
                Ok(EntryKey::new(
                    &AppId::new(text("app_id")?),
                    version(row.try_get("version").map_err(failed)?)?,
                    word(text("queue")?)?,
                    text("kind")?,
                    text("id")?,
                ))
            }

            fn entry_of(row: &Row) -> Result<Entry, StoreError> {
                let int = |column: &str| row.try_get::<i64, _>(column).map_err(failed);
                let moment = |column: &str| -> Result<Option<Timestamp>, StoreError> {
                    let seconds: Option<i64> = row.try_get(column).map_err(failed)?;
                    seconds
                        .map(|it| Ok(Timestamp::new(number(it)?)))
                        .transpose()
                };
                let body: Vec<u8> = row.try_get("body").map_err(failed)?;
                let step = word(row.try_get("step").map_err(failed)?)?;
                let mut entry = Entry::new(Self::key_of(row)?, step, body.into(), int("fence")?);
                entry.failures = number(int("failures")?)?;
                entry.looks = number(int("looks")?)?;
                entry.in_doubt_since = moment("in_doubt_since")?;
                entry.signed_until = moment("signed_until")?;
                let record_id: Option<String> = row.try_get("record_id").map_err(failed)?;
                entry.record_id = record_id.map(RecordId::new);
                Ok(entry)
            }

            fn count_of(row: &Row) -> Result<Count, StoreError> {
                let text = |column: &str| row.try_get::<&str, _>(column).map_err(failed);
                let int = |column: &str| row.try_get::<i64, _>(column).map_err(failed);
                Ok(Count::new(
                    AppId::new(text("app_id")?),
                    word(text("queue")?)?,
                    text("kind")?.to_owned(),
                    word(text("state")?)?,
                    row.try_get("verdict").map_err(failed)?,
                    number(int("entries")?)?,
                    number(int("gaps")?)?,
                    age(int("age")?),
                ))
            }

            fn row_of(row: &Row, state: State) -> Result<EntryRow, StoreError> {
                let int = |column: &str| row.try_get::<i64, _>(column).map_err(failed);
                let step = word(row.try_get("step").map_err(failed)?)?;
                let failures = number(int("failures")?)?;
                let key = Self::key_of(row)?;
                let mut shown = EntryRow::new(key, state, step, failures, age(int("age")?));
                shown.verdict = row.try_get("verdict").map_err(failed)?;
                shown.reason = row.try_get("reason").map_err(failed)?;
                Ok(shown)
            }
        }

        #[async_trait]
        impl Store for $store {
            type Tx = Tx;

            async fn begin(&self) -> Result<Tx, StoreError> {
                self.begin_write().await
            }

            async fn commit(&self, tx: Tx) -> Result<(), StoreError> {
                self.commit_write(tx).await
            }

            async fn put(&self, tx: &mut Tx, entry: &NewEntry) -> Result<bool, StoreError> {
                if entry.is_gap {
                    // It is no gap if a delivery of the record waits to be filed.
                    self.file(tx).await?;
                }
                let query = keyed!(self, put, entry.key)
                    .bind(entry.state.as_str())
                    .bind(entry.step.as_str())
                    .bind(entry.body.as_ref())
                    .bind(i64::from(entry.is_gap))
                    .bind(reason(entry.reason.as_ref()));
                Self::write(tx, query).await
            }

            async fn note_delivery(
                &self,
                tx: &mut Tx,
                key: &EntryKey,
                status: &str,
                body: &Bytes,
            ) -> Result<bool, StoreError> {
                let query = keyed!(self, note_delivery, key)
                    .bind(status)
                    .bind(body.as_ref());
                Self::write(tx, query).await
            }

            async fn take_in(
                &self,
                tx: &mut Tx,
                deliveries: &[Delivery],
            ) -> Result<(), StoreError> {
                // No check whether the transaction is still open: it was begun for this.
                for some in deliveries.chunks(MOST_ROWS) {
                    let text = self.sql.receive.replace("{rows}", &rows(some.len(), 6));
                    let mut query = self.query(&text.into());
                    for Delivery {
                        key, status, body, ..
                    } in some
                    {
                        query = query
                            .bind(key.app_id.as_str())
                            .bind(key.version_number())
                            .bind(key.kind.as_str())
                            .bind(key.id.as_str())
                            .bind(status.as_str())
                            .bind(body.as_ref());
                    }
                    query.execute(&mut **tx).await.map_err(failed)?;
                }
                Ok(())
            }

            async fn deliveries(&self, key: &EntryKey) -> Result<Vec<Bytes>, StoreError> {
                let mut tx = self.pool.begin().await.map_err(failed)?;
                let rows = keyed!(self, deliveries, key).fetch_all(&mut *tx).await;
                let body = |row: &Row| row.try_get::<Vec<u8>, _>(0).map_err(failed);
                let rows = rows.map_err(failed)?;
                rows.iter().map(|row| body(row).map(Bytes::from)).collect()
            }

            async fn hasten(&self, tx: &mut Tx, key: &EntryKey) -> Result<(), StoreError> {
                Self::write(tx, keyed!(self, hasten, key)).await?;
                Ok(())
            }

            async fn claim(&self, claim: &Claim) -> Result<Vec<Entry>, StoreError> {
                let mut tx = self.begin().await?;
                if claim.queue == Queue::Inbox {
                    self.file(&mut tx).await?;
                }
                let query = self.query(&self.sql.claim).bind(claim.app_id.as_str());
                let query = query
                    .bind(claim.queue.as_str())
                    .bind(i64::from(claim.limit));
                let query = query.bind(millis(claim.lease));
                let rows = query.fetch_all(&mut *tx).await.map_err(failed)?;
                let mut taken = Vec::with_capacity(rows.len());
                for row in &rows {
                    let was_due_at: i64 = row.try_get("was_due_at").map_err(failed)?;
                    match Self::entry_of(row) {
                        Ok(entry) => taken.push((was_due_at, entry)),
                        // Such as an entry of a later version. It must not block the others.
                        Err(error) => tracing::error!(%error, "an entry is left alone"),
                    }
                }
                tx.commit().await.map_err(failed)?;
                taken.sort_by_key(|(was_due_at, _)| *was_due_at);
                Ok(taken.into_iter().map(|(_, entry)| entry).collect())
            }

            async fn change(
                &self,
                tx: &mut Tx,
                key: &EntryKey,
                fence: i64,
                change: &Change,
            ) -> Result<bool, StoreError> {
                let query = keyed!(self, change, key)
                    .bind(fence)
                    .bind(change.state.as_str())
                    .bind(change.step.as_str())
                    .bind(millis(change.due_in))
                    .bind(i64::from(change.keeps_claim))
                    .bind(i64::from(change.failures))
                    .bind(i64::from(change.looks))
                    .bind(change.in_doubt_since.map(seconds))
                    .bind(change.signed_until.map(seconds))
                    .bind(change.record_id.as_ref().map(RecordId::as_str))
                    .bind(change.verdict.as_deref())
                    .bind(reason(change.reason.as_ref()));
                Self::write(tx, query).await
            }

            async fn keep_key(
                &self,
                tx: &mut Tx,
                key: &EntryKey,
                digest: &[u8],
            ) -> Result<bool, StoreError> {
                Self::write(tx, keyed!(self, keep_key, key).bind(digest)).await
            }

            async fn digest(
                &self,
                tx: &mut Tx,
                key: &EntryKey,
            ) -> Result<Option<Vec<u8>>, StoreError> {
                let found = keyed!(self, digest, key).fetch_optional(&mut **tx).await;
                let row = found.map_err(failed)?;
                row.map(|row| row.try_get(0)).transpose().map_err(failed)
            }

            async fn release(&self, tx: &mut Tx, key: &EntryKey) -> Result<bool, StoreError> {
                Self::write(tx, keyed!(self, release, key)).await
            }

            async fn close(
                &self,
                tx: &mut Tx,
                key: &EntryKey,
                why: &str,
            ) -> Result<bool, StoreError> {
                let why = reason(Some(&why.to_owned()));
                Self::write(tx, keyed!(self, close, key).bind(why)).await
            }

            async fn reopen(
                &self,
                tx: &mut Tx,
                key: &EntryKey,
                verdict: &str,
            ) -> Result<bool, StoreError> {
                Self::write(tx, keyed!(self, reopen, key).bind(verdict)).await
            }

            async fn positions(
                &self,
                app_id: &AppId,
                prefix: &str,
            ) -> Result<Vec<(String, Timestamp)>, StoreError> {
                let mut tx = self.pool.begin().await.map_err(failed)?;
                let query = self.query(&self.sql.positions).bind(app_id.as_str());
                let rows = query.bind(prefix).fetch_all(&mut *tx).await;
                let position = |row: &Row| {
                    let seconds: i64 = row.try_get(1).map_err(failed)?;
                    let list = row.try_get(0).map_err(failed)?;
                    Ok((list, Timestamp::new(number(seconds)?)))
                };
                rows.map_err(failed)?.iter().map(position).collect()
            }

            async fn set_position(
                &self,
                tx: &mut Tx,
                app_id: &AppId,
                list: &str,
                walked_until: Timestamp,
            ) -> Result<(), StoreError> {
                let query = self.query(&self.sql.set_position).bind(app_id.as_str());
                Self::write(tx, query.bind(list).bind(seconds(walked_until))).await?;
                Ok(())
            }

            async fn counts(&self) -> Result<Vec<Count>, StoreError> {
                let mut tx = self.pool.begin().await.map_err(failed)?;
                let rows = self.query(&self.sql.counts).fetch_all(&mut *tx).await;
                rows.map_err(failed)?.iter().map(Self::count_of).collect()
            }

            async fn list(
                &self,
                queue: Queue,
                state: State,
                limit: u32,
            ) -> Result<Vec<EntryRow>, StoreError> {
                let mut tx = self.pool.begin().await.map_err(failed)?;
                let text = self.sql.list.replace("{in_state}", &in_state(state)).into();
                let query = self
                    .query(&text)
                    .bind(queue.as_str())
                    .bind(i64::from(limit));
                let rows = query.fetch_all(&mut *tx).await.map_err(failed)?;
                rows.iter().map(|row| Self::row_of(row, state)).collect()
            }

            async fn prune(&self, older_than: Duration, limit: u32) -> Result<u64, StoreError> {
                let mut tx = self.begin().await?;
                let mut run = async |text| {
                    let query = self
                        .query(text)
                        .bind(millis(older_than))
                        .bind(i64::from(limit));
                    let done = query.execute(&mut *tx).await.map_err(failed)?;
                    Ok::<u64, StoreError>(done.rows_affected())
                };
                run(&self.sql.prune_deliveries).await?;
                let pruned = run(&self.sql.prune).await?;
                // The search for lone deliveries reads all old ones, so it waits until those of
                // entries are gone.
                if pruned < u64::from(limit) {
                    run(&self.sql.prune_lone_deliveries).await?;
                }
                tx.commit().await.map_err(failed)?;
                Ok(pruned)
            }

            async fn mend_clock(&self) -> Result<u64, StoreError> {
                let mut tx = self.begin().await?;
                let done = self.query(&self.sql.mend_clock).execute(&mut *tx).await;
                let mended = done.map_err(failed)?.rows_affected();
                tx.commit().await.map_err(failed)?;
                Ok(mended)
            }

            async fn woken(&self) {
                self.woken_up().await;
            }
        }
    };
}
pub(crate) use implement_store;
