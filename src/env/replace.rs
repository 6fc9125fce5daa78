//! Puts the compacted copy in the place of the data file, atomically and durably.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::env::registry;
use crate::error::{Error, ErrorKind, Result};
use crate::lmdb::LmdbLock;
use crate::os::{File, FileInfo, is_held, located, replace_file};
use crate::page::{self, LmdbTxnId};
use crate::state::Core;

/// Puts the copy in the file's place, at a moment when nobody reads.
pub(crate) fn put_in_place(
    core: &Arc<Core>,
    staged: &Path,
    old: &FileInfo,
    state: LmdbTxnId,
    limit: Duration,
) -> Result<()> {
    // The reservation keeps other threads of this process from opening the file meanwhile: they would open the file
    // that is being replaced.
    let reserved = registry::reserve(&core.paths, Some(old.id()));
    let replaced = core.when_unread(deadline(Instant::now(), limit), || {
        check_alone(core, old)?;
        let mut begun = false;
        let replaced = core.replace(|file| {
            begun = true;
            swap(core, file, staged, state)
        });
        // `when_unread` tries again after `Busy`, to wait for readers. An error of `swap` is not caused by readers, so
        // it is wrapped in `Ok`, which ends the tries.
        if begun { Ok(replaced) } else { replaced.map(Ok) }
    });
    // The registry must find the file that is open now. So it is updated after an error of `swap` too, which may come
    // after the rename.
    if let Ok(files) = core.files() {
        let new = FileInfo::of(&files.file).map_err(|error| located(error, &core.paths.data()))?;
        registry::remove(&reserved, old.id());
        registry::insert(&reserved, new.id(), core);
    }
    replaced?
}

/// Refuses to replace a file that has other names: these would keep the old file, and the two files would diverge.
pub(crate) fn check_alone(core: &Core, open: &FileInfo) -> Result<()> {
    let path = core.paths.data();
    let named = FileInfo::of_name(&path).map_err(|error| located(error, &path))?;
    if named.id() == open.id() && open.links() == 1 {
        return Ok(());
    }
    let why = format!("{} is not the only name of the open file; remove its links, or use copy_to", path.display());
    Err(Error::new(ErrorKind::Unsupported, why))
}

/// Moves the copy to the file's place. LMDB is closed in this process, and no other mapleaf process has the environment
/// open. A process that still has LMDB's lock file or the data file open is another program, or uses another
/// `mapleaf.lock`.
fn swap(core: &Core, old: &File, staged: &Path, state: LmdbTxnId) -> Result<()> {
    let paths = &core.paths;
    let open_elsewhere = || {
        let why = format!(
            "another program has {} open, or a process whose lock file was removed; close it there first",
            paths.path.display()
        );
        Error::new(ErrorKind::Busy, why)
    };
    let lmdb_lock = LmdbLock::open(&paths.lmdb_lock(), Some(core.config.file_mode))?;
    if !lmdb_lock.try_alone()? || is_held(old, &paths.data())? {
        return Err(open_elsewhere());
    }
    // Another program may have opened the file, committed to it and closed it since the copy was made. The copy lacks
    // that commit.
    if page::check_metas(old, false)?.is_none_or(|meta| meta.newest.txn_id != state) {
        return Err(written_meanwhile());
    }
    let directory = paths.directory();
    let names = core.names(&directory, old)?;
    // A program that waits for the lock on LMDB's lock file has that file open, with the transaction numbers of the old
    // data file, under which the new one reads as another state. LMDB refuses a lock file without a header, so the
    // header is cleared. That comes before the rename: if this process is killed in between, the old file stays, and
    // the next process that is alone writes the header again.
    lmdb_lock.clear()?;
    replace_file(staged, &paths.data()).map_err(|error| located(error, staged))?;
    names.flush().map_err(|error| {
        // The new file's name may not be on the disk. A power failure could bring the old file back, without later
        // commits, so the environment is put out of use.
        core.flush_failed();
        let why = format!(
            "the compacted file is in place, and its name could not be flushed: {}, so after a power cut the old one may be \
             there again; close and reopen the environment",
            error.what()
        );
        Error::new(ErrorKind::CommitOutcomeUnknown, why).taking_up(error)
    })
}

pub(crate) fn written_meanwhile() -> Error {
    let why = "another program wrote to the file while it was compacted; close it there and retry";
    Error::new(ErrorKind::Busy, why)
}

/// The end of a time limit. A limit that the clock cannot represent becomes a century.
pub(crate) fn deadline(began: Instant, limit: Duration) -> Instant {
    const CENTURY: Duration = Duration::from_hours(100 * 365 * 24);
    began + limit.min(CENTURY)
}
