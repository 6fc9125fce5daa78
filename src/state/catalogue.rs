//! The catalogue as a committed state has it: the head, the identity, and the DBIs by name and by number.

use std::ops::Bound;

use crate::catalog::{
    CATALOG, DbiId, DbiIdentity, DbiRecord, DbiRef, ENV_KEY, Elsewhere, HEAD_KEY, Head, Identity, Renamed, TreeOwner,
    damaged, dbi_key, dbi_name, is_dbi_key, renamed_key,
};
use crate::error::{Error, ErrorKind, Result};
use crate::page::{self, Cursor, TreeRecord};
use crate::state::committed::{MainEntry, State, check_flags};

impl State {
    /// The root of `dbi` in this state; an empty tree if the DBI was created later.
    pub(super) fn resolve(&self, dbi: &DbiRef) -> Result<TreeRecord> {
        let head = self.head()?;
        if dbi.is_checked(head.epoch) {
            return self.tree_named(dbi.tree(), dbi);
        }
        let tree = match dbi.identity {
            DbiIdentity::Catalogued(_) if dbi.is_given_up() => return Err(not_created(dbi)),
            DbiIdentity::Catalogued(id) => match self.names_of(dbi)? {
                Some((_, tree)) => tree,
                // Asked once: the commit may end meanwhile. Once it is settled, a DBI stays so.
                None if !dbi.is_settled() => return Err(not_created(dbi)),
                // This state has not given out the DBI's number yet, so it is older than the DBI. The DBI reads as
                // empty in it.
                None if head.next_dbi <= id => return Ok(TreeRecord::EMPTY),
                None => return Err(dropped(dbi)),
            },
            DbiIdentity::Foreign => match self.dbi_record(&dbi.name)? {
                Some(DbiRecord::Live { .. } | DbiRecord::Moved(_)) => return Err(adopted(dbi)),
                Some(DbiRecord::Dropped) if self.is_leftover(&dbi.name)? => return Err(dropped(dbi)),
                _ => dbi.name.clone(),
            },
        };
        let root = self.tree_named(&tree, dbi)?;
        dbi.set_checked(head.epoch, &tree);
        Ok(root)
    }

    /// The root of the tree `name`, which is that of `dbi`.
    fn tree_named(&self, name: &str, dbi: &DbiRef) -> Result<TreeRecord> {
        match self.main_entry(name)? {
            Some(MainEntry::Tree(tree)) => check_flags(&tree, &dbi.name).map(|()| tree),
            _ => Err(dropped(dbi)),
        }
    }

    /// The name of `dbi`, which has a number, in this state, and the name of its tree. `None` if the state does not have
    /// the DBI. O(log DBIs).
    ///
    /// A handle knows the name that it opened, and the name that the DBI was created with. A state that has the DBI
    /// under neither has a record of it by its number, since it was renamed.
    pub(crate) fn names_of(&self, dbi: &DbiRef) -> Result<Option<(Box<str>, Box<str>)>> {
        let DbiIdentity::Catalogued(id) = dbi.identity else { return Ok(None) };
        let under = |name: &str| Ok(self.tree_under(name, id)?.map(|tree| (name.into(), tree)));
        if let Some(place) = under(&dbi.name)? {
            return Ok(Some(place));
        }
        match self.renamed(id)? {
            Some(renamed) => under(&renamed.name),
            None if dbi.origin != dbi.name => under(&dbi.origin),
            None => Ok(None),
        }
    }

    /// The name of the tree of the DBI with this number, if it has the name `name`.
    fn tree_under(&self, name: &str, id: DbiId) -> Result<Option<Box<str>>> {
        match self.dbi_record(name)? {
            Some(DbiRecord::Live { id: found, elsewhere: None, .. }) if found == id => Ok(Some(name.into())),
            Some(DbiRecord::Live { id: found, elsewhere: Some(Elsewhere { tree, .. }), .. }) if found == id => {
                self.check_owner(&tree, id).map_err(|error| error.in_dbi(name))?;
                Ok(Some(tree))
            }
            _ => Ok(None),
        }
    }

    /// Fails if the tree of this name is not that of the DBI with this number.
    pub(crate) fn check_owner(&self, tree: &str, id: DbiId) -> Result<()> {
        let owner = match self.dbi_record(tree)? {
            Some(DbiRecord::Moved(owner)) => TreeOwner::Dbi(owner),
            Some(DbiRecord::Live { elsewhere: Some(Elsewhere { beneath, .. }), .. }) => beneath,
            _ => TreeOwner::Nobody,
        };
        if owner == TreeOwner::Dbi(id) { Ok(()) } else { Err(damaged("two DBIs have one tree, or a tree has no DBI")) }
    }

    /// Whose the tree `name` is, if it exists. `None` if other software made it. `record` is that of the name.
    ///
    /// # Errors
    /// `Unsupported` if other software keeps a value under the name.
    pub(crate) fn owner_of(&self, name: &str, record: Option<&DbiRecord>) -> Result<Option<TreeOwner>> {
        let tree = match self.main_entry(name)? {
            None => return Ok(Some(TreeOwner::Nobody)),
            Some(MainEntry::Data) => return Err(occupied(name)),
            Some(MainEntry::Tree(tree)) => tree,
        };
        Ok(match record {
            Some(DbiRecord::Live { id, elsewhere: None, .. } | DbiRecord::Moved(id)) => Some(TreeOwner::Dbi(*id)),
            Some(DbiRecord::Live { elsewhere: Some(Elsewhere { beneath: TreeOwner::Dbi(id), .. }), .. }) => {
                Some(TreeOwner::Dbi(*id))
            }
            // A dropped DBI leaves an empty tree. A tree with entries is not that one: other software made it after the
            // name became free.
            Some(DbiRecord::Dropped) if tree.entries == 0 => Some(TreeOwner::Left),
            Some(DbiRecord::Live { elsewhere: Some(Elsewhere { beneath: TreeOwner::Left, .. }), .. })
                if tree.entries == 0 =>
            {
                Some(TreeOwner::Left)
            }
            _ => None,
        })
    }

    /// Whether the tree `name` is empty, and left of a DBI that was dropped.
    pub(crate) fn is_leftover(&self, name: &str) -> Result<bool> {
        let record = self.dbi_record(name)?;
        Ok(matches!(record, Some(DbiRecord::Dropped | DbiRecord::Live { elsewhere: Some(_), .. }))
            && self.owner_of(name, record.as_ref())? == Some(TreeOwner::Left))
    }

    /// The names of the empty trees that are left of dropped DBIs. O(DBIs).
    pub(crate) fn leftovers(&self) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for (name, tree) in self.trees()? {
            if tree.entries == 0
                && let Ok(name) = String::from_utf8(name)
                && self.is_leftover(&name)?
            {
                names.push(name);
            }
        }
        Ok(names)
    }

    pub(crate) fn catalog(&self) -> Result<TreeRecord> {
        if let Some(tree) = self.catalog.get() {
            return Ok(*tree);
        }
        let tree = match self.main_entry(CATALOG)? {
            Some(MainEntry::Tree(tree)) => tree,
            _ => TreeRecord::EMPTY,
        };
        check_flags(&tree, CATALOG)?;
        Ok(*self.catalog.get_or_init(|| tree))
    }

    /// Commit count, schema epoch and the next DBI's id; all zero in a file that mapleaf has not written to.
    pub(crate) fn head(&self) -> Result<Head> {
        if let Some(head) = self.known_head.as_ref().or_else(|| self.head.get()) {
            return Ok(*head);
        }
        let found = page::find(self.pages(), &self.meta().main, HEAD_KEY.as_bytes())?;
        let head = match found {
            Some(found) => Head::from_bytes(found.value)?,
            None => self.lost_head()?,
        };
        Ok(*self.head.get_or_init(|| head))
    }

    /// The head of a file without one: new, of other software, or loaded from a dump, which omits it. DBI ids are
    /// never reused, so they continue after those of the catalogue.
    #[cold]
    fn lost_head(&self) -> Result<Head> {
        let mut next_dbi = DbiId::default();
        let mut records = Cursor::range(self.pages(), &self.catalog()?, Bound::Unbounded, Bound::Unbounded)?;
        while let Some((key, value)) = records.next()? {
            if is_dbi_key(key)
                && let DbiRecord::Live { id, .. } = DbiRecord::from_bytes(value)?
            {
                next_dbi = next_dbi.max(id.next().unwrap_or(id));
            }
        }
        Ok(Head { next_dbi, ..Head::default() })
    }

    /// The identity of the environment, unless mapleaf has not written to it yet.
    pub(crate) fn identity(&self) -> Result<Option<Identity>> {
        let found = page::get::<0>(self.pages(), &self.catalog()?, ENV_KEY)?;
        found.map(Identity::from_bytes).transpose()
    }

    /// The catalogue's record of the DBI `name`.
    pub(crate) fn dbi_record(&self, name: &str) -> Result<Option<DbiRecord>> {
        let found = page::get::<0>(self.pages(), &self.catalog()?, &dbi_key(name))?;
        found.map(DbiRecord::from_bytes).transpose().map_err(|error| error.in_dbi(name))
    }

    /// The names of the DBI with this number, if it was renamed.
    pub(crate) fn renamed(&self, id: DbiId) -> Result<Option<Renamed>> {
        let found = page::get::<0>(self.pages(), &self.catalog()?, &renamed_key(id))?;
        found.map(Renamed::from_bytes).transpose()
    }

    /// The names that begin with `prefix` and have records in the catalogue, in order, `most` of them at most.
    pub(crate) fn names_with_records(&self, prefix: &str, most: usize) -> Result<Vec<Box<str>>> {
        let first = dbi_key(prefix);
        let mut records = Cursor::range(self.pages(), &self.catalog()?, Bound::Included(&first), Bound::Unbounded)?;
        let mut names = Vec::new();
        while names.len() < most
            && let Some((key, _)) = records.next()?
            && key.starts_with(&first)
        {
            names.extend(dbi_name(key).map(Into::into));
        }
        Ok(names)
    }

    /// The records of all names in the catalogue, in the order of their names. O(DBIs).
    pub(crate) fn dbi_records(&self) -> Result<Vec<(String, DbiRecord)>> {
        let mut all = Vec::new();
        let mut records =
            Cursor::range(self.pages(), &self.catalog()?, Bound::Included(&dbi_key("")), Bound::Unbounded)?;
        while let Some((key, value)) = records.next()? {
            if !is_dbi_key(key) {
                break;
            }
            if let Some(name) = dbi_name(key) {
                all.push((name.to_owned(), DbiRecord::from_bytes(value).map_err(|error| error.in_dbi(name))?));
            }
        }
        Ok(all)
    }
}

/// The error for a name under which other software keeps a value.
#[cold]
pub(crate) fn occupied(name: &str) -> Error {
    let why = "other software keeps a value under this name beside its databases; choose another name";
    Error::new(ErrorKind::Unsupported, why).in_dbi(name)
}

/// The error for a handle of a DBI of other software that got a schema since.
#[cold]
pub(crate) fn adopted(dbi: &DbiRef) -> Error {
    let why = "the DBI was adopted since this handle was opened; open it again with its types";
    Error::new(ErrorKind::SchemaMismatch, why).in_dbi(&dbi.name)
}

#[cold]
fn dropped(dbi: &DbiRef) -> Error {
    Error::new(ErrorKind::NotFound, "the DBI was dropped; open it again to create it anew").in_dbi(&dbi.name)
}

#[cold]
fn not_created(dbi: &DbiRef) -> Error {
    let why =
        "the transaction that creates the DBI is not committed; use the handle after its commit, or open the DBI again";
    Error::new(ErrorKind::NotFound, why).in_dbi(&dbi.name)
}
