//! Opening hidden DBIs: those that the store layer keeps its rows in.

use std::sync::Arc;

use crate::catalog::{DbiIdentity, DbiRef, Schema, check_hidden_name, check_schema};
use crate::commit::check_not_writing;
use crate::env::{Env, read_newest};
use crate::error::Result;
use crate::txn::created::{Existence, Opening};
use crate::txn::dbi_checks::not_adopted;
use crate::txn::dbis::DbiOpening;

impl Env {
    /// Opens the hidden DBI `name`, in a transaction of its own if it must be created. O(log DBIs).
    ///
    /// # Errors
    /// `InvalidArgument` for another name; `SchemaMismatch` if it was created with other types, or by other software;
    /// `DbisFull`; as [`transact`](Self::transact).
    pub(crate) fn open_hidden(&self, name: &str, schema: &Schema) -> Result<Arc<DbiRef>> {
        check_not_writing()?;
        check_hidden_name(name)?;
        check_schema(schema)?;
        let opening = DbiOpening { create: true, adopt: false, operation: "open_space" };
        let known =
            read_newest(&self.engine, opening.operation, |newest| self.known_dbi(newest, name, schema, opening))?;
        let opened = match known {
            Some(dbi) => dbi,
            None => self.alone(opening.operation, |txn| {
                txn.open_checked(name, schema, Opening { existence: Existence::Any, adopt: false })
            })?,
        };
        // Other software made a tree of this name, with the types that every such tree counts as. It is not ours.
        if opened.identity == DbiIdentity::Foreign { Err(not_adopted(name, schema)) } else { Ok(opened) }
    }
}
