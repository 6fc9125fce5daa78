//! What was read of a state: the keys and ranges that decided results. A draft checks at its commit whether they are
//! as they were.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::catalog::{DbiRef, DbiSlot, OpenDbis};
use crate::error::{Error, ErrorKind, Result};
use crate::read::change_range::ChangeRange;
use crate::read::key_ranges::{KeyRanges, key_after};
use crate::write_set::{DbiChanges, LEAST, WriteSet};

/// Keys from the first one to before the second one, or to the end.
pub(crate) type KeyRange = (Vec<u8>, Option<Vec<u8>>);

/// The bounds as a range; the empty key begins it if there is no lower bound.
pub(crate) fn key_range(lower: Bound<&[u8]>, upper: Bound<&[u8]>) -> KeyRange {
    let start = match lower {
        Bound::Unbounded => Vec::new(),
        Bound::Included(key) => key.to_vec(),
        Bound::Excluded(key) => key_after(key),
    };
    let end = match upper {
        Bound::Unbounded => None,
        Bound::Included(key) => Some(key_after(key)),
        Bound::Excluded(key) => Some(key.to_vec()),
    };
    (start, end)
}

/// The range from `start` to before `end` as bounds: the other way round than [`key_range`].
pub(super) fn bounds_of<'k>(start: &'k [u8], end: Option<&'k [u8]>) -> (Bound<&'k [u8]>, Bound<&'k [u8]>) {
    let lower = if start.is_empty() { Bound::Unbounded } else { Bound::Included(start) };
    (lower, end.map_or(Bound::Unbounded, Bound::Excluded))
}

/// What was read of a state below own changes. What an own change decides was not read of the state.
///
/// Takes memory for each key and for each range, where ranges that touch are one; a limit bounds it.
pub(crate) struct ReadLog {
    reads: Mutex<Reads>,
    /// A copy of [`Reads::is_cut`], which every verb looks at first, without the lock.
    is_cut: AtomicBool,
    dbis: Arc<OpenDbis>,
    /// How many bytes reads and changes may take together.
    max_bytes: usize,
    /// From when on nothing more may be read or changed, and how long that is after the beginning.
    end: Option<(Instant, Duration)>,
}

#[derive(Debug, Default)]
struct Reads {
    dbis: BTreeMap<DbiSlot, OfDbi>,
    /// The ranges that open cursors may read, by the numbers of the cursors. What they did read is noted when they are
    /// dropped; one that is leaked counts as if it had read all of its range.
    open: BTreeMap<u64, (DbiSlot, KeyRange)>,
    opened: u64,
    bytes: usize,
    /// The most bytes that the reads may take.
    limit: usize,
    /// Whether reads are missing because they did not fit.
    is_cut: bool,
}

#[derive(Debug)]
struct OfDbi {
    dbi: Arc<DbiRef>,
    ranges: KeyRanges,
}

impl ReadLog {
    /// Empty. Everything fails from `max_age` on, if one is given.
    pub(crate) fn new(dbis: &Arc<OpenDbis>, max_bytes: usize, max_age: Option<Duration>) -> Self {
        let end = max_age.and_then(|age| Some((Instant::now().checked_add(age)?, age)));
        let reads = Mutex::new(Reads { limit: max_bytes, ..Reads::default() });
        Self { reads, is_cut: AtomicBool::new(false), dbis: Arc::clone(dbis), max_bytes, end }
    }

    fn lock(&self) -> MutexGuard<'_, Reads> {
        self.reads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fails when the time is over, or if reads are missing. Not a part of its callers, which transactions without a
    /// log run through too.
    #[cold]
    #[inline(never)]
    pub(crate) fn check(&self) -> Result<()> {
        match self.end {
            Some((end, age)) if Instant::now() >= end => Err(too_old(age)),
            _ if self.is_cut.load(Ordering::Relaxed) => Err(too_large()),
            _ => Ok(()),
        }
    }

    /// Says how many bytes the changes of `set` take now, which count against the limit too; returns how many they may
    /// take.
    pub(crate) fn share(&self, set: &WriteSet) -> usize {
        let mut reads = self.lock();
        self.limit(&mut reads, set);
        self.max_bytes.saturating_sub(reads.bytes)
    }

    /// Limits the reads to what the changes of `set` leave.
    fn limit(&self, reads: &mut Reads, set: &WriteSet) {
        // Summing the changes up costs a step for each DBI. So that is done only where the upper bound, which is known,
        // leaves too little: until reads and changes take half of the limit, it does not matter by how much.
        let enough = (self.max_bytes / 2).saturating_sub(reads.bytes);
        reads.limit = self.max_bytes.saturating_sub(set.bytes_within(enough));
    }

    /// Notes that a key was read, over the changes of `set`.
    pub(crate) fn key(&self, dbi: &DbiRef, set: &WriteSet, key: &[u8]) -> Result<()> {
        self.note(dbi, set, |ranges| ranges.add_key(key))
    }

    /// Notes that a range was read, but not what the changes of `set` decide.
    pub(crate) fn range(&self, dbi: &DbiRef, set: &WriteSet, lower: Bound<&[u8]>, upper: Bound<&[u8]>) -> Result<()> {
        let (start, end) = key_range(lower, upper);
        self.note(dbi, set, |ranges| add(ranges, set.dbi(dbi.slot), &start, end.as_deref()))
    }

    fn note(&self, dbi: &DbiRef, set: &WriteSet, add: impl FnOnce(&mut KeyRanges)) -> Result<()> {
        let mut reads = self.lock();
        self.limit(&mut reads, set);
        reads.of(&self.dbis, dbi, add);
        self.publish(&reads);
        if reads.is_cut { Err(too_large()) } else { Ok(()) }
    }

    fn publish(&self, reads: &Reads) {
        self.is_cut.store(reads.is_cut, Ordering::Relaxed);
    }

    /// Notes that a cursor may read a range, and returns the cursor's number.
    pub(super) fn open(&self, dbi: &DbiRef, range: KeyRange) -> u64 {
        let mut reads = self.lock();
        reads.of(&self.dbis, dbi, |_| ());
        self.publish(&reads);
        reads.opened += 1;
        let number = reads.opened;
        reads.open.insert(number, (dbi.slot, range));
        number
    }

    /// As [`open`](Self::open), for a copy of the cursor with this number.
    pub(super) fn reopen(&self, number: u64, range: KeyRange) -> u64 {
        let mut reads = self.lock();
        reads.opened += 1;
        let copy = reads.opened;
        if let Some(slot) = reads.open.get(&number).map(|(slot, _)| *slot) {
            reads.open.insert(copy, (slot, range));
        }
        copy
    }

    /// Notes what the cursor with this number has read.
    pub(super) fn close<'r>(
        &self,
        number: u64,
        own: Option<&DbiChanges>,
        read: impl Iterator<Item = (&'r [u8], Option<&'r [u8]>)>,
    ) {
        let mut reads = self.lock();
        if let Some((slot, _)) = reads.open.remove(&number) {
            reads.at(slot, |ranges| read.for_each(|(start, end)| add(ranges, own, start, end)));
            self.publish(&reads);
        }
    }

    /// Notes a part of what the cursor with this number has read.
    pub(super) fn part(&self, number: u64, own: Option<&DbiChanges>, (start, end): (&[u8], Option<&[u8]>)) {
        let mut reads = self.lock();
        if let Some(slot) = reads.open.get(&number).map(|(slot, _)| *slot) {
            reads.at(slot, |ranges| add(ranges, own, start, end));
            self.publish(&reads);
        }
    }

    /// Whether nothing was read.
    pub(crate) fn is_empty(&self) -> bool {
        let reads = self.lock();
        reads.open.is_empty() && reads.dbis.values().all(|of| of.ranges.iter().next().is_none())
    }

    /// Calls `each` with every DBI and what was read of it, until it finds something.
    pub(crate) fn find<T>(
        &self,
        mut each: impl FnMut(&Arc<DbiRef>, &KeyRanges) -> Result<Option<T>>,
    ) -> Result<Option<T>> {
        let mut reads = self.lock();
        for (slot, (start, end)) in std::mem::take(&mut reads.open).into_values() {
            reads.at(slot, |ranges| ranges.add(&start, end.as_deref()));
        }
        if reads.is_cut {
            return Err(too_large());
        }
        reads.dbis.values().find_map(|of| each(&of.dbi, &of.ranges).transpose()).transpose()
    }
}

impl Reads {
    /// Lets `add` change what was read of `dbi`.
    fn of(&mut self, all: &OpenDbis, dbi: &DbiRef, add: impl FnOnce(&mut KeyRanges)) {
        if !self.dbis.contains_key(&dbi.slot) {
            match all.handle_of(dbi) {
                Some(dbi) => drop(self.dbis.insert(dbi.slot, OfDbi { dbi, ranges: KeyRanges::default() })),
                // A DBI without a handle cannot occur here, because the caller has a handle. If it does, the log counts
                // as cut, so that no read is missing unnoticed.
                None => self.is_cut = true,
            }
        }
        self.at(dbi.slot, add);
    }

    fn at(&mut self, slot: DbiSlot, add: impl FnOnce(&mut KeyRanges)) {
        let Some(of) = self.dbis.get_mut(&slot).filter(|_| !self.is_cut) else { return };
        let before = of.ranges.bytes();
        add(&mut of.ranges);
        self.bytes = self.bytes + of.ranges.bytes() - before;
        self.is_cut = self.bytes > self.limit;
    }
}

/// Adds a range, but not what `own` changes decide. O(own changes in it).
fn add(ranges: &mut KeyRanges, own: Option<&DbiChanges>, start: &[u8], end: Option<&[u8]>) {
    let Some(own) = own.filter(|own| !own.is_empty()) else { return ranges.add(start, end) };
    if ranges.has(start, end) {
        return;
    }
    let is_past = |key: &[u8]| end.is_some_and(|end| key >= end);
    let (lower, upper) = bounds_of(start, end);
    let mut changes = ChangeRange::new(own, lower, upper);
    let mut from = start.to_vec();
    while !is_past(&from) {
        let sought = if from.is_empty() { LEAST } else { &from };
        if let Some((_, gap_end)) = own.gaps().containing(sought) {
            let Some(gap_end) = gap_end else { return };
            from = gap_end.to_vec();
            changes.seek(gap_end);
            continue;
        }
        let change = changes.peek::<true>().map(|entry| own.record(entry).0);
        let gap = own.gaps().first_after(sought).map(|(start, _)| start).filter(|start| !is_past(start));
        match (change, gap) {
            (Some(change), gap) if gap.is_none_or(|gap| change < gap) => {
                ranges.add(&from, Some(change));
                from = key_after(change);
                changes.pass::<true>();
            }
            (_, Some(gap)) => {
                ranges.add(&from, Some(gap));
                from = gap.to_vec();
            }
            _ => return ranges.add(&from, end),
        }
    }
}

#[cold]
fn too_old(age: Duration) -> Error {
    let why = format!("the draft is older than max_draft_age, {age:?}; begin another one on a new snapshot");
    Error::new(ErrorKind::Timeout, why)
}

#[cold]
fn too_large() -> Error {
    let why = "what the draft has read and changed takes more than max_txn_bytes; read less in one draft, or raise \
               max_txn_bytes";
    Error::new(ErrorKind::TooLarge, why)
}
