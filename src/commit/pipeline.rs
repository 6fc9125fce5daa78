//! The commit pipeline: which transactions are being committed, which wait, and what the next one may be based on.
//! A state machine without threads and LMDB.
//!
//! A **group** is one write set, merged from those of one or more transactions, and is committed as one. At most
//! two groups exist: one **in flight**, which a leader commits, and one **pending**, which follows on it.
//!
//! [`take`](CommitPipeline::take), [`finish`](CommitPipeline::finish) and [`fail`](CommitPipeline::fail) are called
//! by the leader, everything else by the holder of the transaction lock. So between two calls of the holder the
//! pipeline only moves forward: the group in flight ends, and the pending one takes its place.
//!
//! | state | in flight | pending | next |
//! |---|---|---|---|
//! | idle | - | - | `lead`, or `gather` |
//! | gathering | - | B | `join` adds to B; `take`: committing, with B in flight |
//! | committing | A | - | `join` makes B; `finish`: idle |
//! | stacking | A | B | `join` adds to B; `finish`: offered |
//! | offered | - | B | `join` adds to B; `take`: committing, with B in flight |
//!
//! Invariants:
//! - **Order.** The pending group follows on `tip`, LMDB's id of the state that its predecessor commits. Its leader
//!   compares `tip` with the id that LMDB gives it. If they differ, another program has written in between, and
//!   nothing is applied.
//! - **One base.** A closure reads a pinned state and the groups that this state lacks: both groups if the state is
//!   the base of the group in flight, only the pending one if it is `tip`. No other state can be pinned unless
//!   another program has written.
//! - **Gathering.** A group that is gathered is like one that is offered, but its leader has held LMDB's lock since
//!   before its own closure ran. So any state pinned meanwhile is the group's base.
//! - **Failures spread.** A group that fails also fails the pending one. By the count of `failures` it stops the
//!   closure that was reading them: its changes never join.
//! - **Everybody gets an outcome.** A group leaves the pipeline with its outcome reported, or with a leader that
//!   will report it. All members of a group wait for its outcome, so the pending group always has a member to lead
//!   it.

use std::sync::Arc;

use crate::commit::ticket::{CommitOutcome, CommitTicket};
use crate::durability::Durability;
use crate::page::LmdbTxnId;

/// Transactions that are committed as one.
pub(crate) struct Group<S> {
    /// Their merged changes.
    pub set: Arc<S>,
    /// About how many bytes it stores.
    pub bytes: usize,
    /// The number of transactions.
    pub transactions: u64,
    /// The strongest durability that one of them requests.
    pub durability: Durability,
    /// How many threads made them. Each waits for the outcome or leads the group.
    pub members: u32,
    /// LMDB's id of the state that the group follows on.
    pub base: LmdbTxnId,
    pub ticket: Arc<CommitTicket>,
}

impl<S> Clone for Group<S> {
    fn clone(&self) -> Self {
        Self { set: Arc::clone(&self.set), ticket: Arc::clone(&self.ticket), ..*self }
    }
}

/// What a transaction adds to its group besides its changes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Contribution {
    /// About how many bytes it stores.
    pub bytes: usize,
    /// The number of transactions that it counts as.
    pub transactions: u64,
    pub durability: Durability,
}

impl<S> Group<S> {
    fn of(set: S, made: Contribution, base: LmdbTxnId, ticket: Arc<CommitTicket>) -> Self {
        let Contribution { bytes, transactions, durability } = made;
        Self { set: Arc::new(set), bytes, transactions, durability, members: 1, base, ticket }
    }
}

/// A group with a larger write set, in bytes, takes no more transactions: far below what one LMDB transaction holds.
pub(crate) const GROUP_BYTES: usize = 8 << 20;

/// The groups that are not committed yet.
pub(crate) struct CommitPipeline<S> {
    in_flight: Option<Group<S>>,
    pending: Option<Group<S>>,
    /// LMDB's id of the state that the pending group follows on, or would.
    tip: LmdbTxnId,
    /// Whether a closure that reads the groups is about to run, runs, or has run and not joined yet.
    stacked: bool,
    failures: u64,
    /// The outcome for transactions based on the last group that failed.
    last_failure: CommitOutcome,
    /// Whether other processes are kept out: from before the first follower until the pipeline is idle.
    guarded: bool,
    /// Whether the leader of the pending group has LMDB's lock already, and gathers.
    locked: bool,
}

/// Whether a closure may run on a pinned state.
pub(crate) enum BasisCheck<S> {
    /// It may, with the groups on top.
    On(Predecessors<S>),
    /// A newer state is committed: pin again.
    Old,
    /// The state does not belong to the pipeline, or other processes were not kept out in time. No closure may run
    /// before the pipeline is idle.
    Apart,
}

/// What a closure reads besides a pinned state.
pub(crate) struct Predecessors<S> {
    /// The sets of the groups that the pinned state lacks, the oldest first.
    pub sets: Vec<Arc<S>>,
    /// How many transactions these sets hold.
    pub transactions: u64,
    /// The ticket of the last group not yet ended, even if the pinned state includes it: its commit may still fail.
    pub ticket: Arc<CommitTicket>,
    failures: u64,
}

/// What happens to a transaction whose closure has run.
pub(crate) enum Joined<S> {
    /// It belongs to a group: wait for the outcome.
    Member(Arc<CommitTicket>),
    /// It is the group in flight: commit it.
    Leader(Group<S>),
    /// It is too much for the pending group. Try again when that is taken.
    Full(S),
    /// What it read has failed, with this outcome.
    Broken(CommitOutcome),
}

/// Which outcomes to report when a commit has ended.
pub(crate) struct Ended {
    pub outcomes: Vec<(Arc<CommitTicket>, CommitOutcome)>,
    /// The ticket of the group that a member must lead now.
    pub offered: Option<Arc<CommitTicket>>,
}

impl<S> Default for CommitPipeline<S> {
    fn default() -> Self {
        Self {
            in_flight: None,
            pending: None,
            tip: LmdbTxnId::default(),
            stacked: false,
            failures: 0,
            last_failure: CommitOutcome::Committed,
            guarded: false,
            locked: false,
        }
    }
}

impl<S> CommitPipeline<S> {
    /// Whether no group exists, and no closure runs on one.
    pub(crate) fn is_idle(&self) -> bool {
        self.in_flight.is_none() && self.pending.is_none() && !self.stacked
    }

    /// Whether the pending group accepts more.
    pub(crate) fn has_room(&self, max_bytes: usize) -> bool {
        self.pending.as_ref().is_none_or(|pending| pending.bytes < max_bytes)
    }

    /// Whether other processes are kept out.
    pub(crate) fn is_guarded(&self) -> bool {
        self.guarded
    }

    /// Notes that other processes are kept out.
    pub(crate) fn guard(&mut self) {
        self.guarded = true;
    }

    /// Whether other processes need not be kept out any more. Notes that they are not.
    pub(crate) fn unguard(&mut self) -> bool {
        self.is_idle() && std::mem::take(&mut self.guarded)
    }

    /// Puts a transaction in flight that ran on the newest state under LMDB's lock. The caller commits it. The
    /// pipeline is idle.
    pub(crate) fn lead(&mut self, set: S, made: Contribution, base: LmdbTxnId) -> Group<S> {
        debug_assert!(self.is_idle());
        let group = Group::of(set, made, base, CommitTicket::led());
        self.tip = base.next();
        self.in_flight = Some(group.clone());
        group
    }

    /// As [`lead`](Self::lead), but others may still join: the group is pending. Its leader has LMDB's lock, and
    /// takes the group once they have joined.
    pub(crate) fn gather(&mut self, set: S, made: Contribution, base: LmdbTxnId) -> Arc<CommitTicket> {
        debug_assert!(self.is_idle());
        self.tip = base;
        self.locked = true;
        let ticket = CommitTicket::led();
        self.pending = Some(Group::of(set, made, base, Arc::clone(&ticket)));
        ticket
    }

    /// How many threads wait for the group in flight, and how many for the pending one.
    pub(crate) fn members(&self) -> (u32, u32) {
        let members = |group: &Option<Group<S>>| group.as_ref().map_or(0, |group| group.members);
        (members(&self.in_flight), members(&self.pending))
    }

    /// A closure is about to follow: the pipeline does not become idle before it joins or leaves.
    pub(crate) fn stack(&mut self) {
        self.stacked = true;
    }

    /// Whether a closure may run on the state with LMDB's id `pinned`. `fresh` says that the caller has only just begun
    /// to keep other processes out. Then only a group that the pinned state lacks, and whose leader has LMDB's lock,
    /// proves that no other process had that lock in between.
    pub(crate) fn check_basis(&self, pinned: LmdbTxnId, fresh: bool) -> BasisCheck<S> {
        let Some(last) = self.pending.as_ref().or(self.in_flight.as_ref()) else {
            // All groups have ended, and may have failed: whether the state `tip` will ever exist is unknown. So no
            // closure may run on it.
            return BasisCheck::Apart;
        };
        let ticket = Arc::clone(&last.ticket);
        let below = self.in_flight.as_ref().filter(|group| group.base == pinned);
        if below.is_none() {
            let newest = self.in_flight.as_ref().map_or(self.tip, |group| group.base);
            if pinned < newest {
                return BasisCheck::Old;
            }
            if pinned != self.tip || (fresh && !self.locked) {
                return BasisCheck::Apart;
            }
        }
        let groups = below.into_iter().chain(&self.pending);
        let mut predecessors = Predecessors { sets: Vec::new(), transactions: 0, ticket, failures: self.failures };
        for group in groups {
            predecessors.sets.push(Arc::clone(&group.set));
            predecessors.transactions = predecessors.transactions.saturating_add(group.transactions);
        }
        BasisCheck::On(predecessors)
    }

    /// Whether all predecessors of a follower have ended: LMDB's id of the state that they committed, or the outcome for
    /// what is based on them. `None` while one of them is being committed, or waits.
    pub(crate) fn settled(&self, failures: u64) -> Option<Result<LmdbTxnId, CommitOutcome>> {
        if failures != self.failures {
            return Some(Err(self.last_failure.clone()));
        }
        (self.in_flight.is_none() && self.pending.is_none()).then_some(Ok(self.tip))
    }

    /// A follower's closure ends without changes, or is not run after all.
    pub(crate) fn leave(&mut self) {
        self.stacked = false;
    }

    /// A follower's closure has made changes. They join the pending group by `absorb`, or become a group of their
    /// own.
    pub(crate) fn join(
        &mut self,
        failures: u64,
        set: S,
        made: Contribution,
        max_bytes: usize,
        absorb: impl FnOnce(&mut S, S) -> usize,
    ) -> Joined<S> {
        if failures != self.failures {
            self.stacked = false;
            return Joined::Broken(self.last_failure.clone());
        }
        let Some(pending) = &mut self.pending else {
            self.stacked = false;
            let ticket = if self.in_flight.is_some() { CommitTicket::waiting() } else { CommitTicket::led() };
            let group = Group::of(set, made, self.tip, ticket);
            if self.in_flight.is_some() {
                let ticket = Arc::clone(&group.ticket);
                self.pending = Some(group);
                return Joined::Member(ticket);
            }
            self.tip = self.tip.next();
            self.in_flight = Some(group.clone());
            return Joined::Leader(group);
        };
        let within = pending.bytes.saturating_add(made.bytes) <= max_bytes;
        // Nothing else refers to the pending set now: the closures that read it have ended, and no leader has taken it.
        // So `get_mut` succeeds, and only a full group refuses.
        match Arc::get_mut(&mut pending.set).filter(|_| within) {
            Some(all) => {
                pending.bytes = absorb(all, set);
                pending.transactions = pending.transactions.saturating_add(made.transactions);
                pending.durability = pending.durability.stronger(made.durability);
                pending.members = pending.members.saturating_add(1);
                self.stacked = false;
                Joined::Member(Arc::clone(&pending.ticket))
            }
            None => Joined::Full(set),
        }
    }

    /// Puts the pending group in flight, for its leader. The last group has ended.
    pub(crate) fn take(&mut self) -> Option<Group<S>> {
        debug_assert!(self.in_flight.is_none());
        self.in_flight = self.pending.take();
        self.locked = false;
        if self.in_flight.is_some() {
            self.tip = self.tip.next();
        }
        self.in_flight.clone()
    }

    /// The group in flight is committed.
    pub(crate) fn finish(&mut self) -> Ended {
        let done = self.in_flight.take();
        let outcomes = done.into_iter().map(|group| (group.ticket, CommitOutcome::Committed)).collect();
        Ended { outcomes, offered: self.pending.as_ref().map(|group| Arc::clone(&group.ticket)) }
    }

    /// The group in flight is not committed. Whatever follows on it cannot be committed either.
    pub(crate) fn fail(&mut self, outcome: &CommitOutcome) -> Ended {
        self.failures = self.failures.wrapping_add(1);
        self.locked = false;
        let failed = self.in_flight.take().map(|group| (group.ticket, outcome.clone()));
        self.last_failure = outcome.of_successors();
        let stacked = self.pending.take().map(|group| (group.ticket, self.last_failure.clone()));
        Ended { outcomes: failed.into_iter().chain(stacked).collect(), offered: None }
    }
}

impl<S> Predecessors<S> {
    /// How many groups had failed when these were taken.
    pub(crate) fn failures(&self) -> u64 {
        self.failures
    }
}
