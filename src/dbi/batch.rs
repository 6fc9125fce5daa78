//! Filling batches with typed changes.

use crate::dbi::handle::Dbi;
use crate::error::Result;
use crate::key::{Key, KeyBuf};
use crate::scan::KeyRange;
use crate::value::{Context, Value};
use crate::write_set::{Batch, Expect, What};

impl Batch {
    /// Adds: store `value` under `key`.
    ///
    /// # Errors
    /// As [`Dbi::put`]: keys and values are checked when they are added.
    pub fn put<K: Key, V: Value>(&mut self, dbi: &Dbi<K, V>, key: K::Arg<'_>, value: V::Arg<'_>) -> Result<&mut Self> {
        self.put_if(dbi, key, value, Expect::Any)
    }

    /// Adds: store `value` under `key`, where nothing may be.
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

    /// Adds: store `value` under `key`, which must hold what is expected.
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

    /// Adds: remove `key`, if it is there.
    ///
    /// # Errors
    /// As [`Dbi::delete`].
    pub fn delete<K: Key, V: Value>(&mut self, dbi: &Dbi<K, V>, key: K::Arg<'_>) -> Result<&mut Self> {
        self.delete_if(dbi, key, Expect::Any)
    }

    /// Adds: remove `key`, which must hold what is expected. A key that cannot be stored is absent.
    ///
    /// # Errors
    /// As [`Dbi::delete`]; those of a value that cannot be encoded.
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

    /// Adds: remove the entries between two keys, as [`Dbi::range`] finds them.
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

    /// Adds a condition alone: `key` must hold what is expected. A key that cannot be stored is absent.
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
    /// Owns a key, and encodes what is expected of it.
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
