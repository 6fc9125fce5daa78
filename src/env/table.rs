//! The DBIs that are open in this process: each name and id has one slot, by which generations find its root again.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::env::catalog::Schema;
use crate::env::engine::Engine;

/// Which DBI a handle means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DbiId {
    /// The catalogue's number: a DBI that is dropped and created again gets another.
    Catalogued(u32),
    /// Made by other software and not adopted: known by its name alone.
    Foreign,
}

/// An open DBI, shared by all its handles.
#[derive(Debug)]
pub struct DbiRef {
    /// The engine that it belongs to.
    pub(crate) engine: u64,
    /// Its own in this process, never used again.
    pub(crate) slot: usize,
    pub(crate) id: DbiId,
    pub(crate) name: Box<str>,
    pub(crate) schema: Schema,
    /// The longest key in bytes.
    pub(crate) max_key: usize,
    /// The environment's UUID.
    pub(crate) uuid: [u8; 16],
    /// The schema epoch under which the catalogue was last seen to agree with this handle, plus one; 0 before, and for the
    /// highest epoch, which only a damaged or crafted file has.
    checked: AtomicU64,
}

impl DbiRef {
    /// Whether the catalogue was seen to agree with this handle in a state of this schema epoch. All states of one epoch
    /// have the same catalogue.
    #[inline]
    pub(crate) fn is_checked(&self, epoch: u64) -> bool {
        epoch != u64::MAX && self.checked.load(Ordering::Relaxed) == epoch + 1
    }

    /// Notes that it was.
    pub(crate) fn set_checked(&self, epoch: u64) {
        self.checked.store(epoch.wrapping_add(1), Ordering::Relaxed);
    }
}

/// All open DBIs.
#[derive(Default)]
pub(crate) struct DbiTable(Mutex<Open>);

#[derive(Default)]
struct Open {
    /// Those whose handles are all dropped are forgotten when another is opened.
    dbis: Vec<Weak<DbiRef>>,
    next_slot: usize,
}

impl DbiTable {
    /// The shared entry for this DBI, made if it is the first handle.
    pub(crate) fn intern(&self, engine: &Engine, name: &str, id: DbiId, schema: &Schema) -> Arc<DbiRef> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.dbis.retain(|dbi| dbi.strong_count() > 0);
        let mut known = open.dbis.iter().filter_map(Weak::upgrade);
        if let Some(dbi) = known.find(|dbi| dbi.id == id && *dbi.name == *name && dbi.schema == *schema) {
            return dbi;
        }
        let (slot, max_key, uuid) = (open.next_slot, engine.max_key, *engine.uuid());
        open.next_slot += 1;
        let name = name.into();
        let (engine, schema, checked) = (engine.id(), schema.clone(), AtomicU64::new(0));
        let dbi = Arc::new(DbiRef { engine, slot, id, name, schema, max_key, uuid, checked });
        open.dbis.push(Arc::downgrade(&dbi));
        dbi
    }

    /// How many are open, or were until the last one was opened.
    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).dbis.len()
    }
}
