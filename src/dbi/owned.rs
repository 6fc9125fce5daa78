//! Scans that own their snapshot.

use std::sync::Arc;

use crate::dbi::handle::Dbi;
use crate::error::Result;
use crate::key::Key;
use crate::scan::{ByteBounds, KeyPrefix, KeyRange, OwnedEntries};
use crate::txn::Snapshot;
use crate::value::Value;

impl<K: Key, V: Value> Dbi<K, V> {
    /// As [`range`](Self::range), but the iterator owns the snapshot and its entries are owned: it borrows nothing. A
    /// snapshot is a cheap clone. O(log n) to take the first entry; see [`OwnedEntries`].
    ///
    /// # Errors
    /// As [`Dbi`] says.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let log: Dbi<u64, &str> = env.dbi("log")?;
    /// env.transact(|txn| log.load(txn, [(1, "boot"), (2, "login"), (3, "logout")]))?;
    /// let mut since = log.range_owned(env.snapshot()?, 2..)?;
    /// let printing = std::thread::spawn(move || since.next_back());
    /// let last = printing.join().expect("it does not panic").transpose()?;
    /// assert_eq!(last, Some((3, "logout".to_owned())));
    /// # Ok(())
    /// # }
    /// ```
    pub fn range_owned(&self, snapshot: Snapshot, range: impl KeyRange<K>) -> Result<OwnedEntries<K, V>> {
        self.owned_entries(snapshot, range.byte_bounds(), "range_owned")
    }

    /// As [`prefix`](Self::prefix), with an iterator that owns the snapshot, as [`range_owned`](Self::range_owned).
    ///
    /// # Errors
    /// As [`Dbi`] says.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let visits: Dbi<(u64, &str), u32> = env.dbi("visits")?;
    /// env.transact(|txn| { visits.put(txn, (7, "home"), 1)?; visits.put(txn, (8, "home"), 2) })?;
    /// let of_user = visits.prefix_owned(env.snapshot()?, (7,))?;
    /// assert_eq!(of_user.collect::<mapleaf::Result<Vec<_>>>()?, [((7, "home".to_owned()), 1)]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn prefix_owned(&self, snapshot: Snapshot, prefix: impl KeyPrefix<K>) -> Result<OwnedEntries<K, V>> {
        self.owned_entries(snapshot, prefix.prefix_bounds(), "prefix_owned")
    }

    /// As [`iter`](Self::iter), with an iterator that owns the snapshot, as [`range_owned`](Self::range_owned).
    ///
    /// # Errors
    /// As [`Dbi`] says.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Dbi<&str, u32> = env.dbi("ages")?;
    /// env.transact(|txn| ages.put(txn, "ann", 42))?;
    /// let rows = ages.iter_owned(env.snapshot()?)?.collect::<mapleaf::Result<Vec<_>>>()?;
    /// assert_eq!(rows, [("ann".to_owned(), 42)]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn iter_owned(&self, snapshot: Snapshot) -> Result<OwnedEntries<K, V>> {
        self.owned_entries(snapshot, Ok(ByteBounds::full()), "iter_owned")
    }

    fn owned_entries(
        &self,
        snapshot: Snapshot,
        bounds: Result<ByteBounds>,
        operation: &'static str,
    ) -> Result<OwnedEntries<K, V>> {
        let opened = bounds.and_then(|bounds| OwnedEntries::new(snapshot, Arc::clone(&self.dbi), bounds, operation));
        opened.map_err(|error| self.named(error, operation))
    }
}
