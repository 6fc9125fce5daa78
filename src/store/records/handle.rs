//! The handle of a store of records.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use crate::env::Env;
use crate::error::{Error, Result};
use crate::key::{AsKey, Key, KeyBuf};
use crate::scan::no_key;
use crate::store::backend::{Backend, Committed};
use crate::store::feed::is_feed_missing;
use crate::store::records::core::Core;
use crate::store::records::writer::Writer;
use crate::value::Value;

/// A store of records: values of type `V` under keys of type `K`, each with a version, a token, times, metadata and
/// perhaps a deadline, on any [`Backend`].
///
/// Opened by [`Env::records`] or [`open`](Self::open). `K` and `V` are written as for a [`Dbi`](crate::Dbi). A handle is
/// a cheap clone, `Send` and `Sync`.
///
/// Each verb of the handle is a transaction of its own. [`in_txn`](Self::in_txn) has the same verbs inside a transaction
/// of an environment, beside plain DBIs, and [`at`](Self::at) reads in a snapshot or a transaction without a copy.
///
/// | | |
/// |---|---|
/// | read | [`get`](Self::get), [`require`](Self::require), [`get_many`](Self::get_many), [`entry`](Self::entry), [`meta`](Self::meta), [`has`](Self::has), [`len`](Self::len), [`count`](Self::count) |
/// | write | [`put`](Self::put), [`put_with`](Self::put_with), [`replace`](Self::replace), [`update`](Self::update), [`try_update`](Self::try_update), [`get_or_put`](Self::get_or_put) |
/// | delete | [`delete`](Self::delete), [`delete_if`](Self::delete_if), [`take`](Self::take) |
/// | pages, subtrees | [`list`](Self::list), [`query`](Self::query), [`move_prefix`](Self::move_prefix), [`drop_prefix`](Self::drop_prefix), [`drop_prefixes`](Self::drop_prefixes) |
/// | expiry | [`touch`](Self::touch), [`persist`](Self::persist), [`sweep_expired`](Self::sweep_expired) |
/// | many | [`put_each`](Self::put_each), [`delete_each`](Self::delete_each): those whose condition holds; [`batch`](Self::batch), [`commit`](Self::commit): all or none |
///
/// # Conditions
///
/// A write may [expect](crate::store::Expect) something of its key: that it is absent, present, or has a certain
/// [token](crate::store::Token). If that does not hold, the verb fails with `Conflict` (`AlreadyExists` if the key was to
/// be absent), writes nothing, and the cause is a [`RecordConflict`](crate::store::RecordConflict). A token never comes
/// back, so a record that was deleted and put again is not taken for the old one.
///
/// # Expiry
///
/// A record with a [`Ttl`](crate::store::Ttl) is absent for every verb once its time has come, whether it was swept or
/// not. [`sweep_expired`](Self::sweep_expired) removes such records. The time is that of the store's clock, and never
/// before that of a write in the store, also of another process or before a restart. A read writes nothing: if the clock
/// is set back and the store opened again, a record that only reads have seen expire is there until its time comes again.
///
/// # Errors
///
/// Keys that cannot be stored are absent for reads and deletions, and `InvalidKey` or `TooLarge` for verbs that would
/// store them. A key of a record that expires has at most 8 bytes less than other keys. `ReadOnly`, `Closed`, and what
/// the backend adds, for every verb; `Corrupted`, `FormatVersion` and `Unsupported` for a row that is damaged or was
/// written by a newer version; `Decode` for a value that is not of type `V`. An error names the store, the key and the
/// verb, and nothing was written then.
///
/// ```
/// use mapleaf::store::Records;
/// use mapleaf::{Env, Msgpack};
///
/// #[derive(serde::Serialize, serde::Deserialize, Debug, PartialEq)]
/// struct User { name: String }
///
/// # fn main() -> mapleaf::Result<()> {
/// let env = Env::temporary()?;
/// let users: Records<u64, Msgpack<User>> = env.records("users")?;
/// let ann = User { name: "Ann".into() };
/// let meta = users.put(1, &ann)?;
/// assert_eq!((meta.version, meta.expires), (1, None));
/// assert_eq!(users.get(1)?, Some(ann));
/// # Ok(())
/// # }
/// ```
pub struct Records<K, V, B: Backend = Env> {
    pub(crate) backend: B,
    pub(crate) core: Arc<Core<B::Space>>,
    _types: PhantomData<fn() -> (K, V)>,
}

impl<K, V, B: Backend> Records<K, V, B> {
    pub(crate) fn new(backend: B, core: Core<B::Space>) -> Self {
        Self { backend, core: Arc::new(core), _types: PhantomData }
    }

    /// The name of the store.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.core.name
    }

    /// Runs `work` in a transaction of its own. It may run again.
    pub(crate) fn change<T>(
        &self,
        mut work: impl FnMut(&mut Writer<'_, B::Space>) -> Result<T>,
    ) -> Result<(T, Committed)> {
        loop {
            let changed = self.backend.transact(|txn| {
                let moment = Cell::default();
                work(&mut Writer::new(&self.core, txn, &moment))
            });
            match changed {
                // Another handle has given the store a feed. Its space is opened outside of the transaction.
                Err(error) if self.core.feed.get().is_none() && is_feed_missing(&error) => {
                    self.core.open_feed(&self.backend)?;
                }
                changed => return changed,
            }
        }
    }

    #[cold]
    pub(crate) fn named(&self, error: Error, operation: &'static str) -> Error {
        self.core.named(error, operation)
    }
}

/// The bytes to search for `key` under: no bytes for a key that cannot be stored.
#[inline]
pub(crate) fn sought<'b, K: Key>(key: &'b impl AsKey<K>, buf: &'b mut KeyBuf) -> Result<&'b [u8]> {
    key.encode_key(buf).or_else(|error| no_key::<K>(key, error))
}

// A panic of a closure undoes its transaction, and leaves nothing half changed here.
impl<K, V, B: Backend> UnwindSafe for Records<K, V, B> {}
impl<K, V, B: Backend> RefUnwindSafe for Records<K, V, B> {}

impl<K, V, B: Backend> Clone for Records<K, V, B> {
    fn clone(&self) -> Self {
        Self { backend: self.backend.clone(), core: Arc::clone(&self.core), _types: PhantomData }
    }
}

impl<K: Key, V: Value, B: Backend> fmt::Debug for Records<K, V, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut key, mut value) = (String::new(), String::new());
        K::name(&mut key);
        V::name(&mut value);
        write!(f, "Records<{key}, {value}>({:?})", self.core.name)
    }
}
