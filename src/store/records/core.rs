//! What all handles of a store share: its spaces, its limits, its time.

use std::borrow::Cow;
use std::fmt;
use std::ops::{Bound, ControlFlow};
use std::sync::OnceLock;

use crate::error::{Error, ErrorKind, Result};
use crate::scan::ByteBounds;
use crate::store::backend::Backend;
use crate::store::records::expiry;
use crate::store::records::header::{Header, NEVER, Parts, damaged};
use crate::store::records::rows::Rows;
use crate::store::records::time::{CLOCK_ROW, Time};
use crate::value::{Context, Value};
use crate::write_set::check_key;

/// The longest name of a space in bytes, as of any DBI.
const MAX_SPACE_NAME: usize = 255;

/// What all handles of a store share.
pub(crate) struct Core<S> {
    pub name: Box<str>,
    /// The identity of the engine's data.
    pub id: [u8; 16],
    /// Its records, by key.
    pub records: S,
    /// A row for each record that expires: the deadline and the key, without a value.
    pub expiry: S,
    /// Rows about the store.
    pub meta: S,
    /// The changes of the store, once this handle has opened them.
    pub feed: OnceLock<S>,
    pub max_key_len: usize,
    pub max_value_len: usize,
    pub time: Time,
}

impl<S> Core<S> {
    /// Opens the spaces of the store `name`, and creates those that are absent.
    pub fn open<B: Backend<Space = S>>(
        backend: &B,
        name: &str,
        (key, value): (&str, &str),
        time: Time,
    ) -> Result<Self> {
        check_name(name)?;
        let capabilities = backend.capabilities();
        Ok(Self {
            name: name.into(),
            id: backend.id(),
            records: backend.open_space(&space_name(name, "records"), key, &format!("record({value})"))?,
            expiry: backend.open_space(&space_name(name, "expiry"), "bytes", "()")?,
            meta: backend.open_space(&space_name(name, "meta"), "str", "bytes")?,
            feed: OnceLock::new(),
            max_key_len: capabilities.max_key_len,
            max_value_len: capabilities.max_value_len,
            time,
        })
    }

    /// The position that the value of `key` is bound to.
    pub fn context<'a>(&'a self, key: &'a [u8]) -> Context<'a> {
        Context::new(&self.id, &self.name, key)
    }

    /// Reads a value.
    #[inline]
    pub fn decode<'r, V: Value>(&self, key: &[u8], value: &'r [u8]) -> Result<V::Ref<'r>> {
        V::decode(value, &self.context(key)).map_err(|error| error.at_key(key))
    }

    /// Refuses a key that cannot be stored.
    pub fn check_key(&self, key: &[u8]) -> Result<()> {
        check_key(key, self.max_key_len)
    }

    /// Whether no record can have this key.
    #[inline]
    pub fn is_no_key(&self, key: &[u8]) -> bool {
        key.is_empty() || key.len() > self.max_key_len
    }

    /// The row of a record, unless it has expired.
    pub fn live<'t>(&self, rows: impl Rows<'t, S>, key: &[u8]) -> Result<Option<(Header, Cow<'t, [u8]>)>> {
        if self.is_no_key(key) {
            return Ok(None);
        }
        let Some(row) = rows.row(&self.records, key)? else { return Ok(None) };
        let header = Header::decode(&row).map_err(|error| error.at_key(key))?;
        Ok(if self.is_expired(rows, header.expires)? { None } else { Some((header, row)) })
    }

    /// The value of a record that has not expired, converted by `f`.
    #[inline]
    pub fn value<'t, T>(
        &self,
        rows: impl Rows<'t, S>,
        key: &[u8],
        f: impl FnOnce(&[u8]) -> Result<T>,
    ) -> Result<Option<T>> {
        if self.is_no_key(key) {
            return Ok(None);
        }
        let Some(row) = rows.row(&self.records, key)? else { return Ok(None) };
        let parts = Parts::of(&row).map_err(|error| error.at_key(key))?;
        if self.is_expired(rows, parts.expires)? { Ok(None) } else { f(parts.value).map(Some) }
    }

    /// Whether a record with this deadline counts as absent.
    #[inline]
    pub fn is_expired<'t>(&self, rows: impl Rows<'t, S>, expires: u64) -> Result<bool> {
        if expires == NEVER { Ok(false) } else { self.has_passed(rows, expires) }
    }

    fn has_passed<'t>(&self, rows: impl Rows<'t, S>, expires: u64) -> Result<bool> {
        // The row of the clock is needed only where this process has not seen the deadline pass.
        Ok(self.time.now() >= expires || self.now(rows)? >= expires)
    }

    /// The time of a state: never before that of a write in it.
    pub fn now<'t>(&self, rows: impl Rows<'t, S>) -> Result<u64> {
        Ok(self.time.now_after(self.written(rows)?))
    }

    /// The time of the newest write.
    pub fn written<'t>(&self, rows: impl Rows<'t, S>) -> Result<u64> {
        let Some(row) = rows.hint(&self.meta, CLOCK_ROW)? else { return Ok(0) };
        match <[u8; 8]>::try_from(&*row) {
            Ok(time) => Ok(u64::from_be_bytes(time)),
            Err(_) => Err(damaged("the row of the store's clock has not eight bytes")),
        }
    }

    /// The number of records that have not expired. O(log n) where the backend counts so.
    pub fn len<'t>(&self, rows: impl Rows<'t, S>) -> Result<u64> {
        let end = expiry::end(self.now(rows)?);
        let expired = rows.count(&self.expiry, (Bound::Unbounded, Bound::Excluded(&end[..])))?;
        Ok(rows.count(&self.records, (Bound::Unbounded, Bound::Unbounded))?.saturating_sub(expired))
    }

    /// The number of records between two keys that have not expired. O(expired records that were not swept).
    pub fn count<'t>(&self, rows: impl Rows<'t, S>, bounds: &ByteBounds) -> Result<u64> {
        let end = expiry::end(self.now(rows)?);
        let (mut expired, mut failed) = (0, None);
        rows.each(&self.expiry, (Bound::Unbounded, Bound::Excluded(&end[..])), usize::MAX, &mut |row, _| {
            match expiry::split(row) {
                Ok((_, key)) => expired += u64::from(bounds.contains(key)),
                Err(error) => failed = Some(error),
            }
            if failed.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        match failed {
            Some(error) => Err(error),
            None => Ok(rows.count(&self.records, bounds.as_refs())?.saturating_sub(expired)),
        }
    }

    /// Names the store and the verb in an error.
    #[cold]
    pub fn named(&self, error: Error, operation: &'static str) -> Error {
        error.during(operation).in_dbi(&self.name)
    }
}

impl<S> fmt::Debug for Core<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The name of a space of a store.
pub(crate) fn space_name(store: &str, part: &str) -> String {
    format!("__store/{store}/{part}")
}

/// Refuses a name that no store can have.
fn check_name(name: &str) -> Result<()> {
    let longest = MAX_SPACE_NAME - space_name("", "records").len();
    let why = if name.is_empty() {
        "a store's name is empty; give it one".into()
    } else if name.contains('\0') {
        "a store's name must not hold a NUL; choose another".into()
    } else if name.starts_with("__") {
        "names that begin with __ are reserved; choose another".into()
    } else if name.len() > longest {
        format!("a store's name has at most {longest} bytes and this one has {}; shorten it", name.len())
    } else {
        return Ok(());
    };
    Err(Error::new(ErrorKind::InvalidArgument, why).in_dbi(name))
}
