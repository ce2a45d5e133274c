//! What happens to the merchant, drawn from a seed.

use ccpayment::bytes::Bytes;
use ccpayment::http::{Request, Response};
use ccpayment::{Exchange, ReqwestTransport, Transport};
use ccpayment_sandbox::Fault;

use crate::Error;
use crate::books::Books;
use crate::merchant::{ORDER_ID, PRICE};
use crate::world::World;

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
    /// After how many steps of the merchant's process it is killed.
    fuse: u32,
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
            fuse: random.u32(1..=6),
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

    /// What happens to the merchant. With a mistake in it, nobody kills it as well.
    pub async fn play(&self, world: &mut World, is_killed: bool) -> Result<Events, Error> {
        let mut events = Events::default();
        let address = world.command("sell").await?;
        if is_killed {
            world.light_fuse(self.fuse);
        }
        let mut payment = String::new();
        for step in &self.steps {
            world.advance(5).await?;
            match step {
                Step::Pay(amount) => {
                    let record_id = world.sandbox.pay(&address, amount)?.record_id;
                    payment = world.timeline.add_payment(record_id);
                    events.payments.push(amount);
                    (world.timeline).say("payer", &payment, format_args!("sends {amount} USDT"));
                }
                Step::Confirm => {
                    world.sandbox.confirm_all();
                    world.timeline.say("chain", &payment, "confirms it");
                }
                Step::Deliver(order) => {
                    if let Order::Reversed = order {
                        world.sandbox.reverse_due();
                    }
                    deliver(world).await?;
                }
                Step::Forge => events.forged_answer = forge(world).await?,
                Step::PayOut => {
                    let route = "applyAppWithdrawToNetwork";
                    world.sandbox.plan_fault(route, self.fault);
                    world.command("pay-out").await?;
                }
                Step::SettlePayout => confirm_payouts(world),
            }
            world.command("work").await?;
        }
        drain(world).await?;
        // What is acknowledged and not in the books is lost. A repeat must not hide that.
        if !are_booked(world).await? {
            return Ok(events);
        }
        // Deliveries repeat: each payment is notified once more.
        for deposit in world.sandbox.deposits() {
            let about = world.timeline.payment(&deposit.record_id);
            world.timeline.say(
                "gateway",
                &about,
                "repeats a notification, to see that it is credited once",
            );
            world.sandbox.resend_notification(&deposit.record_id)?;
        }
        drain(world).await?;
        Ok(events)
    }
}

/// The chain confirms the payouts that there are.
fn confirm_payouts(world: &World) {
    let under_way = |status: &str| status != "Success";
    let payouts = world.sandbox.payouts();
    world.sandbox.settle_payouts();
    for payout in payouts.iter().filter(|it| under_way(&it.status)) {
        world.timeline.say("chain", &payout.order_id, "confirms it");
    }
}

async fn are_booked(world: &World) -> Result<bool, Error> {
    let books = Books::read(&world.database).await?;
    let mut deposits = world.sandbox.deposits().into_iter();
    Ok(deposits.all(|it| books.payments.contains_key(&it.record_id)))
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
async fn deliver(world: &mut World) -> Result<(), Error> {
    for notification in world.sandbox.due_notifications() {
        world.revive().await?;
        let about = world.timeline.name(&notification.record_id);
        let (number, body) = (notification.number, notification.body.clone());
        let event: serde_json::Value = serde_json::from_str(&body)?;
        let status = event.pointer("/msg/status").and_then(|it| it.as_str());
        let status = status.unwrap_or_default();
        let line = format!("notifies: {status} (try {number})");
        world.timeline.say("gateway", &about, line);

        let answer = post(&notification.url, &notification.headers, body)
            .await
            .ok();
        let attempt = world.sandbox.record_answer(notification, answer.as_ref());
        let after = if attempt.acknowledged {
            "acknowledged"
        } else {
            "so it will notify again"
        };
        let line = match &answer {
            Some(answer) => format!("is answered {}, {after}", answer.status().as_u16()),
            None => format!("gets no answer, {after}"),
        };
        world.timeline.say("gateway", &about, line);
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

/// Lets time pass until every notification was acknowledged, and the merchant has nothing to do.
async fn drain(world: &mut World) -> Result<(), Error> {
    for _ in 0..60 {
        deliver(world).await?;
        let waiting = world.command("work").await?;
        confirm_payouts(world);
        if world.sandbox.pending_notifications() == 0 && waiting == "0" {
            return Ok(());
        }
        world.advance(30).await?;
    }
    Err("some notifications were never acknowledged, or some work never ended".into())
}

/// A thief's notification: the right form, for a deposit that never was, signed with a guess. It
/// comes again where something only broke.
async fn forge(world: &mut World) -> Result<u16, Error> {
    const BODY: &str = r#"{"type":"ApiDeposit","msg":{"recordId":"20260101000000000000000000000000","orderId":"order-1001","coinId":1280,"coinSymbol":"USDT","status":"Success","isFlaggedAsRisky":false}}"#;
    let mut status = 500;
    for _ in 0..2 {
        let url = world.sandbox.webhook_url().ok_or("nobody listens")?;
        let headers = [
            ("Appid", world.sandbox.app_id().to_owned()),
            ("Timestamp", world.sandbox.now().to_string()),
            ("Sign", "0".repeat(64)),
        ];
        let say = |what: String| world.timeline.say("thief", ORDER_ID, what);
        say("forges the notification of a payment".to_owned());
        status = post(&url, &headers, BODY.to_owned())
            .await?
            .status()
            .as_u16();
        say(format!("is answered {status}"));
        if status != 500 {
            break;
        }
        world.advance(5).await?;
    }
    Ok(status)
}
