//! What becomes of a group of transactions: told once, to all who wait for it, one of whom may have to commit it first.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::error::{Error, ErrorKind, Result};

/// How a commit went.
#[derive(Clone, Debug)]
pub(crate) enum Verdict {
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

impl Verdict {
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
                Self::failed(ErrorKind::Conflict, &format!("{why} ({}); nothing was changed, retry", cause.message))
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
    Told(Verdict),
}

/// The fate of one group.
///
/// `Waiting` until what it follows on is committed; then `Offered`, until the first of its members comes by and leads;
/// `Led` until its commit has ended; then `Told`. A group that fails with its predecessor is `Told` from `Waiting` on.
#[derive(Debug)]
pub(crate) struct Fate {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    /// How many threads wait: a lone leader has nobody to wake, which would be a system call.
    waiting: usize,
}

#[derive(Debug)]
enum Phase {
    Waiting,
    Offered,
    Led,
    Told(Verdict),
}

impl Fate {
    /// Of a group that waits for its predecessor.
    pub(crate) fn waiting() -> Arc<Self> {
        Self::new(Phase::Waiting)
    }

    /// Of a group that the thread which made it commits itself.
    pub(crate) fn led() -> Arc<Self> {
        Self::new(Phase::Led)
    }

    fn new(phase: Phase) -> Arc<Self> {
        Arc::new(Self { state: Mutex::new(State { phase, waiting: 0 }), changed: Condvar::new() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has one of the members lead. Whoever is woken by it, or comes to wait later, sees it: the offer cannot be missed,
    /// as long as the group has a member that is not told.
    pub(crate) fn offer(&self) {
        let mut state = self.state();
        state.phase = Phase::Offered;
        if state.waiting > 0 {
            drop(state);
            self.changed.notify_one();
        }
    }

    /// Tells all. Only the first verdict counts.
    pub(crate) fn tell(&self, verdict: Verdict) {
        let mut state = self.state();
        if matches!(state.phase, Phase::Told(_)) {
            return;
        }
        state.phase = Phase::Told(verdict);
        if state.waiting > 0 {
            drop(state);
            self.changed.notify_all();
        }
    }

    /// Waits for what there is to do.
    pub(crate) fn wait(&self) -> Next {
        let mut state = self.state();
        loop {
            match &state.phase {
                Phase::Offered => {
                    state.phase = Phase::Led;
                    return Next::Lead;
                }
                Phase::Told(verdict) => return Next::Told(verdict.clone()),
                Phase::Waiting | Phase::Led => {
                    state.waiting += 1;
                    state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                    state.waiting -= 1;
                }
            }
        }
    }

    /// The verdict, if there is one.
    #[cfg(test)]
    pub(crate) fn told(&self) -> Option<Verdict> {
        match &self.state().phase {
            Phase::Told(verdict) => Some(verdict.clone()),
            _ => None,
        }
    }
}
