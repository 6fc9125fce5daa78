//! `Env`'s own creating, adopting, clearing and dropping of DBIs: each a transaction of its own on the catalogue.

use std::sync::Arc;

use crate::catalog::{DbiId, DbiIdentity, DbiRecord, DbiRef, Schema, check_name, check_schema, dbi_key};
use crate::commit::{Session, check_not_writing, write};
use crate::env::{Env, read_newest};
use crate::error::{Error, ErrorKind, Result};
use crate::state::{MainEntry, State, check_flags};

/// How a DBI is to be opened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DbiOpening {
    /// Whether an absent one is created.
    pub create: bool,
    /// Whether a DBI of other software gets the schema.
    pub adopt: bool,
    /// The verb that opens it, for errors.
    pub operation: &'static str,
}

/// What exists under a name.
pub(super) enum Standing {
    Absent,
    /// The DBI was dropped, and its empty tree is still there.
    Dropped,
    Ours(DbiId, Schema),
    Foreign,
}

impl Env {
    /// Opens the DBI `name` with `schema`, in a transaction of its own if it must be created or adopted.
    pub(crate) fn open_dbi(&self, name: &str, schema: &Schema, opening: DbiOpening) -> Result<Arc<DbiRef>> {
        check_not_writing()?;
        check_name(name)?;
        check_schema(schema)?;
        let known =
            read_newest(&self.engine, opening.operation, |newest| self.known_dbi(newest, name, schema, opening))?;
        if let Some(dbi) = known {
            return Ok(dbi);
        }
        if !opening.create && !opening.adopt {
            return Err(absent(name));
        }
        write(self.engine.writer_access(), opening.operation, |session| {
            // Another process may have created it meanwhile.
            let base = Arc::clone(session.base());
            if let Some(dbi) = self.known_dbi(&base, name, schema, opening)? {
                return Ok(dbi);
            }
            let id = self.create_dbi(session, name, schema, opening)?;
            Ok(self.engine.dbis().intern(self.engine.uuid(), name, DbiIdentity::Catalogued(id), schema))
        })
    }

    /// The DBI, if it exists and can be opened as it is.
    fn known_dbi(
        &self,
        state: &State,
        name: &str,
        schema: &Schema,
        opening: DbiOpening,
    ) -> Result<Option<Arc<DbiRef>>> {
        let identity = match standing(state, name)? {
            Standing::Absent | Standing::Dropped => return Ok(None),
            Standing::Ours(id, found) if found == *schema => DbiIdentity::Catalogued(id),
            Standing::Ours(_, found) => return Err(mismatch(name, &found, schema)),
            Standing::Foreign if opening.adopt => return Ok(None),
            Standing::Foreign if is_bytes(schema) => DbiIdentity::Foreign,
            Standing::Foreign => return Err(not_adopted(name, schema)),
        };
        Ok(Some(self.engine.dbis().intern(self.engine.uuid(), name, identity, schema)))
    }

    /// Gives `name` its schema and an id, and creates its tree if there is none.
    fn create_dbi(&self, session: &mut Session<'_>, name: &str, schema: &Schema, opening: DbiOpening) -> Result<DbiId> {
        let base = Arc::clone(session.base());
        match standing(&base, name)? {
            Standing::Foreign => {}
            _ if !opening.create => return Err(absent(name)),
            _ => check_room(&base, name, self.engine.config.max_dbis, 0)?,
        }
        let id = self.engine.dbis().take_id(base.head()?.next_dbi).ok_or_else(|| all_used(name))?;
        let next_dbi = id.next().ok_or_else(|| all_used(name))?;
        let record = DbiRecord::Live { id, schema: schema.clone() };
        // Drops beside other processes leave empty trees, which occupy LMDB handles, and those are limited.
        let epoch = base.head()?.epoch;
        let mut leftovers = self.leftovers(&base)?;
        leftovers.retain(|leftover| leftover != name);
        session.exclusively(|session, alone| {
            session.commit(0, |applier, head| {
                if alone {
                    leftovers.iter().try_for_each(|leftover| applier.drop_dbi(leftover))?;
                }
                applier.tree(name)?;
                head.next_dbi = next_dbi;
                head.epoch = head.epoch.wrapping_add(1);
                applier.put_catalog(&dbi_key(name), &record.to_bytes())
            })?;
            let left = if alone { Vec::new() } else { leftovers };
            self.engine.dbis().set_leftovers(epoch.wrapping_add(1), left);
            Ok(())
        })?;
        Ok(id)
    }

    /// The names of dropped DBIs whose empty trees still exist. O(1); O(DBIs) the first time, and after drops and
    /// other processes' creations.
    fn leftovers(&self, state: &State) -> Result<Vec<String>> {
        let epoch = state.head()?.epoch;
        if let Some(mut known) = self.engine.dbis().leftovers(epoch) {
            // Other software does not raise the epoch, and may have created or changed trees of these names.
            let mut checked = Ok(());
            known.retain(|name| {
                state.is_leftover(name).unwrap_or_else(|error| {
                    checked = Err(error);
                    false
                })
            });
            return checked.map(|()| known);
        }
        let found = state.leftovers()?;
        self.engine.dbis().set_leftovers(epoch, found.clone());
        Ok(found)
    }

    /// Removes all entries of the DBI `name`, whatever its types; its schema stays. A transaction of its own,
    /// O(pages of the DBI).
    ///
    /// # Errors
    /// `NotFound`; `InvalidArgument` for a reserved name; else as [`transact`](Self::transact).
    pub fn clear_dbi(&self, name: &str) -> Result<()> {
        let clear = |session: &mut Session<'_>| {
            if matches!(standing_of_any(session.base(), name)?, Standing::Absent | Standing::Dropped) {
                return Err(absent(name));
            }
            session.commit(0, |applier, _| {
                let tree = applier.tree(name)?;
                applier.clear(tree)
            })
        };
        let checked = check_name(name);
        checked
            .and_then(|()| write(self.engine.writer_access(), "clear_dbi", clear))
            .map_err(|error| error.during("clear_dbi").in_dbi(name))
    }

    /// Removes the DBI `name` with its entries and schema. Its handles fail with `NotFound` afterwards, even if the
    /// name is used again; older snapshots still read it. A transaction of its own, O(pages of the DBI).
    ///
    /// While another process has the environment open, the empty tree stays in the file until the name is used
    /// again or the environment is compacted: LMDB cannot remove a tree to which other processes have handles.
    ///
    /// # Errors
    /// `NotFound`; `InvalidArgument` for a reserved name; else as [`transact`](Self::transact).
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env, ErrorKind};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Dbi<&str, u32> = env.dbi("ages")?;
    /// env.transact(|txn| ages.put(txn, "ann", 42))?;
    /// let before = env.snapshot()?;
    /// env.drop_dbi("ages")?;
    /// assert_eq!(ages.get(&before, "ann")?, Some(42));
    /// assert_eq!(ages.get(&env.snapshot()?, "ann").unwrap_err().kind(), ErrorKind::NotFound);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("drop_table", "delete_table", "drop_tree"))]
    pub fn drop_dbi(&self, name: &str) -> Result<()> {
        let checked = check_name(name);
        let dropped = checked.and_then(|()| {
            write(self.engine.writer_access(), "drop_dbi", |session| {
                if matches!(standing_of_any(session.base(), name)?, Standing::Absent | Standing::Dropped) {
                    return Err(absent(name));
                }
                session.exclusively(|session, alone| {
                    session.commit(0, |applier, head| {
                        head.epoch = head.epoch.wrapping_add(1);
                        if alone {
                            return applier.drop_dbi(name);
                        }
                        let tree = applier.tree(name)?;
                        applier.clear(tree)?;
                        applier.put_catalog(&dbi_key(name), &DbiRecord::Dropped.to_bytes())
                    })
                })
            })
        });
        dropped.map_err(|error| error.during("drop_dbi").in_dbi(name))
    }
}

/// Refuses a DBI over the limit, beside `created` ones that the state does not have yet. O(1) while the main tree and
/// those have fewer entries than the limit: each DBI is one.
pub(super) fn check_room(state: &State, name: &str, max_dbis: u32, created: usize) -> Result<()> {
    if state.meta().main.entries.saturating_add(created as u64) < u64::from(max_dbis) {
        return Ok(());
    }
    let mut live = u32::try_from(created).unwrap_or(u32::MAX);
    for (tree, _) in state.trees()? {
        let text = String::from_utf8_lossy(&tree);
        let counts = !text.starts_with("__") && !state.is_leftover(&text)?;
        live = live.saturating_add(u32::from(counts));
    }
    if live < max_dbis {
        return Ok(());
    }
    let why = format!("max_dbis allows {max_dbis}, and as many are there; open the environment with a larger max_dbis");
    Err(Error::new(ErrorKind::DbisFull, why).in_dbi(name))
}

#[cold]
pub(super) fn all_used(name: &str) -> Error {
    Error::new(ErrorKind::DbisFull, "all DBI numbers were used; copy the data to a new environment").in_dbi(name)
}

/// What exists under `name`. A tree that cannot be read correctly is an error.
pub(super) fn standing(state: &State, name: &str) -> Result<Standing> {
    if let Some(MainEntry::Tree(tree)) = state.main_entry(name)? {
        check_flags(&tree, name)?;
    }
    standing_of_any(state, name)
}

pub(super) fn standing_of_any(state: &State, name: &str) -> Result<Standing> {
    match (state.main_entry(name)?, state.dbi_record(name)?) {
        (None, _) => Ok(Standing::Absent),
        (Some(MainEntry::Data), _) => {
            let why = "other software keeps a value under this name beside its DBIs; choose another name";
            Err(Error::new(ErrorKind::Unsupported, why).in_dbi(name))
        }
        (Some(MainEntry::Tree(tree)), Some(DbiRecord::Dropped)) if tree.entries == 0 => Ok(Standing::Dropped),
        (Some(MainEntry::Tree(_)), None | Some(DbiRecord::Dropped)) => Ok(Standing::Foreign),
        (Some(MainEntry::Tree(_)), Some(DbiRecord::Live { id, schema })) => Ok(Standing::Ours(id, schema)),
    }
}

pub(super) fn is_bytes(schema: &Schema) -> bool {
    !schema.multi && &*schema.key == "bytes" && &*schema.value == "bytes"
}

pub(super) fn absent(name: &str) -> Error {
    Error::new(ErrorKind::NotFound, "there is no such DBI; create it by opening it with create(true)").in_dbi(name)
}

fn described(schema: &Schema) -> String {
    let kind = if schema.multi { "MultiDbi" } else { "Dbi" };
    format!("{kind}<{}, {}>", schema.key, schema.value)
}

pub(super) fn mismatch(name: &str, found: &Schema, wanted: &Schema) -> Error {
    let why = format!(
        "it was created as {} and is opened as {}; open it as it was created, or copy it into a new one",
        described(found),
        described(wanted)
    );
    Error::new(ErrorKind::SchemaMismatch, why).in_dbi(name)
}

pub(super) fn not_adopted(name: &str, wanted: &Schema) -> Error {
    let why = format!(
        "other software made it without a schema, so it is a Dbi<bytes, bytes> and is opened as {}; \
         open it as Dbi<&[u8], &[u8]>, or give it these types with dbi_options().adopt(true)",
        described(wanted)
    );
    Error::new(ErrorKind::SchemaMismatch, why).in_dbi(name)
}
