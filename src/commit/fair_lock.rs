//! The turn: a lock that whoever runs may take from those that sleep, and that none of them waits for for ever.

use std::collections::VecDeque;
use std::hint;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};

use crate::os::process_mark;

/// To be called by who has parked, when it goes on. A thread has one token, and parking takes it whoever left it: it may have
/// been left by a waker that the thread's own executor parks for, and which would be waited for in vain. Who parks next wakes
/// once without need.
pub(crate) fn return_token() {
    thread::current().unpark();
}

/// Who may run a transaction's closure: one thread at a time.
///
/// Most closures are over before a thread that sleeps is awake. Were the turn handed to the first in line, each closure
/// would cost the time to wake a thread; so the first in line is woken when the turn is free, and whoever asks first has
/// it. Who was passed over [`MOST_PASSED`] times is handed it: a thread that gives the turn up and asks again cannot keep
/// others out.
pub(crate) struct FairLock {
    line: Mutex<Line>,
    /// Whether somebody has the turn, for who looks before standing in line.
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

/// Sleeps, or is about to.
const WAITS: u8 = 0;
/// Is the first in line, and was woken since the turn was free.
const WOKEN: u8 = 1;
/// Was handed the turn.
const CALLED: u8 = 2;

/// How often the first in line is passed over before the turn is handed to it.
const MOST_PASSED: u32 = 32;
/// How often a thread looks whether the turn is free before it stands in line and sleeps.
const LOOKS: usize = 100;

impl Caller {
    fn call(&self, state: u8) {
        // Who is awake already, and has not looked yet, need not be woken again.
        if self.state.swap(state, Ordering::AcqRel) == WAITS {
            self.thread.unpark();
        }
    }
}

/// The turn, taken; given up when dropped.
#[must_use = "the turn is given up when this is dropped"]
pub(crate) struct FairLockGuard<'a> {
    turn: &'a FairLock,
}

impl FairLock {
    pub(crate) fn new() -> Self {
        Self { line: Mutex::default(), taken: AtomicBool::new(false), mark: process_mark() }
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the turn: at most until all who are asking now, and some who ask later, have had it.
    pub(crate) fn take(&self) -> FairLockGuard<'_> {
        for look in 1..=LOOKS {
            if !self.taken.load(Ordering::Relaxed) {
                break;
            }
            // Who has the turn may need this core.
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
                CALLED => return FairLockGuard { turn: self },
                WOKEN => {
                    let mut line = self.line();
                    // Under the line's lock, as are the calls: nothing comes between.
                    if caller.state.load(Ordering::Acquire) == CALLED {
                        continue;
                    }
                    if let Some(taken) = self.take_free(&mut line) {
                        // Only the first in line is woken, and it stays the first until it has the turn.
                        line.waiting.pop_front();
                        line.passed = 0;
                        return taken;
                    }
                    caller.state.store(WAITS, Ordering::Release);
                }
                // Parking may end by itself, or by what somebody else has to tell this thread.
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
        Some(FairLockGuard { turn: self })
    }

    /// Takes the turn if nobody has it or waits for it.
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
        // In a forked child the line is the parent's: another thread may have held its lock at the fork.
        if process_mark() != self.turn.mark {
            return;
        }
        let mut line = self.turn.line();
        if line.passed >= MOST_PASSED
            && let Some(first) = line.waiting.pop_front()
        {
            line.passed = 0;
            first.call(CALLED);
            return;
        }
        line.taken = false;
        self.turn.taken.store(false, Ordering::Relaxed);
        if let Some(first) = line.waiting.front() {
            first.call(WOKEN);
            line.passed += 1;
        }
    }
}
