//! Batches that the engine's committing thread commits. It starts when first needed, and commits all waiting
//! batches at once.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::commit::{CommitOutcome, check_not_writing, durability_of, is_committer};
use crate::durability::Durability;
use crate::env::{Batch, Done, Engine, Env, Reporter, Submission};
use crate::error::{Error, ErrorKind, Result};
use crate::state::Wait;
use crate::txn::transact::make;
use crate::txn::txn_state::TxnState;

/// A submitted batch: [`wait`](Self::wait) for its outcome, or `.await` it, in any executor.
///
/// Dropping it changes nothing: the batch is applied all the same, and its outcome is not reported.
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
#[must_use = "the outcome of the batch is reported here alone"]
pub struct Commit {
    done: Arc<Done>,
}

impl Env {
    /// Hands a batch to a thread that commits it, in the order of submission, and returns at once. Waiting batches
    /// share a commit. Blocks while the backlog is full, see [`max_backlog`](crate::EnvOptions::max_backlog).
    ///
    /// # Errors
    /// `Closed`, `ReadOnly`; `InvalidArgument` for a durability of the batch that does not mix with that of the
    /// environment, and for a key that the batch writes twice, once or more under a condition; `Nested` inside a transaction of this thread when the backlog is full, and `Busy` from
    /// a waker then; `Io` when the system cannot start a thread. The returned [`Commit`] reports the outcome of the
    /// batch.
    pub fn submit(&self, batch: Batch) -> Result<Commit> {
        self.hand_over(batch, Wait::Yes).map_err(|error| error.during("submit"))
    }

    /// As [`submit`](Self::submit), but fails with `Busy` instead of blocking.
    ///
    /// # Errors
    /// `Busy` when the backlog is full; else as `submit`.
    ///
    /// ```
    /// # use mapleaf::{Batch, Dbi, Env, ErrorKind};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// # let ages: Dbi<&str, u32> = env.dbi("ages")?;
    /// let mut batch = Batch::new();
    /// batch.put(&ages, "ann", 42)?;
    /// match env.try_submit(batch) {
    ///     Err(error) if error.kind() == ErrorKind::Busy => println!("the disk does not keep up"),
    ///     commit => commit?.wait()?,
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_submit(&self, batch: Batch) -> Result<Commit> {
        self.hand_over(batch, Wait::No).map_err(|error| error.during("try_submit"))
    }

    fn hand_over(&self, batch: Batch, wait: Wait) -> Result<Commit> {
        self.engine.check_usable()?;
        self.engine.config.check_writable()?;
        durability_of(&self.engine, batch.durability)?;
        batch.check_written_once()?;
        let done = Arc::new(Done::default());
        let (bytes, reporter) = (batch.bytes(), Reporter(Arc::clone(&done)));
        // The job owns a reference to the engine, so the environment stays open until the batch is done.
        let job = Submission { engine: Arc::clone(&self.engine), batch, reporter };
        self.engine.committer().give(job, bytes, wait, commit_all)?;
        Ok(Commit { done })
    }
}

/// Commits one engine's jobs, as many together as possible, and reports each outcome.
fn commit_all(jobs: Vec<Submission>) {
    let mut submitted = VecDeque::from(jobs);
    while let Some(first) = submitted.front() {
        let engine = Arc::clone(&first.engine);
        let mut refused: Vec<Option<Error>> = Vec::new();
        let durability = strongest(&engine, submitted.iter().map(|one| one.batch.durability));
        let committed = make(&engine, Wait::Yes, "submit", Some(durability), |txn| {
            refused = make_all(submitted.iter().map(|one| &one.batch), &mut txn.state);
            let made = refused.iter().filter(|refused| refused.is_none()).count();
            Ok::<_, Error>(((), made as u64))
        });
        let verdict = CommitOutcome::of(&committed);
        // If the transaction could not begin, no batch was tried, and its error is that of all batches.
        let tried = if refused.is_empty() { submitted.len() } else { refused.len() };
        let mut refused = refused.into_iter();
        let done: Vec<_> = submitted.drain(..tried).map(|one| (one.reporter, refused.next().flatten())).collect();
        // The batches' references to the engine are dropped before the outcomes are reported, because the last one may
        // be among them. So a caller that knows its outcome finds the environment closed if nobody else holds it.
        drop(engine);
        for (reporter, refused) in done {
            reporter.0.set(outcome(refused, &verdict).map_err(|error| error.during("submit")));
        }
    }
}

/// What a shared commit must survive: the strongest durability that is requested, where `None` requests that of the
/// environment.
fn strongest(engine: &Engine, asked: impl Iterator<Item = Option<Durability>>) -> Durability {
    let of_env = engine.config.durability;
    asked.map(|asked| asked.unwrap_or(of_env)).reduce(Durability::stronger).unwrap_or(of_env)
}

/// The outcome of a batch whose transaction ended with `verdict`. A refusal may rest on changes of earlier batches;
/// if these were not committed, its conditions were checked against a state that never existed.
fn outcome(refused: Option<Error>, verdict: &CommitOutcome) -> Result<()> {
    match (refused, verdict) {
        (Some(error), CommitOutcome::Committed) => Err(error),
        (Some(_), failed) => failed.of_successors().outcome(),
        (None, verdict) => verdict.outcome(),
    }
}

/// Makes the changes of one batch after another in `txn`, and returns each one's error. Ends before a batch that
/// does not fit only because of those before it.
fn make_all<'b>(batches: impl Iterator<Item = &'b Batch>, txn: &mut TxnState) -> Vec<Option<Error>> {
    let mut refused = Vec::new();
    let limit = txn.set.limit();
    for batch in batches {
        let (is_first, has_updates) = (refused.iter().all(Option::is_some), batch.has_updates());
        if has_updates && !is_first {
            // The functions of a batch run once. So a batch with updates could not be made again in the next
            // transaction if it did not fit into this one, and this transaction's limit is raised for it.
            if txn.set.bytes() >= limit {
                break;
            }
            txn.set.set_limit(limit.saturating_add(txn.set.bytes()));
        }
        let made = txn.undoing(|txn| batch.make(txn));
        txn.set.set_limit(limit);
        match made {
            Ok(()) => refused.push(None),
            Err(error) if error.kind() == ErrorKind::TooLarge && !is_first && !has_updates => break,
            Err(error) => refused.push(Some(error)),
        }
    }
    refused
}

/// Refuses to wait on the committing thread itself.
fn check_waitable() -> Result<()> {
    if is_committer() {
        let why = "called by the thread that commits, which it would wait for; wait on another";
        return Err(Error::new(ErrorKind::Nested, why));
    }
    check_not_writing()
}

impl Commit {
    /// Waits until the batch is refused, or committed with the environment's durability.
    ///
    /// # Errors
    /// As [`Env::apply`]; `Nested` inside a transaction of this thread, because the batch may wait for that, and in
    /// a waker, because the committing thread runs it.
    pub fn wait(self) -> Result<()> {
        check_waitable().map_err(|error| error.during("wait"))?;
        let mut state = self.done.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(outcome) = state.outcome.take() {
                return outcome;
            }
            state = self.done.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// As [`wait`](Self::wait), for no longer than `limit`; then it returns the commit, to wait for again.
    ///
    /// # Errors
    /// The outer one: `self`, after `limit`, inside a transaction of this thread or in a waker. The inner one: as
    /// [`Env::apply`].
    pub fn wait_timeout(self, limit: Duration) -> Result<Result<()>, Self> {
        if check_waitable().is_err() {
            return Err(self);
        }
        // A limit beyond the clock's range counts as no limit.
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
        if state.is_reported {
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
