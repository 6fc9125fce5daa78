//! `OwnedEntries`, the iterator that owns its snapshot.

use std::fmt;
use std::iter::FusedIterator;
use std::marker::PhantomData;
use std::ops::Bound;
use std::sync::Arc;

use crate::catalog::DbiRef;
use crate::error::{Error, ErrorKind, Result};
use crate::key::Key;
use crate::read::{RawCursor, RawRead};
use crate::scan::bounds::ByteBounds;
use crate::scan::rows::{BLOCK_BYTES, BLOCK_ROWS, Rows};
use crate::txn::Snapshot;
use crate::value::{Context, Value};

/// Entries in key order that own the snapshot they are read from: what [`Dbi::range_owned`](crate::Dbi::range_owned),
/// `prefix_owned` and `iter_owned` return.
///
/// It borrows nothing: it can be returned from a function, kept in a struct, sent to another thread, and held over an
/// `.await`. It is `Send`, and `'static` if `K` and `V` are; write `Dbi<&'static str, _>` in signatures. With the
/// feature `futures`, `into_stream` makes a `Stream` of it.
///
/// Double-ended: each entry is returned once, from either end. Fused, also after a file error. Keys and values are
/// owned. Entries are copied from the map in blocks, of one at first and of 256 or 32 KiB later; each block costs one
/// search. So taking one entry is O(log n), and all of them O(n). [`Entries`](crate::Entries) copies nothing, and is
/// the faster one where a borrow will do.
///
/// The snapshot lives as long as the iterator, and keeps pages from being reused: a client that reads slowly makes the
/// file grow. [`Env::readers`](crate::Env::readers) lists it.
///
/// ```
/// use mapleaf::{Dbi, Env, OwnedEntries};
///
/// struct Store { env: Env, ages: Dbi<&'static str, u32> }
///
/// impl Store {
///     fn all(&self) -> mapleaf::Result<impl Iterator<Item = mapleaf::Result<(String, u32)>> + Send + 'static> {
///         self.ages.iter_owned(self.env.snapshot()?)
///     }
/// }
///
/// # fn main() -> mapleaf::Result<()> {
/// let env = Env::temporary()?;
/// let store = Store { ages: env.dbi("ages")?, env };
/// store.env.transact(|txn| store.ages.load(txn, [("ann", 42), ("bob", 3)]))?;
/// let all = store.all()?;
/// drop(store);
/// let sum = std::thread::spawn(move || all.map(|row| row.map(|(_, age)| age)).sum::<mapleaf::Result<u32>>());
/// assert_eq!(sum.join().expect("it does not panic")?, 45);
/// # Ok(())
/// # }
/// ```
#[doc(alias("stream", "into_iter"))]
pub struct OwnedEntries<K, V> {
    snapshot: Snapshot,
    dbi: Arc<DbiRef>,
    /// The part of the range that was not copied yet.
    rest: ByteBounds,
    /// Whether that part may have entries.
    has_rest: bool,
    front: Block,
    back: Block,
    /// The error that ended the copying. It is returned after the entries that were copied before it.
    failed: Option<Error>,
    /// The method that opened it, for errors.
    operation: &'static str,
    _types: PhantomData<fn() -> (K, V)>,
}

/// Entries that were copied at one end and not yet returned.
#[derive(Debug, Default)]
struct Block {
    /// In the order in which that end returns them: those of the back descend.
    rows: Rows,
    /// How many were returned at that end.
    passed: usize,
    /// How many were returned at the other end.
    passed_behind: usize,
    /// The maximum number of rows of this block.
    most: usize,
    /// Whether the value of the last row is too long, and was not copied.
    is_large_last: bool,
}

/// A row of a block: its index, and whether its value was not copied.
type Row = (usize, bool);

impl Block {
    fn len(&self) -> usize {
        self.rows.len() - self.passed - self.passed_behind
    }

    fn row(&self, number: usize) -> Row {
        (number, self.is_large_last && number + 1 == self.rows.len())
    }

    /// The next row of the end that the block was read for.
    fn next(&mut self) -> Option<Row> {
        (self.len() > 0).then(|| {
            self.passed += 1;
            self.row(self.passed - 1)
        })
    }

    /// The next row for the end that the block was not read for: the last one that is left.
    fn next_behind(&mut self) -> Option<Row> {
        (self.len() > 0).then(|| {
            self.passed_behind += 1;
            self.row(self.rows.len() - self.passed_behind)
        })
    }

    /// Removes all rows, and raises the maximum for the next ones.
    fn renew(&mut self) {
        self.rows.clear();
        (self.passed, self.passed_behind, self.is_large_last) = (0, 0, false);
        // The first block has one entry, in case the caller stops early. Each later block may have twice as many as the
        // one before, up to `BLOCK_ROWS`.
        self.most = (self.most * 2).clamp(1, BLOCK_ROWS);
    }

    /// Copies entries until the block is full. Returns whether more entries may follow.
    fn fill<'t>(&mut self, mut next: impl FnMut() -> Result<Option<(&'t [u8], &'t [u8])>>) -> Result<bool> {
        while self.rows.len() < self.most && self.rows.bytes() < BLOCK_BYTES {
            let Some((key, value)) = next()? else { return Ok(false) };
            // A value that is longer than a block is read when its entry is returned. It is not copied here, so that
            // memory holds it only once.
            if value.len() > BLOCK_BYTES {
                self.rows.push(key, &[]);
                self.is_large_last = true;
                return Ok(true);
            }
            self.rows.push(key, value);
        }
        Ok(true)
    }
}

impl<K: Key, V: Value> OwnedEntries<K, V> {
    pub(crate) fn new(
        snapshot: Snapshot,
        dbi: Arc<DbiRef>,
        bounds: ByteBounds,
        operation: &'static str,
    ) -> Result<Self> {
        let (lower, upper) = bounds.as_refs();
        // This call reads nothing of the tree. It refuses a handle that does not belong to this snapshot.
        drop(snapshot.raw_range(&dbi, lower, upper)?);
        let (front, back) = (Block::default(), Block::default());
        let (rest, has_rest) = (bounds, true);
        Ok(Self { snapshot, dbi, rest, has_rest, front, back, failed: None, operation, _types: PhantomData })
    }

    /// The snapshot that the entries are read from.
    #[must_use]
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Copies the next entries of one end.
    fn read<const BACK: bool>(&mut self) {
        let block = if BACK { &mut self.back } else { &mut self.front };
        block.renew();
        let (lower, upper) = self.rest.as_refs();
        let cursor = self.snapshot.raw_range_of(&self.dbi, K::WIDTH.unwrap_or(0), lower, upper);
        let filled = cursor.and_then(|mut cursor| block.fill(|| if BACK { cursor.next_back() } else { cursor.next() }));
        if let Some(last) = block.rows.last_key() {
            let end = if BACK { &mut self.rest.upper } else { &mut self.rest.lower };
            *end = Bound::Excluded(last.into());
        }
        match filled {
            Ok(goes_on) => self.has_rest = goes_on,
            Err(error) => {
                (self.has_rest, self.failed) = (false, Some(error));
            }
        }
    }

    /// The next entry of one end.
    fn take<const BACK: bool>(&mut self) -> Option<Result<(K::Owned, V::Owned)>> {
        let own = if BACK { &mut self.back } else { &mut self.front };
        let mut row = own.next();
        if row.is_none() && self.has_rest {
            self.read::<BACK>();
            row = if BACK { &mut self.back } else { &mut self.front }.next();
        }
        let owned = if let Some(row) = row {
            self.own::<BACK>(row)
        } else if let Some(error) = self.failed.take() {
            Err(error.during(self.operation).in_dbi(&self.dbi.name))
        } else if BACK {
            let row = self.front.next_behind()?;
            self.own::<false>(row)
        } else {
            let row = self.back.next_behind()?;
            self.own::<true>(row)
        };
        if owned.as_ref().is_err_and(|error| error.kind() != ErrorKind::Decode) {
            // Entries at this end cannot be read, so the iterator ends. The entries that were copied at both ends are
            // dropped: returned after the error, they would look like the entries that follow it.
            (self.front, self.back, self.has_rest) = (Block::default(), Block::default(), false);
        }
        Some(owned)
    }

    /// Decodes a row of the back's block if `BACK`, else of the front's.
    fn own<const BACK: bool>(&self, (number, is_large): Row) -> Result<(K::Owned, V::Owned)> {
        let block = if BACK { &self.back } else { &self.front };
        let (key, value) = block.rows.at(number).unwrap_or_default();
        let decode = || {
            let value = if is_large { self.snapshot.raw_get::<0>(&self.dbi, key)?.unwrap_or_default() } else { value };
            let context = Context::new(self.snapshot.raw_uuid(), &self.dbi.origin, key);
            Ok((K::own(K::decode(key)?), V::own(V::decode(value, &context)?)))
        };
        decode().map_err(|error: Error| error.during(self.operation).in_dbi(&self.dbi.name).at_key(key))
    }
}

impl<K: Key, V: Value> Iterator for OwnedEntries<K, V> {
    type Item = Result<(K::Owned, V::Owned)>;

    fn next(&mut self) -> Option<Self::Item> {
        self.take::<false>()
    }
}

impl<K: Key, V: Value> DoubleEndedIterator for OwnedEntries<K, V> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.take::<true>()
    }
}

impl<K: Key, V: Value> FusedIterator for OwnedEntries<K, V> {}

impl<K, V> fmt::Debug for OwnedEntries<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedEntries").field("dbi", &self.dbi.name).finish_non_exhaustive()
    }
}
