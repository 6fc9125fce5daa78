//! Adds typed changes to a batch.

use crate::dbi::handle::Dbi;
use crate::error::Result;
use crate::key::{Key, KeyBuf};
use crate::scan::KeyRange;
use crate::value::{Context, Value};
use crate::write_set::{Batch, Expect, What};

impl Batch {
    /// Adds a change: stores `value` under `key`.
    ///
    /// # Errors
    /// As [`Dbi::put`]. Keys and values are checked when they are added.
    pub fn put<K: Key, V: Value>(&mut self, dbi: &Dbi<K, V>, key: K::Arg<'_>, value: V::Arg<'_>) -> Result<&mut Self> {
        self.put_if(dbi, key, value, Expect::Any)
    }

    /// Adds a change: stores `value` under `key`, which must be absent.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn insert<K: Key, V: Value>(
        &mut self,
        dbi: &Dbi<K, V>,
        key: K::Arg<'_>,
        value: V::Arg<'_>,
    ) -> Result<&mut Self> {
        self.put_if(dbi, key, value, Expect::Absent)
    }

    /// Adds a change: stores `value` under `key`, which must hold the expected value.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn put_if<K: Key, V: Value>(
        &mut self,
        dbi: &Dbi<K, V>,
        key: K::Arg<'_>,
        value: V::Arg<'_>,
        expect: Expect<V::Arg<'_>>,
    ) -> Result<&mut Self> {
        let mut buf = KeyBuf::new();
        let what = dbi.keyed(Dbi::<K, V>::encode(&key, &mut buf), expect, |key, expect| {
            let value = dbi.bytes_of(&key, &value)?;
            Ok(What::Put { key, value, expect })
        });
        self.add(dbi, what, "put")
    }

    /// Adds a change: removes `key` if it exists.
    ///
    /// # Errors
    /// As [`Dbi::delete`].
    pub fn delete<K: Key, V: Value>(&mut self, dbi: &Dbi<K, V>, key: K::Arg<'_>) -> Result<&mut Self> {
        self.delete_if(dbi, key, Expect::Any)
    }

    /// Adds a change: removes `key`, which must hold the expected value. A key that cannot be stored counts as
    /// absent.
    ///
    /// # Errors
    /// As [`Dbi::delete`]; also the encoding errors of the expected value.
    pub fn delete_if<K: Key, V: Value>(
        &mut self,
        dbi: &Dbi<K, V>,
        key: K::Arg<'_>,
        expect: Expect<V::Arg<'_>>,
    ) -> Result<&mut Self> {
        let mut buf = KeyBuf::new();
        let key = Dbi::<K, V>::sought(&key, &mut buf);
        let what = dbi.keyed(key, expect, |key, expect| Ok(What::Delete { key, expect }));
        self.add(dbi, what, "delete")
    }

    /// Adds a change: removes the entries between two keys, selected as by [`Dbi::range`].
    ///
    /// # Errors
    /// As [`Dbi::delete_range`].
    pub fn delete_range<K: Key, V: Value>(&mut self, dbi: &Dbi<K, V>, range: impl KeyRange<K>) -> Result<&mut Self> {
        let what = range.byte_bounds().map(|bounds| {
            let (lower, upper) = bounds.as_refs();
            What::DeleteRange { lower: lower.map(Into::into), upper: upper.map(Into::into) }
        });
        self.add(dbi, what, "delete_range")
    }

    /// Adds only a condition: `key` must hold the expected value. A key that cannot be stored counts as absent.
    ///
    /// # Errors
    /// As [`delete_if`](Self::delete_if).
    pub fn check<K: Key, V: Value>(
        &mut self,
        dbi: &Dbi<K, V>,
        key: K::Arg<'_>,
        expect: Expect<V::Arg<'_>>,
    ) -> Result<&mut Self> {
        let mut buf = KeyBuf::new();
        let key = Dbi::<K, V>::sought(&key, &mut buf);
        let what = dbi.keyed(key, expect, |key, expect| Ok(What::Check { key, expect }));
        self.add(dbi, what, "check")
    }

    fn add<K, V>(&mut self, dbi: &Dbi<K, V>, what: Result<What>, operation: &'static str) -> Result<&mut Self> {
        what.and_then(|what| self.push(&dbi.dbi, what)).map_err(|error| dbi.named(error, operation))
    }
}

impl<K: Key, V: Value> Dbi<K, V> {
    /// Copies the key, and encodes the value that is expected under it.
    fn keyed(
        &self,
        key: Result<&[u8]>,
        expect: Expect<V::Arg<'_>>,
        what: impl FnOnce(Box<[u8]>, Expect<Box<[u8]>>) -> Result<What>,
    ) -> Result<What> {
        let key: Box<[u8]> = key?.into();
        let expect = expect.try_map(|value| self.bytes_of(&key, &value))?;
        what(key, expect)
    }

    fn bytes_of(&self, key: &[u8], value: &V::Arg<'_>) -> Result<Box<[u8]>> {
        let mut buf = Vec::new();
        let context = Context::new(&self.dbi.uuid, &self.dbi.name, key);
        V::encode(value, &context, &mut buf).map(Into::into).map_err(|error| error.at_key(key))
    }
}
