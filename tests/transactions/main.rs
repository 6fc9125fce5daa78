//! Transactions, savepoints, batches and submitted batches, and the threads that may use them.

mod atomic;
mod auto_traits;
mod batch_conditions;
mod batch_submit;
mod changes_in_place;
#[path = "../common/mod.rs"]
mod common;
mod consecutive_transactions;
mod counters;
mod dropped_dbis;
mod failing_closures;
mod fills_pages;
mod limits;
mod many_pages;
mod nested;
mod reserved_values;
mod savepoint_undo;
mod snapshots;
mod submit_backlog;
mod submit_wakers;
mod time_limits;
mod wake_ups_are_kept;
