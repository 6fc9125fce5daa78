//! A write set: the changes of a transaction, by DBI, in memory until its commit.

use std::sync::Arc;

use crate::catalog::{DbiRef, DbiSlot};
use crate::error::{Error, ErrorKind, Result};
use crate::write_set::blocks::EntryPosition;
use crate::write_set::changes::{DbiChanges, change_bytes};
use crate::write_set::schema_changes::{SchemaChanges, SchemaMark, change_bytes as name_bytes, created_bytes};

/// At the limit, the memory of dead records is freed if it is at least this fraction of the limit. Freeing it copies
/// all other records, so it must not happen at every change.
const WORTHWHILE: usize = 64;

/// Up to this many DBIs keep the memory of their changes for the next transaction.
const KEPT: usize = 2;

/// Changes of any DBIs; the newest change of a key wins.
#[derive(Debug, Default)]
pub(crate) struct WriteSet {
    /// The changes of each DBI, by ascending slot; after them, empty changes of an earlier transaction, kept for their
    /// memory.
    all: Vec<OfDbi>,
    /// How many elements of `all` are in use.
    live: usize,
    /// An upper bound of the changes' bytes. It is too high after a change has replaced another one.
    bytes_at_most: usize,
    /// The maximum of the changes' bytes.
    limit: usize,
    /// The open savepoints, the outermost first.
    savepoints: Vec<Savepoint>,
    /// The slots of the DBIs that open savepoints have changed, once for each savepoint.
    touched: Vec<DbiSlot>,
    /// The DBIs that the set creates, adopts, renames and drops, if any.
    schema: Option<Box<SchemaChanges>>,
}

#[derive(Debug)]
struct Savepoint {
    /// The value of `bytes_at_most` when the savepoint began.
    bytes_at_most: usize,
    /// The length of `touched` when the savepoint began.
    touched: usize,
    /// The state of the schema changes when the savepoint began.
    schema: SchemaMark,
}

/// The changes of one DBI.
#[derive(Debug)]
pub(crate) struct OfDbi {
    pub dbi: Arc<DbiRef>,
    pub changes: DbiChanges,
}

impl WriteSet {
    /// Empties the set and keeps its memory: the next transaction is usually like the last one, and as small.
    pub(crate) fn reset(&mut self) {
        self.all.truncate(KEPT);
        for of in &mut self.all {
            of.changes.reset();
        }
        (self.live, self.bytes_at_most) = (0, 0);
        self.savepoints.clear();
        self.touched.clear();
        self.schema = None;
    }

    /// This set, which is empty, with a limit of `max_bytes`.
    #[inline]
    pub(crate) fn with_limit(mut self, max_bytes: usize) -> Self {
        self.limit = max_bytes;
        self
    }

    /// The maximum of the changes' bytes.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// Changes the limit. Changes that exceed it already stay.
    pub(crate) fn set_limit(&mut self, max_bytes: usize) {
        self.limit = max_bytes;
    }

    /// Begins a savepoint inside the open ones, and returns how many are open now. O(1).
    pub(crate) fn begin_savepoint(&mut self) -> usize {
        let schema = self.schema().map_or_else(SchemaMark::default, SchemaChanges::mark);
        self.savepoints.push(Savepoint { bytes_at_most: self.bytes_at_most, touched: self.touched.len(), schema });
        self.savepoints.len()
    }

    /// Merges the savepoint at `depth`, and those inside it, into what is around them. O(their changes).
    pub(crate) fn keep_savepoints(&mut self, depth: usize) {
        while self.savepoints.len() >= depth.max(1) {
            self.keep_savepoint();
        }
    }

    /// Undoes the savepoint at `depth`, and those inside it. O(their changes).
    pub(crate) fn undo_savepoints(&mut self, depth: usize) {
        while self.savepoints.len() >= depth.max(1) {
            self.undo_savepoint();
        }
    }

    /// Merges the changes of the newest savepoint into the one around it. O(its changes).
    pub(crate) fn keep_savepoint(&mut self) {
        let depth = self.savepoints.len();
        let Some(savepoint) = self.savepoints.pop() else { return };
        let is_outermost = self.savepoints.is_empty();
        let mut at = savepoint.touched;
        for from in savepoint.touched..self.touched.len() {
            let slot = self.touched[from];
            let Ok(position) = self.position(slot) else { continue };
            // The list of the outer savepoint must name each DBI once. If the outer savepoint has changed the DBI
            // itself, the DBI is in that list already.
            let is_new = self.all[position].changes.keep(depth);
            if is_new && !is_outermost {
                self.touched[at] = slot;
                at += 1;
            }
        }
        self.touched.truncate(at);
        if is_outermost && let Some(schema) = &mut self.schema {
            schema.forget_replaced();
        }
    }

    /// Undoes the changes of the newest savepoint. O(its changes).
    pub(crate) fn undo_savepoint(&mut self) {
        let Some(savepoint) = self.savepoints.pop() else { return };
        for slot in self.touched.split_off(savepoint.touched) {
            if let Ok(position) = self.position(slot) {
                self.all[position].changes.undo();
            }
        }
        if let Some(schema) = &mut self.schema {
            schema.undo_to(savepoint.schema);
        }
        self.bytes_at_most = savepoint.bytes_at_most;
    }

    /// About how many bytes of memory the changes take: their keys, their values and the overhead of each.
    pub(crate) fn bytes(&self) -> usize {
        let schema = self.schema().map_or(0, SchemaChanges::bytes);
        self.dbis().map(|of| of.changes.bytes()).sum::<usize>() + schema
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.schema().is_none_or(SchemaChanges::is_empty) && self.dbis().all(|of| of.changes.is_empty())
    }

    /// The DBIs that the set creates, adopts, renames and drops, if any.
    #[inline]
    pub(crate) fn schema(&self) -> Option<&SchemaChanges> {
        self.schema.as_deref()
    }

    /// Whether the set is committed alone: see [`SchemaChanges::is_exclusive`].
    pub(crate) fn is_exclusive(&self) -> bool {
        self.schema().is_some_and(SchemaChanges::is_exclusive)
    }

    /// Creates a DBI when this set is committed. Unless `is_named`, its name stands for it only after
    /// [`name_created`](Self::name_created).
    ///
    /// # Errors
    /// `TooLarge` when the set would outgrow its limit; it is unchanged then.
    pub(crate) fn create(&mut self, dbi: Arc<DbiRef>, is_named: bool) -> Result<()> {
        self.change_schema(created_bytes(&dbi) + name_bytes(&dbi.name), |schema, is_recorded| {
            schema.create(dbi, is_named, is_recorded);
        })
    }

    /// Lets the name of a DBI that the set creates stand for it.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub(crate) fn name_created(&mut self, dbi: &Arc<DbiRef>) -> Result<()> {
        self.change_schema(name_bytes(&dbi.name), |schema, is_recorded| schema.name_created(dbi, is_recorded))
    }

    /// Adopts `foreign`, the DBI of other software that has `dbi`'s name: from now on it is `dbi`.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub(crate) fn adopt(&mut self, foreign: Arc<DbiRef>, dbi: Arc<DbiRef>) -> Result<()> {
        self.change_schema(created_bytes(&dbi) + 2 * name_bytes(&dbi.name), |schema, is_recorded| {
            schema.adopt(foreign, dbi, is_recorded);
        })
    }

    /// Drops `dbi`, whose name is `name`, with its pending changes.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub(crate) fn drop_dbi(&mut self, dbi: &Arc<DbiRef>, name: &str) -> Result<()> {
        self.change_schema(created_bytes(dbi) + 2 * name_bytes(name), |schema, is_recorded| {
            schema.drop_dbi(dbi, name, is_recorded);
        })?;
        if self.dbi(dbi.slot).is_some() {
            // The transaction's changes of the dropped DBI are useless now. A gap over all keys replaces them and frees
            // their memory.
            self.gap(dbi, &[], None)?;
        }
        Ok(())
    }

    /// Renames a DBI, whose name is `from`. `renamed` is its entry under the new name.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub(crate) fn rename(&mut self, from: &str, renamed: &Arc<DbiRef>) -> Result<()> {
        let bytes = created_bytes(renamed) + name_bytes(from) + name_bytes(&renamed.name);
        self.change_schema(bytes, |schema, is_recorded| schema.rename(from, renamed, is_recorded))
    }

    fn change_schema(&mut self, bytes: usize, change: impl FnOnce(&mut SchemaChanges, bool)) -> Result<()> {
        self.make_room(bytes)?;
        let is_recorded = !self.savepoints.is_empty();
        change(self.schema.get_or_insert_default(), is_recorded);
        self.bytes_at_most = self.bytes_at_most.saturating_add(bytes);
        Ok(())
    }

    /// The changes of the DBI with this slot.
    #[inline]
    pub(crate) fn dbi(&self, slot: DbiSlot) -> Option<&DbiChanges> {
        let at = self.position(slot).ok()?;
        self.all.get(at).map(|of| &of.changes)
    }

    /// Sorts the changes for a commit, without the locks of a first read through a shared reference.
    pub(crate) fn make_ready(&mut self) {
        self.all[..self.live].iter_mut().for_each(|of| of.changes.make_ready());
    }

    /// All changes, DBI by DBI, to be changed.
    pub(super) fn in_use(&mut self) -> &mut [OfDbi] {
        &mut self.all[..self.live]
    }

    /// All changes, DBI by DBI.
    pub(crate) fn dbis(&self) -> impl Iterator<Item = &OfDbi> {
        self.all[..self.live].iter()
    }

    /// The names of the trees of the DBIs that it changes.
    pub(crate) fn trees(&self) -> impl Iterator<Item = &str> {
        self.dbis().map(|of| of.dbi.tree())
    }

    /// Sets `key` to `value`, or deletes it.
    ///
    /// # Errors
    /// `TooLarge` when the set would outgrow its limit; it is unchanged then.
    pub(crate) fn change(&mut self, dbi: &Arc<DbiRef>, key: &[u8], value: Option<&[u8]>) -> Result<()> {
        let bytes = self.make_room_for(dbi, key, value)?;
        self.entry(dbi).change(key, value)?;
        self.bytes_at_most = self.bytes_at_most.saturating_add(bytes);
        Ok(())
    }

    /// As [`change`](Self::change), at the position found for `key` in the sorted blocks of `dbi`.
    ///
    /// # Errors
    /// As [`change`](Self::change).
    pub(crate) fn change_at(
        &mut self,
        dbi: &Arc<DbiRef>,
        key: &[u8],
        value: Option<&[u8]>,
        at: (EntryPosition, bool),
    ) -> Result<()> {
        let bytes = self.make_room_for(dbi, key, value)?;
        self.entry(dbi).change_at(key, value, at)?;
        self.bytes_at_most = self.bytes_at_most.saturating_add(bytes);
        Ok(())
    }

    /// As [`change`](Self::change), with a value of `len` bytes that `fill` writes. If that fails or panics, the set is
    /// unchanged.
    ///
    /// # Errors
    /// As [`change`](Self::change), and what `fill` returns.
    pub(crate) fn put_filled<E: From<Error>>(
        &mut self,
        dbi: &Arc<DbiRef>,
        key: &[u8],
        len: usize,
        fill: impl FnOnce(&mut [u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let bytes = self.make_room_of(dbi, key, change_bytes(key, None).saturating_add(len))?;
        self.entry(dbi).put_filled(key, len, fill)?;
        self.bytes_at_most = self.bytes_at_most.saturating_add(bytes);
        Ok(())
    }

    /// Makes sure that a change fits below the limit, and returns the bytes that it takes.
    #[inline]
    fn make_room_for(&mut self, dbi: &Arc<DbiRef>, key: &[u8], value: Option<&[u8]>) -> Result<usize> {
        self.make_room_of(dbi, key, change_bytes(key, value))
    }

    /// Makes sure that a change of `key` that takes `bytes` fits.
    #[inline]
    fn make_room_of(&mut self, dbi: &Arc<DbiRef>, key: &[u8], bytes: usize) -> Result<usize> {
        if bytes > self.room() && self.reserve(bytes).is_err() {
            // The change may replace a record of the same key. The memory of that record counts as free, unless a
            // savepoint may restore it.
            let now = self.dbi(dbi.slot).map_or(0, |changes| changes.bytes_replaced(self.savepoints.len(), key));
            if bytes > self.room().saturating_add(now) {
                return Err(self.too_large());
            }
        }
        Ok(bytes)
    }

    /// Deletes the keys of `dbi` from `start` to before `end`, or to its end.
    ///
    /// # Errors
    /// As [`change`](Self::change); none if all keys are deleted.
    pub(crate) fn gap(&mut self, dbi: &Arc<DbiRef>, start: &[u8], end: Option<&[u8]>) -> Result<()> {
        if !(start.is_empty() && end.is_none()) {
            self.make_room(DbiChanges::gap_bytes(start, end))?;
        }
        let before = self.dbi(dbi.slot).map_or(0, DbiChanges::bytes);
        let changes = self.entry(dbi);
        changes.gap(start, end);
        let after = changes.bytes();
        // Only this DBI is measured again: a transaction that clears or drops many DBIs would otherwise cost the square
        // of their number.
        self.bytes_at_most = self.bytes_at_most.saturating_sub(before).saturating_add(after);
        Ok(())
    }

    /// Removes the change after a position of the sorted blocks of `dbi`. The layers below do not have its key, so no
    /// deletion is needed.
    pub(crate) fn forget_at(&mut self, dbi: &Arc<DbiRef>, position: EntryPosition) {
        self.entry(dbi).forget_at(position);
    }

    /// Replaces the deletions of these keys by one gap from `start` to before `end`, or to the end. The layers below
    /// show no other key there. Puts in the gap stay.
    ///
    /// # Errors
    /// As [`change`](Self::change).
    pub(crate) fn add_gap_keeping_puts(
        &mut self,
        dbi: &Arc<DbiRef>,
        start: &[u8],
        end: Option<&[u8]>,
        deleted: &[Vec<u8>],
    ) -> Result<()> {
        self.make_room(DbiChanges::gap_bytes(start, end))?;
        let changes = self.entry(dbi);
        let before = changes.gaps().bytes();
        changes.add_gap_keeping_puts(start, end, deleted);
        let after = changes.gaps().bytes();
        self.bytes_at_most = self.bytes_at_most.saturating_add(after).saturating_sub(before);
        Ok(())
    }

    /// Merges all changes of `newer` over these.
    pub(crate) fn absorb(&mut self, mut newer: Self) {
        if let Some(schema) = &mut newer.schema {
            self.schema.get_or_insert_default().append(schema);
        }
        for of in newer.all.into_iter().take(newer.live) {
            match self.position(of.dbi.slot) {
                Ok(at) => self.all[at].changes.absorb(of.changes),
                Err(at) => {
                    self.all.truncate(self.live);
                    self.insert(at, of);
                }
            }
        }
        self.bytes_at_most = self.bytes_at_most.saturating_add(newer.bytes_at_most);
    }

    /// Frees the memory of dead records, if there is enough of it.
    fn tidy(&mut self) {
        let worthwhile = (self.limit / WORTHWHILE).max(1);
        self.all[..self.live].iter_mut().for_each(|of| of.changes.tidy(worthwhile));
        self.bytes_at_most = self.bytes();
    }

    /// The number of bytes left below the limit.
    pub(crate) fn room(&self) -> usize {
        self.limit.saturating_sub(self.bytes_at_most)
    }

    /// Makes sure that this many more bytes fit.
    ///
    /// # Errors
    /// As [`change`](Self::change).
    pub(crate) fn make_room(&mut self, bytes: usize) -> Result<()> {
        if bytes > self.room() { self.reserve(bytes) } else { Ok(()) }
    }

    #[cold]
    fn reserve(&mut self, bytes: usize) -> Result<()> {
        self.tidy();
        if bytes > self.room() { Err(self.too_large()) } else { Ok(()) }
    }

    #[inline]
    fn position(&self, slot: DbiSlot) -> Result<usize, usize> {
        self.all[..self.live].binary_search_by_key(&slot, |of| of.dbi.slot)
    }

    #[inline]
    fn entry(&mut self, dbi: &Arc<DbiRef>) -> &mut DbiChanges {
        let at = match self.position(dbi.slot) {
            Ok(at) => at,
            Err(at) => {
                self.begin(at, dbi);
                at
            }
        };
        let changes = &mut self.all[at].changes;
        if !self.savepoints.is_empty() && changes.enter(self.savepoints.len()) {
            self.touched.push(dbi.slot);
        }
        changes
    }

    /// Begins the changes of `dbi`, in kept memory if there is any.
    fn begin(&mut self, at: usize, dbi: &Arc<DbiRef>) {
        let Some(kept) = self.all.get_mut(self.live) else {
            return self.insert(at, OfDbi { dbi: Arc::clone(dbi), changes: DbiChanges::new() });
        };
        if !Arc::ptr_eq(&kept.dbi, dbi) {
            kept.dbi = Arc::clone(dbi);
        }
        self.all[at..=self.live].rotate_right(1);
        self.live += 1;
    }

    #[cold]
    fn insert(&mut self, at: usize, of: OfDbi) {
        // Most transactions change one or two DBIs. So the list begins with space for one, and then doubles.
        if self.all.len() == self.all.capacity() {
            self.all.reserve_exact(self.all.len().max(1));
        }
        self.all.insert(at, of);
        self.live += 1;
    }

    #[cold]
    fn too_large(&self) -> Error {
        Error::new(
            ErrorKind::TooLarge,
            format!(
                "the transaction's changes exceed max_txn_bytes, {} bytes; split it, load rows by Env::loader, or raise the \
                 limit",
                self.limit
            ),
        )
    }
}
