//! The turn: a lock that is handed on in the order it was asked for.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
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
    called: AtomicBool,
    thread: Thread,
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
        let caller = Arc::new(Caller { called: AtomicBool::new(false), thread: thread::current() });
        line.waiting.push_back(Arc::clone(&caller));
        drop(line);
        // Parking may end by itself, or by what somebody else has to tell this thread.
        while !caller.called.load(Ordering::Acquire) {
            thread::park();
        }
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
                drop(line);
                caller.called.store(true, Ordering::Release);
                caller.thread.unpark();
            }
            None => line.taken = false,
        }
    }
}
