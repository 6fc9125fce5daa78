//! The verbs inside a transaction of an environment, beside plain DBIs.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::key::{AsKey, Key, KeyBuf};
use crate::store::backend::Committed;
use crate::store::env_backend::EnvSpace;
use crate::store::env_txn::EnvTxn;
use crate::store::records::at::RecordsAt;
use crate::store::records::batch::RecordBatch;
use crate::store::records::conflict::RecordConflict;
use crate::store::records::core::Core;
use crate::store::records::each::{encode_deletes, encode_puts};
use crate::store::records::handle::{Records, sought};
use crate::store::records::meta::Meta;
use crate::store::records::put_options::{Expect, PutOptions, Ttl};
use crate::store::records::record_bytes::RecordBytes;
use crate::store::records::sweep::check_limit;
use crate::store::records::update::update_in;
use crate::store::records::writer::{Moment, Writer};
use crate::txn::WriteTxn;
use crate::value::{AsValue, Value};

impl<K: Key, V: Value> Records<K, V> {
    /// The same verbs inside a transaction of the environment: what they change is committed with it, beside what is
    /// changed in plain DBIs and other stores. Free.
    ///
    /// All writes through one [`RecordsTxn`] have the same time. Keep it for many writes: each one that is made anew reads
    /// and writes the time of the store again.
    ///
    /// Tokens are known before the commit. Those of a transaction that is not committed mean nothing: another one may give
    /// them to other records.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env, store::Records};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let users: Records<u64, &str> = env.records("users")?;
    /// let by_name: Dbi<&str, u64> = env.dbi("by_name")?;
    /// let meta = env.transact(|txn| {
    ///     by_name.put(txn, "ann", 1)?;
    ///     users.in_txn(txn).put(1, "ann")
    /// })?;
    /// // The token is known before the commit.
    /// assert_eq!(users.meta(1)?, Some(meta));
    /// # Ok(())
    /// # }
    /// ```
    pub fn in_txn<'t>(&'t self, txn: &'t mut WriteTxn) -> RecordsTxn<'t, K, V> {
        let (moment, record) = (Cell::default(), RecordBytes::default());
        RecordsTxn { core: &self.core, txn, moment, record, _types: PhantomData }
    }
}

/// The verbs of a store inside a transaction of an environment: from [`Records::in_txn`].
///
/// A verb that fails has changed nothing, and the transaction can be used further. Its verbs fail as those of
/// [`Records`], with `InvalidArgument` in a transaction of another environment, and `TooLarge` for a transaction over
/// `max_txn_bytes`.
///
/// ```
/// # use mapleaf::{Env, ErrorKind, store::{Expect, PutOptions, Records}};
/// # fn main() -> mapleaf::Result<()> {
/// # let env = Env::temporary()?;
/// let ages: Records<&str, u32> = env.records("ages")?;
/// env.transact(|txn| {
///     let mut ages = ages.in_txn(txn);
///     ages.put("ann", 42)?;
///     let new = PutOptions::new().expect(Expect::Absent);
///     assert_eq!(ages.put_with("ann", 1, new).unwrap_err().kind(), ErrorKind::AlreadyExists);
///     assert_eq!(ages.update("ann", |age| age.map(|age| age + 1))?, Some(43));
///     assert_eq!((ages.state().get("ann")?, ages.state().len()?), (Some(43), 1));
///     Ok(())
/// })?;
/// # Ok(())
/// # }
/// ```
pub struct RecordsTxn<'t, K, V> {
    core: &'t Core<EnvSpace>,
    txn: &'t mut WriteTxn,
    moment: Cell<Moment>,
    /// Where records are made, one after another.
    record: RecordBytes,
    _types: PhantomData<fn() -> (K, V)>,
}

impl<K: Key, V: Value> RecordsTxn<'_, K, V> {
    /// All that can be read, with the changes so far.
    #[must_use]
    pub fn state(&self) -> RecordsAt<'_, K, V, WriteTxn> {
        RecordsAt::new(self.core, &*self.txn)
    }

    /// The value of `key`. As [`Records::get`], borrowed.
    ///
    /// # Errors
    /// As [`RecordsTxn`] says.
    pub fn get(&self, key: K::Arg<'_>) -> Result<Option<V::Ref<'_>>> {
        self.state().get(key)
    }

    /// Whether `key` has a record. As [`Records::has`].
    ///
    /// # Errors
    /// As [`RecordsTxn`] says.
    pub fn has(&self, key: K::Arg<'_>) -> Result<bool> {
        self.state().has(key)
    }

    /// As [`Records::put`].
    ///
    /// # Errors
    /// As [`RecordsTxn`] says.
    pub fn put(&mut self, key: K::Arg<'_>, value: V::Arg<'_>) -> Result<Meta> {
        self.put_as("put", &key, &value, &PutOptions::default())
    }

    /// As [`Records::put_with`].
    ///
    /// # Errors
    /// As [`RecordsTxn`] says.
    pub fn put_with(&mut self, key: K::Arg<'_>, value: V::Arg<'_>, options: PutOptions) -> Result<Meta> {
        self.put_as("put_with", &key, &value, &options)
    }

    fn put_as(
        &mut self,
        operation: &'static str,
        key: &K::Arg<'_>,
        value: &V::Arg<'_>,
        options: &PutOptions,
    ) -> Result<Meta> {
        let (written, committed) = self.change(operation, |writer, record| {
            options.ttl.check()?;
            let mut buf = KeyBuf::new();
            let key = key.encode_key(&mut buf)?;
            writer.core().check_key(key)?;
            record.fill::<V, _>(writer.core(), key, value, &options.meta)?;
            writer.put_if(key, record, options.ttl, options.expect)
        })?;
        Ok(written.committed(committed))
    }

    /// As [`Records::replace`].
    ///
    /// # Errors
    /// As [`RecordsTxn`] says.
    pub fn replace(&mut self, key: K::Arg<'_>, value: V::Arg<'_>) -> Result<Option<V::Owned>> {
        let replaced = self.change("replace", |writer, record| {
            let mut buf = KeyBuf::new();
            let key = key.encode_key(&mut buf)?;
            writer.core().check_key(key)?;
            record.fill::<V, _>(writer.core(), key, &value, &[])?;
            writer.replace::<V>(key, record)
        });
        replaced.map(|(old, _)| old)
    }

    /// As [`Records::delete`].
    ///
    /// # Errors
    /// As [`RecordsTxn`] says.
    pub fn delete(&mut self, key: K::Arg<'_>) -> Result<bool> {
        self.delete_as("delete", &key, Expect::Any)
    }

    /// As [`Records::delete_if`].
    ///
    /// # Errors
    /// As [`RecordsTxn`] says.
    pub fn delete_if(&mut self, key: K::Arg<'_>, expect: Expect) -> Result<bool> {
        self.delete_as("delete_if", &key, expect)
    }

    fn delete_as(&mut self, operation: &'static str, key: &K::Arg<'_>, expect: Expect) -> Result<bool> {
        let deleted = self.change(operation, |writer, _| {
            let mut buf = KeyBuf::new();
            writer.delete_if(sought::<K>(key, &mut buf)?, expect)
        });
        deleted.map(|(was_there, _)| was_there)
    }

    /// As [`Records::take`].
    ///
    /// # Errors
    /// As [`RecordsTxn`] says.
    pub fn take(&mut self, key: K::Arg<'_>) -> Result<Option<V::Owned>> {
        let taken = self.change("take", |writer, _| {
            let mut buf = KeyBuf::new();
            writer.take::<V>(sought::<K>(&key, &mut buf)?)
        });
        taken.map(|(old, _)| old)
    }

    /// As [`Records::touch`].
    ///
    /// # Errors
    /// As [`RecordsTxn`] says.
    pub fn touch(&mut self, key: K::Arg<'_>, time: Duration) -> Result<Option<Meta>> {
        self.touch_as("touch", &key, Ttl::After(time))
    }

    /// As [`Records::persist`].
    ///
    /// # Errors
    /// As [`RecordsTxn`] says.
    pub fn persist(&mut self, key: K::Arg<'_>) -> Result<Option<Meta>> {
        self.touch_as("persist", &key, Ttl::Clear)
    }

    fn touch_as(&mut self, operation: &'static str, key: &K::Arg<'_>, ttl: Ttl) -> Result<Option<Meta>> {
        let (written, committed) = self.change(operation, |writer, _| {
            ttl.check()?;
            let mut buf = KeyBuf::new();
            writer.touch(sought::<K>(key, &mut buf)?, ttl)
        })?;
        Ok(written.map(|written| written.committed(committed)))
    }

    /// As [`Records::update`]; `f` runs once.
    ///
    /// # Errors
    /// As [`RecordsTxn`] says.
    pub fn update(
        &mut self,
        key: K::Arg<'_>,
        f: impl FnOnce(Option<V::Ref<'_>>) -> Option<V::Owned>,
    ) -> Result<Option<V::Owned>> {
        self.update_as("update", &key, |old| Ok::<_, Error>(f(old)))
    }

    /// As [`Records::try_update`]; `f` runs once.
    ///
    /// # Errors
    /// What `f` returns; as [`RecordsTxn`] says.
    pub fn try_update<E: From<Error>>(
        &mut self,
        key: K::Arg<'_>,
        f: impl FnOnce(Option<V::Ref<'_>>) -> Result<Option<V::Owned>, E>,
    ) -> Result<Option<V::Owned>, E> {
        self.update_as("try_update", &key, f)
    }

    fn update_as<E: From<Error>>(
        &mut self,
        operation: &'static str,
        key: &K::Arg<'_>,
        f: impl FnOnce(Option<V::Ref<'_>>) -> Result<Option<V::Owned>, E>,
    ) -> Result<Option<V::Owned>, E> {
        let mut refused = None;
        let updated = self.change(operation, |writer, _| {
            let mut buf = KeyBuf::new();
            let key = key.encode_key(&mut buf)?;
            update_in::<V, _, E>(writer, key, &mut refused, f)
        });
        match (updated, refused) {
            (Ok((made, _)), _) => Ok(made),
            (Err(_), Some(error)) => Err(error),
            (Err(error), None) => Err(E::from(error)),
        }
    }

    /// Returns the value of `key`; if the record is absent, stores what `f` returns and returns that.
    ///
    /// # Errors
    /// As [`RecordsTxn`] says. An error of the key is returned before `f` is called.
    pub fn get_or_put(&mut self, key: K::Arg<'_>, f: impl FnOnce() -> V::Owned) -> Result<V::Owned> {
        let got = self.change("get_or_put", |writer, record| {
            let mut buf = KeyBuf::new();
            let key = key.encode_key(&mut buf)?;
            writer.core().check_key(key)?;
            let (found, old) = writer.owned::<V>(key)?;
            if let Some(old) = old {
                return Ok(old);
            }
            let made = f();
            record.fill::<V, _>(writer.core(), key, &V::as_arg(&made), &[])?;
            writer.put(key, &found, record, Ttl::Clear)?;
            Ok(made)
        });
        got.map(|(value, _)| value)
    }

    /// As [`Records::put_each`].
    ///
    /// # Errors
    /// As [`RecordsTxn`] says.
    pub fn put_each<A: AsKey<K>, W: AsValue<V>>(
        &mut self,
        records: impl IntoIterator<Item = (A, W, PutOptions)>,
    ) -> Result<Vec<RecordConflict>> {
        let put = self.change("put_each", |writer, _| {
            let mut puts = encode_puts::<K, V, _>(writer.core(), records)?;
            writer.put_each(&mut puts)
        });
        put.map(|(skipped, _)| skipped)
    }

    /// As [`Records::delete_each`].
    ///
    /// # Errors
    /// As [`RecordsTxn`] says.
    pub fn delete_each<A: AsKey<K>>(
        &mut self,
        keys: impl IntoIterator<Item = (A, Expect)>,
    ) -> Result<Vec<RecordConflict>> {
        let deleted = self.change("delete_each", |writer, _| writer.delete_each(&encode_deletes::<K>(keys)?));
        deleted.map(|(skipped, _)| skipped)
    }

    /// As [`Records::commit`], but the changes are committed with the transaction.
    ///
    /// # Errors
    /// As [`RecordsTxn`] says.
    pub fn apply(&mut self, batch: RecordBatch<K, V>) -> Result<Vec<Meta>> {
        let (written, committed) = self.change("apply", |writer, _| {
            batch.check_store(writer.core())?;
            writer.apply(&mut batch.into_steps())
        })?;
        Ok(written.into_iter().map(|written| written.committed(committed)).collect())
    }

    /// As [`Records::sweep_expired`].
    ///
    /// # Errors
    /// As [`RecordsTxn`] says.
    pub fn sweep_expired(&mut self, limit: usize) -> Result<usize> {
        let swept = self.change("sweep_expired", |writer, _| check_limit(limit).and_then(|()| writer.sweep(limit)));
        swept.map(|(removed, _)| removed)
    }

    /// Runs `work`, and undoes its changes if it fails: a record and its row in the expiry index change together.
    fn change<T>(
        &mut self,
        operation: &'static str,
        work: impl FnOnce(&mut Writer<'_, EnvSpace>, &mut RecordBytes) -> Result<T>,
    ) -> Result<(T, Committed)> {
        let Self { core, txn, moment, record, .. } = self;
        let done = txn.savepoint(|txn| {
            let mut backend = EnvTxn::new(txn);
            let made = work(&mut Writer::new(core, &mut backend, moment), record)?;
            Ok((made, backend.committed()))
        });
        done.map_err(|error| {
            // What was written of the time may be undone.
            moment.set(Moment::default());
            core.named(error, operation)
        })
    }
}

impl<K, V> fmt::Debug for RecordsTxn<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordsTxn").field("store", &self.core.name).finish_non_exhaustive()
    }
}
