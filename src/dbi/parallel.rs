//! Parallel scans with rayon.

use crate::dbi::handle::Dbi;
use crate::error::Result;
use crate::key::Key;
use crate::scan::{KeyRange, PAR_ITER, ParEntries};
use crate::txn::Read;
use crate::value::Value;

impl<K: Key, V: Value> Dbi<K, V> {
    /// The entries of a range as a parallel iterator of [rayon](https://docs.rs/rayon). Needs the feature `rayon`.
    ///
    /// Collecting keeps the order of keys. Operations that end early, such as `find_any`, read no further. The range
    /// is halved at keys of branch pages, again and again, as rayon's threads become free; a part is at least one
    /// leaf. O(log n) to open; a split reads the branch pages of the part it splits. An error is an item, at the
    /// position where a scan meets it. Other parts continue, and when rayon collects a `Result` with several errors,
    /// it returns any one of them.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// use rayon::prelude::*;
    ///
    /// # let env = Env::temporary()?;
    /// let ages: Dbi<u64, u64> = env.dbi("ages")?;
    /// env.transact(|txn| ages.load(txn, (0..10_000).map(|n| (n, n % 100))))?;
    /// let snap = env.snapshot()?;
    /// let minors = ages.par_iter(&snap, 5_000..)?.filter(|entry| entry.as_ref().is_ok_and(|(_, age)| *age < 18));
    /// assert_eq!(minors.count(), 900);
    /// let keys = ages.par_iter(&snap, ..)?.map(|entry| Ok(entry?.0)).collect::<mapleaf::Result<Vec<u64>>>()?;
    /// assert!(keys.into_iter().eq(0..10_000));
    ///
    /// // The parts that `par_scan` cuts serve as well, where each wants some state of its own.
    /// let parts = ages.par_scan(&snap, .., rayon::current_num_threads())?;
    /// let sums = parts.into_par_iter().map(|part| part.values().sum::<mapleaf::Result<u64>>());
    /// assert_eq!(sums.sum::<mapleaf::Result<u64>>()?, 495_000);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// It needs a snapshot, or the [`Reader`](crate::Reader) of a write transaction, which threads can share. The
    /// transaction itself stays on its thread:
    ///
    /// ```compile_fail,E0277
    /// # let env = mapleaf::Env::temporary().unwrap();
    /// # let ages: mapleaf::Dbi<u64, u32> = env.dbi("ages").unwrap();
    /// env.transact(|txn| ages.par_iter(txn, ..).map(drop));
    /// ```
    ///
    /// # Errors
    /// As [`Dbi`] says.
    pub fn par_iter<'t, R: Read + Sync>(
        &self,
        state: &'t R,
        range: impl KeyRange<K>,
    ) -> Result<ParEntries<'t, R, K, V>> {
        let opened = range.byte_bounds().and_then(|bounds| ParEntries::new(state, self.decode_context(state), bounds));
        opened.map_err(|error| self.named(error, PAR_ITER))
    }
}
