//! The handle of a guarded store.

use std::collections::BTreeMap;
use std::fmt;

use crate::env::Env;
use crate::error::Result;
use crate::key::{AsKey, Key};
use crate::store::backend::Backend;
use crate::store::guarded::access::{self, DELETE, INFO, SET, STORE};
use crate::store::policy::{Actor, Attribute, Guard, Scope};
use crate::store::records::{Records, RecordsInfo};
use crate::value::Value;

/// Records that an actor reads and writes as policies allow, or that are only read: [`Records::guarded`],
/// [`Records::read_only`].
///
/// Each verb asks for an action on the store's name before it looks anything up. So a call that is not allowed fails the
/// same way whether there is a record or not, and reaches no backend. A verb that does two things needs both.
///
/// | action | verbs |
/// |---|---|
/// | `store.get` | [`store`](Self::store) |
/// | `store.info` | [`info`](Self::info) |
/// | `store.key.get` | [`get`](Self::get), [`require`](Self::require), [`get_many`](Self::get_many), [`entry`](Self::entry), [`meta`](Self::meta); also needed by [`replace`](Self::replace), [`take`](Self::take), [`update`](Self::update), [`try_update`](Self::try_update), [`get_or_put`](Self::get_or_put), [`try_get_or_put`](Self::try_get_or_put) |
/// | `store.key.set` | [`put`](Self::put), [`put_with`](Self::put_with), [`put_each`](Self::put_each), [`touch`](Self::touch), [`persist`](Self::persist), and those writes above that put |
/// | `store.key.delete` | [`delete`](Self::delete), [`delete_if`](Self::delete_if), [`delete_each`](Self::delete_each), [`drop_prefix`](Self::drop_prefix), [`take`](Self::take); `move_prefix` for the old places, and `store.key.set` for the new ones; also needed by [`update`](Self::update) and [`try_update`](Self::try_update), which can delete |
/// | `store.key.has` | [`has`](Self::has), and a check in a batch |
/// | `store.key.list` | [`list`](Self::list), `query`, [`changes_since`](Self::changes_since), [`watch`](Self::watch), [`len`](Self::len), [`is_empty`](Self::is_empty), [`count`](Self::count) |
///
/// The steps of a batch need what the same verbs need. Conditions know the key as `meta.key`: text as it is, a whole number
/// as a number, another key as [`key::display`](crate::key::display) shows it, and one of a type that it does not know as
/// its bytes, `0x00ff`. Verbs with many keys that are not named have `meta.prefix`: the prefix or path in the same form,
/// and empty text for verbs that see all records. A condition on `meta.key` does not hold for them: deny listing where
/// single keys are denied.
///
/// Whoever may write learns from a condition of a write whether there is a record, and its token.
///
/// # Errors
///
/// `PermissionDenied` for each verb; `ReadOnly` for a write of a view that only reads. Otherwise as [`Records`].
///
/// ```
/// use mapleaf::store::Records;
/// use mapleaf::store::policy::{Actor, Condition, Operator, Policy, Rule};
/// use mapleaf::{Env, ErrorKind};
/// # fn main() -> mapleaf::Result<()> {
/// let env = Env::temporary()?;
/// let profiles: Records<&str, &str> = env.records("profiles")?;
/// let own = Condition::of_fields("meta.key", Operator::Eq, "actor.id")?;
/// let policy = Policy::new()
///     .rule(Rule::allow(["store.key.get"], ["*"])?)
///     .rule(Rule::allow(["store.key.set"], ["profiles"])?.when(own));
/// let as_ann = profiles.guarded(Actor::new("ann"), policy);
/// as_ann.put("ann", "likes maps")?;
/// assert_eq!(as_ann.put("bob", "owes me").unwrap_err().kind(), ErrorKind::PermissionDenied);
/// assert_eq!(as_ann.get("bob")?, None);
/// # Ok(())
/// # }
/// ```
pub struct GuardedRecords<K, V, B: Backend = Env> {
    pub(super) records: Records<K, V, B>,
    guard: Guard,
    is_read_only: bool,
}

impl<K, V, B: Backend> Records<K, V, B> {
    /// The same store for an actor, as a [`Scope`] or one [`Policy`](crate::store::policy::Policy) allows.
    #[must_use]
    pub fn guarded(&self, actor: Actor, scope: impl Into<Scope>) -> GuardedRecords<K, V, B> {
        self.guarded_by(Guard::new().actor(actor).scope(scope))
    }

    /// The same store as a guard allows, which can be strict, or miss an actor.
    #[must_use]
    pub fn guarded_by(&self, guard: Guard) -> GuardedRecords<K, V, B> {
        GuardedRecords { records: self.clone(), guard, is_read_only: false }
    }

    /// The same store, to be read only.
    ///
    /// ```
    /// # use mapleaf::{Env, ErrorKind, store::Records};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Records<&str, u32> = env.records("ages")?;
    /// ages.put("ann", 42)?;
    /// let view = ages.read_only();
    /// assert_eq!(view.get("ann")?, Some(42));
    /// assert_eq!(view.delete("ann").unwrap_err().kind(), ErrorKind::ReadOnly);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn read_only(&self) -> GuardedRecords<K, V, B> {
        self.guarded_by(Guard::new()).read_only()
    }
}

impl<K, V, B: Backend> GuardedRecords<K, V, B> {
    /// The same, to be read only.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.is_read_only = true;
        self
    }

    /// The name of the store, which needs no permission.
    #[must_use]
    pub fn name(&self) -> &str {
        self.records.name()
    }

    /// What the store is, as [`Records::info`].
    ///
    /// # Errors
    /// `PermissionDenied` without `store.info`.
    pub fn info(&self) -> Result<RecordsInfo> {
        self.check("info", INFO, &BTreeMap::new())?;
        Ok(self.records.info())
    }

    /// The store itself, without a guard.
    ///
    /// # Errors
    /// `PermissionDenied` without `store.get`; `ReadOnly` for a view that only reads.
    pub fn store(&self) -> Result<Records<K, V, B>> {
        self.check_writable("store")?;
        self.check("store", STORE, &BTreeMap::new())?;
        Ok(self.records.clone())
    }

    /// Refuses an action.
    pub(super) fn check(
        &self,
        operation: &'static str,
        action: &str,
        meta: &BTreeMap<String, Attribute>,
    ) -> Result<()> {
        let checked = self.guard.check(action, self.records.name(), meta);
        checked.map_err(|error| self.records.named(error, operation))
    }

    /// Refuses actions with one key. A write of a view that only reads is `ReadOnly`.
    pub(super) fn check_key(&self, operation: &'static str, actions: &[&str], key: &impl AsKey<K>) -> Result<()>
    where
        K: Key,
    {
        let meta = access::of_key::<K>(key).map_err(|error| self.records.named(error, operation))?;
        self.check_actions(operation, actions, &meta)
    }

    pub(super) fn check_actions(
        &self,
        operation: &'static str,
        actions: &[&str],
        meta: &BTreeMap<String, Attribute>,
    ) -> Result<()> {
        if actions.contains(&SET) || actions.contains(&DELETE) {
            self.check_writable(operation)?;
        }
        actions.iter().try_for_each(|action| self.check(operation, action, meta))
    }

    pub(super) fn check_writable(&self, operation: &'static str) -> Result<()> {
        if self.is_read_only { Err(self.records.named(access::only_reads(), operation)) } else { Ok(()) }
    }
}

impl<K, V, B: Backend> Clone for GuardedRecords<K, V, B> {
    fn clone(&self) -> Self {
        Self { records: self.records.clone(), guard: self.guard.clone(), is_read_only: self.is_read_only }
    }
}

impl<K: Key, V: Value, B: Backend> fmt::Debug for GuardedRecords<K, V, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields = &mut f.debug_struct("GuardedRecords");
        fields.field("records", &self.records).field("is_read_only", &self.is_read_only).finish_non_exhaustive()
    }
}
