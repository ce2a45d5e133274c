//! Payments that come in, and the gateway's notifications.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use bytes::Bytes;
use ccpayment::v1::{CreateOrder, Currency, GetPermanentAddress};
use ccpayment::v2::{
    CreateAppOrderDepositAddress, GetOrCreateAppDepositAddress, GetOrCreateUserDepositAddress,
};
use ccpayment::{Chain, Client, CoinId, OrderId, ReferenceId, UserId};
use ccpayment_durable::Inbox;
use ccpayment_sandbox::IncomingPayment;
use ccpayment_testing::{SandboxClock, SandboxTransport};
use http::{HeaderMap, HeaderName};

use super::store::SimStore;
use crate::payer::credentials;
use crate::payment::USERS;
use crate::places::{CHAIN, USDT};
use crate::plan::token;
use crate::world::World;

/// The notifications of v1.
const OLDER: [&str; 5] = [
    "API Deposit",
    "Direct Deposit",
    "Invoice",
    "API Withdrawal",
    "Refund",
];

/// A way by which somebody may pay.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) kind: &'static str,
    address: String,
    is_older: bool,
}

/// Asks for the ways to pay, before anything goes wrong.
pub(super) async fn ways(world: &World, random: &mut fastrand::Rng) -> Result<Vec<Way>> {
    let sandbox = &world.sandbox;
    let client = Client::new(credentials(sandbox)?, SandboxTransport::new(sandbox));
    let client = client.with_clock(SandboxClock::new(sandbox));
    let mut ways = Vec::new();
    for number in 0..random.u64(1..=3) {
        let (coin, chain) = (CoinId::new(USDT), Chain::new(CHAIN));
        let order_id = OrderId::new(format!("paid-{number}"));
        let price = format!("{}.5", 20 + number);
        let (kind, address) = match random.u32(0..6) {
            0 => {
                let order =
                    CreateAppOrderDepositAddress::new(order_id, coin, chain, price.parse()?);
                let made = client.submit(&order).await?.created;
                ("order", made.address.to_string())
            }
            1 => {
                let payer = ReferenceId::new(format!("payer-{number}"));
                let made = GetOrCreateAppDepositAddress::new(payer, chain);
                (
                    "permanent address",
                    client.send(&made).await?.address.to_string(),
                )
            }
            2 => {
                let user = UserId::new(USERS.first().copied().unwrap_or_default());
                let made = GetOrCreateUserDepositAddress::new(user, chain);
                (
                    "user's address",
                    client.send(&made).await?.address.to_string(),
                )
            }
            3 => {
                let order = CreateOrder::new(order_id, price.parse()?, token()?, Currency::usd());
                let made = client.submit(&order).await?.created;
                let made = made.context("an order of v1 has an address")?;
                ("order of v1", made.pay_address.to_string())
            }
            4 => {
                let user = UserId::new(format!("payer-{number}"));
                let made = client.send(&GetPermanentAddress::new(user, chain)).await?;
                ("permanent address of v1", made.address.to_string())
            }
            _ => {
                let invoice = sandbox.dashboard_invoice(&price, None)?;
                let picked = sandbox.pick_coin(&invoice, USDT, CHAIN)?;
                ("invoice of v1", picked.address)
            }
        };
        ways.push(Way {
            kind,
            address,
            is_older: kind.ends_with("v1"),
        });
    }
    Ok(ways)
}

/// Somebody pays.
pub(super) fn pay(world: &World, way: &Way, random: &mut fastrand::Rng) -> Result<()> {
    world.sync();
    let amount = format!("{}.{:05}1", 20 + random.u32(0..900), random.u32(0..100_000));
    let incoming = IncomingPayment::new(&*way.address, amount.clone()).coin(USDT, CHAIN);
    let record_id = world.sandbox.send_payment(incoming)?.record_id;
    world.hit(way.kind);
    world.say(format_args!("{amount} to the {}: {record_id}", way.kind));
    // v1 does not tell of them.
    if !way.is_older && random.u32(0..10) == 0 {
        world.sandbox.flag_risky(&record_id)?;
        world.say(format_args!("{record_id} is risky"));
    }
    Ok(())
}

#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) record_id: String,
    body: Bytes,
    is_older: bool,
    /// Whether it is the last one. It matters for the records of v1 that can't be read.
    is_final: bool,
    is_heard: bool,
}

/// All messages that the gateway ever sent.
#[derive(Debug, Clone, Default)]
pub(super) struct Post(Arc<Mutex<Vec<Message>>>);

impl Post {
    fn messages(&self) -> MutexGuard<'_, Vec<Message>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the messages that are due from the gateway; returns their numbers.
    pub(super) fn collect(&self, world: &World) -> std::ops::Range<usize> {
        world.sync();
        let mut messages = self.messages();
        let before = messages.len();
        for notification in world.sandbox.due_notifications() {
            messages.push(Message {
                record_id: notification.record_id.clone(),
                body: Bytes::from(notification.body.clone()),
                is_older: OLDER.contains(&&*notification.event_type),
                is_final: notification.body.contains("success"),
                is_heard: false,
            });
            let taken = http::Response::new(Bytes::from_static(b"Success success"));
            let _ = world.sandbox.record_answer(notification, Some(&taken));
        }
        before..messages.len()
    }

    /// Whether a message was acknowledged from which the end of a record can be found.
    pub(super) fn is_heard(&self, record_id: &str) -> bool {
        let messages = self.messages();
        let mut of_it = messages.iter().filter(|it| it.record_id == record_id);
        of_it.any(|it| it.is_heard && (it.is_final || !it.is_older))
    }

    /// The message about the end of a record, and whether the message is of v1.
    pub(super) fn last_of(&self, record_id: &str) -> Option<(usize, bool)> {
        let messages = self.messages();
        let number = messages.iter().rposition(|it| it.record_id == record_id)?;
        Some((number, messages.get(number)?.is_older))
    }

    /// Delivers a message, signed afresh, as the gateway does.
    pub(super) async fn deliver(self, world: Arc<World>, inbox: Inbox<SimStore>, number: usize) {
        let Some(message) = self.messages().get(number).cloned() else {
            return;
        };
        world.sync();
        let signed = match message.is_older {
            true => world.sandbox.sign_v1(&message.body),
            false => world.sandbox.sign_v2(&message.body),
        };
        let mut headers = HeaderMap::new();
        for (name, value) in signed {
            if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse()) {
                headers.insert(name, value);
            }
        }
        let answer = match message.is_older {
            true => inbox.receive_v1(&headers, &message.body).await,
            false => inbox.receive(&headers, &message.body).await,
        };
        let status = answer.status().as_u16();
        let record_id = &message.record_id;
        world.say(format_args!("message {number} of {record_id}: {status}"));
        if status == 200
            && let Some(message) = self.messages().get_mut(number)
        {
            message.is_heard = true;
        }
    }
}
