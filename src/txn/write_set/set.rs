//! A write set: what a transaction changes, by database, kept in memory until its commit.

use std::sync::Arc;

use crate::env::DbiRef;
use crate::error::{Error, ErrorKind, Result};
use crate::txn::write_set::changes::{DbiChanges, change_bytes};

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
    /// Its share of the limit.
    max_bytes: usize,
    /// The limit of the transaction.
    limit: usize,
}

/// The changes of one DBI.
#[derive(Debug)]
pub(crate) struct OfDbi {
    pub dbi: Arc<DbiRef>,
    pub changes: DbiChanges,
}

impl WriteSet {
    pub(crate) fn new(max_bytes: usize) -> Self {
        Self { max_bytes, limit: max_bytes, ..Self::default() }
    }

    /// An empty set in the room of this one. The next transaction is mostly one like the last, and as small.
    pub(crate) fn reset(&mut self) {
        self.all.truncate(KEPT);
        for of in &mut self.all {
            of.changes.reset();
        }
        (self.live, self.held) = (0, 0);
    }

    /// The same set, which is empty, with this limit.
    #[inline]
    pub(crate) fn with_limit(mut self, max_bytes: usize) -> Self {
        (self.max_bytes, self.limit) = (max_bytes, max_bytes);
        self
    }

    /// An empty set to be laid over this one, with what this one leaves of its limit.
    pub(crate) fn above(&self) -> Self {
        Self { limit: self.limit, ..Self::new(self.room()) }
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
        let bytes = change_bytes(key, value);
        if bytes > self.room() && self.reserve(bytes).is_err() {
            // What the key has now will go.
            let now = self.dbi(dbi.slot).and_then(|changes| changes.get(key));
            if bytes > self.room().saturating_add(now.map_or(0, |(key, value)| change_bytes(key, value))) {
                return Err(self.too_large());
            }
        }
        self.entry(dbi).change(key, value)?;
        self.held = self.held.saturating_add(bytes);
        Ok(())
    }

    /// Notes that the keys of `dbi` from `start` to before `end`, or to its end, are gone.
    ///
    /// # Errors
    /// As [`change`](Self::change); never when all keys are gone.
    pub(crate) fn gap(&mut self, dbi: &Arc<DbiRef>, start: &[u8], end: Option<&[u8]>) -> Result<()> {
        if !(start.is_empty() && end.is_none()) {
            let bytes = DbiChanges::gap_bytes(start, end);
            if bytes > self.room() {
                self.reserve(bytes)?;
            }
        }
        self.entry(dbi).gap(start, end);
        self.held = self.bytes();
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

    /// Gives back what was replaced or undone, if it is worthwhile; `max_bytes` is its share of the limit from now on.
    pub(crate) fn tidy(&mut self, max_bytes: usize) {
        self.max_bytes = max_bytes;
        let worthwhile = (self.limit / WORTHWHILE).max(1);
        self.all[..self.live].iter_mut().for_each(|of| of.changes.tidy(worthwhile));
        self.held = self.bytes();
    }

    /// What is left of the limit.
    pub(crate) fn room(&self) -> usize {
        self.max_bytes.saturating_sub(self.held)
    }

    /// Its share of the limit.
    pub(crate) fn max_bytes(&self) -> usize {
        self.max_bytes
    }

    #[cold]
    fn reserve(&mut self, bytes: usize) -> Result<()> {
        self.tidy(self.max_bytes);
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
        &mut self.all[at].changes
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
