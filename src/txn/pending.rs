//! What a write transaction reads: the state that it began on, with its own changes laid over it.

use std::sync::Arc;

use crate::catalog::{DbiRef, DbiSlot};
use crate::error::Result;
use crate::page::{self, TreeRecord};
use crate::read::{LayeredTree, Layers, look};
use crate::state::State;
use crate::write_set::{Creations, DbiChanges, WriteSet};

/// A state and the changes over it, borrowed. Threads can share it: it has none of what a transaction notes down for
/// itself while it reads.
#[derive(Clone, Copy)]
pub(super) struct Pending<'t> {
    pub base: &'t State,
    /// What was committed, or is about to be, after the base.
    pub layers: &'t Layers,
    pub set: &'t WriteSet,
}

impl<'t> Pending<'t> {
    /// The tree of `dbi` below all changes; empty if this transaction, or one that it follows on, creates the DBI.
    #[inline]
    pub(super) fn tree(self, dbi: &DbiRef) -> Result<TreeRecord> {
        if dbi.is_pending() && self.has_created(dbi) { Ok(TreeRecord::EMPTY) } else { self.base.tree(dbi) }
    }

    /// Fails for a handle of another environment, or of a DBI that does not exist.
    #[inline]
    pub(super) fn check_dbi(self, dbi: &DbiRef) -> Result<()> {
        if dbi.is_pending() && self.has_created(dbi) { Ok(()) } else { self.base.check_dbi(dbi) }
    }

    /// The changes of the DBI with this slot, newest first.
    #[inline]
    pub(super) fn layers(self, slot: DbiSlot) -> impl Iterator<Item = &'t DbiChanges> {
        self.set.dbi(slot).into_iter().chain(self.layers.of_dbi(slot))
    }

    pub(super) fn view(self, dbi: &DbiRef) -> Result<LayeredTree<'t>> {
        Ok(LayeredTree::new(self.base.pages(), self.tree(dbi)?, self.layers(dbi.slot)))
    }

    #[inline]
    pub(super) fn get<const W: usize>(self, dbi: &DbiRef, key: &[u8]) -> Result<Option<&'t [u8]>> {
        let tree = self.tree(dbi)?;
        match look(self.layers(dbi.slot), key) {
            Some(found) => Ok(found),
            None => page::get::<W>(self.base.pages(), &tree, key),
        }
    }

    /// The sets whose DBIs this transaction sees: its own, and those that it follows on.
    pub(super) fn creations(self) -> impl Iterator<Item = &'t Creations> {
        std::iter::once(self.set).chain(self.layers.sets()).filter_map(|set| set.creations())
    }

    /// The DBI `name`, if this transaction or one that it follows on creates it.
    pub(super) fn created(self, name: &str) -> Option<&'t Arc<DbiRef>> {
        self.creations().find_map(|creations| creations.get(name))
    }

    /// Whether this transaction or one that it follows on creates the DBI.
    #[cold]
    fn has_created(self, dbi: &DbiRef) -> bool {
        self.created(&dbi.name).is_some_and(|created| created.slot == dbi.slot && created.engine == dbi.engine)
    }
}
