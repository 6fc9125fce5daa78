//! The DBIs that are open in this process. Each pair of name and id has one slot, under which states keep its root.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::catalog::dbi_id::{DbiId, DbiSlot};
use crate::catalog::record::Schema;

/// How the DBI of a handle is identified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DbiIdentity {
    /// By its number in the catalogue.
    Catalogued(DbiId),
    /// By its name alone: it was made by other software and not adopted.
    Foreign,
}

/// An open DBI, shared by all its handles.
#[derive(Debug)]
pub struct DbiRef {
    /// The engine that it belongs to.
    pub(crate) engine: u64,
    pub(crate) slot: DbiSlot,
    pub(crate) identity: DbiIdentity,
    pub(crate) name: Box<str>,
    pub(crate) schema: Schema,
    /// The maximum length of a key in bytes.
    pub(crate) max_key: usize,
    /// The environment's UUID.
    pub(crate) uuid: [u8; 16],
    /// The schema epoch, plus one, in which this handle last agreed with the catalogue. 0 if it was not compared yet,
    /// and for the highest epoch, which only a damaged or crafted file has.
    checked: AtomicU64,
    /// Whether its creation was committed: [`SETTLED`], [`PENDING`] or [`GIVEN_UP`].
    birth: AtomicU8,
}

/// The DBI exists in the file.
const SETTLED: u8 = 0;
/// The transaction that creates it has not been committed yet.
const PENDING: u8 = 1;
/// The transaction that was to create it was not committed.
const GIVEN_UP: u8 = 2;

impl DbiRef {
    /// Whether the transaction that creates it has not been committed yet.
    #[inline]
    pub(crate) fn is_pending(&self) -> bool {
        self.birth.load(Ordering::Acquire) == PENDING
    }

    /// Whether the DBI exists in the newest state, or did.
    pub(crate) fn is_settled(&self) -> bool {
        self.birth.load(Ordering::Acquire) == SETTLED
    }

    /// Whether the transaction that was to create it was not committed.
    pub(crate) fn is_given_up(&self) -> bool {
        self.birth.load(Ordering::Acquire) == GIVEN_UP
    }

    /// Notes that the transaction that creates it was committed.
    pub(crate) fn settle(&self) {
        self.birth.store(SETTLED, Ordering::Release);
    }

    /// Notes that the transaction that was to create it was not committed, unless it was.
    pub(crate) fn give_up(&self) {
        let _ = self.birth.compare_exchange(PENDING, GIVEN_UP, Ordering::Release, Ordering::Relaxed);
    }

    /// Whether the catalogue was seen to agree with this handle in a state of this schema epoch. All states of an
    /// epoch have the same catalogue.
    #[inline]
    pub(crate) fn is_checked(&self, epoch: u64) -> bool {
        epoch != u64::MAX && self.checked.load(Ordering::Relaxed) == epoch + 1
    }

    /// Notes that the catalogue agrees in states of this epoch.
    pub(crate) fn set_checked(&self, epoch: u64) {
        self.checked.store(epoch.wrapping_add(1), Ordering::Relaxed);
    }
}

/// All open DBIs.
pub(crate) struct OpenDbis {
    /// The number of their engine, and the longest key in bytes.
    engine: u64,
    max_key: usize,
    open: Mutex<Open>,
    /// The names of dropped DBIs whose trees are still in the file, and the schema epoch of which this list is true.
    leftovers: Mutex<Option<(u64, Vec<String>)>>,
    /// The number after the last one that a new DBI got, in the file or in a transaction that was not committed.
    next_id: AtomicU32,
}

#[derive(Default)]
struct Open {
    /// By name. Entries without open handles are removed from time to time.
    dbis: HashMap<Box<str>, Vec<Weak<DbiRef>>>,
    /// The number of entries, and the number at which unused ones are removed: about twice as many as were in use
    /// the last time.
    count: usize,
    forget_at: usize,
    next_slot: DbiSlot,
}

/// Up to this many entries, unused ones are not searched for.
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
    /// For the engine with this number, whose keys have at most `max_key` bytes.
    pub(crate) fn new(engine: u64, max_key: usize) -> Self {
        Self { engine, max_key, open: Mutex::default(), leftovers: Mutex::default(), next_id: AtomicU32::new(0) }
    }

    /// The number of the engine that they belong to.
    pub(crate) fn engine(&self) -> u64 {
        self.engine
    }

    /// Takes a number for a new DBI, from `least` on; none is taken twice in this process. `None` if all are used.
    pub(crate) fn take_id(&self, least: DbiId) -> Option<DbiId> {
        let take = |next: u32| next.max(least.0).checked_add(1);
        self.next_id
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
            .ok()
            .map(|before| DbiId(before.max(least.0)))
    }

    /// The shared `DbiRef` of a DBI, created if this is its first handle. O(1), amortized.
    pub(crate) fn intern(&self, uuid: &[u8; 16], name: &str, identity: DbiIdentity, schema: &Schema) -> Arc<DbiRef> {
        self.intern_as(SETTLED, uuid, name, identity, schema)
    }

    /// As [`intern`](Self::intern), for a DBI that a transaction creates and whose number was just taken.
    pub(crate) fn intern_pending(&self, uuid: &[u8; 16], name: &str, id: DbiId, schema: &Schema) -> Arc<DbiRef> {
        self.intern_as(PENDING, uuid, name, DbiIdentity::Catalogued(id), schema)
    }

    fn intern_as(&self, birth: u8, uuid: &[u8; 16], name: &str, identity: DbiIdentity, schema: &Schema) -> Arc<DbiRef> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let open = &mut *open;
        if open.count >= open.forget_at {
            open.forget_closed();
        }
        if let Some(of_name) = open.dbis.get(name) {
            let mut known = of_name.iter().filter_map(Weak::upgrade);
            if let Some(dbi) = known.find(|dbi| dbi.identity == identity && dbi.schema == *schema && !dbi.is_given_up())
            {
                if birth == SETTLED {
                    // The catalogue has this number: its creator has committed, or another process took it.
                    dbi.settle();
                }
                return dbi;
            }
        }
        let (slot, max_key, uuid) = (open.next_slot, self.max_key, *uuid);
        open.next_slot = slot.next();
        let (engine, schema, checked, birth) = (self.engine, schema.clone(), AtomicU64::new(0), AtomicU8::new(birth));
        let dbi = DbiRef { engine, slot, identity, name: name.into(), schema, max_key, uuid, checked, birth };
        let dbi = Arc::new(dbi);
        let of_name = open.dbis.entry(name.into()).or_default();
        let before = of_name.len();
        of_name.retain(|dbi| dbi.strong_count() > 0);
        of_name.push(Arc::downgrade(&dbi));
        open.count = open.count + of_name.len() - before;
        dbi
    }

    /// How many DBIs are open, or were when unused ones were last removed.
    pub(crate) fn len(&self) -> usize {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).count
    }

    /// The names of dropped DBIs whose trees are still in the file in states of this epoch, if
    /// [`set_leftovers`](Self::set_leftovers) has noted them.
    pub(crate) fn leftovers(&self, epoch: u64) -> Option<Vec<String>> {
        let known = self.known_leftovers();
        known.as_ref().filter(|(of, _)| *of == epoch).map(|(_, names)| names.clone())
    }

    /// Notes the names of all dropped DBIs whose trees are still in the file in states of this epoch, which was
    /// committed.
    pub(crate) fn set_leftovers(&self, epoch: u64, names: Vec<String>) {
        *self.known_leftovers() = Some((epoch, names));
    }

    /// Carries the list of leftovers, if it is known, over from one epoch to the next, by a commit that created DBIs
    /// with these names.
    pub(crate) fn carry_leftovers<'n>(&self, (from, to): (u64, u64), created: impl Iterator<Item = &'n str>) {
        let mut known = self.known_leftovers();
        let Some((epoch, names)) = known.as_mut().filter(|(epoch, _)| *epoch == from) else { return };
        *epoch = to;
        if !names.is_empty() {
            let created: HashSet<&str> = created.collect();
            names.retain(|name| !created.contains(&**name));
        }
    }

    fn known_leftovers(&self) -> MutexGuard<'_, Option<(u64, Vec<String>)>> {
        self.leftovers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
