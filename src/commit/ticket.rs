//! What becomes of a group of transactions: told once, to all who wait for it, one of whom may have to commit it first.

use std::collections::VecDeque;
use std::num::NonZero;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, Thread};

use smallvec::SmallVec;

use crate::commit::fair_lock::return_token;
use crate::error::{Error, ErrorKind, Result};

/// How a commit went.
#[derive(Clone, Debug)]
pub(crate) enum CommitOutcome {
    /// It is in the file, as durable as the environment's durability says.
    Committed,
    /// Nothing of it is there; or, for `CommitOutcomeUnknown`, nobody knows.
    Failed(Arc<Cause>),
}

/// Why a commit failed, as every transaction of its group is told.
#[derive(Debug)]
pub(crate) struct Cause {
    pub kind: ErrorKind,
    pub message: String,
}

impl CommitOutcome {
    pub(crate) fn of(outcome: &Result<()>) -> Self {
        match outcome {
            Ok(()) => Self::Committed,
            Err(error) => Self::failed(error.kind(), error.message()),
        }
    }

    pub(crate) fn failed(kind: ErrorKind, message: &str) -> Self {
        Self::Failed(Arc::new(Cause { kind, message: message.to_owned() }))
    }

    /// The verdict on what was based on a group with this one: its own commit never began.
    pub(crate) fn of_successors(&self) -> Self {
        match self {
            Self::Committed => Self::Committed,
            // Whether its base is there is not known, so what follows from it is not either.
            Self::Failed(cause) if cause.kind == ErrorKind::CommitOutcomeUnknown => self.clone(),
            Self::Failed(cause) => {
                let why = "the commit of the state that this transaction read failed";
                let what = cause.message.split("; ").next().unwrap_or_default();
                Self::failed(ErrorKind::Conflict, &format!("{why} ({what}); nothing was changed, retry"))
            }
        }
    }

    pub(crate) fn outcome(&self) -> Result<()> {
        match self {
            Self::Committed => Ok(()),
            Self::Failed(cause) => Err(Error::new(cause.kind, cause.message.clone())),
        }
    }
}

/// What one of those who wait for a group has to do next.
#[derive(Debug)]
pub(crate) enum Next {
    /// Commit the group.
    Lead,
    /// Nothing more.
    Told(CommitOutcome),
}

/// How many threads one wakes at most.
const MOST_WAKERS: usize = 8;

/// How many threads are to wake others at the same time: about as many as can run; one that is held up holds nobody up then.
fn wakers() -> usize {
    static WAKERS: OnceLock<usize> = OnceLock::new();
    *WAKERS.get_or_init(|| thread::available_parallelism().map_or(1, NonZero::get).clamp(2, MOST_WAKERS))
}

/// The fate of one group.
///
/// `Waiting` until what it follows on is committed; then `Offered`, until the first of its members comes by and leads;
/// `Led` until its commit has ended; then `Told`. A group that fails with its predecessor is `Told` from `Waiting` on.
///
/// To wake a thread takes as long as many a transaction. So who tells wakes no more than there are processors, and goes on;
/// each of those that waited wakes another one when it leaves.
#[derive(Debug)]
pub(crate) struct CommitTicket {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    /// Who sleeps, or is about to, each once; the first is woken first. When all are told, who leaves by itself stays here, and
    /// may be woken without need.
    sleeping: VecDeque<Thread>,
}

#[derive(Debug)]
enum Phase {
    Waiting,
    Offered,
    Led,
    Told(CommitOutcome),
}

impl CommitTicket {
    /// Of a group that waits for its predecessor.
    pub(crate) fn waiting() -> Arc<Self> {
        Self::new(Phase::Waiting)
    }

    /// Of a group that the thread which made it commits itself.
    pub(crate) fn led() -> Arc<Self> {
        Self::new(Phase::Led)
    }

    fn new(phase: Phase) -> Arc<Self> {
        Arc::new(Self { state: Mutex::new(State { phase, sleeping: VecDeque::new() }) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has one of the members lead. Whoever is woken by it, or comes to wait later, sees it: the offer cannot be missed,
    /// as long as the group has a member that is not told.
    pub(crate) fn offer(&self) {
        let mut state = self.state();
        state.phase = Phase::Offered;
        // It stays in line: another one may lead before it is awake, and then it goes on waiting.
        let first = state.sleeping.front().cloned();
        drop(state);
        if let Some(first) = first {
            first.unpark();
        }
    }

    /// Tells all. Only the first verdict counts.
    pub(crate) fn tell(&self, verdict: CommitOutcome) {
        let mut state = self.state();
        if matches!(state.phase, Phase::Told(_)) {
            return;
        }
        state.phase = Phase::Told(verdict);
        let first = wakers().min(state.sleeping.len());
        let first: SmallVec<[Thread; MOST_WAKERS]> = state.sleeping.drain(..first).collect();
        drop(state);
        first.iter().for_each(Thread::unpark);
    }

    /// Waits for what there is to do.
    pub(crate) fn wait(&self) -> Next {
        let mut in_line = false;
        loop {
            let mut state = self.state();
            match &state.phase {
                Phase::Offered => {
                    state.phase = Phase::Led;
                    if in_line {
                        let own = thread::current().id();
                        state.sleeping.retain(|thread| thread.id() != own);
                        return_token();
                    }
                    return Next::Lead;
                }
                Phase::Told(verdict) => {
                    let verdict = verdict.clone();
                    // Whoever leaves wakes another one, whatever it was woken by itself. So as long as one is awake that has
                    // not left, the line becomes shorter; and who tells wakes one at least.
                    let next = state.sleeping.pop_front();
                    drop(state);
                    if let Some(next) = next {
                        next.unpark();
                    }
                    if in_line {
                        return_token();
                    }
                    return Next::Told(verdict);
                }
                Phase::Waiting | Phase::Led => {
                    if !in_line {
                        state.sleeping.push_back(thread::current());
                        in_line = true;
                    }
                    drop(state);
                    // May end by itself, or by what somebody else has to tell this thread.
                    thread::park();
                }
            }
        }
    }

    /// The verdict, if there is one.
    #[cfg(test)]
    pub(crate) fn told(&self) -> Option<CommitOutcome> {
        match &self.state().phase {
            Phase::Told(verdict) => Some(verdict.clone()),
            _ => None,
        }
    }
}
