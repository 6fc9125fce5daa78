//! Group commit of one engine: the transaction lock, the commit pipeline under its mutex, and the pause byte that
//! keeps other processes out.
//!
//! Lock order: the transaction lock, the pipeline's mutex (held while waiting for nothing but a change of the
//! pipeline), the writer's mutex, LMDB's lock. Only the holder of the transaction lock tries for the byte of
//! `mapleaf.lock`.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crate::commit::busy::timed_out;
use crate::commit::group_delay::GroupDelay;
use crate::commit::pipeline::{BasisCheck, CommitPipeline, Contribution, GROUP_BYTES, Group, Joined};
use crate::commit::ticket::{CommitOutcome, CommitTicket};
use crate::error::{Error, ErrorKind, Result};
use crate::os::LockFile;
use crate::page::LmdbTxnId;
use crate::state::{Core, FairLock, PinnedState, Wait, return_token};
use crate::write_set::WriteSet;

/// A leader that waits no longer than this for others to join yields its core instead of sleeping.
const SHORT: Duration = Duration::from_micros(100);

/// The group commit of one engine.
pub(crate) struct GroupCommit {
    fair_lock: FairLock,
    state: Mutex<Shared>,
    /// Notified when a commit has ended or a pending group is taken. Only the holder of the transaction lock waits
    /// here.
    moved: Condvar,
}

#[derive(Default)]
struct Shared {
    pipeline: CommitPipeline<WriteSet>,
    /// Whether the holder of the transaction lock waits: a notification that nobody waits for would still cost a
    /// system call.
    awaited: bool,
    /// The state that the last follower's closure ran on, for the next one. Dropped when a commit ends, since it is
    /// not the newest then. While other processes are kept out, closures can run on no other state.
    base: Option<Arc<PinnedState>>,
    delay: GroupDelay,
    /// The leader that waits for others to join, and the group's members to wait for, the leader included.
    gathering: Option<(Thread, u32)>,
}

/// What a closure runs on: a pinned state and the sets to be laid over it.
///
/// It is no [`View`](crate::state::View): the layers of a view are committed, and these sets may still fail.
pub(crate) struct Basis {
    pub base: Arc<PinnedState>,
    /// The sets of transactions that the base lacks, the oldest first.
    pub sets: Vec<Arc<WriteSet>>,
    /// The number of these transactions.
    pub transactions: u64,
    /// The ticket of the last group not yet ended, even if the base includes it.
    pub ticket: Arc<CommitTicket>,
    pub follower: Follower,
}

/// A follower of the pipeline, from [`GroupCommit::basis_for`] until it joins. Leaves the pipeline when dropped.
pub(crate) struct Follower {
    groups: Arc<GroupCommit>,
    core: Arc<Core>,
    failures: u64,
    ended: bool,
}

/// A group in flight and the duty to report its outcome. Dropping it reports. It is dropped after LMDB's lock and the
/// writer's mutex are released, since the next leader takes both.
pub(crate) struct Leading {
    groups: Arc<GroupCommit>,
    core: Arc<Core>,
    /// `None` while the leader waits for others to join.
    group: Option<Group<WriteSet>>,
    outcome: Option<CommitOutcome>,
}

/// The transaction lock, held. It owns what it locks, so that a transaction can hold it from one call to another.
pub(crate) struct TransactionLock {
    groups: Arc<GroupCommit>,
}

impl Drop for TransactionLock {
    fn drop(&mut self) {
        self.groups.fair_lock.release();
    }
}

/// What happens to a transaction's changes.
pub(crate) enum JoinedAs {
    Member(Arc<CommitTicket>),
    Leader(Leading),
    /// The group that they are based on has failed with this outcome.
    Broken(CommitOutcome),
}

impl GroupCommit {
    pub(crate) fn new() -> Self {
        Self { fair_lock: FairLock::new(), state: Mutex::default(), moved: Condvar::new() }
    }

    fn state(&self) -> MutexGuard<'_, Shared> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a change of the pipeline. The caller holds the transaction lock.
    fn wait<'g>(&self, mut state: MutexGuard<'g, Shared>) -> MutexGuard<'g, Shared> {
        state.awaited = true;
        // A leader that gathers waits for more transactions to join. While this thread waits with the transaction lock,
        // none can, so the leader's wait is ended.
        Self::end_gathering(&mut state);
        self.moved.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    /// As [`wait`](Self::wait), as long as `wait` says. `None` if that was too short.
    fn wait_as<'g>(&self, mut state: MutexGuard<'g, Shared>, wait: Wait) -> Option<MutexGuard<'g, Shared>> {
        let Wait::Until(deadline) = wait else { return Some(self.wait(state)) };
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return None;
        }
        state.awaited = true;
        Self::end_gathering(&mut state);
        let (mut state, ended) = self.moved.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner);
        // After a timeout this thread waits no more. A leader gathers only while `awaited` is not set, so the flag is
        // cleared.
        state.awaited &= !ended.timed_out();
        Some(state)
    }

    /// Unlocks the pipeline after a change, and notifies the waiter.
    fn moved(&self, mut state: MutexGuard<'_, Shared>) {
        if std::mem::take(&mut state.awaited) {
            drop(state);
            self.moved.notify_one();
        }
    }

    /// Takes the transaction lock, and waits for it as `wait` says: without a wait only if no transaction runs, waits
    /// or is being committed. `None` if that was too short.
    pub(crate) fn acquire(self: &Arc<Self>, wait: Wait) -> Option<TransactionLock> {
        self.fair_lock.acquire(wait)?.keep();
        let lock = TransactionLock { groups: Arc::clone(self) };
        (wait != Wait::No || self.state().pipeline.is_idle()).then_some(lock)
    }

    /// Waits until nothing is being committed. The caller keeps the transaction lock, so nothing new begins.
    pub(crate) fn drain(&self) {
        let mut state = self.state();
        while !state.pipeline.is_idle() {
            state = self.wait(state);
        }
    }

    /// What the next closure runs on. `None` means the newest state, under LMDB's lock, since nothing is being
    /// committed. The caller holds the transaction lock.
    ///
    /// # Errors
    /// `Timeout` if `wait` ends before that is known.
    pub(crate) fn basis_for(self: &Arc<Self>, core: &Arc<Core>, lock: &LockFile, wait: Wait) -> Result<Option<Basis>> {
        let mut state = self.state();
        let fresh = loop {
            let pipeline = &mut state.pipeline;
            if pipeline.is_idle() {
                return Ok(None);
            }
            // If another process waits to write, this transaction does not follow. It waits until the pipeline is idle,
            // so that the other process gets LMDB's lock.
            if pipeline.has_room(GROUP_BYTES) && !lock.is_awaited() {
                if pipeline.is_guarded() {
                    break false;
                }
                if lock.try_pause()? {
                    pipeline.guard();
                    break true;
                }
            }
            state = self.wait_as(state, wait).ok_or_else(|| timed_out(core))?;
        };
        state.pipeline.stack();
        drop(state);
        let follower = Follower { groups: Arc::clone(self), core: Arc::clone(core), failures: 0, ended: false };
        let basis = self.pin(core, follower, fresh);
        if !matches!(basis, Ok(Some(_))) {
            self.drain();
        }
        match basis {
            // No reader slot was free to pin a base. The pipeline is idle by now, so the transaction can lead, which
            // needs no slot.
            Err(error) if error.kind() == ErrorKind::ReadersFull => Ok(None),
            basis => basis,
        }
    }

    fn pin(&self, core: &Arc<Core>, mut follower: Follower, fresh: bool) -> Result<Option<Basis>> {
        let mut known = self.state().base.clone().filter(|_| !fresh);
        loop {
            let base = known.take().map_or_else(|| core.pinned(), Ok)?;
            let mut state = self.state();
            match state.pipeline.check_basis(base.lmdb_id(), fresh) {
                BasisCheck::On(predecessors) => {
                    state.base = Some(Arc::clone(&base));
                    drop(state);
                    follower.failures = predecessors.failures();
                    let (sets, transactions, ticket) =
                        (predecessors.sets, predecessors.transactions, predecessors.ticket);
                    return Ok(Some(Basis { base, sets, transactions, ticket, follower }));
                }
                BasisCheck::Old => {}
                BasisCheck::Apart => return Ok(None),
            }
        }
    }

    /// Puts a transaction in flight that ran on the newest state. The caller holds the transaction lock and LMDB's
    /// lock, and must commit the group.
    pub(crate) fn lead(
        self: &Arc<Self>,
        core: &Arc<Core>,
        set: WriteSet,
        made: Contribution,
        base: LmdbTxnId,
        wait: Wait,
    ) -> Leading {
        let mut state = self.state();
        // The threads that shared the last commit were notified just now, and may return soon. The first one to return
        // lets the others join its group, so that they share the next commit too. A lone thread, and a caller that
        // limits its wait, commit at once.
        let group = if wait == Wait::Yes && state.delay.is_shared() {
            state.pipeline.gather(set, made, base);
            state.delay.joined(Instant::now);
            None
        } else {
            Some(state.pipeline.lead(set, made, base))
        };
        Leading { groups: Arc::clone(self), core: Arc::clone(core), group, outcome: None }
    }

    /// Lets threads that shared the last commit join this group, as many as is worthwhile, and puts it in flight. The
    /// leader sleeps until the last of them wakes it, since they need the core; for a short wait it yields instead.
    fn gather(&self) -> Option<Group<WriteSet>> {
        let mut state = self.state();
        let began = Instant::now();
        let (wanted, limit) = state.delay.wanted(began);
        let mut parked = false;
        while state.pipeline.members().1 < wanted && !state.awaited {
            let left = limit.saturating_sub(began.elapsed());
            if left.is_zero() {
                break;
            }
            // For a wait this short the leader yields and does not sleep: to wake a sleeping core takes longer than
            // eight threads take to join.
            if limit < SHORT {
                drop(state);
                thread::yield_now();
            } else {
                state.gathering = Some((thread::current(), wanted));
                drop(state);
                thread::park_timeout(left);
                parked = true;
            }
            state = self.state();
        }
        state.gathering = None;
        if parked {
            return_token();
        }
        let group = state.pipeline.take();
        state.delay.taken(Instant::now());
        self.moved(state);
        group
    }

    /// Notes that a transaction joined the pending group.
    fn joined(state: &mut Shared) {
        state.delay.joined(Instant::now);
        let (_, pending) = state.pipeline.members();
        if state.gathering.as_ref().is_some_and(|(_, wanted)| pending >= *wanted) {
            Self::end_gathering(state);
        }
    }

    /// Ends the wait of the leader that gathers.
    fn end_gathering(state: &mut Shared) {
        if let Some((leader, _)) = state.gathering.take() {
            leader.unpark();
        }
    }

    /// Takes the pending group, for the member that it was offered to.
    pub(crate) fn take(self: &Arc<Self>, core: &Arc<Core>) -> Option<Leading> {
        let group = self.gather()?;
        Some(Leading { groups: Arc::clone(self), core: Arc::clone(core), group: Some(group), outcome: None })
    }

    fn end(&self, core: &Core, outcome: &CommitOutcome) {
        let mut state = self.state();
        let ended = match outcome {
            CommitOutcome::Committed => {
                let (notified, pending) = state.pipeline.members();
                state.delay.ended(notified, pending, Instant::now);
                state.pipeline.finish()
            }
            CommitOutcome::Failed(_) => {
                state.delay = GroupDelay::default();
                state.pipeline.fail(outcome)
            }
        };
        // Dropping the base ends a pin. The mutex is still held, so no other thread can find the pipeline idle before
        // that: such a thread may replace the file, which no pin may refer to then.
        state.base = None;
        Self::unguard(&mut state.pipeline, core);
        self.moved(state);
        // The next leader is woken first. So the threads whose transactions are committed are woken, and return, while
        // the next commit runs.
        if let Some(next) = ended.offered {
            next.offer();
        }
        for (ticket, outcome) in ended.outcomes {
            ticket.report(outcome);
        }
    }

    /// Lets other processes in when the pipeline is idle. The pipeline's mutex is held: a transaction that finds the
    /// pipeline idle begins without the byte, so this process must have released it by then.
    fn unguard(pipeline: &mut CommitPipeline<WriteSet>, core: &Core) {
        if pipeline.unguard()
            && let Some(lock) = &core.lock
        {
            lock.resume();
        }
    }
}

impl Follower {
    /// Waits, with the transaction lock held, until all predecessors are committed, and returns LMDB's id of the state
    /// that the last one left. Until the follower is dropped, nobody else of this process or another one writes.
    pub(crate) fn wait_for_predecessors(&self) -> Result<LmdbTxnId, CommitOutcome> {
        let mut state = self.groups.state();
        loop {
            if let Some(settled) = state.pipeline.settled(self.failures) {
                return settled;
            }
            state = self.groups.wait(state);
        }
    }

    /// Adds the transaction to the pipeline. Waits, with the transaction lock held, while the pending group is full.
    pub(crate) fn join(mut self, set: WriteSet, made: Contribution) -> JoinedAs {
        let groups = Arc::clone(&self.groups);
        let mut state = groups.state();
        let mut set = set;
        let joined = loop {
            match state.pipeline.join(self.failures, set, made, GROUP_BYTES, absorb) {
                Joined::Full(back) => {
                    set = back;
                    state = groups.wait(state);
                }
                Joined::Member(ticket) => break JoinedAs::Member(ticket),
                Joined::Leader(group) => {
                    let (groups, core) = (Arc::clone(&groups), Arc::clone(&self.core));
                    break JoinedAs::Leader(Leading { groups, core, group: Some(group), outcome: None });
                }
                Joined::Broken(outcome) => break JoinedAs::Broken(outcome),
            }
        };
        self.ended = true;
        if matches!(joined, JoinedAs::Member(_)) {
            GroupCommit::joined(&mut state);
        }
        GroupCommit::unguard(&mut state.pipeline, &self.core);
        joined
    }
}

/// Merges `newer` into `all`, and returns its bytes.
fn absorb(all: &mut WriteSet, newer: WriteSet) -> usize {
    all.absorb(newer);
    all.bytes()
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.core.note_following(false);
        // A forked child must leave the pipeline alone: it is the parent's.
        if !self.ended && self.core.is_own_process() {
            let mut state = self.groups.state();
            state.pipeline.leave();
            GroupCommit::unguard(&mut state.pipeline, &self.core);
        }
    }
}

impl Leading {
    /// The group, with all members that have joined. From here on it is in flight.
    pub(crate) fn group(&mut self) -> Result<Group<WriteSet>> {
        if self.group.is_none() {
            self.group = self.groups.gather();
        }
        let taken = || Error::new(ErrorKind::Conflict, "the group was taken by somebody else; retry");
        self.group.clone().ok_or_else(taken)
    }

    /// Notes the outcome of the commit.
    pub(crate) fn note_outcome(&mut self, committed: &Result<()>) {
        self.outcome = Some(CommitOutcome::of(committed));
    }
}

impl Drop for Leading {
    fn drop(&mut self) {
        if !self.core.is_own_process() {
            return;
        }
        let outcome = self.outcome.take().unwrap_or_else(|| {
            // No outcome was noted, so this thread panicked at an unknown point of the commit. Whether the commit is in
            // the file is unknown, so the environment is put out of use.
            self.core.poison();
            let why = "the thread that committed it panicked; close and reopen the environment to see whether it did";
            CommitOutcome::failed(ErrorKind::CommitOutcomeUnknown, why)
        });
        self.groups.end(&self.core, &outcome);
    }
}
