//! The laws of a [`Backend`](crate::store::Backend), as functions that check them: for programs that bring an engine of their own.
//!
//! [`check_all`] runs all of them, [`laws`] lists them with their names. Each makes engines of its own, which must be
//! empty, by the function that [`Engines`] holds. The spaces that they open have names as the store layer's have,
//! `__store/testing/...`.
//!
//! ```
//! use mapleaf::store::Memory;
//! use mapleaf::testing::{Engines, check_all};
//! # fn main() -> mapleaf::Result<()> {
//! check_all(&Engines::new(Memory::new).closed_by(Memory::close))
//! # }
//! ```

mod changes;
mod conditions;
mod contention;
mod engines;
mod errors;
mod expect;
mod indexes;
mod laws;
mod model;
mod random;
mod restart;
mod scans;
mod snapshots;
mod spaces;
mod stamps;
mod transactions;
mod waiting;

pub use changes::{newest_change_of_a_key_wins, values_of_all_sizes_read_back};
pub use conditions::{all_or_nothing_with_conditions_on_rows, all_or_nothing_with_conditions_on_values};
pub use contention::{conditional_commits_lose_nothing, transactions_lose_nothing};
pub use engines::{Engines, Law};
pub use errors::{bad_keys_are_refused, closed_engines_say_so};
pub use indexes::indexes_are_distinct;
pub use laws::{check_all, laws};
pub use model::random_operations_match_a_model;
pub use restart::a_restart_keeps_all;
pub use scans::scans_are_ordered;
pub use snapshots::{snapshots_are_stable, spaces_are_empty_in_older_states};
pub use spaces::{spaces_are_apart, types_of_a_space_are_fixed};
pub use stamps::{fields_outside_are_refused, stamps_are_filled};
pub use transactions::{failed_transactions_change_nothing, transactions_read_their_own_changes};
pub use waiting::waiting_ends_with_a_commit;
