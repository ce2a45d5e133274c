//! What every store has to do.

pub(crate) mod changes;
pub(crate) mod claims;
pub(crate) mod keys;
pub(crate) mod received;
pub(crate) mod reports;
pub(crate) mod stored;
pub(crate) mod tables;

/// Runs the suite for a fixture.
macro_rules! suite {
    ($fixture:ty: $($module:ident::{$($test:ident,)+})+) => {$(
        mod $module {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    crate::suite::$module::$test::<$fixture>().await;
                }
            )+
        }
    )+};
    ($fixture:ty) => {
        crate::suite::suite! { $fixture:
            changes::{
                with_its_fence_only,
                all_of_it_or_nothing,
                due_again_after_its_time,
                due_at_once_when_hastened_meanwhile,
                parked_and_released,
                after_all_time,
                whatever_its_reason_has,
            }
            claims::{
                in_order_up_to_the_limit,
                again_when_the_lease_has_ended,
                of_one_merchant_and_queue,
                by_many_each_once,
                hastened_when_nobody_has_it,
                after_the_clock_was_set_back,
            }
            keys::{
                an_entry_once,
                nothing_of_a_transaction_rolled_back,
                a_delivery_once_a_status,
                a_key_once_with_its_digest,
                closed_only_when_parked,
                released_only_when_parked,
                reopened_by_its_verdict_only,
                a_position_moves_forward_only,
                pruned_but_for_keys,
                everything_is_read_as_written,
            }
            stored::{
                rows_of_version_0_1,
            }
            received::{
                filed_by_the_next_claim,
                opened_again_where_it_was_not_credited,
                more_than_a_statement_and_a_filing_take,
                due_when_something_new_is_told,
                no_gap_when_it_was_told,
                while_others_come_and_file,
            }
            reports::{
                counted,
                listed_the_oldest_first,
                unreadable_words,
            }
            tables::{
                two_names_in_one_database,
                migrated_by_many_at_once,
                beside_a_merchants_migrations,
                checked,
                invalid_names,
            }
        }
    };
}
pub(crate) use suite;

/// The fixture of a test, or an end of it where there is no server.
macro_rules! fixture {
    ($fixture:ident::$kind:ident($test:literal)) => {
        match $fixture::$kind($test).await {
            Some(fixture) => fixture,
            None => return,
        }
    };
}
pub(crate) use fixture;
