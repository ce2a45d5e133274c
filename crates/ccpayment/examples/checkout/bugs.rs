//! Mistakes that real programs make, put in on purpose so that one sees what they cost, and a test
//! sees the checks fail.

use std::str::FromStr;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{MethodRouter, post};
use ccpayment::webhook::{Acknowledgement, Event, Verified};
use ccpayment::{OrderId, RecordId};

use crate::Error;
use crate::merchant::{self, Merchant, PRICE};

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    CreditTwice,
    NewOrderId,
    TimeoutIsFailure,
    SkipVerification,
    AcknowledgeFirst,
}

impl Bug {
    pub const ALL: [Self; 5] = [
        Self::CreditTwice,
        Self::NewOrderId,
        Self::TimeoutIsFailure,
        Self::SkipVerification,
        Self::AcknowledgeFirst,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::CreditTwice => "credit-twice",
            Self::NewOrderId => "new-order-id",
            Self::TimeoutIsFailure => "timeout-is-failure",
            Self::SkipVerification => "skip-verification",
            Self::AcknowledgeFirst => "acknowledge-first",
        }
    }

    pub fn what(self) -> &'static str {
        match self {
            Self::CreditTwice => "a repeated notification is credited again",
            Self::NewOrderId => "a payout without an answer is repeated under a new order id",
            Self::TimeoutIsFailure => "a payout without an answer counts as failed",
            Self::SkipVerification => "whoever posts a notification is believed",
            Self::AcknowledgeFirst => "a notification is acknowledged before it is stored",
        }
    }
}

impl FromStr for Bug {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|bug| bug.name() == name);
        found.ok_or_else(|| format!("there is no bug called {name}"))
    }
}

/// The receiver of notifications: the merchant's own, or a careless one.
pub fn receiver(bug: Option<Bug>) -> MethodRouter<Merchant> {
    match bug {
        Some(Bug::SkipVerification) => post(notify_unverified),
        Some(Bug::AcknowledgeFirst) => post(notify_too_early),
        _ => post(merchant::notify),
    }
}

/// Pays out: as the merchant does, without a second look, or again under a new order id, as the
/// gateway's own sample code does.
pub async fn pay_out(merchant: &Merchant, bug: Option<Bug>) -> Result<(), Error> {
    let mut payout = Merchant::payout()?;
    let line = format!("pays out {} USDT", payout.amount);
    merchant.say(payout.order_id.as_str(), line);
    let answer = match bug {
        Some(Bug::TimeoutIsFailure | Bug::NewOrderId) => {
            merchant.client().send_unsettled(&payout).await
        }
        _ => return merchant.pay_out(&payout).await,
    };
    let accepted = match answer {
        Ok(accepted) => accepted,
        Err(_) if bug == Some(Bug::TimeoutIsFailure) => {
            merchant.say(payout.order_id.as_str(), "takes it for failed");
            return Ok(());
        }
        Err(_) => {
            payout.order_id = OrderId::new("payout-78");
            let line = format!("pays out {} USDT, in the place of the other", payout.amount);
            merchant.say(payout.order_id.as_str(), line);
            merchant.client().send_unsettled(&payout).await?
        }
    };
    (merchant.books().payouts).insert(payout.order_id, accepted.record_id);
    Ok(())
}

/// Believes whoever posts, and what they say.
async fn notify_unverified(
    State(merchant): State<Merchant>,
    body: Bytes,
) -> Result<&'static str, StatusCode> {
    believe(&merchant, &body).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok("Success")
}

fn believe(merchant: &Merchant, body: &[u8]) -> Result<(), Error> {
    let event: serde_json::Value = serde_json::from_slice(body)?;
    let text = |name: &str| {
        let found = event.pointer(name).and_then(|it| it.as_str());
        found.unwrap_or_default()
    };
    let record_id = RecordId::new(text("/msg/recordId"));
    let is_final = text("/msg/status") == "Success";
    if text("/type") == "ApiWithdrawal" {
        let order_id = OrderId::new(text("/msg/orderId"));
        (merchant.books().payouts_confirmed).insert(order_id, record_id);
    } else if is_final {
        // A notification has no amount. It will be what the order costs.
        merchant.credit(&record_id, &PRICE.parse()?)?;
    }
    merchant.books().handled += 1;
    Ok(())
}

/// Says that it is done before it is.
async fn notify_too_early(
    State(merchant): State<Merchant>,
    event: Verified<Event>,
) -> Acknowledgement {
    let copy = Event::clone(&event);
    let acknowledgement = event.acknowledge();
    // Whatever comes of it, the gateway has been told already.
    let _ = merchant.handle(&copy).await;
    acknowledgement
}
