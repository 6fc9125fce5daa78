//! Writes the meta pages again after a failed flush: the system may take pages for written that are not on the disk.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use crate::durability::Durability;
use crate::os::{File, LockFile, read_exact_at, write_all_at};
use crate::page::{self, LmdbTxnId};
use crate::state::Files;

/// Undoes what is left of another process's failed commit: its meta page may be on the disk although its write
/// failed. Both meta pages are written again and flushed. The caller holds LMDB's write lock and has changed nothing
/// yet. `base` is LMDB's id of the newest state; `seen` counts the failed flushes that this process has handled.
///
/// LMDB undoes such a commit by putting the previous id in its meta page, but does not flush that. The next commit
/// writes to the pages of the failed one, so after a power failure in between, a meta page could lead to a mixture of
/// both.
///
/// # Errors
/// Those of the flush: the caller puts the environment out of use.
pub(crate) fn take_back(
    durability: Durability,
    lock: &LockFile,
    files: &Files,
    base: LmdbTxnId,
    seen: &mut u32,
) -> io::Result<()> {
    if durability == Durability::Process {
        return Ok(());
    }
    // The count of failed flushes is complete only while no other writer is announced: a writer first releases LMDB's
    // lock, then counts its failed flush in the lock file, and then withdraws its announcement there.
    let is_reported = lock.other_writer().is_none() || reports_soon(lock);
    let failed = lock.failed_flushes();
    if is_reported && failed == *seen {
        return Ok(());
    }
    write_metas(&files.file, files.map.page_size(), base.0)?;
    *seen = failed;
    Ok(())
}

/// Whether the previous writer withdraws its announcement in time, and so has counted a flush that failed. A process
/// that was killed or stopped does not.
fn reports_soon(lock: &LockFile) -> bool {
    let began = Instant::now();
    while lock.other_writer().is_some() {
        if began.elapsed() > REPORT_WAIT {
            return false;
        }
        thread::yield_now();
    }
    true
}

/// How long to wait for that, with LMDB's lock held: no longer than the flush that the wait may save.
const REPORT_WAIT: Duration = Duration::from_millis(1);

/// Writes both meta pages again, and flushes them. A meta page of a commit after `base`, in which LMDB failed to put
/// the previous id, gets that id.
fn write_metas(file: &File, page_size: usize, base: u64) -> io::Result<()> {
    let mut pages = vec![0; 2 * page_size];
    read_exact_at(file, &mut pages, 0)?;
    let older = if base.is_multiple_of(2) { page_size } else { 0 };
    let id = &mut pages[older..][page::ID_OF_META];
    if id.iter().rev().gt(base.to_le_bytes().iter().rev()) {
        id.copy_from_slice(&base.saturating_sub(1).to_le_bytes());
    }
    write_all_at(file, &pages, 0)?;
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt;

    use super::*;

    const PAGE: usize = 4096;

    /// The ids in the meta pages after the call, given that they were `ids`, and whether any other byte changed.
    fn ids_after(ids: [u64; 2], base: u64) -> ([u64; 2], bool) {
        let file = tempfile::tempfile().expect("a file");
        let mut pages: Vec<u8> = [1, 2, 3, 4, 5, 6, 7].into_iter().cycle().take(2 * PAGE).collect();
        let range_in = |slot: usize| slot * PAGE + page::ID_OF_META.start..slot * PAGE + page::ID_OF_META.end;
        (0..2).for_each(|slot| pages[range_in(slot)].copy_from_slice(&ids[slot].to_le_bytes()));
        file.write_all_at(&pages, 0).expect("room");
        write_metas(&file, PAGE, base).expect("is written");
        let mut found = vec![0; 2 * PAGE];
        file.read_exact_at(&mut found, 0).expect("is read");
        let id = |slot| u64::from_le_bytes(found[range_in(slot)].try_into().expect("eight bytes"));
        let ids = [id(0), id(1)];
        (0..2).for_each(|slot| found[range_in(slot)].copy_from_slice(&pages[range_in(slot)]));
        (ids, found != pages)
    }

    #[test]
    fn a_meta_page_of_a_commit_after_the_newest_state_is_taken_back_and_no_other() {
        assert_eq!(ids_after([4, 3], 4), ([4, 3], false));
        assert_eq!(ids_after([2, 3], 3), ([2, 3], false));
        assert_eq!(ids_after([4, 5], 4), ([4, 3], false));
        assert_eq!(ids_after([256, 255], 255), ([254, 255], false));
        assert_eq!(ids_after([0, 1], 0), ([0, 0], false));
    }
}
