//! What an optimistic transaction read of its snapshot in one space, as the conditions of its commit.

use std::collections::BTreeMap;

use crate::store::backend::{KeySpan, Order};
use crate::store::changes::Condition;
use crate::store::conditions::OwnedSpan;

/// Rows that were read, as owned bytes.
pub(super) type ReadRows = Vec<(Vec<u8>, Vec<u8>)>;

/// Values of keys, and rows of spans.
#[derive(Default)]
pub(super) struct ReadConditions {
    values: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    spans: Vec<(OwnedSpan, ReadRows)>,
}

impl ReadConditions {
    /// Notes that the key has this value.
    pub(super) fn value(&mut self, key: &[u8], value: Option<&[u8]>) {
        if !self.values.contains_key(key) {
            self.values.insert(key.to_vec(), value.map(<[u8]>::to_vec));
        }
    }

    /// Notes that these are the rows of the span, in the order of the scan.
    pub(super) fn rows(&mut self, (lower, upper): KeySpan<'_>, order: Order, mut rows: ReadRows) {
        if order == Order::Descending {
            rows.reverse();
        }
        self.spans.push(((lower.map(<[u8]>::to_vec), upper.map(<[u8]>::to_vec)), rows));
    }

    pub(super) fn into_conditions<S: Clone>(self, space: &S, all: &mut Vec<Condition<S>>) {
        let values = self.values.into_iter();
        all.extend(values.map(|(key, value)| Condition::Value { space: space.clone(), key, value }));
        let spans = self.spans.into_iter();
        all.extend(spans.map(|((lower, upper), rows)| Condition::Rows { space: space.clone(), lower, upper, rows }));
    }
}
