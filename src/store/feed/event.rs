//! A change of a record, as it is read from the feed.

use crate::error::Result;
use crate::key::Key;
use crate::store::feed::revision::Revision;
use crate::store::feed::row::FeedRow;
use crate::store::records::{Entry, Meta, header::Header};
use crate::value::{Context, Value};

/// What happened to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventKind {
    /// It was written: put, updated, or given another deadline.
    Put,
    /// It was deleted.
    Delete,
    /// It had expired, and was swept or written over.
    Expired,
}

impl EventKind {
    pub(super) fn code(self) -> u8 {
        match self {
            Self::Put => 1,
            Self::Delete => 2,
            Self::Expired => 3,
        }
    }

    pub(super) fn of_code(code: u8) -> Option<Self> {
        [Self::Put, Self::Delete, Self::Expired].into_iter().find(|kind| kind.code() == code)
    }
}

/// A change of a record: from [`Records::changes_since`](crate::store::Records::changes_since) and
/// [`Watch`](crate::store::Watch). `K` and `V` are the owned types of keys and values.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordEvent<K, V> {
    /// What happened.
    pub kind: EventKind,
    /// The key of the record.
    pub key: K,
    /// The record after the change; `None` if it was deleted or has expired.
    pub current: Option<Entry<K, V>>,
    /// The record before the change; `None` if it was absent, or if both records together are longer than the engine can
    /// store.
    pub previous: Option<Entry<K, V>>,
    /// Where the change stands in the order of all changes.
    pub revision: Revision,
    /// When it was written, in nanoseconds since 1970, in UTC.
    pub at: u64,
}

/// Reads a row of a feed. `context` is that of the key's value.
pub(super) fn event<K: Key, V: Value>(
    row: &FeedRow<'_>,
    revision: Revision,
    context: &Context<'_>,
) -> Result<RecordEvent<K::Owned, V::Owned>> {
    let key = K::own(K::decode(row.key)?);
    let entry = |record: &[u8]| -> Result<_> {
        let header = Header::decode(record)?;
        let value = V::own(V::decode(&record[header.value_at()..], context)?);
        Ok(Entry { key: key.clone(), value, meta: Meta::of(&header, record) })
    };
    let (current, previous) = (row.current.map(entry).transpose()?, row.previous.map(entry).transpose()?);
    Ok(RecordEvent { kind: row.kind, key: key.clone(), current, previous, revision, at: row.written })
}
