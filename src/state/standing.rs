//! What exists under a name in a committed state.

use crate::catalog::{DbiFound, DbiId, DbiIdentity, DbiRecord, Schema};
use crate::error::Result;
use crate::page::TreeRecord;
use crate::state::catalogue::occupied;
use crate::state::committed::{MainEntry, State, check_flags};

/// What exists under a name.
#[derive(Debug)]
pub(crate) enum Standing {
    /// Nothing, or an empty tree that is left of a dropped DBI, or the tree of a DBI that was renamed.
    Absent,
    Ours(Catalogued),
    /// The tree of other software.
    Foreign(TreeRecord),
}

/// A DBI of the catalogue.
#[derive(Debug)]
pub(crate) struct Catalogued {
    pub id: DbiId,
    pub schema: Schema,
    /// The name of its tree.
    pub tree: Box<str>,
    /// The name that it was created with.
    pub origin: Box<str>,
    pub root: TreeRecord,
}

impl Catalogued {
    pub(crate) fn found(&self) -> DbiFound<'_> {
        let identity = DbiIdentity::Catalogued(self.id);
        DbiFound { identity, schema: &self.schema, tree: &self.tree, origin: &self.origin }
    }
}

impl Standing {
    /// This, if mapleaf reads its tree.
    ///
    /// # Errors
    /// `Unsupported` for a tree with flags.
    pub(crate) fn readable(self, name: &str) -> Result<Self> {
        match &self {
            Self::Ours(Catalogued { root, .. }) | Self::Foreign(root) => check_flags(root, name).map(|()| self),
            Self::Absent => Ok(self),
        }
    }
}

impl State {
    /// What exists under `name`. O(log DBIs).
    ///
    /// # Errors
    /// `Unsupported` if other software keeps a value under the name; `Corrupted`.
    pub(crate) fn standing(&self, name: &str) -> Result<Standing> {
        let entry = match self.main_entry(name)? {
            Some(MainEntry::Data) => return Err(occupied(name)),
            Some(MainEntry::Tree(tree)) => Some(tree),
            None => None,
        };
        let (id, schema, tree, root) = match self.dbi_record(name)? {
            None => return Ok(entry.map_or(Standing::Absent, Standing::Foreign)),
            Some(DbiRecord::Moved(_)) => return Ok(Standing::Absent),
            // A dropped DBI leaves at most an empty tree, and its name is free. A tree with entries is another one,
            // which other software made since.
            Some(DbiRecord::Dropped) => {
                return Ok(entry.filter(|tree| tree.entries > 0).map_or(Standing::Absent, Standing::Foreign));
            }
            Some(DbiRecord::Live { id, schema, elsewhere: None }) => (id, schema, name.into(), entry),
            Some(DbiRecord::Live { id, schema, elsewhere: Some(elsewhere) }) => {
                self.check_owner(&elsewhere.tree, id).map_err(|error| error.in_dbi(name))?;
                let root = match self.main_entry(&elsewhere.tree)? {
                    Some(MainEntry::Tree(root)) => Some(root),
                    _ => None,
                };
                (id, schema, elsewhere.tree, root)
            }
        };
        // The record names a tree that does not exist, so it is the record of no DBI.
        let Some(root) = root else { return Ok(Standing::Absent) };
        let origin = self.renamed(id)?.map_or_else(|| name.into(), |renamed| renamed.origin);
        Ok(Standing::Ours(Catalogued { id, schema, tree, origin, root }))
    }
}
