//! Mistakes that real programs make, put in on purpose so that a test sees the checks fail.

use std::str::FromStr;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{MethodRouter, post};
use ccpayment::v2::{DepositStatus, GetAppDepositRecord};
use ccpayment::webhook::{Acknowledgement, Event, Verified};
use ccpayment::{OrderId, RecordId};

use crate::Error;
use crate::merchant::{self, Merchant};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Planted {
    CreditTwice,
    NewOrderId,
    TimeoutIsFailure,
    SkipVerification,
    AcknowledgeFirst,
}

impl FromStr for Planted {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Ok(match name {
            "credit-twice" => Self::CreditTwice,
            "new-order-id" => Self::NewOrderId,
            "timeout-is-failure" => Self::TimeoutIsFailure,
            "skip-verification" => Self::SkipVerification,
            "acknowledge-first" => Self::AcknowledgeFirst,
            _ => return Err(format!("no fault is called {name}")),
        })
    }
}

/// The receiver of notifications: the merchant's own, or a careless one.
pub fn receiver(planted: Option<Planted>) -> MethodRouter<Merchant> {
    match planted {
        Some(Planted::SkipVerification) => post(notify_unverified),
        Some(Planted::AcknowledgeFirst) => post(notify_too_early),
        _ => post(merchant::notify),
    }
}

/// Pays out: as the merchant does, without a second look, or again under a new order id, as the
/// gateway's own sample code does.
pub async fn pay_out(merchant: &Merchant, planted: Option<Planted>) -> Result<(), Error> {
    let mut payout = Merchant::payout()?;
    let (amount, id) = (&payout.amount, &payout.order_id);
    merchant.say(format_args!("pays out {amount} USDT as {id}"));
    let answer = match planted {
        Some(Planted::TimeoutIsFailure | Planted::NewOrderId) => {
            merchant.client().send_unsettled(&payout).await
        }
        _ => return merchant.pay_out(&payout).await,
    };
    let accepted = match answer {
        Ok(accepted) => accepted,
        Err(error) if planted == Some(Planted::TimeoutIsFailure) => {
            merchant.say(format_args!("takes the payout for failed: {error}"));
            return Ok(());
        }
        Err(_) => {
            payout.order_id = OrderId::new("payout-78");
            merchant.say("tries again under a new order id");
            merchant.client().send_unsettled(&payout).await?
        }
    };
    merchant
        .books()
        .payouts
        .insert(payout.order_id, accepted.record_id);
    Ok(())
}

/// Believes whoever posts.
async fn notify_unverified(
    State(merchant): State<Merchant>,
    body: Bytes,
) -> Result<&'static str, StatusCode> {
    let handled = async {
        let event: serde_json::Value = serde_json::from_slice(&body)?;
        let text = |name: &str| {
            event
                .pointer(name)
                .and_then(|it| it.as_str())
                .unwrap_or_default()
        };
        let record_id = RecordId::new(text("/msg/recordId"));
        if text("/type") == "ApiWithdrawal" {
            let order_id = OrderId::new(text("/msg/orderId"));
            merchant
                .books()
                .payouts_confirmed
                .insert(order_id, record_id);
        } else {
            let read = GetAppDepositRecord::new(record_id);
            let record = merchant.client().send(&read).await?.record;
            if record.status == DepositStatus::Success {
                merchant.credit(&record.record_id, &record.amount)?;
            }
        }
        merchant.books().handled += 1;
        Ok::<_, Error>(())
    };
    handled
        .await
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok("Success")
}

/// Says that it is done before it is.
async fn notify_too_early(
    State(merchant): State<Merchant>,
    event: Verified<Event>,
) -> Acknowledgement {
    let copy = Event::clone(&event);
    let acknowledgement = event.acknowledge();
    // Whatever comes of it, the gateway has been told already.
    if let Err(error) = merchant.handle(&copy).await {
        merchant.say(format_args!("drops a notification: {error}"));
    }
    acknowledgement
}
