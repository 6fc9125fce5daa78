//! DBIs that are opened, created, adopted and cleared inside a transaction, atomically with its other changes.

use std::ops::Bound;
use std::sync::Arc;

use crate::catalog::{DbiRef, Schema, check_name, check_schema};
use crate::error::{Error, ErrorKind, Result};
use crate::state::check_flags;
use crate::txn::dbi_checks::{absent, all_used, check_room, is_bytes, mismatch, not_adopted};
use crate::txn::names::Named;
use crate::txn::write_txn::WriteTxn;
use crate::write_set::DbiChanges;

/// What a transaction does about a DBI that it opens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opening {
    pub existence: Existence,
    /// Whether a DBI of other software gets the schema.
    pub adopt: bool,
}

/// Whether a DBI that is opened must exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Existence {
    /// It must.
    Old,
    /// An absent one is created.
    Any,
    /// It must not, and is created.
    New,
}

impl WriteTxn {
    /// Opens the DBI `name` in this transaction. O(log of all DBIs).
    pub(crate) fn open_dbi(&mut self, name: &str, schema: &Schema, opening: Opening) -> Result<Arc<DbiRef>> {
        check_name(name)?;
        check_schema(schema)?;
        self.open_checked(name, schema, opening)
    }

    /// As [`open_dbi`](Self::open_dbi), for a name that was checked.
    pub(super) fn open_checked(&mut self, name: &str, schema: &Schema, opening: Opening) -> Result<Arc<DbiRef>> {
        match self.look_up(name)? {
            Named::Absent if opening.existence == Existence::Old => Err(absent(name)),
            Named::Absent => self.create(name, schema),
            _ if opening.existence == Existence::New => {
                Err(Error::new(ErrorKind::AlreadyExists, "there is a DBI with this name; open it").in_dbi(name))
            }
            Named::Ours(dbi) if dbi.schema != *schema => Err(mismatch(name, &dbi.schema, schema)),
            // Opening fails here if the DBI's tree cannot be read.
            Named::Ours(dbi) => self.state.tree(&dbi).map(|_| dbi),
            Named::Foreign(tree) => {
                check_flags(&tree, name)?;
                if opening.adopt {
                    self.adopt(name, schema)
                } else if is_bytes(schema) {
                    Ok(self.intern_foreign(name))
                } else {
                    Err(not_adopted(name, schema))
                }
            }
        }
    }

    fn create(&mut self, name: &str, schema: &Schema) -> Result<Arc<DbiRef>> {
        check_room(&self.state.base, name, self.state.max_dbis, self.dbi_counts())?;
        let dbi = self.new_dbi(name, schema)?;
        self.state.set.create(Arc::clone(&dbi), true).inspect_err(|_| dbi.give_up())?;
        Ok(dbi)
    }

    /// The entry of a DBI that this transaction is to create, with a number that no other has.
    pub(super) fn new_dbi(&self, name: &str, schema: &Schema) -> Result<Arc<DbiRef>> {
        let id = self.state.base.dbis().take_id(self.state.base.head()?.next_dbi).ok_or_else(|| all_used(name))?;
        // The catalogue stores the number after this one, as the next to be given out. If there is none, the DBI cannot
        // be created.
        id.next().ok_or_else(|| all_used(name))?;
        Ok(self.state.base.dbis().intern_pending(&self.state.uuid, name, id, schema))
    }

    /// Gives the DBI of other software the schema. What is pending for it becomes pending for the adopted one.
    fn adopt(&mut self, name: &str, schema: &Schema) -> Result<Arc<DbiRef>> {
        let before = self.intern_foreign(name);
        let dbi = self.new_dbi(name, schema)?;
        let mut pending: Vec<_> = self.state.layers(before.slot).map(Pending::of).collect();
        pending.reverse();
        let mut guard = self.savepoint_guard();
        let adopted = guard.state.set.adopt(before, Arc::clone(&dbi));
        adopted.and_then(|()| pending.iter().try_for_each(|pending| pending.make(&dbi, &mut guard))).inspect_err(
            // If the savepoint has recorded the DBI as created, undoing the savepoint gives up the DBI too. If it has
            // not, only this does.
            |_| dbi.give_up(),
        )?;
        guard.keep();
        Ok(dbi)
    }

    /// Removes all entries of the DBI `name`, whatever its types; its schema stays. Undone with the transaction.
    ///
    /// Costs as [`Dbi::clear`](crate::Dbi::clear).
    ///
    /// # Errors
    /// `NotFound`; `InvalidArgument` for a reserved name; `TooLarge` for a transaction over `max_txn_bytes`;
    /// `Corrupted`.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Dbi<&str, u32> = env.dbi("ages")?;
    /// env.transact(|txn| ages.put(txn, "ann", 42))?;
    /// env.transact(|txn| txn.clear_dbi("ages"))?;
    /// assert!(ages.is_empty(&env.snapshot()?)?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn clear_dbi(&mut self, name: &str) -> Result<()> {
        let named = |error: Error| error.during("clear_dbi").in_dbi(name);
        check_name(name).map_err(named)?;
        let dbi = self.existing(name).map_err(named)?;
        self.state.raw_delete_range(&dbi, Bound::Unbounded, Bound::Unbounded).map(drop).map_err(named)
    }
}

/// The changes of one layer, copied.
struct Pending {
    gaps: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    rows: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

impl Pending {
    fn of(changes: &DbiChanges) -> Self {
        let owned = |(key, value): (&[u8], Option<&[u8]>)| (key.to_vec(), value.map(<[u8]>::to_vec));
        Self { gaps: changes.gaps().iter().map(owned).collect(), rows: changes.iter_all().map(owned).collect() }
    }

    /// Makes the changes of another DBI.
    fn make(&self, dbi: &Arc<DbiRef>, txn: &mut WriteTxn) -> Result<()> {
        self.gaps.iter().try_for_each(|(start, end)| txn.state.set.gap(dbi, start, end.as_deref()))?;
        self.rows.iter().try_for_each(|(key, value)| txn.state.set.change(dbi, key, value.as_deref()))
    }
}
