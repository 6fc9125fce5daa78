//! More verbs inside a transaction of an environment: updates, many records, the sweep.

use crate::error::{Error, Result};
use crate::key::{AsKey, Key, KeyBuf};
use crate::store::records::batch::RecordBatch;
use crate::store::records::conflict::RecordConflict;
use crate::store::records::each::{encode_deletes, encode_puts};
use crate::store::records::in_txn::RecordsTxn;
use crate::store::records::meta::Meta;
use crate::store::records::put_options::{Expect, PutOptions, Ttl};
use crate::store::records::sweep::check_limit;
use crate::store::records::update::update_in;
use crate::value::{AsValue, Value};

impl<K: Key, V: Value> RecordsTxn<'_, K, V> {
    /// As [`Records::update`](crate::store::Records::update); `f` runs once.
    ///
    /// # Errors
    /// As [`RecordsTxn`] says.
    ///
    /// ```
    /// # use mapleaf::{Env, store::Records};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Records<&str, u32> = env.records("ages")?;
    /// ages.put("ann", 42)?;
    /// env.transact(|txn| {
    ///     let mut ages = ages.in_txn(txn);
    ///     assert_eq!(ages.update("ann", |age| age.map(|age| age + 1))?, Some(43));
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn update(
        &mut self,
        key: K::Arg<'_>,
        f: impl FnOnce(Option<V::Ref<'_>>) -> Option<V::Owned>,
    ) -> Result<Option<V::Owned>> {
        self.update_as("update", &key, |old| Ok::<_, Error>(f(old)))
    }

    /// As [`Records::try_update`](crate::store::Records::try_update); `f` runs once.
    ///
    /// # Errors
    /// What `f` returns; as [`RecordsTxn`] says.
    ///
    /// ```
    /// # use mapleaf::{Env, store::Records};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Records<&str, u32> = env.records("ages")?;
    /// ages.put("ann", 42)?;
    /// env.transact(|txn| {
    ///     let mut ages = ages.in_txn(txn);
    ///     let refused = ages.try_update::<mapleaf::Error>("ann", |_| Err(mapleaf::Error::other("no")));
    ///     assert!(refused.is_err());
    ///     assert_eq!(ages.get("ann")?, Some(42));
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
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
    ///
    /// ```
    /// # use mapleaf::{Env, store::Records};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Records<&str, u32> = env.records("ages")?;
    /// ages.put("ann", 42)?;
    /// env.transact(|txn| {
    ///     let mut ages = ages.in_txn(txn);
    ///     assert_eq!((ages.get_or_put("ann", || 7)?, ages.get_or_put("bob", || 7)?), (42, 7));
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
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

    /// As [`Records::put_each`](crate::store::Records::put_each).
    ///
    /// # Errors
    /// As [`RecordsTxn`] says.
    ///
    /// ```
    /// # use mapleaf::{Env, store::{Expect, PutOptions, Records}};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Records<&str, u32> = env.records("ages")?;
    /// ages.put("ann", 42)?;
    /// env.transact(|txn| {
    ///     let mut ages = ages.in_txn(txn);
    ///     let new = PutOptions::new().expect(Expect::Absent);
    ///     let skipped = ages.put_each([("ann", 1, new.clone()), ("bob", 2, new)])?;
    ///     assert_eq!((skipped.len(), ages.get("bob")?), (1, Some(2)));
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
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

    /// As [`Records::delete_each`](crate::store::Records::delete_each).
    ///
    /// # Errors
    /// As [`RecordsTxn`] says.
    ///
    /// ```
    /// # use mapleaf::{Env, store::{Expect, Records}};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Records<&str, u32> = env.records("ages")?;
    /// ages.put("ann", 42)?;
    /// env.transact(|txn| {
    ///     let mut ages = ages.in_txn(txn);
    ///     let skipped = ages.delete_each([("ann", Expect::Present), ("bob", Expect::Present)])?;
    ///     assert_eq!((skipped.len(), skipped[0].index), (1, 1));
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn delete_each<A: AsKey<K>>(
        &mut self,
        keys: impl IntoIterator<Item = (A, Expect)>,
    ) -> Result<Vec<RecordConflict>> {
        let deleted = self.change("delete_each", |writer, _| writer.delete_each(&encode_deletes::<K>(keys)?));
        deleted.map(|(skipped, _)| skipped)
    }

    /// As [`Records::commit`](crate::store::Records::commit), but the changes are committed with the transaction.
    ///
    /// # Errors
    /// As [`RecordsTxn`] says.
    ///
    /// ```
    /// # use mapleaf::{Env, store::{Expect, Records}};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Records<&str, u32> = env.records("ages")?;
    /// ages.put("ann", 42)?;
    /// let mut batch = ages.batch();
    /// batch.check("ann", Expect::Present)?.put("bob", 3)?;
    /// env.transact(|txn| ages.in_txn(txn).apply(batch))?;
    /// assert_eq!(ages.len()?, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn apply(&mut self, batch: RecordBatch<K, V>) -> Result<Vec<Meta>> {
        let (written, committed) = self.change("apply", |writer, _| {
            batch.check_store(writer.core())?;
            writer.apply(&mut batch.into_steps())
        })?;
        Ok(written.into_iter().map(|written| written.committed(committed)).collect())
    }

    /// As [`Records::sweep_expired`](crate::store::Records::sweep_expired).
    ///
    /// # Errors
    /// As [`RecordsTxn`] says.
    ///
    /// ```
    /// # use mapleaf::{Env, store::Records};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Records<&str, u32> = env.records("ages")?;
    /// ages.put("ann", 42)?;
    /// env.transact(|txn| {
    ///     let mut ages = ages.in_txn(txn);
    ///     assert_eq!(ages.sweep_expired(100)?, 0);
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn sweep_expired(&mut self, limit: usize) -> Result<usize> {
        let swept = self.change("sweep_expired", |writer, _| check_limit(limit).and_then(|()| writer.sweep(limit)));
        swept.map(|(removed, _)| removed)
    }
}
