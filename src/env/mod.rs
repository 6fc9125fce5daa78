//! Environments: one file, one engine a process, opened, checked, grown, copied and closed.

mod admin;
mod behind;
mod catalog;
mod copy;
mod engine;
mod generation;
mod handle;
mod info;
mod lease;
mod lmdb;
mod lock;
mod map;
mod open;
mod options;
mod os;
mod place;
mod registry;
mod session;
mod slots;
mod sweep;
mod table;
mod transfer;
mod verify;
mod worker;

pub use admin::Compact;
pub use catalog::DbiKind;
pub(crate) use catalog::{DbiRecord, Schema, check_name, check_schema, dbi_key};
pub(crate) use generation::{EMPTY_TREE, Generation, MainEntry, check_flags};
pub use handle::Env;
pub use info::{DbiInfo, EnvInfo, ReaderInfo};
pub(crate) use lease::Lease;
pub(crate) use lmdb::{Applier, Failure, Tree};
pub use options::{Durability, EnvOptions, OpenMode, Verify};
pub(crate) use session::{Session, Wait, check_not_writing, write};
pub(crate) use table::DbiId;
pub use table::DbiRef;
