//! Writes over ranges, and loading.

use std::ops::Bound::Unbounded;
use std::ops::ControlFlow;

use crate::dbi::extract::ExtractIf;
use crate::dbi::handle::Dbi;
use crate::error::{Error, Result};
use crate::key::{AsKey, Key, KeyBuf};
use crate::read::{RawCursor, RawRead};
use crate::scan::{ByteBounds, KeyPrefix, KeyRange};
use crate::txn::{Keys, TxnState, Write};
use crate::value::{AsValue, Context, Value};

impl<K: Key, V: Value> Dbi<K, V> {
    /// Removes all entries and returns how many there were. O(changes to the DBI in this transaction), unless
    /// [`len`](Self::len) was called before; O(pages) at the commit.
    ///
    /// # Errors
    /// As [`Dbi`] says.
    #[doc(alias("truncate"))]
    pub fn clear(&self, txn: &mut impl Write) -> Result<u64> {
        let txn = txn.write_txn().open();
        txn.raw_delete_range(&self.dbi, Unbounded, Unbounded).map_err(|error| self.named(error, "clear"))
    }

    /// Removes the entries between two keys, selected as by [`range`](Self::range), and returns how many it removed.
    /// They are counted now: O(leaves of the range), and a search for each change of this transaction in it. One
    /// cursor removes them at the commit. The full range `..` is a [`clear`](Self::clear).
    ///
    /// # Errors
    /// As [`Dbi`] says; `TooLarge` for a transaction over `max_txn_bytes`. Then nothing was removed.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let days: Dbi<u32, ()> = env.dbi("days")?;
    /// env.transact(|txn| {
    ///     for day in 0..31 {
    ///         days.put(txn, day, ())?;
    ///     }
    ///     assert_eq!(days.delete_range(txn, 10..=20)?, 11);
    ///     assert_eq!(days.retain(txn, .., |day, ()| day % 2 == 0)?, 10);
    ///     assert_eq!(days.len(txn)?, 10);
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn delete_range(&self, txn: &mut impl Write, range: impl KeyRange<K>) -> Result<u64> {
        let txn = txn.write_txn().open();
        let deleted = range.byte_bounds().and_then(|bounds| self.delete_between(txn, &bounds));
        deleted.map_err(|error| self.named(error, "delete_range"))
    }

    /// Removes the entries whose keys begin with `prefix`, selected as by [`prefix`](Self::prefix), and returns how
    /// many it removed. Costs as much as [`delete_range`](Self::delete_range).
    ///
    /// # Errors
    /// As [`delete_range`](Self::delete_range).
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let visits: Dbi<(u64, &str), u32> = env.dbi("visits")?;
    /// env.transact(|txn| {
    ///     visits.put(txn, (7, "home"), 1)?;
    ///     visits.put(txn, (8, "home"), 1)?;
    ///     assert_eq!(visits.delete_prefix(txn, (7,))?, 1);
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn delete_prefix(&self, txn: &mut impl Write, prefix: impl KeyPrefix<K>) -> Result<u64> {
        let txn = txn.write_txn().open();
        let deleted = prefix.prefix_bounds().and_then(|bounds| self.delete_between(txn, &bounds));
        deleted.map_err(|error| self.named(error, "delete_prefix"))
    }

    /// Removes the entries of a range for which `keep` returns false, and returns how many it removed. Entries
    /// outside the range stay. O(entries of the range); the keys to remove are copied. Nothing is removed before
    /// `keep` has seen all entries.
    ///
    /// # Errors
    /// As [`Dbi`] says; `TooLarge` for a transaction over `max_txn_bytes`. Then some may be removed; a
    /// [`savepoint`](crate::WriteTxn::savepoint) can undo that.
    pub fn retain(
        &self,
        txn: &mut impl Write,
        range: impl KeyRange<K>,
        mut keep: impl FnMut(K::Ref<'_>, V::Ref<'_>) -> bool,
    ) -> Result<u64> {
        self.retain_as("retain", txn, range, |key, value| Ok::<_, Error>(keep(key, value)))
    }

    pub(super) fn retain_as<E: From<Error>>(
        &self,
        operation: &'static str,
        txn: &mut impl Write,
        range: impl KeyRange<K>,
        mut keep: impl FnMut(K::Ref<'_>, V::Ref<'_>) -> Result<bool, E>,
    ) -> Result<u64, E> {
        let txn = txn.write_txn().open();
        let named = |error: Error| E::from(self.named(error, operation));
        let bounds = range.byte_bounds().map_err(named)?;
        let context = self.decode_context(txn);
        let keys = keys_where(txn, self, &bounds, operation, |key, value| {
            let (key, value) = context.decode_row::<K, V>(key, value).map_err(named)?;
            keep(key, value).map(|is_kept| !is_kept)
        })?;
        txn.raw_remove_all(&self.dbi, &keys).map_err(named)?;
        Ok(keys.len() as u64)
    }

    /// Removes the entries of a range for which `extract` returns true, and returns them one by one. An entry is
    /// removed when the iterator yields it; entries after the last one yielded stay. O(entries of the range). Up to
    /// 256 entries at a time are copied. Where this transaction has changed them, each removal costs one more search,
    /// O(log n).
    ///
    /// # Errors
    /// As [`Dbi`] says.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let due: Dbi<u32, &str> = env.dbi("due")?;
    /// env.transact(|txn| {
    ///     due.put(txn, 1, "wash")?;
    ///     due.put(txn, 9, "dry")?;
    ///     let done: Vec<_> = due.extract_if(txn, .., |at, _| at < 5)?.collect::<mapleaf::Result<_>>()?;
    ///     assert_eq!(done, [(1, "wash".to_owned())]);
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn extract_if<'x, F>(
        &self,
        txn: &'x mut impl Write,
        range: impl KeyRange<K>,
        extract: F,
    ) -> Result<ExtractIf<'x, K, V, F>>
    where
        F: FnMut(K::Ref<'_>, V::Ref<'_>) -> bool,
    {
        let txn = txn.write_txn().open();
        let bounds = range.byte_bounds().map_err(|error| self.named(error, "extract_if"))?;
        Ok(ExtractIf::new(self.clone(), txn, bounds, extract))
    }

    /// Stores all rows, in any order, and returns how many there were. A later row replaces an earlier one with the
    /// same key. Rows in key order need no search; others are sorted once, at the commit or the first read.
    ///
    /// The rows are held in memory until the commit, as with [`put`](Self::put). Use
    /// [`Env::loader`](crate::Env::loader) for more rows than fit in memory or `max_txn_bytes`, and for unordered
    /// rows of several DBIs.
    ///
    /// # Errors
    /// As [`put`](Self::put), at the first row that fails; the rows before it are in the transaction.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let squares: Dbi<u64, u64> = env.dbi("squares")?;
    /// assert_eq!(env.transact(|txn| squares.load(txn, (0..1000).map(|n| (n, n * n))))?, 1000);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("bulk_insert", "extend"))]
    pub fn load<A: AsKey<K>, B: AsValue<V>>(
        &self,
        txn: &mut impl Write,
        rows: impl IntoIterator<Item = (A, B)>,
    ) -> Result<u64> {
        self.load_as("load", txn, rows.into_iter().map(Ok::<_, Error>))
    }

    pub(super) fn load_as<A: AsKey<K>, B: AsValue<V>, E: From<Error>>(
        &self,
        operation: &'static str,
        txn: &mut impl Write,
        rows: impl Iterator<Item = Result<(A, B), E>>,
    ) -> Result<u64, E> {
        let txn = txn.write_txn().open();
        let uuid = *txn.raw_uuid();
        let (mut key_buf, mut value_buf) = (KeyBuf::new(), Vec::new());
        let mut load = |key: A, value: B| {
            let key = key.encode_key(&mut key_buf)?;
            value_buf.clear();
            let context = Context::new(&uuid, &self.dbi.origin, key);
            let value = value.encode_value(&context, &mut value_buf).map_err(|error| error.at_key(key))?;
            txn.raw_put(&self.dbi, key, value)
        };
        let mut count = 0;
        for row in rows {
            let (key, value) = row?;
            load(key, value).map_err(|error: Error| self.named(error, operation))?;
            count += 1;
        }
        Ok(count)
    }

    pub(crate) fn delete_between(&self, txn: &mut TxnState, bounds: &ByteBounds) -> Result<u64> {
        let (lower, upper) = bounds.as_refs();
        txn.raw_delete_range(&self.dbi, lower, upper)
    }
}

/// The keys of a range for which `wanted` returns true. They are copied, since the set cannot change while it is
/// read.
fn keys_where<K: Key, V: Value, E: From<Error>>(
    txn: &TxnState,
    dbi: &Dbi<K, V>,
    bounds: &ByteBounds,
    operation: &'static str,
    mut wanted: impl FnMut(&[u8], &[u8]) -> Result<bool, E>,
) -> Result<Keys, E> {
    let (lower, upper) = bounds.as_refs();
    let (mut keys, mut meets, mut failed_at) = (Keys::default(), false, None);
    let walk = txn.walk(&dbi.dbi, (lower, upper));
    let cursor = txn.raw_range(&dbi.dbi, lower, upper);
    let walked = cursor.and_then(|mut cursor| {
        cursor.for_each(|key, value| match wanted(key, value) {
            Ok(is_wanted) => {
                if is_wanted {
                    keys.push(key, meets);
                }
                meets = is_wanted;
                ControlFlow::Continue(())
            }
            Err(error) => {
                failed_at = Some(key);
                ControlFlow::Break(error)
            }
        })
    });
    let walked = walked.and_then(|walked| walk.end(failed_at).map(|()| walked));
    match walked.map_err(|error| dbi.named(error, operation))? {
        ControlFlow::Continue(()) => Ok(keys),
        ControlFlow::Break(error) => Err(error),
    }
}
