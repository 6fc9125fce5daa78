//! Queries: the records of a subtree of paths, one after another.

use std::collections::VecDeque;
use std::fmt;
use std::iter::FusedIterator;
use std::ops::{Bound, ControlFlow};

use crate::error::{Error, ErrorKind, Result};
use crate::key::{Key, Path};
use crate::scan::ByteBounds;
use crate::store::backend::{Backend, Order};
use crate::store::records::handle::Records;
use crate::store::records::header::Header;
use crate::store::records::live_rows::Scan;
use crate::store::records::meta::{Entry, Meta};
use crate::store::records::rows::OfSnapshot;
use crate::value::Value;

/// Which records [`Records::query`] returns, and in which order. By default all, ascending, with their values.
///
/// ```
/// use mapleaf::Path;
/// use mapleaf::store::Query;
/// # fn main() -> mapleaf::Result<()> {
/// let newest = Query::children(&Path::parse("/posts")?).reverse(true).limit(10).values(false);
/// # let _ = newest;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a query does nothing until it is given to `query`"]
pub struct Query {
    path: Path,
    is_children: bool,
    has_values: bool,
    is_reverse: bool,
    offset: u64,
    limit: u64,
}

impl Query {
    /// The path whose records are asked for.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The record of `path` and all records below it. With the empty path: all records.
    ///
    /// ```
    /// # use mapleaf::{Env, Path, store::{Query, Records}};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let notes: Records<Path, u32> = env.records("notes")?;
    /// for (key, value) in [("/a", 1), ("/a/b", 2), ("/a/b/c", 3), ("/ab", 4)] {
    ///     notes.put(&Path::parse(key)?, value)?;
    /// }
    /// assert_eq!(notes.query(&Query::subtree(&Path::parse("/a")?))?.count(), 3);
    /// assert_eq!(notes.query(&Query::children(&Path::parse("/a")?))?.count(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn subtree(path: &Path) -> Self {
        let path = path.clone();
        Self { path, is_children: false, has_values: true, is_reverse: false, offset: 0, limit: u64::MAX }
    }

    /// The records one segment below `path`, without what is below these. See [`subtree`](Self::subtree).
    pub fn children(path: &Path) -> Self {
        Self { is_children: true, ..Self::subtree(path) }
    }

    /// Whether values are read. Without them the entries have no values, but all else.
    pub fn values(self, values: bool) -> Self {
        Self { has_values: values, ..self }
    }

    /// Whether to go from the last record to the first.
    pub fn reverse(self, reverse: bool) -> Self {
        Self { is_reverse: reverse, ..self }
    }

    /// How many records to pass over, in the chosen order. O(offset): to page, use [`Records::list`].
    pub fn offset(self, offset: u64) -> Self {
        Self { offset, ..self }
    }

    /// How many records to return at most. With 0, none.
    pub fn limit(self, limit: u64) -> Self {
        Self { limit, ..self }
    }
}

impl<V: Value, B: Backend> Records<Path, V, B> {
    /// The records that a query selects, as an iterator over the state in which the query was made. What has expired by
    /// then is passed over.
    ///
    /// The iterator reads 64 records at a time, when it is asked for the first of them. O(log n) for these, then
    /// O(records); for children O(log n) for each that has records below it. It owns its state, so it can outlive the
    /// store's handle, and be sent to other threads or shared by them in a mutex. While it is there, the engine keeps the
    /// state, as for any snapshot.
    ///
    /// # Errors
    /// As [`Records`] says. An error of the iterator is its last item.
    ///
    /// ```
    /// # use mapleaf::{Env, Path, store::{Query, Records}};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let notes: Records<Path, &str> = env.records("notes")?;
    /// let put = notes.put(&Path::parse("/a/b")?, "text")?;
    /// let query = Query::subtree(&Path::parse("/a")?);
    /// for entry in notes.query(&query)? {
    ///     assert_eq!(entry?.value.as_deref(), Some("text"));
    /// }
    /// let bare = notes.query(&query.values(false))?.next().expect("a record")?;
    /// assert_eq!((bare.value, bare.meta), (None, put));
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("iter", "scan", "range"))]
    pub fn query(&self, query: &Query) -> Result<QueryEntries<V, B>> {
        let start = || {
            let snapshot = self.backend.snapshot()?;
            let now = self.core.now(OfSnapshot(&snapshot))?;
            let rest = ByteBounds::prefix(&query.path.subtree_bytes());
            let (records, query) = (self.clone(), query.clone());
            Ok(QueryEntries {
                records,
                query,
                snapshot,
                now,
                rest,
                block: VecDeque::new(),
                is_done: false,
                failed: None,
            })
        };
        start().map_err(|error| self.named(error, "query"))
    }
}

/// How many records are read at once, and after how many bytes of them reading stops.
const BLOCK_RECORDS: usize = 64;
const BLOCK_BYTES: usize = 256 * 1024;

/// The records that a query selects: from [`Records::query`].
pub struct QueryEntries<V: Value, B: Backend> {
    records: Records<Path, V, B>,
    /// What is left of it: its offset and its limit go down.
    query: Query,
    snapshot: B::Snapshot,
    now: u64,
    /// Where the keys are that were not passed yet.
    rest: ByteBounds,
    block: VecDeque<Entry<Path, Option<V::Owned>>>,
    /// Whether nothing is to be read after the block.
    is_done: bool,
    /// What comes after the block: the error of reading on.
    failed: Option<Error>,
}

impl<V: Value, B: Backend> QueryEntries<V, B> {
    /// Reads the next block. `rest` goes down with each call, unless this is the last one.
    fn fill(&mut self) -> Result<()> {
        let Self { records, query, snapshot, now, rest, block, is_done, .. } = self;
        let order = if query.is_reverse { Order::Descending } else { Order::Ascending };
        let most = usize::try_from(query.limit).unwrap_or(usize::MAX).min(BLOCK_RECORDS);
        let (mut bytes, mut next) = (0, None);
        let scan = Scan { bounds: rest, order, after: None, now: *now, wanted: most };
        records.core.each_live(snapshot, &scan, |key, header, row| {
            if !rest.contains(key) {
                return Err(Error::new(ErrorKind::Corrupted, "the keys of a store are not in order").at_key(key));
            }
            if query.is_children
                && let Some(after) = after_child(&query.path, key, order, rest)?
            {
                next = Some(after);
                return Ok(ControlFlow::Break(()));
            }
            if query.is_children && key == &query.path.subtree_bytes()[..] {
                return Ok(ControlFlow::Continue(()));
            }
            if query.offset > 0 {
                query.offset -= 1;
                return Ok(ControlFlow::Continue(()));
            }
            block.push_back(read_entry(records, query.has_values, key, header, row)?);
            query.limit -= 1;
            bytes += row.len();
            if query.limit > 0 && block.len() < most && bytes < BLOCK_BYTES {
                return Ok(ControlFlow::Continue(()));
            }
            next = Some(after_key(key, order, rest));
            Ok(ControlFlow::Break(()))
        })?;
        match next {
            Some(next) if query.limit > 0 => *rest = next,
            _ => *is_done = true,
        }
        Ok(())
    }
}

fn read_entry<V: Value, B: Backend>(
    records: &Records<Path, V, B>,
    has_values: bool,
    key: &[u8],
    header: &Header,
    row: &[u8],
) -> Result<Entry<Path, Option<V::Owned>>> {
    let value = if has_values { Some(V::own(records.core.decode::<V>(key, &row[header.value_at()..])?)) } else { None };
    Ok(Entry { key: Path::decode(key)?, value, meta: Meta::of(header, row) })
}

/// The part of `rest` that comes after `key`.
fn after_key(key: &[u8], order: Order, rest: &ByteBounds) -> ByteBounds {
    let (lower, upper) = rest.as_refs();
    match order {
        Order::Ascending => ByteBounds::new(Bound::Excluded(key), upper),
        Order::Descending => ByteBounds::new(lower, Bound::Excluded(key)),
    }
}

/// For a key below a child of `path`: the part of `rest` that comes after all such keys of this child. The child's own
/// record is before them in ascending order and after them in descending order.
fn after_child(path: &Path, key: &[u8], order: Order, rest: &ByteBounds) -> Result<Option<ByteBounds>> {
    let below = Path::decode(key)?;
    let Some(child) = below.get(..=path.len()).filter(|_| below.len() > path.len() + 1) else { return Ok(None) };
    let child = Path::from(child).subtree_bytes();
    let (lower, upper) = rest.as_refs();
    Ok(Some(match order {
        Order::Ascending => match ByteBounds::prefix(&child).as_refs().1 {
            Bound::Excluded(end) => ByteBounds::new(Bound::Included(end), upper),
            _ => ByteBounds::empty(),
        },
        Order::Descending => ByteBounds::new(lower, Bound::Included(&child)),
    }))
}

impl<V: Value, B: Backend> Iterator for QueryEntries<V, B> {
    type Item = Result<Entry<Path, Option<V::Owned>>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.query.limit == 0 {
            self.is_done = true;
        }
        while self.block.is_empty() && !self.is_done {
            if let Err(error) = self.fill() {
                // The records that were read before it come first.
                (self.is_done, self.failed) = (true, Some(error));
            }
        }
        let entry = self.block.pop_front().map(Ok);
        entry.or_else(|| self.failed.take().map(|error| Err(self.records.named(error, "query"))))
    }
}

impl<V: Value, B: Backend> FusedIterator for QueryEntries<V, B> {}

impl<V: Value, B: Backend> fmt::Debug for QueryEntries<V, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueryEntries").field("query", &self.query).finish_non_exhaustive()
    }
}
