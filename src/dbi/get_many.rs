//! Batched point reads.

use crate::dbi::handle::Dbi;
use crate::error::{Error, Result};
use crate::key::{AsKey, Key, KeyBuf};
use crate::scan::{NO_KEY, no_key};
use crate::txn::Read;
use crate::value::Value;

/// The maximum number of keys to reserve memory for in advance, because an iterator may claim any length.
const MAX_RESERVED_KEYS: usize = 1 << 14;

impl<K: Key, V: Value> Dbi<K, V> {
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
        let likely = keys.size_hint().0.min(MAX_RESERVED_KEYS);
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
}
