//! Decides which fault strikes which request, planned or drawn by chance.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::model::fault::Fault;
use crate::model::ids::SplitMix;
use crate::model::refusal::ReceivedRequest;

/// Stands for each route.
pub(crate) const ANY: &str = "*";

/// A request that is still on its way.
#[derive(Debug)]
pub(crate) struct HeldRequest {
    pub(crate) request: ReceivedRequest,
    pub(crate) order_id: String,
    /// Its place in the log of requests.
    pub(crate) logged: usize,
}

/// Faults that nobody planned one by one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RandomFaults {
    pub(crate) seed: u64,
    pub(crate) per_mille: u16,
    pub(crate) among: Vec<Fault>,
}

impl RandomFaults {
    /// Depends on the number of the request alone, not on earlier faults.
    fn draw(&self, number: u64) -> Option<Fault> {
        let start = SplitMix::new(number).next();
        let mut dice = SplitMix::new(self.seed ^ start);
        let strikes = dice.below(1000) < usize::from(self.per_mille);
        let choice = dice.below(self.among.len());
        self.among.get(choice).copied().filter(|_| strikes)
    }
}

#[derive(Debug, Default)]
pub(crate) struct FaultPlan {
    planned: BTreeMap<String, VecDeque<Fault>>,
    random: Option<RandomFaults>,
    /// How many requests came since the random faults were set.
    number: u64,
    held: Vec<HeldRequest>,
    hits: BTreeMap<Fault, u64>,
    struck: Option<Fault>,
}

impl FaultPlan {
    pub(crate) fn plan(&mut self, route: &str, fault: Fault) {
        self.planned
            .entry(route.to_owned())
            .or_default()
            .push_back(fault);
    }

    pub(crate) fn set_random(&mut self, random: RandomFaults) {
        (self.random, self.number) = (Some(random), 0);
    }

    /// The fault that would strike now: planned for the route, planned for any route, or drawn.
    pub(crate) fn peek(&self, route: &str) -> Option<Fault> {
        self.planned_for(route)
            .and_then(|route| self.planned.get(route)?.front().copied())
            .or_else(|| self.random.as_ref()?.draw(self.number))
    }

    fn planned_for<'a>(&self, route: &'a str) -> Option<&'a str> {
        [route, ANY].into_iter().find(|route| {
            let planned = self.planned.get(*route);
            planned.is_some_and(|planned| !planned.is_empty())
        })
    }

    pub(crate) fn next(&mut self, route: &str) -> Option<Fault> {
        let fault = self.peek(route);
        if let Some(route) = self.planned_for(route)
            && let Some(planned) = self.planned.get_mut(route)
        {
            planned.pop_front();
        }
        self.number = self.number.saturating_add(1);
        if let Some(fault) = fault {
            let hits = self.hits.entry(fault).or_default();
            *hits = hits.saturating_add(1);
        }
        self.struck = fault;
        fault
    }

    /// The fault that struck the request that was just served.
    pub(crate) fn take_struck(&mut self) -> Option<Fault> {
        self.struck.take()
    }

    pub(crate) fn hits(&self) -> &BTreeMap<Fault, u64> {
        &self.hits
    }

    pub(crate) fn hold(&mut self, held: HeldRequest) {
        self.held.push(held);
    }

    /// The held requests that arrive because `lookup` has looked up these ids.
    pub(crate) fn release(&mut self, lookup: &str, order_ids: &[String]) -> Vec<HeldRequest> {
        self.held
            .extract_if(.., |held| {
                lookup_of(&held.request.operation) == Some(lookup)
                    && order_ids.contains(&held.order_id)
            })
            .collect()
    }
}

/// The operation that says what became of another one.
fn lookup_of(operation: &str) -> Option<&'static str> {
    match operation {
        "applyAppWithdrawToNetwork" | "applyAppWithdrawToCwallet" => Some("getAppWithdrawRecord"),
        "applyUserWithdrawToNetwork" | "applyUserWithdrawToCwallet" => {
            Some("getUserWithdrawRecord")
        }
        "applyBatchWithdraw" | "appendBatchWithdraw" | "confirmBatchWithdraw" => {
            Some("getBatchWithdrawOrder")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_planned_for_the_route_comes_before_what_is_planned_for_any() {
        let mut faults = FaultPlan::default();
        faults.plan(ANY, Fault::DeliveredTwice);
        faults.plan("getCoin", Fault::Refused);
        assert_eq!(faults.peek("getCoin"), Some(Fault::Refused));
        assert_eq!(faults.next("getCoin"), Some(Fault::Refused));
        assert_eq!(faults.next("getCoin"), Some(Fault::DeliveredTwice));
        assert_eq!(faults.take_struck(), Some(Fault::DeliveredTwice));
        assert_eq!(faults.next("getCoin"), None);
        assert_eq!((faults.take_struck(), faults.hits().len()), (None, 2));
    }

    #[test]
    fn chance_keeps_its_rate_and_reaches_every_fault() {
        let among = Fault::every();
        let random = |seed, per_mille| RandomFaults {
            seed,
            per_mille,
            among: among.clone(),
        };
        let draw = |random: RandomFaults| (0..10_000).map(move |number| random.draw(number));
        let struck: Vec<_> = draw(random(7, 250)).flatten().collect();
        assert!((2300..2700).contains(&struck.len()), "{}", struck.len());
        for fault in &among {
            assert!(struck.contains(fault), "{fault:?}");
        }
        assert!(draw(random(7, 250)).eq(draw(random(7, 250))));
        assert!(!draw(random(7, 250)).eq(draw(random(8, 250))));
        assert_eq!(draw(random(7, 0)).flatten().count(), 0);
        assert_eq!(draw(random(7, 1000)).flatten().count(), 10_000);
    }
}
