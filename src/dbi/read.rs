//! Point reads.

use crate::dbi::handle::Dbi;
use crate::error::Result;
use crate::key::{Key, KeyBuf};
use crate::txn::Read;
use crate::value::Value;

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
    #[doc(alias("lookup", "find"))]
    #[inline]
    pub fn get<'t, R: Read>(&self, state: &'t R, key: K::Arg<'_>) -> Result<Option<V::Ref<'t>>> {
        let mut buf = KeyBuf::new();
        self.get_encoded(state, Self::sought(&key, &mut buf)).map_err(|error| self.named(error, "get"))
    }

    /// Whether `key` exists. O(log n), as [`get`](Self::get), without decoding the value.
    ///
    /// # Errors
    /// As [`Dbi`] says.
    #[doc(alias("exists", "contains_key", "has"))]
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
        // The compiler resolves this match for the library's own key types, whose width is a constant. The length is
        // checked too, because a user's key type might break the width that it declares.
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
