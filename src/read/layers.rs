//! Layers: write sets that are not in the file yet, over a committed state of it.

use std::sync::Arc;

use crate::catalog::DbiSlot;
use crate::write_set::{DbiChanges, WriteSet};

/// An immutable stack of write sets. Cloning it counts a reference. An empty stack is a null pointer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layers(Option<Arc<Vec<Arc<WriteSet>>>>);

impl Layers {
    /// Layers of these sets, each over those before it.
    pub(crate) fn of(oldest_first: impl IntoIterator<Item = Arc<WriteSet>>) -> Self {
        let mut sets: Vec<_> = oldest_first.into_iter().collect();
        sets.reverse();
        Self((!sets.is_empty()).then(|| Arc::new(sets)))
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The sets, newest first.
    pub(crate) fn sets(&self) -> impl Iterator<Item = &WriteSet> {
        self.0.iter().flat_map(|sets| sets.iter()).map(|set| &**set)
    }

    /// The changes of the DBI with this slot, newest first.
    pub(crate) fn of_dbi(&self, slot: DbiSlot) -> impl Iterator<Item = &DbiChanges> {
        self.0.iter().flat_map(|sets| sets.iter()).filter_map(move |set| set.dbi(slot))
    }
}
