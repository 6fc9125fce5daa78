//! The handle of a typed DBI.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::catalog::DbiRef;
use crate::error::{Error, Result};
use crate::key::{Key, KeyBuf};
use crate::scan::{DecodeContext, no_key};
use crate::txn::Read;
use crate::value::{Context, Value};

/// A handle of a DBI, a named map of the environment: values of type `V` under keys of type `K`, in key order.
///
/// Write `K` and `V` as the types that you pass: `Dbi<&str, u64>`, `Dbi<(u32, &str), Msgpack<T>>`, `Dbi<&[u8], &[u8]>`.
/// In a struct write `Dbi<&'static str, _>`: the lifetime has no effect, and verbs take text of any lifetime.
/// `Dbi<String, _>` stores the same bytes under the same schema, and reads keys as owned text: for code that must have
/// owned types. The same holds for `String` and `Vec<u8>` as values.
///
/// Reads take a [`Snapshot`](crate::Snapshot) or a [`WriteTxn`](crate::WriteTxn) first, writes a `&mut WriteTxn`. The
/// methods follow `BTreeMap`. A handle is a cheap clone, `Send` and `Sync`, and valid until its DBI is dropped.
///
/// | | |
/// |---|---|
/// | read | [`get`](Self::get), [`contains`](Self::contains), [`get_many`](Self::get_many), [`first`](Self::first), [`last`](Self::last), [`floor`](Self::floor), [`ceiling`](Self::ceiling), [`lower`](Self::lower), [`higher`](Self::higher); of serde values `get_as` |
/// | scan | [`range`](Self::range), [`prefix`](Self::prefix), [`prefix_text`](Self::prefix_text), [`iter`](Self::iter), [`keys`](Self::keys), [`values`](Self::values), [`for_each`](Self::for_each), [`find_map`](Self::find_map), [`par_scan`](Self::par_scan), [`list`](Self::list); owned: [`range_owned`](Self::range_owned), [`prefix_owned`](Self::prefix_owned), [`iter_owned`](Self::iter_owned) |
/// | count | [`len`](Self::len), [`is_empty`](Self::is_empty), [`count`](Self::count), [`estimate`](Self::estimate), [`rank`](Self::rank), [`nth`](Self::nth), [`sample`](Self::sample), [`stat`](Self::stat) |
/// | write | [`put`](Self::put), [`insert`](Self::insert), [`replace`](Self::replace), [`update`](Self::update), [`get_or_put`](Self::get_or_put), [`append`](Self::append); of serde values `put_as`, of bytes `put_reserved` |
/// | delete | [`delete`](Self::delete), [`take`](Self::take), [`pop_first`](Self::pop_first), [`pop_last`](Self::pop_last), [`delete_range`](Self::delete_range), [`delete_prefix`](Self::delete_prefix), [`clear`](Self::clear) |
/// | change many | [`load`](Self::load), [`update_range`](Self::update_range), [`retain`](Self::retain), [`extract_if`](Self::extract_if) |
/// | closures that may fail | [`try_update`](Self::try_update), [`try_get_or_put`](Self::try_get_or_put), [`try_retain`](Self::try_retain), [`try_update_range`](Self::try_update_range), [`try_for_each`](Self::try_for_each), [`try_load`](Self::try_load) |
///
/// Every method fails with `InvalidArgument` on a snapshot or transaction of another environment, `NotFound` when the
/// DBI was dropped, `Corrupted` where the file is damaged, and `Decode` where stored bytes do not fit the type. Each
/// method lists any further errors it can return.
///
/// Some keys can be written down but not stored: the empty key, keys over 511 bytes, times outside the range of
/// [`Timestamp`](crate::Timestamp), and dynamic keys whose lists are nested too deeply. Reads, ranges and deletions
/// treat such a key as absent, at its position in the order; the empty key sorts below all others. Methods that would
/// store it fail with `InvalidKey`, or with `TooLarge` if it is too long. NaN has no position in the order: every
/// method fails with `InvalidKey`.
///
/// ```
/// use mapleaf::{Dbi, Env, Msgpack};
///
/// #[derive(serde::Serialize, serde::Deserialize, Debug, PartialEq)]
/// struct User { name: String }
///
/// # fn main() -> mapleaf::Result<()> {
/// let env = Env::temporary()?;
/// let users: Dbi<u64, Msgpack<User>> = env.dbi("users")?;
/// let ann = User { name: "Ann".into() };
/// env.transact(|txn| users.put(txn, 1, &ann))?;
/// assert_eq!(users.get(&env.snapshot()?, 1)?, Some(ann));
/// # Ok(())
/// # }
/// ```
///
/// A key of another type does not compile:
///
/// ```compile_fail,E0308
/// # fn main() -> mapleaf::Result<()> {
/// # let env = mapleaf::Env::temporary()?;
/// let ages: mapleaf::Dbi<u64, u32> = env.dbi("ages")?;
/// ages.get(&env.snapshot()?, "ann")?;
/// # Ok(())
/// # }
/// ```
#[doc(alias("table", "tree", "bucket", "database", "column_family", "keyspace", "sub-database", "TableDefinition"))]
pub struct Dbi<K, V> {
    pub(crate) dbi: Arc<DbiRef>,
    _types: PhantomData<fn() -> (K, V)>,
}

impl<K, V> Dbi<K, V> {
    pub(crate) fn new(dbi: Arc<DbiRef>) -> Self {
        Self { dbi, _types: PhantomData }
    }

    /// The name that it was opened under. A rename since does not change it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.dbi.name
    }

    pub(crate) fn decode_context<'t>(&self, state: &'t impl Read) -> DecodeContext<'t> {
        DecodeContext { uuid: state.raw_uuid(), dbi: Arc::clone(&self.dbi) }
    }

    #[cold]
    pub(crate) fn named(&self, error: Error, operation: &'static str) -> Error {
        error.during(operation).in_dbi(&self.dbi.name)
    }
}

impl<K: Key, V: Value> Dbi<K, V> {
    #[inline]
    pub(crate) fn decode<'a>(&self, uuid: &[u8; 16], key: &[u8], value: &'a [u8]) -> Result<V::Ref<'a>> {
        V::decode(value, &Context::new(uuid, &self.dbi.origin, key)).map_err(|error| error.at_key(key))
    }

    /// The bytes to search for `key` under. `NO_KEY` for a key that cannot be stored.
    #[inline]
    pub(crate) fn sought<'b>(key: &'b K::Arg<'_>, buf: &'b mut KeyBuf) -> Result<&'b [u8]> {
        Self::encode(key, buf).or_else(|error| no_key::<K>(key, error))
    }

    /// The encoded bytes of `key`.
    #[inline]
    pub(crate) fn encode<'b>(key: &'b K::Arg<'_>, buf: &'b mut KeyBuf) -> Result<&'b [u8]> {
        K::encode(key, buf)
    }
}

impl<K, V> Clone for Dbi<K, V> {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.dbi))
    }
}

impl<K, V> fmt::Debug for Dbi<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let schema = &self.dbi.schema;
        write!(f, "Dbi<{}, {}>({:?})", schema.key, schema.value, self.dbi.name)
    }
}
