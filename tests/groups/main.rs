//! Transactions that share a commit.
#![allow(unreachable_pub, reason = "each module uses its part of the others")]

mod closes;
#[path = "../common/errors.rs"]
mod errors;
mod failing_commit;
mod faults;
mod forks;
mod full_disk;
mod grows;
mod killed;
#[path = "../common/mount.rs"]
mod mount;
mod overtaken;
#[path = "../common/process.rs"]
mod process;
mod serial;
mod shares_commits;
#[path = "../common/stacked.rs"]
mod stacked;
mod stale_waiters;
