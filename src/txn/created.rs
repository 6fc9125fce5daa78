//! DBIs that are opened, created and cleared inside a transaction, atomically with its other changes.

use std::ops::Bound;
use std::sync::Arc;

use crate::catalog::{DbiIdentity, DbiRef, Schema, check_name, check_schema};
use crate::error::{Error, ErrorKind, Result};
use crate::txn::dbis::{
    Standing, absent, all_used, check_room, is_bytes, mismatch, not_adopted, standing, standing_of_any,
};
use crate::txn::write::WriteTxn;
use crate::write_set::Creations;

/// What a transaction does about a DBI that it opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    /// Opens one that exists.
    Existing,
    /// Creates an absent one.
    OpenOrCreate,
    /// Creates one, which must be absent.
    Create,
}

impl WriteTxn {
    /// Opens the DBI `name` in this transaction. O(log of all DBIs).
    pub(crate) fn open_dbi(&mut self, name: &str, schema: &Schema, opening: Opening) -> Result<Arc<DbiRef>> {
        check_name(name)?;
        check_schema(schema)?;
        let exists = || Error::new(ErrorKind::AlreadyExists, "there is a DBI with this name; open it").in_dbi(name);
        if let Some(dbi) = self.pending().created(name) {
            return match opening {
                Opening::Create => Err(exists()),
                _ if dbi.schema != *schema => Err(mismatch(name, &dbi.schema, schema)),
                _ => Ok(Arc::clone(dbi)),
            };
        }
        let identity = match standing(&self.base, name)? {
            Standing::Absent | Standing::Dropped if opening == Opening::Existing => return Err(absent(name)),
            Standing::Absent | Standing::Dropped => return self.create(name, schema),
            Standing::Ours(..) | Standing::Foreign if opening == Opening::Create => return Err(exists()),
            Standing::Ours(id, found) if found == *schema => DbiIdentity::Catalogued(id),
            Standing::Ours(_, found) => return Err(mismatch(name, &found, schema)),
            Standing::Foreign if is_bytes(schema) => DbiIdentity::Foreign,
            Standing::Foreign => return Err(not_adopted(name, schema)),
        };
        Ok(self.base.dbis().intern(&self.uuid, name, identity, schema))
    }

    fn create(&mut self, name: &str, schema: &Schema) -> Result<Arc<DbiRef>> {
        check_room(&self.base, name, self.max_dbis, self.pending().creations().map(Creations::len).sum())?;
        let id = self.base.dbis().take_id(self.base.head()?.next_dbi).ok_or_else(|| all_used(name))?;
        let dbi = self.base.dbis().intern_pending(&self.uuid, name, id, schema);
        if let Err(error) = self.set.create(Arc::clone(&dbi)) {
            dbi.give_up();
            return Err(error);
        }
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
        let dbi = match self.pending().created(name) {
            Some(dbi) => Arc::clone(dbi),
            None => match standing_of_any(&self.base, name).map_err(named)? {
                Standing::Absent | Standing::Dropped => return Err(named(absent(name))),
                Standing::Ours(id, schema) => {
                    self.base.dbis().intern(&self.uuid, name, DbiIdentity::Catalogued(id), &schema)
                }
                Standing::Foreign => {
                    let schema = Schema { multi: false, key: "bytes".into(), value: "bytes".into() };
                    self.base.dbis().intern(&self.uuid, name, DbiIdentity::Foreign, &schema)
                }
            },
        };
        self.raw_delete_range(&dbi, Bound::Unbounded, Bound::Unbounded).map(drop).map_err(named)
    }
}
