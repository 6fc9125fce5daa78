//! Environments: one file, one engine a process, opened, checked, grown, copied and closed.

mod admin;
mod beginning;
mod committer;
mod compacted;
mod copy;
mod engine;
mod entry;
mod free_list;
mod group_commit;
mod handle;
mod info;
mod last_commit;
mod newest;
mod open;
mod options;
mod pinned_state;
mod pipelined_writer;
mod readers;
mod reaper;
mod registry;
mod session;
mod snapshot_cache;
mod state;
mod submitted;
mod take_back;
mod verify;

#[cfg(test)]
mod tests;

pub use admin::Compact;
pub(crate) use committer::is_committer;
pub(crate) use engine::Engine;
pub(crate) use group_commit::{Basis, GroupCommit, JoinedAs, Leading};
pub use handle::Env;
pub use info::{DbiInfo, EnvInfo};
pub(crate) use newest::read_newest;
pub use options::{EnvOptions, OpenMode, Verify};
pub(crate) use pinned_state::PinnedState;
pub use readers::ReaderInfo;
pub(crate) use session::{Begin, Session, Wait, begin_writing, busy, check_not_writing, write, write_as_writer};
pub(crate) use snapshot_cache::Lease;
pub(crate) use state::{MainEntry, State, check_flags};
pub(crate) use submitted::{Done, Submission, Teller};
