//! What a transaction that is held knows of its locks, which lie with its thread.

use std::cell::{Cell, OnceCell};
use std::rc::Rc;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::state::{Core, PinnedState, State};

/// What a transaction that is held knows of the locks that its thread keeps for it.
pub(crate) struct Holding {
    /// Whether the thread is ending and has given the locks back.
    is_ending: Rc<Cell<bool>>,
    core: Arc<Core>,
    /// Keeps the pages of the base, from the first reader on. A transaction may be leaked, and its readers then live on
    /// when its thread has ended.
    pin: OnceCell<Result<Arc<PinnedState>>>,
}

impl Holding {
    pub(super) fn new(core: &Arc<Core>, is_ending: Rc<Cell<bool>>) -> Self {
        Self { is_ending, core: Arc::clone(core), pin: OnceCell::new() }
    }

    #[inline]
    pub(super) fn is_over(&self) -> bool {
        self.is_ending.get()
    }

    /// Pins `base`, which is the newest state as long as the locks are held.
    pub(super) fn pin(&self, base: &State) -> Result<&Arc<PinnedState>, &Error> {
        let pin = self.pin.get_or_init(|| {
            let pinned = self.core.pinned()?;
            if pinned.lmdb_id() == base.lmdb_id() { Ok(pinned) } else { Err(overtaken()) }
        });
        pin.as_ref()
    }
}

#[cold]
fn overtaken() -> Error {
    let why = "another program has written although this transaction holds LMDB's lock; abort, and verify the file";
    Error::new(ErrorKind::Conflict, why)
}
