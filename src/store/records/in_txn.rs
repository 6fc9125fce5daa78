//! The verbs inside a transaction of an environment, beside plain DBIs.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use crate::error::Result;
use crate::key::{AsKey, Key, KeyBuf};
use crate::store::backend::Committed;
use crate::store::env_backend::EnvSpace;
use crate::store::env_txn::EnvTxn;
use crate::store::records::at::RecordsAt;
use crate::store::records::core::Core;
use crate::store::records::handle::{Records, sought};
use crate::store::records::meta::Meta;
use crate::store::records::put_options::{Expect, PutOptions, Ttl};
use crate::store::records::record_bytes::RecordBytes;
use crate::store::records::writer::{Moment, Writer};
use crate::txn::WriteTxn;
use crate::value::Value;

impl<K: Key, V: Value> Records<K, V> {
    /// The same verbs inside a transaction of the environment: what they change is committed with it, beside what is
    /// changed in plain DBIs and other stores. Free.
    ///
    /// All writes through one [`RecordsTxn`] have the same time. Keep it for many writes: each one that is made anew reads
    /// and writes the time of the store again.
    ///
    /// Tokens are known before the commit. Those of a transaction that is not committed mean nothing, and no record ever
    /// gets them.
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
    ///
    /// ```
    /// # use mapleaf::{Env, store::Records};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Records<&str, u32> = env.records("ages")?;
    /// ages.put("ann", 42)?;
    /// env.transact(|txn| {
    ///     let mut ages = ages.in_txn(txn);
    ///     ages.put("bob", 3)?;
    ///     assert_eq!(ages.state().get_many(["ann", "bob"])?, [Some(42), Some(3)]);
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn state(&self) -> RecordsAt<'_, K, V, WriteTxn> {
        RecordsAt::new(self.core, &*self.txn)
    }

    /// The value of `key`. As [`Records::get`], borrowed.
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
    ///     ages.put("ann", 43)?;
    ///     assert_eq!(ages.get("ann")?, Some(43));
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn get(&self, key: K::Arg<'_>) -> Result<Option<V::Ref<'_>>> {
        self.state().get(key)
    }

    /// Whether `key` has a record. As [`Records::has`].
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
    ///     assert!(ages.has("ann")?);
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn has(&self, key: K::Arg<'_>) -> Result<bool> {
        self.state().has(key)
    }

    /// As [`Records::put`].
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
    ///     let (one, two) = (ages.put("ann", 1)?, ages.put("bob", 2)?);
    ///     assert!(one.token < two.token && one.modified == two.modified);
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn put(&mut self, key: K::Arg<'_>, value: V::Arg<'_>) -> Result<Meta> {
        self.put_as("put", &key, &value, &PutOptions::default())
    }

    /// As [`Records::put_with`].
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
    ///     assert!(ages.put_with("ann", 1, new.clone()).is_err());
    ///     ages.put_with("bob", 2, new)?;
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
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
    ///
    /// ```
    /// # use mapleaf::{Env, store::Records};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Records<&str, u32> = env.records("ages")?;
    /// ages.put("ann", 42)?;
    /// env.transact(|txn| {
    ///     let mut ages = ages.in_txn(txn);
    ///     assert_eq!(ages.replace("ann", 43)?, Some(42));
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
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
    ///
    /// ```
    /// # use mapleaf::{Env, store::Records};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Records<&str, u32> = env.records("ages")?;
    /// ages.put("ann", 42)?;
    /// env.transact(|txn| {
    ///     let mut ages = ages.in_txn(txn);
    ///     assert!(ages.delete("ann")? && !ages.delete("ann")?);
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn delete(&mut self, key: K::Arg<'_>) -> Result<bool> {
        self.delete_as("delete", &key, Expect::Any)
    }

    /// As [`Records::delete_if`].
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
    ///     assert!(ages.delete_if("bob", Expect::Present).is_err());
    ///     assert!(ages.delete_if("ann", Expect::Present)?);
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
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
    ///
    /// ```
    /// # use mapleaf::{Env, store::Records};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Records<&str, u32> = env.records("ages")?;
    /// ages.put("ann", 42)?;
    /// env.transact(|txn| {
    ///     let mut ages = ages.in_txn(txn);
    ///     assert_eq!(ages.take("ann")?, Some(42));
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
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
    ///
    /// ```
    /// # use mapleaf::{Env, store::Records};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Records<&str, u32> = env.records("ages")?;
    /// ages.put("ann", 42)?;
    /// env.transact(|txn| {
    ///     let mut ages = ages.in_txn(txn);
    ///     let touched = ages.touch("ann", std::time::Duration::from_secs(60))?;
    ///     assert!(touched.is_some_and(|meta| meta.expires.is_some()));
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn touch(&mut self, key: K::Arg<'_>, time: Duration) -> Result<Option<Meta>> {
        self.touch_as("touch", &key, Ttl::After(time))
    }

    /// As [`Records::persist`].
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
    ///     assert!(ages.persist("ann")?.is_some_and(|meta| meta.expires.is_none()));
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
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

    /// Runs `work`, and undoes its changes if it fails: a record and its row in the expiry index change together.
    pub(super) fn change<T>(
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
