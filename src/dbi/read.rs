//! Point reads.

use serde::Deserialize;

use crate::dbi::handle::Dbi;
use crate::error::Result;
use crate::key::{Key, KeyBuf};
use crate::txn::Read;
use crate::value::{Msgpack, MsgpackCompact, Value, decode_as};

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
