//! Batches that were handed to the committer thread, and how their callers learn the outcome.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::Waker;

use crate::env::batch::Batch;
use crate::env::engine::Engine;
use crate::error::{Error, ErrorKind, Result, contain};

/// The outcome of one batch, shared by its caller and the committer thread.
#[derive(Default)]
pub(crate) struct Done {
    pub(crate) state: Mutex<SubmittedState>,
    pub(crate) changed: Condvar,
}

#[derive(Default)]
pub(crate) struct SubmittedState {
    /// Whether the outcome was reported. `outcome` holds it until it is taken.
    pub(crate) is_reported: bool,
    pub(crate) outcome: Option<Result<()>>,
    pub(crate) waker: Option<Waker>,
}

/// A batch that was handed to the committer thread.
pub(crate) struct Submission {
    pub(crate) engine: Arc<Engine>,
    pub(crate) batch: Batch,
    pub(crate) reporter: Reporter,
}

/// Reports an error to the caller if the batch is dropped without being done.
pub(crate) struct Reporter(pub(crate) Arc<Done>);

impl Drop for Reporter {
    fn drop(&mut self) {
        self.0.set(Err(Error::new(
            ErrorKind::Closed,
            "the batch was not applied: the thread that commits ended first; submit it again",
        )));
    }
}

impl Done {
    pub(crate) fn set(&self, outcome: Result<()>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.is_reported {
            return;
        }
        state.is_reported = true;
        state.outcome = Some(outcome);
        let waker = state.waker.take();
        drop(state);
        self.changed.notify_all();
        if let Some(waker) = waker {
            // A waker that panics must not end the committer thread, which others wait for.
            contain(|| waker.wake());
        }
    }
}
