//! What happens to the merchant, drawn from a seed.

use std::time::Duration;

use ccpayment_sandbox::{Fault, Sandbox};

use crate::Error;
use crate::merchant::{Merchant, PRICE};
use crate::planted::{self, Planted};
use crate::timeline::Timeline;

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

pub struct Story {
    shape: Shape,
    fault: Fault,
    steps: Vec<Step>,
}

/// What was done to the merchant, for the checks to hold against its books.
pub struct Told {
    /// What the payer sent, in all.
    pub payments: Vec<&'static str>,
    /// The HTTP status that the forged notification was answered with.
    pub forged_answer: u16,
}

impl Story {
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

    pub async fn tell(
        &self,
        sandbox: &Sandbox,
        merchant: &Merchant,
        timeline: &Timeline,
        planted: Option<Planted>,
    ) -> Result<Told, Error> {
        let mut told = Told {
            payments: Vec::new(),
            forged_answer: 0,
        };
        let address = merchant.open_order().await?;
        for step in &self.steps {
            sandbox.advance(Duration::from_secs(5));
            match step {
                Step::Pay(amount) => {
                    sandbox.pay(&address, amount)?;
                    told.payments.push(amount);
                    timeline.say(
                        "payer",
                        format_args!("sends {amount} USDT to the order's address"),
                    );
                }
                Step::Confirm => {
                    sandbox.confirm_all();
                    timeline.say("chain", "confirms the payment");
                }
                Step::Deliver(order) => {
                    if let Order::Reversed = order {
                        sandbox.reverse_due();
                    }
                    deliver(sandbox, timeline).await;
                }
                Step::Forge => told.forged_answer = forge(sandbox, merchant, timeline).await?,
                Step::PayOut => {
                    sandbox.plan_fault("applyAppWithdrawToNetwork", self.fault);
                    planted::pay_out(merchant, planted).await?;
                }
                Step::SettlePayout => {
                    sandbox.settle_payouts();
                    timeline.say("chain", "confirms the payout");
                }
            }
        }
        drain(sandbox, timeline).await?;
        // Deliveries repeat: the gateway sends everything that it ever announced once more.
        timeline.say("gateway", "sends every notification of a payment once more");
        for deposit in sandbox.deposits() {
            sandbox.resend_notification(&deposit.record_id)?;
        }
        drain(sandbox, timeline).await?;
        Ok(told)
    }
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

async fn deliver(sandbox: &Sandbox, timeline: &Timeline) {
    for attempt in sandbox.deliver_due().await {
        let answer = match attempt.status {
            Some(status) if attempt.acknowledged => format!("{status} Success"),
            Some(status) => format!("{status}, so it will be sent again"),
            None => "nobody".to_owned(),
        };
        let (kind, number) = (attempt.event_type, attempt.number);
        timeline.say(
            "gateway",
            format_args!("delivered {kind} (try {number}): {answer}"),
        );
    }
}

/// Lets time pass until every notification was acknowledged.
async fn drain(sandbox: &Sandbox, timeline: &Timeline) -> Result<(), Error> {
    for _ in 0..12 {
        deliver(sandbox, timeline).await;
        if sandbox.pending_notifications() == 0 {
            return Ok(());
        }
        sandbox.advance(Duration::from_secs(30));
    }
    Err("some notifications were never acknowledged".into())
}

/// A thief's notification: the right form, for a deposit that never was, signed with a guess.
async fn forge(sandbox: &Sandbox, merchant: &Merchant, timeline: &Timeline) -> Result<u16, Error> {
    const BODY: &str = r#"{"type":"ApiDeposit","msg":{"recordId":"20260101000000000000000000000000","orderId":"order-1001","coinId":1280,"coinSymbol":"USDT","status":"Success","isFlaggedAsRisky":false}}"#;
    let (timestamp, guess) = (sandbox.now().to_string(), "0".repeat(64));
    let headers = [
        ("Appid", sandbox.app_id()),
        ("Timestamp", &timestamp),
        ("Sign", &guess),
    ];
    let status = merchant.receive(headers, BODY).await?;
    timeline.say(
        "thief",
        format_args!("forges a notification: answered {status}"),
    );
    Ok(status)
}
