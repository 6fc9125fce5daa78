//! The chain: which transactions are being committed, which wait, and what the next one may be based on. No threads, no
//! LMDB: the state machine alone.
//!
//! A **group** is one write set, made of those of one or more transactions, and is committed as one. At most two are
//! alive: the one **in flight**, which a leader commits, and the **pending** one, which follows on it.
//!
//! Who calls what. All but [`take`](CommitPipeline::take), [`finish`](CommitPipeline::finish) and [`fail`](CommitPipeline::fail), which are the
//! leader's, belong to the holder of the turn, of whom there is one. So between two calls of the holder the chain only
//! ever moves forward: the group in flight ends, and the pending one comes in its place.
//!
//! | state | in flight | pending | next |
//! |---|---|---|---|
//! | idle | - | - | `lead`, or `gather` |
//! | gathering | - | B | `join` adds to B; `take`: committing, with B in flight |
//! | committing | A | - | `join` makes B; `finish`: idle |
//! | stacking | A | B | `join` adds to B; `finish`: offered |
//! | offered | - | B | `join` adds to B; `take`: committing, with B in flight |
//!
//! What holds, and why:
//! - **Order.** The pending group follows on `tip`, LMDB's id of the state that the one before it leaves. Its leader
//!   compares it with the id that LMDB gives it; another one means that somebody came between, and nothing is applied.
//! - **One base.** A closure reads a pinned state and the groups that are not in it: pinned at the base of the group in
//!   flight both, pinned at `tip` the pending one alone. Nothing else can be pinned unless somebody came between.
//! - **Gathering.** The group that is gathered is as one offered, but for its leader: it has LMDB's lock from before its
//!   own closure ran, so whatever is pinned meanwhile is the group's base.
//! - **Failures spread.** A group that fails takes the pending one with it, and by the count of `failures` the closure
//!   that was reading them: what it makes of them never joins.
//! - **Everybody is told.** A group leaves the chain with its fate told, or in the hands of a leader who tells it.
//!   Whoever joined a group waits for its fate, so the pending group has a member to be led by.

use std::sync::Arc;

use crate::commit::ticket::{CommitOutcome, CommitTicket};

/// Transactions that are committed as one.
pub(crate) struct Group<S> {
    /// What they change.
    pub set: Arc<S>,
    /// About how much it stores.
    pub bytes: usize,
    /// How many they are.
    pub transactions: u64,
    /// How many threads made them, each of which waits for its fate or leads it.
    pub members: u32,
    /// LMDB's id of the state that it follows on.
    pub base: u64,
    pub ticket: Arc<CommitTicket>,
}

impl<S> Clone for Group<S> {
    fn clone(&self) -> Self {
        let (set, ticket) = (Arc::clone(&self.set), Arc::clone(&self.ticket));
        Self { set, ticket, members: self.members, bytes: self.bytes, transactions: self.transactions, base: self.base }
    }
}

/// A group beyond this, in bytes of its write set, takes no more transactions: far below what LMDB holds in one of its own.
pub(crate) const GROUP_BYTES: usize = 8 << 20;

/// The groups that are not committed yet.
pub(crate) struct CommitPipeline<S> {
    in_flight: Option<Group<S>>,
    pending: Option<Group<S>>,
    /// LMDB's id of the state that the pending group follows on, or would.
    tip: u64,
    /// Whether a closure is about to run, runs or has run on groups of the chain and has not joined it yet.
    stacked: bool,
    failures: u64,
    /// What followed on the last group that failed was told this.
    last_failure: CommitOutcome,
    /// Whether other processes are kept out. They are from before the first closure is stacked until the chain is idle.
    guarded: bool,
    /// Whether the leader of the pending group has LMDB's lock already, and gathers.
    locked: bool,
}

/// What a pinned state is to the chain.
pub(crate) enum BasisCheck<S> {
    /// A closure may run on it and the groups on top.
    On(Basis<S>),
    /// A newer one is committed: pin again.
    Old,
    /// It is none that the chain leads to, or other processes were not kept out in time: no closure may run before the
    /// chain is idle.
    Apart,
}

/// What a closure stands on besides a pinned state.
pub(crate) struct Basis<S> {
    /// What the groups change that are not in the pinned state, the oldest first.
    pub sets: Vec<Arc<S>>,
    /// How many transactions they are.
    pub transactions: u64,
    /// The fate of the last group on its way, also when the pinned state has it: whose commit has not ended may fail yet.
    pub ticket: Arc<CommitTicket>,
    failures: u64,
}

/// What becomes of a transaction that is done.
pub(crate) enum Joined<S> {
    /// It belongs to a group: wait for its fate.
    Member(Arc<CommitTicket>),
    /// It is a group in flight: commit it.
    Leader(Group<S>),
    /// It waits for the pending group to be taken: too much for one. Try again then.
    Full(S),
    /// What it read has failed, as the verdict says.
    Broken(CommitOutcome),
}

/// Who is to be told what when a commit has ended.
pub(crate) struct Ended {
    pub told: Vec<(Arc<CommitTicket>, CommitOutcome)>,
    /// The group that a member must lead now.
    pub offered: Option<Arc<CommitTicket>>,
}

impl<S> Default for CommitPipeline<S> {
    fn default() -> Self {
        Self {
            in_flight: None,
            pending: None,
            tip: 0,
            stacked: false,
            failures: 0,
            last_failure: CommitOutcome::Committed,
            guarded: false,
            locked: false,
        }
    }
}

impl<S> CommitPipeline<S> {
    /// Whether nothing is being committed, waits or runs on what does.
    pub(crate) fn is_idle(&self) -> bool {
        self.in_flight.is_none() && self.pending.is_none() && !self.stacked
    }

    /// Whether the pending group takes more.
    pub(crate) fn has_room(&self, max_bytes: usize) -> bool {
        self.pending.as_ref().is_none_or(|pending| pending.bytes < max_bytes)
    }

    /// Whether other processes are kept out.
    pub(crate) fn is_guarded(&self) -> bool {
        self.guarded
    }

    /// Notes that they are.
    pub(crate) fn guard(&mut self) {
        self.guarded = true;
    }

    /// Whether they need not be any more; noted as if it were done.
    pub(crate) fn unguard(&mut self) -> bool {
        self.is_idle() && std::mem::take(&mut self.guarded)
    }

    /// A transaction of its own, made on the newest state with LMDB's lock held, is committed by who made it. The chain is
    /// idle.
    pub(crate) fn lead(&mut self, set: S, bytes: usize, transactions: u64, base: u64) -> Group<S> {
        debug_assert!(self.is_idle());
        let group = Group { set: Arc::new(set), bytes, transactions, members: 1, base, ticket: CommitTicket::led() };
        self.tip = base.saturating_add(1);
        self.in_flight = Some(group.clone());
        group
    }

    /// As [`lead`](Self::lead), but others may still join: the group is pending, and its leader has LMDB's lock and takes it
    /// when they have.
    pub(crate) fn gather(&mut self, set: S, bytes: usize, transactions: u64, base: u64) -> Arc<CommitTicket> {
        debug_assert!(self.is_idle());
        self.tip = base;
        self.locked = true;
        let ticket = CommitTicket::led();
        let set = Arc::new(set);
        self.pending = Some(Group { set, bytes, transactions, members: 1, base, ticket: Arc::clone(&ticket) });
        ticket
    }

    /// How many threads wait for the group in flight, and how many for the pending one.
    pub(crate) fn members(&self) -> (u32, u32) {
        let members = |group: &Option<Group<S>>| group.as_ref().map_or(0, |group| group.members);
        (members(&self.in_flight), members(&self.pending))
    }

    /// A closure is about to be stacked: the chain does not become idle before it joins or leaves.
    pub(crate) fn stack(&mut self) {
        self.stacked = true;
    }

    /// What the state with LMDB's id `pinned` is to the chain. `fresh` says that other processes were kept out just now:
    /// then only a group that is not in the pinned state, and whose leader has LMDB's lock, shows that it was not free
    /// meanwhile.
    pub(crate) fn stand_on(&self, pinned: u64, fresh: bool) -> BasisCheck<S> {
        let Some(last) = self.pending.as_ref().or(self.in_flight.as_ref()) else {
            // All ended since, and may have failed: whether the state at the tip will ever be there is not known.
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
        let mut ground = Basis { sets: Vec::new(), transactions: 0, ticket, failures: self.failures };
        for group in groups {
            ground.sets.push(Arc::clone(&group.set));
            ground.transactions = ground.transactions.saturating_add(group.transactions);
        }
        BasisCheck::On(ground)
    }

    /// A stacked closure ends without changes, or is not run after all.
    pub(crate) fn leave(&mut self) {
        self.stacked = false;
    }

    /// A stacked closure has changed something: it becomes part of the pending group, with `absorb`, or a group of its own.
    pub(crate) fn join(
        &mut self,
        failures: u64,
        (set, bytes, transactions): (S, usize, u64),
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
            let group = Group { set: Arc::new(set), bytes, transactions, members: 1, base: self.tip, ticket };
            if self.in_flight.is_some() {
                let ticket = Arc::clone(&group.ticket);
                self.pending = Some(group);
                return Joined::Member(ticket);
            }
            self.tip = self.tip.saturating_add(1);
            self.in_flight = Some(group.clone());
            return Joined::Leader(group);
        };
        let within = pending.bytes.saturating_add(bytes) <= max_bytes;
        // Nobody else has it: closures that read it are over, and no leader has taken it.
        match Arc::get_mut(&mut pending.set).filter(|_| within) {
            Some(all) => {
                pending.bytes = absorb(all, set);
                pending.transactions = pending.transactions.saturating_add(transactions);
                pending.members = pending.members.saturating_add(1);
                self.stacked = false;
                Joined::Member(Arc::clone(&pending.ticket))
            }
            None => Joined::Full(set),
        }
    }

    /// The pending group, which its leader puts in flight. The last one has ended.
    pub(crate) fn take(&mut self) -> Option<Group<S>> {
        debug_assert!(self.in_flight.is_none());
        self.in_flight = self.pending.take();
        self.locked = false;
        if self.in_flight.is_some() {
            self.tip = self.tip.saturating_add(1);
        }
        self.in_flight.clone()
    }

    /// The group in flight is committed.
    pub(crate) fn finish(&mut self) -> Ended {
        let done = self.in_flight.take();
        let told = done.into_iter().map(|group| (group.ticket, CommitOutcome::Committed)).collect();
        Ended { told, offered: self.pending.as_ref().map(|group| Arc::clone(&group.ticket)) }
    }

    /// The group in flight is not committed, and what follows on it cannot be.
    pub(crate) fn fail(&mut self, verdict: &CommitOutcome) -> Ended {
        self.failures = self.failures.wrapping_add(1);
        self.locked = false;
        let failed = self.in_flight.take().map(|group| (group.ticket, verdict.clone()));
        self.last_failure = verdict.of_successors();
        let stacked = self.pending.take().map(|group| (group.ticket, self.last_failure.clone()));
        Ended { told: failed.into_iter().chain(stacked).collect(), offered: None }
    }
}

impl<S> Basis<S> {
    /// How many groups had failed when it was made out.
    pub(crate) fn failures(&self) -> u64 {
        self.failures
    }
}
