//! Doubts of this run and of an earlier one.

use super::*;

const CLOCK: Option<Timestamp> = Some(T);

fn unheard() -> BatchMachine {
    BatchMachine::new(id(), T, Prior::None)
}

fn of_another(status: &str) -> BatchWithdrawOrder {
    let mut shown = batch(status, "");
    shown.batch_order_id = OrderId::new("batch-2");
    shown
}

#[track_caller]
fn since(verdict: Result<SubmittedBatch, SubmitError>) -> (String, Option<Timestamp>) {
    let error = verdict.unwrap_err();
    let since = error.attempts().in_doubt_since;
    (name(&Step::Finish(Box::new(Err(error)))), since)
}

#[test]
fn an_answer_about_another_batch_proves_nothing() {
    for status in ["Init", "Processing", "Rejected"] {
        let mut machine = machine();
        let mut shown = complete(T, status);
        shown.batch = of_another(status);
        assert_eq!(name(&machine.read_back(shown)), "wait", "{status}");
        let step = machine.status_read(CLOCK, &of_another(status));
        assert_eq!(name(&step), "wait", "{status}");

        // It settles no doubt either.
        assert_eq!(name(&machine.confirmed(T, Err(lost()))), "read status");
        let late = Some(later(9_999));
        machine.status_read(late, &of_another(status));
        machine.rows_unread(late, &of_another(status), lost());
        assert_eq!(since(machine.give_up()), ("unknown".into(), Some(T)));
    }
    let mut confirmed = machine();
    let step = confirmed.confirmed(T, Ok(of_another("Processing")));
    assert_eq!(name(&step), "read status");
    let mut opened = unheard();
    let step = opened.opened(T, 3, Ok(OrderId::new("batch-2")));
    assert_eq!(name(&step), "wait");
    let step = opened.read_back(complete(T, "Init"));
    assert_eq!(name(&step), "wait, read status");
    let mut appended = machine();
    appended.read_back(seen(T, "Init", 3, |at| at == 0));
    assert_eq!(name(&appended.append_unproven(T)), "read back");
    let step = appended.read_back(seen(later(1), "Init", 3, |at| at == 0));
    assert_eq!(name(&step), "wait");
}

#[test]
fn a_batch_id_in_another_spelling_is_for_a_person() {
    let mut machine = machine();
    let mut shown = complete(T, "Processing");
    shown.batch.batch_order_id = OrderId::new("Batch-1");
    let step = machine.status_read(CLOCK, &shown.batch);
    assert_eq!(name(&step), "wait");
    let fields = vec![Difference::new("batchOrderId", "batch-1", "Batch-1")];
    shown.rows = BatchRows::Incomparable(fields);
    assert_eq!(name(&machine.read_back(shown)), "incomparable");
}

#[test]
fn a_refused_confirmation_is_unknown_until_the_batch_is_read() {
    for refused in [14000, 13006, 11004] {
        let refuse = || {
            let mut machine = machine();
            machine.read_back(complete(T, "Init"));
            machine.confirmed(later(1), Err(code(refused)));
            machine.read_failed(lost());
            machine
        };
        let unread = since(refuse().give_up());
        assert_eq!(unread, ("unknown".into(), Some(later(1))), "{refused}");

        // The state alone tells, whatever becomes of the rows.
        let mut open = refuse();
        open.rows_unread(CLOCK, &batch("Init", ""), lost());
        assert_eq!(since(open.give_up()), ("refused".into(), None), "{refused}");
        let mut paid = refuse();
        paid.rows_unread(CLOCK, &batch("Processing", ""), lost());
        assert_eq!(since(paid.give_up()).0, "unknown", "{refused}");
        let step = paid.read_back(complete(T, "Processing"));
        assert_eq!(name(&step), "done, FoundRecord", "{refused}");
    }
}

#[test]
fn a_batch_that_was_confirmed_once_is_never_confirmed_again() {
    let mut machine = BatchMachine::new(id(), later(7), Prior::InDoubt(None));
    let step = machine.status_read(CLOCK, &batch("Processing", ""));
    assert_eq!(name(&step), "read back");
    let long_after = later(9_999);
    for _ in 0..3 {
        let step = machine.read_back(complete(long_after, "Init"));
        assert_eq!(name(&step), "wait");
        let step = machine.status_read(Some(long_after), &batch("Init", ""));
        assert_eq!(name(&step), "wait");
    }
    // Whoever goes on with it must not find it open and confirm it at once.
    assert_eq!(since(machine.give_up()), ("unknown".into(), Some(later(7))));
    let step = machine.read_back(complete(long_after, "Completed"));
    assert_eq!(name(&step), "done, FoundRecord");
}

#[test]
fn a_status_that_nobody_knows_is_told() {
    let mut machine = machine();
    for _ in 0..20 {
        let step = machine.read_back(complete(T, "Cancelled"));
        assert_eq!(name(&step), "wait");
    }
    machine.read_failed(lost());
    let error = machine.give_up().unwrap_err();
    let SubmitError::Unknown {
        status, attempts, ..
    } = error
    else {
        panic!("{error}")
    };
    assert_eq!(status.as_deref(), Some("Cancelled"));
    assert_eq!(attempts.in_doubt_since, Some(T));
}

#[test]
fn a_batch_that_nobody_knows_is_opened_and_then_ours() {
    for prior in [Prior::None, Prior::InDoubt(None), Prior::InDoubt(Some(T))] {
        let mut machine = BatchMachine::new(id(), T, prior);
        assert_eq!(name(&machine.not_found(CLOCK, code(11003))), "open");
        assert_eq!(name(&machine.opened(T, 3, Ok(id()))), "read back");
        // The look-up may be behind.
        assert_eq!(name(&machine.not_found(CLOCK, code(11003))), "wait");
        let step = machine.read_back(complete(T, "Init"));
        assert_eq!(name(&step), "confirm", "{prior:?}");
    }
}

#[test]
fn a_batch_that_is_there_and_that_nobody_has_heard_of_is_waited_out() {
    let found = |machine: &mut BatchMachine| {
        let step = machine.read_back(complete(later(SETTLE_AFTER.as_secs() - 1), "Init"));
        assert_eq!(name(&step), "wait, read status");
        assert_eq!(since(machine.give_up()), ("unknown".into(), Some(T)));
        let step = machine.read_back(complete(later(SETTLE_AFTER.as_secs()), "Init"));
        assert_eq!(name(&step), "confirm");
    };
    found(&mut unheard());
    // A look-up that was behind, and an opening that says so: it is not ours. Nor does a lost
    // answer say whose it is.
    for answer in [code(11011), lost()] {
        let mut machine = unheard();
        machine.not_found(CLOCK, code(11003));
        assert_eq!(name(&machine.opened(T, 3, Err(answer))), "wait");
        found(&mut machine);
    }
}

#[test]
fn a_batch_of_an_earlier_process_shows_at_the_first_look() {
    let step = unheard().read_back(complete(T, "Processing"));
    assert_eq!(name(&step), "done, FoundRecord");
}

/// Whatever ends the work, what an earlier process may have sent stays in doubt.
#[test]
fn every_error_has_since_when_an_earlier_process_may_have_acted() {
    // Nothing was seen at all, so nothing is proven.
    let mut machine = unheard();
    machine.read_failed(not_sent());
    assert_eq!(since(machine.give_up()), ("unknown".into(), Some(T)));
    let mut machine = BatchMachine::new(id(), T, Prior::InDoubt(None));
    machine.read_failed(not_sent());
    assert_eq!(since(machine.give_up()), ("unknown".into(), None));
    let invalid = unheard().not_sent(not_sent());
    assert_eq!(invalid.attempts().in_doubt_since, Some(T));

    type Answer = fn() -> Error;
    for (answers, verdict) in [
        (&[not_sent as Answer; 3][..], "refused"),
        (&[(|| code(11004)) as Answer; 3], "refused"),
        (&[|| code(14000)], "refused"),
        // An earlier opening may arrive, or the batch is there.
        (&[lost, || code(14000)], "unknown"),
        (&[|| code(11011), || code(14000)], "unknown"),
    ] {
        let mut machine = unheard();
        let mut step = machine.not_found(CLOCK, code(11003));
        for answer in answers {
            assert_eq!(name(&step), "open");
            machine.opened(T, 3, Err(answer()));
            step = machine.not_found(CLOCK, code(11003));
        }
        let Step::Finish(ended) = step else {
            panic!("not finished but {}", name(&step))
        };
        assert_eq!(since(*ended), (verdict.into(), Some(T)));
    }
    // An opening whose id is taken is looked for until the time is up.
    let mut machine = unheard();
    for _ in 0..3 {
        assert_eq!(name(&machine.not_found(CLOCK, code(11003))), "open");
        machine.opened(T, 3, Err(code(11011)));
    }
    assert_eq!(
        name(&machine.not_found(CLOCK, code(11003))),
        "wait, read status"
    );
    assert_eq!(since(machine.give_up()), ("unknown".into(), Some(T)));
}

#[test]
fn what_an_earlier_process_left_is_absent_once_it_can_not_arrive() {
    let refused_at = |clock: Timestamp| {
        let mut machine = BatchMachine::new(id(), T, Prior::InDoubt(Some(T)));
        machine.not_found(Some(clock), code(11003));
        machine.opened(T, 3, Err(code(14000)));
        match machine.not_found(Some(clock), code(11003)) {
            Step::Finish(ended) => since(*ended),
            other => panic!("not finished but {}", name(&other)),
        }
    };
    assert_eq!(refused_at(T), ("unknown".into(), Some(T)));
    assert_eq!(
        refused_at(later(SETTLE_AFTER.as_secs())),
        ("refused".into(), None)
    );
}
