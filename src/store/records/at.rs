//! Reads in a state of an environment, borrowed.

use std::fmt;
use std::marker::PhantomData;

use crate::error::{Error, Result};
use crate::key::{AsKey, Key, KeyBuf};
use crate::scan::KeyRange;
use crate::store::env_backend::{self, EnvSpace};
use crate::store::records::core::Core;
use crate::store::records::handle::{Records, sought};
use crate::store::records::header::{Header, Parts};
use crate::store::records::meta::{Entry, Meta};
use crate::store::records::read::not_found;
use crate::store::records::rows::OfState;
use crate::txn::Read;
use crate::value::Value;

impl<K: Key, V: Value> Records<K, V> {
    /// The records in a state of the environment: a [`Snapshot`](crate::Snapshot), a [`WriteTxn`](crate::WriteTxn), or
    /// what else can be [read](crate::Read). Values are borrowed from it. Free.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env, store::Records};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let names: Records<u32, &str> = env.records("names")?;
    /// names.put(7, "ann")?;
    /// let snap = env.snapshot()?;
    /// let state = names.at(&snap);
    /// names.put(7, "bob")?;
    /// assert_eq!((state.get(7)?, state.has(8)?, state.len()?), (Some("ann"), false, 1));
    /// # Ok(())
    /// # }
    /// ```
    pub fn at<'t, R: Read>(&'t self, state: &'t R) -> RecordsAt<'t, K, V, R> {
        RecordsAt::new(&self.core, state)
    }
}

/// The records in a state of an environment: from [`Records::at`].
///
/// Its verbs fail as [`Records`] says, and with `InvalidArgument` on a state of another environment.
pub struct RecordsAt<'t, K, V, R> {
    core: &'t Core<EnvSpace>,
    state: &'t R,
    _types: PhantomData<fn() -> (K, V)>,
}

impl<'t, K: Key, V: Value, R: Read> RecordsAt<'t, K, V, R> {
    pub(crate) fn new(core: &'t Core<EnvSpace>, state: &'t R) -> Self {
        Self { core, state, _types: PhantomData }
    }

    /// The value of `key`, borrowed from the state if its type allows. As [`Records::get`], and allocates nothing itself.
    ///
    /// # Errors
    /// As [`RecordsAt`] says.
    ///
    /// ```
    /// # use mapleaf::{Env, store::Records};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let names: Records<u32, &str> = env.records("names")?;
    /// names.put(7, "ann")?;
    /// let snap = env.snapshot()?;
    /// let name: &str = names.at(&snap).require(7)?;
    /// assert_eq!(name, "ann");
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn get(&self, key: K::Arg<'_>) -> Result<Option<V::Ref<'t>>> {
        self.get_as(&key).map_err(|error| self.named(error, "get"))
    }

    #[inline]
    fn get_as(&self, key: &impl AsKey<K>) -> Result<Option<V::Ref<'t>>> {
        let mut buf = KeyBuf::new();
        let key = sought(key, &mut buf)?;
        if self.core.is_no_key(key) {
            return Ok(None);
        }
        let Some(row) = self.row(key)? else { return Ok(None) };
        let parts = Parts::of(row).map_err(|error| error.at_key(key))?;
        if self.core.is_expired(OfState(self.state), parts.expires)? {
            return Ok(None);
        }
        self.core.decode::<V>(key, parts.value).map(Some)
    }

    /// The value of `key`, which must be there. As [`Records::require`].
    ///
    /// # Errors
    /// `NotFound`; as [`RecordsAt`] says.
    ///
    /// ```
    /// # use mapleaf::{Env, store::Records};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Records<&str, u32> = env.records("ages")?;
    /// ages.put("ann", 42)?;
    /// let snap = env.snapshot()?;
    /// let state = ages.at(&snap);
    /// assert_eq!(state.require("ann")?, 42);
    /// assert!(state.require("bob").is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn require(&self, key: K::Arg<'_>) -> Result<V::Ref<'t>> {
        let found = self.get_as(&key).and_then(|found| found.ok_or_else(|| not_found::<K>(&key)));
        found.map_err(|error| self.named(error, "require"))
    }

    /// The values of many keys. As [`Records::get_many`].
    ///
    /// # Errors
    /// As [`RecordsAt`] says.
    ///
    /// ```
    /// # use mapleaf::{Env, store::Records};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Records<&str, u32> = env.records("ages")?;
    /// ages.put("ann", 42)?;
    /// let snap = env.snapshot()?;
    /// let state = ages.at(&snap);
    /// assert_eq!(state.get_many(["bob", "ann"])?, [None, Some(42)]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_many(&self, keys: impl IntoIterator<Item: AsKey<K>>) -> Result<Vec<Option<V::Ref<'t>>>> {
        let found = keys.into_iter().map(|key| self.get_as(&key)).collect::<Result<_>>();
        found.map_err(|error| self.named(error, "get_many"))
    }

    /// The record of `key`. As [`Records::entry`].
    ///
    /// # Errors
    /// As [`RecordsAt`] says.
    ///
    /// ```
    /// # use mapleaf::{Env, store::Records};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Records<&str, u32> = env.records("ages")?;
    /// ages.put("ann", 42)?;
    /// let snap = env.snapshot()?;
    /// let state = ages.at(&snap);
    /// let entry = state.entry("ann")?.expect("it was put");
    /// assert_eq!((entry.key.as_str(), entry.value, entry.meta.version), ("ann", 42, 1));
    /// # Ok(())
    /// # }
    /// ```
    pub fn entry(&self, key: K::Arg<'_>) -> Result<Option<Entry<K::Owned, V::Ref<'t>>>> {
        let entry = || {
            let mut buf = KeyBuf::new();
            let key = sought::<K>(&key, &mut buf)?;
            let Some((header, row)) = self.live(key)? else { return Ok(None) };
            let value = self.core.decode::<V>(key, &row[header.value_at()..])?;
            Ok(Some(Entry { key: K::own(K::decode(key)?), value, meta: Meta::of(&header, row) }))
        };
        entry().map_err(|error| self.named(error, "entry"))
    }

    /// What the record of `key` is besides its value. As [`Records::meta`].
    ///
    /// # Errors
    /// As [`RecordsAt`] says.
    ///
    /// ```
    /// # use mapleaf::{Env, store::Records};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Records<&str, u32> = env.records("ages")?;
    /// ages.put("ann", 42)?;
    /// let snap = env.snapshot()?;
    /// let state = ages.at(&snap);
    /// ages.put("ann", 43)?;
    /// assert_eq!(state.meta("ann")?.map(|meta| meta.version), Some(1));
    /// # Ok(())
    /// # }
    /// ```
    pub fn meta(&self, key: K::Arg<'_>) -> Result<Option<Meta>> {
        let mut buf = KeyBuf::new();
        let live = sought::<K>(&key, &mut buf).and_then(|key| self.live(key));
        let meta = live.map(|live| live.map(|(header, row)| Meta::of(&header, row)));
        meta.map_err(|error| self.named(error, "meta"))
    }

    /// Whether `key` has a record. As [`Records::has`].
    ///
    /// # Errors
    /// As [`RecordsAt`] says.
    ///
    /// ```
    /// # use mapleaf::{Env, store::Records};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Records<&str, u32> = env.records("ages")?;
    /// ages.put("ann", 42)?;
    /// let snap = env.snapshot()?;
    /// let state = ages.at(&snap);
    /// assert!(state.has("ann")? && !state.has("bob")?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn has(&self, key: K::Arg<'_>) -> Result<bool> {
        let mut buf = KeyBuf::new();
        let has = sought::<K>(&key, &mut buf).and_then(|key| self.core.value(OfState(self.state), key, |_| Ok(())));
        has.map(|found| found.is_some()).map_err(|error| self.named(error, "has"))
    }

    /// The number of records. As [`Records::len`].
    ///
    /// # Errors
    /// As [`RecordsAt`] says.
    ///
    /// ```
    /// # use mapleaf::{Env, store::Records};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Records<&str, u32> = env.records("ages")?;
    /// ages.put("ann", 42)?;
    /// let snap = env.snapshot()?;
    /// let state = ages.at(&snap);
    /// ages.put("bob", 3)?;
    /// assert_eq!((state.len()?, state.is_empty()?, ages.len()?), (1, false, 2));
    /// # Ok(())
    /// # }
    /// ```
    pub fn len(&self) -> Result<u64> {
        self.core.len(OfState(self.state)).map_err(|error| self.named(error, "len"))
    }

    /// Whether there is no record. As [`len`](Self::len).
    ///
    /// # Errors
    /// As [`RecordsAt`] says.
    pub fn is_empty(&self) -> Result<bool> {
        self.len().map(|len| len == 0)
    }

    /// The number of records in a range of keys. As [`Records::count`].
    ///
    /// # Errors
    /// As [`RecordsAt`] says; `InvalidKey` for an end that has no position in the order.
    ///
    /// ```
    /// # use mapleaf::{Env, store::Records};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Records<&str, u32> = env.records("ages")?;
    /// ages.put("ann", 42)?;
    /// let snap = env.snapshot()?;
    /// let state = ages.at(&snap);
    /// assert_eq!((state.count("b"..)?, state.count(..)?), (0, 1));
    /// # Ok(())
    /// # }
    /// ```
    pub fn count(&self, range: impl KeyRange<K>) -> Result<u64> {
        let count = range.byte_bounds().and_then(|bounds| self.core.count(OfState(self.state), &bounds));
        count.map_err(|error| self.named(error, "count"))
    }

    #[inline]
    fn row(&self, key: &[u8]) -> Result<Option<&'t [u8]>> {
        env_backend::get_of_width(self.state, &self.core.records, K::WIDTH, key)
    }

    fn live(&self, key: &[u8]) -> Result<Option<(Header, &'t [u8])>> {
        if self.core.is_no_key(key) {
            return Ok(None);
        }
        let Some(row) = self.row(key)? else { return Ok(None) };
        let header = Header::decode(row).map_err(|error| error.at_key(key))?;
        Ok(if self.core.is_expired(OfState(self.state), header.expires)? { None } else { Some((header, row)) })
    }

    #[cold]
    fn named(&self, error: Error, operation: &'static str) -> Error {
        self.core.named(error, operation)
    }
}

impl<K, V, R> Clone for RecordsAt<'_, K, V, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V, R> Copy for RecordsAt<'_, K, V, R> {}

impl<K, V, R> fmt::Debug for RecordsAt<'_, K, V, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordsAt").field("store", &self.core.name).finish_non_exhaustive()
    }
}
