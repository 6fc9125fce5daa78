//! Who waits for commits: threads, and tasks by their wakers.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use crate::error::contain;
use crate::os::process_mark;

/// Wakes whoever waits for the next commit. A commit that nobody waits for costs one load.
pub(crate) struct ChangeWatch {
    /// The number of [`Waiting`] values.
    count: AtomicUsize,
    state: Mutex<Watch>,
    changed: Condvar,
    mark: u64,
}

#[derive(Default)]
struct Watch {
    /// How often all were woken.
    rounds: u64,
    wakers: Vec<(u64, Waker)>,
    next_key: u64,
    /// Whether a thread looks for commits of other processes.
    is_polled: bool,
}

/// One who waits, from before the first look at the newest state until it is dropped.
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

    /// A commit has become visible.
    #[inline]
    pub(crate) fn notify(&self) {
        // Ordered after the commit, as the count of a waiter is before its look at the newest state: one of the two
        // sees the other.
        if self.count.load(Ordering::SeqCst) > 0 {
            self.wake();
        }
    }

    /// Wakes all.
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

    /// How often all were woken, for [`wait`](Self::wait).
    pub(crate) fn rounds(&self) -> u64 {
        self.state().rounds
    }

    /// Waits until all are woken after round `seen`, at most for `limit`.
    pub(crate) fn wait(&self, seen: u64, limit: Duration) {
        let state = self.state();
        drop(self.changed.wait_timeout_while(state, limit, |state| state.rounds == seen));
    }

    /// Whether the caller must start to look for commits of other processes: nobody does yet.
    pub(crate) fn begin_polling(&self) -> bool {
        !std::mem::replace(&mut self.state().is_polled, true)
    }

    /// Ends the polling, if nobody waits any more or `is_over`. Returns whether it did.
    pub(crate) fn end_polling(&self, is_over: bool) -> bool {
        let mut state = self.state();
        // Whoever begins to wait now asks again under this lock.
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

    /// Has this task woken with all others.
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
        // In a forked child, another thread may have held the mutex at the fork.
        if process_mark() != self.watch.mark {
            return;
        }
        self.watch.count.fetch_sub(1, Ordering::SeqCst);
        self.watch.state().wakers.retain(|(key, _)| *key != self.key);
    }
}
