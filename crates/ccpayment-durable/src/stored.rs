//! `StorablePayout`, the payouts that an outbox takes, and how a stored one is sent and settled.

use bytes::Bytes;
use ccpayment_client::core::v2::{
    ApplyAppWithdrawToCwallet, ApplyAppWithdrawToNetwork, ApplyUserWithdrawToCwallet,
    ApplyUserWithdrawToNetwork, Swap, UserBatchTransfer, UserSwap, UserTransfer,
};
use ccpayment_client::core::{
    AppId, Idempotency, OrderId, Payout, RecordId, RecordMatch, Request, Submit, Timestamp, UserId,
    ValidationError, Version,
};
use ccpayment_client::{Client, SubmitError};
use serde::de::DeserializeOwned;

use crate::entry::EntryKey;
use crate::kind;

mod sealed {
    pub trait Sealed {}
}

/// A payout that an outbox can store and carry out later: each [`Payout`] of this SDK.
///
/// A batch of payouts is none, since it takes two requests: see `Client::batch_payout`.
pub trait StorablePayout: Payout + DeserializeOwned + sealed::Sealed {}

/// A stored request with the exact bytes that were planned: these are sent, even where a later
/// version of this crate would write the same request otherwise.
struct Stored<P> {
    request: P,
    body: Bytes,
}

impl<P: Request> Request for Stored<P> {
    type Response = P::Response;
    const VERSION: Version = P::VERSION;
    const OPERATION: &'static str = P::OPERATION;
    const PATH: &'static str = P::PATH;
    const IDEMPOTENCY: Idempotency = P::IDEMPOTENCY;
    const SETTLED_BY: Option<&'static str> = P::SETTLED_BY;

    fn path(&self) -> &str {
        self.request.path()
    }

    fn validate(&self) -> Result<(), ValidationError> {
        self.request.validate()
    }

    fn body(&self) -> Result<Bytes, serde_json::Error> {
        Ok(self.body.clone())
    }

    fn order_id(&self) -> Option<&OrderId> {
        self.request.order_id()
    }

    fn user_ids(&self) -> impl Iterator<Item = (&'static str, &UserId)> {
        self.request.user_ids()
    }
}

impl<P: Submit> Submit for Stored<P> {
    type Lookup = P::Lookup;
    type Created = P::Created;
    const REFUSES_REPEATS: bool = P::REFUSES_REPEATS;

    fn submit_id(&self) -> &OrderId {
        self.request.submit_id()
    }

    fn lookup(&self) -> P::Lookup {
        self.request.lookup()
    }

    fn created(&self, answer: P::Response) -> P::Created {
        self.request.created(answer)
    }

    fn record_id(created: &P::Created) -> Option<&RecordId> {
        P::record_id(created)
    }

    fn judge(&self, found: &<P::Lookup as Request>::Response) -> RecordMatch<P::Created> {
        self.request.judge(found)
    }
}

impl<P: Payout> Payout for Stored<P> {}

/// What the gateway has of a payout.
#[derive(Debug)]
pub(crate) struct Progress {
    pub(crate) record_id: Option<RecordId>,
    /// None where only the acceptance is known.
    pub(crate) status: Option<String>,
}

/// What to do with a stored payout.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Doing {
    Send,
    /// One look, for what has been in doubt since then.
    Settle(Timestamp),
}

/// Why a stored payout can't be carried out: this version does not know it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotStored {
    #[error("this version does not know the payout {0}")]
    Operation(String),
    #[error("the stored request can't be read")]
    Body(#[source] serde_json::Error),
    #[error("the stored request is of another order id")]
    OrderId,
}

async fn carry_out<P: StorablePayout>(
    client: &Client,
    order_id: &str,
    body: Bytes,
    doing: Doing,
) -> Result<Result<Progress, SubmitError>, NotStored> {
    let request: P = serde_json::from_slice(&body).map_err(NotStored::Body)?;
    if request.submit_id() != order_id {
        return Err(NotStored::OrderId);
    }
    let stored = Stored { request, body };
    let submitted = match doing {
        Doing::Send => client.payout(&stored).await,
        Doing::Settle(since) => client.settle_once(&stored, since).await,
    };
    Ok(submitted.map(|it| Progress {
        record_id: P::record_id(&it.created).cloned(),
        status: it.status,
    }))
}

macro_rules! payouts {
    ($($(#[$gate:meta])* $request:ty,)+) => {
        $(
            $(#[$gate])*
            impl sealed::Sealed for $request {}
            $(#[$gate])*
            impl StorablePayout for $request {}
        )+

        /// Sends or settles a stored payout.
        pub(crate) async fn carry_out_stored(
            client: &Client,
            (version, operation, order_id): (Version, &str, &str),
            body: Bytes,
            doing: Doing,
        ) -> Result<Result<Progress, SubmitError>, NotStored> {
            $(
                $(#[$gate])*
                if (version, operation) == (<$request>::VERSION, <$request>::OPERATION) {
                    return carry_out::<$request>(client, order_id, body, doing).await;
                }
            )+
            Err(NotStored::Operation(operation.to_owned()))
        }
    };
}

payouts! {
    ApplyAppWithdrawToNetwork,
    ApplyAppWithdrawToCwallet,
    ApplyUserWithdrawToNetwork,
    ApplyUserWithdrawToCwallet,
    UserTransfer,
    UserBatchTransfer,
    Swap,
    UserSwap,
    #[cfg(feature = "v1")]
    ccpayment_client::core::v1::Withdraw,
}

/// The keys that a withdrawal of the inbox may have in the outbox, by its order id. The lists of v2
/// show what was made by v1 as well.
pub(crate) fn outbox_keys(app_id: &AppId, kind: &str, order_id: &str) -> Vec<EntryKey> {
    let mut operations = Vec::with_capacity(3);
    if kind == kind::USER_WITHDRAWAL {
        operations.push((Version::V2, ApplyUserWithdrawToNetwork::OPERATION));
        operations.push((Version::V2, ApplyUserWithdrawToCwallet::OPERATION));
    } else if kind == kind::WITHDRAWAL {
        operations.push((Version::V2, ApplyAppWithdrawToNetwork::OPERATION));
        operations.push((Version::V2, ApplyAppWithdrawToCwallet::OPERATION));
        #[cfg(feature = "v1")]
        operations.push((Version::V1, ccpayment_client::core::v1::Withdraw::OPERATION));
    }
    let key = |(version, operation)| EntryKey::outbox(app_id, version, operation, order_id);
    operations.into_iter().map(key).collect()
}
