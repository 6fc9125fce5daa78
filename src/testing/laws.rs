//! The list of the laws.

use crate::error::{Error, ErrorKind, Result, contained};
use crate::store::Backend;
use crate::testing::changes::{newest_change_of_a_key_wins, values_of_all_sizes_read_back};
use crate::testing::conditions::{all_or_nothing_with_conditions_on_rows, all_or_nothing_with_conditions_on_values};
use crate::testing::contention::{conditional_commits_lose_nothing, transactions_lose_nothing};
use crate::testing::engines::{Engines, Law};
use crate::testing::errors::{bad_keys_are_refused, closed_engines_say_so};
use crate::testing::indexes::indexes_are_distinct;
use crate::testing::model::random_operations_match_a_model;
use crate::testing::restart::a_restart_keeps_all;
use crate::testing::scans::scans_are_ordered;
use crate::testing::snapshots::{snapshots_are_stable, spaces_are_empty_in_older_states};
use crate::testing::spaces::{spaces_are_apart, types_of_a_space_are_fixed};
use crate::testing::stamps::{fields_outside_are_refused, stamps_are_filled};
use crate::testing::transactions::{failed_transactions_change_nothing, transactions_read_their_own_changes};
use crate::testing::waiting::waiting_ends_with_a_commit;

macro_rules! listed {
    ($($law:ident),+ $(,)?) => { vec![$((stringify!($law), $law as Law<B>)),+] };
}

/// All laws, with their names.
#[must_use]
pub fn laws<B: Backend>() -> Vec<(&'static str, Law<B>)> {
    listed![
        scans_are_ordered,
        values_of_all_sizes_read_back,
        newest_change_of_a_key_wins,
        spaces_are_apart,
        types_of_a_space_are_fixed,
        snapshots_are_stable,
        spaces_are_empty_in_older_states,
        transactions_read_their_own_changes,
        failed_transactions_change_nothing,
        indexes_are_distinct,
        all_or_nothing_with_conditions_on_values,
        all_or_nothing_with_conditions_on_rows,
        stamps_are_filled,
        fields_outside_are_refused,
        bad_keys_are_refused,
        random_operations_match_a_model,
        transactions_lose_nothing,
        conditional_commits_lose_nothing,
        waiting_ends_with_a_commit,
        a_restart_keeps_all,
        closed_engines_say_so,
    ]
}

/// Checks all laws, one after the other.
///
/// # Errors
/// The first law that is broken, by its name, and how.
pub fn check_all<B: Backend>(engines: &Engines<B>) -> Result<()> {
    for (name, law) in laws::<B>() {
        let broken = match contained(|| law(engines)) {
            Ok(Ok(())) => continue,
            Ok(Err(error)) => Error::new(error.kind(), format!("the law {name} is broken: {error}")).caused_by(error),
            Err(panic) => Error::new(ErrorKind::Other, format!("the law {name} is broken by a panic: {panic}")),
        };
        return Err(broken);
    }
    Ok(())
}
