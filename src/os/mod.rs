//! Everything that calls the operating system: files, maps, locks, and words that processes share. The calls
//! themselves are in `sys`, in one folder per system; the other files say what mapleaf uses them for.

mod copy_range;
mod data_lock;
mod error;
mod files;
mod fork;
mod lock_file;
mod map;
mod names;
mod open_record;
mod paths;
mod rewrite;
mod shared_words;
mod sys;

pub(crate) use copy_range::{CopyError, copy_range};
pub(crate) use data_lock::{DataLock, is_held};
pub(crate) use error::{flush_failed, io_error, located};
pub(crate) use files::{
    File, TemporaryDirectory, is_directory, is_empty_directory, is_file, is_link, is_name_taken, is_there,
    remove_empty_directory, remove_file, remove_leftover, replace_file, resolve_links, temporary_file,
};
pub(crate) use fork::process_mark;
pub(crate) use lock_file::{LockFile, PauseLock, Presence, read_record};
pub(crate) use map::Map;
pub(crate) use names::{Names, Unflushed, flush_with_all_above};
pub(crate) use open_record::OpenRecord;
pub(crate) use paths::{Directory, EnvPaths, check_regular, open_regular, parent, remove_empty};
pub(crate) use rewrite::write_anew;
pub(crate) use sys::{
    FileId, FileInfo, FileMode, LockKind, ask_for, coarse_milliseconds, create_new, give_owner_and_permissions,
    is_full, is_locked, is_resident, open_read_write, punch_hole, read_at, read_exact_at, reserve, system_page_size,
    try_lock, unlock, unlock_of_lmdb, write_all_at,
};
