//! Counts, ranks, samples and the shape of the tree.

use std::ops::Bound::{Excluded, Unbounded};

use crate::dbi::handle::Dbi;
use crate::error::{Error, ErrorKind, Result};
use crate::key::{Key, KeyBuf};
use crate::read::RawCursor;
use crate::scan::{KeyRange, bounds_at};
use crate::txn::Read;
use crate::value::Value;

/// The shape of a DBI's tree: what [`Dbi::stat`] returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DbiStat {
    /// Number of entries.
    pub entries: u64,
    /// Levels of the tree; 0 when it is empty.
    pub depth: u32,
    /// Number of pages above the leaves.
    pub branch_pages: u64,
    /// Number of pages that hold entries.
    pub leaf_pages: u64,
    /// Number of pages that hold values too large for a leaf.
    pub overflow_pages: u64,
    /// Page size in bytes.
    pub page_size: u32,
}

impl<K: Key, V: Value> Dbi<K, V> {
    /// How many entries there are. O(1) in a snapshot. In a transaction that changed this DBI, the first call does a
    /// search for each change, and later ones are O(1); from then on every `put` to this DBI looks up its key.
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

    /// How many entries are in a range. O(leaves of the range): only their page headers are read, and entries only in
    /// the first and the last leaf. For `..` as [`len`](Self::len).
    ///
    /// In a transaction that changed this DBI, counting does one more search for each change in the range. The counts
    /// of the four ranges counted last are kept. Counting one again is O(1), and in return each later change in such
    /// a range costs a look-up. A count is dropped when this has cost as much as counting again would.
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

    /// Estimates how many entries are in a range. Reads the leaves at its ends and the branch pages between them,
    /// about one page in a hundred of the range. Exact for a range of one or two leaves, and for `..`, which is O(1).
    /// A transaction's own changes are sampled and extrapolated.
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

    /// How many entries come before `key`, which may be absent. O(leaves before it), reading only their
    /// headers; in a transaction as [`count`](Self::count) of the range before `key`.
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

    /// The entry that has exactly `n` entries before it; `None` if there are no more than `n`. O(leaves between it
    /// and the nearer end), reading only their headers. In a transaction that changed this DBI O(leaves and changes
    /// before it).
    ///
    /// # Errors
    /// As [`Dbi`] says.
    pub fn nth<'t, R: Read>(&self, state: &'t R, n: u64) -> Result<Option<(K::Ref<'t>, V::Ref<'t>)>> {
        let find = || {
            let Some((key, value)) = state.raw_nth(&self.dbi, n)? else {
                return Ok(None);
            };
            let context = self.decode_context(state);
            Ok(Some((context.decode_key::<K>(key)?, context.decode_value::<V>(key, value)?)))
        };
        find().map_err(|error: Error| self.named(error, "nth"))
    }

    /// `n` distinct entries chosen at random, in key order; all entries if there are no more than `n`. Every set of
    /// `n` entries is equally likely. The same seed chooses the same entries in the same state. O(n · leaves); in a
    /// transaction that changed this DBI O(n · (leaves + changes)), as [`nth`](Self::nth) for each entry.
    ///
    /// # Errors
    /// As [`Dbi`] says.
    pub fn sample<'t, R: Read>(&self, state: &'t R, n: usize, seed: u64) -> Result<Vec<(K::Ref<'t>, V::Ref<'t>)>> {
        let choose = || {
            let context = self.decode_context(state);
            let mut chosen = Vec::new();
            for rank in ranks(state.raw_len(&self.dbi)?, n as u64, seed) {
                // A damaged record can claim more entries than the DBI has. So sampling ends with an error at the first
                // rank without an entry, and does not try all the others.
                let Some((key, value)) = state.raw_nth(&self.dbi, rank)? else {
                    let why = "the DBI has fewer entries than its record says; restore it from a copy";
                    return Err(Error::new(ErrorKind::Corrupted, why));
                };
                chosen.push((context.decode_key::<K>(key)?, context.decode_value::<V>(key, value)?));
            }
            Ok(chosen)
        };
        choose().map_err(|error: Error| self.named(error, "sample"))
    }

    /// The shape of the tree, as last committed. O(1).
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

/// `n` distinct numbers below `len`, ascending, by Floyd's algorithm (Bentley and Floyd, CACM 30(9), 1987).
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

/// A random number below `limit`, all equally likely: `SplitMix64` (Steele, Lea and Flood, 2014), scaled by a wide
/// product.
fn below(state: &mut u64, limit: u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^= mixed >> 31;
    // The high half of the product is a number below `limit` that is nearly uniform: its bias is below `limit` / 2^64.
    u64::try_from((u128::from(mixed) * u128::from(limit)) >> 64).unwrap_or(0)
}
