//! The payer: the client of this project, or a loop written by hand that can be wrong in one way.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use ccpayment::{AppId, AppSecret, Client, Credentials, Origin, SubmitError, Timeouts, Timestamp};
use ccpayment_sandbox::Sandbox;

use crate::clock::MachineClock;
use crate::durable;
use crate::naive_client::{ByHand, Mutant, incomparable};
use crate::payment::{Once, Request, with};
use crate::transport::transport;
use crate::world::World;

/// The result of a call, in the words of its caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// With the record, or what is to be paid.
    Done(String),
    Refused(String),
    Conflict,
    /// Made under its id, as far as can be told: a person has to look.
    Incomparable(String),
    /// Not known, since that timestamp was signed.
    Unknown(Option<Timestamp>),
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done(record) => write!(formatter, "done: {record}"),
            Self::Refused(why) => write!(formatter, "refused: {why}"),
            Self::Conflict => formatter.write_str("another payout has its order id"),
            Self::Incomparable(field) => write!(formatter, "made, but {field} can't be compared"),
            Self::Unknown(Some(since)) => write!(formatter, "unknown since {}", since.get()),
            Self::Unknown(None) => formatter.write_str("unknown"),
        }
    }
}

/// The choice of a payer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Client,
    /// Written by hand, and right without a mutation.
    ByHand(Option<Mutant>),
    /// The client, in durable histories alone, with one rule broken.
    Durable(durable::Mutant),
}

impl Who {
    pub(crate) fn named(name: &str) -> Result<Self> {
        if name == "none" {
            return Ok(Self::ByHand(None));
        }
        let durable = &durable::Mutant::ALL;
        if let Some((_, mutant)) = durable.iter().find(|(known, _)| *known == name) {
            return Ok(Self::Durable(*mutant));
        }
        match Mutant::ALL.iter().find(|(known, _)| *known == name) {
            Some((_, mutant)) => Ok(Self::ByHand(Some(*mutant))),
            None => bail!("no mutant is called {name}"),
        }
    }
}

/// The task about a payment.
#[derive(Debug, Clone, Copy)]
pub(crate) enum How {
    Pay,
    /// Only settle a call that has been in doubt since then. A batch goes on from there, also
    /// without a doubt.
    Settle(Option<Timestamp>),
}

/// One process, with its clock.
#[derive(Clone)]
pub(crate) struct Teller {
    way: Way,
    clock: MachineClock,
    /// How long a call may take.
    pub(crate) total: Duration,
}

#[derive(Clone)]
enum Way {
    Client(Client),
    ByHand(Arc<ByHand>),
}

pub(crate) fn credentials(sandbox: &Sandbox) -> Result<Credentials> {
    let (id, secret) = (sandbox.app_id(), sandbox.app_secret());
    Ok(Credentials::new(AppId::new(id), AppSecret::new(secret))?)
}

impl Teller {
    /// A process that starts: no connections, and nothing remembered.
    pub(crate) fn new(
        who: Who,
        world: &Arc<World>,
        clock: &MachineClock,
        timeouts: Timeouts,
    ) -> Result<Self> {
        let credentials = credentials(&world.sandbox)?;
        let origin: Origin = "http://127.0.0.1:8480".parse()?;
        let transport = transport(world, clock);
        let way = match who {
            Who::Client | Who::Durable(_) => Way::Client(
                Client::new(credentials, transport)
                    .with_origin(origin)
                    .with_clock(clock.clone())
                    .with_timeouts(timeouts),
            ),
            Who::ByHand(mutant) => Way::ByHand(Arc::new(ByHand {
                transport: Box::new(transport),
                credentials,
                origin,
                clock: clock.clone(),
                timeouts,
                mutant,
            })),
        };
        Ok(Self {
            way,
            clock: clock.clone(),
            total: timeouts.total,
        })
    }

    /// The client, if this payer has one.
    pub(crate) fn client(&self) -> Option<&Client> {
        match &self.way {
            Way::Client(client) => Some(client),
            Way::ByHand(_) => None,
        }
    }

    pub(crate) async fn carry_out(&self, request: &Request, how: How) -> Verdict {
        self.clock.begins(self.total);
        let since = match how {
            How::Pay => None,
            How::Settle(since) => since,
        };
        match &self.way {
            Way::Client(client) => by_client(client, request, how).await,
            Way::ByHand(hand) => with!(
                request,
                it => hand.drive(it, since).await,
                hand.drive(it, since).await,
                Verdict::Refused(format!("{} is not made by hand", it.batch.batch_order_id))
            ),
        }
    }
}

async fn by_client(client: &Client, request: &Request, how: How) -> Verdict {
    let outcome = match (how, request) {
        (How::Settle(None), Request::Batch(it)) => {
            let paid = client.resume_batch(it, None).await;
            paid.map(|paid| paid.order_id.as_str().to_owned())
        }
        (How::Pay | How::Settle(None), _) => with!(
            request,
            it => client.payout(it).await.map(|done| name(it, done.created)),
            client.submit(it).await.map(|done| name(it, done.created)),
            client.batch_payout(it).await.map(|paid| paid.order_id.as_str().to_owned())
        ),
        (How::Settle(Some(since)), _) => with!(
            request,
            it => client.settle(it, since).await.map(|done| name(it, done.created)),
            client.settle(it, since).await.map(|done| name(it, done.created)),
            client.resume_batch(it, Some(since)).await.map(|paid| paid.order_id.as_str().to_owned())
        ),
    };
    match outcome {
        Ok(name) => Verdict::Done(name),
        Err(SubmitError::Refused { reason, .. }) => Verdict::Refused(reason.to_string()),
        Err(SubmitError::Conflict { .. }) => Verdict::Conflict,
        Err(SubmitError::Incomparable { fields, .. }) => incomparable(&fields),
        Err(error) => Verdict::Unknown(error.attempts().in_doubt_since),
    }
}

fn name<S: Once>(_: &S, made: S::Created) -> String {
    S::name(made)
}

/// A little more than no time at all: timers count whole milliseconds.
pub(crate) const SLACK: Duration = Duration::from_millis(50);
