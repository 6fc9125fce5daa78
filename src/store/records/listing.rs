//! Pages of records, and cursors to go on from.

use std::ops::ControlFlow;

use crate::error::{Error, ErrorKind, Result};
use crate::key::Key;
use crate::scan::{ByteBounds, KeyPrefix, ListCursor, ListOptions};
use crate::store::backend::{Backend, Order};
use crate::store::records::core::Core;
use crate::store::records::handle::Records;
use crate::store::records::live_rows::Scan;
use crate::store::records::meta::{Entry, Meta};
use crate::store::records::rows::OfSnapshot;
use crate::value::Value;

/// The most records of one page.
const MAX_LIMIT: usize = 1_000;

/// A page of records: what [`Records::list`] returns.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordListing<K, V> {
    /// The records, in the requested order.
    pub items: Vec<Entry<K, V>>,
    /// Where this page ended, for [`ListOptions::after`]; for an empty page, the cursor of the previous one.
    pub cursor: Option<ListCursor>,
    /// Whether the listed state has records after these.
    pub has_more: bool,
}

impl<K: Key, V: Value, B: Backend> Records<K, V, B> {
    /// A page of the newest state: the records whose keys begin with a prefix, in the order of the keys, after a cursor.
    /// 100 of them by default, 1,000 at most: a higher limit counts as 1,000. Records that have expired are passed over.
    ///
    /// A page that is far back costs as much as the first: O(log n + limit + expired records among them). A cursor is
    /// valid as long as the store keeps its name and its key type, also when its key was deleted, in other processes too.
    ///
    /// # Errors
    /// As [`Records`] says; `InvalidArgument` for a limit of 0, and for a cursor of another store or another prefix.
    ///
    /// ```
    /// use mapleaf::store::Records;
    /// use mapleaf::{Env, ListOptions};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Records<&str, u32> = env.records("ages")?;
    /// for (name, age) in [("admin", 0), ("user:ann", 42), ("user:bob", 3), ("user:cyd", 7)] {
    ///     ages.put(name, age)?;
    /// }
    /// let options = ListOptions::default().prefix("user:").limit(2);
    /// let first = ages.list(options.clone())?;
    /// let names: Vec<_> = first.items.iter().map(|entry| &*entry.key).collect();
    /// assert_eq!((names, first.has_more), (vec!["user:ann", "user:bob"], true));
    ///
    /// ages.delete("user:bob")?;
    /// let second = ages.list(options.after(first.cursor))?;
    /// assert_eq!((second.items.len(), second.items[0].value, second.has_more), (1, 7, false));
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("pagination", "paging", "scan"))]
    pub fn list<P: KeyPrefix<K>>(&self, options: ListOptions<P>) -> Result<RecordListing<K::Owned, V::Owned>> {
        self.list_page(&options).map_err(|error| self.named(error, "list"))
    }

    fn list_page<P: KeyPrefix<K>>(&self, options: &ListOptions<P>) -> Result<RecordListing<K::Owned, V::Owned>> {
        if options.limit == 0 {
            let why = "the limit of a listing is 0; ask for 1 record at least";
            return Err(Error::new(ErrorKind::InvalidArgument, why));
        }
        let limit = options.limit.min(MAX_LIMIT);
        let bounds = options.prefix.prefix_bounds()?;
        let after = options.after.as_ref().map(|cursor| self.core.key_of::<K>(cursor, &bounds)).transpose()?;
        let snapshot = self.backend.snapshot()?;
        let now = self.core.now(OfSnapshot(&snapshot))?;
        let order = if options.reverse { Order::Descending } else { Order::Ascending };
        let (mut items, mut last, mut has_more) = (Vec::new(), None::<Vec<u8>>, false);
        // One more than the page has tells whether there are more.
        let scan = Scan { bounds: &bounds, order, after, now, wanted: limit + 1 };
        self.core.each_live(&snapshot, &scan, |key, header, row| {
            if items.len() == limit {
                has_more = true;
                return Ok(ControlFlow::Break(()));
            }
            let value = V::own(self.core.decode::<V>(key, &row[header.value_at()..])?);
            items.push(Entry { key: K::own(K::decode(key)?), value, meta: Meta::of(header, row) });
            let last = last.get_or_insert_default();
            last.clear();
            last.extend_from_slice(key);
            Ok(ControlFlow::Continue(()))
        })?;
        let cursor = last.map(|key| self.core.cursor_at(&key)).or_else(|| options.after.clone());
        Ok(RecordListing { items, cursor, has_more })
    }
}

/// The length of what says in a cursor which store it is of.
const TAG: usize = 8;

impl<S> Core<S> {
    /// The cursor of a page that ends at `key`.
    fn cursor_at(&self, key: &[u8]) -> ListCursor {
        ListCursor::of([&self.tag()[..], key].concat())
    }

    /// The key at which the page of a cursor ended.
    fn key_of<'c, K: Key>(&self, cursor: &'c ListCursor, bounds: &ByteBounds) -> Result<&'c [u8]> {
        let key = match cursor.bytes().split_first_chunk::<TAG>() {
            Some((tag, key)) if *tag == self.tag() => Some(key),
            _ => None,
        };
        key.filter(|key| bounds.contains(key) && !self.is_no_key(key) && K::decode(key).is_ok()).ok_or_else(|| {
            let why = "not a cursor of this listing; use one of the same store and prefix, or list from the start";
            Error::new(ErrorKind::InvalidArgument, why)
        })
    }

    /// Names the store in a cursor: FNV-1a of the identity of the data and the store's name. It must not change, because
    /// cursors outlive processes.
    fn tag(&self) -> [u8; TAG] {
        let bytes = self.id.iter().chain(self.name.as_bytes());
        let hash = bytes
            .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
        hash.to_be_bytes()
    }
}
