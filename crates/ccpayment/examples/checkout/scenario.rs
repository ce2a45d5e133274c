//! What happens to the merchant, drawn from a seed.

use std::time::Duration;

use ccpayment::bytes::Bytes;
use ccpayment::http::{Request, Response};
use ccpayment::{Exchange, RecordId, ReqwestTransport, Transport};
use ccpayment_sandbox::{Fault, Sandbox};

use crate::Error;
use crate::bugs::{self, Bug};
use crate::merchant::{Merchant, PRICE};
use crate::timeline::{ORDER_ID, Timeline};

/// The shape of the payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Full,
    PartThenRest,
    Twice,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    /// The payer sends this amount.
    Pay(&'static str),
    /// The chain confirms what is on its way.
    Confirm,
    /// The gateway delivers what is due, in this order.
    Deliver(Order),
    /// Somebody else sends a notification with a signature of their own making.
    Forge,
    /// The merchant pays somebody out.
    PayOut,
    /// The chain confirms the payout.
    SettlePayout,
}

#[derive(Debug, Clone, Copy)]
enum Order {
    AsItHappened,
    Reversed,
}

pub struct Scenario {
    shape: Shape,
    fault: Fault,
    steps: Vec<Step>,
}

/// What was done to the merchant, for the checks to hold against its books.
#[derive(Default)]
pub struct Events {
    /// What the payer sent, in all.
    pub payments: Vec<&'static str>,
    /// The HTTP status that the forged notification was answered with.
    pub forged_answer: u16,
}

impl Scenario {
    pub fn from_seed(seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let shapes = [Shape::Full, Shape::PartThenRest, Shape::Twice];
        let faults = [
            Fault::ActThenDrop,
            Fault::DropBeforeActing,
            Fault::DeliverAfterLookup,
        ];
        let shape = *random.choice(&shapes).unwrap_or(&Shape::Full);
        let fault = *random.choice(&faults).unwrap_or(&Fault::ActThenDrop);

        let mut paying = Vec::new();
        for amount in shape.payments() {
            paying.push(Step::Pay(amount));
            if random.bool() {
                paying.push(Step::Deliver(Order::AsItHappened));
            }
            paying.push(Step::Confirm);
            if random.bool() {
                let order = if random.bool() {
                    Order::AsItHappened
                } else {
                    Order::Reversed
                };
                paying.push(Step::Deliver(order));
            }
        }
        // Three things happen independently of each other, so they are interleaved at random.
        let paying_out = vec![Step::PayOut, Step::SettlePayout];
        let mut strands =
            [paying, paying_out, vec![Step::Forge]].map(|strand| strand.into_iter().peekable());
        let mut steps = Vec::new();
        while strands.iter_mut().any(|strand| strand.peek().is_some()) {
            steps.extend(random.choice(&mut strands).and_then(Iterator::next));
        }
        Self {
            shape,
            fault,
            steps,
        }
    }

    pub fn title(&self) -> String {
        let paid = match self.shape {
            Shape::Full => "paid in full",
            Shape::PartThenRest => "paid in part, then the rest",
            Shape::Twice => "paid twice",
        };
        let lost = match self.fault {
            Fault::ActThenDrop => "the gateway pays out, but its answer is lost",
            Fault::DropBeforeActing => "the payout is lost on its way to the gateway",
            _ => "the payout reaches the gateway late, after it was looked up",
        };
        format!("the order is {paid}; {lost}")
    }

    pub async fn play(
        &self,
        sandbox: &Sandbox,
        merchant: &Merchant,
        timeline: &Timeline,
        bug: Option<Bug>,
    ) -> Result<Events, Error> {
        let mut events = Events::default();
        let address = merchant.open_order().await?;
        let mut payment = String::new();
        for step in &self.steps {
            sandbox.advance(Duration::from_secs(5));
            match step {
                Step::Pay(amount) => {
                    payment = timeline.add_payment(sandbox.pay(&address, amount)?.record_id);
                    events.payments.push(amount);
                    timeline.say("payer", &payment, format_args!("sends {amount} USDT"));
                }
                Step::Confirm => {
                    sandbox.confirm_all();
                    timeline.say("chain", &payment, "confirms it");
                }
                Step::Deliver(order) => {
                    if let Order::Reversed = order {
                        sandbox.reverse_due();
                    }
                    deliver(sandbox, timeline).await?;
                }
                Step::Forge => events.forged_answer = forge(sandbox, timeline).await?,
                Step::PayOut => {
                    sandbox.plan_fault("applyAppWithdrawToNetwork", self.fault);
                    bugs::pay_out(merchant, bug).await?;
                }
                Step::SettlePayout => {
                    sandbox.settle_payouts();
                    for payout in sandbox.payouts() {
                        timeline.say("chain", &payout.order_id, "confirms it");
                    }
                }
            }
        }
        drain(sandbox, timeline).await?;
        // What is acknowledged and not in the books is lost. A repeat must not hide that.
        if !are_booked(sandbox, merchant) {
            return Ok(events);
        }
        // Deliveries repeat: each payment is notified once more.
        for deposit in sandbox.deposits() {
            let about = timeline.payment(&deposit.record_id);
            timeline.say("gateway", &about, "will notify once more");
            sandbox.resend_notification(&deposit.record_id)?;
        }
        drain(sandbox, timeline).await?;
        Ok(events)
    }
}

fn are_booked(sandbox: &Sandbox, merchant: &Merchant) -> bool {
    let books = merchant.books();
    let mut deposits = sandbox.deposits().into_iter();
    deposits.all(|it| books.payments.contains_key(&RecordId::new(it.record_id)))
}

impl Shape {
    fn payments(self) -> &'static [&'static str] {
        match self {
            Self::Full => &[PRICE],
            Self::PartThenRest => &["10", "15"],
            Self::Twice => &[PRICE, PRICE],
        }
    }
}

/// Posts what is due, one after the other, and each once.
async fn deliver(sandbox: &Sandbox, timeline: &Timeline) -> Result<(), Error> {
    for notification in sandbox.due_notifications() {
        let payouts = sandbox.payouts();
        let payout = payouts
            .iter()
            .find(|it| it.record_id == notification.record_id);
        let about = match payout {
            Some(payout) => payout.order_id.clone(),
            None => timeline.payment(&notification.record_id),
        };
        let (number, body) = (notification.number, notification.body.clone());
        let event: serde_json::Value = serde_json::from_str(&body)?;
        let status = event.pointer("/msg/status").and_then(|it| it.as_str());
        let status = status.unwrap_or_default();
        let line = format!("notifies: {status} (try {number})");
        timeline.say("gateway", &about, line);

        let answer = post(&notification.url, &notification.headers, body).await?;
        let acknowledged = sandbox
            .record_answer(notification, Some(&answer))
            .acknowledged;
        let after = if acknowledged {
            "acknowledged"
        } else {
            "so it will notify again"
        };
        let line = format!("is answered {}, {after}", answer.status().as_u16());
        timeline.say("gateway", &about, line);
    }
    Ok(())
}

async fn post(
    url: &str,
    headers: &[(&str, String)],
    body: String,
) -> Result<Response<Bytes>, Error> {
    let mut request = Request::post(url).header("Content-Type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let exchange = Exchange::new(request.body(body.into())?, "notification");
    Ok(ReqwestTransport::new()?.send(exchange).await?)
}

/// Lets time pass until every notification was acknowledged.
async fn drain(sandbox: &Sandbox, timeline: &Timeline) -> Result<(), Error> {
    for _ in 0..12 {
        deliver(sandbox, timeline).await?;
        if sandbox.pending_notifications() == 0 {
            return Ok(());
        }
        sandbox.advance(Duration::from_secs(30));
    }
    Err("some notifications were never acknowledged".into())
}

/// A thief's notification: the right form, for a deposit that never was, signed with a guess. It
/// comes again where something only broke.
async fn forge(sandbox: &Sandbox, timeline: &Timeline) -> Result<u16, Error> {
    const BODY: &str = r#"{"type":"ApiDeposit","msg":{"recordId":"20260101000000000000000000000000","orderId":"order-1001","coinId":1280,"coinSymbol":"USDT","status":"Success","isFlaggedAsRisky":false}}"#;
    let url = sandbox.webhook_url().ok_or("nobody listens")?;
    let mut status = 500;
    for _ in 0..2 {
        timeline.say("thief", ORDER_ID, "forges the notification of a payment");
        let headers = [
            ("Appid", sandbox.app_id().to_owned()),
            ("Timestamp", sandbox.now().to_string()),
            ("Sign", "0".repeat(64)),
        ];
        status = post(&url, &headers, BODY.to_owned())
            .await?
            .status()
            .as_u16();
        timeline.say("thief", ORDER_ID, format_args!("is answered {status}"));
        if status != 500 {
            break;
        }
        sandbox.advance(Duration::from_secs(5));
    }
    Ok(status)
}
