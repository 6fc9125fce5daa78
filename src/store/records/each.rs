//! Writes of many records, of which those are skipped whose condition does not hold.

use std::collections::HashSet;

use crate::error::{Error, ErrorKind, Result};
use crate::key::{AsKey, Key, KeyBuf};
use crate::store::backend::Backend;
use crate::store::records::conflict::RecordConflict;
use crate::store::records::core::Core;
use crate::store::records::handle::{Records, sought};
use crate::store::records::put_options::{Expect, PutOptions, Ttl};
use crate::store::records::record_bytes::RecordBytes;
use crate::store::records::writer::Writer;
use crate::value::{AsValue, Value};

impl<K: Key, V: Value, B: Backend> Records<K, V, B> {
    /// Puts many records in one commit, but not those whose condition does not hold: it returns these, in order. Without
    /// any, the list is empty and all were put. O(records · log n).
    ///
    /// # Errors
    /// As [`put_with`](Self::put_with), but not for conditions; `InvalidArgument` if one of the records has a condition
    /// and a key occurs twice. Without conditions the last record of a key wins. Nothing was put then.
    ///
    /// ```
    /// # use mapleaf::{Env, store::{Expect, PutOptions, Records}};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Records<&str, u32> = env.records("ages")?;
    /// let ann = ages.put("ann", 42)?;
    /// let new = PutOptions::new().expect(Expect::Absent);
    /// let skipped = ages.put_each([("ann", 1, new.clone()), ("bob", 2, new)])?;
    /// assert_eq!((skipped.len(), skipped[0].index, skipped[0].actual), (1, 0, Some(ann.token)));
    /// assert_eq!(ages.get_many(["ann", "bob"])?, [Some(42), Some(2)]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn put_each<A: AsKey<K>, W: AsValue<V>>(
        &self,
        records: impl IntoIterator<Item = (A, W, PutOptions)>,
    ) -> Result<Vec<RecordConflict>> {
        let put_each = || {
            let mut puts = encode_puts::<K, V, _>(&self.core, records)?;
            if puts.is_empty() {
                return Ok(Vec::new());
            }
            self.change(|writer| writer.put_each(&mut puts)).map(|(skipped, _)| skipped)
        };
        put_each().map_err(|error| self.named(error, "put_each"))
    }

    /// Deletes many records in one commit, but not those whose condition does not hold: it returns these, in order.
    /// O(keys · log n).
    ///
    /// # Errors
    /// As [`Records`] says; `InvalidArgument` if there is a condition and a key occurs twice. Nothing was deleted then.
    ///
    /// ```
    /// # use mapleaf::{Env, store::{Expect, Records}};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Records<&str, u32> = env.records("ages")?;
    /// let ann = ages.put("ann", 42)?;
    /// let skipped = ages.delete_each([("ann", Expect::Token(ann.token)), ("bob", Expect::Present)])?;
    /// assert_eq!((skipped.len(), skipped[0].key_as::<&str>()?), (1, "bob".to_owned()));
    /// assert!(ages.is_empty()?);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("multi_delete"))]
    pub fn delete_each<A: AsKey<K>>(&self, keys: impl IntoIterator<Item = (A, Expect)>) -> Result<Vec<RecordConflict>> {
        let delete_each = || {
            let deletes = encode_deletes::<K>(keys)?;
            if deletes.is_empty() {
                return Ok(Vec::new());
            }
            self.change(|writer| writer.delete_each(&deletes)).map(|(skipped, _)| skipped)
        };
        delete_each().map_err(|error| self.named(error, "delete_each"))
    }
}

/// A record to be put.
#[derive(Debug)]
pub(crate) struct Put {
    pub key: Box<[u8]>,
    pub record: RecordBytes,
    pub ttl: Ttl,
    pub expect: Expect,
}

/// A key to be deleted, and under which condition.
pub(crate) type Delete = (Box<[u8]>, Expect);

pub(crate) fn encode_put<K: Key, V: Value, S>(
    core: &Core<S>,
    key: &impl AsKey<K>,
    value: &impl AsValue<V>,
    options: &PutOptions,
) -> Result<Put> {
    options.ttl.check()?;
    let mut buf = KeyBuf::new();
    let key = key.encode_key(&mut buf)?;
    let record = core.record::<V>(key, value, &options.meta)?;
    Ok(Put { key: key.into(), record, ttl: options.ttl, expect: options.expect })
}

pub(crate) fn encode_puts<K: Key, V: Value, S>(
    core: &Core<S>,
    records: impl IntoIterator<Item = (impl AsKey<K>, impl AsValue<V>, PutOptions)>,
) -> Result<Vec<Put>> {
    let put = |(key, value, options)| encode_put::<K, V, S>(core, &key, &value, &options);
    let puts: Vec<Put> = records.into_iter().map(put).collect::<Result<_>>()?;
    refuse_twice(puts.iter().map(|put| (&*put.key, put.expect != Expect::Any)))?;
    Ok(puts)
}

pub(crate) fn encode_deletes<K: Key>(keys: impl IntoIterator<Item = (impl AsKey<K>, Expect)>) -> Result<Vec<Delete>> {
    let delete = |(key, expect)| Ok((sought::<K>(&key, &mut KeyBuf::new())?.into(), expect));
    let deletes: Vec<Delete> = keys.into_iter().map(delete).collect::<Result<_>>()?;
    refuse_twice(deletes.iter().map(|(key, expect)| (&**key, *expect != Expect::Any)))?;
    Ok(deletes)
}

/// Refuses a key that occurs twice, if anything is conditional: which of the two would have to hold cannot be told.
pub(crate) fn refuse_twice<'k>(keys: impl Iterator<Item = (&'k [u8], bool)> + Clone) -> Result<()> {
    if !keys.clone().any(|(_, is_conditional)| is_conditional) {
        return Ok(());
    }
    let mut seen = HashSet::new();
    for (key, _) in keys {
        // Keys that cannot be stored have no bytes, and need not be the same.
        if !key.is_empty() && !seen.insert(key) {
            let why = "a key occurs twice beside conditions; name each key once";
            return Err(Error::new(ErrorKind::InvalidArgument, why).at_key(key));
        }
    }
    Ok(())
}

impl<S> Writer<'_, S> {
    /// Puts those whose condition holds, and returns the others.
    pub fn put_each(&mut self, puts: &mut [Put]) -> Result<Vec<RecordConflict>> {
        let mut skipped = Vec::new();
        for (index, Put { key, record, ttl, expect }) in puts.iter_mut().enumerate() {
            let found = self.find(key)?;
            match Self::check(key, &found, *expect, index) {
                Ok(()) => drop(self.put(key, &found, record, *ttl)?),
                Err(conflict) => skipped.push(conflict),
            }
        }
        Ok(skipped)
    }

    /// Deletes those whose condition holds, and returns the others.
    pub fn delete_each(&mut self, deletes: &[Delete]) -> Result<Vec<RecordConflict>> {
        let mut skipped = Vec::new();
        for (index, (key, expect)) in deletes.iter().enumerate() {
            let found = self.find(key)?;
            match Self::check(key, &found, *expect, index) {
                Ok(()) => drop(self.delete_found(key, &found)?),
                Err(conflict) => skipped.push(conflict),
            }
        }
        Ok(skipped)
    }
}
