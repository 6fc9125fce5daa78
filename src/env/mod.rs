//! Environments: one file, one engine a process, opened, checked, grown, copied and closed.

mod admin;
mod behind;
mod catalog;
mod chain;
mod copy;
mod engine;
mod fate;
mod filling;
mod generation;
mod handle;
mod info;
mod last_commit;
mod lease;
mod lmdb;
mod lock;
mod map;
mod open;
mod options;
mod os;
mod pace;
mod place;
mod queue;
mod registry;
mod session;
mod slots;
mod state;
mod sweep;
mod table;
mod transfer;
mod turn;
mod verify;
mod worker;

#[cfg(test)]
mod tests;

pub use admin::Compact;
pub use catalog::DbiKind;
pub(crate) use catalog::{DbiRecord, Schema, check_name, check_schema, dbi_key};
pub(crate) use chain::Group;
pub(crate) use engine::Engine;
pub(crate) use fate::{Fate, Next, Verdict};
pub(crate) use generation::Generation;
pub use handle::Env;
pub use info::{DbiInfo, EnvInfo, ReaderInfo};
pub(crate) use lease::Lease;
pub(crate) use lmdb::{Applier, Failure, Tree};
pub use options::{Durability, EnvOptions, OpenMode, Verify};
pub(crate) use os::located;
pub(crate) use queue::{Changes, Ground, Leading, Place, Queue};
pub(crate) use session::{Begin, Session, Wait, begin_writing, busy, check_not_writing, write, write_as_writer};
pub(crate) use state::{EMPTY_TREE, MainEntry, State, check_flags};
pub(crate) use table::DbiId;
pub use table::DbiRef;
pub(crate) use turn::Taken;
pub(crate) use worker::{Job, is_worker};
