//! The names that the trees of renamed DBIs get in a compacted copy: those of the DBIs.

use std::collections::BTreeMap;

use crate::catalog::{DbiId, DbiRecord, Elsewhere, Schema, TreeOwner, dbi_key};
use crate::error::Result;
use crate::lmdb::TreeNames;
use crate::state::State;

/// A DBI whose tree has another name.
struct Elsewhered {
    name: Box<str>,
    id: DbiId,
    schema: Schema,
}

/// The names that trees get in a copy of `state`; `None` if all have the right ones. A tree whose right name belongs to
/// the tree of other software keeps its own. O(DBIs).
pub(super) fn right_names(state: &State) -> Result<Option<TreeNames>> {
    let mut moving: BTreeMap<Box<str>, Elsewhered> = BTreeMap::new();
    for (name, record) in state.dbi_records()? {
        if let DbiRecord::Live { id, schema, elsewhere: Some(Elsewhere { tree, .. }) } = record {
            state.check_owner(&tree, id)?;
            moving.insert(tree, Elsewhered { name: name.into(), id, schema });
        }
    }
    while let Some(stays) = first_that_stays(state, &moving)? {
        moving.remove(&stays);
    }
    if moving.is_empty() {
        return Ok(None);
    }
    let mut records = BTreeMap::new();
    for tree in moving.keys() {
        // The tree leaves its present name, so the record of that name must not name an owner of the tree any more. If
        // another DBI gets this name for its tree, the loop below replaces the record.
        let record = match state.dbi_record(tree)? {
            Some(DbiRecord::Live { id, schema, elsewhere: Some(elsewhere) }) => {
                let elsewhere = Some(Elsewhere { beneath: TreeOwner::Nobody, ..elsewhere });
                Some(DbiRecord::Live { id, schema, elsewhere }.to_bytes())
            }
            _ => None,
        };
        records.insert(dbi_key(tree), record);
    }
    for Elsewhered { name, id, schema } in moving.values() {
        let record = DbiRecord::Live { id: *id, schema: schema.clone(), elsewhere: None };
        records.insert(dbi_key(name), Some(record.to_bytes()));
    }
    let mut head = state.head()?;
    // The new epoch makes handles that are open in this process look their trees up again.
    head.epoch = head.epoch.wrapping_add(1);
    let trees = moving.into_iter().map(|(tree, dbi)| (tree, dbi.name)).collect();
    Ok(Some(TreeNames { trees, records: records.into_iter().collect(), head: head.to_bytes() }))
}

/// A tree that cannot get its DBI's name, since a tree that stays has that.
fn first_that_stays(state: &State, moving: &BTreeMap<Box<str>, Elsewhered>) -> Result<Option<Box<str>>> {
    for (tree, Elsewhered { name, .. }) in moving {
        let record = state.dbi_record(name)?;
        match state.owner_of(name, record.as_ref())? {
            Some(TreeOwner::Nobody | TreeOwner::Left) => {}
            Some(TreeOwner::Dbi(_)) if moving.contains_key(name) => {}
            Some(TreeOwner::Dbi(_)) | None => return Ok(Some(tree.clone())),
        }
    }
    Ok(None)
}
