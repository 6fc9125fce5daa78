//! The catalogue: the hidden database `__mapleaf`, which holds the identity of the environment and the schema of
//! each DBI; and the DBIs that are open.

#[cfg(feature = "store")]
mod change_indexes;
mod commit_seq;
mod dbi_id;
mod dbi_ref;
mod head;
mod identity;
mod name;
mod open_dbis;
mod record;
mod renamed;
mod tree_name;

pub(crate) use commit_seq::CommitSeq;
pub(crate) use dbi_id::{DbiId, DbiSlot};
pub use dbi_ref::DbiRef;
pub(crate) use dbi_ref::{DbiFound, DbiIdentity};
pub(crate) use head::{HEAD_KEY, Head};
pub(crate) use identity::{ENV_KEY, FEATURES, Identity};
#[cfg(feature = "store")]
pub(crate) use name::check_hidden_name;
pub(crate) use name::{
    CATALOG, check_any_name, check_name, damaged, is_hidden_name, is_reserved, numbered_prefix, numbered_tree,
};
pub(crate) use open_dbis::OpenDbis;
pub use record::DbiKind;
pub(crate) use record::{DbiRecord, Elsewhere, Schema, TreeOwner, check_schema, dbi_key, dbi_name, is_dbi_key};
pub(crate) use renamed::{Renamed, renamed_key};
