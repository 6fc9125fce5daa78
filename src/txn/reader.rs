//! Readers: a write transaction that many threads read at once.

use std::fmt;
use std::ops::Bound;

use crate::catalog::{CommitSeq, DbiRef};
use crate::error::{Error, Result};
use crate::page::TreeRecord;
use crate::read::{LayeredCursor, RawEntry, RawRead};
use crate::state::Base;
use crate::txn::lengths::SharedLengths;
use crate::txn::pending::Pending;
use crate::txn::txn_state::Watch;
use crate::txn::write_txn::WriteTxn;

/// A write transaction for reading alone, by any number of threads: from [`WriteTxn::reader`].
///
/// It sees what the transaction sees, its own changes included. It is `Send`, `Sync` and `Copy`, and takes no lock once
/// the changes of a DBI are sorted. A thread that panics while it reads harms neither the others nor the transaction.
///
/// ```
/// use mapleaf::{Dbi, Env};
/// # fn main() -> mapleaf::Result<()> {
/// let env = Env::temporary()?;
/// let points: Dbi<u32, u64> = env.dbi("points")?;
/// let sum = env.transact(|txn| {
///     points.load(txn, (0..1000).map(|n| (n, 1)))?;
///     let reader = txn.reader();
///     let sums = std::thread::scope(|scope| {
///         let parts = points.par_scan(&reader, .., 4)?;
///         let threads = parts.into_iter().map(|part| scope.spawn(|| part.values().sum::<mapleaf::Result<u64>>()));
///         let threads: Vec<_> = threads.collect();
///         threads.into_iter().map(|thread| thread.join().expect("no panic")).sum::<mapleaf::Result<u64>>()
///     })?;
///     points.put(txn, 1000, sums)?;
///     Ok(sums)
/// })?;
/// assert_eq!(sum, 1000);
/// # Ok(())
/// # }
/// ```
///
/// While it is used, the transaction cannot be written to:
///
/// ```compile_fail,E0502
/// # use mapleaf::{Dbi, Env};
/// # let env = Env::temporary().unwrap();
/// # let points: Dbi<u32, u64> = env.dbi("points").unwrap();
/// let mut txn = env.begin().unwrap();
/// let reader = txn.reader();
/// points.put(&mut txn, 1, 1).unwrap();
/// points.get(&reader, 1).unwrap();
/// ```
///
/// Nor can it outlive the transaction:
///
/// ```compile_fail,E0505
/// # use mapleaf::{Dbi, Env};
/// # let env = Env::temporary().unwrap();
/// # let points: Dbi<u32, u64> = env.dbi("points").unwrap();
/// let txn = env.begin().unwrap();
/// let reader = txn.reader();
/// txn.commit().unwrap();
/// points.get(&reader, 1).unwrap();
/// ```
#[derive(Clone, Copy)]
pub struct Reader<'t> {
    pending: Pending<'t>,
    lengths: &'t SharedLengths,
    uuid: &'t [u8; 16],
    seq: CommitSeq,
    /// Why nothing can be read, if so.
    failed: Option<&'t Error>,
}

impl WriteTxn {
    /// The transaction's pending state, its changes included, for threads that read it at once. The transaction can be
    /// read beside it, and written to when it is not used any more.
    ///
    /// O(1). The first read of a DBI, by any thread, sorts the changes that were not read yet, as a read of the
    /// transaction does: O(m log m), once; other threads wait for it. Each read then costs what it costs in the
    /// transaction. `len` is counted once for a reader and its copies, unless the transaction knows it; `count` and
    /// `rank` are counted each time.
    ///
    /// For a [`Transaction`](crate::Transaction) the first reader takes a reader slot, as a snapshot does, until the
    /// transaction ends. If all are taken, each read fails with `ReadersFull`. In a closure none is needed.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Dbi<&str, u32> = env.dbi("ages")?;
    /// let mut txn = env.begin()?;
    /// ages.put(&mut txn, "ann", 42)?;
    /// let reader = txn.reader();
    /// std::thread::scope(|scope| {
    ///     let ann = scope.spawn(|| ages.get(&reader, "ann"));
    ///     let bob = scope.spawn(|| ages.get(&reader, "bob"));
    ///     assert_eq!(ann.join().expect("no panic")?, Some(42));
    ///     assert_eq!(bob.join().expect("no panic")?, None);
    ///     Ok::<_, mapleaf::Error>(())
    /// })?;
    /// txn.commit()?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn reader(&self) -> Reader<'_> {
        let state = &self.state;
        let failed = match (&state.base, &state.watch) {
            (Base::Newest(base), Watch::End(holding)) => holding.pin(base).err(),
            // Nothing needs to be pinned here: a base that is pinned stays so, and a closure ends before the locks that
            // keep its base unchanged are given back.
            _ => None,
        };
        Reader {
            pending: state.pending(),
            lengths: state.lengths.shared(),
            uuid: &state.uuid,
            seq: state.seq(),
            failed,
        }
    }
}

impl<'t> Reader<'t> {
    #[inline]
    fn pending(&self) -> Result<Pending<'t>> {
        match self.failed {
            None => Ok(self.pending),
            Some(error) => Err(again(error)),
        }
    }
}

/// The same error once more.
#[cold]
fn again(error: &Error) -> Error {
    Error::new(error.kind(), error.message().to_owned()).during("reader")
}

impl RawRead for Reader<'_> {
    type Cursor<'t>
        = LayeredCursor<'t>
    where
        Self: 't;

    fn raw_uuid(&self) -> &[u8; 16] {
        self.uuid
    }

    fn raw_id(&self) -> u64 {
        self.seq.0
    }

    #[inline]
    fn raw_get<'t, const W: usize>(&'t self, dbi: &DbiRef, key: &[u8]) -> Result<Option<&'t [u8]>> {
        self.pending()?.get::<W>(dbi, key)
    }

    fn raw_get_many<'t, const W: usize>(
        &'t self,
        dbi: &DbiRef,
        keys: &[&[u8]],
        each: impl FnMut(usize, Option<&'t [u8]>),
    ) -> Result<()> {
        self.pending()?.view(dbi)?.get_many::<W>(keys, each)
    }

    fn raw_rank(&self, dbi: &DbiRef, key: &[u8]) -> Result<u64> {
        self.raw_count(dbi, Bound::Unbounded, Bound::Excluded(key))
    }

    fn raw_range<'t>(&'t self, dbi: &DbiRef, lower: Bound<&[u8]>, upper: Bound<&[u8]>) -> Result<LayeredCursor<'t>> {
        self.pending()?.view(dbi)?.range(lower, upper)
    }

    fn raw_tree(&self, dbi: &DbiRef) -> Result<(TreeRecord, u32)> {
        let pending = self.pending()?;
        Ok((pending.tree(dbi)?, pending.base.meta().page_size))
    }

    fn raw_len(&self, dbi: &DbiRef) -> Result<u64> {
        let pending = self.pending()?;
        if let Some(length) = self.lengths.get(dbi.slot) {
            // A known length does not show that the DBI exists: it may have been dropped since the handle was opened.
            pending.check_dbi(dbi)?;
            return Ok(length);
        }
        let length = pending.view(dbi)?.count(Bound::Unbounded, Bound::Unbounded)?;
        self.lengths.set(dbi.slot, length);
        Ok(length)
    }

    fn raw_count(&self, dbi: &DbiRef, lower: Bound<&[u8]>, upper: Bound<&[u8]>) -> Result<u64> {
        self.pending()?.view(dbi)?.count(lower, upper)
    }

    fn raw_estimate(&self, dbi: &DbiRef, lower: Bound<&[u8]>, upper: Bound<&[u8]>) -> Result<u64> {
        self.pending()?.view(dbi)?.estimate(lower, upper)
    }

    fn raw_nth<'t>(&'t self, dbi: &DbiRef, n: u64) -> Result<Option<RawEntry<'t>>> {
        self.pending()?.view(dbi)?.nth(n)
    }

    fn raw_split(&self, dbi: &DbiRef, lower: Bound<&[u8]>, upper: Bound<&[u8]>, parts: usize) -> Result<Vec<Vec<u8>>> {
        self.pending()?.view(dbi)?.split(lower, upper, parts)
    }
}

impl fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("id", &self.seq.0).finish_non_exhaustive()
    }
}
