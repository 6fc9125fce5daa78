//! Group commit: how a closure's changes come to the disk, with those of others where they wait for it together.
//!
//! A transaction takes the **turn**, runs its closure, and hands on the turn before the disk is waited for. What it changed
//! is then in one of two places, which [`GroupCommit`](crate::env::GroupCommit) keeps:
//!
//! - Nothing was being committed: it **leads**. It took LMDB's lock before its closure ran, so the state it stands on is the
//!   newest and needs no pin; it applies its set and commits, all on its thread. A lone caller never does anything else.
//! - Something was: it is **stacked**. Its closure ran on a pinned state with the sets of its predecessors laid over it, and
//!   its own set is absorbed into the group that waits. When the leader's commit has ended, one of the waiting leads that
//!   group: begins LMDB's transaction, sees by its id that nobody came between, applies one merged set, commits, tells all
//!   members, and has the next group led. No timer, no thread of the engine's.
//!
//! What each rests on:
//!
//! - **Serial.** The turn is held from before a closure's view is made out until its changes are where the next one sees
//!   them: committed, in flight or pending. So closures run one after the other, each on what its predecessor left.
//! - **Durable before told.** A group's fate is told by its leader behind its commit, which begins behind its predecessor's.
//!   A closure that changed nothing is told with the last group it read, since that group may yet fail.
//! - **Nobody between.** Processes of ours are kept out from before the first closure is stacked until nothing is on its way.
//!   Other programs are noticed by LMDB's id: then all that were stacked are told `Conflict`, and nothing of them is applied.
//! - **One's own faults are one's own.** An error, a panic, a failed condition or a set too large ends a closure before its
//!   set is seen by anybody. Only the disk and the map fail a group, and with it what was stacked on it.
//! - **All are told.** Whoever leads has the duty to end its group in a value that does so when it is dropped, by a panic too.

mod follower;
mod leader;
mod made;
mod run;

pub(crate) use run::run;
