//! What a transaction is made of: reads see its own changes, writes go to its write set.

use std::ops::Bound;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::catalog::{CommitSeq, DbiRef, DbiSlot};
use crate::error::{Error, ErrorKind, Result};
use crate::key::KeyBuf;
use crate::page::TreeRecord;
use crate::read::{LayeredCursor, LayeredTree, Layers, RawCursor, RawEntry, RawRead, ReadLog, key_range};
use crate::state::{Base, Core, WriteView};
use crate::txn::counts::Counts;
use crate::txn::holding::Holding;
use crate::txn::lengths::Lengths;
use crate::txn::pending::Pending;
use crate::txn::remove::Near;
use crate::write_set::{DbiChanges, WriteSet, check_key, check_value};

/// A state, with changes laid over it: what a transaction reads and writes. Private to the crate in effect: whoever has
/// a mutable reference could exchange two of them, and so read a state without the locks that keep it.
pub struct TxnState {
    pub(super) base: Base,
    /// What was committed, or is about to be, after the base.
    pub(super) layers: Layers,
    pub(super) set: WriteSet,
    pub(super) lengths: Lengths,
    pub(super) counts: Counts,
    pub(super) near: Option<Near>,
    /// The DBI that was last appended to, and an upper bound of its keys.
    pub(super) appended: Option<(DbiSlot, Vec<u8>)>,
    seq: CommitSeq,
    pub(super) max_key: usize,
    pub(super) max_dbis: u32,
    pub(super) uuid: [u8; 16],
    pub(super) watch: Watch,
    /// That of the engine, which rows of the store layer are stamped with.
    #[cfg(feature = "store")]
    pub(crate) incarnation: u64,
}

/// What every verb of a transaction must look at first.
pub(crate) enum Watch {
    /// Nothing: the transaction ends before its locks are given back.
    Nothing,
    /// Whether the thread has given back the locks of this transaction, which is held.
    End(Holding),
    /// A draft has no locks. It notes what is read, and may be too old.
    Reads(Box<ReadLog>),
}

/// Ranges of up to this many entries are deleted one by one.
const FEW: usize = 8;

impl TxnState {
    /// On what it is to read, with an empty set, whose buffers may be there already.
    #[inline]
    pub(crate) fn new(core: &Core, view: WriteView, set: WriteSet, watch: Watch) -> Self {
        let WriteView { base, layers, seq } = view;
        Self {
            base,
            layers,
            set: set.with_limit(core.config.max_txn_bytes),
            lengths: Lengths::default(),
            counts: Counts::default(),
            near: None,
            appended: None,
            seq,
            max_key: core.max_key,
            max_dbis: core.config.max_dbis,
            uuid: *core.identity.uuid(),
            watch,
            #[cfg(feature = "store")]
            incarnation: core.incarnation(),
        }
    }

    /// Allows changes of any size.
    pub(super) fn lift_limit(&mut self) {
        self.set = std::mem::take(&mut self.set).with_limit(usize::MAX);
    }

    /// The changes, to be committed.
    #[inline]
    pub(crate) fn take_set(&mut self) -> WriteSet {
        // Savepoints whose guards were leaked are still open. They end here, and their changes stay.
        self.set.keep_savepoints(1);
        self.set.make_ready();
        std::mem::take(&mut self.set)
    }

    /// Whether it has anything to commit. O(DBIs that it changed).
    #[cfg(feature = "store")]
    pub(crate) fn has_changes(&self) -> bool {
        !self.set.is_empty()
    }

    /// An index that no other change has in a commit with this number.
    #[cfg(feature = "store")]
    pub(crate) fn next_index(&mut self) -> u32 {
        self.base.dbis().change_indexes().take(self.seq.0)
    }

    /// The number of the transaction.
    pub(super) fn id(&self) -> u64 {
        self.seq.0
    }

    pub(super) fn seq(&self) -> CommitSeq {
        self.seq
    }

    /// What was read of the base and its layers, if that is noted.
    #[inline]
    pub(super) fn reads(&self) -> Option<&ReadLog> {
        if let Watch::Reads(log) = &self.watch { Some(log) } else { None }
    }

    /// Fails if the transaction must not be used any more.
    #[inline]
    pub(super) fn check_held(&self) -> Result<()> {
        match &self.watch {
            Watch::End(holding) if holding.is_over() => Err(over()),
            Watch::Nothing | Watch::End(_) => Ok(()),
            Watch::Reads(log) => log.check(),
        }
    }

    /// The state and the changes over it.
    #[inline]
    pub(super) fn pending(&self) -> Pending<'_> {
        Pending { base: &self.base, layers: &self.layers, set: &self.set }
    }

    /// The tree of `dbi` below all changes; empty if this transaction, or one that it follows on, creates the DBI.
    #[inline]
    pub(super) fn tree(&self, dbi: &DbiRef) -> Result<TreeRecord> {
        self.check_held()?;
        self.pending().tree(dbi)
    }

    /// Fails for a handle of another environment, or of a DBI that does not exist.
    #[inline]
    pub(super) fn check_dbi(&self, dbi: &DbiRef) -> Result<()> {
        self.check_held()?;
        self.pending().check_dbi(dbi)
    }

    /// Refuses a key that cannot be stored, before any other work.
    #[inline]
    pub(crate) fn check_key(&self, key: &[u8]) -> Result<()> {
        check_key(key, self.max_key)
    }

    /// Refuses a put that cannot be stored, and raises the bound of what was appended.
    #[inline]
    fn check_put(&mut self, dbi: &DbiRef, key: &[u8], len: usize) -> Result<()> {
        self.check_key(key)?;
        check_value(len)?;
        self.check_dbi(dbi)?;
        if let Some((slot, last)) = &mut self.appended
            && *slot == dbi.slot
            && **last < *key
        {
            last.clear();
            last.extend_from_slice(key);
        }
        Ok(())
    }

    /// Stores `value` under `key`.
    pub(crate) fn raw_put(&mut self, dbi: &Arc<DbiRef>, key: &[u8], value: &[u8]) -> Result<()> {
        self.raw_put_over(dbi, key, value, None)
    }

    /// As [`raw_put`](Self::raw_put); `is_there` says whether the key exists, if the caller knows.
    pub(crate) fn raw_put_over(
        &mut self,
        dbi: &Arc<DbiRef>,
        key: &[u8],
        value: &[u8],
        is_there: Option<bool>,
    ) -> Result<()> {
        self.check_put(dbi, key, value.len())?;
        if self.lengths.get(dbi.slot).is_none() && !self.counts.is_kept_around(dbi.slot, key) {
            return self.change(dbi, key, Some(value));
        }
        // A kept length or count must be updated, so this must find out whether the key was there. The search for that
        // also finds the position of the change.
        let is_there = match is_there {
            Some(is_there) => {
                self.change(dbi, key, Some(value))?;
                is_there
            }
            None => self.put_and_look(dbi, key, value)?,
        };
        if !is_there {
            self.note(dbi.slot, key, true);
        }
        Ok(())
    }

    /// Stores `value` under `key`; whether the key was there. One search finds that and the position of the change.
    fn put_and_look(&mut self, dbi: &Arc<DbiRef>, key: &[u8], value: &[u8]) -> Result<bool> {
        let Some(own) = self.set.dbi(dbi.slot).filter(|own| !own.is_empty()) else {
            let is_there = self.is_below(dbi, key)?;
            return self.change(dbi, key, Some(value)).map(|()| is_there);
        };
        let at = own.lower(key);
        let change = if at.1 { own.blocks().at(at.0).map(|entry| own.record(entry).1.is_some()) } else { None };
        let is_there = match change {
            Some(is_there) => is_there,
            None => self.is_below(dbi, key)?,
        };
        self.set.change_at(dbi, key, Some(value), at)?;
        Ok(is_there)
    }

    /// Stores `value` under `key`, which exists, at once in its place in the order: for changes that take turns with
    /// reads.
    pub(crate) fn raw_overwrite(&mut self, dbi: &Arc<DbiRef>, key: &[u8], value: &[u8]) -> Result<()> {
        check_value(value.len())?;
        let Some(own) = self.set.dbi(dbi.slot).filter(|own| !own.is_empty()) else {
            return self.change(dbi, key, Some(value));
        };
        let at = own.lower(key);
        self.set.change_at(dbi, key, Some(value), at)
    }

    /// Stores a value of `len` zeros, which `fill` overwrites, under `key`. If that fails or panics, nothing changes.
    pub(crate) fn raw_put_filled<E: From<Error>>(
        &mut self,
        dbi: &Arc<DbiRef>,
        key: &[u8],
        len: usize,
        fill: impl FnOnce(&mut [u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        self.check_put(dbi, key, len)?;
        let is_counted = self.lengths.get(dbi.slot).is_some() || self.counts.is_kept_around(dbi.slot, key);
        let is_new = is_counted && self.raw_get::<0>(dbi, key)?.is_none();
        self.set.put_filled(dbi, key, len, fill)?;
        if is_new {
            self.note(dbi.slot, key, true);
        }
        Ok(())
    }

    /// Notes in what was counted that the entry of `key` came, or went.
    #[inline]
    pub(super) fn note(&self, slot: DbiSlot, key: &[u8], came: bool) {
        if !self.lengths.is_empty() {
            self.lengths.change(slot, u64::from(came), u64::from(!came));
        }
        if !self.counts.is_empty() {
            self.counts.change(slot, key, came);
        }
    }

    /// Whether `key` is above all others. O(1) after another key for which it was.
    pub(crate) fn raw_is_above_all(&mut self, dbi: &Arc<DbiRef>, key: &[u8]) -> Result<bool> {
        if self.appended.as_ref().is_some_and(|(slot, last)| *slot == dbi.slot && **last < *key) {
            return Ok(true);
        }
        let last = self.view(dbi)?.range(Bound::Unbounded, Bound::Unbounded)?.next_back()?.map(|(last, _)| last);
        // The result depends on the keys from the last one on, or from `key` on if that is higher. So this range is
        // noted as read.
        self.log_range(dbi, Bound::Included(last.map_or(key, |last| last.max(key))), Bound::Unbounded)?;
        if last.is_some_and(|last| last >= key) {
            return Ok(false);
        }
        self.appended = Some((dbi.slot, key.to_vec()));
        Ok(true)
    }

    /// Removes the entries between the bounds, and returns how many there were.
    pub(crate) fn raw_delete_range(
        &mut self,
        dbi: &Arc<DbiRef>,
        lower: Bound<&[u8]>,
        upper: Bound<&[u8]>,
    ) -> Result<u64> {
        let is_all = matches!((lower, upper), (Bound::Unbounded, Bound::Unbounded));
        let entries = if is_all { self.raw_len(dbi)? } else { self.view(dbi)?.count(lower, upper)? };
        self.log_range(dbi, lower, upper)?;
        if entries == 0 {
            return Ok(0);
        }
        // Memory for all these deletions is reserved first, so that either all entries are deleted or none.
        let most = FEW * DbiChanges::gap_bytes(&[], None).saturating_add(2 * self.max_key + 2);
        if entries <= FEW as u64 && !is_all && self.set.make_room(most).is_ok() {
            return self.delete_few(dbi, lower, upper);
        }
        // A bound may be longer than any key. Keys have at most `max_key` bytes, so the first `max_key + 1` bytes of a
        // bound already give its place among all keys.
        let kept = self.max_key + 1;
        let (lower_kept, upper_kept) = (lower.map(|key| cut(key, kept)), upper.map(|key| cut(key, kept)));
        let (start, end) = key_range(lower_kept, upper_kept);
        let next = match end.as_deref() {
            Some(end) if !self.is_draft() => Some(self.next_below(dbi, end)?),
            _ => None,
        };
        self.set.gap(dbi, &start, end.as_deref())?;
        if let Some(next) = next {
            // The gap is extended to the next key that exists below the set. A range that is later deleted from that
            // key on then joins this gap.
            let _ = self.set.add_gap_keeping_puts(dbi, &start, next.as_deref(), &[]);
        }
        self.lengths.change(dbi.slot, 0, entries);
        self.counts.remove(dbi.slot, (lower, upper), entries);
        Ok(entries)
    }

    /// Removes the entries between the bounds one by one: for a few that costs less than a gap.
    fn delete_few(&mut self, dbi: &Arc<DbiRef>, lower: Bound<&[u8]>, upper: Bound<&[u8]>) -> Result<u64> {
        let mut cursor = self.raw_range(dbi, lower, upper)?;
        let mut keys: SmallVec<[KeyBuf; FEW]> = SmallVec::new();
        while let Some((key, _)) = cursor.next()? {
            keys.push(KeyBuf::from_slice(key));
        }
        drop(cursor);
        keys.iter().try_for_each(|key| self.raw_delete(dbi, key).map(drop))?;
        Ok(keys.len() as u64)
    }

    /// The first key at or above `key` in the layers below the set.
    fn next_below(&self, dbi: &Arc<DbiRef>, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let own = usize::from(self.set.dbi(dbi.slot).is_some());
        let below = LayeredTree::new(self.base.pages(), self.tree(dbi)?, self.layers(dbi.slot).skip(own));
        let next = below.range(Bound::Included(key), Bound::Unbounded)?.next()?;
        Ok(next.map(|(key, _)| key.to_vec()))
    }

    #[inline]
    pub(super) fn change(&mut self, dbi: &Arc<DbiRef>, key: &[u8], value: Option<&[u8]>) -> Result<()> {
        self.set.change(dbi, key, value)
    }

    /// The changes of the DBI with this slot, newest first.
    #[inline]
    pub(super) fn layers(&self, slot: DbiSlot) -> impl Iterator<Item = &DbiChanges> {
        self.pending().layers(slot)
    }

    pub(super) fn view(&self, dbi: &DbiRef) -> Result<LayeredTree<'_>> {
        self.check_held()?;
        self.pending().view(dbi)
    }
}

/// The first `most` bytes of `key`, or all if it has fewer.
fn cut(key: &[u8], most: usize) -> &[u8] {
    &key[..key.len().min(most)]
}

#[cold]
fn over() -> Error {
    let why = "the thread of the transaction is ending and has given its locks back; end the transaction before";
    Error::new(ErrorKind::Released, why)
}

impl RawRead for TxnState {
    type Cursor<'t> = LayeredCursor<'t>;

    fn raw_uuid(&self) -> &[u8; 16] {
        &self.uuid
    }

    fn raw_id(&self) -> u64 {
        self.seq.0
    }

    #[inline]
    fn raw_get<'t, const W: usize>(&'t self, dbi: &DbiRef, key: &[u8]) -> Result<Option<&'t [u8]>> {
        self.check_held()?;
        let found = self.pending().get::<W>(dbi, key)?;
        if self.is_draft() {
            self.log_keys(dbi, &[key])?;
        }
        Ok(found)
    }

    fn raw_get_many<'t, const W: usize>(
        &'t self,
        dbi: &DbiRef,
        keys: &[&[u8]],
        each: impl FnMut(usize, Option<&'t [u8]>),
    ) -> Result<()> {
        let view = self.view(dbi)?;
        if self.is_draft() {
            self.log_keys(dbi, keys)?;
        }
        view.get_many::<W>(keys, each)
    }

    fn raw_rank(&self, dbi: &DbiRef, key: &[u8]) -> Result<u64> {
        self.raw_count(dbi, Bound::Unbounded, Bound::Excluded(key))
    }

    fn raw_range<'t>(&'t self, dbi: &DbiRef, lower: Bound<&[u8]>, upper: Bound<&[u8]>) -> Result<LayeredCursor<'t>> {
        self.view(dbi)?.range(lower, upper)
    }

    fn raw_tree(&self, dbi: &DbiRef) -> Result<(TreeRecord, u32)> {
        Ok((self.tree(dbi)?, self.base.meta().page_size))
    }

    fn raw_len(&self, dbi: &DbiRef) -> Result<u64> {
        if let Some(length) = self.lengths.get(dbi.slot) {
            // A known length does not show that the DBI exists: it may have been dropped since the handle was opened.
            self.check_dbi(dbi)?;
            return Ok(length);
        }
        let length = self.view(dbi)?.count(Bound::Unbounded, Bound::Unbounded)?;
        self.log_range(dbi, Bound::Unbounded, Bound::Unbounded)?;
        self.lengths.set(dbi.slot, length);
        Ok(length)
    }

    fn raw_count(&self, dbi: &DbiRef, lower: Bound<&[u8]>, upper: Bound<&[u8]>) -> Result<u64> {
        if let Some(count) = self.counts.get(dbi.slot, (lower, upper)) {
            // A known count does not show that the DBI exists, as in `raw_len`.
            self.check_dbi(dbi)?;
            return Ok(count);
        }
        let count = self.view(dbi)?.count(lower, upper)?;
        self.log_range(dbi, lower, upper)?;
        if let Some(own) = self.set.dbi(dbi.slot) {
            self.counts.set(dbi.slot, (lower, upper), count, own.len());
        }
        Ok(count)
    }

    fn raw_estimate(&self, dbi: &DbiRef, lower: Bound<&[u8]>, upper: Bound<&[u8]>) -> Result<u64> {
        self.view(dbi)?.estimate(lower, upper)
    }

    fn raw_nth<'t>(&'t self, dbi: &DbiRef, n: u64) -> Result<Option<RawEntry<'t>>> {
        let entry = self.view(dbi)?.nth(n)?;
        self.log_range(dbi, Bound::Unbounded, entry.map_or(Bound::Unbounded, |(key, _)| Bound::Included(key)))?;
        Ok(entry)
    }

    fn raw_split(&self, dbi: &DbiRef, lower: Bound<&[u8]>, upper: Bound<&[u8]>, parts: usize) -> Result<Vec<Vec<u8>>> {
        self.view(dbi)?.split(lower, upper, parts)
    }
}
