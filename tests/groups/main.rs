//! Group commit: transactions that share a commit of LMDB.

mod closes;
#[path = "../common/mod.rs"]
mod common;
mod failing_commit;
mod faults;
mod forks;
mod full_disk;
mod grows;
mod killed;
mod overtaken;
mod serial;
mod shares_commits;
mod stale_waiters;
