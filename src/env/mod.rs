//! Environments: one file, one engine a process, opened, checked, grown, copied and closed.

mod admin;
mod beginning;
mod compacted;
mod copy;
mod core;
mod engine;
mod entry;
mod files;
mod free_list;
mod group_commit;
mod handle;
mod in_place;
mod info;
mod last_commit;
mod newest;
mod open;
mod open_files;
mod options;
mod other_readers;
mod pinned_state;
mod pipelined_writer;
mod reader_info;
mod readers;
mod reaper;
mod registry;
mod session;
mod slow_reader;
mod snapshot_cache;
mod state;
mod submitted;
mod take_back;
mod verify;
mod writer_lock;
mod writer_state;

#[cfg(test)]
mod tests;

pub(crate) use self::core::Core;
pub use admin::Compact;
pub(crate) use engine::Engine;
pub(crate) use group_commit::{Basis, GroupCommit, JoinedAs, Leading};
pub use handle::Env;
pub use info::{DbiInfo, EnvInfo};
pub(crate) use newest::read_newest;
pub use options::{EnvOptions, OpenMode, Verify};
pub(crate) use pinned_state::PinnedState;
pub use reader_info::ReaderInfo;
pub(crate) use session::{Begin, Session, begin_writing, busy, write, write_as_writer};
pub(crate) use snapshot_cache::Lease;
pub(crate) use state::{MainEntry, State, check_flags};
pub(crate) use submitted::{Done, Submission, Teller};
