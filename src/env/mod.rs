//! Environments: one file with one engine per process; opened, checked, grown, copied and closed.

// `info` is the first module, so that rustdoc shows its methods first: see `lib.rs`.
mod info;

mod batch;
mod beginning;
mod close;
mod compact;
mod compacted;
mod copy;
mod copy_stream;
mod destroy;
mod engine;
mod handle;
mod newest;
mod open;
mod options;
mod pipelined_writer;
mod readers;
mod registry;
mod replace;
mod submitted;
mod sync;
mod taking_locks;
mod tree_names;
mod update;
mod verify;

#[cfg(test)]
mod tests;

pub use batch::{Batch, Conflicts, Expect, FailedCondition};
pub(crate) use batch::{Change, Since, What};
pub use copy::Compact;
pub(crate) use engine::Engine;
pub use handle::Env;
pub(crate) use info::list_dbis;
pub use info::{DbiInfo, EnvInfo};
pub(crate) use newest::read_newest;
pub use options::{EnvOptions, OpenMode, Verify};
pub(crate) use registry::engine_over;
pub(crate) use submitted::{Done, Reporter, Submission};
pub(crate) use update::Update;
