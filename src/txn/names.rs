//! What names and handles of DBIs stand for inside a transaction that creates, renames or drops some.

use std::sync::Arc;

use crate::catalog::DbiRef;
use crate::error::Result;
use crate::page::TreeRecord;
use crate::state::Standing;
use crate::txn::dbi_checks::{absent, bytes, foreign};
use crate::txn::write_txn::WriteTxn;
use crate::write_set::{Meaning, SchemaChanges};

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
        self.state.check_held()?;
        if let Some(changed) = self.state.pending().schemas().find_map(|schema| schema.name(name)) {
            return Ok(match changed {
                Meaning::Nothing => Named::Absent,
                Meaning::Dbi(dbi) => Named::Ours(Arc::clone(dbi)),
            });
        }
        Ok(match self.state.base.standing(name)? {
            Standing::Absent => Named::Absent,
            Standing::Ours(dbi) => Named::Ours(self.state.base.dbis().intern(&self.state.uuid, name, dbi.found())),
            Standing::Foreign(tree) => Named::Foreign(tree),
        })
    }

    /// The DBI `name`, whatever its types. `NotFound` if there is none.
    pub(super) fn existing(&self, name: &str) -> Result<Arc<DbiRef>> {
        match self.look_up(name)? {
            Named::Absent => Err(absent(name)),
            Named::Ours(dbi) => Ok(dbi),
            Named::Foreign(_) => Ok(self.intern_foreign(name)),
        }
    }

    /// The entry of the DBI of other software, as bytes.
    pub(super) fn intern_foreign(&self, name: &str) -> Arc<DbiRef> {
        self.state.base.dbis().intern(&self.state.uuid, name, foreign(name, &bytes()))
    }

    /// How many DBIs more there are than in the base, and how many of the base's are dropped.
    pub(super) fn dbi_counts(&self) -> (usize, usize) {
        let counts = self.state.pending().schemas().map(SchemaChanges::counts);
        counts.fold((0, 0), |(more, fewer), (created, dropped)| (more + created, fewer + dropped))
    }
}
