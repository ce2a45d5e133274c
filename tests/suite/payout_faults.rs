//! Payouts under every fault that the sandbox's line knows, over real sockets.
//!
//! One backend is enough: `faults` checks for each backend the class of every fault, and the rest
//! depends on the class alone.

use std::time::Duration;

use ccpayment::{ErrorCode, Proof, RecordId, SubmitError, Submitted, Timeouts, Timestamp};
use ccpayment_sandbox::{BadResponse, Fault};

use super::faults::{START, house, payout, takes_time};

const APPLY: &str = "applyAppWithdrawToNetwork";

/// Whether the client reads a sound answer that the gateway gave.
fn is_readable(fault: Fault) -> bool {
    matches!(
        fault,
        Fault::DeliveredTwice
            | Fault::Reply {
                acted: true,
                with: BadResponse::DateOff { .. } | BadResponse::NoDate,
            }
    )
}

#[tokio::test]
async fn a_payout_is_made_once_whatever_becomes_of_its_submit() {
    for fault in Fault::every() {
        let mut house = house().await;
        if takes_time(&fault) {
            house = house.hasty();
        }
        house.sandbox.plan_fault(APPLY, fault);
        let request = payout("payout-1", "10");
        let paid = (house.client.payout(&request).await)
            .unwrap_or_else(|error| panic!("{fault:?}: {error}"));
        assert_eq!(house.debits(), 1, "{fault:?}");
        let made = &house.sandbox.payouts()[0];
        assert_eq!(made.record_id, paid.created.as_str(), "{fault:?}");
        assert_eq!(house.sandbox.fault_hits()[&fault], 1);
        if is_readable(fault) {
            assert_eq!((paid.proof, paid.attempts.lookups), (Proof::Accepted, 0));
        } else {
            assert!(paid.attempts.lookups > 0, "{fault:?}: {:?}", paid.attempts);
        }
        house.close().await;
    }
}

#[tokio::test]
async fn a_payout_is_made_once_whatever_becomes_of_its_look_up() {
    for fault in Fault::every() {
        let mut house = house().await;
        if takes_time(&fault) {
            house = house.hasty();
        }
        house.sandbox.plan_fault(APPLY, Fault::ActThenDrop);
        house.sandbox.plan_fault("getAppWithdrawRecord", fault);
        let paid = (house.client.payout(&payout("payout-1", "10")).await)
            .unwrap_or_else(|error| panic!("{fault:?}: {error}"));
        assert_eq!(paid.proof, Proof::FoundRecord, "{fault:?}");
        assert_eq!(paid.attempts.submits, 1, "{fault:?}");
        assert_eq!(house.debits(), 1, "{fault:?}");
        house.close().await;
    }
}

#[tokio::test]
async fn a_line_that_never_heals_leaves_the_outcome_unknown() {
    for (fault, debits) in [
        (Fault::ActThenDrop, 1),
        (Fault::DropBeforeActing, 0),
        (Fault::Reset { acted: true }, 1),
        (Fault::Refused, 0),
    ] {
        let house = house().await;
        house.sandbox.faults_by_seed(1, 1000, &[fault]);
        let request = payout("payout-1", "10");
        let error = house.client.payout(&request).await.unwrap_err();
        assert!(matches!(error, SubmitError::Unknown { .. }), "{error}");
        assert_eq!(house.debits(), debits, "{fault:?}");
        house.close().await;
    }
}

#[tokio::test]
async fn a_refusal_counts_once_nothing_is_in_doubt() {
    let house = house().await;
    let patient = Timeouts::new(Duration::from_secs(20), Duration::from_secs(600));
    let client = house.client.clone().with_timeouts(patient);
    house.sandbox.plan_fault(APPLY, Fault::ResetMidRequest);
    let error = client
        .payout(&payout("payout-1", "1000"))
        .await
        .unwrap_err();
    assert_eq!(
        error.code(),
        Some(ErrorCode::BalanceInsufficient),
        "{error}"
    );
    assert_eq!(house.debits(), 0);
    house.close().await;
}

/// What a verdict promises about the number of debits.
fn promised(verdict: &Result<Submitted<RecordId>, SubmitError>) -> &'static [usize] {
    match verdict {
        Ok(_) => &[1],
        Err(SubmitError::Refused { .. }) => &[0],
        Err(SubmitError::Unknown { .. }) => &[0, 1],
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn verdicts_hold_whatever_a_seed_brings() {
    let mut among = Fault::every();
    among.retain(|fault| !takes_time(fault));
    let (mut unknown, mut hits) = (0, 0);
    for seed in 0..40 {
        let house = house().await;
        house.sandbox.faults_by_seed(seed, 700, &among);
        let request = payout("payout-1", "10");
        let verdict = house.client.payout(&request).await;
        let debits = house.debits();
        assert!(promised(&verdict).contains(&debits), "{seed}: {verdict:?}");
        hits += house.sandbox.fault_hits().values().sum::<u64>();

        // Later, on a line that works, a doubt is settled for good.
        house.sandbox.faults_by_seed(seed, 0, &[]);
        house.sandbox.advance(Duration::from_secs(600));
        if let Err(SubmitError::Unknown { attempts, .. }) = verdict {
            unknown += 1;
            let since = attempts.in_doubt_since.unwrap_or(Timestamp::new(START));
            let settled = house.client.settle(&request, since).await;
            assert!(promised(&settled).contains(&house.debits()), "{seed}");
            let for_good = matches!(settled, Ok(_) | Err(SubmitError::Refused { .. }));
            assert!(for_good, "{seed}: {settled:?}");
        }
        house.close().await;
    }
    assert!(unknown > 0 && hits > 100, "{unknown} {hits}");
}
