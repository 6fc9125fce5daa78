//! A write set: what a transaction changes, by database, kept in memory until its commit.

use std::sync::Arc;

use crate::catalog::DbiRef;
use crate::error::{Error, ErrorKind, Result};
use crate::write_set::blocks::Spot;
use crate::write_set::changes::{DbiChanges, change_bytes};

/// What is replaced or undone is given back at the limit when it is at least this part of the limit, so that the rest is
/// copied once in a while and not for each change.
const WORTHWHILE: usize = 64;

/// The changes of as many DBIs leave their room to the next transaction.
const KEPT: usize = 2;

/// Changes over any DBIs, newest wins.
#[derive(Debug, Default)]
pub(crate) struct WriteSet {
    /// Ascending by slot, and behind them what is kept of another transaction's for its room.
    all: Vec<OfDbi>,
    /// How many of them are changed.
    live: usize,
    /// What the changes take at most: more than they do where one replaced another.
    held: usize,
    /// The limit of the transaction.
    limit: usize,
    /// The open savepoints, the outermost first.
    savepoints: Vec<Savepoint>,
    /// The slots of the DBIs that they have changed, a DBI once for each of them.
    touched: Vec<usize>,
}

#[derive(Debug)]
struct Savepoint {
    /// What the changes took when it began.
    held: usize,
    /// How many DBIs were touched before.
    touched: usize,
}

/// The changes of one DBI.
#[derive(Debug)]
pub(crate) struct OfDbi {
    pub dbi: Arc<DbiRef>,
    pub changes: DbiChanges,
}

impl WriteSet {
    /// An empty set in the room of this one. The next transaction is mostly one like the last, and as small.
    pub(crate) fn reset(&mut self) {
        self.all.truncate(KEPT);
        for of in &mut self.all {
            of.changes.reset();
        }
        (self.live, self.held) = (0, 0);
        self.savepoints.clear();
        self.touched.clear();
    }

    /// The same set, which is empty, with this limit.
    #[inline]
    pub(crate) fn with_limit(mut self, max_bytes: usize) -> Self {
        self.limit = max_bytes;
        self
    }

    /// Begins a savepoint within those that are open. O(1).
    pub(crate) fn begin_savepoint(&mut self) {
        self.savepoints.push(Savepoint { held: self.held, touched: self.touched.len() });
    }

    /// Takes the changes of the newest savepoint over to the one around it. O(its changes).
    pub(crate) fn keep_savepoint(&mut self) {
        let depth = self.savepoints.len();
        let Some(savepoint) = self.savepoints.pop() else { return };
        let is_outermost = self.savepoints.is_empty();
        let mut at = savepoint.touched;
        for from in savepoint.touched..self.touched.len() {
            let slot = self.touched[from];
            let Ok(position) = self.position(slot) else { continue };
            // One that the savepoint around it has touched too is noted for that already.
            let is_new = self.all[position].changes.keep(depth);
            if is_new && !is_outermost {
                self.touched[at] = slot;
                at += 1;
            }
        }
        self.touched.truncate(at);
    }

    /// Takes back the changes of the newest savepoint. O(its changes).
    pub(crate) fn undo_savepoint(&mut self) {
        let Some(savepoint) = self.savepoints.pop() else { return };
        for slot in self.touched.split_off(savepoint.touched) {
            if let Ok(position) = self.position(slot) {
                self.all[position].changes.undo();
            }
        }
        self.held = savepoint.held;
    }

    /// About how much memory the changes take, in bytes: their keys and values and what is kept for each.
    pub(crate) fn bytes(&self) -> usize {
        self.dbis().map(|of| of.changes.bytes()).sum()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.dbis().all(|of| of.changes.is_empty())
    }

    /// The changes of the DBI with this slot.
    #[inline]
    pub(crate) fn dbi(&self, slot: usize) -> Option<&DbiChanges> {
        let at = self.position(slot).ok()?;
        self.all.get(at).map(|of| &of.changes)
    }

    /// Settles what is to be committed next, without the locks that a first read by a shared reference takes.
    pub(crate) fn make_ready(&mut self) {
        self.all[..self.live].iter_mut().for_each(|of| of.changes.make_ready());
    }

    /// All changes, DBI by DBI.
    pub(crate) fn dbis(&self) -> impl Iterator<Item = &OfDbi> {
        self.all[..self.live].iter()
    }

    /// The names of the DBIs that it changes.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.dbis().map(|of| &*of.dbi.name)
    }

    /// Notes that `key` becomes `value`, or is gone.
    ///
    /// # Errors
    /// `TooLarge` when the set would outgrow its limit; it is unchanged then.
    pub(crate) fn change(&mut self, dbi: &Arc<DbiRef>, key: &[u8], value: Option<&[u8]>) -> Result<()> {
        let bytes = self.make_room_for(dbi, key, value)?;
        self.entry(dbi).change(key, value)?;
        self.held = self.held.saturating_add(bytes);
        Ok(())
    }

    /// As [`change`](Self::change), at the spot of the settled order of `dbi` that was found for `key`.
    ///
    /// # Errors
    /// As [`change`](Self::change).
    pub(crate) fn change_at(
        &mut self,
        dbi: &Arc<DbiRef>,
        key: &[u8],
        value: Option<&[u8]>,
        at: (Spot, bool),
    ) -> Result<()> {
        let bytes = self.make_room_for(dbi, key, value)?;
        self.entry(dbi).change_at(key, value, at)?;
        self.held = self.held.saturating_add(bytes);
        Ok(())
    }

    /// Makes sure that there is room for a change; how many bytes it takes.
    #[inline]
    fn make_room_for(&mut self, dbi: &Arc<DbiRef>, key: &[u8], value: Option<&[u8]>) -> Result<usize> {
        let bytes = change_bytes(key, value);
        if bytes > self.room() && self.reserve(bytes).is_err() {
            // What the key has now will go, unless a savepoint may want it again.
            let now = self.dbi(dbi.slot).map_or(0, |changes| changes.bytes_replaced(self.savepoints.len(), key));
            if bytes > self.room().saturating_add(now) {
                return Err(self.too_large());
            }
        }
        Ok(bytes)
    }

    /// Notes that the keys of `dbi` from `start` to before `end`, or to its end, are gone.
    ///
    /// # Errors
    /// As [`change`](Self::change); never when all keys are gone.
    pub(crate) fn gap(&mut self, dbi: &Arc<DbiRef>, start: &[u8], end: Option<&[u8]>) -> Result<()> {
        if !(start.is_empty() && end.is_none()) {
            self.make_room(DbiChanges::gap_bytes(start, end))?;
        }
        self.entry(dbi).gap(start, end);
        self.held = self.bytes();
        Ok(())
    }

    /// Forgets the change behind a spot of the settled order of `dbi`, below which nothing is there.
    pub(crate) fn forget_at(&mut self, dbi: &Arc<DbiRef>, spot: Spot) {
        self.entry(dbi).forget_at(spot);
    }

    /// Notes that nothing is left to be seen below from `start` to before `end`, or to the end: one gap in the place of the
    /// deletions of these keys. What is put there stays.
    ///
    /// # Errors
    /// As [`change`](Self::change).
    pub(crate) fn join(
        &mut self,
        dbi: &Arc<DbiRef>,
        start: &[u8],
        end: Option<&[u8]>,
        deleted: &[Vec<u8>],
    ) -> Result<()> {
        self.make_room(DbiChanges::gap_bytes(start, end))?;
        let changes = self.entry(dbi);
        let before = changes.gaps().bytes();
        changes.join(start, end, deleted);
        let after = changes.gaps().bytes();
        self.held = self.held.saturating_add(after).saturating_sub(before);
        Ok(())
    }

    /// Takes all changes of `newer` over its own.
    pub(crate) fn absorb(&mut self, newer: Self) {
        for of in newer.all.into_iter().take(newer.live) {
            match self.position(of.dbi.slot) {
                Ok(at) => self.all[at].changes.absorb(of.changes),
                Err(at) => {
                    self.all.truncate(self.live);
                    self.insert(at, of);
                }
            }
        }
        self.held = self.held.saturating_add(newer.held);
    }

    /// Gives back what was replaced or undone, if it is worthwhile.
    fn tidy(&mut self) {
        let worthwhile = (self.limit / WORTHWHILE).max(1);
        self.all[..self.live].iter_mut().for_each(|of| of.changes.tidy(worthwhile));
        self.held = self.bytes();
    }

    /// What is left of the limit.
    pub(crate) fn room(&self) -> usize {
        self.limit.saturating_sub(self.held)
    }

    /// Makes sure that there is room for so many bytes more.
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
    fn position(&self, slot: usize) -> Result<usize, usize> {
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

    /// Begins the changes of `dbi`.
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
        // Most transactions change one or two databases.
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
