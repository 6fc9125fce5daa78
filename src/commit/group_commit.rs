//! The queue of an engine's transactions: the turn, the chain under its mutex, and the byte that keeps other processes out.
//!
//! The order of locks: the turn, the chain's mutex (never held while waiting for anything but a change of the chain), the
//! writer's mutex, LMDB's lock. The byte of `mapleaf.lock` is only ever tried for by the holder of the turn.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crate::commit::fair_lock::{FairLock, FairLockGuard, return_token};
use crate::commit::group_delay::GroupDelay;
use crate::commit::pipeline::{BasisCheck, CommitPipeline, GROUP_BYTES, Group, Joined};
use crate::commit::ticket::{CommitOutcome, CommitTicket};
use crate::commit::writing::Wait;
use crate::error::{Error, ErrorKind, Result};
use crate::os::LockFile;
use crate::page::LmdbTxnId;
use crate::state::{Core, PinnedState};
use crate::write_set::WriteSet;

/// Who waits no longer than this for others to join gives up the processor, but does not sleep.
const SHORT: Duration = Duration::from_micros(100);

/// The queue of one engine.
pub(crate) struct GroupCommit {
    turn: FairLock,
    state: Mutex<State>,
    /// Told when a commit has ended or a pending group is taken. The holder of the turn waits here, and nobody else.
    moved: Condvar,
}

#[derive(Default)]
struct State {
    chain: CommitPipeline<WriteSet>,
    /// Whether the holder of the turn waits: to wake nobody would be a system call too.
    awaited: bool,
    /// What the last stacked closure ran on, for the next one; let go when a commit ends, since it is not the newest then.
    /// As long as other processes are kept out, no other state is one to stand on.
    base: Option<Arc<PinnedState>>,
    delay: GroupDelay,
    /// The leader that waits for others to join, and how many they are to be with it.
    gathering: Option<(Thread, u32)>,
}

/// What a closure may run on: a pinned state and the sets that are to be laid over it.
pub(crate) struct Basis<'q> {
    pub base: Arc<PinnedState>,
    /// The sets of transactions that are not in the base, the oldest first.
    pub sets: Vec<Arc<WriteSet>>,
    /// How many transactions those are.
    pub transactions: u64,
    /// The fate of the last group on its way, also when the base has it.
    pub ticket: Arc<CommitTicket>,
    pub place: Follower<'q>,
}

/// The place of a closure on the chain, between [`GroupCommit::stand`] and its joining. Given up when dropped.
pub(crate) struct Follower<'q> {
    queue: &'q GroupCommit,
    engine: &'q Core,
    failures: u64,
    ended: bool,
}

/// A group in flight and the duty to say how it went: told when this is dropped, which is not before LMDB's lock and the
/// writer's mutex are free, since who leads next takes them.
pub(crate) struct Leading<'q> {
    queue: &'q GroupCommit,
    engine: &'q Core,
    /// `None` while it is gathered.
    group: Option<Group<WriteSet>>,
    verdict: Option<CommitOutcome>,
}

/// What becomes of a transaction's changes.
pub(crate) enum JoinedAs<'q> {
    Member(Arc<CommitTicket>),
    Leader(Leading<'q>),
    /// What they are based on has failed, as the verdict says.
    Broken(CommitOutcome),
}

impl GroupCommit {
    pub(crate) fn new() -> Self {
        Self { turn: FairLock::new(), state: Mutex::default(), moved: Condvar::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the chain has moved. The caller has the turn.
    fn wait<'g>(&self, mut state: MutexGuard<'g, State>) -> MutexGuard<'g, State> {
        state.awaited = true;
        // Who waits here has the turn, so nobody joins.
        Self::end_gathering(&mut state);
        self.moved.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the lock back when the chain has moved.
    fn moved(&self, mut state: MutexGuard<'_, State>) {
        if std::mem::take(&mut state.awaited) {
            drop(state);
            self.moved.notify_one();
        }
    }

    /// Waits for the turn.
    pub(crate) fn acquire(&self) -> FairLockGuard<'_> {
        self.turn.take()
    }

    /// The turn, if no transaction runs, waits or is being committed.
    pub(crate) fn try_acquire(&self) -> Option<FairLockGuard<'_>> {
        self.turn.try_take().filter(|_| self.state().chain.is_idle())
    }

    /// Waits until nothing is being committed. The caller has the turn and keeps it, so nothing comes after.
    pub(crate) fn drain(&self) {
        let mut state = self.state();
        while !state.chain.is_idle() {
            state = self.wait(state);
        }
    }

    /// What the next closure runs on; `None` on the newest state, with LMDB's lock, since nothing is being committed. The
    /// caller has the turn.
    pub(crate) fn stand<'q>(&'q self, engine: &'q Arc<Core>, lock: &LockFile) -> Result<Option<Basis<'q>>> {
        let mut state = self.state();
        let fresh = loop {
            let chain = &mut state.chain;
            if chain.is_idle() {
                return Ok(None);
            }
            // Another process that waits gets in when this chain has come to its end.
            if chain.has_room(GROUP_BYTES) && !lock.is_awaited() {
                if chain.is_guarded() {
                    break false;
                }
                if lock.try_pause()? {
                    chain.guard();
                    break true;
                }
            }
            state = self.wait(state);
        };
        state.chain.stack();
        drop(state);
        let place = Follower { queue: self, engine, failures: 0, ended: false };
        let ground = self.pin(engine, place, fresh);
        if !matches!(ground, Ok(Some(_))) {
            self.drain();
        }
        match ground {
            // Those that lead need no reader slot.
            Err(error) if error.kind() == ErrorKind::ReadersFull => Ok(None),
            ground => ground,
        }
    }

    fn pin<'q>(&self, engine: &Arc<Core>, mut place: Follower<'q>, fresh: bool) -> Result<Option<Basis<'q>>> {
        let mut known = self.state().base.clone().filter(|_| !fresh);
        loop {
            let base = known.take().map_or_else(|| engine.pinned(), Ok)?;
            let mut state = self.state();
            match state.chain.stand_on(base.lmdb_id(), fresh) {
                BasisCheck::On(ground) => {
                    state.base = Some(Arc::clone(&base));
                    drop(state);
                    place.failures = ground.failures();
                    let (sets, transactions, ticket) = (ground.sets, ground.transactions, ground.ticket);
                    return Ok(Some(Basis { base, sets, transactions, ticket, place }));
                }
                BasisCheck::Old => {}
                BasisCheck::Apart => return Ok(None),
            }
        }
    }

    /// A transaction that was made on the newest state is in flight. The caller has the turn, LMDB's lock, and the duty to
    /// commit it.
    pub(crate) fn lead<'q>(
        &'q self,
        engine: &'q Core,
        set: WriteSet,
        (bytes, transactions): (usize, u64),
        base: LmdbTxnId,
        wait: Wait,
    ) -> Leading<'q> {
        let mut state = self.state();
        // Those who shared the last commit were told just now: the first one back has the others join it. Who commits alone
        // never waits, nor who does not want to.
        let group = if wait == Wait::Yes && state.delay.is_shared() {
            state.chain.gather(set, bytes, transactions, base);
            state.delay.joined(Instant::now);
            None
        } else {
            Some(state.chain.lead(set, bytes, transactions, base))
        };
        Leading { queue: self, engine, group, verdict: None }
    }

    /// Lets threads that shared the last commit join this one, as many as are worth it; then puts it in flight. The leader
    /// sleeps until the last of them wakes it, as they need the processor; but for a few it is not worth it.
    fn gather(&self) -> Option<Group<WriteSet>> {
        let mut state = self.state();
        let began = Instant::now();
        let (wanted, limit) = state.delay.wanted(began);
        let mut parked = false;
        while state.chain.members().1 < wanted && !state.awaited {
            let left = limit.saturating_sub(began.elapsed());
            if left.is_zero() {
                break;
            }
            // A processor that slept takes longer to wake than eight threads take to come.
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
        let group = state.chain.take();
        state.delay.taken(Instant::now());
        self.moved(state);
        group
    }

    /// A transaction is one of the pending group.
    fn joined(state: &mut State) {
        state.delay.joined(Instant::now);
        let (_, pending) = state.chain.members();
        if state.gathering.as_ref().is_some_and(|(_, wanted)| pending >= *wanted) {
            Self::end_gathering(state);
        }
    }

    /// Has the leader that gathers go on.
    fn end_gathering(state: &mut State) {
        if let Some((leader, _)) = state.gathering.take() {
            leader.unpark();
        }
    }

    /// The pending group, for the member that it was offered to.
    pub(crate) fn take<'q>(&'q self, engine: &'q Core) -> Option<Leading<'q>> {
        let group = self.gather()?;
        Some(Leading { queue: self, engine, group: Some(group), verdict: None })
    }

    fn end(&self, engine: &Core, verdict: &CommitOutcome) {
        let mut state = self.state();
        let ended = match verdict {
            CommitOutcome::Committed => {
                let (told, pending) = state.chain.members();
                state.delay.ended(told, pending, Instant::now);
                state.chain.finish()
            }
            CommitOutcome::Failed(_) => {
                state.delay = GroupDelay::default();
                state.chain.fail(verdict)
            }
        };
        // Before anybody finds the chain idle: who replaces the file then wants no state read.
        state.base = None;
        Self::unguard(&mut state.chain, engine);
        self.moved(state);
        // While the next commit goes on, those who are told come back.
        if let Some(next) = ended.offered {
            next.offer();
        }
        for (ticket, verdict) in ended.told {
            ticket.tell(verdict);
        }
    }

    /// Lets other processes in when nothing is left to protect. With the chain's mutex: who finds the chain idle begins
    /// without the byte, and must not find it taken by this process.
    fn unguard(chain: &mut CommitPipeline<WriteSet>, engine: &Core) {
        if chain.unguard()
            && let Some(lock) = &engine.lock
        {
            lock.resume();
        }
    }
}

impl<'q> Follower<'q> {
    /// Makes the transaction part of the chain. Waits, with the turn, while there is too much for one group.
    pub(crate) fn join(mut self, set: WriteSet, (bytes, transactions): (usize, u64)) -> JoinedAs<'q> {
        let queue = self.queue;
        let mut state = queue.state();
        let mut set = set;
        let place = loop {
            match state.chain.join(self.failures, (set, bytes, transactions), GROUP_BYTES, absorb) {
                Joined::Full(back) => {
                    set = back;
                    state = queue.wait(state);
                }
                Joined::Member(ticket) => break JoinedAs::Member(ticket),
                Joined::Leader(group) => {
                    break JoinedAs::Leader(Leading { queue, engine: self.engine, group: Some(group), verdict: None });
                }
                Joined::Broken(verdict) => break JoinedAs::Broken(verdict),
            }
        };
        self.ended = true;
        if matches!(place, JoinedAs::Member(_)) {
            GroupCommit::joined(&mut state);
        }
        GroupCommit::unguard(&mut state.chain, self.engine);
        place
    }
}

/// Takes `newer` into `all`; how many bytes it is then.
fn absorb(all: &mut WriteSet, newer: WriteSet) -> usize {
    all.absorb(newer);
    all.bytes()
}

impl Drop for Follower<'_> {
    fn drop(&mut self) {
        // In a forked child the chain is the parent's.
        if !self.ended && self.engine.is_own_process() {
            let mut state = self.queue.state();
            state.chain.leave();
            GroupCommit::unguard(&mut state.chain, self.engine);
        }
    }
}

impl Leading<'_> {
    /// The group, with all who have joined it; from here on it is in flight.
    pub(crate) fn group(&mut self) -> Result<Group<WriteSet>> {
        if self.group.is_none() {
            self.group = self.queue.gather();
        }
        let taken = || Error::new(ErrorKind::Conflict, "the group was taken by somebody else; retry");
        self.group.clone().ok_or_else(taken)
    }

    /// Notes how the commit went.
    pub(crate) fn judge(&mut self, committed: &Result<()>) {
        self.verdict = Some(CommitOutcome::of(committed));
    }
}

impl Drop for Leading<'_> {
    fn drop(&mut self) {
        if !self.engine.is_own_process() {
            return;
        }
        let verdict = self.verdict.take().unwrap_or_else(|| {
            // Its commit panicked, no one knows where.
            self.engine.poison();
            let why = "the thread that committed it panicked; close and reopen the environment to see whether it did";
            CommitOutcome::failed(ErrorKind::CommitOutcomeUnknown, why)
        });
        self.queue.end(self.engine, &verdict);
    }
}
