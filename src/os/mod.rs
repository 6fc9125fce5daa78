//! Everything that asks the operating system: files, maps, locks, and words that processes share.

mod byte_locks;
mod copy_range;
mod data_lock;
mod error;
mod fork;
mod lock_file;
mod map;
mod names;
mod open_record;
mod paths;
mod rewrite;
mod shared_words;

pub(crate) use byte_locks::{is_locked, try_lock, unlock_posix};
pub(crate) use copy_range::{Stop, copy_range};
pub(crate) use data_lock::{DataLock, is_held};
pub(crate) use error::{flush_failed, io_error, located, system_page_size};
pub(crate) use fork::process_mark;
pub(crate) use lock_file::{LockFile, PauseLock, Presence, read_record};
pub(crate) use map::Map;
pub(crate) use names::{Names, Unflushed, flush_with_all_above};
pub(crate) use open_record::OpenRecord;
pub(crate) use paths::{Directory, EnvPaths, FileId, check_regular, open_regular, parent, remove_empty};
pub(crate) use rewrite::write_anew;
