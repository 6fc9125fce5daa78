//! Applying a write set to LMDB: DBI by DBI, keys ascending.

use crate::env::{Applier, Failure};
use crate::txn::write_set::WriteSet;

impl WriteSet {
    /// Makes the changes in LMDB's write transaction. What they hold was checked when they were made, so only space and
    /// the disk can fail; the set stays whole and can be applied again.
    pub(crate) fn apply(&self, applier: &mut Applier<'_, '_, '_>) -> Result<(), Failure> {
        for dbi in self.dbis() {
            if !dbi.cleared && dbi.changes.is_empty() {
                continue;
            }
            let tree = applier.tree(&dbi.dbi.name)?;
            if dbi.cleared {
                applier.clear(tree)?;
            }
            for (key, change) in &dbi.changes {
                match change {
                    Some(value) => applier.put(tree, key, value)?,
                    None => applier.delete(tree, key)?,
                }
            }
        }
        Ok(())
    }
}
