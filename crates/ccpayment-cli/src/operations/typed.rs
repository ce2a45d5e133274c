//! `Typed`, an operation that is sent by its types, from JSON to JSON.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use ccpayment::raw::{Operation, PreparedRequest};
use ccpayment::{
    Client, Idempotency, OrderId, Payout, Proof, RecordId, Request, Sendable, Submit, SubmitError,
    Submitted, UserId, ValidationError, Version, v1, v2,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::exit::CliError;

/// A call under way.
type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, CliError>> + 'a>>;
type Send = for<'a> fn(&'a Client, Value) -> Pending<'a, Box<RawValue>>;
type Once = for<'a> fn(&'a Client, Value) -> Pending<'a, Result<Made, Box<SubmitError>>>;

/// An operation, and how it is sent.
pub(crate) struct Typed {
    pub(crate) operation: Operation,
    /// The request, checked and with its exact bytes.
    pub(crate) prepare: fn(Value) -> Result<PreparedRequest, CliError>,
    pub(crate) way: Way,
}

/// The methods of the client that take it.
#[derive(Clone, Copy)]
pub(crate) enum Way {
    /// Any number of times.
    Send(Send),
    /// Exactly once.
    Submit {
        submit: Once,
        settle: Once,
        is_payout: bool,
    },
    /// With others, as a batch; no command does that.
    Batch,
}

impl fmt::Debug for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Typed")
            .field("operation", &self.operation)
            .finish_non_exhaustive()
    }
}

impl Typed {
    pub(super) const fn send<R: Sendable + DeserializeOwned>() -> Self {
        Self {
            operation: Operation::of::<R>(),
            prepare: prepare::<R>,
            way: Way::Send(send::<R>),
        }
    }

    pub(super) const fn submit<S: Submit<Created: Shown> + DeserializeOwned>() -> Self {
        Self {
            operation: Operation::of::<S>(),
            prepare: prepare::<S>,
            way: Way::Submit {
                submit: submit::<S>,
                settle: settle::<S>,
                is_payout: false,
            },
        }
    }

    pub(super) const fn payout<P: Payout<Created: Shown> + DeserializeOwned>() -> Self {
        Self {
            operation: Operation::of::<P>(),
            prepare: prepare::<P>,
            way: Way::Submit {
                submit: payout::<P>,
                settle: settle::<P>,
                is_payout: true,
            },
        }
    }

    pub(super) const fn batch<R: Request + DeserializeOwned>() -> Self {
        Self {
            operation: Operation::of::<R>(),
            prepare: prepare::<R>,
            way: Way::Batch,
        }
    }
}

fn read<R: Request + DeserializeOwned>(body: Value) -> Result<R, CliError> {
    serde_json::from_value(body)
        .map_err(|error| CliError::Usage(format!("{} can't be read: {error}", R::OPERATION)))
}

fn prepare<R: Request + DeserializeOwned>(body: Value) -> Result<PreparedRequest, CliError> {
    let request: R = read(body)?;
    PreparedRequest::new(&request).map_err(|error| {
        let report = ccpayment::ErrorReport::new(&error);
        CliError::Usage(format!("{} was not sent: {report}", R::OPERATION))
    })
}

fn send<R: Sendable + DeserializeOwned>(
    client: &Client,
    body: Value,
) -> Pending<'_, Box<RawValue>> {
    Box::pin(async move { Ok(client.send(&Whole(read::<R>(body)?)).await?) })
}

fn submit<S: Submit<Created: Shown> + DeserializeOwned>(
    client: &Client,
    body: Value,
) -> Pending<'_, Result<Made, Box<SubmitError>>> {
    Box::pin(async move {
        let request: S = read(body)?;
        Ok(made(client.submit(&request).await))
    })
}

fn payout<P: Payout<Created: Shown> + DeserializeOwned>(
    client: &Client,
    body: Value,
) -> Pending<'_, Result<Made, Box<SubmitError>>> {
    Box::pin(async move {
        let request: P = read(body)?;
        // Only the record proves that an answer belongs to this request.
        let client = client.clone().with_acceptance_looked_up(true);
        Ok(made(client.payout(&request).await))
    })
}

fn settle<S: Submit<Created: Shown> + DeserializeOwned>(
    client: &Client,
    body: Value,
) -> Pending<'_, Result<Made, Box<SubmitError>>> {
    Box::pin(async move {
        let request: S = read(body)?;
        Ok(made(client.settle_after_restart(&request).await))
    })
}

/// The result of a submit, as it is shown.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Made {
    order_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    /// `record`, or `acceptance`, which is provisional.
    known_by: &'static str,
    created: Value,
}

fn made<C: Shown>(result: Result<Submitted<C>, SubmitError>) -> Result<Made, Box<SubmitError>> {
    let it = result?;
    Ok(Made {
        order_id: it.order_id.to_string(),
        status: it.status,
        known_by: match it.proof {
            Proof::FoundRecord => "record",
            _ => "acceptance",
        },
        created: it.created.shown(),
    })
}

/// A created object that can be shown as JSON, with the gateway's names.
pub(crate) trait Shown {
    fn shown(&self) -> Value;
}

impl Shown for RecordId {
    fn shown(&self) -> Value {
        json!({ "recordId": self })
    }
}

impl Shown for v2::OrderToPay {
    fn shown(&self) -> Value {
        json!({
            "address": self.address,
            "amount": self.amount,
            "memo": self.memo,
            "checkoutUrl": self.checkout_url,
            "confirmsNeeded": self.confirms_needed,
            "expiredAt": self.expired_at,
        })
    }
}

impl Shown for v2::InvoiceToPay {
    fn shown(&self) -> Value {
        json!({ "invoiceUrl": self.invoice_url, "expiredAt": self.expired_at })
    }
}

impl Shown for v1::CreatedWithdrawal {
    fn shown(&self) -> Value {
        json!({ "order_id": self.order_id, "record_id": self.record_id })
    }
}

/// Null if only the record was found, because it has no address.
impl Shown for Option<v1::CreateOrderResponse> {
    fn shown(&self) -> Value {
        json!(self)
    }
}

impl Shown for Option<v1::GetCheckoutUrlResponse> {
    fn shown(&self) -> Value {
        json!(self)
    }
}

/// A request whose answer is shown as it came, with the fields that our types don't have.
struct Whole<R>(R);

impl<R: Request> Request for Whole<R> {
    type Response = Box<RawValue>;

    const VERSION: Version = R::VERSION;
    const OPERATION: &'static str = R::OPERATION;
    const PATH: &'static str = R::PATH;
    const IDEMPOTENCY: Idempotency = R::IDEMPOTENCY;
    const SETTLED_BY: Option<&'static str> = R::SETTLED_BY;

    fn path(&self) -> &str {
        self.0.path()
    }

    fn validate(&self) -> Result<(), ValidationError> {
        self.0.validate()
    }

    fn body(&self) -> Result<Bytes, serde_json::Error> {
        self.0.body()
    }

    fn order_id(&self) -> Option<&OrderId> {
        self.0.order_id()
    }

    fn user_ids(&self) -> impl Iterator<Item = (&'static str, &UserId)> {
        self.0.user_ids()
    }
}

impl<R: Sendable> Sendable for Whole<R> {}
