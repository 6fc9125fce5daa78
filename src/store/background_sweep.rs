//! Sweeping expired records in the background.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::key::Key;
use crate::store::backend::Backend;
use crate::store::records::Records;
use crate::value::Value;

/// A thread that removes the expired records of a store: from [`Records::sweep_in_background`]. Dropping it ends the thread
/// and waits for the sweep in progress, which is one transaction of a bounded number of records.
///
/// The thread has a handle of the store, so it keeps an environment open.
///
/// ```
/// use std::time::Duration;
/// use mapleaf::Env;
/// use mapleaf::store::{PutOptions, Records};
/// # fn main() -> mapleaf::Result<()> {
/// let env = Env::temporary()?;
/// let codes: Records<&str, u32> = env.records("codes")?;
/// let sweeper = codes.sweep_in_background(100, Duration::from_secs(1))?;
/// codes.put_with("ann", 1234, PutOptions::new().ttl(Duration::from_millis(1)))?;
/// // ...
/// drop(sweeper);
/// # Ok(())
/// # }
/// ```
#[must_use = "the sweep ends when this is dropped"]
pub struct BackgroundSweep {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    is_ending: bool,
    is_woken: bool,
    swept: u64,
    /// Why the last sweep failed, if it did.
    failed: Option<Error>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until it is time for the next sweep. False when there is none.
    fn wait(&self, pause: Duration) -> bool {
        let asleep = |state: &mut State| !state.is_ending && !state.is_woken;
        let waited = self.changed.wait_timeout_while(self.lock(), pause, asleep);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner).0;
        state.is_woken = false;
        !state.is_ending
    }
}

impl<K: Key + 'static, V: Value + 'static, B: Backend> Records<K, V, B> {
    /// Starts a thread that removes expired records: at most `limit` in a transaction, so that other writers wait for no
    /// longer than that takes, one transaction after another while there are more, and then again after `pause`.
    ///
    /// Expired records are absent for every verb, whether they were removed or not: this frees their place, and keeps
    /// listings and counts from passing over many of them. One thread for a store is enough, in one of its processes; more
    /// do no harm.
    ///
    /// # Errors
    /// `InvalidArgument` for a limit of 0; `ReadOnly` for a backend that is only read; `Io` when the system gives no
    /// thread. A sweep that fails is tried again after `pause`: see [`BackgroundSweep::last_error`]. A closed backend ends
    /// the thread.
    #[doc(alias("cleanup_interval", "vacuum", "purge", "reaper"))]
    pub fn sweep_in_background(&self, limit: usize, pause: Duration) -> Result<BackgroundSweep> {
        self.start_sweep(limit, pause).map_err(|error| self.named(error, "sweep_in_background"))
    }

    fn start_sweep(&self, limit: usize, pause: Duration) -> Result<BackgroundSweep> {
        if limit == 0 {
            let why = "a sweep of no records would never end; set a limit above 0";
            return Err(Error::new(ErrorKind::InvalidArgument, why));
        }
        if self.backend.capabilities().read_only {
            let why = "the backend is only read, so nothing can be swept; open it to be written";
            return Err(Error::new(ErrorKind::ReadOnly, why));
        }
        let (records, shared) = (self.clone(), Arc::new(Shared::default()));
        let of_thread = Arc::clone(&shared);
        let sweeping = move || {
            loop {
                let swept = records.sweep_expired(limit);
                let is_closed = matches!(&swept, Err(error) if error.kind() == ErrorKind::Closed);
                let has_more = matches!(swept, Ok(swept) if swept == limit);
                {
                    let mut state = of_thread.lock();
                    state.swept += swept.as_ref().map_or(0, |swept| *swept as u64);
                    state.failed = swept.err();
                }
                let pause = if has_more { Duration::ZERO } else { pause };
                if is_closed || !of_thread.wait(pause) {
                    return;
                }
            }
        };
        let spawned = thread::Builder::new().name("mapleaf-expiry".into()).stack_size(256 * 1024).spawn(sweeping);
        let thread = spawned.map_err(|error| {
            let why = format!("the system gave no thread to sweep expired records: {error}");
            Error::new(ErrorKind::Io, why).caused_by(error)
        })?;
        Ok(BackgroundSweep { shared, thread: Some(thread) })
    }
}

impl BackgroundSweep {
    /// Sweeps now, without waiting for the end of the pause.
    pub fn wake(&self) {
        self.shared.lock().is_woken = true;
        self.shared.changed.notify_all();
    }

    /// How many records it has removed so far.
    #[must_use]
    pub fn swept(&self) -> u64 {
        self.shared.lock().swept
    }

    /// Takes the error of the last sweep, if it failed.
    #[must_use]
    pub fn last_error(&self) -> Option<Error> {
        self.shared.lock().failed.take()
    }
}

impl Drop for BackgroundSweep {
    fn drop(&mut self) {
        self.shared.lock().is_ending = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // A panic in the thread has nobody to go to, and there is nothing left to do.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for BackgroundSweep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BackgroundSweep").field("swept", &self.swept()).finish_non_exhaustive()
    }
}
