//! The lock on the data file itself: it shows who has the file open, whichever lock files are used with it.
//!
//! The lock files keep processes apart only if all use the same ones. They can be removed while an environment is
//! open, and a data file can have several names, with other lock files beside each. So a process that has an
//! environment open also locks one byte of its data file, far beyond its end. A process that opens the environment
//! checks that this lock and the lock files agree.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::os::error::located;
use crate::os::fork::process_mark;
use crate::os::paths::open_regular;
use crate::os::sys::{FileInfo, LockKind, is_locked, try_lock, unlock};

/// A byte beyond the end of any file, which no other program has a reason to lock.
const BYTE: i64 = i64::MAX - 1;

/// The lock, held until it is dropped.
pub(crate) struct DataLock {
    file: Arc<File>,
    mark: u64,
}

impl DataLock {
    /// Takes the lock on the file at `path`, which LMDB has open as `opened`. All processes that have the file open
    /// share the lock.
    ///
    /// The lock uses a descriptor of its own. Programs that this process starts inherit LMDB's descriptor, and would
    /// keep the lock.
    pub(crate) fn hold(path: &Path, opened: &File) -> Result<Self> {
        let file = open_regular(path)?;
        let ids = [&file, opened].map(|file| FileInfo::of(file).map(|info| info.id()).map_err(|error| error.kind()));
        if ids[0].is_err() || ids[0] != ids[1] {
            let why = format!("{} was replaced while it was being opened; open again", path.display());
            return Err(Error::new(ErrorKind::Busy, why));
        }
        match try_lock(&file, BYTE, LockKind::Shared) {
            Ok(true) => Ok(Self { file: Arc::new(file), mark: process_mark() }),
            Ok(false) => {
                let why = format!("another program has locked {}; close it there first", path.display());
                Err(Error::new(ErrorKind::Busy, why))
            }
            Err(error) => Err(located(error, path)),
        }
    }

    /// The data file, by an open file description that no other code flushes: the system reports a failed write once to
    /// each description.
    pub(crate) fn file(&self) -> &Arc<File> {
        &self.file
    }
}

impl Drop for DataLock {
    fn drop(&mut self) {
        if process_mark() == self.mark {
            // Unlock before closing the file: a child that was forked meanwhile shares the open file, and would keep
            // the lock.
            let _ = unlock(&self.file, BYTE);
        }
    }
}

/// Whether the lock of the file at `path` is held by any open file other than this one.
pub(crate) fn is_held(file: &File, path: &Path) -> Result<bool> {
    is_locked(file, BYTE).map_err(|error| located(error, path))
}
