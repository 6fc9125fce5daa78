//! Guarded listings, whole prefixes, changes.

use std::ops::Bound;

use crate::error::Result;
use crate::key::{Key, Path};
use crate::scan::{KeyPrefix, ListOptions};
use crate::store::backend::Backend;
use crate::store::feed::{EventPage, Revision, Watch};
use crate::store::guarded::access::{self, DELETE, LIST, SET};
use crate::store::guarded::handle::GuardedRecords;
use crate::store::records::{Query, QueryEntries, RecordListing};
use crate::value::Value;

impl<K: Key, V: Value, B: Backend> GuardedRecords<K, V, B> {
    /// As [`Records::list`](crate::store::Records::list). The values are part of what is listed.
    ///
    /// # Errors
    /// `PermissionDenied` without `store.key.list` for the prefix; as there.
    ///
    /// ```
    /// use mapleaf::store::Records;
    /// use mapleaf::store::policy::{Actor, Condition, Operator, Policy, Rule};
    /// use mapleaf::{Env, ErrorKind, ListOptions};
    /// # fn main() -> mapleaf::Result<()> {
    /// let env = Env::temporary()?;
    /// let notes: Records<&str, &str> = env.records("notes")?;
    /// notes.put("ann/1", "a note")?;
    /// let own = Condition::new("meta.prefix", Operator::Eq, "ann/")?;
    /// let policy = Policy::new().rule(Rule::allow(["store.key.list"], ["notes"])?.when(own));
    /// let as_ann = notes.guarded(Actor::new("ann"), policy);
    /// assert_eq!(as_ann.list(ListOptions::default().prefix("ann/"))?.items.len(), 1);
    /// let all = as_ann.list(ListOptions::default());
    /// assert_eq!(all.unwrap_err().kind(), ErrorKind::PermissionDenied);
    /// # Ok(())
    /// # }
    /// ```
    pub fn list<P: KeyPrefix<K>>(&self, options: ListOptions<P>) -> Result<RecordListing<K::Owned, V::Owned>> {
        self.check_prefix("list", &[LIST], &options.prefix)?;
        self.records.list(options)
    }

    /// As [`Records::drop_prefix`](crate::store::Records::drop_prefix).
    ///
    /// # Errors
    /// `PermissionDenied` without `store.key.delete` for the prefix; as there.
    pub fn drop_prefix(&self, prefix: impl KeyPrefix<K>) -> Result<u64> {
        self.check_prefix("drop_prefix", &[DELETE], &prefix)?;
        self.records.drop_prefix(prefix)
    }

    /// As [`Records::changes_since`](crate::store::Records::changes_since): all records can be among the changes.
    ///
    /// # Errors
    /// `PermissionDenied` without `store.key.list` for the empty prefix; as there.
    pub fn changes_since(&self, since: impl Into<Revision>, limit: usize) -> Result<EventPage<K::Owned, V::Owned>> {
        self.check("changes_since", LIST, &access::of_all())?;
        self.records.changes_since(since, limit)
    }

    /// As [`Records::watch`](crate::store::Records::watch). What policies allow is asked once, when the watch begins.
    ///
    /// # Errors
    /// `PermissionDenied` without `store.key.list` for the prefix; as there.
    pub fn watch(&self, prefix: impl KeyPrefix<K>) -> Result<Watch<K, V, B>> {
        self.check_prefix("watch", &[LIST], &prefix)?;
        self.records.watch(prefix)
    }

    /// Refuses actions with all keys that begin with a prefix.
    fn check_prefix(&self, operation: &'static str, actions: &[&str], prefix: &impl KeyPrefix<K>) -> Result<()> {
        let bounds = prefix.prefix_bounds().map_err(|error| self.records.named(error, operation))?;
        let bytes = match bounds.as_refs().0 {
            Bound::Included(bytes) | Bound::Excluded(bytes) => bytes,
            Bound::Unbounded => &[],
        };
        self.check_actions(operation, actions, &access::of_prefix::<K>(bytes))
    }
}

impl<V: Value, B: Backend> GuardedRecords<Path, V, B> {
    /// As [`Records::query`](crate::store::Records::query). The prefix is the path.
    ///
    /// # Errors
    /// `PermissionDenied` without `store.key.list` for the path; as there.
    pub fn query(&self, query: &Query) -> Result<QueryEntries<V, B>> {
        self.check_actions("query", &[LIST], &access::of_path(query.path()))?;
        self.records.query(query)
    }

    /// As [`Records::move_prefix`](crate::store::Records::move_prefix).
    ///
    /// # Errors
    /// `PermissionDenied` without `store.key.delete` for the first path of each pair, and `store.key.set` for the second
    /// one; as there. Nothing was moved then.
    pub fn move_prefix(&self, pairs: impl IntoIterator<Item = (Path, Path)>) -> Result<u64> {
        let pairs: Vec<_> = pairs.into_iter().collect();
        for (from, to) in &pairs {
            self.check_actions("move_prefix", &[DELETE], &access::of_path(from))?;
            self.check_actions("move_prefix", &[SET], &access::of_path(to))?;
        }
        self.records.move_prefix(pairs)
    }
}
