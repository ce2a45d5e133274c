//! Entries of the inbox: read, judged, and handled in one commit.

use ccpayment_client::Client;
use ccpayment_client::core::{OrderId, RecordId, Version};

use super::{Unwritten, Worked, Worker, app_id};
use crate::entry::{Entry, EntryKey, NOT_CREDITED};
use crate::handler::{EndedWithdrawal, Handler, PayoutEnd};
use crate::look::{Decision, Found, Trouble, look};
use crate::store::{Store, StoreError};
use crate::stored::outbox_keys;

impl<S, H> Worker<S, H>
where
    S: Store,
    H: Handler<S::Tx>,
{
    pub(super) async fn work_record(
        &self,
        client: &Client,
        entry: &Entry,
    ) -> Result<Worked, StoreError> {
        // Of v2 the record says all.
        let told = match entry.key.version {
            Version::V1 => self.store.deliveries(&entry.key).await?,
            Version::V2 => Vec::new(),
        };
        let mut looked = look(client, entry, &told).await;
        let is_of_v2 = entry.key.version == Version::V2;
        if is_of_v2 && matches!(looked, Err(Trouble::Hopeless(_))) {
            looked = self.look_by_another(client, entry, looked).await?;
        }
        let found = match looked {
            Ok(found) => found,
            Err(Trouble::Passing(reason)) => return self.look_later(entry, Some(reason)).await,
            Err(Trouble::Failed(reason)) => return self.fail(entry, reason).await,
            Err(Trouble::Hopeless(reason)) => return self.park(entry, reason).await,
        };
        let decision = found.decision();
        if matches!(decision, Decision::Open) {
            return self.look_later(entry, None).await;
        }
        match self.end_record(entry, decision).await {
            Ok(worked) => Ok(worked),
            Err(unwritten) => self.not_handled(entry, unwritten).await,
        }
    }

    /// The first notification of a record may be wrong, and a later one right.
    async fn look_by_another(
        &self,
        client: &Client,
        entry: &Entry,
        mut looked: Result<Found, Trouble>,
    ) -> Result<Result<Found, Trouble>, StoreError> {
        for body in self.store.deliveries(&entry.key).await? {
            if body == entry.body {
                continue;
            }
            let other = Entry {
                body,
                ..entry.clone()
            };
            looked = look(client, &other, &[]).await;
            if looked.is_ok() {
                break;
            }
        }
        Ok(looked)
    }

    /// The mark, the credit key and the merchant's writes: one commit.
    async fn end_record(&self, entry: &Entry, decision: Decision<'_>) -> Result<Worked, Unwritten> {
        let store = &self.store;
        let (verdict, reason) = verdict(&decision);
        let mut tx = store.begin().await?;
        let change = entry.done(verdict, reason);
        if !(store.change(&mut tx, &entry.key, entry.fence, &change)).await? {
            return Ok(Worked::Lost);
        }
        // Each end is told once, although its entry may be deleted and put in again.
        let key = key_of(&entry.key, &decision);
        if store.keep_key(&mut tx, &key, &[]).await? {
            self.tell(&mut tx, entry, decision).await?;
        }
        store.commit(tx).await?;
        Ok(Worked::Written)
    }

    async fn tell(
        &self,
        tx: &mut S::Tx,
        entry: &Entry,
        decision: Decision<'_>,
    ) -> Result<(), Unwritten> {
        let handler = &*self.handler;
        let (of, version) = (app_id(entry), entry.key.version);
        let record_id = RecordId::new(entry.key.id.as_str());
        match decision {
            Decision::Credit(money) => self.guarded(handler.deposit(tx, of, money)).await?,
            #[cfg(feature = "v1")]
            Decision::CreditV1(money) => self.guarded(handler.deposit_v1(tx, of, money)).await?,
            Decision::NoCredit(why) => {
                self.guarded(handler.no_credit(tx, of, &record_id, why))
                    .await?;
            }
            Decision::Withdrawal {
                order_id,
                end,
                reason,
            } => {
                // The outbox tells the end of its own payouts.
                if self.is_ours(tx, entry, order_id).await? {
                    return Ok(());
                }
                let withdrawal = EndedWithdrawal {
                    app_id: of.clone(),
                    version,
                    kind: entry.key.kind.clone(),
                    record_id,
                    order_id: order_id.cloned(),
                    end,
                    reason: reason.map(str::to_owned),
                };
                self.guarded(handler.withdrawal(tx, &withdrawal)).await?;
            }
            Decision::Notice => {
                self.guarded(handler.notice(tx, of, version, &entry.body))
                    .await?;
            }
            Decision::Open => {}
        }
        Ok(())
    }

    /// Whether the outbox made this withdrawal. If so, the outbox looks at its record soon.
    async fn is_ours(
        &self,
        tx: &mut S::Tx,
        entry: &Entry,
        order_id: Option<&OrderId>,
    ) -> Result<bool, StoreError> {
        let Some(order_id) = order_id else {
            return Ok(false);
        };
        for key in outbox_keys(app_id(entry), &entry.key.kind, order_id.as_str()) {
            if self.store.digest(tx, &key).await?.is_some() {
                self.store.hasten(tx, &key).await?;
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The key of an end. A credit has the entry's own key, without anything that may differ the next
/// time. Any other end has another key, because a deposit may still be credited after a person has
/// released it.
fn key_of(entry: &EntryKey, decision: &Decision<'_>) -> EntryKey {
    let mut key = entry.clone();
    // The lists of v2 show what v1 told of, under the same id.
    key.version = Version::V2;
    match decision {
        Decision::Credit(_) => {}
        #[cfg(feature = "v1")]
        Decision::CreditV1(_) => {}
        other => key.kind = format!("{}/{}", key.kind, verdict(other).0),
    }
    key
}

fn verdict(decision: &Decision<'_>) -> (&'static str, Option<String>) {
    match decision {
        Decision::Credit(_) => ("credited", None),
        #[cfg(feature = "v1")]
        Decision::CreditV1(_) => ("credited", None),
        Decision::NoCredit(why) => (NOT_CREDITED, Some(why.to_string())),
        Decision::Withdrawal { end, reason, .. } => {
            (PayoutEnd::as_str(end), reason.map(str::to_owned))
        }
        Decision::Notice => ("noticed", None),
        Decision::Open => ("open", None),
    }
}
