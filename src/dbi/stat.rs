//! Counts, ranks, samples and the shape of the tree.

use std::ops::Bound::{Excluded, Unbounded};

use crate::dbi::handle::Dbi;
use crate::error::{Error, ErrorKind, Result};
use crate::key::{Key, KeyBuf};
use crate::read::RawCursor;
use crate::scan::{KeyRange, bounds_at};
use crate::txn::Read;
use crate::value::Value;

/// The shape of a DBI's tree: what [`Dbi::stat`] tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DbiStat {
    /// Entries.
    pub entries: u64,
    /// Levels of the tree; 0 when it is empty.
    pub depth: u32,
    /// Pages above the leaves.
    pub branch_pages: u64,
    /// Pages that hold entries.
    pub leaf_pages: u64,
    /// Pages of values too large for a leaf.
    pub overflow_pages: u64,
    /// The size of a page in bytes.
    pub page_size: u32,
}

impl<K: Key, V: Value> Dbi<K, V> {
    /// How many entries there are. O(1) in a snapshot. In a transaction that changed this DBI the first call is a search for each
    /// change, and later ones O(1); from then on a `put` to it looks its key up.
    ///
    /// # Errors
    /// As [`Dbi`] says.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let tens: Dbi<u32, ()> = env.dbi("tens")?;
    /// env.transact(|txn| { for n in 0..100 { tens.put(txn, n * 10, ())?; } Ok(()) })?;
    /// let snap = env.snapshot()?;
    /// assert_eq!(tens.len(&snap)?, 100);
    /// assert_eq!(tens.count(&snap, 0..100)?, 10);
    /// assert_eq!(tens.rank(&snap, 45)?, 5);
    /// assert_eq!(tens.nth(&snap, 5)?, Some((50, ())));
    /// assert_eq!(tens.sample(&snap, 3, 42)?.len(), 3);
    /// # Ok(())
    /// # }
    /// ```
    pub fn len(&self, state: &impl Read) -> Result<u64> {
        state.raw_len(&self.dbi).map_err(|error| self.named(error, "len"))
    }

    /// Whether there are no entries. O(log n).
    ///
    /// # Errors
    /// As [`Dbi`] says.
    pub fn is_empty(&self, state: &impl Read) -> Result<bool> {
        let first = state.raw_range(&self.dbi, Unbounded, Unbounded).and_then(|mut cursor| cursor.next());
        first.map(|entry| entry.is_none()).map_err(|error| self.named(error, "is_empty"))
    }

    /// How many entries lie in a range. O(leaves of the range), whose headers are read; entries are not touched, but those of
    /// the outer leaves. Of `..` as [`len`](Self::len).
    ///
    /// In a transaction that changed this DBI, counting is a search for each change in the range more. The counts of the four
    /// ranges that were asked for last are kept: to ask again is O(1), and each change in such a range costs a look-up, until as
    /// many were made as counting it again would look at.
    ///
    /// # Errors
    /// As [`Dbi`] says.
    pub fn count(&self, state: &impl Read, range: impl KeyRange<K>) -> Result<u64> {
        let count = range.byte_bounds().and_then(|bounds| {
            let (lower, upper) = bounds.as_refs();
            state.raw_count(&self.dbi, lower, upper)
        });
        count.map_err(|error| self.named(error, "count"))
    }

    /// About how many entries lie in a range. Reads the leaves at its ends and the branch pages between them, about one page in
    /// a hundred of the range. Exact for a range of one leaf or two, and for `..`, which is O(1). Of a transaction's own changes
    /// some are looked at, and the others taken to be like them, however many there are.
    ///
    /// # Errors
    /// As [`Dbi`] says.
    pub fn estimate(&self, state: &impl Read, range: impl KeyRange<K>) -> Result<u64> {
        let estimate = range.byte_bounds().and_then(|bounds| {
            let (lower, upper) = bounds.as_refs();
            state.raw_estimate(&self.dbi, lower, upper)
        });
        estimate.map_err(|error| self.named(error, "estimate"))
    }

    /// How many entries lie before `key`, which need not be there. O(leaves before it), whose headers are read; in a transaction
    /// as [`count`](Self::count) of what is before it.
    ///
    /// # Errors
    /// As [`Dbi`] says.
    pub fn rank(&self, state: &impl Read, key: K::Arg<'_>) -> Result<u64> {
        let mut buf = KeyBuf::new();
        let rank = match Self::encode(&key, &mut buf) {
            Ok(key) => state.raw_rank(&self.dbi, key),
            Err(error) => bounds_at::<K>(&key, (Unbounded, Excluded(())), error).and_then(|bounds| {
                let (lower, upper) = bounds.as_refs();
                state.raw_count(&self.dbi, lower, upper)
            }),
        };
        rank.map_err(|error| self.named(error, "rank"))
    }

    /// The entry before which there are `n` others; `None` when there are not so many. O(leaves between it and the nearer
    /// end), whose headers are read; in a transaction that changed this DBI O(leaves and changes before it).
    ///
    /// # Errors
    /// As [`Dbi`] says.
    pub fn nth<'t, R: Read>(&self, state: &'t R, n: u64) -> Result<Option<(K::Ref<'t>, V::Ref<'t>)>> {
        let find = || {
            let Some((key, value)) = state.raw_nth(&self.dbi, n)? else {
                return Ok(None);
            };
            let place = self.place(state);
            Ok(Some((place.decode_key::<K>(key)?, place.decode_value::<V>(key, value)?)))
        };
        find().map_err(|error: Error| self.named(error, "nth"))
    }

    /// `n` different entries chosen at random, each set of them as likely as any other, in key order; all of them when
    /// there are no more than `n`. The same seed chooses the same entries of the same state. O(n · leaves); in a transaction that
    /// changed this DBI O(n · (leaves + changes)), as [`nth`](Self::nth) for each.
    ///
    /// # Errors
    /// As [`Dbi`] says.
    pub fn sample<'t, R: Read>(&self, state: &'t R, n: usize, seed: u64) -> Result<Vec<(K::Ref<'t>, V::Ref<'t>)>> {
        let choose = || {
            let place = self.place(state);
            let mut chosen = Vec::new();
            for rank in ranks(state.raw_len(&self.dbi)?, n as u64, seed) {
                // Walking on would take as many steps as a damaged record claims entries.
                let Some((key, value)) = state.raw_nth(&self.dbi, rank)? else {
                    let why = "the database has fewer entries than its record says; restore it from a copy";
                    return Err(Error::new(ErrorKind::Corrupted, why));
                };
                chosen.push((place.decode_key::<K>(key)?, place.decode_value::<V>(key, value)?));
            }
            Ok(chosen)
        };
        choose().map_err(|error: Error| self.named(error, "sample"))
    }

    /// The shape of the tree, as committed. O(1).
    ///
    /// # Errors
    /// As [`Dbi`] says.
    pub fn stat(&self, state: &impl Read) -> Result<DbiStat> {
        let (tree, page_size) = state.raw_tree(&self.dbi).map_err(|error| self.named(error, "stat"))?;
        Ok(DbiStat {
            entries: tree.entries,
            depth: u32::from(tree.depth),
            branch_pages: tree.branch_pages,
            leaf_pages: tree.leaf_pages,
            overflow_pages: tree.overflow_pages,
            page_size,
        })
    }
}

/// `n` different numbers below `len`, ascending, by Floyd's algorithm (Bentley and Floyd, CACM 30(9), 1987).
fn ranks(len: u64, n: u64, seed: u64) -> std::collections::BTreeSet<u64> {
    let mut random = seed;
    let mut chosen = std::collections::BTreeSet::new();
    for top in len.saturating_sub(n)..len {
        let pick = below(&mut random, top + 1);
        if !chosen.insert(pick) {
            chosen.insert(top);
        }
    }
    chosen
}

/// A number below `limit`, each as likely: `SplitMix64` (Steele, Lea and Flood, 2014), scaled by a wide product.
fn below(state: &mut u64, limit: u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^= mixed >> 31;
    // The high half of the product: its bias is below `limit` / 2^64.
    u64::try_from((u128::from(mixed) * u128::from(limit)) >> 64).unwrap_or(0)
}
