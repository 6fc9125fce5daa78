//! The entries of a range for rayon. A part is split in two at branch pages, as often as rayon's threads request it.

use std::fmt;
use std::marker::PhantomData;

use rayon::iter::ParallelIterator;
use rayon::iter::plumbing::{Folder, UnindexedConsumer, UnindexedProducer, bridge_unindexed};

use crate::error::Result;
use crate::key::Key;
use crate::scan::bounds::ByteBounds;
use crate::scan::entries::{DecodeContext, Entries};
use crate::txn::Read;
use crate::value::Value;

/// The method name, for errors.
pub(crate) const PAR_ITER: &str = "par_iter";

/// Entries of a range for rayon's threads: what [`Dbi::par_iter`](crate::Dbi::par_iter) returns.
///
/// A rayon [`ParallelIterator`] whose items are those of [`Entries`], borrowed from the state for `'t`. Collecting
/// them keeps the order of keys. A range is split at branch page keys into parts with about equally many leaves.
/// Opening it reads only the path to its ends.
#[must_use = "an iterator does nothing until it is driven"]
pub struct ParEntries<'t, R, K, V> {
    part: Part<'t, R, K, V>,
}

impl<'t, R: Read + Sync, K: Key, V: Value> ParEntries<'t, R, K, V> {
    /// # Errors
    /// As opening a scan of the range.
    pub(crate) fn new(state: &'t R, context: DecodeContext<'t>, bounds: ByteBounds) -> Result<Self> {
        let part = Part { state, context, bounds, _types: PhantomData };
        part.open()?;
        Ok(Self { part })
    }
}

impl<'t, R: Read + Sync, K: Key, V: Value> ParallelIterator for ParEntries<'t, R, K, V>
where
    K::Ref<'t>: Send,
    V::Ref<'t>: Send,
{
    type Item = Result<(K::Ref<'t>, V::Ref<'t>)>;

    fn drive_unindexed<C: UnindexedConsumer<Self::Item>>(self, consumer: C) -> C::Result {
        bridge_unindexed(self.part, consumer)
    }
}

impl<R, K, V> Clone for ParEntries<'_, R, K, V> {
    fn clone(&self) -> Self {
        Self { part: self.part.with(self.part.bounds.clone()) }
    }
}

impl<R, K, V> fmt::Debug for ParEntries<'_, R, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParEntries").field("dbi", &self.part.context.dbi.name).finish_non_exhaustive()
    }
}

/// The entries between two bounds that one thread reads, unless another thread takes half of them.
struct Part<'t, R, K, V> {
    state: &'t R,
    context: DecodeContext<'t>,
    bounds: ByteBounds,
    _types: PhantomData<fn() -> (K, V)>,
}

impl<R, K, V> Part<'_, R, K, V> {
    fn with(&self, bounds: ByteBounds) -> Self {
        Self { state: self.state, context: self.context.clone(), bounds, _types: PhantomData }
    }
}

impl<'t, R: Read + Sync, K: Key, V: Value> Part<'t, R, K, V> {
    fn open(&self) -> Result<Entries<'t, R, K, V>> {
        let (lower, upper) = self.bounds.as_refs();
        let cursor = self.state.raw_range(&self.context.dbi, lower, upper)?;
        Ok(Entries::new(cursor, self.context.clone(), PAR_ITER))
    }

    /// Both halves; `None` when there is no branch page to split at. If the branch pages are damaged, the part stays
    /// whole, and reading it returns the error. The split key becomes a bound of both halves, so splitting ends even
    /// on damaged pages.
    fn halves(&self) -> Option<(Self, Self)> {
        let (lower, upper) = self.bounds.as_refs();
        let cuts = self.state.raw_split(&self.context.dbi, lower, upper, 2).ok()?;
        let cut = cuts.first()?;
        let (left, right) = self.bounds.cut_at(cut);
        Some((self.with(left), self.with(right)))
    }
}

impl<'t, R: Read + Sync, K: Key, V: Value> UnindexedProducer for Part<'t, R, K, V>
where
    K::Ref<'t>: Send,
    V::Ref<'t>: Send,
{
    type Item = Result<(K::Ref<'t>, V::Ref<'t>)>;

    fn split(self) -> (Self, Option<Self>) {
        match self.halves() {
            Some((left, right)) => (left, Some(right)),
            None => (self, None),
        }
    }

    fn fold_with<F: Folder<Self::Item>>(self, folder: F) -> F {
        match self.open() {
            // `consume_iter` reads no more entries when the folder is full.
            Ok(entries) => folder.consume_iter(entries),
            Err(error) => folder.consume(Err(error.during(PAR_ITER).in_dbi(&self.context.dbi.name))),
        }
    }
}
