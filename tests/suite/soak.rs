//! The books under random operations, in a run that is short enough for every day; `cargo xtask
//! soak` makes the long one.

use ccpayment_tests::soak::Soak;

const OPERATIONS: u32 = 20_000;

#[tokio::test]
async fn the_books_balance_over_random_operations_of_every_kind() {
    let mut soak = Soak::new(20_260_101).unwrap();
    for operation in 1..=OPERATIONS {
        let step = soak.step().await;
        step.unwrap_or_else(|error| panic!("operation {operation}: {error}"));
    }
    let entries = soak.recount().unwrap();
    assert!(entries > 5_000, "only {entries} entries");
    for (kind, tally) in soak.tallies() {
        assert!(
            tally.done > 0,
            "no {kind} of {} did anything",
            tally.attempts
        );
    }
    assert_eq!(soak.tallies().len(), 21);
}
