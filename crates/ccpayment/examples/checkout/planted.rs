//! Mistakes that real programs make, put in on purpose so that a test sees the checks fail.

use std::str::FromStr;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use ccpayment::v2::{ApplyAppWithdrawToNetwork, DepositStatus, GetAppDepositRecord};
use ccpayment::webhook::{Acknowledgement, Event, Verified};
use ccpayment::{OrderId, RecordId};

use crate::Error;
use crate::merchant::Merchant;

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

/// A retry under a new order id, as in the gateway's own sample code; or no retry at all.
pub async fn pay_out(
    merchant: &Merchant,
    mut payout: ApplyAppWithdrawToNetwork,
    mistake: Planted,
) -> Result<(), Error> {
    let answer = match merchant.client().send(&payout).await {
        Err(error) if mistake == Planted::TimeoutIsFailure => {
            merchant.say(format_args!("takes the payout for failed: {error}"));
            return Ok(());
        }
        Err(_) => {
            payout.order_id = OrderId::new("payout-78");
            merchant.say("tries again under a new order id");
            merchant.client().send(&payout).await?
        }
        Ok(answer) => answer,
    };
    merchant
        .books()
        .payouts
        .insert(payout.order_id, answer.record_id);
    Ok(())
}

/// Believes whoever posts.
pub async fn notify_unverified(
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
pub async fn notify_too_early(
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
