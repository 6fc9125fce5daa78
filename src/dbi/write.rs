//! Point writes.

use std::sync::Arc;

use crate::dbi::handle::Dbi;
use crate::error::{Error, ErrorKind, Result};
use crate::key::{Key, KeyBuf};
use crate::read::RawRead;
use crate::scan::DecodeContext;
use crate::txn::{Read, TxnState, Write};
use crate::value::{Context, Value};

impl<K: Key, V: Value> Dbi<K, V> {
    /// Stores `value` under `key`, replacing an existing value.
    ///
    /// # Errors
    /// As [`Dbi`] says; `InvalidKey` for an empty or otherwise invalid key, `TooLarge` for one over 511 bytes;
    /// `Encode` for a value that cannot be encoded; `TooLarge` for one over 2 GiB or a transaction over
    /// `max_txn_bytes`. The transaction is then unchanged and can be used further.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Dbi<&str, u32> = env.dbi("ages")?;
    /// env.transact(|txn| {
    ///     ages.put(txn, "ann", 42)?;
    ///     assert!(!ages.insert(txn, "ann", 7)?);
    ///     assert_eq!(ages.replace(txn, "ann", 43)?, Some(42));
    ///     assert_eq!(ages.update(txn, "ann", |age| age.map(|age| age + 1))?, Some(44));
    ///     assert_eq!(ages.get_or_put(txn, "bob", || 3)?, 3);
    ///     assert_eq!(ages.take(txn, "bob")?, Some(3));
    ///     assert!(!ages.delete(txn, "bob")?);
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("set", "store", "insert_or_replace"))]
    pub fn put(&self, txn: &mut impl Write, key: K::Arg<'_>, value: V::Arg<'_>) -> Result<()> {
        let txn = txn.write_txn().open();
        let mut buf = KeyBuf::new();
        let put = Self::encode(&key, &mut buf).and_then(|key| self.put_encoded(txn, key, &value, None));
        put.map_err(|error| self.named(error, "put"))
    }

    /// Stores `value` under `key` if the key is absent, and returns whether it did.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    #[doc(alias("put_if_absent", "NO_OVERWRITE"))]
    pub fn insert(&self, txn: &mut impl Write, key: K::Arg<'_>, value: V::Arg<'_>) -> Result<bool> {
        let txn = txn.write_txn().open();
        let mut buf = KeyBuf::new();
        let insert = |key: &[u8]| {
            txn.check_key(key)?;
            let absent = self.raw_get(txn, key)?.is_none();
            if absent {
                self.put_encoded(txn, key, &value, Some(false))?;
            }
            Ok(absent)
        };
        Self::encode(&key, &mut buf).and_then(insert).map_err(|error| self.named(error, "insert"))
    }

    /// Stores `value` under `key` and returns the old value. If the bytes are the same, nothing changes.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    #[doc(alias("swap", "getset"))]
    pub fn replace(&self, txn: &mut impl Write, key: K::Arg<'_>, value: V::Arg<'_>) -> Result<Option<V::Owned>> {
        let txn = txn.write_txn().open();
        let mut buf = KeyBuf::new();
        let replace = |key: &[u8]| {
            txn.check_key(key)?;
            let (uuid, mut buf) = (*txn.raw_uuid(), Vec::new());
            let new = self.value_bytes(&uuid, key, &value, &mut buf)?;
            let old = self.raw_get(txn, key)?;
            let owned = old.map(|old| Ok::<_, Error>(V::own(self.decode(&uuid, key, old)?))).transpose()?;
            let is_there = old.is_some();
            if old != Some(new) {
                txn.raw_put_over(&self.dbi, key, new, Some(is_there))?;
            }
            Ok(owned)
        };
        Self::encode(&key, &mut buf).and_then(replace).map_err(|error| self.named(error, "replace"))
    }

    /// Calls `f` with the value of `key`, stores the value that `f` returns, or removes the key if `f` returns
    /// `None`. Returns the new value. If the bytes are the same, nothing changes.
    ///
    /// # Errors
    /// As [`put`](Self::put), if `f` returns a value; until then a key that cannot be stored counts as absent.
    #[doc(alias("upsert", "merge", "modify", "compute", "fetch_and_update", "compare_and_swap"))]
    pub fn update(
        &self,
        txn: &mut impl Write,
        key: K::Arg<'_>,
        f: impl FnOnce(Option<V::Ref<'_>>) -> Option<V::Owned>,
    ) -> Result<Option<V::Owned>> {
        self.update_as("update", txn, key, |old| Ok::<_, Error>(f(old)))
    }

    /// Returns the value of `key`. If the key is absent, stores what `f` returns and returns that.
    ///
    /// # Errors
    /// As [`put`](Self::put). An error of the key is returned before `f` is called.
    #[doc(alias("entry", "or_insert"))]
    pub fn get_or_put(&self, txn: &mut impl Write, key: K::Arg<'_>, f: impl FnOnce() -> V::Owned) -> Result<V::Owned> {
        self.get_or_put_as("get_or_put", txn, key, || Ok::<_, Error>(f()))
    }

    /// Stores `value` under `key`, which must be above all other keys.
    ///
    /// # Errors
    /// `InvalidArgument` when an equal or greater key exists; otherwise as [`put`](Self::put).
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env, ErrorKind};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let log: Dbi<u64, &str> = env.dbi("log")?;
    /// env.transact(|txn| {
    ///     log.append(txn, 1, "first")?;
    ///     log.append(txn, 2, "second")?;
    ///     assert_eq!(log.append(txn, 2, "again").unwrap_err().kind(), ErrorKind::InvalidArgument);
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("APPEND"))]
    pub fn append(&self, txn: &mut impl Write, key: K::Arg<'_>, value: V::Arg<'_>) -> Result<()> {
        let txn = txn.write_txn().open();
        let mut buf = KeyBuf::new();
        let append = |key: &[u8]| {
            txn.check_key(key)?;
            if !txn.raw_is_above_all(&self.dbi, key)? {
                let why = "the key to append is not above the last one; put it instead";
                return Err(Error::new(ErrorKind::InvalidArgument, why).at_key(key));
            }
            self.put_encoded(txn, key, &value, Some(false))
        };
        Self::encode(&key, &mut buf).and_then(append).map_err(|error| self.named(error, "append"))
    }

    /// Removes `key`, and returns whether it was there.
    ///
    /// # Errors
    /// As [`Dbi`] says; `TooLarge` for a transaction over `max_txn_bytes`.
    #[doc(alias("remove", "del", "erase"))]
    pub fn delete(&self, txn: &mut impl Write, key: K::Arg<'_>) -> Result<bool> {
        let txn = txn.write_txn().open();
        let mut buf = KeyBuf::new();
        let delete = |key: &[u8]| self.remove(txn, key);
        Self::sought(&key, &mut buf).and_then(delete).map_err(|error| self.named(error, "delete"))
    }

    /// Removes `key` and returns its value.
    ///
    /// # Errors
    /// As [`delete`](Self::delete).
    #[doc(alias("remove", "pop"))]
    pub fn take(&self, txn: &mut impl Write, key: K::Arg<'_>) -> Result<Option<V::Owned>> {
        let txn = txn.write_txn().open();
        let mut buf = KeyBuf::new();
        let take = |key: &[u8]| {
            let old = self.owned(txn, key)?;
            if old.is_some() {
                self.remove(txn, key)?;
            }
            Ok(old)
        };
        Self::sought(&key, &mut buf).and_then(take).map_err(|error| self.named(error, "take"))
    }

    /// Removes and returns the entry with the least key.
    ///
    /// # Errors
    /// As [`delete`](Self::delete).
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let queue: Dbi<u64, &str> = env.dbi("queue")?;
    /// env.transact(|txn| { queue.put(txn, 1, "wash")?; queue.put(txn, 2, "dry") })?;
    /// let job = env.transact(|txn| queue.pop_first(txn))?;
    /// assert_eq!(job, Some((1, "wash".to_owned())));
    /// # Ok(())
    /// # }
    /// ```
    pub fn pop_first(&self, txn: &mut impl Write) -> Result<Option<(K::Owned, V::Owned)>> {
        let txn = txn.write_txn().open();
        self.pop::<false>(txn).map_err(|error| self.named(error, "pop_first"))
    }

    /// Removes and returns the entry with the greatest key.
    ///
    /// # Errors
    /// As [`delete`](Self::delete).
    pub fn pop_last(&self, txn: &mut impl Write) -> Result<Option<(K::Owned, V::Owned)>> {
        let txn = txn.write_txn().open();
        self.pop::<true>(txn).map_err(|error| self.named(error, "pop_last"))
    }

    fn pop<const LAST: bool>(&self, txn: &mut TxnState) -> Result<Option<(K::Owned, V::Owned)>> {
        let uuid = *txn.raw_uuid();
        let context = DecodeContext { uuid: &uuid, dbi: Arc::clone(&self.dbi) };
        txn.raw_pop::<LAST, _>(&self.dbi, |key, value| {
            Ok((K::own(context.decode_key::<K>(key)?), V::own(context.decode_value::<V>(key, value)?)))
        })
    }

    /// Removes an encoded key, and returns whether it was there.
    fn remove(&self, txn: &mut TxnState, key: &[u8]) -> Result<bool> {
        // Both the width and the length are checked, as in `raw_get`.
        match (K::WIDTH, key.len()) {
            (Some(1), 1) => txn.raw_delete_of::<1>(&self.dbi, key),
            (Some(2), 2) => txn.raw_delete_of::<2>(&self.dbi, key),
            (Some(4), 4) => txn.raw_delete_of::<4>(&self.dbi, key),
            (Some(8), 8) => txn.raw_delete_of::<8>(&self.dbi, key),
            (Some(16), 16) => txn.raw_delete_of::<16>(&self.dbi, key),
            _ => txn.raw_delete(&self.dbi, key),
        }
    }

    /// Stores a value under an encoded key. `is_there` says whether the key exists, if the caller knows.
    pub(crate) fn put_encoded(
        &self,
        txn: &mut TxnState,
        key: &[u8],
        value: &V::Arg<'_>,
        is_there: Option<bool>,
    ) -> Result<()> {
        let (uuid, mut buf) = (*txn.raw_uuid(), Vec::new());
        let value = self.value_bytes(&uuid, key, value, &mut buf)?;
        txn.raw_put_over(&self.dbi, key, value, is_there)
    }

    pub(super) fn value_bytes<'b>(
        &self,
        uuid: &[u8; 16],
        key: &[u8],
        value: &'b V::Arg<'_>,
        buf: &'b mut Vec<u8>,
    ) -> Result<&'b [u8]> {
        V::encode(value, &Context::new(uuid, &self.dbi.origin, key), buf).map_err(|error| error.at_key(key))
    }

    pub(super) fn owned(&self, txn: &impl Read, key: &[u8]) -> Result<Option<V::Owned>> {
        match self.raw_get(txn, key)? {
            Some(value) => Ok(Some(V::own(self.decode(txn.raw_uuid(), key, value)?))),
            None => Ok(None),
        }
    }
}
