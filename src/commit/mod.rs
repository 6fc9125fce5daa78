//! Group commit: which transactions share a commit, which thread leads it, and how the others learn its outcome.
//!
//! This module knows neither files nor LMDB. It has the pipeline of groups, the ticket that a member waits on, the
//! lock that orders transactions, and the delay for which a leader waits for others to join.

mod fair_lock;
mod group_delay;
mod pipeline;
mod ticket;

#[cfg(test)]
mod tests;

pub(crate) use fair_lock::{FairLock, FairLockGuard, return_token};
pub(crate) use group_delay::GroupDelay;
pub(crate) use pipeline::{BasisCheck, CommitPipeline, Group, Joined};
pub(crate) use ticket::{CommitOutcome, CommitTicket, Next};
