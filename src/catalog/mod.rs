//! The catalogue: the hidden database `__mapleaf`, which holds the identity of the environment and the schema of
//! each DBI; and the DBIs that are open.

mod commit_seq;
mod dbi_id;
mod head;
mod identity;
mod name;
mod open_dbis;
mod record;

pub(crate) use commit_seq::CommitSeq;
pub(crate) use dbi_id::{DbiId, DbiSlot};
pub(crate) use head::{HEAD_KEY, Head};
pub(crate) use identity::{ENV_KEY, FEATURES, Identity};
pub(crate) use name::{CATALOG, check_any_name, check_name, is_reserved};
pub use open_dbis::DbiRef;
pub(crate) use open_dbis::{DbiIdentity, OpenDbis};
pub use record::DbiKind;
pub(crate) use record::{DbiRecord, Schema, check_schema, dbi_key, is_dbi_key};
