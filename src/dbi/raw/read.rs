//! Reads of bytes.

use std::ops::ControlFlow;

use crate::dbi::raw::handle::{Bytes, RawDbi};
use crate::dbi::stat::DbiStat;
use crate::error::Result;
use crate::scan::{Entries, KeyPrefix, KeyRange, Keys, ListOptions, Listing, Values};
use crate::txn::Read;

/// An entry, borrowed from its state.
type Entry<'t> = (&'t [u8], &'t [u8]);

impl RawDbi {
    /// The value of `key`, borrowed from the state. O(log n).
    ///
    /// # Errors
    /// As [`Dbi`](crate::Dbi) says.
    pub fn get<'t, R: Read>(&self, state: &'t R, key: &[u8]) -> Result<Option<&'t [u8]>> {
        self.tree.get(state, key)
    }

    /// Whether `key` exists. O(log n).
    ///
    /// # Errors
    /// As [`Dbi`](crate::Dbi) says.
    pub fn contains(&self, state: &impl Read, key: &[u8]) -> Result<bool> {
        self.tree.contains(state, key)
    }

    /// The entry with the least key. O(log n).
    ///
    /// # Errors
    /// As [`Dbi`](crate::Dbi) says.
    pub fn first<'t, R: Read>(&self, state: &'t R) -> Result<Option<Entry<'t>>> {
        self.tree.first(state)
    }

    /// The entry with the greatest key. O(log n).
    ///
    /// # Errors
    /// As [`Dbi`](crate::Dbi) says.
    pub fn last<'t, R: Read>(&self, state: &'t R) -> Result<Option<Entry<'t>>> {
        self.tree.last(state)
    }

    /// The entry of `key` or, if it is absent, the last one before it. O(log n).
    ///
    /// # Errors
    /// As [`Dbi`](crate::Dbi) says.
    pub fn floor<'t, R: Read>(&self, state: &'t R, key: &[u8]) -> Result<Option<Entry<'t>>> {
        self.tree.floor(state, key)
    }

    /// The entry of `key` or, if it is absent, the first one after it. O(log n).
    ///
    /// # Errors
    /// As [`Dbi`](crate::Dbi) says.
    pub fn ceiling<'t, R: Read>(&self, state: &'t R, key: &[u8]) -> Result<Option<Entry<'t>>> {
        self.tree.ceiling(state, key)
    }

    /// The last entry before `key`. O(log n).
    ///
    /// # Errors
    /// As [`Dbi`](crate::Dbi) says.
    pub fn lower<'t, R: Read>(&self, state: &'t R, key: &[u8]) -> Result<Option<Entry<'t>>> {
        self.tree.lower(state, key)
    }

    /// The first entry after `key`. O(log n).
    ///
    /// # Errors
    /// As [`Dbi`](crate::Dbi) says.
    pub fn higher<'t, R: Read>(&self, state: &'t R, key: &[u8]) -> Result<Option<Entry<'t>>> {
        self.tree.higher(state, key)
    }

    /// The entries between two keys, double-ended and seekable, in the order of their bytes. The ends are `&[u8]`,
    /// `Vec<u8>` or arrays. A range whose start is above its end is empty. O(log n) to open.
    ///
    /// # Errors
    /// As [`Dbi`](crate::Dbi) says.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Dbi<u16, ()> = env.dbi("ages")?;
    /// env.transact(|txn| { for n in 0..300 { ages.put(txn, n, ())?; } Ok(()) })?;
    /// let (raw, snap) = (env.raw_dbi("ages")?, env.snapshot()?);
    /// assert_eq!(raw.range(&snap, [0, 9]..=[1, 2])?.count(), 250);
    /// assert_eq!(raw.range(&snap, [1, 0]..[0, 0])?.count(), 0);
    /// let mut back = raw.prefix(&snap, [1])?;
    /// assert_eq!(back.next_back().transpose()?, Some((&[1, 43][..], &[][..])));
    /// back.seek(&[1, 40])?;
    /// assert_eq!(back.next().transpose()?, Some((&[1, 40][..], &[][..])));
    /// # Ok(())
    /// # }
    /// ```
    pub fn range<'t, R: Read>(
        &self,
        state: &'t R,
        range: impl KeyRange<Bytes>,
    ) -> Result<Entries<'t, R, Bytes, Bytes>> {
        self.tree.range(state, range)
    }

    /// The entries whose keys begin with these bytes, double-ended and seekable; all for none. O(log n) to open.
    ///
    /// # Errors
    /// As [`Dbi`](crate::Dbi) says.
    pub fn prefix<'t, R: Read>(
        &self,
        state: &'t R,
        prefix: impl KeyPrefix<Bytes>,
    ) -> Result<Entries<'t, R, Bytes, Bytes>> {
        self.tree.prefix(state, prefix)
    }

    /// All entries, in the order of their keys' bytes, double-ended and seekable. O(log n) to open.
    ///
    /// # Errors
    /// As [`Dbi`](crate::Dbi) says.
    pub fn iter<'t, R: Read>(&self, state: &'t R) -> Result<Entries<'t, R, Bytes, Bytes>> {
        self.tree.iter(state)
    }

    /// All keys, in order, double-ended.
    ///
    /// # Errors
    /// As [`Dbi`](crate::Dbi) says.
    pub fn keys<'t, R: Read>(&self, state: &'t R) -> Result<Keys<'t, R, Bytes, Bytes>> {
        self.tree.keys(state)
    }

    /// All values, in the order of their keys, double-ended.
    ///
    /// # Errors
    /// As [`Dbi`](crate::Dbi) says.
    pub fn values<'t, R: Read>(&self, state: &'t R) -> Result<Values<'t, R, Bytes, Bytes>> {
        self.tree.values(state)
    }

    /// Calls `each` with the entries of a range in order until it returns `Break`, and returns whether it did. The
    /// fastest scan.
    ///
    /// # Errors
    /// As [`Dbi`](crate::Dbi) says.
    pub fn for_each<'t, R: Read>(
        &self,
        state: &'t R,
        range: impl KeyRange<Bytes>,
        each: impl FnMut(&'t [u8], &'t [u8]) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>> {
        self.tree.for_each(state, range, each)
    }

    /// Returns a page of entries and a cursor for the next page: see [`ListOptions`]. O(log n + limit).
    ///
    /// # Errors
    /// As [`Dbi::list`](crate::Dbi::list).
    pub fn list<'t, R: Read, P: KeyPrefix<Bytes>>(
        &self,
        state: &'t R,
        options: ListOptions<P>,
    ) -> Result<Listing<&'t [u8], &'t [u8]>> {
        self.tree.list(state, options)
    }

    /// How many entries there are; of a `MultiDbi` how many pairs. O(1) in a snapshot, otherwise as
    /// [`Dbi::len`](crate::Dbi::len).
    ///
    /// # Errors
    /// As [`Dbi`](crate::Dbi) says.
    pub fn len(&self, state: &impl Read) -> Result<u64> {
        self.tree.len(state)
    }

    /// Whether there are no entries. O(log n).
    ///
    /// # Errors
    /// As [`Dbi`](crate::Dbi) says.
    pub fn is_empty(&self, state: &impl Read) -> Result<bool> {
        self.tree.is_empty(state)
    }

    /// How many entries a range has. As [`Dbi::count`](crate::Dbi::count), also in cost.
    ///
    /// # Errors
    /// As [`Dbi`](crate::Dbi) says.
    pub fn count(&self, state: &impl Read, range: impl KeyRange<Bytes>) -> Result<u64> {
        self.tree.count(state, range)
    }

    /// How many keys are below `key`. As [`Dbi::rank`](crate::Dbi::rank), also in cost.
    ///
    /// # Errors
    /// As [`Dbi`](crate::Dbi) says.
    pub fn rank(&self, state: &impl Read, key: &[u8]) -> Result<u64> {
        self.tree.rank(state, key)
    }

    /// The entry with `n` entries before it. As [`Dbi::nth`](crate::Dbi::nth), also in cost.
    ///
    /// # Errors
    /// As [`Dbi`](crate::Dbi) says.
    pub fn nth<'t, R: Read>(&self, state: &'t R, n: u64) -> Result<Option<Entry<'t>>> {
        self.tree.nth(state, n)
    }

    /// The shape of the tree, as last committed. O(1).
    ///
    /// # Errors
    /// As [`Dbi`](crate::Dbi) says.
    pub fn stat(&self, state: &impl Read) -> Result<DbiStat> {
        self.tree.stat(state)
    }
}
