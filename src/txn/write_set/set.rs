//! A write set: what a transaction changes, sorted by DBI and key, kept in memory until its commit.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::env::DbiRef;
use crate::error::{Error, ErrorKind, Result};

/// What becomes of a key: a value, or nothing.
pub(crate) type Change = Option<Box<[u8]>>;

/// The changes of one DBI, by key.
pub(crate) type Changes = BTreeMap<Box<[u8]>, Change>;

/// What is counted for an entry beside its bytes: the map's node and two allocations.
const ENTRY_BYTES: usize = 64;

/// The changes of one DBI.
#[derive(Debug)]
pub(crate) struct DbiChanges {
    pub dbi: Arc<DbiRef>,
    /// Whether all entries of the base are gone; `changes` come after that.
    pub cleared: bool,
    pub changes: Changes,
}

/// Changes over any DBIs, by slot. With a savepoint open, each change also notes how to take it back.
#[derive(Debug)]
pub(crate) struct WriteSet {
    dbis: BTreeMap<usize, DbiChanges>,
    bytes: usize,
    max_bytes: usize,
    undo: Vec<Undo>,
    /// What `undo` holds; it counts like the changes themselves.
    undo_bytes: usize,
    savepoints: usize,
}

#[derive(Debug)]
enum Undo {
    /// The key had this change, or none.
    Change { slot: usize, key: Box<[u8]>, before: Option<Change> },
    /// The DBI had these changes.
    Cleared { slot: usize, cleared: bool, changes: Changes },
}

/// Where a savepoint began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    undo: usize,
    undo_bytes: usize,
    bytes: usize,
}

impl WriteSet {
    pub(crate) fn new(max_bytes: usize) -> Self {
        Self { dbis: BTreeMap::new(), bytes: 0, max_bytes, undo: Vec::new(), undo_bytes: 0, savepoints: 0 }
    }

    /// About how much memory the changes take, in bytes: their keys and values and what is kept for each.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.dbis.values().all(|dbi| !dbi.cleared && dbi.changes.is_empty())
    }

    /// The changes of the DBI with this slot.
    #[inline]
    pub(crate) fn dbi(&self, slot: usize) -> Option<&DbiChanges> {
        self.dbis.get(&slot)
    }

    /// All changes, DBI by DBI.
    pub(crate) fn dbis(&self) -> impl Iterator<Item = &DbiChanges> {
        self.dbis.values()
    }

    /// Notes that `key` becomes `change`.
    ///
    /// # Errors
    /// `TooLarge` when the set would outgrow its limit; it is unchanged then.
    pub(crate) fn set(&mut self, dbi: &Arc<DbiRef>, key: &[u8], change: Option<&[u8]>) -> Result<()> {
        let bytes = self.bytes.saturating_add(size(key, change));
        let noted = if self.savepoints > 0 { size(key, None) } else { 0 };
        let held = bytes.saturating_add(self.undo_bytes).saturating_add(noted);
        if held > self.max_bytes {
            // What the key has now will go, unless a savepoint keeps it.
            let now = self.dbi(dbi.slot).and_then(|dbi| dbi.changes.get(key)).filter(|_| self.savepoints == 0);
            if held - now.map_or(0, |now| size(key, now.as_deref())) > self.max_bytes {
                return Err(self.too_large());
            }
        }
        let entry = Self::entry(&mut self.dbis, dbi);
        let change = change.map(Box::from);
        // A key that is there already keeps its allocation: only the value is exchanged.
        let before = if let Some(slot) = entry.changes.get_mut(key) {
            Some(std::mem::replace(slot, change))
        } else {
            entry.changes.insert(key.into(), change)
        };
        self.bytes = bytes - before.as_ref().map_or(0, |before| size(key, before.as_deref()));
        if self.savepoints > 0 {
            self.undo_bytes += size(key, before.as_ref().and_then(Option::as_deref));
            self.undo.push(Undo::Change { slot: dbi.slot, key: key.into(), before });
        }
        Ok(())
    }

    /// Notes that `dbi` loses all its entries.
    pub(crate) fn clear(&mut self, dbi: &Arc<DbiRef>) {
        let entry = Self::entry(&mut self.dbis, dbi);
        let changes = std::mem::take(&mut entry.changes);
        let cleared = std::mem::replace(&mut entry.cleared, true);
        let freed = changes.iter().map(|(key, change)| size(key, change.as_deref())).sum::<usize>();
        self.bytes -= freed;
        if self.savepoints > 0 {
            self.undo_bytes += freed;
            self.undo.push(Undo::Cleared { slot: dbi.slot, cleared, changes });
        }
    }

    /// Opens a savepoint.
    pub(crate) fn mark(&mut self) -> Mark {
        self.savepoints += 1;
        Mark { undo: self.undo.len(), undo_bytes: self.undo_bytes, bytes: self.bytes }
    }

    /// Closes the newest savepoint and keeps its changes.
    pub(crate) fn keep(&mut self) {
        self.savepoints -= 1;
        if self.savepoints == 0 {
            self.undo.clear();
            self.undo_bytes = 0;
        }
    }

    /// Closes the newest savepoint and takes its changes back.
    pub(crate) fn roll_back(&mut self, mark: Mark) {
        for undo in self.undo.drain(mark.undo..).rev() {
            match undo {
                Undo::Change { slot, key, before } => {
                    let Some(dbi) = self.dbis.get_mut(&slot) else { continue };
                    match before {
                        Some(change) => dbi.changes.insert(key, change),
                        None => dbi.changes.remove(&key),
                    };
                }
                Undo::Cleared { slot, cleared, changes } => {
                    let Some(dbi) = self.dbis.get_mut(&slot) else { continue };
                    dbi.cleared = cleared;
                    dbi.changes = changes;
                }
            }
        }
        self.bytes = mark.bytes;
        self.undo_bytes = mark.undo_bytes;
        self.savepoints -= 1;
    }

    fn entry<'s>(dbis: &'s mut BTreeMap<usize, DbiChanges>, dbi: &Arc<DbiRef>) -> &'s mut DbiChanges {
        dbis.entry(dbi.slot).or_insert_with(|| DbiChanges {
            dbi: Arc::clone(dbi),
            cleared: false,
            changes: Changes::new(),
        })
    }

    #[cold]
    fn too_large(&self) -> Error {
        Error::new(
            ErrorKind::TooLarge,
            format!(
                "the transaction's changes exceed max_txn_bytes, {} bytes; split it, load rows in parts, or raise the limit",
                self.max_bytes
            ),
        )
    }
}

fn size(key: &[u8], change: Option<&[u8]>) -> usize {
    ENTRY_BYTES + key.len() + change.map_or(0, <[u8]>::len)
}
