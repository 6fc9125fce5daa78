//! Group commit: how a closure's changes reach the disk, together with those of other threads that wait for it.
//!
//! A transaction takes the transaction lock, runs its closure, and releases the lock before the wait for the disk.
//! Its changes are then in one of the two groups that [`GroupCommit`](crate::env::GroupCommit) keeps:
//!
//! - **Leader**: nothing was being committed. It took LMDB's lock before its closure ran, so its base is the newest
//!   state and needs no pin. It applies and commits its set on its own thread. A lone caller always leads.
//! - **Follower**: a commit was under way. Its closure ran on a pinned state with the sets of its predecessors laid
//!   over it, and its own set is absorbed into the pending group. When the leader's commit has ended, a member
//!   leads the pending group: it begins LMDB's transaction, checks by its id that nobody wrote in between, applies
//!   the merged set, commits, reports the outcome to all members, and offers the next group.
//!
//! The guarantees, and what they rest on:
//!
//! - **Serial.** The lock is held from before a closure's view is taken until its changes are visible to the next
//!   one: committed, in flight or pending. So closures run one after the other, each on what its predecessor left.
//! - **Durable before reported.** A leader reports its group's outcome after the commit, which begins after its
//!   predecessor's. A closure that changed nothing shares the outcome of the last group it read, since that may yet
//!   fail.
//! - **Nobody in between.** Other mapleaf processes are kept out from before the first follower until the pipeline
//!   is idle. Other programs are noticed by LMDB's id: then all followers get `Conflict`, and nothing of theirs is
//!   applied.
//! - **Faults stay local.** An error, a panic, a failed condition or a set that is too large ends a closure before
//!   anybody sees its set. Only the disk and the map can fail a group, and with it the transactions based on it.
//! - **Everybody gets an outcome.** A leader holds a value that ends its group when it is dropped, also by a panic.

mod follower;
mod leader;
mod made;
mod run;

pub(crate) use run::run;
