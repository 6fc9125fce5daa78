//! The sweep: twice a second, lets go of states that other processes' commits made stale, and reports slow readers.

use std::fmt;
use std::sync::{Arc, Weak};
use std::thread::{self, Thread};
use std::time::Duration;

use crate::env::engine::Engine;
use crate::env::info::ReaderInfo;

const PERIOD: Duration = Duration::from_millis(500);

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

/// Starts the thread that sweeps `engine` until its last handle is gone. `None` when the system gives no thread: stale
/// states are then let go by the next snapshot alone.
pub(crate) fn start(engine: &Arc<Engine>) -> Option<Thread> {
    let period = engine.slow_reader.as_ref().map_or(PERIOD, |slow| PERIOD.min(slow.limit / 2));
    let engine = Arc::downgrade(engine);
    let sweeping = move || {
        while sweep(&engine) {
            thread::park_timeout(period);
        }
    };
    let spawned = thread::Builder::new().name("mapleaf-sweep".into()).stack_size(256 * 1024).spawn(sweeping);
    spawned.ok().map(|handle| handle.thread().clone())
}

/// One sweep; whether another is needed.
fn sweep(engine: &Weak<Engine>) -> bool {
    let Some(engine) = engine.upgrade().filter(|engine| engine.is_owned()) else {
        return false;
    };
    engine.drop_stale_leases();
    if let Some(slow) = &engine.slow_reader {
        for generation in engine.generations() {
            let is_slow = generation.opened().elapsed() >= slow.limit && !generation.is_newest();
            if is_slow && generation.report_once() {
                let newest = engine.generation().and_then(|newest| newest.head());
                let lag = newest.map_or(0, |head| head.seq);
                if let Ok(info) = ReaderInfo::of(&generation, lag) {
                    (slow.callback)(&info);
                }
            }
        }
    }
    true
}
