//! Group commit: transactions that share a commit of LMDB.

mod closes;
#[path = "../common/mod.rs"]
mod common;
mod failing_commit;
mod failures_are_isolated;
mod foreign_writer;
mod forks;
mod full_disk;
mod killed;
mod map_growth;
mod serial_order;
mod shares_commits;
mod stale_waiters;
