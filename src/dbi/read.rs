//! Point reads.

use serde::Deserialize;

use crate::dbi::handle::Dbi;
use crate::error::{Error, Result};
use crate::key::{AsKey, Key, KeyBuf};
use crate::scan::{NO_KEY, no_key};
use crate::txn::Read;
use crate::value::{Msgpack, MsgpackCompact, Value, decode_as};

/// The maximum number of keys to reserve memory for in advance, because an iterator may claim any length.
const MANY: usize = 1 << 14;

impl<K: Key, V: Value> Dbi<K, V> {
    /// The value of `key`, borrowed from the state if its type allows. O(log n). Mapleaf itself allocates nothing.
    ///
    /// # Errors
    /// As [`Dbi`] says.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let names: Dbi<u32, &str> = env.dbi("names")?;
    /// env.transact(|txn| names.put(txn, 7, "ann"))?;
    /// let snap = env.snapshot()?;
    /// assert_eq!(names.get(&snap, 7)?, Some("ann"));
    /// assert_eq!(names.get(&snap, 8)?, None);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn get<'t, R: Read>(&self, state: &'t R, key: K::Arg<'_>) -> Result<Option<V::Ref<'t>>> {
        let mut buf = KeyBuf::new();
        self.get_encoded(state, Self::sought(&key, &mut buf)).map_err(|error| self.named(error, "get"))
    }

    /// Whether `key` exists. O(log n), as [`get`](Self::get), without decoding the value.
    ///
    /// # Errors
    /// As [`Dbi`] says.
    pub fn contains(&self, state: &impl Read, key: K::Arg<'_>) -> Result<bool> {
        let mut buf = KeyBuf::new();
        let found = Self::sought(&key, &mut buf).and_then(|key| self.raw_get(state, key));
        found.map(|value| value.is_some()).map_err(|error| self.named(error, "contains"))
    }

    /// The values of many keys, in the order of the given keys; `None` for those that are absent.
    ///
    /// In a snapshot, groups of keys descend the tree together, so that their cache misses overlap. For many keys of
    /// a large DBI this is faster than calling [`get`](Self::get) for each. Allocates the keys' bytes and order, and
    /// the result.
    ///
    /// From 128 keys on, pages that are not in memory are requested from the file together.
    ///
    /// # Errors
    /// As [`Dbi`] says.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let names: Dbi<u32, &str> = env.dbi("names")?;
    /// env.transact(|txn| { names.put(txn, 1, "ann")?; names.put(txn, 2, "bob") })?;
    /// assert_eq!(names.get_many(&env.snapshot()?, [2, 3, 1])?, [Some("bob"), None, Some("ann")]);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("multi_get", "batch"))]
    pub fn get_many<'t, R: Read, I>(&self, state: &'t R, keys: I) -> Result<Vec<Option<V::Ref<'t>>>>
    where
        I: IntoIterator<Item: AsKey<K>>,
    {
        self.get_each(state, keys).map_err(|error| self.named(error, "get_many"))
    }

    fn get_each<'t, R: Read, I>(&self, state: &'t R, keys: I) -> Result<Vec<Option<V::Ref<'t>>>>
    where
        I: IntoIterator<Item: AsKey<K>>,
    {
        // All keys in one buffer; `ends` holds where each ends.
        let keys = keys.into_iter();
        let likely = keys.size_hint().0.min(MANY);
        let (mut bytes, mut ends) = (Vec::with_capacity(likely * K::WIDTH.unwrap_or(16)), Vec::with_capacity(likely));
        let (mut buf, mut same) = (KeyBuf::new(), true);
        for key in keys {
            let key = match key.encode_key(&mut buf) {
                Ok(key) if key.len() <= self.dbi.max_key => key,
                // Longer than the longest key allowed: the key is absent, and its bytes are not needed.
                Ok(_) => NO_KEY,
                Err(error) => no_key::<K>(&key, error)?,
            };
            same &= Some(key.len()) == K::WIDTH;
            bytes.extend_from_slice(key);
            ends.push(bytes.len());
        }
        let mut start = 0;
        let keys: Vec<&[u8]> = ends.iter().map(|&end| &bytes[std::mem::replace(&mut start, end)..end]).collect();
        let mut values: Vec<Option<V::Ref<'t>>> = std::iter::repeat_with(|| None).take(keys.len()).collect();
        // If several values cannot be decoded, report the first in the order of the given keys.
        let mut failed: Option<(usize, Error)> = None;
        let each = |index: usize, value: Option<&'t [u8]>| {
            let (Some(out), Some(key), Some(value)) = (values.get_mut(index), keys.get(index), value) else { return };
            match self.decode(state.raw_uuid(), key, value) {
                Ok(value) => *out = Some(value),
                Err(error) if failed.as_ref().is_none_or(|(first, _)| index < *first) => failed = Some((index, error)),
                Err(_) => {}
            }
        };
        match (K::WIDTH, same) {
            (Some(4), true) => state.raw_get_many::<4>(&self.dbi, &keys, each)?,
            (Some(8), true) => state.raw_get_many::<8>(&self.dbi, &keys, each)?,
            (Some(16), true) => state.raw_get_many::<16>(&self.dbi, &keys, each)?,
            _ => state.raw_get_many::<0>(&self.dbi, &keys, each)?,
        }
        match failed {
            Some((_, error)) => Err(error),
            None => Ok(values),
        }
    }

    #[inline]
    fn get_encoded<'t, R: Read>(&self, state: &'t R, key: Result<&[u8]>) -> Result<Option<V::Ref<'t>>> {
        let key = key?;
        match self.raw_get(state, key)? {
            Some(value) => self.decode(state.raw_uuid(), key, value).map(Some),
            None => Ok(None),
        }
    }

    #[inline]
    pub(crate) fn raw_get<'t, R: Read>(&self, state: &'t R, key: &[u8]) -> Result<Option<&'t [u8]>> {
        // For the library's own key types the compiler resolves this. A user's type might break its declared width,
        // so the length is checked.
        match (K::WIDTH, key.len()) {
            (Some(1), 1) => state.raw_get::<1>(&self.dbi, key),
            (Some(2), 2) => state.raw_get::<2>(&self.dbi, key),
            (Some(4), 4) => state.raw_get::<4>(&self.dbi, key),
            (Some(8), 8) => state.raw_get::<8>(&self.dbi, key),
            (Some(16), 16) => state.raw_get::<16>(&self.dbi, key),
            _ => state.raw_get::<0>(&self.dbi, key),
        }
    }
}

macro_rules! get_as {
    ($($value:ident),+) => {$(
        impl<K: Key, T> Dbi<K, $value<T>>
        where
            $value<T>: Value,
        {
            /// The value of `key` as a `U` that may borrow its text and bytes from the state, so that they are not
            /// copied.
            ///
            /// # Errors
            /// As [`Dbi`] says.
            ///
            /// ```
            #[doc = concat!("use mapleaf::{Dbi, Env, ", stringify!($value), "};")]
            ///
            /// #[derive(serde::Serialize, serde::Deserialize)]
            /// struct User { name: String, age: u32 }
            ///
            /// #[derive(serde::Deserialize)]
            /// struct UserRef<'a> { name: &'a str, age: u32 }
            ///
            /// # fn main() -> mapleaf::Result<()> {
            /// let env = Env::temporary()?;
            #[doc = concat!("let users: Dbi<u64, ", stringify!($value), "<User>> = env.dbi(\"users\")?;")]
            /// env.transact(|txn| users.put(txn, 1, &User { name: "Ann".into(), age: 42 }))?;
            /// let snap = env.snapshot()?;
            /// let ann: Option<UserRef> = users.get_as(&snap, 1)?;
            /// assert_eq!(ann.map(|user| (user.name, user.age)), Some(("Ann", 42)));
            /// # Ok(())
            /// # }
            /// ```
            pub fn get_as<'t, U: Deserialize<'t>>(&self, state: &'t impl Read, key: K::Arg<'_>) -> Result<Option<U>> {
                let mut buf = KeyBuf::new();
                let read = |key: &[u8]| match self.raw_get(state, key)? {
                    Some(value) => decode_as(value).map(Some).map_err(|error| error.at_key(key)),
                    None => Ok(None),
                };
                Self::sought(&key, &mut buf).and_then(read).map_err(|error| self.named(error, "get_as"))
            }
        }
    )+};
}

get_as!(Msgpack, MsgpackCompact);
