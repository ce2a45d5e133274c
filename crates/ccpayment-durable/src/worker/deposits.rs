//! Entries of the inbox: read, judged, and handled in one commit.

use ccpayment_client::Client;
use ccpayment_client::core::{OrderId, RecordId, Version};

use super::{Unwritten, Worked, Worker, app_id};
use crate::entry::Entry;
use crate::handler::{EndedWithdrawal, Handler, PayoutEnd};
use crate::look::{Decision, Trouble, look};
use crate::store::{Store, StoreError};

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
        let found = match look(client, entry, &told).await {
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

    /// The mark, the credit key and the merchant's writes: one commit.
    async fn end_record(&self, entry: &Entry, decision: Decision<'_>) -> Result<Worked, Unwritten> {
        let store = &self.store;
        let (verdict, reason) = verdict(&decision);
        let mut tx = store.begin().await?;
        let change = entry.done(verdict, reason);
        if !(store.change(&mut tx, &entry.key, entry.fence, &change)).await? {
            return Ok(Worked::Lost);
        }
        let record_id = RecordId::new(entry.key.id.as_str());
        let handler = &*self.handler;
        match decision {
            Decision::Credit(money) => {
                if store.keep_key(&mut tx, &entry.key, &[]).await? {
                    let handling = handler.deposit(&mut tx, app_id(entry), money);
                    self.guarded(handling).await?;
                }
            }
            #[cfg(feature = "v1")]
            Decision::CreditV1(money) => {
                if store.keep_key(&mut tx, &entry.key, &[]).await? {
                    let handling = handler.deposit_v1(&mut tx, app_id(entry), money);
                    self.guarded(handling).await?;
                }
            }
            Decision::NoCredit(why) => {
                let handling = handler.no_credit(&mut tx, app_id(entry), &record_id, why);
                self.guarded(handling).await?;
            }
            Decision::Withdrawal {
                order_id,
                end,
                reason,
            } => {
                let (of, version) = (app_id(entry), entry.key.version);
                let is_ours = match order_id.map(OrderId::as_str) {
                    Some(id) => store.hasten_payout(&mut tx, of, id).await?,
                    None => false,
                };
                // The outbox tells the end of its own payouts.
                if !is_ours {
                    let withdrawal = EndedWithdrawal {
                        app_id: of.clone(),
                        version,
                        kind: entry.key.kind.clone(),
                        record_id,
                        order_id: order_id.cloned(),
                        end,
                        reason: reason.map(str::to_owned),
                    };
                    self.guarded(handler.withdrawal(&mut tx, &withdrawal))
                        .await?;
                }
            }
            Decision::Notice => {
                let (version, body) = (entry.key.version, &entry.body);
                let handling = handler.notice(&mut tx, app_id(entry), version, body);
                self.guarded(handling).await?;
            }
            Decision::Open => return Ok(Worked::Lost),
        }
        store.commit(tx).await?;
        Ok(Worked::Written)
    }
}

fn verdict(decision: &Decision<'_>) -> (&'static str, Option<String>) {
    match decision {
        Decision::Credit(_) => ("credited", None),
        #[cfg(feature = "v1")]
        Decision::CreditV1(_) => ("credited", None),
        Decision::NoCredit(why) => ("not_credited", Some(why.to_string())),
        Decision::Withdrawal { end, reason, .. } => {
            (PayoutEnd::as_str(end), reason.map(str::to_owned))
        }
        Decision::Notice => ("noticed", None),
        Decision::Open => ("open", None),
    }
}
