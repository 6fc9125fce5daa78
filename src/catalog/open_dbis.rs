//! The DBIs that are open in this process. Each number has one slot, by which pinned states find its root again, and so
//! has each name of a DBI without a number.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

#[cfg(feature = "store")]
use crate::catalog::change_indexes::ChangeIndexes;
use crate::catalog::dbi_id::{DbiId, DbiSlot};
use crate::catalog::dbi_ref::{Common, DbiFound, DbiIdentity, DbiRef, PENDING, SETTLED};
use crate::catalog::record::Schema;

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
    #[cfg(feature = "store")]
    indexes: ChangeIndexes,
}

#[derive(Default)]
struct Open {
    /// By number, under each name that they were opened with. Entries without open handles are removed from time to
    /// time.
    numbered: HashMap<DbiId, Vec<Weak<DbiRef>>>,
    /// Those without a number, by name.
    foreign: HashMap<Box<str>, Vec<Weak<DbiRef>>>,
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
        let is_open = |dbis: &mut Vec<Weak<DbiRef>>| {
            dbis.retain(|dbi| dbi.strong_count() > 0);
            !dbis.is_empty()
        };
        self.numbered.retain(|_, dbis| is_open(dbis));
        self.foreign.retain(|_, dbis| is_open(dbis));
        self.count = self.numbered.values().chain(self.foreign.values()).map(Vec::len).sum();
        self.forget_at = 2 * self.count + FEW;
    }

    /// The entries of the DBI with this identity.
    fn of(&mut self, identity: DbiIdentity, name: &str) -> &mut Vec<Weak<DbiRef>> {
        match identity {
            DbiIdentity::Catalogued(id) => self.numbered.entry(id).or_default(),
            DbiIdentity::Foreign => self.foreign.entry(name.into()).or_default(),
        }
    }
}

impl OpenDbis {
    /// For the engine with this number, whose keys have at most `max_key` bytes.
    pub(crate) fn new(engine: u64, max_key: usize) -> Self {
        Self {
            engine,
            max_key,
            open: Mutex::default(),
            leftovers: Mutex::default(),
            next_id: AtomicU32::new(0),
            #[cfg(feature = "store")]
            indexes: ChangeIndexes::default(),
        }
    }

    /// The number of the engine that they belong to.
    pub(crate) fn engine(&self) -> u64 {
        self.engine
    }

    /// The indexes of changes within commits of the engine.
    #[cfg(feature = "store")]
    pub(crate) fn change_indexes(&self) -> &ChangeIndexes {
        &self.indexes
    }

    /// Takes a number for a new DBI, from `least` on; none is taken twice in this process. `None` if all are used.
    pub(crate) fn take_id(&self, least: DbiId) -> Option<DbiId> {
        let take = |next: u32| next.max(least.0).checked_add(1);
        self.next_id
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
            .ok()
            .map(|before| DbiId(before.max(least.0)))
    }

    /// The shared entry for this DBI of the environment with this UUID, opened under `name`. Made if it is the first
    /// handle. O(1), amortized.
    pub(crate) fn intern(&self, uuid: &[u8; 16], name: &str, found: DbiFound<'_>) -> Arc<DbiRef> {
        self.intern_as(uuid, name, found, || Common::new(SETTLED, found.tree), true)
    }

    /// As [`intern`](Self::intern), for a DBI that a transaction creates and whose number was just taken.
    pub(crate) fn intern_pending(&self, uuid: &[u8; 16], name: &str, id: DbiId, schema: &Schema) -> Arc<DbiRef> {
        let found = DbiFound { identity: DbiIdentity::Catalogued(id), schema, tree: name, origin: name };
        self.intern_as(uuid, name, found, || Common::new(PENDING, name), false)
    }

    /// The entry of `dbi` under another name.
    pub(crate) fn intern_renamed(&self, dbi: &DbiRef, name: &str) -> Arc<DbiRef> {
        let found = DbiFound { identity: dbi.identity, schema: &dbi.schema, tree: dbi.tree(), origin: &dbi.origin };
        self.intern_as(&dbi.uuid, name, found, || Arc::clone(&dbi.common), false)
    }

    fn intern_as(
        &self,
        uuid: &[u8; 16],
        name: &str,
        found: DbiFound<'_>,
        common: impl FnOnce() -> Arc<Common>,
        is_settled: bool,
    ) -> Arc<DbiRef> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let open = &mut *open;
        if open.count >= open.forget_at {
            open.forget_closed();
        }
        let next_slot = open.next_slot;
        let same = open.of(found.identity, name);
        let mut other = None;
        for dbi in same.iter().filter_map(Weak::upgrade) {
            if dbi.schema != *found.schema || dbi.is_given_up() {
                continue;
            }
            if is_settled {
                // The catalogue has a DBI of this number, so this one does not count as pending any more: its creator
                // has committed, or another process took the number.
                dbi.settle();
            }
            if *dbi.name == *name {
                return dbi;
            }
            other = Some(dbi);
        }
        let (slot, common) = match &other {
            Some(other) => (other.slot, Arc::clone(&other.common)),
            None => (next_slot, common()),
        };
        let dbi = Arc::new(DbiRef {
            engine: self.engine,
            slot,
            identity: found.identity,
            name: name.into(),
            origin: found.origin.into(),
            schema: found.schema.clone(),
            max_key: self.max_key,
            uuid: *uuid,
            common,
        });
        let before = same.len();
        same.retain(|dbi| dbi.strong_count() > 0);
        same.push(Arc::downgrade(&dbi));
        let after = same.len();
        open.count = open.count + after - before;
        if other.is_none() {
            open.next_slot = next_slot.next();
        }
        dbi
    }

    /// The handle of an open DBI to which the caller has a reference.
    pub(crate) fn handle_of(&self, dbi: &DbiRef) -> Option<Arc<DbiRef>> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let same = match dbi.identity {
            DbiIdentity::Catalogued(id) => open.numbered.get(&id)?,
            DbiIdentity::Foreign => open.foreign.get(&dbi.name)?,
        };
        same.iter().filter_map(Weak::upgrade).find(|known| known.slot == dbi.slot)
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

    /// Notes that a commit led from one epoch to the next, if the names of leftovers are known: `taken` are those of
    /// trees that it took over.
    pub(crate) fn carry_leftovers<'n>(&self, (from, to): (u64, u64), taken: impl Iterator<Item = &'n str>) {
        let mut known = self.known_leftovers();
        let Some((epoch, names)) = known.as_mut().filter(|(epoch, _)| *epoch == from) else { return };
        *epoch = to;
        if !names.is_empty() {
            let taken: HashSet<&str> = taken.collect();
            names.retain(|name| !taken.contains(&**name));
        }
    }

    fn known_leftovers(&self) -> MutexGuard<'_, Option<(u64, Vec<String>)>> {
        self.leftovers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
