//! One engine per data file and process, by device and inode: LMDB's locks do not hold between two environments of one
//! process, and a hard link or another spelling is the same file.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::env::engine::Engine;
use crate::env::place::FileId;

static OPEN: Mutex<Option<HashMap<FileId, Weak<Engine>>>> = Mutex::new(None);

/// The registry, held: while it is, no other thread opens, closes or replaces an environment. Who needs an open engine's
/// writer mutex too takes that first: a transaction may open other environments.
pub(crate) struct Registry(MutexGuard<'static, Option<HashMap<FileId, Weak<Engine>>>>);

/// Waits for the registry.
pub(crate) fn lock() -> Registry {
    Registry(OPEN.lock().unwrap_or_else(PoisonError::into_inner))
}

impl Registry {
    /// The engine that has `file` open in this process, or had it open in the one that this was forked from.
    pub(crate) fn find(&mut self, file: FileId) -> Option<Arc<Engine>> {
        self.0.as_ref()?.get(&file)?.upgrade().filter(|engine| !engine.is_closed())
    }

    pub(crate) fn insert(&mut self, file: FileId, engine: &Arc<Engine>) {
        let open = self.0.get_or_insert_default();
        open.retain(|_, engine| engine.strong_count() > 0);
        open.insert(file, Arc::downgrade(engine));
    }

    pub(crate) fn remove(&mut self, file: FileId) {
        if let Some(open) = self.0.as_mut() {
            open.remove(&file);
        }
    }
}
