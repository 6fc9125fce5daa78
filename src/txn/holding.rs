//! What a transaction that is held knows of its locks, which lie with its thread.

use std::cell::OnceCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use crate::error::{Error, ErrorKind, Result};
use crate::state::{Core, PinnedState, State};

/// What a transaction that is held knows of the locks that its thread keeps for it.
pub(crate) struct Holding {
    ending: Arc<Ending>,
    core: Arc<Core>,
    /// Keeps the pages of the base, from the first reader on. A transaction may be leaked, and its readers then live on
    /// when its thread has ended.
    pin: OnceCell<Result<Arc<PinnedState>>>,
}

/// The end of a thread, which its transaction may outlive.
#[derive(Default)]
pub(super) struct Ending {
    is_over: AtomicBool,
    /// Keeps the pages of the base when the locks do not any more. A transaction that was leaked keeps this for ever, as
    /// what was read in it may be read for ever; one that is dropped after the locks drops it.
    pin: OnceLock<Arc<PinnedState>>,
}

impl Ending {
    /// Says that the thread is ending with its transaction, so that this can be read no more. Pins its base, if there is
    /// one that only the locks keep.
    ///
    /// # Errors
    /// As [`pin_newest`]. Then the locks must be kept: other threads may still read what was read in the transaction.
    pub(super) fn end(&self, unpinned: Option<(&Arc<Core>, &Arc<State>)>) -> Result<()> {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some((core, base)) = unpinned {
            let pinned = pin_newest(core, base)?;
            self.pin.get_or_init(|| pinned);
        }
        Ok(())
    }
}

impl Holding {
    pub(super) fn new(core: &Arc<Core>, ending: Arc<Ending>) -> Self {
        Self { ending, core: Arc::clone(core), pin: OnceCell::new() }
    }

    #[inline]
    pub(super) fn is_over(&self) -> bool {
        self.ending.is_over.load(Ordering::Relaxed)
    }

    /// Pins `base`, which is the newest state as long as the locks are held.
    pub(super) fn pin(&self, base: &State) -> Result<&Arc<PinnedState>, &Error> {
        self.pin.get_or_init(|| pin_newest(&self.core, base)).as_ref()
    }
}

/// Pins `base`, which is the newest state: the caller holds the locks.
fn pin_newest(core: &Arc<Core>, base: &State) -> Result<Arc<PinnedState>> {
    let pinned = core.pinned()?;
    if pinned.lmdb_id() == base.lmdb_id() { Ok(pinned) } else { Err(overtaken()) }
}

#[cold]
fn overtaken() -> Error {
    let why = "another program has written although this transaction holds LMDB's lock; abort, and verify the file";
    Error::new(ErrorKind::Conflict, why)
}
