//! The outcome of a group of transactions: reported once to all waiting members, one of which may have to commit it
//! first.

use std::collections::VecDeque;
use std::num::NonZero;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, Thread};

use smallvec::SmallVec;

use crate::error::{Error, ErrorKind, Result};
use crate::state::return_token;

/// How a commit went.
#[derive(Clone, Debug)]
pub(crate) enum CommitOutcome {
    /// The commit is in the file, as durable as the environment's durability says.
    Committed,
    /// Nothing was applied; or, for `CommitOutcomeUnknown`, it is unknown whether anything was.
    Failed(Arc<Cause>),
}

/// Why a commit failed, as reported to every transaction of its group.
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

    /// The outcome for a transaction or group that was based on a group with this outcome, and whose own commit never
    /// began.
    pub(crate) fn of_successors(&self) -> Self {
        match self {
            Self::Committed => Self::Committed,
            // Whether the base is committed is unknown. So the successor cannot be told that nothing was changed, and
            // gets the same outcome.
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

/// What a member that waits for its group has to do next.
#[derive(Debug)]
pub(crate) enum Next {
    /// Commit the group.
    Lead,
    /// Nothing: this is the outcome.
    Reported(CommitOutcome),
}

/// The most threads that one thread wakes.
const MOST_WAKERS: usize = 8;

/// How many woken threads wake others at the same time: about as many as can run, so that a delayed one delays
/// nobody.
fn wakers() -> usize {
    static WAKERS: OnceLock<usize> = OnceLock::new();
    *WAKERS.get_or_init(|| thread::available_parallelism().map_or(1, NonZero::get).clamp(2, MOST_WAKERS))
}

/// What the members of a group wait on.
///
/// `Waiting` until the predecessor is committed; then `Offered`, until the first member to see it leads; `Led`
/// until its commit has ended; then `Reported`. A group that fails with its predecessor goes from `Waiting` to
/// `Reported`.
///
/// Waking a thread takes longer than most transactions. So the leader unparks only about one waiter per core; each
/// woken waiter unparks the next.
#[derive(Debug)]
pub(crate) struct CommitTicket {
    state: Mutex<TicketState>,
}

#[derive(Debug)]
struct TicketState {
    phase: Phase,
    /// The waiters that are parked or about to park, each once, in the order in which they came. Once the outcome is
    /// known, a waiter that leaves by itself stays listed and may get a spurious unpark.
    sleeping: VecDeque<Thread>,
}

#[derive(Debug)]
enum Phase {
    Waiting,
    Offered,
    Led,
    Reported(CommitOutcome),
}

impl CommitTicket {
    /// The ticket of a group that waits for its predecessor.
    pub(crate) fn waiting() -> Arc<Self> {
        Self::new(Phase::Waiting)
    }

    /// The ticket of a group that has its leader from the beginning: no member is asked to lead.
    pub(crate) fn led() -> Arc<Self> {
        Self::new(Phase::Led)
    }

    fn new(phase: Phase) -> Arc<Self> {
        Arc::new(Self { state: Mutex::new(TicketState { phase, sleeping: VecDeque::new() }) })
    }

    fn state(&self) -> MutexGuard<'_, TicketState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks one member to lead. Members that are woken or that wait later see the offer: it cannot be missed while
    /// a member has no outcome.
    pub(crate) fn offer(&self) {
        let mut state = self.state();
        state.phase = Phase::Offered;
        // The thread that is woken stays in line: if another member leads before that thread runs, it sleeps again.
        let first = state.sleeping.front().cloned();
        drop(state);
        if let Some(first) = first {
            first.unpark();
        }
    }

    /// Reports the outcome to all. Only the first one counts.
    pub(crate) fn report(&self, outcome: CommitOutcome) {
        let mut state = self.state();
        if matches!(state.phase, Phase::Reported(_)) {
            return;
        }
        state.phase = Phase::Reported(outcome);
        let first = wakers().min(state.sleeping.len());
        let first: SmallVec<[Thread; MOST_WAKERS]> = state.sleeping.drain(..first).collect();
        drop(state);
        first.iter().for_each(Thread::unpark);
    }

    /// Waits until this member must lead or the outcome is known.
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
                Phase::Reported(outcome) => {
                    let outcome = outcome.clone();
                    // Every member that leaves wakes the next one in line, whatever has woken the member itself.
                    // `report` wakes at least one, so in the end all are awake.
                    let next = state.sleeping.pop_front();
                    drop(state);
                    if let Some(next) = next {
                        next.unpark();
                    }
                    if in_line {
                        return_token();
                    }
                    return Next::Reported(outcome);
                }
                Phase::Waiting | Phase::Led => {
                    if !in_line {
                        state.sleeping.push_back(thread::current());
                        in_line = true;
                    }
                    drop(state);
                    // `park` may return without an outcome, spuriously or by another notification for this thread. So
                    // the loop looks at the phase again.
                    thread::park();
                }
            }
        }
    }

    /// The outcome, if it is known.
    #[cfg(test)]
    pub(crate) fn reported(&self) -> Option<CommitOutcome> {
        match &self.state().phase {
            Phase::Reported(outcome) => Some(outcome.clone()),
            _ => None,
        }
    }
}
