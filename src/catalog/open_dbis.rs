//! The DBIs that are open in this process: each name and id has one slot, by which pinned states find its root again.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::catalog::record::Schema;

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
pub(crate) struct OpenDbis {
    /// The number of the engine that they belong to, and the longest key in bytes.
    engine: u64,
    max_key: usize,
    open: Mutex<Open>,
    /// The names that drops left behind, and the schema epoch that they are of: all states of one epoch have the same catalogue.
    leftovers: Mutex<Option<(u64, Vec<String>)>>,
}

#[derive(Default)]
struct Open {
    /// By name. Those whose handles are all dropped are forgotten now and then.
    dbis: HashMap<Box<str>, Vec<Weak<DbiRef>>>,
    /// How many are in it, and how many there may be before it is looked which are open: twice as many as were then.
    count: usize,
    forget_at: usize,
    next_slot: usize,
}

/// Fewer are not looked through.
const FEW: usize = 16;

impl Open {
    fn forget_closed(&mut self) {
        #[cfg(test)]
        (0..self.count).for_each(|_| crate::page::steps::note());
        self.dbis.retain(|_, of_name| {
            of_name.retain(|dbi| dbi.strong_count() > 0);
            !of_name.is_empty()
        });
        self.count = self.dbis.values().map(Vec::len).sum();
        self.forget_at = 2 * self.count + FEW;
    }
}

impl OpenDbis {
    /// Of the engine with this number, whose keys have so many bytes at most.
    pub(crate) fn new(engine: u64, max_key: usize) -> Self {
        Self { engine, max_key, open: Mutex::default(), leftovers: Mutex::default() }
    }

    /// The number of the engine that they belong to.
    pub(crate) fn engine(&self) -> u64 {
        self.engine
    }

    /// The shared entry for this DBI of the environment with this UUID, made if it is the first handle. O(1), amortized.
    pub(crate) fn intern(&self, uuid: &[u8; 16], name: &str, id: DbiId, schema: &Schema) -> Arc<DbiRef> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let open = &mut *open;
        if open.count >= open.forget_at {
            open.forget_closed();
        }
        if let Some(of_name) = open.dbis.get(name) {
            let mut known = of_name.iter().filter_map(Weak::upgrade);
            if let Some(dbi) = known.find(|dbi| dbi.id == id && dbi.schema == *schema) {
                return dbi;
            }
        }
        let (slot, max_key, uuid) = (open.next_slot, self.max_key, *uuid);
        open.next_slot += 1;
        let (engine, schema, checked) = (self.engine, schema.clone(), AtomicU64::new(0));
        let dbi = Arc::new(DbiRef { engine, slot, id, name: name.into(), schema, max_key, uuid, checked });
        let of_name = open.dbis.entry(name.into()).or_default();
        let before = of_name.len();
        of_name.retain(|dbi| dbi.strong_count() > 0);
        of_name.push(Arc::downgrade(&dbi));
        open.count = open.count + of_name.len() - before;
        dbi
    }

    /// How many are open, or were when it was looked last.
    pub(crate) fn len(&self) -> usize {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).count
    }

    /// The names that drops left behind in the states of this epoch, where that was [noted](Self::set_leftovers).
    pub(crate) fn leftovers(&self, epoch: u64) -> Option<Vec<String>> {
        let known = self.known_leftovers();
        known.as_ref().filter(|(of, _)| *of == epoch).map(|(_, names)| names.clone())
    }

    /// Notes that in the states of this epoch, which was committed, these are all.
    pub(crate) fn set_leftovers(&self, epoch: u64, names: Vec<String>) {
        *self.known_leftovers() = Some((epoch, names));
    }

    fn known_leftovers(&self) -> MutexGuard<'_, Option<(u64, Vec<String>)>> {
        self.leftovers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
