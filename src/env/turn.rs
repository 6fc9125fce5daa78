//! The turn: a lock that is handed on in the order it was asked for.

use std::collections::VecDeque;
use std::hint;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};

use crate::env::map::process_id;

/// Who may run a transaction's closure: one thread at a time, first come first served.
///
/// A [`Mutex`] is faster where threads fight for it, because whoever runs takes it from those that sleep; for the same
/// reason one of them may wait for ever. Here a thread that gives the turn up and asks again stands behind all others.
pub(crate) struct Turn {
    line: Mutex<Line>,
    pid: u32,
}

#[derive(Default)]
struct Line {
    /// Whether somebody has the turn. While anybody waits it is never free: it goes from hand to hand.
    taken: bool,
    waiting: VecDeque<Arc<Caller>>,
}

struct Caller {
    state: AtomicU8,
    thread: Thread,
}

/// Sleeps, or is about to.
const WAITS: u8 = 0;
/// Is next, and was woken for it: to wake a thread takes longer than most closures.
const SOON: u8 = 1;
/// Has the turn.
const CALLED: u8 = 2;

/// How often who is next looks whether it has the turn before it sleeps again.
const LOOKS: usize = 200;

impl Caller {
    fn wait(&self) {
        // Parking may end by itself, or by what somebody else has to tell this thread.
        loop {
            match self.state.load(Ordering::Acquire) {
                CALLED => return,
                SOON => {
                    for look in 1..=LOOKS {
                        if self.state.load(Ordering::Acquire) == CALLED {
                            return;
                        }
                        // Who has the turn may need this core.
                        if look.is_multiple_of(4) { thread::yield_now() } else { hint::spin_loop() }
                    }
                    let _ = self.state.compare_exchange(SOON, WAITS, Ordering::AcqRel, Ordering::Acquire);
                }
                _ => thread::park(),
            }
        }
    }

    fn call(&self) {
        self.state.store(CALLED, Ordering::Release);
        self.thread.unpark();
    }

    fn warn(&self) {
        if self.state.compare_exchange(WAITS, SOON, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            self.thread.unpark();
        }
    }
}

/// The turn, taken; given up when dropped.
#[must_use = "the turn is given up when this is dropped"]
pub(crate) struct Taken<'a> {
    turn: &'a Turn,
}

impl Turn {
    pub(crate) fn new() -> Self {
        Self { line: Mutex::default(), pid: process_id() }
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the turn, behind all who wait already.
    pub(crate) fn take(&self) -> Taken<'_> {
        let mut line = self.line();
        if !line.taken {
            line.taken = true;
            return Taken { turn: self };
        }
        let state = if line.waiting.is_empty() { SOON } else { WAITS };
        let caller = Arc::new(Caller { state: AtomicU8::new(state), thread: thread::current() });
        line.waiting.push_back(Arc::clone(&caller));
        drop(line);
        caller.wait();
        Taken { turn: self }
    }

    /// Takes the turn if nobody has it or waits for it.
    pub(crate) fn try_take(&self) -> Option<Taken<'_>> {
        let mut line = self.line();
        if line.taken {
            return None;
        }
        line.taken = true;
        Some(Taken { turn: self })
    }

    #[cfg(test)]
    pub(crate) fn waiting(&self) -> usize {
        self.line().waiting.len()
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        // In a forked child the line is the parent's: another thread may have held its lock at the fork.
        if process_id() != self.turn.pid {
            return;
        }
        let mut line = self.turn.line();
        match line.waiting.pop_front() {
            Some(caller) => {
                let next = line.waiting.front().cloned();
                drop(line);
                caller.call();
                if let Some(next) = next {
                    next.warn();
                }
            }
            None => line.taken = false,
        }
    }
}
