//! The sweep thread: twice a second, it drops states that other processes' commits made stale, and reports slow
//! readers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;

use crate::error::contain;
use crate::observe;
use crate::state::pinned_state::States;

/// The longest and the shortest time between two sweeps. If slow readers are reported, it is half of their time limit,
/// within these.
const PERIOD: Duration = Duration::from_millis(500);
const SHORTEST: Duration = Duration::from_millis(10);

/// The thread that sweeps while an environment has handles.
pub(crate) struct Sweeper {
    thread: Thread,
    stopped: Arc<AtomicBool>,
}

impl Sweeper {
    /// Starts the thread. `None` if the system refuses: then stale states are dropped only when the next snapshot is
    /// taken.
    ///
    /// `check_files` is called at each sweep, under the sweep's lock, so that the files are not closed at the same
    /// time.
    pub(crate) fn start(states: &Arc<States>, check_files: impl Fn() + Send + 'static) -> Option<Self> {
        let stopped = Arc::new(AtomicBool::new(false));
        let (states, stop) = (Arc::clone(states), Arc::clone(&stopped));
        let period = states.slow_reader().map_or(PERIOD, |slow| (slow.limit / 2).clamp(SHORTEST, PERIOD));
        let sweeping = move || {
            while !stop.load(Ordering::Acquire) {
                let turn = states.hold_sweep();
                // If this thread was stopped while it waited for the lock, the states are being closed, and must not be
                // swept any more.
                let going = !stop.load(Ordering::Acquire);
                let slow = if going { states.sweep() } else { Vec::new() };
                if going {
                    check_files();
                }
                drop(turn);
                for reader in slow {
                    observe::slow_reader(reader.id, reader.age, reader.lag);
                    if let Some(setting) = states.slow_reader() {
                        // The callback is the user's code: a panic in it must not end the sweep.
                        contain(|| (setting.callback)(&reader));
                    }
                }
                thread::park_timeout(period);
            }
        };
        let spawned = thread::Builder::new().name("mapleaf-sweep".into()).stack_size(256 * 1024).spawn(sweeping);
        spawned.ok().map(|handle| Self { thread: handle.thread().clone(), stopped })
    }

    /// Ends the thread after the sweep in progress.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        self.thread.unpark();
    }
}
