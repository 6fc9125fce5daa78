//! Which of its files an environment was seen to have lost.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64};

use crate::os::{Directory, EnvPaths};

/// What was seen so far.
pub(crate) struct InPlace {
    pub(super) directory: Directory,
    pub(super) lost: AtomicU8,
    /// When it was looked last by who does not look each time, in milliseconds.
    pub(super) looked: AtomicU64,
    /// Whether the names of the files, and those of all directories above, were flushed: they do not change behind that.
    pub(super) flushed: AtomicBool,
}

impl InPlace {
    pub(crate) fn of(place: &EnvPaths) -> Self {
        Self {
            directory: Directory::hold(place),
            lost: AtomicU8::new(NONE),
            looked: AtomicU64::new(0),
            flushed: AtomicBool::new(false),
        }
    }
}

pub(super) const NONE: u8 = 0;
pub(super) const DATA: u8 = 1;
pub(super) const LOCK: u8 = 2;
pub(super) const LMDB_LOCK: u8 = 3;
