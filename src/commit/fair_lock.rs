//! The transaction lock: a running thread may overtake sleeping ones, but none of them starves.

use std::collections::VecDeque;
use std::hint;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};

use crate::os::process_mark;

/// Call after `park` returns: it may have consumed a token that another waker meant for the thread's own executor,
/// which would then wait in vain. Costs at most one spurious wake-up.
pub(crate) fn return_token() {
    thread::current().unpark();
}

/// Decides which thread may run a transaction's closure: one at a time.
///
/// Most closures end before a sleeping thread is awake. If the lock were handed to the first in line, each closure
/// would cost the time to wake a thread. So a release wakes the first in line, and whichever thread asks first gets
/// the lock. A thread that was passed over [`MOST_PASSED`] times is handed it: a thread that releases and takes the
/// lock in a loop cannot keep others out.
pub(crate) struct FairLock {
    line: Mutex<Line>,
    /// Whether the lock is held, for threads that check before they stand in line.
    taken: AtomicBool,
    mark: u64,
}

#[derive(Default)]
struct Line {
    taken: bool,
    waiting: VecDeque<Arc<Caller>>,
    /// How often the first in line was passed over.
    passed: u32,
}

struct Caller {
    state: AtomicU8,
    thread: Thread,
}

/// Parked, or about to park.
const WAITS: u8 = 0;
/// First in line, and woken since the lock was released.
const WOKEN: u8 = 1;
/// Was handed the lock.
const CALLED: u8 = 2;

/// How often the first in line is passed over before the lock is handed to it.
const MOST_PASSED: u32 = 32;
/// How often a thread checks whether the lock is free before it stands in line and parks.
const LOOKS: usize = 100;

impl Caller {
    fn call(&self, state: u8) {
        // A thread that was woken and has not checked yet need not be woken again.
        if self.state.swap(state, Ordering::AcqRel) == WAITS {
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
        Self { line: Mutex::default(), taken: AtomicBool::new(false), mark: process_mark() }
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the lock: at most until all threads that wait now, and some that come later, have had it.
    pub(crate) fn take(&self) -> FairLockGuard<'_> {
        for look in 1..=LOOKS {
            if !self.taken.load(Ordering::Relaxed) {
                break;
            }
            // The holder may need this core.
            if look.is_multiple_of(25) { thread::yield_now() } else { hint::spin_loop() }
        }
        let mut line = self.line();
        if let Some(taken) = self.take_free(&mut line) {
            return taken;
        }
        let caller = Arc::new(Caller { state: AtomicU8::new(WAITS), thread: thread::current() });
        line.waiting.push_back(Arc::clone(&caller));
        drop(line);
        let taken = self.wait(&caller);
        return_token();
        taken
    }

    fn wait(&self, caller: &Caller) -> FairLockGuard<'_> {
        loop {
            match caller.state.load(Ordering::Acquire) {
                CALLED => return FairLockGuard { lock: self },
                WOKEN => {
                    let mut line = self.line();
                    // Handing over happens under the line's mutex too, so it cannot happen after this check.
                    if caller.state.load(Ordering::Acquire) == CALLED {
                        continue;
                    }
                    if let Some(taken) = self.take_free(&mut line) {
                        // Only the first in line is woken, and it stays first until it has the lock.
                        line.waiting.pop_front();
                        line.passed = 0;
                        return taken;
                    }
                    caller.state.store(WAITS, Ordering::Release);
                }
                // A park may end spuriously, or by another notification for this thread.
                _ => thread::park(),
            }
        }
    }

    fn take_free(&self, line: &mut Line) -> Option<FairLockGuard<'_>> {
        if line.taken {
            return None;
        }
        line.taken = true;
        self.taken.store(true, Ordering::Relaxed);
        Some(FairLockGuard { lock: self })
    }

    /// Takes the lock if it is free and nobody waits for it.
    pub(crate) fn try_take(&self) -> Option<FairLockGuard<'_>> {
        let mut line = self.line();
        if line.waiting.is_empty() { self.take_free(&mut line) } else { None }
    }

    #[cfg(test)]
    pub(crate) fn waiting(&self) -> usize {
        self.line().waiting.len()
    }
}

impl Drop for FairLockGuard<'_> {
    fn drop(&mut self) {
        // In a forked child the line is the parent's: another thread may have held its mutex at the fork.
        if process_mark() != self.lock.mark {
            return;
        }
        let mut line = self.lock.line();
        if line.passed >= MOST_PASSED
            && let Some(first) = line.waiting.pop_front()
        {
            line.passed = 0;
            first.call(CALLED);
            return;
        }
        line.taken = false;
        self.lock.taken.store(false, Ordering::Relaxed);
        if let Some(first) = line.waiting.front() {
            first.call(WOKEN);
            line.passed += 1;
        }
    }
}
