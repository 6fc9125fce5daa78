//! Transactions, savepoints, batches and submitted batches.
#![allow(unreachable_pub, reason = "each module uses its part of the others")]

mod atomic;
mod batch_conditions;
mod batch_submit;
mod counters;
mod dropped_dbis;
#[path = "../common/errors.rs"]
mod errors;
mod fills_pages;
mod keeps_wakes;
mod limits;
mod many_pages;
mod nested;
mod one_after_another;
mod savepoint_undo;
mod snapshots;
mod submit_backlog;
mod submit_wakers;
