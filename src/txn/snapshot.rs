//! Snapshots: one committed state, for any number of threads.

use std::fmt;
use std::ops::Bound;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::Duration;

use crate::catalog::DbiRef;
use crate::env::Env;
use crate::error::Result;
use crate::page::{self, Cursor, TreeRecord};
use crate::read::{LayeredCursor, LayeredTree, RawEntry, RawRead, look};
#[cfg(feature = "store")]
use crate::state::Core;
use crate::state::{Lease, PinnedState, View};

/// One committed state of all DBIs, which no later commit changes: a read transaction.
///
/// It borrows nothing, so it can be kept in a struct, moved to another thread and held over an `.await`. It is
/// `Send`, `Sync` and a cheap `Clone`; snapshots of the same state share one reader slot of LMDB. While it lives,
/// pages freed since are not reused and the file grows: keep it as short as the work, or [`refresh`](Self::refresh)
/// it.
///
/// ```
/// use mapleaf::{Dbi, Env};
/// # fn main() -> mapleaf::Result<()> {
/// let env = Env::temporary()?;
/// let ages: Dbi<&str, u32> = env.dbi("ages")?;
/// let mut snap = env.snapshot()?;
/// env.transact(|txn| ages.put(txn, "ann", 42))?;
/// assert_eq!(ages.get(&snap, "ann")?, None);
/// assert_eq!(snap.lag()?, 1);
/// snap.refresh()?;
/// assert_eq!(ages.get(&snap, "ann")?, Some(42));
/// # Ok(())
/// # }
/// ```
#[doc(alias("ReadTransaction", "read_txn", "RoTxn"))]
#[derive(Clone)]
pub struct Snapshot {
    lease: Arc<Lease<View>>,
}

// A panic elsewhere does not change the state that it reads.
impl UnwindSafe for Snapshot {}
impl RefUnwindSafe for Snapshot {}

impl Snapshot {
    /// Another handle of a leased state.
    pub(crate) fn of(lease: Arc<Lease<View>>) -> Self {
        Self { lease }
    }

    /// The core that the state is of.
    #[cfg(feature = "store")]
    pub(crate) fn core(&self) -> &Core {
        self.lease.view.pinned.core()
    }

    /// The leased state.
    pub(crate) fn lease(&self) -> &Arc<Lease<View>> {
        &self.lease
    }
}

impl Env {
    /// The newest committed state, by any process.
    ///
    /// Costs a few loads when nothing was committed since this thread's last snapshot. Otherwise it takes a reader
    /// slot, copies the meta page and looks up the commit count, unless another thread did so already. It does not
    /// wait for transactions. It waits while the map grows, and if another process has grown the file beyond the
    /// map, for this process's running transaction.
    ///
    /// # Errors
    /// `Closed`; `ReadersFull` when all slots are taken; `MapFull` when another process has grown the file beyond this
    /// one's `max_map_size`; `CommitOutcomeUnknown` after a failed commit; `Corrupted`; `Io`.
    #[doc(alias("read_txn", "begin_read", "ro_txn", "begin_ro_txn"))]
    pub fn snapshot(&self) -> Result<Snapshot> {
        match self.lease() {
            Ok(lease) => Ok(Snapshot { lease }),
            Err(error) => Err(error.during("snapshot")),
        }
    }
}

impl Snapshot {
    #[inline]
    pub(super) fn pinned(&self) -> &PinnedState {
        &self.lease.view.pinned
    }

    /// The number of transactions committed up to this state. It grows with every commit, across processes,
    /// reopening and compaction. 0 where the file is damaged too much to read it, which the first read of a DBI reports.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.lease.view.seq().map_or(0, |seq| seq.0)
    }

    /// How long this state has been pinned.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.lease.view.age()
    }

    /// How many transactions were committed since this state.
    ///
    /// # Errors
    /// As [`Env::snapshot`].
    pub fn lag(&self) -> Result<u64> {
        if self.lease.view.is_newest() {
            return Ok(0);
        }
        self.lease.view.lag_to(&self.pinned().core().newest_view()?)
    }

    /// Moves to the newest state and releases the old one, of which no borrow may be alive.
    ///
    /// # Errors
    /// As [`Env::snapshot`]; the snapshot then keeps its state.
    ///
    /// ```compile_fail,E0502
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = mapleaf::Env::temporary()?;
    /// # let names: mapleaf::Dbi<u32, &str> = env.dbi("names")?;
    /// let mut snap = env.snapshot()?;
    /// let name = names.get(&snap, 1)?;
    /// snap.refresh()?;
    /// println!("{name:?}");
    /// # Ok(())
    /// # }
    /// ```
    pub fn refresh(&mut self) -> Result<()> {
        let newest = self.pinned().core().newest_view().map_err(|error| error.during("refresh"))?;
        self.lease = Lease::new(newest);
        Ok(())
    }

    pub(super) fn view(&self, dbi: &DbiRef) -> Result<LayeredTree<'_>> {
        let base = self.pinned();
        Ok(LayeredTree::new(base.pages(), base.tree(dbi)?, self.lease.view.layers.of_dbi(dbi.slot)))
    }

    /// The same state with `layers` over it.
    #[cfg(test)]
    pub(crate) fn under(self, layers: crate::read::Layers) -> Self {
        let view = View { layers, ..self.lease.view.clone() };
        Self { lease: Lease::new(view) }
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").field("id", &self.id()).field("age", &self.age()).finish_non_exhaustive()
    }
}

impl RawRead for Snapshot {
    type Cursor<'t> = LayeredCursor<'t>;

    fn raw_uuid(&self) -> &[u8; 16] {
        self.pinned().core().identity.uuid()
    }

    fn raw_id(&self) -> u64 {
        self.id()
    }

    #[inline]
    fn raw_get<'t, const W: usize>(&'t self, dbi: &DbiRef, key: &[u8]) -> Result<Option<&'t [u8]>> {
        let tree = self.pinned().tree(dbi)?;
        if !self.lease.view.layers.is_empty()
            && let Some(found) = look(self.lease.view.layers.of_dbi(dbi.slot), key)
        {
            return Ok(found);
        }
        page::get::<W>(self.pinned().pages(), &tree, key)
    }

    fn raw_get_many<'t, const W: usize>(
        &'t self,
        dbi: &DbiRef,
        keys: &[&[u8]],
        each: impl FnMut(usize, Option<&'t [u8]>),
    ) -> Result<()> {
        self.view(dbi)?.get_many::<W>(keys, each)
    }

    fn raw_rank(&self, dbi: &DbiRef, key: &[u8]) -> Result<u64> {
        self.view(dbi)?.count(Bound::Unbounded, Bound::Excluded(key))
    }

    fn raw_range<'t>(&'t self, dbi: &DbiRef, lower: Bound<&[u8]>, upper: Bound<&[u8]>) -> Result<LayeredCursor<'t>> {
        self.raw_range_of(dbi, 0, lower, upper)
    }

    #[inline]
    fn raw_range_of<'t>(
        &'t self,
        dbi: &DbiRef,
        width: usize,
        lower: Bound<&[u8]>,
        upper: Bound<&[u8]>,
    ) -> Result<LayeredCursor<'t>> {
        if self.lease.view.layers.is_empty() {
            let tree = self.pinned().tree(dbi)?;
            let cursor = Cursor::range_of_width(self.pinned().pages(), &tree, width, lower, upper)?;
            return Ok(LayeredCursor::plain(cursor));
        }
        self.view(dbi)?.range(lower, upper)
    }

    fn raw_tree(&self, dbi: &DbiRef) -> Result<(TreeRecord, u32)> {
        Ok((self.pinned().tree(dbi)?, self.pinned().meta().page_size))
    }

    fn raw_len(&self, dbi: &DbiRef) -> Result<u64> {
        self.view(dbi)?.count(Bound::Unbounded, Bound::Unbounded)
    }

    fn raw_count(&self, dbi: &DbiRef, lower: Bound<&[u8]>, upper: Bound<&[u8]>) -> Result<u64> {
        self.view(dbi)?.count(lower, upper)
    }

    fn raw_estimate(&self, dbi: &DbiRef, lower: Bound<&[u8]>, upper: Bound<&[u8]>) -> Result<u64> {
        self.view(dbi)?.estimate(lower, upper)
    }

    fn raw_nth<'t>(&'t self, dbi: &DbiRef, n: u64) -> Result<Option<RawEntry<'t>>> {
        self.view(dbi)?.nth(n)
    }

    fn raw_split(&self, dbi: &DbiRef, lower: Bound<&[u8]>, upper: Bound<&[u8]>, parts: usize) -> Result<Vec<Vec<u8>>> {
        self.view(dbi)?.split(lower, upper, parts)
    }
}

#[cfg(test)]
mod tests {
    use crate::dbi::Dbi;
    use crate::durability::Durability;
    use crate::env::Batch;
    use crate::env::Env;
    use crate::error::{Error, Result};

    #[test]
    fn a_slow_reader_is_told_every_transaction_of_a_shared_commit() -> Result<()> {
        let dir = tempfile::tempdir().map_err(Error::other)?;
        let env = Env::options().durability(Durability::Eventual).open(dir.path())?;
        let rows: Dbi<u64, u64> = env.dbi("rows")?;
        let (snap, before) = (env.snapshot()?, env.info()?);
        let mut commits = Vec::new();
        env.transact(|txn| {
            // The batches wait for this transaction to end, and are then committed together.
            for n in 0..40 {
                let mut batch = Batch::new();
                batch.put(&rows, n, n)?;
                commits.push(env.submit(batch)?);
            }
            rows.put(txn, 40, 40)
        })?;
        commits.into_iter().try_for_each(|commit| commit.wait().map(drop))?;
        assert!(env.info()?.last_txn_id < before.last_txn_id + 41, "they share commits");
        assert_eq!((snap.lease.view.commits_since(), snap.lag()?), (41, 41));
        Ok(())
    }
}
