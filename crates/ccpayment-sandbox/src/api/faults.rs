//! The part of the handle that is about faults: a request reaches the gateway, and faults strike it.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Request, Response};

use crate::api::sandbox::Sandbox;
use crate::bad_response::{self, MADE_BY_FAULT};
use crate::model::fault::Fault;
use crate::model::fault_plan::RandomFaults;
use crate::model::refusal::{INTERNAL, Refusal};
use crate::ops::Op;
use crate::routes_v1;
use crate::rules::v1::codes;

impl Sandbox {
    /// What the gateway answers, whole as yet, and what struck the request.
    pub(crate) fn answer(
        &self,
        request: Request<Bytes>,
    ) -> (Option<Response<Bytes>>, Option<Fault>) {
        let (now, signing) = (self.now(), self.signing_time());
        let v1 = request.uri().path().starts_with(routes_v1::BASE);
        let (mut answer, fault) = match self.shared.gateway.receive(now, signing, request) {
            Ok(arrived) => {
                let mut engine = self.engine();
                // Without a place to keep it, the request can't be carried out.
                let Ok(envelope) = engine.apply(Op::Request(arrived)) else {
                    return (None, None);
                };
                let fault = engine.state.faults.take_struck();
                drop(engine);
                let nothing = if v1 {
                    codes::failed(MADE_BY_FAULT)
                } else {
                    Refusal::new(INTERNAL, MADE_BY_FAULT).envelope()
                };
                (
                    bad_response::response_of(fault, envelope, &nothing, now),
                    fault,
                )
            }
            Err(answer) => (Some(*answer), None),
        };
        // What a proxy answers in the gateway's place is not signed.
        if v1 && let Some(answer) = answer.as_mut().filter(|it| is_json(it)) {
            self.signer_v1().sign_response(answer, signing);
        }
        (answer, fault)
    }

    /// Lets a fault strike that needs no more than the head of a request.
    pub(crate) fn strike_early(&self, path: &str) -> Option<Fault> {
        let route = self.shared.gateway.fault_route(path)?;
        // Looking and striking are one step: another request could take the fault between them.
        let mut engine = self.engine();
        engine.state.faults.peek(route).filter(|it| it.is_early())?;
        engine.apply(Op::Cut(route.to_owned())).ok()?;
        engine.state.faults.take_struck()
    }

    /// From now on, each request is struck with a chance of so many in a thousand, by one of
    /// `among`, or of [`Fault::every`] when that is empty. Zero ends it.
    ///
    /// The seed and the number of the request, counted from this call, decide: the same calls in
    /// the same order meet the same faults. A fault that was planned goes first.
    pub fn faults_by_seed(&self, seed: u64, per_mille: u16, among: &[Fault]) {
        self.apply_or_ignore(random_faults(seed, per_mille, among.to_vec()));
    }

    /// How often each fault struck.
    #[must_use]
    pub fn fault_hits(&self) -> BTreeMap<Fault, u64> {
        self.read(|state| state.faults.hits().clone())
    }
}

fn is_json(answer: &Response<Bytes>) -> bool {
    let media = answer.headers().get(CONTENT_TYPE);
    media.is_some_and(|media| media == "application/json")
}

/// The list of faults is kept with the rest: it may be longer in a later version, which must read
/// an old journal in the old way.
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

    /// What the journal keeps leads to the same strikes, also where a fault cut a request off.
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
        assert_eq!(u64::try_from(live.requests.len()).unwrap(), 200 + doubled);
    }
}
