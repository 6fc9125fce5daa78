//! One committed state and how it is read: the open files, pinned and shared states, and a transaction's view.

mod catalogue;
mod change_watch;
mod committed;
mod config;
mod core;
mod drawn;
mod env_files;
mod fair_lock;
mod file_watch;
mod files;
mod free_pages;
mod growth;
mod idle_memory;
mod known_identity;
mod last_commit;
mod open_files;
mod other_readers;
mod pinned_state;
mod reader_info;
mod slow_reader;
mod snapshot_cache;
mod standing;
mod status;
mod sweeper;
mod view;
mod writer_info;
mod writer_lock;
mod writer_state;
mod writer_turn;

#[cfg(test)]
mod tests;

pub(crate) use self::core::Core;
pub(crate) use catalogue::adopted;
pub(crate) use change_watch::Waiting;
pub(crate) use committed::{MainEntry, State, check_flags};
pub(crate) use config::{Backlog, Config};
pub(crate) use drawn::Drawn;
pub(crate) use fair_lock::{FairLock, Wait, return_token};
pub(crate) use files::Files;
pub(crate) use free_pages::FreePages;
pub(crate) use open_files::{emptied, open_files};
pub(crate) use pinned_state::{PinnedState, View};
pub use reader_info::ReaderInfo;
pub(crate) use slow_reader::SlowReader;
pub(crate) use snapshot_cache::Lease;
pub(crate) use standing::Standing;
pub(crate) use sweeper::Sweeper;
pub(crate) use view::{Base, WriteView};
pub use writer_info::WriterInfo;
pub(crate) use writer_state::WriterState;
pub(crate) use writer_turn::WriterTurn;
