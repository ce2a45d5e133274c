//! Rows that are missing, late, or other than requested.

use super::*;

fn with_rows(status: &str, rows: BatchRows) -> Snapshot {
    let mut shown = complete(T, status);
    shown.rows = rows;
    shown
}

fn unclear() -> BatchRows {
    BatchRows::Incomparable(vec![Difference::new("memo", "none", "7")])
}

fn incomplete() -> BatchRows {
    BatchRows::Incomplete { field: "address" }
}

#[track_caller]
fn unmatched(step: Step) -> (Vec<&'static str>, Option<Timestamp>) {
    let error = refusal(step);
    let SubmitError::Refused {
        reason: RefusalReason::Unmatched { fields },
        attempts,
        ..
    } = &error
    else {
        panic!("{error}")
    };
    let fields = fields.iter().map(|it| it.field).collect();
    (fields, attempts.in_doubt_since)
}

#[test]
fn rows_that_were_accepted_and_do_not_show_are_not_sent_again() {
    let mut opened = BatchMachine::new(id(), T, Prior::None);
    opened.not_found(Some(T), code(11003));
    opened.opened(later(2), 3, Ok(id()));
    let mut appended = machine();
    let step = appended.read_back(seen(T, "Init", 3, |at| at == 0));
    assert_eq!(name(&step), "append 2");
    appended.appended(later(2), Ok(()));
    let long_after = later(9_999);
    for mut machine in [opened, appended] {
        let two = || seen(long_after, "Init", 3, |at| at < 2);
        for _ in 0..7 {
            assert_eq!(name(&machine.read_back(two())), "wait");
        }
        // Not confirmed, and what was sent may still show.
        let step = machine.read_back(two());
        assert_eq!(unmatched(step), (vec!["orders"], Some(later(2))));
        // As soon as all of them show, it goes on.
        let step = machine.read_back(complete(long_after, "Init"));
        assert_eq!(name(&step), "confirm");
        assert_eq!(
            machine.give_up().unwrap_err().attempts().in_doubt_since,
            None
        );
    }
}

#[test]
fn rows_of_an_append_that_says_nothing_are_sent_again_once_they_can_not_arrive_and_not_for_ever() {
    let mut machine = machine();
    let two = |at| seen(later(at), "Init", 3, |row| row < 2);
    assert_eq!(name(&machine.read_back(two(0))), "append 1");
    for resent in 0..2 {
        let sent_at = 1_000 * resent;
        assert_eq!(name(&machine.append_unproven(later(sent_at))), "read back");
        let step = machine.read_back(two(sent_at + SETTLE_AFTER.as_secs() - 1));
        assert_eq!(name(&step), "wait");
        let step = machine.read_back(two(sent_at + SETTLE_AFTER.as_secs()));
        assert_eq!(name(&step), "append 1");
    }
    machine.append_unproven(later(2_000));
    // It may be late, and then all is well.
    let step = machine.read_back(complete(later(2_001), "Init"));
    assert_eq!(name(&step), "confirm");
    let mut never = self::machine();
    never.read_back(two(0));
    for sent_at in [0, 1_000, 2_000] {
        never.append_unproven(later(sent_at));
        never.read_back(two(sent_at + SETTLE_AFTER.as_secs()));
    }
    let step = never.read_back(two(3_000));
    assert_eq!(unmatched(step), (vec!["orders"], None));
}

#[test]
fn rows_that_can_not_be_matched_are_refused_while_the_batch_is_open() {
    let step = machine().read_back(with_rows("Init", unclear()));
    assert_eq!(unmatched(step), (vec!["memo"], None));
    let mut late = machine();
    for _ in 0..7 {
        let step = late.read_back(with_rows("Init", incomplete()));
        assert_eq!(name(&step), "wait");
    }
    let step = late.read_back(with_rows("Init", incomplete()));
    assert_eq!(unmatched(step), (vec!["address"], None));
    // The time may end before.
    let mut short = machine();
    short.read_back(with_rows("Init", incomplete()));
    let step = Step::Finish(Box::new(short.give_up()));
    assert_eq!(unmatched(step), (vec!["address"], None));
}

#[test]
fn rows_that_can_not_be_matched_are_no_refusal_while_a_confirmation_is_in_doubt() {
    for rows in [unclear, incomplete] {
        let mut machine = BatchMachine::new(id(), T, Prior::InDoubt(Some(T)));
        for _ in 0..20 {
            let mut shown = with_rows("Init", rows());
            shown.clock = Some(T);
            assert_eq!(name(&machine.read_back(shown)), "wait, read status");
        }
        let unsettled = machine.give_up().unwrap_err();
        assert!(
            matches!(unsettled, SubmitError::Unknown { .. }),
            "{unsettled}"
        );
        let mut shown = with_rows("Init", rows());
        shown.clock = Some(later(SETTLE_AFTER.as_secs()));
        assert_eq!(unmatched(machine.read_back(shown)).1, None);
    }
}

#[test]
fn rows_that_can_not_be_matched_are_for_a_person_once_the_batch_is_confirmed() {
    let step = machine().read_back(with_rows("Completed", unclear()));
    assert_eq!(name(&step), "incomparable");
    let mut late = machine();
    for seen in 1..8 {
        let step = late.read_back(with_rows("Processing", incomplete()));
        assert_eq!(name(&step), "wait");
        let given_up = Step::Finish(Box::new(late.give_up()));
        let verdict = if seen < 3 { "unknown" } else { "incomparable" };
        assert_eq!(name(&given_up), verdict, "{seen}");
    }
    let step = late.read_back(with_rows("Processing", incomplete()));
    assert_eq!(name(&step), "incomparable");
}

/// Wanted rows may be paid beside them, so nobody may be told that nothing is.
#[test]
fn rows_more_than_the_wanted_ones_are_a_conflict_only_while_the_batch_is_open() {
    let more = || BatchRows::Differ(vec![Difference::new("orders", "no such row", "row 4")]);
    let step = machine().read_back(with_rows("Init", more()));
    assert_eq!(name(&step), "conflict");
    let step = machine().read_back(with_rows("Processing", more()));
    assert_eq!(name(&step), "incomparable");
    // Nothing of it is paid.
    let step = machine().read_back(with_rows("Rejected", more()));
    assert_eq!(name(&step), "refused");
    for rows in [unclear, incomplete] {
        let step = machine().read_back(with_rows("Rejected", rows()));
        assert_eq!(name(&step), "refused");
    }
}
