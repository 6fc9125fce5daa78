//! Group commit: the whole path of a commit, from the closure's view to the disk. Transactions that wait for the disk
//! at the same time share a commit.
//!
//! A transaction takes the fair lock, runs its closure, and releases the lock before the wait for the disk. Its
//! changes are then in one of two places, which [`GroupCommit`] keeps:
//!
//! - If no commit is in progress, the transaction **leads**. It took LMDB's lock before its closure ran, so its view
//!   is the newest state and needs no pin. It applies its set and commits, all on its own thread. A lone caller never
//!   does anything else.
//! - If a commit is in progress, the transaction **follows**. Its closure ran on a pinned state with the sets of its
//!   predecessors laid over it, and its own set is absorbed into the pending group. When the leader's commit has
//!   ended, one waiting member leads that group: it begins LMDB's transaction, checks by LMDB's id that no other
//!   writer came in between, applies the merged set, commits, wakes all members, and offers the next group to one of
//!   its members. A leader of shared commits waits up to a millisecond for threads that shared the last one.
//!
//! Guarantees:
//!
//! - **Serial.** A transaction holds the fair lock from before its view is made until its changes are where the next
//!   view finds them: committed, in flight or pending. So closures run one after the other, each on the state that
//!   its predecessor left.
//! - **Durable before acknowledged.** A leader sets the outcome of its group's ticket after its commit, which begins
//!   after that of its predecessor. A closure that changed nothing waits for the last group that it read, since that
//!   group may yet fail.
//! - **No writer in between.** Other mapleaf processes are kept out from before the first closure follows until no
//!   group is left. Other programs are noticed by LMDB's id: then all followers get `Conflict`, and none of their
//!   changes is applied.
//! - **Changes of DBIs are committed alone**, except that DBIs are created. Such a transaction keeps the fair lock
//!   until it is committed, so nobody runs on its set. One that follows waits for its predecessors first.
//! - **A fault affects its own transaction alone.** An error, a panic, a failed condition or a set too large ends a
//!   closure before any other transaction sees its set. Only failures of the disk and the map fail a group, and with
//!   it the followers on top.
//! - **Every member learns the outcome.** The leader's duty to end its group is a value that does so when dropped,
//!   also by a panic.

mod apply;
mod busy;
mod committer;
mod follower;
mod group_commit;
mod group_delay;
mod held;
mod leader;
mod moving;
mod pipeline;
mod refill;
mod schema_plan;
pub(crate) mod session;
mod take_back;
mod ticket;
mod writer_access;
mod writing;

#[cfg(test)]
mod tests;

pub(crate) use busy::busy;
pub(crate) use committer::{Committer, is_committer};
pub(crate) use group_commit::GroupCommit;
pub(crate) use held::{Held, durability_of};
pub(crate) use leader::{commit_exclusively, remove_leftovers};
pub(crate) use session::{Session, write, write_as_writer};
pub(crate) use ticket::CommitOutcome;
pub(crate) use writer_access::{WriterAccess, lock_writer, lock_writer_until};
pub(crate) use writing::{check_not_writing, end_writing, is_writing};
