//! The rules of each payout of v2: where to look, and which fields have to agree. Written by hand.

/// A payout whose record is read under its own order id: the rest is in `compare`.
macro_rules! payout {
    ($request:ident, $lookup:ident) => {
        impl crate::submit::Payout for $request {}

        impl crate::submit::Submit for $request {
            type Lookup = $lookup;
            type Created = crate::ids::RecordId;

            fn submit_id(&self) -> &crate::ids::OrderId {
                &self.order_id
            }

            fn lookup(&self) -> $lookup {
                $lookup::new(self.order_id.clone())
            }

            fn created(&self, answer: Self::Response) -> crate::ids::RecordId {
                answer.record_id
            }

            fn record_id(created: &crate::ids::RecordId) -> Option<&crate::ids::RecordId> {
                Some(created)
            }

            fn judge(&self, found: &<$lookup as crate::request::Request>::Response) -> RecordMatch {
                let record = &found.record;
                let id = record.order_id.as_ref();
                let Some(mut comparison) = Comparison::of_order("orderId", &self.order_id, id)
                else {
                    return RecordMatch::Incomplete { field: "orderId" };
                };
                self.compare(&mut comparison, record);
                comparison.judge(
                    &record.record_id,
                    record.record_id.clone(),
                    standing(&record.status),
                    &record.status,
                    reason(record),
                )
            }
        }
    };
}

mod batches;
mod swaps;
mod transfers;
mod withdrawals;

pub use batches::BatchRows;
