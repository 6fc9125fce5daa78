//! The DBIs that a write set creates, adopts, renames and drops.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::catalog::{DbiId, DbiIdentity, DbiRef};

/// Changes of the catalogue that are made when the set is committed. If the set is dropped before, the handles of DBIs
/// that it creates stay unusable.
#[derive(Debug, Default)]
pub(crate) struct SchemaChanges {
    /// What names stand for, where that has changed: the DBI, or nothing.
    names: BTreeMap<Box<str>, Meaning>,
    /// The DBIs that are created, adopted, renamed or dropped, by number.
    dbis: BTreeMap<DbiId, ChangedDbi>,
    /// The DBIs of other software that are adopted or dropped, by name. Their handles are not valid any more.
    foreign: BTreeMap<Box<str>, ForeignDbi>,
    /// What was replaced since the outermost open savepoint began, the oldest first.
    replaced: Vec<Replaced>,
    /// About how many bytes of memory the schema changes take.
    bytes: usize,
    /// How many DBIs are created and not dropped, and how many of the file's are dropped.
    counts: (usize, usize),
}

/// What a name stands for.
#[derive(Clone, Debug)]
pub(crate) enum Meaning {
    Nothing,
    Dbi(Arc<DbiRef>),
}

/// What becomes of a DBI.
#[derive(Clone, Debug)]
pub(crate) struct ChangedDbi {
    pub dbi: Arc<DbiRef>,
    pub below: Below,
    /// Its name. `None` once it is dropped.
    pub name: Option<Box<str>>,
}

/// What a DBI has in the file, below the changes of the set.
#[derive(Clone, Debug)]
pub(crate) enum Below {
    /// Nothing: the set creates it.
    Nothing,
    /// The tree of this DBI of other software, which the set adopts.
    Adopted(Arc<DbiRef>),
    /// Its own tree.
    Own,
}

/// A DBI of other software that is dropped or adopted.
#[derive(Clone, Debug)]
pub(crate) struct ForeignDbi {
    pub is_dropped: bool,
}

impl ForeignDbi {
    fn counts(&self) -> (usize, usize) {
        (0, usize::from(self.is_dropped))
    }
}

#[derive(Debug)]
enum Replaced {
    Name(Box<str>, Option<Meaning>),
    Dbi(DbiId, Option<ChangedDbi>),
    Foreign(Box<str>, Option<ForeignDbi>),
}

/// The length of the log of replaced values, and the counters, to which undoing a savepoint returns.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SchemaMark {
    replaced: usize,
    bytes: usize,
    counts: (usize, usize),
}

impl ChangedDbi {
    /// Whether the set creates this DBI and changes nothing else about it.
    fn is_plain_creation(&self) -> bool {
        matches!(self.below, Below::Nothing) && self.name.as_ref() == Some(&self.dbi.name)
    }

    /// What this DBI adds to [`SchemaChanges::counts`].
    fn counts(&self) -> (usize, usize) {
        let is_new = matches!(self.below, Below::Nothing);
        (usize::from(is_new && self.name.is_some()), usize::from(!is_new && self.name.is_none()))
    }

    fn give_up(&self) {
        if !matches!(self.below, Below::Own) {
            self.dbi.give_up();
        }
    }
}

impl SchemaChanges {
    pub(crate) fn is_empty(&self) -> bool {
        self.dbis.is_empty() && self.foreign.is_empty()
    }

    /// Whether the set changes more of the schema than creating DBIs. Such a set is committed alone: no transaction is
    /// based on it before it is committed.
    pub(crate) fn is_exclusive(&self) -> bool {
        !self.foreign.is_empty() || !self.dbis.values().all(ChangedDbi::is_plain_creation)
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// What the name stands for, if that is changed: a DBI or nothing.
    pub(crate) fn name(&self, name: &str) -> Option<&Meaning> {
        self.names.get(name)
    }

    /// What becomes of the DBI with this number, if it is changed.
    pub(crate) fn dbi(&self, id: DbiId) -> Option<&ChangedDbi> {
        self.dbis.get(&id)
    }

    /// What becomes of the DBI of other software, if it is changed.
    pub(crate) fn foreign(&self, name: &str) -> Option<&ForeignDbi> {
        self.foreign.get(name)
    }

    /// All DBIs that are changed, by number, so in the order in which they were created.
    pub(crate) fn dbis(&self) -> impl Iterator<Item = (DbiId, &ChangedDbi)> {
        self.dbis.iter().map(|(id, changed)| (*id, changed))
    }

    /// The names of the DBIs of other software that are dropped.
    pub(crate) fn dropped_foreign(&self) -> impl Iterator<Item = &str> {
        self.foreign.iter().filter(|(_, foreign)| foreign.is_dropped).map(|(name, _)| &**name)
    }

    /// How many DBIs more there are than in the file, and how many of the file's are not there any more. O(1).
    pub(crate) fn counts(&self) -> (usize, usize) {
        self.counts
    }

    /// The number after those of all DBIs that are created, if there is one.
    pub(crate) fn next_id(&self) -> Option<DbiId> {
        let mut created = self.dbis.iter().rev().filter(|(_, changed)| !matches!(changed.below, Below::Own));
        created.next().and_then(|(id, _)| id.next())
    }

    /// Creates `dbi`. Unless `is_named`, the name goes on standing for what it stood for.
    pub(super) fn create(&mut self, dbi: Arc<DbiRef>, is_named: bool, is_recorded: bool) {
        let DbiIdentity::Catalogued(id) = dbi.identity else { return };
        if is_named {
            self.set_name(&dbi.name, Meaning::Dbi(Arc::clone(&dbi)), is_recorded);
        }
        let name = Some(dbi.name.clone());
        self.set_dbi(id, ChangedDbi { dbi, below: Below::Nothing, name }, is_recorded);
    }

    /// Adopts `foreign`, the DBI of other software that has `dbi`'s name: from now on it is `dbi`.
    pub(super) fn adopt(&mut self, foreign: Arc<DbiRef>, dbi: Arc<DbiRef>, is_recorded: bool) {
        let DbiIdentity::Catalogued(id) = dbi.identity else { return };
        self.set_name(&dbi.name, Meaning::Dbi(Arc::clone(&dbi)), is_recorded);
        self.set_foreign(&dbi.name, ForeignDbi { is_dropped: false }, is_recorded);
        let name = Some(dbi.name.clone());
        self.set_dbi(id, ChangedDbi { dbi, below: Below::Adopted(foreign), name }, is_recorded);
    }

    /// Drops `dbi`, and frees `name` if that is still its name.
    pub(super) fn drop_dbi(&mut self, dbi: &Arc<DbiRef>, name: &str, is_recorded: bool) {
        self.set_name(name, Meaning::Nothing, is_recorded);
        match dbi.identity {
            DbiIdentity::Catalogued(id) => {
                let changed = ChangedDbi { name: None, ..self.changed(id, dbi) };
                self.set_dbi(id, changed, is_recorded);
            }
            DbiIdentity::Foreign => self.set_foreign(name, ForeignDbi { is_dropped: true }, is_recorded),
        }
    }

    /// Renames the DBI of `renamed`, which is its entry under the new name.
    pub(super) fn rename(&mut self, from: &str, renamed: &Arc<DbiRef>, is_recorded: bool) {
        let DbiIdentity::Catalogued(id) = renamed.identity else { return };
        self.set_name(from, Meaning::Nothing, is_recorded);
        self.set_name(&renamed.name, Meaning::Dbi(Arc::clone(renamed)), is_recorded);
        let changed = ChangedDbi { name: Some(renamed.name.clone()), ..self.changed(id, renamed) };
        self.set_dbi(id, changed, is_recorded);
    }

    /// From now on the name of `dbi`, which the set creates, stands for `dbi`.
    pub(super) fn name_created(&mut self, dbi: &Arc<DbiRef>, is_recorded: bool) {
        self.set_name(&dbi.name, Meaning::Dbi(Arc::clone(dbi)), is_recorded);
    }

    fn changed(&self, id: DbiId, dbi: &Arc<DbiRef>) -> ChangedDbi {
        let unchanged = || ChangedDbi { dbi: Arc::clone(dbi), below: Below::Own, name: None };
        self.dbis.get(&id).cloned().unwrap_or_else(unchanged)
    }

    fn set_name(&mut self, name: &str, to: Meaning, is_recorded: bool) {
        self.bytes = self.bytes.saturating_add(change_bytes(name));
        let before = self.names.insert(name.into(), to);
        if is_recorded {
            self.replaced.push(Replaced::Name(name.into(), before));
        }
    }

    fn set_dbi(&mut self, id: DbiId, to: ChangedDbi, is_recorded: bool) {
        self.bytes = self.bytes.saturating_add(created_bytes(&to.dbi));
        let after = to.counts();
        let before = self.dbis.insert(id, to);
        self.count(before.as_ref().map_or((0, 0), ChangedDbi::counts), after);
        if is_recorded {
            self.replaced.push(Replaced::Dbi(id, before));
        }
    }

    fn set_foreign(&mut self, name: &str, to: ForeignDbi, is_recorded: bool) {
        self.bytes = self.bytes.saturating_add(change_bytes(name));
        let after = to.counts();
        let before = self.foreign.insert(name.into(), to);
        self.count(before.as_ref().map_or((0, 0), ForeignDbi::counts), after);
        if is_recorded {
            self.replaced.push(Replaced::Foreign(name.into(), before));
        }
    }

    fn count(&mut self, before: (usize, usize), after: (usize, usize)) {
        self.counts = (self.counts.0 + after.0 - before.0, self.counts.1 + after.1 - before.1);
    }

    /// The present state, to which [`undo_to`](Self::undo_to) can return.
    pub(super) fn mark(&self) -> SchemaMark {
        SchemaMark { replaced: self.replaced.len(), bytes: self.bytes, counts: self.counts }
    }

    /// Forgets what was replaced, because no savepoint is open any more that could restore it.
    pub(super) fn forget_replaced(&mut self) {
        self.replaced.clear();
    }

    /// Undoes all changes since the mark. O(their number).
    pub(super) fn undo_to(&mut self, mark: SchemaMark) {
        while self.replaced.len() > mark.replaced {
            match self.replaced.pop() {
                Some(Replaced::Name(name, before)) => drop(restore(&mut self.names, name, before)),
                Some(Replaced::Foreign(name, before)) => drop(restore(&mut self.foreign, name, before)),
                Some(Replaced::Dbi(id, before)) => {
                    let is_undone = before.is_none();
                    if let Some(undone) = restore(&mut self.dbis, id, before).filter(|_| is_undone) {
                        undone.give_up();
                    }
                }
                None => {}
            }
        }
        (self.bytes, self.counts) = (mark.bytes, mark.counts);
    }

    /// Adds all changes of `newer`, which only creates DBIs, as these do.
    pub(super) fn append(&mut self, newer: &mut Self) {
        self.names.append(&mut newer.names);
        self.dbis.append(&mut newer.dbis);
        self.bytes = self.bytes.saturating_add(newer.bytes);
        self.count((0, 0), newer.counts);
    }

    /// Notes that all changes are committed.
    pub(crate) fn settle(&self) {
        for changed in self.dbis.values() {
            if changed.name.is_some() { changed.dbi.settle() } else { changed.give_up() }
        }
    }
}

/// Gives `key` the value `before` again, or removes it, and returns the value that it had until now.
fn restore<K: Ord, V>(all: &mut BTreeMap<K, V>, key: K, before: Option<V>) -> Option<V> {
    match before {
        Some(before) => all.insert(key, before),
        None => all.remove(&key),
    }
}

impl Drop for SchemaChanges {
    fn drop(&mut self) {
        self.dbis.values().for_each(ChangedDbi::give_up);
    }
}

/// The bytes counted for a change of a name.
pub(super) fn change_bytes(name: &str) -> usize {
    64 + 2 * name.len()
}

/// The bytes counted for a DBI that is created, renamed or dropped.
pub(super) fn created_bytes(dbi: &DbiRef) -> usize {
    192 + dbi.name.len() + dbi.schema.key.len() + dbi.schema.value.len()
}
