//! The calls that make requests fail.

use std::collections::BTreeMap;

use crate::api::sandbox::Sandbox;
use crate::model::error::SandboxError;
use crate::model::fault::Fault;
use crate::model::fault_plan::{ANY, RandomFaults};
use crate::ops::Op;
use crate::routes;

/// # Faults
///
/// Requests fail on the way, are answered by somebody else, or are refused.
impl Sandbox {
    /// Plans a fault for the next request on a route, such as `applyAppWithdrawToNetwork`, on one
    /// of v1 by its operation id, such as `withdraw`, or on any (`*`). Each fault strikes once, in
    /// the order of planning, before the request is checked; faults for the route come before those
    /// for any.
    pub fn plan_fault(&self, route: &str, fault: Fault) {
        let _ = self.try_plan_fault(route, fault);
    }

    /// As [`plan_fault`](Self::plan_fault), but returns the error. A route that the API does not have
    /// is one: its fault would never strike.
    pub(crate) fn try_plan_fault(&self, given: &str, fault: Fault) -> Result<(), SandboxError> {
        let gateway = &self.shared.gateway;
        let is_planned_by = |name: &str| {
            name == ANY
                || gateway.schemas.operation(name).is_some()
                || routes::v1::named(name) == Some(name)
        };
        let route = Some(given.trim_start_matches('/')).filter(|name| is_planned_by(name));
        let route = route.or_else(|| gateway.fault_route(given));
        let route = route.ok_or_else(|| SandboxError::UnknownRoute(given.to_owned()))?;
        let route = route.to_owned();
        self.apply(Op::Plan { route, fault }).map(drop)
    }

    /// From now on, each request is struck with a chance of `per_mille` in a thousand, by one of
    /// `among`, or of [`Fault::every`] when that is empty. Zero ends it.
    ///
    /// The seed and the number of the request, counted from this call, decide: the same calls in
    /// the same order meet the same faults. Planned faults go first.
    pub fn faults_by_seed(&self, seed: u64, per_mille: u16, among: &[Fault]) {
        self.apply_or_ignore(random_faults(seed, per_mille, among.to_vec()));
    }

    /// How often each fault struck.
    #[must_use]
    pub fn fault_hits(&self) -> BTreeMap<Fault, u64> {
        self.read(|state| state.faults.hits().clone())
    }

    /// Answers the next call of a route that passes its checks with a code of the table. Repeated
    /// calls queue up. A request that a fault delivers twice is one call.
    ///
    /// # Errors
    ///
    /// When the API has no such route or code. Routes go by path or by operation id; those of v1 by
    /// operation id, such as `create_order`, and with the codes of v1.
    pub fn fail_next(&self, route: &str, code: u32) -> Result<(), SandboxError> {
        let operation = self
            .shared
            .gateway
            .schemas
            .named(route)
            .or_else(|| routes::v1::named(route))
            .ok_or_else(|| SandboxError::UnknownRoute(route.to_owned()))?
            .to_owned();
        self.apply(Op::Instruct { operation, code }).map(drop)
    }
}

/// The journal keeps the list of faults: a later version may know more of them, but must read an
/// old journal in the old way.
pub(crate) fn random_faults(seed: u64, per_mille: u16, mut among: Vec<Fault>) -> Op {
    if among.is_empty() {
        among = Fault::every();
    }
    Op::Chance(RandomFaults {
        seed,
        per_mille,
        among,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::model::refusal::ReceivedRequest;
    use crate::state::State;

    /// A replayed journal leads to the same strikes, also where a fault cut a request off.
    #[test]
    fn chance_replays() {
        let coin = json!({ "coinId": 1280 });
        let arrived = || ReceivedRequest {
            route: "getCoin".to_owned(),
            operation: "getCoin".to_owned(),
            order_id: None,
            v1: false,
            signed_at: 1_750_000_000,
            checked: Ok(coin.as_object().cloned().unwrap_or_default()),
            warnings: Vec::new(),
        };
        let mut live = State::new("app".to_owned(), 7);
        let mut journal = Vec::new();
        let mut go = |state: &mut State, op: Op| {
            journal.push(serde_json::to_string(&op).unwrap());
            state.apply(1_750_000_000, op).unwrap()
        };
        go(&mut live, random_faults(9, 400, Vec::new()));
        let mut cuts = 0;
        for _ in 0..200 {
            // As a served socket does.
            let early = live.faults.peek("getCoin").is_some_and(Fault::is_early);
            cuts += u32::from(early);
            let op = if early {
                Op::Cut("getCoin".to_owned())
            } else {
                Op::Request(arrived())
            };
            go(&mut live, op);
        }
        assert!(cuts > 0);
        // Nothing that could be cut: nothing happens.
        go(&mut live, random_faults(9, 0, Vec::new()));
        assert_eq!(go(&mut live, Op::Cut("getCoin".to_owned())), Value::Null);

        let mut again = State::new("app".to_owned(), 7);
        for line in &journal {
            let op: Op = serde_json::from_str(line).unwrap();
            again.apply(1_750_000_000, op).unwrap();
        }
        assert_eq!(again.faults.hits(), live.faults.hits());
        assert_eq!(again.requests, live.requests);
        let twice = |(fault, count): (&Fault, &u64)| match fault {
            Fault::DeliveredTwice | Fault::DeliveredTwiceAnswerSecond => *count,
            _ => 0,
        };
        let doubled: u64 = live.faults.hits().iter().map(twice).sum();
        assert_eq!(
            u64::try_from(live.requests.next_number()).unwrap(),
            200 + doubled
        );
    }
}
