//! Batches that somebody else commits: a thread of the engine's, started when it is first needed.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crate::env::{Env, check_not_writing};
use crate::error::{Error, ErrorKind, Result};
use crate::txn::batch::Batch;

/// A batch on its way: [`wait`](Self::wait) for it, or `.await` it, in any executor.
///
/// Dropping it changes nothing: the batch is applied all the same, and nobody is told how it went.
///
/// ```
/// use mapleaf::{Batch, Dbi, Env};
/// # fn main() -> mapleaf::Result<()> {
/// let env = Env::temporary()?;
/// let ages: Dbi<&str, u32> = env.dbi("ages")?;
/// let mut batch = Batch::new();
/// batch.put(&ages, "ann", 42)?;
/// let commit = env.submit(batch)?;
/// commit.wait()?;
/// assert_eq!(ages.get(&env.snapshot()?, "ann")?, Some(42));
/// # Ok(())
/// # }
/// ```
#[must_use = "how the batch went is told here alone"]
pub struct Commit {
    done: Arc<Done>,
}

#[derive(Default)]
struct Done {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Whether there was an outcome, and where it is until it is taken.
    told: bool,
    outcome: Option<Result<()>>,
    waker: Option<Waker>,
}

impl Env {
    /// Hands a batch to a thread that commits it, in the order that batches are handed over, and returns at once.
    ///
    /// # Errors
    /// `Closed`, `ReadOnly`; `Io` when the system gives no thread. What becomes of the batch is told by the result.
    pub fn submit(&self, batch: Batch) -> Result<Commit> {
        self.hand_over(batch).map_err(|error| error.during("submit"))
    }

    fn hand_over(&self, batch: Batch) -> Result<Commit> {
        self.engine.check_usable()?;
        if self.engine.config.read_only {
            let why = "the environment was opened read-only; open it for writing";
            return Err(Error::new(ErrorKind::ReadOnly, why));
        }
        let done = Arc::new(Done::default());
        // The environment lives until the batch is done.
        let (env, told) = (self.clone(), Teller(Arc::clone(&done)));
        self.engine.worker().give(Box::new(move || {
            let outcome = env.apply(batch);
            // Before the waiting are told: the last handle may be this one.
            drop(env);
            told.0.set(outcome);
        }))?;
        Ok(Commit { done })
    }
}

/// Tells the waiting of a batch that was never done, if it comes to that.
struct Teller(Arc<Done>);

impl Drop for Teller {
    fn drop(&mut self) {
        self.0.set(Err(Error::new(ErrorKind::Closed, "the batch was not applied: its thread ended before")));
    }
}

impl Done {
    fn set(&self, outcome: Result<()>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.told {
            return;
        }
        state.told = true;
        state.outcome = Some(outcome);
        let waker = state.waker.take();
        drop(state);
        self.changed.notify_all();
        if let Some(waker) = waker {
            // A waker that panics must not end the thread that others wait for.
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| waker.wake()));
        }
    }
}

impl Commit {
    /// Waits until the batch is committed, and durable as the environment's durability says, or refused.
    ///
    /// # Errors
    /// As [`Env::apply`]; `Nested` inside a transaction of this thread, which it could wait for.
    pub fn wait(self) -> Result<()> {
        check_not_writing().map_err(|error| error.during("wait"))?;
        let mut state = self.done.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(outcome) = state.outcome.take() {
                return outcome;
            }
            state = self.done.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// As [`wait`](Self::wait), for no longer than `limit`; then the commit is given back, to wait for again.
    ///
    /// # Errors
    /// The outer one: `self`, when the time is over or inside a transaction of this thread. The inner one: as
    /// [`Env::apply`].
    pub fn wait_timeout(self, limit: Duration) -> Result<Result<()>, Self> {
        if check_not_writing().is_err() {
            return Err(self);
        }
        // A limit beyond what the clock can count is none.
        let end = Instant::now().checked_add(limit);
        let mut state = self.done.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(outcome) = state.outcome.take() {
                return Ok(outcome);
            }
            let left = end.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                drop(state);
                return Err(self);
            }
            let waited = self.done.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Future for Commit {
    type Output = Result<()>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let mut state = self.done.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(outcome) = state.outcome.take() {
            return Poll::Ready(outcome);
        }
        if state.told {
            let why = "the outcome of this commit was taken already";
            return Poll::Ready(Err(Error::new(ErrorKind::InvalidArgument, why)));
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

impl fmt::Debug for Commit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Commit").finish_non_exhaustive()
    }
}
