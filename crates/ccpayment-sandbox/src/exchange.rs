//! From a request to what its line carries back, faults included.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Request, Response};

use crate::fault::{self, Chance, Fault};
use crate::front;
use crate::ops::Op;
use crate::refusal::{INTERNAL, Refusal};
use crate::sandbox::Sandbox;
use crate::v1;

/// What became of a request in process; see [`Sandbox::exchange`].
#[derive(Debug)]
#[non_exhaustive]
pub struct Exchange {
    /// The answer, if a whole one came.
    pub response: Option<Response<Bytes>>,
    /// What struck the request.
    pub fault: Option<Fault>,
}

impl Sandbox {
    /// Answers in process, as [`respond`](Self::respond) does, and tells which fault struck: a
    /// transport of a test turns it into its own kind of error.
    pub async fn exchange(&self, request: Request<Bytes>) -> Exchange {
        let Exchange { response, fault } = self.carry(request).await;
        let response = response.and_then(|response| fault::shown(fault, response));
        Exchange { response, fault }
    }

    /// As [`exchange`](Self::exchange), but the answer is whole even where its line will break it.
    pub(crate) async fn carry(&self, request: Request<Bytes>) -> Exchange {
        let whole = |response| Exchange {
            response: Some(response),
            fault: None,
        };
        if front::is_ours(request.uri().path()) {
            return whole(front::answer(self, request).await);
        }
        let (now, signing) = (self.now(), self.signing_time());
        let sealed = request.uri().path().starts_with(v1::BASE);
        let (mut answer, fault) = match self.shared.gateway.receive(now, signing, request) {
            Ok(arrived) => {
                let mut world = self.world();
                // Without a place to keep it, the request can't be carried out.
                let Ok(envelope) = world.apply(Op::Request(arrived)) else {
                    return Exchange {
                        response: None,
                        fault: None,
                    };
                };
                let fault = world.state.faults.take_struck();
                drop(world);
                let nothing = if sealed {
                    v1::failed(fault::MADE)
                } else {
                    Refusal::new(INTERNAL, fault::MADE).envelope()
                };
                (fault::carried(fault, envelope, &nothing, now), fault)
            }
            Err(answer) => (Some(*answer), None),
        };
        // What a proxy answers in the gateway's place has no seal.
        if sealed && let Some(answer) = answer.as_mut().filter(|it| is_json(it)) {
            self.digest().seal(answer, signing);
        }
        Exchange {
            response: answer,
            fault,
        }
    }

    /// Lets a fault strike that needs no more than the head of a request.
    pub(crate) fn cut(&self, path: &str) -> Option<Fault> {
        let route = self.shared.gateway.name(path)?;
        // Looking and striking are one step: another request could take the fault between them.
        let mut world = self.world();
        world.state.faults.peek(route).filter(|it| it.is_early())?;
        world.apply(Op::Cut(route.to_owned())).ok()?;
        world.state.faults.take_struck()
    }

    /// From now on, each request is struck with a chance of so many in a thousand, by one of
    /// `among`, or of [`Fault::every`] when that is empty. Zero ends it.
    ///
    /// The seed and the number of the request, counted from this call, decide: the same calls in
    /// the same order meet the same faults. A fault that was planned goes first.
    pub fn faults_by_seed(&self, seed: u64, per_mille: u16, among: &[Fault]) {
        self.tell(chance(seed, per_mille, among.to_vec()));
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
pub(crate) fn chance(seed: u64, per_mille: u16, mut among: Vec<Fault>) -> Op {
    if among.is_empty() {
        among = Fault::every();
    }
    Op::Chance(Chance {
        seed,
        per_mille,
        among,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::ops::Arrived;
    use crate::state::State;

    /// What the journal keeps leads to the same strikes, also where a fault cut a request off.
    #[test]
    fn chance_replays() {
        let coin = json!({ "coinId": 1280 });
        let arrived = || Arrived {
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
        go(&mut live, chance(9, 400, Vec::new()));
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
        go(&mut live, chance(9, 0, Vec::new()));
        assert_eq!(go(&mut live, Op::Cut("getCoin".to_owned())), Value::Null);

        let mut again = State::new("app".to_owned(), 7);
        for line in &journal {
            let op: Op = serde_json::from_str(line).unwrap();
            again.apply(1_750_000_000, op).unwrap();
        }
        assert_eq!(again.faults.hits(), live.faults.hits());
        assert_eq!(again.requests, live.requests);
        let twice = |(fault, count): (&Fault, &u64)| match fault {
            Fault::Twice | Fault::TwiceAnswerSecond => *count,
            _ => 0,
        };
        let doubled: u64 = live.faults.hits().iter().map(twice).sum();
        assert_eq!(u64::try_from(live.requests.len()).unwrap(), 200 + doubled);
    }
}
