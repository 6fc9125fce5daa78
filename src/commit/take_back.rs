//! Writing again what the file holds, where a flush failed: the system takes for written what may not be on the disk.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::thread;
use std::time::{Duration, Instant};

use crate::durability::Durability;
use crate::os::LockFile;
use crate::page::{self, LmdbTxnId};
use crate::state::Files;

/// Takes back what is left of another process's commit whose meta page may be on the disk although its write failed: writes both
/// meta pages again, and flushes them. The caller holds LMDB's write lock and has changed nothing yet. `base` is LMDB's id of the
/// newest state; `seen` says for how many failed flushes this process has done so.
///
/// LMDB takes such a commit back by putting the id before it in its meta page, and flushes that nowhere. The next commit is made in the
/// pages of that one, so a power cut meanwhile would leave a meta page that leads to a mixture of both.
///
/// # Errors
/// Of the flush: the caller puts the environment out of use.
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
    // A writer gives LMDB's lock up before it can say what its commit came to, and takes its mark away after that.
    let is_told = lock.other_writer().is_none() || is_told_soon(lock);
    let failed = lock.failed_flushes();
    if is_told && failed == *seen {
        return Ok(());
    }
    write_metas(&files.file, files.map.page_size(), base.0)?;
    *seen = failed;
    Ok(())
}

/// Whether the process that wrote before says in time what its commit came to. One that was killed or stopped does not.
fn is_told_soon(lock: &LockFile) -> bool {
    let began = Instant::now();
    while lock.other_writer().is_some() {
        if began.elapsed() > TELLING {
            return false;
        }
        thread::yield_now();
    }
    true
}

/// How long that is waited for, with LMDB's lock held: no longer than a flush takes, which it may save.
const TELLING: Duration = Duration::from_millis(1);

/// Writes both meta pages again, and flushes them. One of a commit behind `base`, where LMDB failed to put the id before it, gets that.
fn write_metas(file: &File, page_size: usize, base: u64) -> io::Result<()> {
    let mut pages = vec![0; 2 * page_size];
    file.read_exact_at(&mut pages, 0)?;
    let older = if base.is_multiple_of(2) { page_size } else { 0 };
    let id = &mut pages[older..][page::ID_OF_META];
    if id.iter().rev().gt(base.to_le_bytes().iter().rev()) {
        id.copy_from_slice(&base.saturating_sub(1).to_le_bytes());
    }
    file.write_all_at(&pages, 0)?;
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: usize = 4096;

    /// The ids in the meta pages behind, where they were `ids`, and whether any other byte is another one.
    fn behind(ids: [u64; 2], base: u64) -> ([u64; 2], bool) {
        let file = tempfile::tempfile().expect("a file");
        let mut pages: Vec<u8> = [1, 2, 3, 4, 5, 6, 7].into_iter().cycle().take(2 * PAGE).collect();
        let place = |slot: usize| slot * PAGE + page::ID_OF_META.start..slot * PAGE + page::ID_OF_META.end;
        (0..2).for_each(|slot| pages[place(slot)].copy_from_slice(&ids[slot].to_le_bytes()));
        file.write_all_at(&pages, 0).expect("room");
        write_metas(&file, PAGE, base).expect("is written");
        let mut found = vec![0; 2 * PAGE];
        file.read_exact_at(&mut found, 0).expect("is read");
        let id = |slot| u64::from_le_bytes(found[place(slot)].try_into().expect("eight bytes"));
        let ids = [id(0), id(1)];
        (0..2).for_each(|slot| found[place(slot)].copy_from_slice(&pages[place(slot)]));
        (ids, found != pages)
    }

    #[test]
    fn a_meta_page_of_a_commit_behind_the_newest_state_is_taken_back_and_no_other() {
        assert_eq!(behind([4, 3], 4), ([4, 3], false));
        assert_eq!(behind([2, 3], 3), ([2, 3], false));
        assert_eq!(behind([4, 5], 4), ([4, 3], false));
        assert_eq!(behind([256, 255], 255), ([254, 255], false));
        assert_eq!(behind([0, 1], 0), ([0, 0], false));
    }
}
