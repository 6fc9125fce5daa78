//! Scans in key order.

use std::ops::{Bound, ControlFlow};

use crate::dbi::handle::Dbi;
use crate::error::{Error, Result};
use crate::key::Key;
use crate::read::RawCursor;
use crate::scan::{ByteBounds, Entries, KeyPrefix, KeyRange, Keys, ListOptions, Listing, TextPrefix, Values, list};
use crate::txn::Read;
use crate::value::Value;

impl<K: Key, V: Value> Dbi<K, V> {
    /// The entries between two keys, double-ended: `a..b`, `a..=b`, `a..`, `..b`, `..`, or `(Bound, Bound)`. For
    /// tuple keys the ends can also be leading elements. A range whose start is above its end is empty. O(log n) to
    /// open.
    ///
    /// Both ends have the same form: two keys, or as many leading elements. [`KeyBounds`](crate::scan::KeyBounds) has
    /// ends of different forms, such as from a key to the end of its group.
    ///
    /// # Errors
    /// As [`Dbi`] says.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let visits: Dbi<(&str, u64), u32> = env.dbi("visits")?;
    /// env.transact(|txn| {
    ///     for (page, at) in [("about", 1), ("home", 1), ("home", 5), ("home", 9)] {
    ///         visits.put(txn, (page, at), 0)?;
    ///     }
    ///     Ok(())
    /// })?;
    /// let snap = env.snapshot()?;
    /// assert_eq!(visits.range(&snap, ("home", 1)..("home", 9))?.count(), 2);
    /// assert_eq!(visits.range(&snap, ("home",)..)?.rev().count(), 3);
    /// assert_eq!(visits.range(&snap, ("z", 0)..("a", 0))?.count(), 0);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("scan", "cursor", "iterate", "seek"))]
    pub fn range<'t, R: Read>(&self, state: &'t R, range: impl KeyRange<K>) -> Result<Entries<'t, R, K, V>> {
        self.entries(state, range.byte_bounds(), "range")
    }

    /// The entries whose keys begin with `prefix`: text and bytes by their bytes, tuples by leading elements, paths
    /// by segments. Only these key types have prefixes. The elements of a tuple are whole: `(7, "al")` finds
    /// `(7, "al")` but not `(7, "alice")`; use [`prefix_text`](Self::prefix_text) for that. O(log n) to open.
    ///
    /// # Errors
    /// As [`Dbi`] says.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let users: Dbi<&str, u32> = env.dbi("users")?;
    /// env.transact(|txn| { users.put(txn, "user:1", 1)?; users.put(txn, "visitor:1", 2) })?;
    /// assert_eq!(users.prefix(&env.snapshot()?, "user:")?.count(), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// ```compile_fail,E0277
    /// # use mapleaf::{Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// # let ages: Dbi<u64, u32> = env.dbi("ages")?;
    /// ages.prefix(&env.snapshot()?, 7)?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("scan_prefix", "starts_with"))]
    pub fn prefix<'t, R: Read>(&self, state: &'t R, prefix: impl KeyPrefix<K>) -> Result<Entries<'t, R, K, V>> {
        self.entries(state, prefix.prefix_bounds(), "prefix")
    }

    /// The entries whose tuple keys begin with these elements, where the last element may be incomplete: `(7, "al")`
    /// finds `(7, "alice")`. Use [`prefix`](Self::prefix) when all elements are whole. O(log n) to open.
    ///
    /// # Errors
    /// As [`Dbi`] says.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let names: Dbi<(u64, &str), ()> = env.dbi("names")?;
    /// env.transact(|txn| { names.put(txn, (7, "alice"), ())?; names.put(txn, (7, "bob"), ()) })?;
    /// assert_eq!(names.prefix_text(&env.snapshot()?, (7, "al"))?.count(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn prefix_text<'t, R: Read>(&self, state: &'t R, prefix: impl TextPrefix<K>) -> Result<Entries<'t, R, K, V>> {
        self.entries(state, prefix.text_prefix_bounds(), "prefix_text")
    }

    /// All entries, in key order, double-ended. O(log n) to open.
    ///
    /// # Errors
    /// As [`Dbi`] says.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Dbi<&str, u32> = env.dbi("ages")?;
    /// env.transact(|txn| { ages.put(txn, "bob", 3)?; ages.put(txn, "ann", 42) })?;
    /// let snap = env.snapshot()?;
    /// let all = ages.iter(&snap)?.collect::<mapleaf::Result<Vec<_>>>()?;
    /// assert_eq!(all, [("ann", 42), ("bob", 3)]);
    /// let names = ages.keys(&snap)?.rev().collect::<mapleaf::Result<Vec<_>>>()?;
    /// assert_eq!(names, ["bob", "ann"]);
    /// assert_eq!(ages.values(&snap)?.sum::<mapleaf::Result<u32>>()?, 45);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("cursor", "scan_all"))]
    pub fn iter<'t, R: Read>(&self, state: &'t R) -> Result<Entries<'t, R, K, V>> {
        self.entries(state, Ok(ByteBounds::full()), "iter")
    }

    /// All keys, in order, double-ended; values are not decoded.
    ///
    /// # Errors
    /// As [`Dbi`] says.
    pub fn keys<'t, R: Read>(&self, state: &'t R) -> Result<Keys<'t, R, K, V>> {
        self.entries(state, Ok(ByteBounds::full()), "keys").map(Entries::keys)
    }

    /// All values, in the order of their keys, double-ended; keys are not decoded.
    ///
    /// # Errors
    /// As [`Dbi`] says.
    pub fn values<'t, R: Read>(&self, state: &'t R) -> Result<Values<'t, R, K, V>> {
        self.entries(state, Ok(ByteBounds::full()), "values").map(Entries::values)
    }

    /// Calls `each` with the entries of a range in key order until it returns `Break`, and returns whether it did.
    /// The fastest scan.
    ///
    /// # Errors
    /// As [`Dbi`] says.
    ///
    /// ```
    /// # use std::ops::ControlFlow;
    /// # use mapleaf::{Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Dbi<&str, u32> = env.dbi("ages")?;
    /// env.transact(|txn| { ages.put(txn, "ann", 42)?; ages.put(txn, "bob", 3) })?;
    /// let mut sum = 0;
    /// ages.for_each(&env.snapshot()?, .., |_, age| {
    ///     sum += age;
    ///     ControlFlow::Continue(())
    /// })?;
    /// assert_eq!(sum, 45);
    /// # Ok(())
    /// # }
    /// ```
    pub fn for_each<'t, R: Read>(
        &self,
        state: &'t R,
        range: impl KeyRange<K>,
        each: impl FnMut(K::Ref<'t>, V::Ref<'t>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>> {
        self.walk(state, range, each).map_err(|error| self.named(error, "for_each"))
    }

    /// Returns the first `Some` that `find` gives for the entries of a range, in key order.
    ///
    /// # Errors
    /// As [`Dbi`] says.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Dbi<&str, u32> = env.dbi("ages")?;
    /// env.transact(|txn| { ages.put(txn, "ann", 42)?; ages.put(txn, "bob", 3) })?;
    /// let snap = env.snapshot()?;
    /// let minor = ages.find_map(&snap, .., |name, age| (age < 18).then_some(name))?;
    /// assert_eq!(minor, Some("bob"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn find_map<'t, R: Read, T>(
        &self,
        state: &'t R,
        range: impl KeyRange<K>,
        mut find: impl FnMut(K::Ref<'t>, V::Ref<'t>) -> Option<T>,
    ) -> Result<Option<T>> {
        let flow = self.walk(state, range, |key, value| match find(key, value) {
            Some(found) => ControlFlow::Break(found),
            None => ControlFlow::Continue(()),
        });
        flow.map(ControlFlow::break_value).map_err(|error| self.named(error, "find_map"))
    }

    /// Splits a range into at most `parts` scans of about equal length, in order, for as many threads. Returns at
    /// least one scan, and no more than the range has leaves. Reads the branch pages of the range, and the leaf that
    /// each scan begins in.
    ///
    /// It needs a snapshot, or the [`Reader`](crate::Reader) of a write transaction, which threads can share. The
    /// transaction itself stays on its thread:
    ///
    /// ```compile_fail,E0277
    /// # let env = mapleaf::Env::temporary().unwrap();
    /// # let ages: mapleaf::Dbi<u64, u32> = env.dbi("ages").unwrap();
    /// env.transact(|txn| ages.par_scan(txn, .., 2).map(drop));
    /// ```
    ///
    /// # Errors
    /// As [`Dbi`] says.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Dbi<u64, u32> = env.dbi("ages")?;
    /// env.transact(|txn| { for n in 0..1000 { ages.put(txn, n, 1)?; } Ok(()) })?;
    /// let snap = env.snapshot()?;
    /// let parts = ages.par_scan(&snap, .., 2)?;
    /// let total: usize = std::thread::scope(|scope| {
    ///     let counting: Vec<_> = parts.into_iter().map(|part| scope.spawn(|| part.count())).collect();
    ///     counting.into_iter().map(|thread| thread.join().unwrap()).sum()
    /// });
    /// assert_eq!(total, 1000);
    /// # Ok(())
    /// # }
    /// ```
    pub fn par_scan<'t, R: Read + Sync>(
        &self,
        state: &'t R,
        range: impl KeyRange<K>,
        parts: usize,
    ) -> Result<Vec<Entries<'t, R, K, V>>> {
        let split = || {
            let bounds = range.byte_bounds()?;
            let (lower, upper) = bounds.as_refs();
            let cuts = state.raw_split(&self.dbi, lower, upper, parts.max(1))?;
            let mut scans = Vec::with_capacity(cuts.len() + 1);
            let mut start = lower;
            for cut in &cuts {
                scans.push(self.raw_entries(state, start, Bound::Excluded(cut), "par_scan")?);
                start = Bound::Included(cut);
            }
            scans.push(self.raw_entries(state, start, upper, "par_scan")?);
            Ok(scans)
        };
        split().map_err(|error: Error| self.named(error, "par_scan"))
    }

    /// Returns a page of entries and a cursor for the next page: see [`ListOptions`]. O(log n + limit).
    ///
    /// # Errors
    /// As [`Dbi`] says; `InvalidArgument` for a `limit` of 0.
    pub fn list<'t, R: Read, P: KeyPrefix<K>>(
        &self,
        state: &'t R,
        options: ListOptions<P>,
    ) -> Result<Listing<K::Ref<'t>, V::Ref<'t>>> {
        let page = list::<R, K, V, P>(state, &self.decode_context(state), &options);
        page.map_err(|error| self.named(error, "list"))
    }

    pub(crate) fn entries<'t, R: Read>(
        &self,
        state: &'t R,
        bounds: Result<ByteBounds>,
        operation: &'static str,
    ) -> Result<Entries<'t, R, K, V>> {
        match bounds {
            Ok(bounds) => {
                let (lower, upper) = bounds.as_refs();
                self.raw_entries(state, lower, upper, operation)
            }
            Err(error) => Err(self.named(error, operation)),
        }
    }

    #[inline]
    fn raw_entries<'t, R: Read>(
        &self,
        state: &'t R,
        lower: Bound<&[u8]>,
        upper: Bound<&[u8]>,
        operation: &'static str,
    ) -> Result<Entries<'t, R, K, V>> {
        // A cursor has 600 bytes, and each combinator of `Result` would copy it.
        match state.raw_range_of(&self.dbi, K::WIDTH.unwrap_or(0), lower, upper) {
            Ok(cursor) => Ok(Entries::new(cursor, self.decode_context(state), operation)),
            Err(error) => Err(self.named(error, operation)),
        }
    }

    /// Decodes the entries of a range and passes them to `each`, until it returns `Break` or one does not decode.
    #[inline]
    pub(super) fn walk<'t, R: Read, B>(
        &self,
        state: &'t R,
        range: impl KeyRange<K>,
        mut each: impl FnMut(K::Ref<'t>, V::Ref<'t>) -> ControlFlow<B>,
    ) -> Result<ControlFlow<B>> {
        let bounds = range.byte_bounds()?;
        let (lower, upper) = bounds.as_refs();
        let context = self.decode_context(state);
        let mut cursor = state.raw_range_of(&self.dbi, K::WIDTH.unwrap_or(0), lower, upper)?;
        let flow = cursor.for_each(|key, value| match context.decode_row::<K, V>(key, value) {
            Ok((key, value)) => match each(key, value) {
                ControlFlow::Continue(()) => ControlFlow::Continue(()),
                ControlFlow::Break(found) => ControlFlow::Break(Ok(found)),
            },
            Err(error) => ControlFlow::Break(Err(error)),
        })?;
        match flow {
            ControlFlow::Continue(()) => Ok(ControlFlow::Continue(())),
            ControlFlow::Break(found) => found.map(ControlFlow::Break),
        }
    }
}
