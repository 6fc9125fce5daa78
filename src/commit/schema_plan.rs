//! What the changes of DBIs mean for a file: which trees are removed, emptied and made, and which records of the
//! catalogue change.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::catalog::{
    DbiId, DbiRecord, DbiRef, Elsewhere, Renamed, Schema, TreeOwner, dbi_key, numbered_prefix, numbered_tree,
    renamed_key,
};
use crate::error::{Error, ErrorKind, Result};
use crate::lmdb::{Applier, Failure};
use crate::state::{MainEntry, State};
use crate::write_set::{Below, ChangedDbi, SchemaChanges};

/// The changes of the file for a set's changes of DBIs. Made before the commit, so that it can be applied again.
#[derive(Debug, Default)]
pub(crate) struct SchemaPlan {
    /// The trees that are removed, with their LMDB handles. No other process has the environment open.
    removed: Vec<Box<str>>,
    /// The trees that are emptied: others take them over, or another process may have handles on them.
    emptied: Vec<Box<str>>,
    /// The trees that are made, or taken over.
    made: BTreeSet<Box<str>>,
    /// The keys of the catalogue that change, with their new values.
    records: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    /// Trees that are left empty.
    left: Vec<String>,
    /// The trees of the DBIs that are created and adopted.
    trees: Vec<(Arc<DbiRef>, Box<str>)>,
}

/// Who else may have the environment open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Company {
    /// Nobody, while the plan is applied.
    Alone,
    /// Other processes, or it was not asked.
    Others,
}

impl SchemaPlan {
    /// The plan for `changes` on `base`. If the process is alone, the trees `leftovers` are removed.
    pub(crate) fn of(changes: &SchemaChanges, base: &State, company: Company, leftovers: &[String]) -> Result<Self> {
        let mut planning =
            Planning { base, names: BTreeMap::new(), released: BTreeSet::new(), plan: Self::default(), company };
        planning.drop_all(changes)?;
        planning.rename_all(changes)?;
        planning.create_all(changes)?;
        planning.release_all(leftovers)?;
        planning.write_records();
        planning.plan.records.sort();
        Ok(planning.plan)
    }

    /// Removes, empties and makes trees, tells new DBIs their trees, and writes the records.
    pub(crate) fn apply(&self, applier: &mut Applier<'_, '_, '_>) -> Result<(), Failure> {
        // The changes of a new DBI's rows, which are applied next, go to the tree that is noted here.
        self.trees.iter().for_each(|(dbi, tree)| dbi.set_tree(tree));
        for tree in &self.removed {
            applier.drop_tree(tree)?;
        }
        for tree in &self.emptied {
            let tree = applier.tree(tree)?;
            applier.clear(tree)?;
        }
        if !self.made.is_empty() {
            applier.make_trees(self.made())?;
        }
        applier.change_catalog(&self.records)
    }

    /// The names of the trees that were made or taken over.
    pub(crate) fn made(&self) -> impl Iterator<Item = &str> {
        self.made.iter().map(|tree| &**tree)
    }

    /// The names of the trees that are left empty, if those in `leftovers` were left before.
    pub(crate) fn left(self, leftovers: Vec<String>, company: Company) -> Vec<String> {
        let mut left = if company == Company::Alone { Vec::new() } else { leftovers };
        left.retain(|name| !self.made.contains(name.as_str()));
        left.extend(self.left);
        left
    }
}

/// How many names are looked at for a tree that is left. More that begin alike are in use at once only where a program
/// has many DBIs of one name after another, and keeps them.
const MOST_NUMBERED: usize = 64;

/// A name, as it is when the plan has been applied.
#[derive(Debug)]
struct Name {
    /// The DBI that has the name, and the name of its tree.
    dbi: Option<(DbiId, Schema, Box<str>)>,
    /// Whose the tree of this name is. `None` if other software made it.
    owner: Option<TreeOwner>,
    /// The record in the file.
    before: Option<DbiRecord>,
}

struct Planning<'b> {
    base: &'b State,
    /// The names that may change.
    names: BTreeMap<Box<str>, Name>,
    /// The trees that lose their DBIs.
    released: BTreeSet<Box<str>>,
    plan: SchemaPlan,
    company: Company,
}

impl Planning<'_> {
    fn name(&mut self, name: &str) -> Result<&mut Name> {
        if !self.names.contains_key(name) {
            let before = self.base.dbi_record(name)?;
            let owner = self.base.owner_of(name, before.as_ref())?;
            let dbi = match &before {
                Some(DbiRecord::Live { id, schema, elsewhere }) => {
                    let tree = elsewhere.as_ref().map_or(name, |elsewhere| &elsewhere.tree);
                    Some((*id, schema.clone(), tree.into()))
                }
                _ => None,
            };
            self.names.insert(name.into(), Name { dbi, owner, before });
        }
        let unknown = || Error::new(ErrorKind::InvalidArgument, "a name that is not planned; retry");
        self.names.get_mut(name).ok_or_else(unknown)
    }

    /// Takes the DBIs that are dropped from their names and trees.
    fn drop_all(&mut self, changes: &SchemaChanges) -> Result<()> {
        for (id, changed) in changes.dbis().filter(|(_, changed)| changed.name.is_none()) {
            match &changed.below {
                Below::Nothing => {}
                Below::Adopted(foreign) => self.release(&foreign.name)?,
                Below::Own => {
                    let (name, tree) = self.names_of(&changed.dbi)?;
                    self.name(&name)?.dbi = None;
                    self.release(&tree)?;
                    if self.base.renamed(id)?.is_some() {
                        self.plan.records.push((renamed_key(id), None));
                    }
                }
            }
        }
        changes.dropped_foreign().try_for_each(|name| self.release(name))
    }

    fn release(&mut self, tree: &str) -> Result<()> {
        self.name(tree)?.owner = Some(TreeOwner::Left);
        self.released.insert(tree.into());
        Ok(())
    }

    /// The name of the DBI in the file, and that of its tree.
    fn names_of(&self, dbi: &DbiRef) -> Result<(Box<str>, Box<str>)> {
        let gone = || Error::new(ErrorKind::NotFound, "the DBI was dropped before; retry").in_dbi(&dbi.name);
        self.base.names_of(dbi)?.ok_or_else(gone)
    }

    /// Gives the DBIs that are renamed their new names. All lose the old ones first, so that they may exchange them.
    fn rename_all(&mut self, changes: &SchemaChanges) -> Result<()> {
        let mut renamed = Vec::new();
        for (id, changed) in changes.dbis() {
            let (Below::Own, Some(name)) = (&changed.below, &changed.name) else { continue };
            let (before, tree) = self.names_of(&changed.dbi)?;
            if before != *name {
                self.name(&before)?.dbi = None;
                renamed.push((id, changed, name, tree));
            }
        }
        for (id, changed, name, tree) in renamed {
            self.name(name)?.dbi = Some((id, changed.dbi.schema.clone(), tree));
            self.note_renamed(id, changed, name);
        }
        Ok(())
    }

    fn note_renamed(&mut self, id: DbiId, changed: &ChangedDbi, name: &str) {
        let renamed = Renamed { name: name.into(), origin: changed.dbi.origin.clone() };
        self.plan.records.push((renamed_key(id), Some(renamed.to_bytes())));
    }

    /// Gives the DBIs that are created and adopted their names and trees.
    fn create_all(&mut self, changes: &SchemaChanges) -> Result<()> {
        for (id, changed) in changes.dbis() {
            let Some(name) = &changed.name else { continue };
            let tree = match &changed.below {
                Below::Own => continue,
                Below::Nothing => self.new_tree(name, id)?,
                Below::Adopted(foreign) => foreign.name.clone(),
            };
            self.name(&tree)?.owner = Some(TreeOwner::Dbi(id));
            self.plan.trees.push((Arc::clone(&changed.dbi), tree.clone()));
            self.name(name)?.dbi = Some((id, changed.dbi.schema.clone(), tree));
            if *name != changed.dbi.origin {
                self.note_renamed(id, changed, name);
            }
        }
        Ok(())
    }

    /// A tree for a new DBI: the tree of its name, or if that is taken one with a number.
    fn new_tree(&mut self, name: &str, id: DbiId) -> Result<Box<str>> {
        let mut tree: Box<str> = name.into();
        if !self.is_free(name)? {
            tree = match self.left_numbered(name)? {
                Some(left) => left,
                None => numbered_tree(name, id).into(),
            };
        }
        while !self.is_free(&tree)? {
            tree = numbered_tree(&tree, id).into();
        }
        self.plan.made.insert(tree.clone());
        Ok(tree)
    }

    /// A tree that is left of an earlier DBI of this name, whose tree got a number. Beside other processes there would
    /// be one more after each DBI of the name that is dropped, and a handle of LMDB for each.
    fn left_numbered(&mut self, name: &str) -> Result<Option<Box<str>>> {
        for tree in self.base.names_with_records(&numbered_prefix(name), MOST_NUMBERED)? {
            if self.name(&tree)?.owner == Some(TreeOwner::Left) && self.is_free(&tree)? {
                return Ok(Some(tree));
            }
        }
        Ok(None)
    }

    /// Whether a new DBI can have the tree: if there is none, or it is left empty and is plain.
    fn is_free(&mut self, tree: &str) -> Result<bool> {
        Ok(match self.name(tree)?.owner {
            Some(TreeOwner::Nobody) => true,
            Some(TreeOwner::Left) => {
                matches!(self.base.main_entry(tree)?, Some(MainEntry::Tree(root)) if root.flags == 0)
            }
            Some(TreeOwner::Dbi(_)) | None => false,
        })
    }

    /// Decides what becomes of the trees that no DBI has any more.
    fn release_all(&mut self, leftovers: &[String]) -> Result<()> {
        let released = std::mem::take(&mut self.released);
        for tree in &released {
            let is_left = self.name(tree)?.owner == Some(TreeOwner::Left);
            if is_left && self.company == Company::Alone {
                self.remove(tree)?;
                continue;
            }
            self.plan.emptied.push(tree.clone());
            if is_left {
                self.plan.left.push(tree.to_string());
            }
        }
        if self.company == Company::Alone {
            for tree in leftovers.iter().filter(|tree| !released.contains(tree.as_str())) {
                if self.name(tree)?.owner == Some(TreeOwner::Left) {
                    self.remove(tree)?;
                }
            }
        }
        Ok(())
    }

    fn remove(&mut self, tree: &str) -> Result<()> {
        self.name(tree)?.owner = Some(TreeOwner::Nobody);
        self.plan.removed.push(tree.into());
        Ok(())
    }

    /// Plans the records of the names that have changed.
    fn write_records(&mut self) {
        for (name, planned) in std::mem::take(&mut self.names) {
            let after = record(&name, &planned);
            if after != planned.before {
                self.plan.records.push((dbi_key(&name), after.map(|record| record.to_bytes())));
            }
        }
    }
}

/// The record of a name.
fn record(name: &str, planned: &Name) -> Option<DbiRecord> {
    match (&planned.dbi, planned.owner) {
        (Some((id, schema, tree)), owner) => {
            let beneath = owner.unwrap_or(TreeOwner::Nobody);
            let elsewhere = (**tree != *name).then(|| Elsewhere { tree: tree.clone(), beneath });
            Some(DbiRecord::Live { id: *id, schema: schema.clone(), elsewhere })
        }
        (None, Some(TreeOwner::Dbi(id))) => Some(DbiRecord::Moved(id)),
        (None, Some(TreeOwner::Left)) => Some(DbiRecord::Dropped),
        (None, Some(TreeOwner::Nobody) | None) => None,
    }
}
