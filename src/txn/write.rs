//! The write transaction: reads see its own changes, writes go to its set.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Bound;
use std::sync::Arc;

use crate::env::{DbiRef, Generation};
use crate::error::{Error, ErrorKind, Result};
use crate::page::{self, Cursor, TreeRecord};
use crate::txn::merge::MergeCursor;
use crate::txn::raw::{RawCursor, RawEntry, RawRead};
use crate::txn::write_set::{DbiChanges, Mark, WriteSet};
use crate::value::MAX_VALUE_LEN;

/// A transaction that changes databases: the `txn` of [`Env::transact`](crate::Env::transact).
///
/// Its reads see the state that it began on with its own changes laid over it. The changes are kept in memory until the
/// closure returns `Ok`, and are then committed as one. It stays on the thread it began on.
///
/// ```compile_fail,E0277
/// # let env = mapleaf::Env::temporary().unwrap();
/// env.transact(|txn| {
///     std::thread::scope(|scope| { scope.spawn(|| txn.id()); });
///     Ok(())
/// });
/// ```
pub struct WriteTxn {
    base: Arc<Generation>,
    set: WriteSet,
    id: u64,
    max_key: usize,
    // LMDB's write lock belongs to the thread that took it.
    _on_its_thread: PhantomData<*mut ()>,
}

impl WriteTxn {
    pub(crate) fn new(base: &Arc<Generation>) -> Result<Self> {
        let engine = base.engine();
        Ok(Self {
            id: base.head()?.seq.saturating_add(1),
            set: WriteSet::new(engine.config.max_txn_bytes),
            max_key: engine.max_key,
            base: Arc::clone(base),
            _on_its_thread: PhantomData,
        })
    }

    /// The changes, to be committed.
    pub(crate) fn into_set(self) -> WriteSet {
        self.set
    }

    /// Which transaction this is: the [`Snapshot::id`](crate::Snapshot::id) of the state that it leaves behind.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Runs `f`, and takes its changes back if it returns `Err` or panics; what came before stays. Savepoints nest.
    ///
    /// Cost: each change within notes what it replaced, which counts against `max_txn_bytes` until the outermost ends.
    ///
    /// # Errors
    /// What `f` returns.
    ///
    /// ```
    /// use mapleaf::{Dbi, Env, Error, ErrorKind};
    /// # fn main() -> mapleaf::Result<()> {
    /// let env = Env::temporary()?;
    /// let ages: Dbi<&str, u32> = env.dbi("ages")?;
    /// env.transact(|txn| {
    ///     ages.put(txn, "ann", 42)?;
    ///     let undone = txn.savepoint(|txn| {
    ///         ages.put(txn, "bob", 3)?;
    ///         Err::<(), _>(Error::new(ErrorKind::Conflict, "thought better of it"))
    ///     });
    ///     assert!(undone.is_err());
    ///     assert_eq!(ages.get(txn, "bob")?, None);
    ///     Ok(())
    /// })?;
    /// assert_eq!(ages.get(&env.snapshot()?, "ann")?, Some(42));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The transaction outside is out of reach within:
    ///
    /// ```compile_fail,E0500
    /// # let env = mapleaf::Env::temporary().unwrap();
    /// # let ages: mapleaf::Dbi<&str, u32> = env.dbi("ages").unwrap();
    /// env.transact(|txn| txn.savepoint(|_| ages.put(txn, "ann", 42)));
    /// ```
    pub fn savepoint<T>(&mut self, f: impl FnOnce(&mut WriteTxn) -> Result<T>) -> Result<T> {
        let mark = Some(self.set.mark());
        let mut savepoint = Savepoint { txn: self, mark };
        let kept = f(savepoint.txn)?;
        savepoint.mark = None;
        savepoint.txn.set.keep();
        Ok(kept)
    }

    /// Checks a key before it is read or written.
    #[inline]
    pub(crate) fn check_key(&self, key: &[u8]) -> Result<()> {
        check_key(key, self.max_key)
    }

    /// Stores `value` under `key`.
    pub(crate) fn raw_put(&mut self, dbi: &Arc<DbiRef>, key: &[u8], value: &[u8]) -> Result<()> {
        self.check_key(key)?;
        check_value(value.len())?;
        self.base.check_dbi(dbi)?;
        self.set.set(dbi, key, Some(value))
    }

    /// Removes `key`; whether it was there.
    pub(crate) fn raw_delete(&mut self, dbi: &Arc<DbiRef>, key: &[u8]) -> Result<bool> {
        let there = self.raw_get::<0>(dbi, key)?.is_some();
        if there {
            self.set.set(dbi, key, None)?;
        }
        Ok(there)
    }

    /// Removes `key`, which is there.
    pub(crate) fn raw_remove(&mut self, dbi: &Arc<DbiRef>, key: &[u8]) -> Result<()> {
        self.set.set(dbi, key, None)
    }

    /// Removes all entries; how many there were.
    pub(crate) fn raw_clear(&mut self, dbi: &Arc<DbiRef>) -> Result<u64> {
        let entries = self.raw_len(dbi)?;
        if entries > 0 {
            self.set.clear(dbi);
        }
        Ok(entries)
    }

    fn changes(&self, dbi: &DbiRef) -> Option<&DbiChanges> {
        self.set.dbi(dbi.slot)
    }
}

/// Refuses a key that LMDB cannot hold.
#[inline]
pub(crate) fn check_key(key: &[u8], max: usize) -> Result<()> {
    if key.is_empty() || key.len() > max { Err(bad_key(key, max)) } else { Ok(()) }
}

/// Refuses a value that LMDB cannot write. The value types do too, but a type of the user's own need not.
pub(crate) fn check_value(len: usize) -> Result<()> {
    if len <= MAX_VALUE_LEN {
        return Ok(());
    }
    let why = format!("a value has at most {MAX_VALUE_LEN} bytes and this one has {len}; store it in parts");
    Err(Error::new(ErrorKind::TooLarge, why))
}

#[cold]
fn bad_key(key: &[u8], max: usize) -> Error {
    if key.is_empty() {
        return Error::new(ErrorKind::InvalidKey, "an empty key cannot be stored; put a tag before it");
    }
    let why = format!("a key has at most {max} bytes and this one has {}; shorten or hash it", key.len());
    Error::new(ErrorKind::TooLarge, why).at_key(key)
}

/// Rolls a savepoint back, unless it is kept.
struct Savepoint<'a> {
    txn: &'a mut WriteTxn,
    mark: Option<Mark>,
}

impl Drop for Savepoint<'_> {
    fn drop(&mut self) {
        if let Some(mark) = self.mark {
            self.txn.set.roll_back(mark);
        }
    }
}

impl RawRead for WriteTxn {
    type Cursor<'t> = MergeCursor<'t>;

    fn raw_uuid(&self) -> &[u8; 16] {
        self.base.engine().uuid()
    }

    fn raw_id(&self) -> u64 {
        self.id
    }

    fn raw_get<'t, const W: usize>(&'t self, dbi: &DbiRef, key: &[u8]) -> Result<Option<&'t [u8]>> {
        let tree = self.base.tree(dbi)?;
        if let Some(changes) = self.changes(dbi) {
            if let Some(change) = changes.changes.get(key) {
                return Ok(change.as_deref());
            }
            if changes.cleared {
                return Ok(None);
            }
        }
        page::get::<W>(self.base.pages(), &tree, key)
    }

    fn raw_get_many<'t, const W: usize>(
        &'t self,
        dbi: &DbiRef,
        keys: &[&[u8]],
        mut each: impl FnMut(Option<&'t [u8]>),
    ) -> Result<()> {
        for key in keys {
            each(self.raw_get::<W>(dbi, key)?);
        }
        Ok(())
    }

    fn raw_rank(&self, dbi: &DbiRef, key: &[u8]) -> Result<u64> {
        self.raw_count(dbi, Bound::Unbounded, Bound::Excluded(key))
    }

    fn raw_range<'t>(&'t self, dbi: &DbiRef, lower: Bound<&[u8]>, upper: Bound<&[u8]>) -> Result<MergeCursor<'t>> {
        let tree = self.base.tree(dbi)?;
        let changes = self.changes(dbi);
        let base = match changes {
            Some(changes) if changes.cleared => None,
            _ => Some(Cursor::range(self.base.pages(), &tree, lower, upper)?),
        };
        Ok(MergeCursor::new(base, changes.map(|changes| &changes.changes), lower, upper))
    }

    fn raw_tree(&self, dbi: &DbiRef) -> Result<(TreeRecord, u32)> {
        Ok((self.base.tree(dbi)?, self.base.meta().page_size))
    }

    fn raw_len(&self, dbi: &DbiRef) -> Result<u64> {
        let tree = self.base.tree(dbi)?;
        let Some(changes) = self.changes(dbi) else {
            return page::len(self.base.pages(), &tree);
        };
        let mut entries = if changes.cleared { 0 } else { page::len(self.base.pages(), &tree)? };
        for (key, change) in &changes.changes {
            let was_there = !changes.cleared && page::get::<0>(self.base.pages(), &tree, key)?.is_some();
            // A damaged record may count fewer entries than were found and removed.
            entries = (entries + u64::from(change.is_some()))
                .checked_sub(u64::from(was_there))
                .ok_or_else(|| page::miscounted(&tree))?;
        }
        Ok(entries)
    }

    fn raw_count(&self, dbi: &DbiRef, lower: Bound<&[u8]>, upper: Bound<&[u8]>) -> Result<u64> {
        if self.changes(dbi).is_none() {
            return page::count_range(self.base.pages(), &self.base.tree(dbi)?, lower, upper);
        }
        let mut cursor = self.raw_range(dbi, lower, upper)?;
        let mut count = 0;
        while cursor.next()?.is_some() {
            count += 1;
        }
        Ok(count)
    }

    fn raw_estimate(&self, dbi: &DbiRef, lower: Bound<&[u8]>, upper: Bound<&[u8]>) -> Result<u64> {
        let Some(changes) = self.changes(dbi) else {
            return page::estimate(self.base.pages(), &self.base.tree(dbi)?, lower, upper);
        };
        if changes.cleared {
            return self.raw_count(dbi, lower, upper);
        }
        page::estimate(self.base.pages(), &self.base.tree(dbi)?, lower, upper)
    }

    fn raw_nth<'t>(&'t self, dbi: &DbiRef, n: u64) -> Result<Option<RawEntry<'t>>> {
        if self.changes(dbi).is_none() {
            return page::nth(self.base.pages(), &self.base.tree(dbi)?, n);
        }
        let mut cursor = self.raw_range(dbi, Bound::Unbounded, Bound::Unbounded)?;
        for _ in 0..n {
            if cursor.next()?.is_none() {
                return Ok(None);
            }
        }
        cursor.next()
    }

    fn raw_split(&self, dbi: &DbiRef, lower: Bound<&[u8]>, upper: Bound<&[u8]>, parts: usize) -> Result<Vec<Vec<u8>>> {
        page::split(self.base.pages(), &self.base.tree(dbi)?, lower, upper, parts)
    }
}

impl fmt::Debug for WriteTxn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteTxn").field("id", &self.id).finish_non_exhaustive()
    }
}
