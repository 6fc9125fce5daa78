//! Opens DBIs whatever their types.

use std::sync::Arc;

use crate::catalog::{DbiRef, check_any_name};
use crate::commit::check_not_writing;
use crate::env::{Env, read_newest};
use crate::error::Result;
use crate::state::Standing;
use crate::txn::dbi_checks::{absent, bytes, foreign};

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
