//! `mapleaf.lock`: keeps mapleaf processes apart where LMDB's lock does not, and records an unclean close.
//!
//! The file has 128 bytes: the record of the last opening in bytes 0 to 63, and shared words in bytes 64 to 127.
//!
//! **Byte locks.** A lock on a byte is independent of the byte's contents, so these numbers overlap the record:
//! - Lock byte 0, `PRESENCE`: shared while the environment is open; exclusive to replace or remove the file.
//! - Lock byte 1, `PAUSE`: held by a process that gives LMDB's write lock up for a moment and must get it back before
//!   other mapleaf processes: to grow a full map, or between groups of transactions that build on one another.
//! - Lock byte 2, `JOINING`: held briefly to join the other processes and change the record.
//! - Lock bytes 3 and 4, `FLUSHING` and `UNFLUSHED`: shared, by writers that flush their commits and by writers that do
//!   not. One kind keeps the other out.
//!
//! **Shared words.** They are mapped, so that a commit needs no system call for them. `.._AT` are their offsets in the
//! file:
//! - `PAUSED_AT`: whether lock byte 1 is held. The word is set under LMDB's write lock, so the next holder of that lock
//!   sees it, gives the lock back and waits for lock byte 1.
//! - `WRITER_AT`: the id of the writing process, for callers that do not wait at all. `WRITER_SINCE_AT`: since when it
//!   writes, in milliseconds of the system's monotonic clock, for the errors of callers that waited in vain.
//! - `WAITING_AT`: the ids of processes that wait for lock byte 1 and then for LMDB's lock. While there is one, no
//!   other process runs followers, and a process that would begin lets it begin first, for a limited time.
//! - `FAILED_FLUSHES_AT`: the number of failed flushes, and of writers killed before they could report one, for the
//!   other processes.
//!
//! A killed process leaves its words behind. `PAUSED_AT` is ignored when lock byte 1 is free. `WRITER_AT` is ignored
//! when no process with that id has the environment open. The ids in `WAITING_AT` are cleared after the time limit. The
//! number of failed flushes only has to change. A process that opens the environment alone clears all words.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering, fence};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::durability::Durability;
use crate::error::{Error, ErrorKind, Result};
use crate::os::error::located;
use crate::os::fork::process_mark;
use crate::os::open_record::{FLUSH_FAILED, OpenRecord, RECORD};
use crate::os::paths::{Directory, check_regular};
use crate::os::shared_words::SharedWords;
use crate::os::sys::{
    FileId, FileInfo, FileMode, LockKind, coarse_milliseconds, is_locked, open_read_write, read_at, reserve, try_lock,
    unlock, wait_lock, write_all_at,
};

const PRESENCE: i64 = 0;
const PAUSE: i64 = 1;
const JOINING: i64 = 2;
/// Two lock bytes, each held shared: `FLUSHING` by writers that flush their commits, `UNFLUSHED` by writers that do
/// not.
const FLUSHING: i64 = 3;
const UNFLUSHED: i64 = 4;

/// The offsets of the shared words in the file. `LENGTH` is the length of the whole file.
const PAUSED_AT: usize = 64;
const WRITER_AT: usize = 68;
const WAITING_AT: usize = 72;
/// Two words: the lower half of the time, then the upper half.
const WRITER_SINCE_AT: usize = 112;
const FAILED_FLUSHES_AT: usize = 120;
/// The offset of the word whose last byte has the record's flag for a failed flush.
const FLUSH_FAILED_AT: usize = 8;
/// How many processes can announce that they wait. More processes can wait, but no process lets them begin first.
const WAITING: usize = 8;
const LENGTH: u32 = 128;
/// The number of words.
const WORDS: usize = (LENGTH as usize - PAUSED_AT) / 4;

/// The open lock file. Dropping it releases its locks.
pub(crate) struct LockFile {
    file: File,
    path: PathBuf,
    id: FileId,
    words: SharedWords,
    /// The id of this process, which other processes see in the words, and a mark that differs in a forked child.
    pid: u32,
    mark: u64,
    /// How often this process holds lock byte 1: once for a growing map, once for the commit pipeline. When both have
    /// released it, the byte is unlocked.
    pauses: Mutex<usize>,
}

/// How long a transaction waits, before it begins, for another process that was waiting to begin first.
const MAX_YIELD: Duration = Duration::from_millis(20);
/// How long to wait for another process that is joining.
const JOIN_TIMEOUT: Duration = Duration::from_secs(5);
const POLL_PAUSE: Duration = Duration::from_micros(50);

/// How the lock file was taken when the environment was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// No other process has the environment open: the record may be read and written.
    First,
    /// Other processes have it open.
    Shared,
}

impl LockFile {
    /// Opens the lock file at `path`, creating it with `mode` when absent.
    ///
    /// # Errors
    /// `InvalidArgument` for a link or anything but a regular file; `FormatVersion` if a newer mapleaf wrote it.
    pub(crate) fn open(path: &Path, mode: FileMode) -> Result<Self> {
        check_regular(path)?;
        let file = open_read_write(path, Some(mode)).map_err(|error| located(error, path))?;
        // Read the record before the file is changed in any way: a file of a newer mapleaf must be refused unchanged.
        read_record(&file, path)?;
        lengthen(&file).map_err(|error| located(error, path))?;
        let words = SharedWords::new(&file, path, LENGTH as usize)?;
        let id = FileInfo::of(&file).map_err(|error| located(error, path))?.id();
        let path = path.to_path_buf();
        Ok(Self { words, file, path, id, pid: process::id(), mark: process_mark(), pauses: Mutex::new(0) })
    }

    /// Whether the lock file has lost its name, or was shortened. Its name may have been removed or given to another
    /// file. Then it keeps no process apart any more.
    pub(crate) fn is_lost(&self, directory: &Directory) -> bool {
        let length = directory.length_by_name(&self.path, &self.file, self.id);
        length.is_none_or(|length| length < u64::from(LENGTH))
    }

    /// The file itself.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Whether the file at its path is this one.
    pub(crate) fn is_at_path(&self) -> bool {
        FileInfo::of_name(&self.path).is_ok_and(|there| there.id() == self.id)
    }

    /// Takes the presence lock, shared. If no other process holds it, takes it exclusively first, so that the caller
    /// can read the record, check the file and then call [`share`](Self::share). Waits while another process replaces
    /// or checks the file.
    pub(crate) fn enter(&self) -> Result<Presence> {
        if self.try_lock(PRESENCE, LockKind::Exclusive)? {
            return Ok(Presence::First);
        }
        self.wait_lock(PRESENCE, LockKind::Shared)?;
        // The process that held the presence lock may have closed the environment meanwhile, and may have been the last
        // one. Then this process is the first one, which the second attempt shows.
        let is_first = self.try_lock(PRESENCE, LockKind::Exclusive)?;
        Ok(if is_first { Presence::First } else { Presence::Shared })
    }

    /// Turns the exclusive presence lock into a shared one.
    pub(crate) fn share(&self) -> Result<()> {
        self.wait_lock(PRESENCE, LockKind::Shared)
    }

    /// Whether this process is the only one that has the environment open. If so, it keeps others out until
    /// [`share`](Self::share).
    pub(crate) fn try_exclusive(&self) -> Result<bool> {
        self.try_lock(PRESENCE, LockKind::Exclusive)
    }

    /// Releases the locks by which other processes see that this one has the environment open.
    pub(crate) fn leave(&self) -> Result<()> {
        [FLUSHING, UNFLUSHED, PRESENCE].into_iter().try_for_each(|byte| self.unlock(byte))
    }

    /// Announces that this process writes, and since when. The caller holds LMDB's write lock.
    pub(crate) fn announce_writer(&self) {
        let now = coarse_milliseconds();
        for (word, part) in self.words.words::<2>(WRITER_SINCE_AT).iter().zip([now, now >> 32]) {
            word.store(low_half(part), Ordering::Relaxed);
        }
        self.words.word(WRITER_AT).store(self.pid, Ordering::Relaxed);
    }

    /// Withdraws the announcement, if there is one. Must not be called in a forked child, which has its parent's
    /// announcement.
    pub(crate) fn withdraw_writer(&self) {
        // LMDB's write lock is free by now, so another process may announce itself at any time: clear the id only if it
        // is still this process's. If another one announces itself between the check and the stores, its starting time
        // is lost, which only the errors of callers that waited in vain would show.
        let writer = self.words.word(WRITER_AT);
        if writer.load(Ordering::Relaxed) == self.pid {
            self.words.words::<2>(WRITER_SINCE_AT).iter().for_each(|word| word.store(0, Ordering::Relaxed));
            let _ = writer.compare_exchange(self.pid, 0, Ordering::Release, Ordering::Relaxed);
        }
    }

    /// The process of the announced writer, if there is one, and for how long it has held LMDB's write lock, in steps
    /// of a few milliseconds. The process may have been killed.
    pub(crate) fn announced_writer(&self) -> Option<(u32, Duration)> {
        let writer = self.words.word(WRITER_AT).load(Ordering::Acquire);
        let [low, high] = self.words.words::<2>(WRITER_SINCE_AT).each_ref().map(|word| word.load(Ordering::Relaxed));
        let since = u64::from(high) << 32 | u64::from(low);
        let held = if since == 0 { 0 } else { coarse_milliseconds().saturating_sub(since) };
        (writer != 0).then_some((writer, Duration::from_millis(held)))
    }

    /// The id of another mapleaf process that announces that it writes. It may have been killed, and its id may be
    /// reused by now.
    pub(crate) fn other_writer(&self) -> Option<u32> {
        // Acquire, paired with the release in `withdraw_writer`: a caller that sees the announcement withdrawn also
        // sees the failed flush that the writer counted before.
        let writer = self.words.word(WRITER_AT).load(Ordering::Acquire);
        (writer != 0 && writer != self.pid).then_some(writer)
    }

    /// Keeps other mapleaf processes from writing until the result is dropped. The caller holds LMDB's write lock, and
    /// can give it up in the meantime.
    pub(crate) fn pause_others(&self) -> Result<PauseLock<'_>> {
        let mut pauses = self.pauses.lock().unwrap_or_else(PoisonError::into_inner);
        if *pauses == 0 {
            self.wait_lock(PAUSE, LockKind::Exclusive)?;
        }
        self.paused(&mut pauses);
        Ok(PauseLock { lock: self })
    }

    /// As [`pause_others`](Self::pause_others), until [`resume`](Self::resume) is called, but never waits. Returns
    /// `false` if another process pauses this one, or if it would have to wait to know. The caller checks that this
    /// process still held LMDB's lock when the others were paused.
    pub(crate) fn try_pause(&self) -> Result<bool> {
        let Ok(mut pauses) = self.pauses.try_lock() else { return Ok(false) };
        if *pauses == 0 && !self.try_lock(PAUSE, LockKind::Exclusive)? {
            return Ok(false);
        }
        self.paused(&mut pauses);
        Ok(true)
    }

    fn paused(&self, pauses: &mut usize) {
        *pauses += 1;
        self.words.word(PAUSED_AT).store(1, Ordering::SeqCst);
        // The store must come before the caller's check that this process held LMDB's lock all along: otherwise a
        // process that takes the lock right after the check could miss the pause.
        fence(Ordering::SeqCst);
    }

    /// Ends one pause. After the last one the others may write again.
    pub(crate) fn resume(&self) {
        let mut pauses = self.pauses.lock().unwrap_or_else(PoisonError::into_inner);
        *pauses = pauses.saturating_sub(1);
        if *pauses == 0 {
            self.words.word(PAUSED_AT).store(0, Ordering::SeqCst);
            // Unlocking a byte of an open file cannot fail. If it did, closing the file would still free the lock, so
            // the error is ignored.
            let _ = self.unlock(PAUSE);
        }
    }

    /// Whether the caller, which holds LMDB's write lock, must give it back because another process has paused it.
    pub(crate) fn is_paused(&self) -> bool {
        self.words.word(PAUSED_AT).load(Ordering::SeqCst) != 0
    }

    /// Waits until no process pauses the others. The caller does not hold LMDB's write lock, and pauses nobody.
    pub(crate) fn wait_for_pause(&self) -> Result<()> {
        self.wait_lock(PAUSE, LockKind::Exclusive)?;
        self.forget_pause()
    }

    /// As [`wait_for_pause`](Self::wait_for_pause), but returns whether another process pauses this one instead of
    /// waiting.
    pub(crate) fn is_other_pausing(&self) -> Result<bool> {
        if !self.try_lock(PAUSE, LockKind::Exclusive)? {
            return Ok(true);
        }
        self.forget_pause().map(|()| false)
    }

    /// Clears the pause word and releases lock byte 1, which the caller holds alone.
    fn forget_pause(&self) -> Result<()> {
        // A process sets the word only while it holds lock byte 1, which the caller holds now. So a word that is set
        // was left by a killed process.
        self.words.word(PAUSED_AT).store(0, Ordering::SeqCst);
        self.unlock(PAUSE)
    }

    fn waiting(&self) -> impl Iterator<Item = &AtomicU32> {
        self.words.words::<WAITING>(WAITING_AT).iter()
    }

    /// Whether another process waits to write.
    #[inline]
    pub(crate) fn is_awaited(&self) -> bool {
        self.waiting().any(|word| ![0, self.pid].contains(&word.load(Ordering::Relaxed)))
    }

    /// Announces that this process waits to write, until the result is dropped.
    pub(crate) fn wait_in_line(&self) -> Waiting<'_> {
        let claim =
            |word: &&AtomicU32| word.compare_exchange(0, self.pid, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        Waiting { lock: self, word: self.waiting().find(claim) }
    }

    /// Lets other processes that wait to write begin first, for a limited time. A process that takes longer was
    /// killed or stopped.
    pub(crate) fn let_others_in(&self) {
        if !self.is_awaited() {
            return;
        }
        let waiting: Vec<(&AtomicU32, u32)> = self.waiting().map(|word| (word, word.load(Ordering::Relaxed))).collect();
        let began = Instant::now();
        for (word, id) in waiting.into_iter().filter(|(_, id)| ![0, self.pid].contains(id)) {
            while word.load(Ordering::Relaxed) == id {
                if began.elapsed() > MAX_YIELD {
                    let _ = word.compare_exchange(id, 0, Ordering::Relaxed, Ordering::Relaxed);
                    break;
                }
                thread::sleep(POLL_PAUSE);
            }
        }
    }

    /// The record, or `None` if the file is new.
    pub(crate) fn record(&self) -> Result<Option<OpenRecord>> {
        read_record(&self.file, &self.path)
    }

    /// Writes `record`.
    pub(crate) fn set_record(&self, record: &OpenRecord) -> Result<()> {
        let io = write_all_at(&self.file, &record.to_bytes(), 0);
        io.map_err(|error| located(error, &self.path))
    }

    /// Flushes the record: it is of no use if a power cut loses it.
    pub(crate) fn sync(&self) -> Result<()> {
        self.file.sync_all().map_err(|error| located(error, &self.path))
    }

    /// Joins the writers: records that this process has the environment open with `durability`. The record keeps the
    /// weakest durability of all writers.
    ///
    /// If no other process writes, `is_flushed` is asked whether everything was flushed that the recorded processes
    /// wrote: a process that only reads flushes nothing. If it says no, this returns `false` and does nothing.
    ///
    /// # Errors
    /// `InvalidArgument` if a process that does not flush its commits would write beside one that does. The commits
    /// of the latter would be lost with those of the former, because they build on pages that are not on the disk.
    pub(crate) fn join(
        &self,
        durability: Durability,
        is_flushed: impl FnOnce(Option<&OpenRecord>) -> bool,
    ) -> Result<bool> {
        self.wait_to_join()?;
        let joined = self.join_alone(durability, is_flushed);
        self.unlock(JOINING)?;
        joined
    }

    fn wait_to_join(&self) -> Result<()> {
        let began = Instant::now();
        while !self.try_lock(JOINING, LockKind::Exclusive)? {
            if began.elapsed() > JOIN_TIMEOUT {
                let why = format!(
                    "another process is opening the environment and holds byte 2 of {} for too long; let it go on, or end it",
                    self.path.display()
                );
                let waited = io::Error::from(io::ErrorKind::TimedOut);
                return Err(Error::new(ErrorKind::Busy, why).caused_by(waited));
            }
            thread::sleep(POLL_PAUSE);
        }
        Ok(())
    }

    fn join_alone(&self, durability: Durability, is_flushed: impl FnOnce(Option<&OpenRecord>) -> bool) -> Result<bool> {
        let (own, other, open, asked) = match durability {
            Durability::Process => (UNFLUSHED, FLUSHING, "Immediate or Eventual", "Process"),
            Durability::Immediate => (FLUSHING, UNFLUSHED, "Process", "Immediate"),
            Durability::Eventual => (FLUSHING, UNFLUSHED, "Process", "Eventual"),
        };
        if self.is_locked(other)? {
            let why = format!(
                "another process has the environment open with durability {open} (asked: {asked}); Process is for \
                 processes that all use it: open with the same, or close it there first"
            );
            return Err(Error::new(ErrorKind::InvalidArgument, why));
        }
        let failed = self.failed_flushes();
        let before = self.record()?;
        if !self.is_locked(own)? && !is_flushed(before.as_ref()) {
            return Ok(false);
        }
        self.wait_lock(own, LockKind::Shared)?;
        self.set_record(&OpenRecord::opened(durability, before.as_ref()))?;
        if self.failed_flushes() != failed {
            self.mark_flush_failed();
        }
        Ok(true)
    }

    /// Whether another process writes.
    pub(crate) fn has_writers(&self) -> Result<bool> {
        Ok(self.is_locked(FLUSHING)? || self.is_locked(UNFLUSHED)?)
    }

    /// Records that a flush failed, as far as the system allows: pages that the system regards as written may not be on
    /// the disk.
    pub(crate) fn note_failed_flush(&self) {
        // Count the failure before the record is changed: other processes see the count at once and without a lock.
        self.words.word(FAILED_FLUSHES_AT).fetch_add(1, Ordering::Release);
        if self.set_flush_failed(true).is_err() {
            self.mark_flush_failed();
        }
    }

    /// Sets the record's flag for a failed flush, without a lock. A process that joins at the same time may overwrite
    /// the record; it finds the count changed, and sets the flag again.
    fn mark_flush_failed(&self) {
        self.words.word(FAILED_FLUSHES_AT).fetch_add(1, Ordering::Release);
        self.words.word(FLUSH_FAILED_AT).fetch_or(u32::from_ne_bytes([0, 0, 0, FLUSH_FAILED]), Ordering::Relaxed);
    }

    /// How many flushes have failed in processes that have the environment open. A changed number means a new
    /// failure.
    pub(crate) fn failed_flushes(&self) -> u32 {
        self.words.word(FAILED_FLUSHES_AT).load(Ordering::Acquire)
    }

    /// Records that the file was rewritten since a flush failed.
    pub(crate) fn forget_failed_flush(&self) -> Result<()> {
        self.set_flush_failed(false)
    }

    fn set_flush_failed(&self, flush_failed: bool) -> Result<()> {
        self.while_none_joins(|| match self.record()? {
            Some(record) => self.set_record(&OpenRecord { flush_failed, ..record }),
            None => Ok(()),
        })
    }

    /// Runs `body` while no other mapleaf process joins.
    ///
    /// # Errors
    /// `Busy` when another process holds lock byte 2 for long. A process holds it for a few system calls only, so that
    /// process was stopped.
    pub(crate) fn while_none_joins<T>(&self, body: impl FnOnce() -> Result<T>) -> Result<T> {
        self.wait_to_join()?;
        let outcome = body();
        self.unlock(JOINING)?;
        outcome
    }

    /// Clears what earlier processes left in the words. The caller holds the presence lock exclusively.
    pub(crate) fn reset_words(&self) {
        for word in self.words.words::<WORDS>(PAUSED_AT) {
            word.store(0, Ordering::Relaxed);
        }
    }

    /// Clears what an earlier process left in the words that had the same id as this one.
    pub(crate) fn forget_namesake(&self) {
        let taken = self.words.word(WRITER_AT).compare_exchange(self.pid, 0, Ordering::Relaxed, Ordering::Relaxed);
        if taken.is_ok() {
            // A process that had this id was killed while it wrote, and could not report the outcome of its commit. Its
            // flush may have failed, so it is counted like a failed one.
            self.words.word(FAILED_FLUSHES_AT).fetch_add(1, Ordering::Release);
        }
    }

    fn try_lock(&self, byte: i64, kind: LockKind) -> Result<bool> {
        try_lock(&self.file, byte, kind).map_err(|error| self.lock_failed(error))
    }

    fn wait_lock(&self, byte: i64, kind: LockKind) -> Result<()> {
        wait_lock(&self.file, byte, kind).map_err(|error| self.lock_failed(error))
    }

    fn unlock(&self, byte: i64) -> Result<()> {
        unlock(&self.file, byte).map_err(|error| self.lock_failed(error))
    }

    fn lock_failed(&self, error: io::Error) -> Error {
        let why = format!(
            "cannot lock {}: {error}; the file system must offer locks of open files (network ones may not)",
            self.path.display()
        );
        Error::new(ErrorKind::Io, why).caused_by(error)
    }

    /// Whether another open file has any lock on the byte.
    fn is_locked(&self, byte: i64) -> Result<bool> {
        is_locked(&self.file, byte).map_err(|error| self.lock_failed(error))
    }
}

impl Drop for LockFile {
    fn drop(&mut self) {
        if process_mark() == self.mark {
            // Unlock before closing the file: a child that was forked meanwhile shares the open file, and would keep
            // the locks.
            for byte in [FLUSHING, UNFLUSHED, PRESENCE] {
                let _ = self.unlock(byte);
            }
        }
    }
}

/// While this lives, no other mapleaf process writes: a process that gets LMDB's write lock gives it back and waits.
pub(crate) struct PauseLock<'a> {
    lock: &'a LockFile,
}

impl Drop for PauseLock<'_> {
    fn drop(&mut self) {
        // The lock belongs to the open file, which a forked child shares. So the child does nothing here, and leaves
        // the pause to its parent.
        if process_mark() == self.lock.mark {
            self.lock.resume();
        }
    }
}

/// While this lives, other processes see that this one waits to write.
pub(crate) struct Waiting<'a> {
    lock: &'a LockFile,
    word: Option<&'a AtomicU32>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(word) = self.word {
            // Another process may have cleared the word after the time limit, and the word may now have the id of yet
            // another one. So clear it only if it still has this process's id.
            let _ = word.compare_exchange(self.lock.pid, 0, Ordering::Relaxed, Ordering::Relaxed);
        }
    }
}

/// Lengthens a new lock file, never shortening one, and allocates its disk block. Without that, a write through the
/// map would be a signal if the file were shorter than the map or the disk full. Writes no zeros, because another
/// process may use the words already.
fn lengthen(file: &File) -> io::Result<()> {
    if file.metadata()?.len() >= u64::from(LENGTH) {
        return Ok(());
    }
    if reserve(file, u64::from(LENGTH))? { Ok(()) } else { file.set_len(u64::from(LENGTH)) }
}

/// The record in the lock file at `path`.
pub(crate) fn read_record(file: &File, path: &Path) -> Result<Option<OpenRecord>> {
    // If the file is shorter than a record, the missing bytes count as zeros.
    let (mut bytes, mut had) = ([0; RECORD], 0);
    while had < RECORD {
        match read_at(file, &mut bytes[had..], had as u64) {
            Ok(0) => break,
            Ok(count) => had += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(located(error, path)),
        }
    }
    OpenRecord::from_bytes(&bytes).map_err(|error| error.of_file(path))
}

/// The lower half of a number.
fn low_half(number: u64) -> u32 {
    let [a, b, c, d, ..] = number.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}
