//! Listings: some entries at a time, and a cursor to continue from in another snapshot, process or request.

use std::fmt;
use std::ops::Bound;
use std::str::FromStr;

use crate::error::{Error, ErrorKind, Result};
use crate::key::Key;
use crate::read::RawCursor;
use crate::scan::bounds::{ByteBounds, KeyPrefix, NoPrefix};
use crate::scan::entries::DecodeContext;
use crate::txn::Read;
use crate::value::Value;

/// What [`Dbi::list`](crate::Dbi::list) returns: which keys, how many at once, and where it continues.
///
/// ```
/// use mapleaf::{Dbi, Env, ListOptions};
/// # fn main() -> mapleaf::Result<()> {
/// let env = Env::temporary()?;
/// let users: Dbi<&str, u32> = env.dbi("users")?;
/// env.transact(|txn| {
///     for name in ["admin", "user:ann", "user:bob", "user:cyd"] {
///         users.put(txn, name, 0)?;
///     }
///     Ok(())
/// })?;
/// let options = ListOptions::default().prefix("user:").limit(2);
/// let snap = env.snapshot()?;
/// let first = users.list(&snap, options.clone())?;
/// assert_eq!(first.items, [("user:ann", 0), ("user:bob", 0)]);
/// assert!(first.has_more);
///
/// let token = first.cursor.map(|cursor| cursor.to_string());
/// let after = token.map(|token| token.parse()).transpose()?;
/// let second = users.list(&snap, options.after(after))?;
/// assert_eq!(second.items, [("user:cyd", 0)]);
/// assert!(!second.has_more);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "options do nothing until they are given to `list`"]
#[doc(alias("pagination", "paging"))]
pub struct ListOptions<P = NoPrefix> {
    /// What keys must begin with: text or bytes, or leading elements of a tuple.
    pub prefix: P,
    /// Where the previous listing ended; `None` for the first listing.
    pub after: Option<ListCursor>,
    /// The maximum number of entries of one listing. Default 100; 0 fails with `InvalidArgument`.
    pub limit: usize,
    /// Whether to go from the last key to the first.
    pub reverse: bool,
}

impl Default for ListOptions {
    fn default() -> Self {
        Self { prefix: NoPrefix, after: None, limit: 100, reverse: false }
    }
}

impl<P> ListOptions<P> {
    /// Lists the keys that begin with `prefix`.
    pub fn prefix<Q>(self, prefix: Q) -> ListOptions<Q> {
        ListOptions { prefix, after: self.after, limit: self.limit, reverse: self.reverse }
    }

    /// Continues after the listing that ended at `cursor`, even if its last key no longer exists.
    pub fn after(mut self, cursor: impl Into<Option<ListCursor>>) -> Self {
        self.after = cursor.into();
        self
    }

    /// Returns at most `limit` entries. With 0, [`Dbi::list`](crate::Dbi::list) fails with `InvalidArgument`, because
    /// empty listings would never reach the end.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Goes from the last key to the first.
    pub fn reverse(mut self, reverse: bool) -> Self {
        self.reverse = reverse;
        self
    }
}

/// Some entries of a DBI: what [`Dbi::list`](crate::Dbi::list) returns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing<K, V> {
    /// The entries, in the requested order.
    pub items: Vec<(K, V)>,
    /// Where this listing ended, for [`ListOptions::after`]; for an empty listing, the cursor of the previous one.
    pub cursor: Option<ListCursor>,
    /// Whether the listed state has entries after these.
    pub has_more: bool,
}

/// Where a listing ended. Opaque, and valid as long as the DBI keeps its key type.
///
/// Its text form is safe in URLs; parsing it gives an equal cursor.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ListCursor(Box<[u8]>);

#[cfg(feature = "store")]
impl ListCursor {
    /// A cursor of these bytes, which are not empty.
    pub(crate) fn of(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for ListCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for ListCursor {
    type Err = Error;

    /// # Errors
    /// `InvalidArgument` for a text that is not the text form of a cursor.
    fn from_str(text: &str) -> Result<Self> {
        let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let byte = |pair: &[u8]| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        };
        let bytes: Option<Vec<u8>> = text.as_bytes().chunks(2).map(byte).collect();
        match bytes {
            Some(bytes) if !bytes.is_empty() => Ok(Self(bytes.into())),
            _ => Err(Error::new(ErrorKind::InvalidArgument, "not a cursor that a listing gave; list from the start")),
        }
    }
}

/// The entries of `state` that `options` select. O(log n + limit).
pub(crate) fn list<'t, R: Read, K: Key, V: Value, P: KeyPrefix<K>>(
    state: &'t R,
    context: &DecodeContext<'t>,
    options: &ListOptions<P>,
) -> Result<Listing<K::Ref<'t>, V::Ref<'t>>> {
    if options.limit == 0 {
        return Err(Error::new(ErrorKind::InvalidArgument, "the limit of a listing is 0; ask for 1 entry at least"));
    }
    let bounds = start_after(options.prefix.prefix_bounds()?, options.after.as_ref(), options.reverse);
    let (lower, upper) = bounds.as_refs();
    let mut cursor = state.raw_range(&context.dbi, lower, upper)?;
    let mut step = || if options.reverse { cursor.next_back() } else { cursor.next() };
    let mut items = Vec::new();
    let mut last = None;
    while items.len() < options.limit {
        let Some((key, value)) = step()? else { break };
        // The next listing starts with a search for the last key of this one. In a damaged leaf whose keys are out of
        // order, that search could end too early in the leaf, and a loop of listings would never end. So the order is
        // checked.
        let before = last.or(options.after.as_ref().map(|ListCursor(after)| &after[..]));
        if before.is_some_and(|before| if options.reverse { key >= before } else { key <= before }) {
            return Err(Error::new(ErrorKind::Corrupted, "the keys of a DBI are not in order"));
        }
        items.push((context.decode_key::<K>(key)?, context.decode_value::<V>(key, value)?));
        last = Some(key);
    }
    let has_more = step()?.is_some();
    let cursor = last.map(|key| ListCursor(key.into())).or_else(|| options.after.clone());
    Ok(Listing { items, cursor, has_more })
}

/// Moves the start of the bounds after the cursor. If the cursor is outside the bounds, they stay unchanged or become
/// empty.
fn start_after(bounds: ByteBounds, after: Option<&ListCursor>, reverse: bool) -> ByteBounds {
    let Some(ListCursor(after)) = after else {
        return bounds;
    };
    let (lower, upper) = bounds.as_refs();
    let excluded = Bound::Excluded(&after[..]);
    let is_inside = |end: Bound<&[u8]>, inside: fn(&[u8], &[u8]) -> bool| match end {
        Bound::Unbounded => true,
        Bound::Included(end) | Bound::Excluded(end) => inside(after, end),
    };
    if reverse {
        if is_inside(upper, |after, end| after <= end) { ByteBounds::new(lower, excluded) } else { bounds }
    } else if is_inside(lower, |after, end| after >= end) {
        ByteBounds::new(excluded, upper)
    } else {
        bounds
    }
}
