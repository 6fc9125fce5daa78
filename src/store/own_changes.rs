//! The changes of an optimistic transaction in one space.

use std::collections::BTreeMap;

use crate::store::backend::{KeySpan, Order};
use crate::store::changes::{Change, Stamp, Stamped};
use crate::store::conditions::{OwnedSpan, span};

/// The newest change of each key, over spans in which all else is deleted.
#[derive(Default)]
pub(super) struct OwnChanges {
    rows: BTreeMap<Vec<u8>, OwnRow>,
    gaps: Vec<OwnedSpan>,
}

/// What changes say about a key.
pub(super) enum Own<'o> {
    Value(&'o [u8]),
    Deleted,
    Nothing,
}

/// Keys with their values; none for a deleted key.
type OwnRows<'o> = Box<dyn Iterator<Item = (&'o [u8], Option<&'o [u8]>)> + 'o>;

/// A row that is put, or deleted if it has no value.
#[derive(Default)]
struct OwnRow {
    key_stamps: Vec<Stamp>,
    value: Option<(Vec<u8>, Vec<Stamp>)>,
}

impl OwnRow {
    fn value(&self) -> Option<&[u8]> {
        self.value.as_ref().map(|(bytes, _)| &bytes[..])
    }
}

impl OwnChanges {
    pub(super) fn put(&mut self, key: Stamped<'_>, value: Stamped<'_>) {
        let value = Some((value.bytes.to_vec(), value.stamps.to_vec()));
        self.rows.insert(key.bytes.to_vec(), OwnRow { key_stamps: key.stamps.to_vec(), value });
    }

    pub(super) fn delete(&mut self, key: &[u8]) {
        self.rows.insert(key.to_vec(), OwnRow::default());
    }

    pub(super) fn delete_span(&mut self, (lower, upper): KeySpan<'_>) {
        let gap = (lower.map(<[u8]>::to_vec), upper.map(<[u8]>::to_vec));
        self.rows.retain(|key, _| !contains(&gap, key));
        self.gaps.push(gap);
    }

    /// What they say about a key.
    pub(super) fn get(&self, key: &[u8]) -> Own<'_> {
        match self.rows.get(key) {
            Some(row) => row.value().map_or(Own::Deleted, Own::Value),
            None if self.is_deleted(key) => Own::Deleted,
            None => Own::Nothing,
        }
    }

    /// Whether the key lies in a deleted span.
    pub(super) fn is_deleted(&self, key: &[u8]) -> bool {
        self.gaps.iter().any(|gap| contains(gap, key))
    }

    /// How many keys are changed one by one.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The keys of a span, which is not empty, that are changed one by one, with their values.
    pub(super) fn rows<'o>(&'o self, span: KeySpan<'_>, order: Order) -> OwnRows<'o> {
        let rows = self.rows.range::<[u8], _>(span).map(|(key, row)| (&key[..], row.value()));
        if order == Order::Ascending { Box::new(rows) } else { Box::new(rows.rev()) }
    }

    /// The changes to commit: the spans first, since what was put in them was put later.
    pub(super) fn into_changes<S: Clone>(self, space: &S, all: &mut Vec<Change<S>>) {
        let spans = self.gaps.into_iter().map(|(lower, upper)| (space.clone(), lower, upper));
        all.extend(spans.map(|(space, lower, upper)| Change::DeleteSpan { space, lower, upper }));
        all.extend(self.rows.into_iter().map(|(key, OwnRow { key_stamps, value })| match value {
            Some(value) => Change::Put { space: space.clone(), key: (key, key_stamps), value },
            None => Change::Delete { space: space.clone(), key },
        }));
    }
}

fn contains((lower, upper): &OwnedSpan, key: &[u8]) -> bool {
    std::ops::RangeBounds::<[u8]>::contains(&span(lower, upper), key)
}
