//! Ways in which the line between merchant and gateway fails, on request.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use http::HeaderMap;
use serde::{Deserialize, Serialize};

/// A one-shot fault; see [`Sandbox::fault`](crate::Sandbox::fault).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Fault {
    /// The request is carried out, then the connection is closed without an answer.
    ActThenDrop,
    /// The connection is closed without an answer, and nothing happens.
    DropBeforeActing,
    /// The connection is closed without an answer and the request is still on its way: it is
    /// carried out right after the next look-up of its order id has been answered.
    ///
    /// The look-up of `applyAppWithdrawToNetwork` is `getAppWithdrawRecord`, that of
    /// `createAppOrderDepositAddress` is `getAppOrderInfo`. All checks run only then, so a request
    /// that is held for longer than its signature is valid is refused. A request without an order
    /// id is never carried out.
    DeliverAfterLookup,
}

/// A request that is still on its way.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) route: String,
    pub(crate) order_id: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Its place in the log of requests.
    pub(crate) logged: usize,
}

#[derive(Debug, Default)]
pub(crate) struct Faults {
    planned: BTreeMap<String, VecDeque<Fault>>,
    held: Vec<Held>,
}

impl Faults {
    pub(crate) fn plan(&mut self, route: &str, fault: Fault) {
        self.planned
            .entry(route.to_owned())
            .or_default()
            .push_back(fault);
    }

    pub(crate) fn next(&mut self, route: &str) -> Option<Fault> {
        self.planned.get_mut(route)?.pop_front()
    }

    pub(crate) fn hold(&mut self, held: Held) {
        self.held.push(held);
    }

    /// The requests that arrive now that `order_id` was looked up by `lookup`.
    pub(crate) fn release(&mut self, lookup: &str, order_id: &str) -> Vec<Held> {
        self.held
            .extract_if(.., |held| {
                lookup_of(&held.route) == Some(lookup) && held.order_id == order_id
            })
            .collect()
    }
}

fn lookup_of(route: &str) -> Option<&'static str> {
    match route {
        "applyAppWithdrawToNetwork" => Some("getAppWithdrawRecord"),
        "createAppOrderDepositAddress" => Some("getAppOrderInfo"),
        _ => None,
    }
}
