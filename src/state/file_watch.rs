//! Which files of an environment have lost their names.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64};

use crate::os::{Directory, EnvPaths};

/// The losses found so far, and when the last check was.
pub(crate) struct FileWatch {
    pub(super) directory: Directory,
    pub(super) lost: AtomicU8,
    /// The time of the last check by a commit that does not check each time, in milliseconds.
    pub(super) checked_at: AtomicU64,
    /// Whether the names of the files and of all parent directories were flushed: they do not change after that.
    pub(super) flushed: AtomicBool,
}

impl FileWatch {
    pub(crate) fn of(paths: &EnvPaths) -> Self {
        Self {
            directory: Directory::hold(paths),
            lost: AtomicU8::new(NONE),
            checked_at: AtomicU64::new(0),
            flushed: AtomicBool::new(false),
        }
    }
}

pub(super) const NONE: u8 = 0;
pub(super) const DATA: u8 = 1;
pub(super) const LOCK: u8 = 2;
pub(super) const LMDB_LOCK: u8 = 3;
