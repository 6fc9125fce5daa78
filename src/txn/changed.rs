//! Waiting for commits, by a thread or by a task.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;
use std::time::{Duration, Instant};

use crate::commit::check_not_writing;
use crate::env::Env;
use crate::error::{Error, ErrorKind, Result};
use crate::page::LmdbTxnId;
use crate::read::RawRead;
use crate::state::{Core, Waiting};
use crate::txn::commit_id::CommitId;

/// How long a thread waits between two looks for commits of other processes.
const POLL: Duration = Duration::from_millis(20);

impl Env {
    /// Waits for a commit after `since`, at most for `limit`, and returns the id of the newest state. Returns at once if
    /// there is one already.
    ///
    /// Every commit counts, of any DBI and of any process: read what you are interested in, or compare it with an
    /// older snapshot. Commits of this process wake the thread; those of other processes are looked for every 20
    /// milliseconds while somebody waits. Several commits may pass before it returns. The newest state may not be durable
    /// yet with a durability that does not flush.
    ///
    /// # Errors
    /// `Timeout`, which can be retried; `Nested` inside a transaction of this thread; `Closed`; as
    /// [`snapshot`](Self::snapshot).
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use mapleaf::{Dbi, Env, ErrorKind};
    /// # fn main() -> mapleaf::Result<()> {
    /// let env = Env::temporary()?;
    /// let ages: Dbi<&str, u32> = env.dbi("ages")?;
    /// let seen = env.snapshot()?.id();
    /// let none = env.wait_changed(seen, Duration::from_millis(1));
    /// assert_eq!(none.map_err(|error| error.kind()), Err(ErrorKind::Timeout));
    ///
    /// let writer = env.clone();
    /// let put = std::thread::spawn(move || writer.transact(|txn| ages.put(txn, "ann", 42)));
    /// let now = env.wait_changed(seen, Duration::from_secs(10))?;
    /// assert_eq!(u64::from(now), seen + 1);
    /// # put.join().expect("no panic")
    /// # }
    /// ```
    pub fn wait_changed(&self, since: impl Into<CommitId>, limit: Duration) -> Result<CommitId> {
        self.wait_for_change(since.into(), limit).map_err(|error| error.during("wait_changed"))
    }

    fn wait_for_change(&self, since: CommitId, limit: Duration) -> Result<CommitId> {
        check_not_writing()?;
        let began = Instant::now();
        let watch = Arc::clone(self.engine.changes());
        // This thread is counted as a waiter before it first looks at the newest state: a commit after that look then
        // wakes it.
        let _waiting = Waiting::new(&watch);
        loop {
            let seen = watch.rounds();
            if let Some(newest) = self.newer(since)? {
                return Ok(newest);
            }
            let left = limit.saturating_sub(began.elapsed());
            if left.is_zero() {
                return Err(Error::new(ErrorKind::Timeout, "nothing was committed in time; retry, or wait for longer"));
            }
            watch.wait(seen, left.min(POLL));
        }
    }

    /// A future that is ready when there is a commit after `since`, with the id of the newest state. It needs no
    /// executor of its own, and can be dropped at any time.
    ///
    /// Counts the same commits as [`wait_changed`](Self::wait_changed). A thread looks for those of other processes
    /// while there is such a future. It holds the environment open.
    ///
    /// # Errors
    /// The future's output: `Closed`; `Io` when the system cannot start that thread; as [`snapshot`](Self::snapshot).
    ///
    /// ```
    /// # use std::task::{Context, Poll, Waker};
    /// # use std::pin::pin;
    /// use mapleaf::{Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// let env = Env::temporary()?;
    /// let ages: Dbi<&str, u32> = env.dbi("ages")?;
    /// let mut changed = pin!(env.changed(env.snapshot()?.id()));
    /// # let mut context = Context::from_waker(Waker::noop());
    /// # use std::future::Future;
    /// assert!(changed.as_mut().poll(&mut context).is_pending()); // let id = env.changed(since).await?;
    /// env.transact(|txn| ages.put(txn, "ann", 42))?;
    /// assert!(matches!(changed.as_mut().poll(&mut context), Poll::Ready(Ok(_))));
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("subscribe", "watch", "listen"))]
    pub fn changed(&self, since: impl Into<CommitId>) -> Changed {
        Changed { waiting: Waiting::new(self.engine.changes()), env: self.clone(), since: since.into() }
    }

    /// The id of the newest state, if it is after `since`.
    fn newer(&self, since: CommitId) -> Result<Option<CommitId>> {
        let newest = CommitId::from(self.snapshot()?.raw_id());
        Ok((newest > since).then_some(newest))
    }
}

/// A future that is ready when something was committed: see [`Env::changed`].
#[must_use = "a future does nothing unless it is polled"]
pub struct Changed {
    env: Env,
    since: CommitId,
    waiting: Waiting,
}

impl Future for Changed {
    type Output = Result<CommitId>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // The waker is set before the task looks at the newest state: a commit after that look then wakes the task.
        self.waiting.set_waker(context.waker());
        let look = || {
            if let Some(newest) = self.env.newer(self.since)? {
                return Ok(Some(newest));
            }
            poll_others(self.env.engine.core()).map(|()| None)
        };
        match look() {
            Ok(Some(newest)) => Poll::Ready(Ok(newest)),
            Ok(None) => Poll::Pending,
            Err(error) => Poll::Ready(Err(error.during("changed"))),
        }
    }
}

impl fmt::Debug for Changed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changed").field("since", &self.since).finish_non_exhaustive()
    }
}

/// Starts the thread that looks for commits of other processes, unless there is one. It ends when nobody waits.
///
/// It pins the newest state, as a task does that looks for it: a meta page shows a commit while that is still being
/// flushed, when no pin sees it yet.
fn poll_others(core: &Arc<Core>) -> Result<()> {
    let watch = Arc::clone(core.changes());
    if !watch.begin_polling() {
        return Ok(());
    }
    let (weak, of_thread) = (Arc::downgrade(core), Arc::clone(&watch));
    // `seen` is `None` at first, so that this thread wakes all tasks after its first look: a commit may have come after
    // the tasks looked and before this thread did.
    let mut seen: Option<LmdbTxnId> = None;
    let polling = move || {
        loop {
            thread::sleep(POLL);
            // The core is held only during this look, so that this thread does not keep the environment open.
            let newest = weak.upgrade().map(|core| core.pinned().map(|pinned| pinned.lmdb_id()));
            let is_over = match newest {
                Some(Ok(newest)) => {
                    if seen.replace(newest) != Some(newest) {
                        of_thread.wake();
                    }
                    false
                }
                // No reader slot is free, or something else failed that may pass. The tasks are woken: they look for
                // themselves, and report the error if it lasts.
                Some(Err(error)) if error.kind() != ErrorKind::Closed => {
                    of_thread.wake();
                    false
                }
                _ => {
                    of_thread.wake();
                    true
                }
            };
            if of_thread.end_polling(is_over) {
                return;
            }
        }
    };
    let spawned = thread::Builder::new().name("mapleaf-changes".into()).stack_size(256 * 1024).spawn(polling);
    spawned.map(drop).map_err(|error| {
        watch.end_polling(true);
        let why = format!("the system gave no thread to look for commits of other processes: {error}");
        Error::new(ErrorKind::Io, why).caused_by(error)
    })
}
