//! Ways in which the line between merchant and gateway fails, on request.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::ops::Arrived;

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
    /// `createAppOrderDepositAddress` is `getAppOrderInfo`, and so on for whatever has an order id;
    /// in v1 it is `get_order_info` for all.
    /// A request that is held for longer than its signature is valid is refused. One without an
    /// order id is never carried out.
    DeliverAfterLookup,
}

/// A request that is still on its way.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) request: Arrived,
    pub(crate) order_id: String,
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

    /// The requests that arrive now that these ids were looked up by `lookup`.
    pub(crate) fn release(&mut self, lookup: &str, order_ids: &[String]) -> Vec<Held> {
        self.held
            .extract_if(.., |held| {
                lookup_of(&held.request.operation) == Some(lookup)
                    && order_ids.contains(&held.order_id)
            })
            .collect()
    }
}

/// The operations that say what became of another one.
fn lookup_of(operation: &str) -> Option<&'static str> {
    match operation {
        "applyAppWithdrawToNetwork" | "applyAppWithdrawToCwallet" => Some("getAppWithdrawRecord"),
        "applyUserWithdrawToNetwork" | "applyUserWithdrawToCwallet" => {
            Some("getUserWithdrawRecord")
        }
        "createAppOrderDepositAddress" => Some("getAppOrderInfo"),
        "create_order" | "get_checkout_url" | "withdraw" => Some("get_order_info"),
        "createInvoiceUrl" => Some("getInvoiceOrderInfo"),
        "swap" => Some("getSwapRecord"),
        "userSwap" => Some("getUserSwapRecord"),
        "userTransfer" => Some("getUserTransferRecord"),
        "userBatchTransfer" => Some("getUserBatchTransferRecord"),
        _ => None,
    }
}
