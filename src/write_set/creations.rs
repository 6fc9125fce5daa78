//! The DBIs that a write set creates.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::catalog::{DbiId, DbiIdentity, DbiRef};

/// The DBIs that are created when the set is committed. If the set is dropped before, their handles stay unusable.
#[derive(Debug, Default)]
pub(crate) struct Creations {
    /// In order of their creation.
    all: Vec<Arc<DbiRef>>,
    by_name: BTreeMap<Box<str>, usize>,
}

impl Creations {
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// In order of their creation.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<DbiRef>> {
        self.all.iter()
    }

    /// The created DBI with this name.
    pub(crate) fn get(&self, name: &str) -> Option<&Arc<DbiRef>> {
        self.all.get(*self.by_name.get(name)?)
    }

    pub(crate) fn push(&mut self, dbi: Arc<DbiRef>) {
        self.by_name.insert(dbi.name.clone(), self.all.len());
        self.all.push(dbi);
    }

    /// Undoes all creations but the first `len`.
    pub(super) fn truncate(&mut self, len: usize) {
        for dbi in self.all.drain(len.min(self.all.len())..) {
            self.by_name.remove(&dbi.name);
            dbi.give_up();
        }
    }

    /// Adds all creations of `newer`, which come after these.
    pub(super) fn append(&mut self, newer: &mut Self) {
        newer.by_name.clear();
        newer.all.drain(..).for_each(|dbi| self.push(dbi));
    }

    /// The number after those of all created DBIs, if there is one.
    pub(crate) fn next_id(&self) -> Option<DbiId> {
        let ids = self.all.iter().filter_map(|dbi| match dbi.identity {
            DbiIdentity::Catalogued(id) => id.next(),
            DbiIdentity::Foreign => None,
        });
        ids.max()
    }

    /// Marks all these DBIs as created: the set was committed.
    pub(crate) fn settle(&self) {
        self.all.iter().for_each(|dbi| dbi.settle());
    }
}

impl Drop for Creations {
    fn drop(&mut self) {
        self.all.iter().for_each(|dbi| dbi.give_up());
    }
}
