//! The sweep: twice a second, lets go of states that other processes' commits made stale, and reports slow readers.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, Thread};
use std::time::Duration;

use crate::env::pinned_state::PinnedState;
use crate::env::readers::ReaderInfo;
use crate::env::snapshot_cache::Leases;
use crate::error::contain;

/// How often is swept, at the most and at the least.
const PERIOD: Duration = Duration::from_millis(500);
const SHORTEST: Duration = Duration::from_millis(10);

/// Who is told of snapshots that are older than a limit.
#[derive(Clone)]
pub(crate) struct SlowReader {
    pub limit: Duration,
    pub callback: Arc<dyn Fn(&ReaderInfo) + Send + Sync>,
}

impl fmt::Debug for SlowReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SlowReader").field("limit", &self.limit).finish_non_exhaustive()
    }
}

/// The states of an engine that are read or kept for readers: all that the sweep sees. It has no hold on the engine
/// itself, so that whoever drops the last handle of an environment is the one that closes it.
#[derive(Default)]
pub(crate) struct States {
    pub leases: Leases,
    all: Mutex<All>,
    slow_reader: Option<SlowReader>,
    /// Held while a sweep has hold of states.
    turn: Mutex<()>,
}

/// Some of them may have ended. They are looked through when there are twice as many as were alive then.
#[derive(Default)]
struct All {
    states: Vec<Weak<PinnedState>>,
    forget_at: usize,
}

/// Fewer are not looked through: what is noted of a state keeps its memory.
const FEW: usize = 2;

impl States {
    pub(crate) fn new(slow_reader: Option<SlowReader>) -> Arc<Self> {
        Arc::new(Self { slow_reader, ..Self::default() })
    }

    /// Notes a state. O(1), amortized.
    pub(crate) fn add(&self, pinned: &Arc<PinnedState>) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if all.states.len() >= all.forget_at {
            #[cfg(test)]
            all.states.iter().for_each(|_| crate::page::steps::note());
            all.states.retain(|pinned| pinned.strong_count() > 0);
            all.forget_at = 2 * all.states.len() + FEW;
        }
        all.states.push(Arc::downgrade(pinned));
    }

    /// The states that are alive.
    pub(crate) fn alive(&self) -> Vec<Arc<PinnedState>> {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.states.iter().filter_map(Weak::upgrade).collect()
    }

    /// Waits for a sweep under way, and keeps the next one waiting. Taken before the openers' gate.
    pub(crate) fn hold_sweep(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets go of cached states that are not the newest any more.
    pub(crate) fn drop_stale(&self) {
        self.leases.drop_if(|lease| !lease.pinned.is_newest());
    }

    /// One sweep; who is to be reported.
    fn sweep(&self) -> Vec<ReaderInfo> {
        self.drop_stale();
        self.leases.sweep();
        let Some(slow) = &self.slow_reader else {
            return Vec::new();
        };
        let alive = self.alive();
        let slow = alive.iter().filter(|state| state.opened().elapsed() >= slow.limit && !state.is_newest());
        slow.filter(|state| state.report_once())
            .filter_map(|state| ReaderInfo::of(state, state.commits_since()).ok())
            .collect()
    }
}

/// The thread that sweeps for as long as an environment has handles.
pub(crate) struct Reaper {
    thread: Thread,
    stopped: Arc<AtomicBool>,
}

impl Reaper {
    /// Starts it. `None` when the system gives no thread: stale states are then let go by the next snapshot alone.
    ///
    /// `look` is called at each sweep, while the owner of the states is kept waiting.
    pub(crate) fn start(states: &Arc<States>, look: impl Fn() + Send + 'static) -> Option<Self> {
        let stopped = Arc::new(AtomicBool::new(false));
        let (states, stop) = (Arc::clone(states), Arc::clone(&stopped));
        let period = states.slow_reader.as_ref().map_or(PERIOD, |slow| (slow.limit / 2).clamp(SHORTEST, PERIOD));
        let sweeping = move || {
            while !stop.load(Ordering::Acquire) {
                let turn = states.hold_sweep();
                // Stopped while it waited for its turn: the states are being let go.
                let going = !stop.load(Ordering::Acquire);
                let slow = if going { states.sweep() } else { Vec::new() };
                if going {
                    look();
                }
                drop(turn);
                for reader in slow {
                    if let Some(told) = &states.slow_reader {
                        // The user's own code: a panic in it is not the end of the sweep.
                        contain(|| (told.callback)(&reader));
                    }
                }
                thread::park_timeout(period);
            }
        };
        let spawned = thread::Builder::new().name("mapleaf-sweep".into()).stack_size(256 * 1024).spawn(sweeping);
        spawned.ok().map(|handle| Self { thread: handle.thread().clone(), stopped })
    }

    /// Ends it, when it has finished the sweep it is at.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        self.thread.unpark();
    }
}
