//! What a write transaction reads: the state that it began on, with its own changes laid over it.

use crate::catalog::{DbiIdentity, DbiRef, DbiSlot};
use crate::error::{Error, ErrorKind, Result};
use crate::page::{self, TreeRecord};
use crate::read::{LayeredTree, Layers, look};
use crate::state::{State, adopted};
use crate::write_set::{Below, ChangedDbi, DbiChanges, SchemaChanges, WriteSet};

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
        if self.set.schema().is_some() || dbi.is_pending() { self.tree_of_changed(dbi) } else { self.base.tree(dbi) }
    }

    /// Fails for a handle of another environment, or of a DBI that does not exist.
    #[inline]
    pub(super) fn check_dbi(self, dbi: &DbiRef) -> Result<()> {
        if self.set.schema().is_some() || dbi.is_pending() {
            self.tree_of_changed(dbi).map(drop)
        } else {
            self.base.check_dbi(dbi)
        }
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

    /// The changes of DBIs that this transaction sees, the newest first: its own, and those that it follows on.
    pub(super) fn schemas(self) -> impl Iterator<Item = &'t SchemaChanges> {
        std::iter::once(self.set).chain(self.layers.sets()).filter_map(|set| set.schema())
    }

    /// The tree of `dbi` below all changes, where the catalogue of the base need not be right.
    #[cold]
    fn tree_of_changed(self, dbi: &DbiRef) -> Result<TreeRecord> {
        if dbi.engine != self.base.dbis().engine() {
            return self.base.tree(dbi);
        }
        match dbi.identity {
            DbiIdentity::Catalogued(id) => {
                let mut changes = self.schemas().filter_map(|schema| schema.dbi(id));
                // The newest change of the DBI says whether the DBI exists. The oldest one says which tree it has in
                // the file.
                let Some(newest) = changes.next() else { return self.base.tree(dbi) };
                if newest.name.is_none() {
                    return Err(dropped(dbi));
                }
                self.tree_below(changes.last().unwrap_or(newest), dbi)
            }
            DbiIdentity::Foreign => match self.schemas().find_map(|schema| schema.foreign(&dbi.name)) {
                None => self.base.tree(dbi),
                Some(foreign) if foreign.is_dropped => Err(dropped(dbi)),
                Some(_) => Err(adopted(dbi)),
            },
        }
    }

    fn tree_below(self, changed: &ChangedDbi, dbi: &DbiRef) -> Result<TreeRecord> {
        match &changed.below {
            Below::Nothing => Ok(TreeRecord::EMPTY),
            Below::Adopted(foreign) => self.base.tree(foreign),
            Below::Own => self.base.tree(dbi),
        }
    }
}

fn dropped(dbi: &DbiRef) -> Error {
    let why = "this transaction dropped the DBI; open it again to create it anew";
    Error::new(ErrorKind::NotFound, why).in_dbi(&dbi.name)
}
