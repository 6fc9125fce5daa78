//! Wakes those who wait for the next commit: threads, and tasks through their wakers.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use crate::error::contain;
use crate::os::process_mark;

/// Wakes whoever waits for the next commit. If nobody waits, a commit pays one load for this.
pub(crate) struct ChangeWatch {
    /// The number of [`Waiting`] values.
    count: AtomicUsize,
    state: Mutex<Watch>,
    changed: Condvar,
    mark: u64,
}

#[derive(Default)]
struct Watch {
    /// How often all waiters were woken.
    rounds: u64,
    wakers: Vec<(u64, Waker)>,
    next_key: u64,
    /// Whether some thread polls for commits of other processes.
    is_polled: bool,
}

/// A waiter. It must be created before the waiter first looks at the newest state, and lives until the waiter stops
/// waiting.
pub(crate) struct Waiting {
    watch: Arc<ChangeWatch>,
    key: u64,
}

impl ChangeWatch {
    pub(super) fn new() -> Arc<Self> {
        let (count, state, changed) = (AtomicUsize::new(0), Mutex::default(), Condvar::new());
        Arc::new(Self { count, state, changed, mark: process_mark() })
    }

    fn state(&self) -> MutexGuard<'_, Watch> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Called when a commit has become visible.
    #[inline]
    pub(crate) fn notify(&self) {
        // The commit is visible before this load, and a waiter is counted before it looks at the newest state. So
        // either the waiter sees the commit, or this load sees the waiter: no waiter misses a commit.
        if self.count.load(Ordering::SeqCst) > 0 {
            self.wake();
        }
    }

    /// Wakes all waiters.
    #[cold]
    pub(crate) fn wake(&self) {
        let wakers = {
            let mut state = self.state();
            state.rounds = state.rounds.wrapping_add(1);
            std::mem::take(&mut state.wakers)
        };
        self.changed.notify_all();
        // A waker is the user's code: a panic in it must not end a commit.
        for (_, waker) in wakers {
            contain(|| waker.wake());
        }
    }

    /// How often all waiters were woken, to be passed to [`wait`](Self::wait).
    pub(crate) fn rounds(&self) -> u64 {
        self.state().rounds
    }

    /// Waits until all waiters have been woken since [`rounds`](Self::rounds) was `seen`, but not longer than `limit`.
    pub(crate) fn wait(&self, seen: u64, limit: Duration) {
        let state = self.state();
        drop(self.changed.wait_timeout_while(state, limit, |state| state.rounds == seen));
    }

    /// Whether the caller must begin to poll for commits of other processes. `false` if a thread polls already.
    pub(crate) fn begin_polling(&self) -> bool {
        !std::mem::replace(&mut self.state().is_polled, true)
    }

    /// Ends the polling if nobody waits any more, or if `is_over`. Returns whether it ended.
    pub(crate) fn end_polling(&self, is_over: bool) -> bool {
        let mut state = self.state();
        // A task may begin to wait just after `count` was read as 0. It is not forgotten: once the task is counted, it
        // calls `begin_polling`, which waits for this lock. So it sees that the polling has ended, and begins it again.
        let ends = is_over || self.count.load(Ordering::SeqCst) == 0;
        state.is_polled &= !ends;
        ends
    }
}

impl Waiting {
    pub(crate) fn new(watch: &Arc<ChangeWatch>) -> Self {
        watch.count.fetch_add(1, Ordering::SeqCst);
        let mut state = watch.state();
        let key = state.next_key;
        state.next_key = key.wrapping_add(1);
        drop(state);
        Self { watch: Arc::clone(watch), key }
    }

    /// Sets the waker of this waiter's task. It is woken at the next commit.
    pub(crate) fn set_waker(&self, waker: &Waker) {
        let mut state = self.watch.state();
        match state.wakers.iter_mut().find(|(key, _)| *key == self.key) {
            Some((_, known)) => known.clone_from(waker),
            None => state.wakers.push((self.key, waker.clone())),
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // In a forked child, the mutex may be locked forever: a thread of the parent may have held it at the fork.
        if process_mark() != self.watch.mark {
            return;
        }
        self.watch.count.fetch_sub(1, Ordering::SeqCst);
        self.watch.state().wakers.retain(|(key, _)| *key != self.key);
    }
}
