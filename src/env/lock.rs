//! `mapleaf.lock`: keeps mapleaf's own processes apart where LMDB's lock does not reach, and remembers an unclean close.
//!
//! Byte 0 says that an environment is open: shared by all who have it open, exclusive for who replaces or removes the
//! file. Byte 1 is held by a process that must give LMDB's write lock up for a moment and wants it back before any other
//! of ours: to grow a full map, or between the groups of transactions that were made one upon the other. Byte 2 is held
//! for a moment by who joins others and changes the record. The locks are those of the open file description: closing
//! another descriptor does not drop them, changing one from shared to exclusive is atomic, and a forked child that exits
//! does not free its parent's.
//!
//! Some words are mapped and shared, so that a commit needs no system call for them. One says that a process holds byte 1:
//! it is set while that process has LMDB's write lock, so whoever gets that lock next sees it, gives the lock back and
//! waits for byte 1. One is the id of the process that is writing, for who does not want to wait at all. The last ones are
//! the ids of the processes that wait for byte 1 and then for LMDB's lock: as long as there is one, nobody else stacks
//! transactions, and whoever would begin lets it in first, for a limited time. A killed process leaves its words; the
//! first is not believed when byte 1 is free, the second when there is no such process, the last are cleared when their
//! time is over.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering, fence};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{FallocateFlags, FcntlArg, fallocate, fcntl};
use nix::libc;
use nix::sys::signal::kill;
use nix::unistd::Pid;

use crate::env::map::{SharedWords, process_id};
use crate::env::options::Durability;
use crate::env::os::{io_error, located};
use crate::env::place::FileId;
use crate::error::{Error, ErrorKind, Result};

const PRESENCE: i64 = 0;
const PAUSE: i64 = 1;
const JOINING: i64 = 2;

const MAGIC: &[u8; 8] = b"mapleaf\0";
const RECORD: usize = 64;
/// Where the shared words are, in bytes, and how long the file is with them.
const PAUSED_AT: usize = 64;
const WRITER_AT: usize = 68;
const WAITING_AT: usize = 72;
/// How many processes can say that they wait; more wait all the same, without being let in first.
const WAITING: usize = 8;
const LENGTH: u32 = 128;

/// The open lock file. Dropping it gives up what it holds.
pub(crate) struct LockFile {
    file: File,
    words: SharedWords,
    pid: u32,
    /// How often this process holds byte 1: a growing map and a chain of groups each do, and the last one frees it.
    pauses: Mutex<usize>,
}

/// How long who would begin waits for another process to do so first.
const COURTESY: Duration = Duration::from_millis(20);
const COURTESY_PAUSE: Duration = Duration::from_micros(50);

/// How the lock file was taken when the environment was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// No other process has the environment open: the record may be read and written.
    First,
    /// Others have it open.
    Shared,
}

/// What the lock file remembers of the last time that the environment was open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OpenRecord {
    /// Whether it was opened and not closed since.
    pub open: bool,
    /// The weakest durability it was open with in this boot.
    pub durability: Durability,
    /// The boot of the machine it was open in; empty where the system does not tell.
    pub boot: Vec<u8>,
}

impl LockFile {
    /// Opens the lock file at `path`, creating it when absent.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(libc::O_CLOEXEC | libc::O_NOFOLLOW)
            .open(path)
            .and_then(|file| {
                // Only ever lengthened, and its block reserved: a shorter file under a map, or a write through it on a
                // full disk, would raise a signal. Not by writing zeros: another process may use the words already.
                if file.metadata()?.len() < u64::from(LENGTH) {
                    match fallocate(&file, FallocateFlags::empty(), 0, i64::from(LENGTH)) {
                        Err(Errno::EOPNOTSUPP | Errno::ENOSYS | Errno::EINVAL) => file.set_len(u64::from(LENGTH))?,
                        reserved => reserved?,
                    }
                }
                Ok(file)
            })
            .map_err(|error| located(error, path))?;
        Ok(Self { words: SharedWords::new(&file, LENGTH as usize)?, file, pid: process_id(), pauses: Mutex::new(0) })
    }

    /// Whether this is the file that lies at `path`.
    pub(crate) fn is_at(&self, path: &Path) -> bool {
        let there = std::fs::symlink_metadata(path).map(|metadata| FileId::of(&metadata));
        matches!((self.file.metadata(), there), (Ok(here), Ok(there)) if FileId::of(&here) == there)
    }

    /// Takes the presence lock, shared; when nobody else holds it, exclusively first, so that the caller may read the
    /// record, check the file and then call [`share`](Self::share). Waits while another process replaces the file.
    pub(crate) fn enter(&self) -> Result<Presence> {
        if self.try_lock(PRESENCE, libc::F_WRLCK)? {
            return Ok(Presence::First);
        }
        self.wait_lock(PRESENCE, libc::F_RDLCK)?;
        Ok(Presence::Shared)
    }

    /// Turns the exclusive presence lock into a shared one.
    pub(crate) fn share(&self) -> Result<()> {
        self.wait_lock(PRESENCE, libc::F_RDLCK)
    }

    /// Whether this process is the only one that has the environment open, and now keeps others out until
    /// [`share`](Self::share).
    pub(crate) fn try_exclusive(&self) -> Result<bool> {
        self.try_lock(PRESENCE, libc::F_WRLCK)
    }

    /// Gives the presence lock up.
    pub(crate) fn leave(&self) -> Result<()> {
        self.try_lock(PRESENCE, libc::F_UNLCK).map(drop)
    }

    /// Says that this process writes, until the result is dropped. The caller holds LMDB's write lock.
    pub(crate) fn writing(&self) -> WriterMark<'_> {
        self.words.word(WRITER_AT).store(self.pid, Ordering::Relaxed);
        WriterMark { lock: self }
    }

    /// Whether another process of ours is writing.
    pub(crate) fn is_other_writing(&self) -> bool {
        let writer = self.words.word(WRITER_AT).load(Ordering::Relaxed);
        writer != 0 && writer != self.pid && process_lives(writer)
    }

    /// Keeps the other processes of ours from writing while LMDB's write lock, which the caller holds, is given up for a
    /// moment; until the result is dropped.
    pub(crate) fn pause_others(&self) -> Result<PauseLock<'_>> {
        let mut pauses = self.pauses.lock().unwrap_or_else(PoisonError::into_inner);
        if *pauses == 0 {
            self.wait_lock(PAUSE, libc::F_WRLCK)?;
        }
        self.paused(&mut pauses);
        Ok(PauseLock { lock: self })
    }

    /// As [`pause_others`](Self::pause_others), until [`resume`](Self::resume), unless another process does or it would
    /// take waiting to know. Whether LMDB's lock was this process's when the others were paused is for the caller to see.
    pub(crate) fn try_pause(&self) -> Result<bool> {
        let Ok(mut pauses) = self.pauses.try_lock() else { return Ok(false) };
        if *pauses == 0 && !self.try_lock(PAUSE, libc::F_WRLCK)? {
            return Ok(false);
        }
        self.paused(&mut pauses);
        Ok(true)
    }

    fn paused(&self, pauses: &mut usize) {
        *pauses += 1;
        self.words.word(PAUSED_AT).store(1, Ordering::SeqCst);
        // Before this process looks whether LMDB's lock was its own all the time.
        fence(Ordering::SeqCst);
    }

    /// Takes one pause back; with the last one the others may write again.
    pub(crate) fn resume(&self) {
        let mut pauses = self.pauses.lock().unwrap_or_else(PoisonError::into_inner);
        *pauses = pauses.saturating_sub(1);
        if *pauses == 0 {
            self.words.word(PAUSED_AT).store(0, Ordering::SeqCst);
            // Unlocking an open descriptor cannot fail; if it did, closing the file would still free it.
            let _ = self.try_lock(PAUSE, libc::F_UNLCK);
        }
    }

    /// Whether another process wants LMDB's write lock, which the caller holds, back first.
    pub(crate) fn is_paused(&self) -> bool {
        self.words.word(PAUSED_AT).load(Ordering::SeqCst) != 0
    }

    /// Waits until no process pauses the others. The caller does not hold LMDB's write lock, and pauses nobody.
    pub(crate) fn wait_for_pause(&self) -> Result<()> {
        self.wait_lock(PAUSE, libc::F_WRLCK)?;
        self.forget_pause()
    }

    /// As [`wait_for_pause`](Self::wait_for_pause), but says whether another process pauses this one instead of waiting.
    pub(crate) fn is_other_pausing(&self) -> Result<bool> {
        if !self.try_lock(PAUSE, libc::F_WRLCK)? {
            return Ok(true);
        }
        self.forget_pause().map(|()| false)
    }

    /// The caller has byte 1 alone and gives it back.
    fn forget_pause(&self) -> Result<()> {
        // Set only under the byte's lock: who set it and left it was killed.
        self.words.word(PAUSED_AT).store(0, Ordering::SeqCst);
        self.try_lock(PAUSE, libc::F_UNLCK).map(drop)
    }

    fn waiting(&self) -> impl Iterator<Item = &AtomicU32> {
        self.words.words::<WAITING>(WAITING_AT).iter()
    }

    /// Whether another process waits to write.
    #[inline]
    pub(crate) fn is_awaited(&self) -> bool {
        self.waiting().any(|word| ![0, self.pid].contains(&word.load(Ordering::Relaxed)))
    }

    /// Says that this process waits to write, until the result is dropped.
    pub(crate) fn wait_in_line(&self) -> Waiting<'_> {
        let claim =
            |word: &&AtomicU32| word.compare_exchange(0, self.pid, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        Waiting { lock: self, word: self.waiting().find(claim) }
    }

    /// Lets other processes that wait to write begin first. Who does not in that time is waited for no more: it was
    /// killed, or stopped.
    pub(crate) fn let_others_in(&self) {
        if !self.is_awaited() {
            return;
        }
        let waiting: Vec<(&AtomicU32, u32)> = self.waiting().map(|word| (word, word.load(Ordering::Relaxed))).collect();
        let began = Instant::now();
        for (word, id) in waiting.into_iter().filter(|(_, id)| ![0, self.pid].contains(id)) {
            while word.load(Ordering::Relaxed) == id {
                if began.elapsed() > COURTESY {
                    let _ = word.compare_exchange(id, 0, Ordering::Relaxed, Ordering::Relaxed);
                    break;
                }
                thread::sleep(COURTESY_PAUSE);
            }
        }
    }

    /// What was remembered, or `None` when the file is new or not understood.
    pub(crate) fn record(&self) -> Result<Option<OpenRecord>> {
        let mut bytes = [0; RECORD];
        match self.file.read_exact_at(&mut bytes, 0) {
            Ok(()) => Ok(OpenRecord::from_bytes(&bytes)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(io_error(&error).caused_by(error)),
        }
    }

    /// Remembers `record`.
    pub(crate) fn set_record(&self, record: &OpenRecord) -> Result<()> {
        let io = self.file.write_all_at(&record.to_bytes(), 0);
        io.map_err(|error| io_error(&error).caused_by(error))
    }

    /// Flushes what is remembered: a record that a power cut takes away cannot tell of it.
    pub(crate) fn sync(&self) -> Result<()> {
        self.file.sync_all().map_err(|error| io_error(&error).caused_by(error))
    }

    /// Remembers that this process has the environment open, with `durability`: the weakest of all counts.
    pub(crate) fn remember(&self, durability: Durability) -> Result<()> {
        self.wait_lock(JOINING, libc::F_WRLCK)?;
        let before = self.record();
        let remembered = before.and_then(|before| self.set_record(&OpenRecord::opened(durability, before.as_ref())));
        self.try_lock(JOINING, libc::F_UNLCK)?;
        remembered
    }

    fn try_lock(&self, byte: i64, kind: i32) -> Result<bool> {
        match fcntl(&self.file, FcntlArg::F_OFD_SETLK(&range(byte, kind))) {
            Ok(_) => Ok(true),
            Err(Errno::EAGAIN | Errno::EACCES) => Ok(false),
            Err(errno) => Err(lock_error(errno)),
        }
    }

    fn wait_lock(&self, byte: i64, kind: i32) -> Result<()> {
        loop {
            match fcntl(&self.file, FcntlArg::F_OFD_SETLKW(&range(byte, kind))) {
                Ok(_) => return Ok(()),
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(lock_error(errno)),
            }
        }
    }
}

/// While it lives, this process is known as the one that writes.
pub(crate) struct WriterMark<'a> {
    lock: &'a LockFile,
}

impl Drop for WriterMark<'_> {
    fn drop(&mut self) {
        if process_id() == self.lock.pid {
            // LMDB's lock is free by now, and the next writer's mark may stand already.
            let word = self.lock.words.word(WRITER_AT);
            let _ = word.compare_exchange(self.lock.pid, 0, Ordering::Relaxed, Ordering::Relaxed);
        }
    }
}

/// While it lives, no other process of ours keeps LMDB's write lock.
pub(crate) struct PauseLock<'a> {
    lock: &'a LockFile,
}

impl Drop for PauseLock<'_> {
    fn drop(&mut self) {
        // The lock belongs to the open file, which a forked child shares: there it is not the child's to free.
        if process_id() == self.lock.pid {
            self.lock.resume();
        }
    }
}

/// While it lives, this process is known as one that waits to write.
pub(crate) struct Waiting<'a> {
    lock: &'a LockFile,
    word: Option<&'a AtomicU32>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(word) = self.word {
            // Not if it was cleared meanwhile and is another's now.
            let _ = word.compare_exchange(self.lock.pid, 0, Ordering::Relaxed, Ordering::Relaxed);
        }
    }
}

/// Whether there is a process with this id, in this PID namespace: LMDB wants all to share one.
fn process_lives(id: u32) -> bool {
    i32::try_from(id).is_ok_and(|id| kill(Pid::from_raw(id), None) != Err(Errno::ESRCH))
}

fn range(byte: i64, kind: i32) -> libc::flock {
    libc::flock {
        l_type: i16::try_from(kind).unwrap_or_default(),
        l_whence: i16::try_from(libc::SEEK_SET).unwrap_or_default(),
        l_start: byte,
        l_len: 1,
        l_pid: 0,
    }
}

fn lock_error(errno: Errno) -> Error {
    let message = "cannot lock mapleaf.lock; the file system must offer locks of open files (network ones may not)";
    Error::new(ErrorKind::Io, message).caused_by(io::Error::from(errno))
}

impl OpenRecord {
    /// What to remember while open with `durability` on this boot of the machine. What was written under a weaker one
    /// in the same boot, as `before` tells, may still not be on the disk.
    pub(crate) fn opened(durability: Durability, before: Option<&Self>) -> Self {
        let boot = boot_id();
        let weaker = before.filter(|before| before.boot == boot && weakness(before.durability) > weakness(durability));
        Self { open: true, durability: weaker.map_or(durability, |before| before.durability), boot }
    }

    /// Whether it was open with a durability that flushes commits.
    pub(crate) fn is_flushed(&self) -> bool {
        self.durability != Durability::Process
    }

    /// Whether the file must be checked before it is used: it was not closed, and either the machine was restarted since
    /// or commits were not flushed; or nothing of it was flushed, also when it was closed, and the machine was restarted.
    pub(crate) fn needs_check(&self) -> bool {
        let restarted = self.boot.is_empty() || self.boot != boot_id();
        match self.durability {
            Durability::Immediate => self.open && restarted,
            Durability::Eventual => self.open,
            Durability::Process => self.open || restarted,
        }
    }

    fn to_bytes(&self) -> [u8; RECORD] {
        let mut bytes = [0; RECORD];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8] = 1;
        bytes[9] = u8::from(self.open);
        bytes[10] = weakness(self.durability);
        let boot = &self.boot[..self.boot.len().min(RECORD - 16)];
        bytes[16..16 + boot.len()].copy_from_slice(boot);
        bytes
    }

    fn from_bytes(bytes: &[u8; RECORD]) -> Option<Self> {
        if &bytes[..8] != MAGIC || bytes[8] != 1 {
            return None;
        }
        let durability = match bytes[10] {
            0 => Durability::Immediate,
            1 => Durability::Eventual,
            _ => Durability::Process,
        };
        let boot = bytes[16..].split(|&byte| byte == 0).next().unwrap_or_default().to_vec();
        Some(Self { open: bytes[9] != 0, durability, boot })
    }
}

/// How durability is written: the weaker, the higher.
fn weakness(durability: Durability) -> u8 {
    match durability {
        Durability::Immediate => 0,
        Durability::Eventual => 1,
        Durability::Process => 2,
    }
}

/// The name of this boot of the machine; empty where the system does not tell, which counts as another boot.
fn boot_id() -> Vec<u8> {
    std::fs::read("/proc/sys/kernel/random/boot_id").map(|text| text.trim_ascii().to_vec()).unwrap_or_default()
}
