//! The transaction lock: a running thread may overtake sleeping ones, but none of them starves.

use std::collections::VecDeque;
use std::hint;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::Instant;

use crate::os::process_mark;

/// Whether, and until when, to wait for another writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Wait as long as it takes.
    Yes,
    /// Do not wait: fail with `Busy`. LMDB has no such call, so a writer of another program is waited for all the
    /// same.
    No,
    /// Wait until then, and fail with `Timeout`. A writer of another program is waited for all the same.
    Until(Instant),
}

/// To be called after `park` has returned. The park may have consumed the token of another waker, meant for the
/// thread's own executor, which would then wait in vain. Costs at most one spurious wake-up.
pub(crate) fn return_token() {
    thread::current().unpark();
}

/// Decides which thread may run a transaction's closure: one at a time.
///
/// Most closures end before a sleeping thread is awake. If the lock were handed to the first in line, each closure
/// would cost the time to wake a thread. So a release only wakes the first in line, and whichever thread asks for the
/// lock first gets it. A thread in line that was passed over [`MOST_PASSED`] times is handed the lock. So a thread
/// that releases and takes the lock in a loop cannot keep others out.
pub(crate) struct FairLock {
    /// The bits [`LOCKED`] and [`HAS_WAITERS`]. Taking or releasing a lock that no thread waits for changes this word
    /// alone.
    word: AtomicU8,
    line: Mutex<Line>,
    mark: u64,
}

#[derive(Default)]
struct Line {
    waiting: VecDeque<Arc<Waiter>>,
    /// How often the first in line was passed over.
    passed: u32,
}

struct Waiter {
    state: AtomicU8,
    thread: Thread,
}

/// The lock is held.
const LOCKED: u8 = 1;
/// Threads wait in line. This bit is changed only under the line's mutex. While it is set, a release goes through the
/// line.
const HAS_WAITERS: u8 = 2;

/// State of a waiter: parked, or about to park.
const PARKED: u8 = 0;
/// State of a waiter: first in line, and woken since the lock was released.
const WOKEN: u8 = 1;
/// State of a waiter: was handed the lock.
const HANDED_OVER: u8 = 2;

/// How often the first in line is passed over before the lock is handed to it.
const MOST_PASSED: u32 = 32;
/// How often a thread tries to take the lock before it stands in line and parks.
const SPINS: usize = 100;

impl Waiter {
    fn notify(&self, state: u8) {
        // Only a parked thread is woken: one that was woken before and has not run yet sees the new state when it runs.
        if self.state.swap(state, Ordering::AcqRel) == PARKED {
            self.thread.unpark();
        }
    }
}

/// The lock, held; released when dropped.
#[must_use = "the lock is released when this is dropped"]
pub(crate) struct FairLockGuard<'a> {
    lock: &'a FairLock,
}

impl FairLock {
    pub(crate) fn new() -> Self {
        Self { word: AtomicU8::new(0), line: Mutex::default(), mark: process_mark() }
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the lock, and waits for it as `wait` says. `None` if it was not free within that time.
    #[inline]
    pub(crate) fn acquire(&self, wait: Wait) -> Option<FairLockGuard<'_>> {
        if self.word.compare_exchange(0, LOCKED, Ordering::Acquire, Ordering::Relaxed).is_ok() {
            return Some(FairLockGuard { lock: self });
        }
        match wait {
            Wait::Yes => self.take(None),
            // The lock may be free while threads wait in line. A caller that does not wait must not overtake them.
            Wait::No => None,
            Wait::Until(deadline) => self.take(Some(deadline)),
        }
    }

    /// Waits for the lock: at most until all threads that wait now, and some that come later, have had it.
    #[cold]
    fn take(&self, deadline: Option<Instant>) -> Option<FairLockGuard<'_>> {
        for attempt in 1..=SPINS {
            if let Some(taken) = self.take_free() {
                return Some(taken);
            }
            // The lock's holder may need this processor core, so this thread yields it from time to time.
            if attempt.is_multiple_of(25) { thread::yield_now() } else { hint::spin_loop() }
        }
        let mut line = self.line();
        // The bit is set before the try below. So a release after that try goes through the line, whose mutex this
        // thread holds, and finds this thread there: the release is not missed.
        self.word.fetch_or(HAS_WAITERS, Ordering::Relaxed);
        if let Some(taken) = self.take_free() {
            self.note_line(&line);
            return Some(taken);
        }
        let waiter = Arc::new(Waiter { state: AtomicU8::new(PARKED), thread: thread::current() });
        line.waiting.push_back(Arc::clone(&waiter));
        drop(line);
        let taken = self.wait(&waiter, deadline);
        return_token();
        taken
    }

    /// Notes in the word whether threads stand in line.
    fn note_line(&self, line: &Line) {
        if line.waiting.is_empty() {
            self.word.fetch_and(!HAS_WAITERS, Ordering::Relaxed);
        }
    }

    /// Takes the lock if it is free.
    fn take_free(&self) -> Option<FairLockGuard<'_>> {
        let free = |word: u8| (word & LOCKED == 0).then_some(word | LOCKED);
        self.word.fetch_update(Ordering::Acquire, Ordering::Relaxed, free).ok().map(|_| FairLockGuard { lock: self })
    }

    fn wait(&self, waiter: &Arc<Waiter>, deadline: Option<Instant>) -> Option<FairLockGuard<'_>> {
        loop {
            match waiter.state.load(Ordering::Acquire) {
                HANDED_OVER => return Some(FairLockGuard { lock: self }),
                WOKEN => {
                    let mut line = self.line();
                    // The lock is handed over only under the line's mutex, which this thread holds now. So it checks
                    // again: below, `PARKED` must not overwrite `HANDED_OVER`.
                    if waiter.state.load(Ordering::Acquire) == HANDED_OVER {
                        continue;
                    }
                    if let Some(taken) = self.take_free() {
                        // This thread is at the front: only the first in line is woken, and it stays the first until it
                        // has the lock.
                        line.waiting.pop_front();
                        line.passed = 0;
                        self.note_line(&line);
                        return Some(taken);
                    }
                    waiter.state.store(PARKED, Ordering::Release);
                }
                // `park` may return spuriously, or by another notification for this thread. So the loop looks at the
                // state again.
                _ => match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
                    None => thread::park(),
                    Some(left) if !left.is_zero() => thread::park_timeout(left),
                    Some(_) => return self.leave_line(waiter),
                },
            }
        }
    }

    /// Gives up waiting. Returns the lock if it was handed over in the meantime.
    fn leave_line(&self, waiter: &Arc<Waiter>) -> Option<FairLockGuard<'_>> {
        let mut line = self.line();
        if waiter.state.load(Ordering::Acquire) == HANDED_OVER {
            return Some(FairLockGuard { lock: self });
        }
        let was_first = line.waiting.front().is_some_and(|first| Arc::ptr_eq(first, waiter));
        line.waiting.retain(|other| !Arc::ptr_eq(other, waiter));
        self.note_line(&line);
        if was_first {
            line.passed = 0;
            // The release of the lock may have woken only this thread. Since this thread gives up, it wakes the next
            // one: otherwise the lock would be free while threads sleep in line.
            if self.word.load(Ordering::Relaxed) & LOCKED == 0
                && let Some(next) = line.waiting.front()
            {
                next.notify(WOKEN);
            }
        }
        None
    }

    #[cfg(test)]
    pub(crate) fn waiting(&self) -> usize {
        self.line().waiting.len()
    }
}

impl FairLock {
    /// Releases the lock, for its holder.
    #[inline]
    pub(crate) fn release(&self) {
        if self.word.compare_exchange(LOCKED, 0, Ordering::Release, Ordering::Relaxed).is_err() {
            self.release_to_line();
        }
    }

    #[cold]
    fn release_to_line(&self) {
        // In a forked child nobody waits in this line, which is the parent's. A thread of the parent may have held its
        // mutex at the fork, so the mutex may be locked forever.
        if process_mark() != self.mark {
            return;
        }
        let mut line = self.line();
        if line.passed >= MOST_PASSED
            && let Some(first) = line.waiting.pop_front()
        {
            line.passed = 0;
            self.note_line(&line);
            first.notify(HANDED_OVER);
            return;
        }
        self.word.fetch_and(!LOCKED, Ordering::Release);
        if let Some(first) = line.waiting.front() {
            first.notify(WOKEN);
            line.passed += 1;
        }
    }
}

impl FairLockGuard<'_> {
    /// Keeps the lock: the caller has to [release](FairLock::release) it.
    pub(crate) fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for FairLockGuard<'_> {
    fn drop(&mut self) {
        self.lock.release();
    }
}
