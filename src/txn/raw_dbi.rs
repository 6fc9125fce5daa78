//! Opens DBIs whatever their types.

use std::sync::Arc;

use crate::catalog::{DbiIdentity, DbiRef, Schema, check_any_name};
use crate::commit::check_not_writing;
use crate::env::{Env, read_newest};
use crate::error::Result;
use crate::txn::dbis::{Standing, absent, standing};

impl Env {
    /// Opens the DBI `name` as it is. Does not change the file.
    pub(crate) fn open_raw_dbi(&self, name: &str) -> Result<Arc<DbiRef>> {
        check_not_writing()?;
        check_any_name(name)?;
        read_newest(&self.engine, "raw_dbi", |newest| {
            let (identity, schema) = match standing(newest, name)? {
                Standing::Absent | Standing::Dropped => return Err(absent(name)),
                Standing::Ours(id, schema) => (DbiIdentity::Catalogued(id), schema),
                // What has no record holds bytes: the DBIs of other software, and the catalogue itself.
                Standing::Foreign => {
                    (DbiIdentity::Foreign, Schema { multi: false, key: "bytes".into(), value: "bytes".into() })
                }
            };
            Ok(self.engine.dbis().intern(self.engine.uuid(), name, identity, &schema))
        })
    }
}
