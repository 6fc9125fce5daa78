//! Opens DBIs whatever their types.

use std::sync::Arc;

use crate::catalog::{DbiRef, check_any_name};
use crate::commit::check_not_writing;
use crate::env::{Env, read_newest};
use crate::error::Result;
use crate::state::{Standing, check_flags};
use crate::txn::dbi_checks::{absent, bytes, foreign};
use crate::txn::names::Named;
use crate::txn::write_txn::WriteTxn;

impl Env {
    /// Opens the DBI `name` as it is. Does not change the file.
    pub(crate) fn open_raw_dbi(&self, name: &str) -> Result<Arc<DbiRef>> {
        check_not_writing()?;
        check_any_name(name)?;
        read_newest(&self.engine, "raw_dbi", |newest| {
            let open = |found| self.engine.dbis().intern(self.engine.identity.uuid(), name, found);
            match newest.standing(name)?.readable(name)? {
                Standing::Absent => Err(absent(name)),
                Standing::Ours(dbi) => Ok(open(dbi.found())),
                // A tree without a record in the catalogue holds bytes: it is a DBI of other software, or the catalogue
                // itself.
                Standing::Foreign(_) => Ok(open(foreign(name, &bytes()))),
            }
        })
    }
}

impl WriteTxn {
    /// Opens the DBI `name` as it is in this transaction. Does not change it.
    pub(crate) fn open_raw_dbi(&self, name: &str) -> Result<Arc<DbiRef>> {
        check_any_name(name)?;
        match self.look_up(name)? {
            Named::Absent => Err(absent(name)),
            // Opening fails here if the DBI's tree cannot be read.
            Named::Ours(dbi) => self.state.tree(&dbi).map(|_| dbi),
            Named::Foreign(tree) => check_flags(&tree, name).map(|()| self.intern_foreign(name)),
        }
    }
}
