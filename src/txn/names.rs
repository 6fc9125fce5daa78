//! What names and handles of DBIs stand for inside a transaction that creates, renames or drops some.

use std::sync::Arc;

use crate::catalog::{DbiIdentity, DbiRef};
use crate::error::{Error, ErrorKind, Result};
use crate::page::TreeRecord;
use crate::state::Standing;
use crate::txn::write::WriteTxn;
use crate::write_set::{Below, ChangedDbi, Meaning, SchemaChanges};

/// What a name stands for in a transaction.
pub(super) enum Named {
    Absent,
    Ours(Arc<DbiRef>),
    /// The tree of other software.
    Foreign(TreeRecord),
}

impl WriteTxn {
    /// What `name` stands for in this transaction. O(log of all DBIs).
    pub(super) fn look_up(&self, name: &str) -> Result<Named> {
        self.check_held()?;
        if let Some(changed) = self.schemas().find_map(|schema| schema.name(name)) {
            return Ok(match changed {
                Meaning::Nothing => Named::Absent,
                Meaning::Dbi(dbi) => Named::Ours(Arc::clone(dbi)),
            });
        }
        Ok(match self.base.standing(name)? {
            Standing::Absent => Named::Absent,
            Standing::Ours(dbi) => Named::Ours(self.base.dbis().intern(&self.uuid, name, dbi.found())),
            Standing::Foreign(tree) => Named::Foreign(tree),
        })
    }

    /// The changes of DBIs that this transaction sees, the newest first: its own, and those that it follows on.
    fn schemas(&self) -> impl Iterator<Item = &SchemaChanges> {
        std::iter::once(&self.set).chain(self.layers.sets()).filter_map(|set| set.schema())
    }

    /// How many DBIs more there are than in the base, and how many of the base's are dropped.
    pub(super) fn dbi_counts(&self) -> (usize, usize) {
        let counts = self.schemas().map(SchemaChanges::counts);
        counts.fold((0, 0), |(more, fewer), (created, dropped)| (more + created, fewer + dropped))
    }

    /// The tree of `dbi` below all changes, where the catalogue of the base need not be right.
    #[cold]
    pub(super) fn tree_of_changed(&self, dbi: &DbiRef) -> Result<TreeRecord> {
        if dbi.engine != self.base.dbis().engine() {
            return self.base.tree(dbi);
        }
        match dbi.identity {
            DbiIdentity::Catalogued(id) => {
                let mut changes = self.schemas().filter_map(|schema| schema.dbi(id));
                // The newest change says whether it is there, the oldest what it has in the file.
                let Some(newest) = changes.next() else { return self.base.tree(dbi) };
                if newest.name.is_none() {
                    return Err(dropped(dbi));
                }
                self.tree_below(changes.last().unwrap_or(newest), dbi)
            }
            DbiIdentity::Foreign => match self.schemas().find_map(|schema| schema.foreign(&dbi.name)) {
                None => self.base.tree(dbi),
                Some(foreign) if foreign.is_dropped => Err(dropped(dbi)),
                Some(_) => {
                    let why = "the DBI was adopted since this handle was opened; open it again with its types";
                    Err(Error::new(ErrorKind::SchemaMismatch, why).in_dbi(&dbi.name))
                }
            },
        }
    }

    fn tree_below(&self, changed: &ChangedDbi, dbi: &DbiRef) -> Result<TreeRecord> {
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
