//! Group commit: which transactions share a commit, who leads it, and how the others learn its outcome.
//!
//! What is here knows neither files nor LMDB: the pipeline of groups, the ticket that a member waits on, the lock that orders
//! transactions, and how long a leader waits for others to join.

mod committer;
mod fair_lock;
mod group_delay;
mod pipeline;
mod ticket;
mod writing;

#[cfg(test)]
mod tests;

pub(crate) use committer::{Backlog, Committer, is_committer};
pub(crate) use fair_lock::{FairLock, FairLockGuard, return_token};
pub(crate) use group_delay::GroupDelay;
pub(crate) use pipeline::{BasisCheck, CommitPipeline, GROUP_BYTES, Group, Joined};
pub(crate) use ticket::{CommitOutcome, CommitTicket, Next};
pub(crate) use writing::{Wait, Writing, check_not_writing, is_writing};
