//! The decisions of `SubmitMachine`, one by one.

use bytes::Bytes;
use ccpayment_core::v2::{ApplyAppWithdrawToNetwork, ApplyAppWithdrawToNetworkResponse};
use ccpayment_core::{
    Address, Chain, CoinId, ErrorCode, OrderId, RecordId, RecordMatch, TIMESTAMP_WINDOW, Timestamp,
    decode,
};

use super::machine::Next;
use crate::error::{Error, RequestInfo};
use crate::outcome::SETTLE_AFTER;
use crate::outcome::{Proof, RefusalReason, SubmitError, Submitted};
use crate::transport::TransportError;

type SubmitMachine = super::machine::SubmitMachine<RecordId>;
type LookupResult = super::machine::LookupResult<RecordId>;
type Step = super::machine::Step<RecordId>;

const T: Timestamp = Timestamp::new(1_700_000_000);

fn call() -> Box<RequestInfo> {
    RequestInfo::of(&ApplyAppWithdrawToNetwork::new(
        OrderId::new("payout-1"),
        CoinId::new(1280),
        Chain::new("POLYGON"),
        Address::new("0x1"),
        "1".parse().unwrap(),
    ))
}

fn machine() -> SubmitMachine {
    SubmitMachine::new(OrderId::new("payout-1"), "getAppWithdrawRecord", true, None)
}

fn answer(body: &str) -> Error {
    let response = http::Response::new(Bytes::copy_from_slice(body.as_bytes()));
    let source = decode::<ApplyAppWithdrawToNetworkResponse>(&response).unwrap_err();
    Error::Answer {
        request: call(),
        source,
    }
}

fn code(code: u64) -> Error {
    answer(&format!(r#"{{"code":{code},"msg":"words"}}"#))
}

fn lost() -> Error {
    Error::Transport {
        request: call(),
        source: TransportError::MaybeSent("reset".into()),
    }
}

fn not_sent() -> Error {
    Error::Transport {
        request: call(),
        source: TransportError::NotSent("refused".into()),
    }
}

/// The gateway accepted a lookup that was signed then, and found nothing.
fn nothing(signed_at: Timestamp) -> LookupResult {
    let clock = Timestamp::new(signed_at.get() - TIMESTAMP_WINDOW.as_secs());
    LookupResult::Nothing(Some(clock), Some(code(11003)))
}

fn same(record_id: &str) -> RecordMatch {
    RecordMatch::Matches {
        created: RecordId::new(record_id),
        status: Some("Processing".into()),
    }
}

fn later(seconds: u64) -> Timestamp {
    Timestamp::new(T.get() + seconds)
}

#[track_caller]
fn verdict(step: Step) -> Result<Submitted<RecordId>, SubmitError> {
    match step {
        Step::Finish(verdict) => *verdict,
        other => panic!("not finished but {}", name(&other)),
    }
}

fn name(step: &Step) -> &'static str {
    match step {
        Step::Submit => "submit",
        Step::Lookup => "lookup",
        Step::Wait {
            then: Next::Submit, ..
        } => "wait, submit",
        Step::Wait {
            then: Next::Lookup, ..
        } => "wait, lookup",
        Step::Finish(_) => "finish",
    }
}

#[test]
fn an_accepted_submit_is_done() {
    let paid = verdict(machine().submitted(T, Ok(RecordId::new("r1")))).unwrap();
    assert_eq!((paid.created.as_str(), paid.proof), ("r1", Proof::Accepted));
    assert_eq!(
        (paid.attempts.submits, paid.attempts.in_doubt_since),
        (1, None)
    );
}

#[test]
fn the_first_answer_decides_by_what_it_may_have_done() {
    for (error, next) in [
        // Definite refusals.
        (code(14000), "finish"),
        (code(11000), "finish"),
        (code(11005), "finish"),
        (code(11006), "finish"),
        (code(13004), "finish"),
        // Refused before any work, for seconds.
        (code(11004), "wait, submit"),
        (code(11018), "wait, submit"),
        (not_sent(), "wait, submit"),
        // Anything that says nothing certain.
        (code(10001), "lookup"),
        (code(11002), "lookup"),
        (code(11007), "lookup"),
        (code(11011), "lookup"),
        (code(99999), "lookup"),
        (lost(), "lookup"),
        (
            answer(r#"{"code":10000,"msg":"success","data":null}"#),
            "lookup",
        ),
        (
            answer(r#"{"code":10000,"msg":"success","data":{"recordId":""}}"#),
            "lookup",
        ),
        (answer("<html>502</html>"), "lookup"),
        (answer(""), "lookup"),
    ] {
        let text = error.to_string();
        assert_eq!(name(&machine().submitted(T, Err(error))), next, "{text}");
    }
}

#[test]
fn after_a_doubt_no_refusal_settles_anything() {
    for refusal in [14000, 12002, 11005, 11000] {
        let mut machine = machine();
        assert_eq!(name(&machine.submitted(T, Err(lost()))), "lookup");
        assert_eq!(name(&machine.looked_up(nothing(T))), "wait, submit");
        assert_eq!(
            name(&machine.submitted(later(2), Err(code(refusal)))),
            "lookup"
        );
        // Absent, but the first attempt may still be on its way: look on, submit no more.
        let absent = |m: &mut SubmitMachine, at| m.looked_up(nothing(at));
        assert_eq!(name(&absent(&mut machine, later(3))), "wait, lookup");
        assert_eq!(
            name(&absent(&mut machine, later(SETTLE_AFTER.as_secs() - 1))),
            "wait, lookup"
        );
        let error = verdict(absent(&mut machine, later(SETTLE_AFTER.as_secs()))).unwrap_err();
        assert_eq!(error.code(), Some(ErrorCode::from(refusal)));
        assert_eq!(error.attempts().submits, 2);
    }
}

#[test]
fn after_a_doubt_and_a_refusal_the_record_still_wins() {
    let mut machine = machine();
    machine.submitted(T, Err(lost()));
    machine.looked_up(nothing(T));
    machine.submitted(later(2), Err(code(14000)));
    let found = LookupResult::Found(same("r1"));
    let paid = verdict(machine.looked_up(found)).unwrap();
    assert_eq!(paid.proof, Proof::FoundRecord);
}

#[test]
fn time_up_in_doubt_is_unknown_and_without_doubt_is_not() {
    let mut doubtful = machine();
    doubtful.submitted(T, Err(lost()));
    let error = doubtful.give_up().unwrap_err();
    assert!(matches!(
        &error,
        SubmitError::Unknown {
            settled_by: "getAppWithdrawRecord",
            ..
        }
    ));
    assert_eq!(error.attempts().in_doubt_since, Some(T));

    let mut unsent = machine();
    for expected in ["wait, submit", "wait, submit", "finish"] {
        let step = unsent.submitted(T, Err(not_sent()));
        assert_eq!(name(&step), expected);
        if let Step::Finish(verdict) = step {
            let error = verdict.unwrap_err();
            assert!(matches!(
                error,
                SubmitError::Refused {
                    reason: RefusalReason::NotSent(_),
                    ..
                }
            ));
        }
    }

    let mut limited = machine();
    limited.submitted(T, Err(code(11004)));
    assert_eq!(
        limited.give_up().unwrap_err().code(),
        Some(ErrorCode::RateLimit)
    );
}

#[test]
fn a_failed_lookup_never_speaks_for_the_payout() {
    let mut machine = machine();
    machine.submitted(T, Err(lost()));
    for error in [code(11006), code(14000), lost(), not_sent(), answer("")] {
        assert_eq!(
            name(&machine.looked_up(LookupResult::Failed(error))),
            "wait, lookup"
        );
    }
    assert!(matches!(
        machine.give_up().unwrap_err(),
        SubmitError::Unknown { .. }
    ));
}

#[test]
fn a_taken_order_id_is_never_absent() {
    let mut machine = machine();
    assert_eq!(name(&machine.submitted(T, Err(code(11011)))), "lookup");
    let step = machine.looked_up(nothing(later(SETTLE_AFTER.as_secs() * 9)));
    assert_eq!(name(&step), "wait, lookup");
    assert!(matches!(
        machine.give_up().unwrap_err(),
        SubmitError::Unknown { .. }
    ));
}

/// A record that says too little is one, whatever a later look-up does not find.
#[test]
fn what_was_seen_is_neither_absent_nor_made_again() {
    let seen = || LookupResult::Found(RecordMatch::Incomplete { field: "amount" });
    let absent = || nothing(later(SETTLE_AFTER.as_secs() * 9));
    let is_unknown = |machine: &mut SubmitMachine| {
        let error = machine.give_up().unwrap_err();
        assert!(matches!(error, SubmitError::Unknown { .. }), "{error}");
    };

    // Before anything was sent, where a repeat would be paid; a failed look-up decides nothing.
    let mut first = SubmitMachine::new(OrderId::new("payout-1"), "get_order_info", false, None);
    first.first();
    for answer in [LookupResult::Failed(not_sent()), seen(), absent(), absent()] {
        assert_eq!(name(&first.looked_up(answer)), "wait, lookup");
    }
    is_unknown(&mut first);

    // In doubt.
    let mut doubtful = machine();
    doubtful.submitted(T, Err(lost()));
    for answer in [seen(), absent()] {
        assert_eq!(name(&doubtful.looked_up(answer)), "wait, lookup");
    }
    is_unknown(&mut doubtful);

    // In another process.
    let mut settling = SubmitMachine::new(OrderId::new("payout-1"), "get", true, Some(T));
    for answer in [seen(), absent()] {
        assert_eq!(name(&settling.looked_up(answer)), "wait, lookup");
    }
    is_unknown(&mut settling);
    let paid = verdict(settling.looked_up(LookupResult::Found(same("r"))));
    assert_eq!(paid.unwrap().proof, Proof::FoundRecord);
}

#[test]
fn a_proven_absence_allows_a_fresh_start_under_the_same_id() {
    let mut machine = machine();
    machine.submitted(T, Err(lost()));
    let step = machine.looked_up(nothing(later(SETTLE_AFTER.as_secs())));
    assert_eq!(name(&step), "wait, submit");
    // The doubt is gone, so a refusal now is the whole truth.
    let error = verdict(machine.submitted(later(SETTLE_AFTER.as_secs() + 1), Err(code(14000))));
    assert_eq!(
        error.unwrap_err().code(),
        Some(ErrorCode::BalanceInsufficient)
    );
}

#[test]
fn a_later_doubt_starts_the_wait_anew() {
    let mut machine = machine();
    machine.submitted(T, Err(lost()));
    machine.looked_up(nothing(later(1)));
    machine.submitted(later(100), Err(lost()));
    let step = machine.looked_up(nothing(later(SETTLE_AFTER.as_secs() + 99)));
    assert_ne!(name(&step), "finish");
    assert_eq!(
        machine.give_up().unwrap_err().attempts().in_doubt_since,
        Some(later(100))
    );
}

#[test]
fn submits_are_bounded_and_then_only_looked_up() {
    let mut machine = machine();
    for _ in 0..2 {
        machine.submitted(T, Err(lost()));
        assert_eq!(name(&machine.looked_up(nothing(T))), "wait, submit");
    }
    machine.submitted(T, Err(lost()));
    assert_eq!(name(&machine.looked_up(nothing(T))), "wait, lookup");
}

#[test]
fn what_is_found_ends_it() {
    let judged = |found| {
        let mut machine = machine();
        machine.submitted(T, Err(code(11011)));
        machine.looked_up(LookupResult::Found(found))
    };
    let record_id = RecordId::new("r1");
    let ended = RecordMatch::Ended {
        record_id: record_id.clone(),
        status: "Rejected".into(),
        reason: None,
    };
    let error = verdict(judged(ended)).unwrap_err();
    assert!(
        matches!(
            &error,
            SubmitError::Refused {
                reason: RefusalReason::Ended { .. },
                ..
            }
        ),
        "{error}"
    );
    let differs = RecordMatch::Conflicts {
        record_id: Some(record_id),
        fields: Vec::new(),
    };
    let error = verdict(judged(differs)).unwrap_err();
    assert!(matches!(&error, SubmitError::Conflict { .. }), "{error}");
    assert_eq!(
        name(&judged(RecordMatch::Incomplete { field: "toAddress" })),
        "wait, lookup"
    );
}

#[test]
fn settling_looks_and_never_submits() {
    let id = || OrderId::new("payout-1");
    let settling = || SubmitMachine::new(id(), "getAppWithdrawRecord", true, Some(T));
    assert_eq!(name(&settling().first()), "lookup");
    assert_eq!(name(&machine().first()), "submit");
    let absent = |at| settling().looked_up(nothing(at));
    assert_eq!(name(&absent(later(1))), "wait, lookup");
    let error = verdict(absent(later(SETTLE_AFTER.as_secs()))).unwrap_err();
    assert!(
        matches!(
            error,
            SubmitError::Refused {
                reason: RefusalReason::Absent,
                ..
            }
        ),
        "{error}"
    );
}

/// In v1 an absence is an empty list, so there is no error to hold it.
#[test]
fn settling_knows_an_absence_that_is_no_error() {
    let mut settling =
        SubmitMachine::new(OrderId::new("payout-1"), "get_order_info", false, Some(T));
    let nothing = LookupResult::Nothing(Some(later(SETTLE_AFTER.as_secs())), None);
    let error = verdict(settling.looked_up(nothing)).unwrap_err();
    assert!(
        matches!(
            error,
            SubmitError::Refused {
                reason: RefusalReason::Absent,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(error.outcome(), crate::Outcome::NotSent);
}

/// A gateway that may pay twice under one id: v1, of which nothing else is documented.
#[test]
fn where_repeats_are_not_refused_nothing_is_sent_blindly() {
    let machine = || SubmitMachine::new(OrderId::new("payout-1"), "get_order_info", false, None);
    let absent = |seconds| LookupResult::Nothing(Some(later(seconds)), None);

    // What an earlier process paid is found before anything is sent.
    let mut found = machine();
    assert_eq!(name(&found.first()), "lookup");
    let paid = verdict(found.looked_up(LookupResult::Found(same("r")))).unwrap();
    assert_eq!((paid.proof, paid.attempts.submits), (Proof::FoundRecord, 0));

    // Nothing there: one submit. In doubt it is looked for, and never sent again.
    let mut lost_one = machine();
    lost_one.first();
    assert_eq!(name(&lost_one.looked_up(absent(0))), "submit");
    assert_eq!(name(&lost_one.submitted(T, Err(lost()))), "lookup");
    for seconds in [0, 60, 179] {
        let step = lost_one.looked_up(absent(seconds));
        assert_eq!(name(&step), "wait, lookup", "{seconds}");
    }
    // No clock of the gateway's own, no proof.
    let step = lost_one.looked_up(LookupResult::Nothing(None, None));
    assert_eq!(name(&step), "wait, lookup");
    // Its own clock is past the submit's window: the same id may be used again.
    assert_eq!(name(&lost_one.looked_up(absent(180))), "wait, submit");

    // A lookup that fails says nothing, so nothing is sent.
    let mut blind = machine();
    blind.first();
    assert_eq!(
        name(&blind.looked_up(LookupResult::Failed(lost()))),
        "wait, lookup"
    );
    assert_eq!(name(&blind.looked_up(absent(0))), "submit");
}
