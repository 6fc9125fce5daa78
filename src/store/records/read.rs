//! Reads by themselves: each of the newest state.

use crate::error::{Error, ErrorKind, Result};
use crate::key::{AsKey, Key, KeyBuf};
use crate::scan::KeyRange;
use crate::store::backend::Backend;
use crate::store::records::handle::{Records, sought};
use crate::store::records::meta::{Entry, Meta};
use crate::store::records::rows::OfSnapshot;
use crate::value::Value;

impl<K: Key, V: Value, B: Backend> Records<K, V, B> {
    /// The value of `key`. `None` for a record that is absent or has expired. O(log n).
    ///
    /// # Errors
    /// As [`Records`] says.
    ///
    /// ```
    /// # use mapleaf::{Env, store::Records};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let names: Records<u32, &str> = env.records("names")?;
    /// names.put(7, "ann")?;
    /// assert_eq!(names.get(7)?.as_deref(), Some("ann"));
    /// assert_eq!(names.get(8)?, None);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("lookup", "find"))]
    #[inline]
    pub fn get(&self, key: K::Arg<'_>) -> Result<Option<V::Owned>> {
        self.get_as(&key).map_err(|error| self.named(error, "get"))
    }

    #[inline]
    fn get_as(&self, key: &impl AsKey<K>) -> Result<Option<V::Owned>> {
        let mut buf = KeyBuf::new();
        let key = sought(key, &mut buf)?;
        let snapshot = self.backend.snapshot()?;
        self.value_of(&snapshot, key)
    }

    #[inline]
    pub(crate) fn value_of(&self, snapshot: &B::Snapshot, key: &[u8]) -> Result<Option<V::Owned>> {
        self.core.value(OfSnapshot(snapshot), key, |value| self.core.decode::<V>(key, value).map(V::own))
    }

    /// The value of `key`, which must be there. O(log n).
    ///
    /// # Errors
    /// `NotFound` if the record is absent or has expired; as [`Records`] says.
    ///
    /// ```
    /// # use mapleaf::{Env, ErrorKind, store::Records};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let names: Records<u32, &str> = env.records("names")?;
    /// names.put(7, "ann")?;
    /// assert_eq!(names.require(7)?, "ann");
    /// assert_eq!(names.require(8).unwrap_err().kind(), ErrorKind::NotFound);
    /// # Ok(())
    /// # }
    /// ```
    pub fn require(&self, key: K::Arg<'_>) -> Result<V::Owned> {
        let found = self.get_as(&key).and_then(|found| found.ok_or_else(|| not_found::<K>(&key)));
        found.map_err(|error| self.named(error, "require"))
    }

    /// The values of many keys in one state, in the order of the given keys; `None` for those that are absent.
    /// O(keys · log n).
    ///
    /// # Errors
    /// As [`Records`] says.
    ///
    /// ```
    /// # use mapleaf::{Env, store::Records};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Records<&str, u32> = env.records("ages")?;
    /// ages.put("ann", 42)?;
    /// ages.put("bob", 3)?;
    /// assert_eq!(ages.get_many(["bob", "cid", "ann"])?, [Some(3), None, Some(42)]);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("multi_get", "batch"))]
    pub fn get_many(&self, keys: impl IntoIterator<Item: AsKey<K>>) -> Result<Vec<Option<V::Owned>>> {
        let get_each = || {
            let snapshot = self.backend.snapshot()?;
            let get = |key| self.value_of(&snapshot, sought::<K>(&key, &mut KeyBuf::new())?);
            keys.into_iter().map(get).collect::<Result<_>>()
        };
        get_each().map_err(|error| self.named(error, "get_many"))
    }

    /// The record of `key`: its value, and what it is besides. O(log n).
    ///
    /// # Errors
    /// As [`Records`] says.
    ///
    /// ```
    /// # use mapleaf::{Env, store::{PutOptions, Records}};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let pages: Records<&str, &str> = env.records("pages")?;
    /// pages.put_with("home", "<p>", PutOptions::new().meta("text/html"))?;
    /// let entry = pages.entry("home")?.expect("it was put");
    /// assert_eq!((entry.key.as_str(), entry.value.as_str()), ("home", "<p>"));
    /// assert_eq!((entry.meta.version, &*entry.meta.user), (1, &b"text/html"[..]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn entry(&self, key: K::Arg<'_>) -> Result<Option<Entry<K::Owned, V::Owned>>> {
        let entry = || {
            let (snapshot, mut buf) = (self.backend.snapshot()?, KeyBuf::new());
            let key = sought::<K>(&key, &mut buf)?;
            let Some((header, row)) = self.core.live(OfSnapshot(&snapshot), key)? else { return Ok(None) };
            let value = V::own(self.core.decode::<V>(key, &row[header.value_at()..])?);
            Ok(Some(Entry { key: K::own(K::decode(key)?), value, meta: Meta::of(&header, &row) }))
        };
        entry().map_err(|error| self.named(error, "entry"))
    }

    /// What the record of `key` is besides its value, whose bytes are not read. O(log n).
    ///
    /// # Errors
    /// As [`Records`] says.
    ///
    /// ```
    /// # use mapleaf::{Env, store::Records};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let pages: Records<&str, &str> = env.records("pages")?;
    /// let put = pages.put("home", "<p>")?;
    /// assert_eq!(pages.meta("home")?, Some(put));
    /// # Ok(())
    /// # }
    /// ```
    pub fn meta(&self, key: K::Arg<'_>) -> Result<Option<Meta>> {
        let meta = || {
            let (snapshot, mut buf) = (self.backend.snapshot()?, KeyBuf::new());
            let found = self.core.live(OfSnapshot(&snapshot), sought::<K>(&key, &mut buf)?)?;
            Ok(found.map(|(header, row)| Meta::of(&header, &row)))
        };
        meta().map_err(|error| self.named(error, "meta"))
    }

    /// Whether `key` has a record. O(log n).
    ///
    /// # Errors
    /// As [`Records`] says.
    ///
    /// ```
    /// # use mapleaf::{Env, store::Records};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Records<&str, u32> = env.records("ages")?;
    /// ages.put("ann", 42)?;
    /// assert!(ages.has("ann")? && !ages.has("bob")?);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("exists", "contains", "contains_key"))]
    pub fn has(&self, key: K::Arg<'_>) -> Result<bool> {
        let has = || {
            let (snapshot, mut buf) = (self.backend.snapshot()?, KeyBuf::new());
            self.core.value(OfSnapshot(&snapshot), sought::<K>(&key, &mut buf)?, |_| Ok(()))
        };
        has().map(|found| found.is_some()).map_err(|error| self.named(error, "has"))
    }

    /// The number of records. On an environment O(log n).
    ///
    /// # Errors
    /// As [`Records`] says.
    ///
    /// ```
    /// # use mapleaf::{Env, store::Records};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Records<&str, u32> = env.records("ages")?;
    /// ages.put("ann", 42)?;
    /// ages.put("bob", 3)?;
    /// assert_eq!((ages.len()?, ages.is_empty()?, ages.count("b"..)?), (2, false, 1));
    /// # Ok(())
    /// # }
    /// ```
    pub fn len(&self) -> Result<u64> {
        let len = || self.core.len(OfSnapshot(&self.backend.snapshot()?));
        len().map_err(|error| self.named(error, "len"))
    }

    /// Whether there is no record. As [`len`](Self::len).
    ///
    /// # Errors
    /// As [`Records`] says.
    ///
    /// ```
    /// # use mapleaf::{Env, store::Records};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Records<&str, u32> = env.records("ages")?;
    /// assert!(ages.is_empty()?);
    /// ages.put("ann", 42)?;
    /// assert!(!ages.is_empty()?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn is_empty(&self) -> Result<bool> {
        self.len().map(|len| len == 0)
    }

    /// The number of records in a range of keys. O(log n) on an environment, and O(records that expired and were not
    /// swept).
    ///
    /// # Errors
    /// As [`Records`] says; `InvalidKey` for an end that has no position in the order.
    ///
    /// ```
    /// # use mapleaf::{Env, store::{PutOptions, Records}};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Records<&str, u32> = env.records("ages")?;
    /// ages.put_each([("ann", 42, PutOptions::new()), ("bob", 3, PutOptions::new())])?;
    /// assert_eq!((ages.count("b"..)?, ages.count(.."b")?, ages.count("c"..="d")?), (1, 1, 0));
    /// # Ok(())
    /// # }
    /// ```
    pub fn count(&self, range: impl KeyRange<K>) -> Result<u64> {
        let count = || self.core.count(OfSnapshot(&self.backend.snapshot()?), &range.byte_bounds()?);
        count().map_err(|error| self.named(error, "count"))
    }
}

/// The error for a record that must be there.
#[cold]
pub(crate) fn not_found<K: Key>(key: &impl AsKey<K>) -> Error {
    let error = Error::new(ErrorKind::NotFound, "there is no record with this key; put one, or use get");
    match sought::<K>(key, &mut KeyBuf::new()) {
        Ok(key) => error.at_key(key),
        Err(error) => error,
    }
}
