//! Transactions, savepoints, batches and submitted batches, and the threads that may use them.

mod atomic;
mod auto_traits;
mod batch_conditions;
mod batch_pairs_unchanged;
mod batch_ranges;
mod batch_submit;
mod changes_in_place;
#[path = "../common/mod.rs"]
mod common;
mod consecutive_transactions;
mod counters;
mod created_dbis;
mod dropped_dbis;
mod durabilities;
mod failing_closures;
mod fills_pages;
mod held;
mod large_values;
mod limits;
mod many_pages;
mod nested;
mod readers;
mod reserved_values;
mod savepoint_undo;
mod snapshots;
mod submit_backlog;
mod submit_wakers;
mod time_limits;
mod waits_for_commits;
mod wake_ups_are_kept;
