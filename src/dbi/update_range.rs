//! Changes in place over a range.

use std::mem;
use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use crate::catalog::DbiRef;
use crate::dbi::handle::Dbi;
use crate::error::{Error, Result};
use crate::key::Key;
use crate::read::{RawCursor, RawRead};
use crate::scan::{BLOCK_BYTES, BLOCK_ROWS, ByteBounds, KeyRange, Rows};
use crate::txn::{Keys, TxnState, Write};
use crate::value::Value;

impl<K: Key, V: Value> Dbi<K, V> {
    /// Calls `f` with each entry of a range, once, in key order, and stores the value that `f` returns in its place,
    /// or removes the entry if `f` returns `None`. Returns how many entries were changed or removed. An entry whose
    /// bytes stay the same is not changed.
    ///
    /// The entries are those of the transaction, with the changes that it has made before. O(entries of the range), and
    /// a search for each that is changed. Memory: that of the changes, and of the values of this transaction that they
    /// replace, until it returns; both count against `max_txn_bytes`. A block of up to 256 changes, or of 32 KiB and
    /// one value more, is copied once more.
    ///
    /// # Errors
    /// As [`put`](Self::put), except `InvalidKey`. Nothing was changed then, nor if `f` panics.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let balance: Dbi<&str, u64> = env.dbi("balance")?;
    /// env.transact(|txn| balance.load(txn, [("ann", 100), ("bob", 100)]))?;
    /// env.transact(|txn| {
    ///     balance.put(txn, "ann", 0)?;
    ///     balance.put(txn, "cyd", 50)?;
    ///     // Accounts without money are closed, the others get interest.
    ///     balance.update_range(txn, .., |_, sum| (sum > 0).then_some(sum + sum / 50))
    /// })?;
    /// let rows = balance.iter(&env.snapshot()?)?.map(|row| row.map(|(_, sum)| sum)).collect::<mapleaf::Result<Vec<_>>>()?;
    /// assert_eq!(rows, [102, 51]);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("range_mut", "iter_mut", "values_mut", "put_current", "update_all"))]
    pub fn update_range(
        &self,
        txn: &mut impl Write,
        range: impl KeyRange<K>,
        mut f: impl FnMut(K::Ref<'_>, V::Ref<'_>) -> Option<V::Owned>,
    ) -> Result<u64> {
        self.update_range_as("update_range", txn, range, |key, value| Ok::<_, Error>(f(key, value)))
    }

    /// As [`update_range`](Self::update_range), for a closure that may fail with an error type of its own. Costs the
    /// same.
    ///
    /// # Errors
    /// What `f` returns, and those of `update_range`, converted. Nothing was changed then.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env};
    /// # mod anyhow { pub type Error = Box<dyn std::error::Error + Send + Sync>; }
    /// # fn main() -> Result<(), anyhow::Error> {
    /// # let env = Env::temporary()?;
    /// let sizes: Dbi<u32, String> = env.dbi("sizes")?;
    /// let mut txn = env.begin()?;
    /// sizes.load(&mut txn, [(1, "7"), (2, "0"), (3, "many")])?;
    /// let double = |_: u32, size: String| -> Result<_, anyhow::Error> { Ok(Some((size.parse::<u32>()? * 2).to_string())) };
    /// assert!(sizes.try_update_range(&mut txn, .., double).is_err());
    /// assert_eq!(sizes.get(&txn, 1)?.as_deref(), Some("7"));
    /// assert_eq!(sizes.try_update_range(&mut txn, ..3, double)?, 1);
    /// assert_eq!(sizes.get(&txn, 1)?.as_deref(), Some("14"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_update_range<E: From<Error>>(
        &self,
        txn: &mut impl Write,
        range: impl KeyRange<K>,
        f: impl FnMut(K::Ref<'_>, V::Ref<'_>) -> Result<Option<V::Owned>, E>,
    ) -> Result<u64, E> {
        self.update_range_as("try_update_range", txn, range, f)
    }

    fn update_range_as<E: From<Error>>(
        &self,
        operation: &'static str,
        txn: &mut impl Write,
        range: impl KeyRange<K>,
        mut f: impl FnMut(K::Ref<'_>, V::Ref<'_>) -> Result<Option<V::Owned>, E>,
    ) -> Result<u64, E> {
        let named = |error: Error| E::from(self.named(error, operation));
        let bounds = range.byte_bounds().map_err(named)?;
        // Changes are applied block by block, so an error may come when earlier blocks are applied already. `undoing`
        // takes these back.
        txn.write_txn().open().undoing(|txn| {
            let (mut block, mut count) = (Block::default(), 0);
            loop {
                let ends = self.find_changes(txn, &bounds, &mut block, &named, &mut f)?;
                count += block.len() as u64;
                block.apply(txn, &self.dbi).map_err(named)?;
                if ends {
                    return Ok(count);
                }
            }
        })
    }

    /// Finds the next changes, and returns whether they are the last ones. They are copied, since the set cannot
    /// change while it is read.
    fn find_changes<E>(
        &self,
        txn: &TxnState,
        bounds: &ByteBounds,
        block: &mut Block,
        named: &impl Fn(Error) -> E,
        f: &mut impl FnMut(K::Ref<'_>, V::Ref<'_>) -> Result<Option<V::Owned>, E>,
    ) -> Result<bool, E> {
        let (lower, upper) = bounds.as_refs();
        let after = mem::take(&mut block.after);
        let lower = after.as_deref().map_or(lower, Bound::Excluded);
        let (context, mut buf, mut meets) = (self.decode_context(txn), Vec::new(), false);
        let mut change = |block: &mut Block, key, value| {
            let (decoded_key, decoded) = context.decode_row::<K, V>(key, value).map_err(named)?;
            let new = f(decoded_key, decoded)?;
            if let Some(new) = &new {
                buf.clear();
                let new = V::as_arg(new);
                let new = self.value_bytes(context.uuid, key, &new, &mut buf).map_err(named)?;
                if new != value {
                    block.puts.push(key, new);
                }
            } else {
                block.removed.push(key, meets);
            }
            meets = new.is_none();
            Ok(())
        };
        let walk = txn.walk(&self.dbi, (lower, upper));
        let mut cursor = txn.raw_range(&self.dbi, lower, upper).map_err(named)?;
        let mut last = None;
        let walked = cursor.for_each(|key, value| {
            if let Err(error) = change(block, key, value) {
                last = Some(key);
                return ControlFlow::Break(Err(error));
            }
            if block.is_full() {
                block.after = Some(key.to_vec());
                last = Some(key);
                return ControlFlow::Break(Ok(false));
            }
            ControlFlow::Continue(())
        });
        let walked = walked.map_err(named)?;
        walk.end(last).map_err(named)?;
        walked.break_value().unwrap_or(Ok(true))
    }
}

/// Changes that were found, and are to be applied.
#[derive(Debug, Default)]
struct Block {
    puts: Rows,
    removed: Keys,
    /// The key of the last entry that was passed to `f`, unless it was the last of the range.
    after: Option<Vec<u8>>,
}

impl Block {
    fn len(&self) -> usize {
        self.puts.len() + self.removed.len()
    }

    fn is_full(&self) -> bool {
        self.len() >= BLOCK_ROWS || self.puts.bytes() + self.removed.bytes() >= BLOCK_BYTES
    }

    /// Applies the changes, and is empty then.
    fn apply(&mut self, txn: &mut TxnState, dbi: &Arc<DbiRef>) -> Result<()> {
        // The removals come first, while the set has no changes among these keys: then runs of consecutive keys are
        // recorded at once, and not key by key.
        txn.raw_remove_all(dbi, &mem::take(&mut self.removed))?;
        self.puts.iter().try_for_each(|(key, value)| txn.raw_overwrite(dbi, key, value))?;
        self.puts.clear();
        Ok(())
    }
}
