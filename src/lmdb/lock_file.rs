//! LMDB's lock file, as this process keeps it beside LMDB: its locks made fast, its reader table read.
//!
//! LMDB locks bytes of it by POSIX: byte 0, shared, while it has the environment open, and the byte of its process id while
//! it has readers. Such locks are dropped when any descriptor of the file is closed in the process: by a backup of the
//! directory, a checksum, `fs::read`. Others would then make its mutexes anew under a running writer, and take its readers
//! for dead. So one descriptor is opened before LMDB is and closed after it, and holds both bytes by locks of the open file
//! description, which nothing else drops.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use nix::errno::Errno;
use nix::fcntl::{FallocateFlags, fallocate};
use nix::libc;

use crate::error::{Error, ErrorKind, Result};
use crate::os::process_mark;
use crate::os::{Directory, FileId, check_regular};
use crate::os::{io_error, located};
use crate::os::{is_locked, try_lock, unlock_posix};

/// LMDB's lock file has a header of two cache lines, then a line for each reader.
const HEADER: u32 = 128;
const SLOT: u32 = 64;
/// How it begins, and where in its header it says how many slots were ever used.
const MAGIC: u32 = 0xBEEF_C0DE;
const USED_AT: usize = 16;
/// The byte that is locked by who has the environment open.
const OPEN: i64 = 0;
/// The id of a slot that is taken and reads no state now.
const IDLE: u64 = u64::MAX;

/// The open lock file of LMDB. Dropped after LMDB's environment.
pub(crate) struct LmdbLock {
    file: File,
    path: PathBuf,
    id: FileId,
    mark: u64,
    /// In bytes, as LMDB has mapped it; 0 before.
    length: AtomicU64,
}

/// A reader slot that a process has taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ReaderSlot {
    /// Its place in the table.
    pub index: usize,
    /// The id of its process.
    pub process: u32,
    /// LMDB's id of the state that is read; `None` between two.
    pub state: Option<u64>,
}

impl LmdbLock {
    /// Opens the file at `path`; with `create` it is made when it is absent, else that is an error like any other.
    ///
    /// # Errors
    /// `InvalidArgument` for a link or what is no regular file.
    pub(crate) fn open(path: &Path, create: bool) -> Result<Self> {
        check_regular(path)?;
        let flags = libc::O_CLOEXEC | libc::O_NOFOLLOW;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(create).truncate(false).mode(0o600).custom_flags(flags);
        let file = options.open(path).map_err(|error| located(error, path))?;
        let id = FileId::of(&file.metadata().map_err(|error| located(error, path))?);
        Ok(Self { file, path: path.to_path_buf(), id, mark: process_mark(), length: AtomicU64::new(0) })
    }

    /// Gives every page of the file its block on the disk: LMDB writes it through a map, and on a full disk the first touch
    /// of a page that has no block yet would kill the process. A file that is there keeps its length, which is the length
    /// of other programs' maps of it.
    pub(crate) fn reserve(&self, max_readers: u32) -> Result<()> {
        let length = self.length_now()?;
        let wanted = if length > 0 { length } else { u64::from(HEADER) + u64::from(SLOT) * u64::from(max_readers) };
        match fallocate(self.file.as_fd(), FallocateFlags::empty(), 0, i64::try_from(wanted).unwrap_or(i64::MAX)) {
            Err(errno @ (Errno::ENOSPC | Errno::EDQUOT)) => {
                if length == 0 {
                    // A beginning would be taken for the whole.
                    let _ = self.file.set_len(0);
                }
                Err(located(io::Error::from(errno), &self.path))
            }
            // Some file systems cannot reserve.
            _ => Ok(()),
        }
    }

    /// Whether anybody has an environment open by this file: another process, by LMDB's lock or by ours.
    pub(crate) fn is_in_use(&self) -> Result<bool> {
        is_locked(&self.file, OPEN).map_err(|errno| self.failed(errno))
    }

    /// Whether it holds the slots that it says are used. LMDB does not ask that of a file that others use: from the length of one
    /// that was cut short it computes how much to unmap, which can be nearly all the address space.
    pub(crate) fn is_whole(&self) -> Result<bool> {
        let length = self.length_now()?;
        if length < u64::from(HEADER) + u64::from(SLOT) {
            return Ok(false);
        }
        let header = self.header()?;
        let used = u64::from(HEADER) + u64::from(SLOT) * u64::from(word(&header, USED_AT));
        Ok(word(&header, 0) == MAGIC && used <= length)
    }

    fn header(&self) -> Result<[u8; HEADER as usize]> {
        let mut header = [0; HEADER as usize];
        self.file.read_exact_at(&mut header, 0).map_err(|error| located(error, &self.path))?;
        Ok(header)
    }

    /// Holds the byte that says so, as long as LMDB does. LMDB holds it shared by now, so nobody has it alone.
    pub(crate) fn hold_open(&self) -> Result<()> {
        let length = self.length_now()?;
        self.length.store(length, Ordering::Relaxed);
        self.hold(OPEN, libc::F_RDLCK)
    }

    /// Holds the byte of this process's id in LMDB's place, which has taken it for its first reader and does not ask again.
    ///
    /// The two kinds of lock keep one another out, so LMDB's is given up first. Who clears slots of dead processes in
    /// between would take this one for dead: the caller has no reader that matters, and processes of ours clear under a lock
    /// of `mapleaf.lock` that the caller holds.
    pub(crate) fn hold_process(&self) -> Result<()> {
        unlock_posix(&self.file, process_byte(process::id())).map_err(|errno| self.failed(errno))?;
        self.hold(process_byte(process::id()), libc::F_WRLCK)
    }

    fn hold(&self, byte: i64, kind: i32) -> Result<()> {
        match try_lock(&self.file, byte, kind) {
            Ok(true) => Ok(()),
            Ok(false) => {
                let why = format!(
                    "{} is locked by a process with this one's id, from another PID namespace or of another program; let \
                     the containers share one namespace",
                    self.path.display()
                );
                Err(Error::new(ErrorKind::Unsupported, why))
            }
            Err(errno) => Err(self.failed(errno)),
        }
    }

    /// Whether the process with this id has the environment open, and readers in it. This process does not count.
    pub(crate) fn has_process(&self, id: u32) -> bool {
        // What cannot be asked is taken for alive: who waits for it gets its turn all the same.
        is_locked(&self.file, process_byte(id)).unwrap_or(true)
    }

    /// Keeps every other program from opening the environment by this file until it is dropped, if none has it open. LMDB has
    /// not, in this process: it would wait for this lock for ever.
    pub(crate) fn try_alone(&self) -> Result<bool> {
        try_lock(&self.file, OPEN, libc::F_WRLCK).map_err(|errno| self.failed(errno))
    }

    /// Lets other programs open the environment again, after [`try_alone`](Self::try_alone).
    pub(crate) fn release(&self) -> Result<()> {
        try_lock(&self.file, OPEN, libc::F_UNLCK).map(drop).map_err(|errno| self.failed(errno))
    }

    /// Takes away what it says of itself: LMDB refuses a file without a header, and makes it anew where it is alone. The caller
    /// holds it alone. Its length stays, which others may have mapped.
    pub(crate) fn clear(&self) -> Result<()> {
        self.file.write_all_at(&[0; HEADER as usize], 0).map_err(|error| located(error, &self.path))
    }

    /// Whether its name was removed, or given to another file, or it was cut short: others cannot see this process by it.
    pub(crate) fn is_lost(&self, directory: &Directory) -> bool {
        let length = directory.length_by_name(&self.path, &self.file, self.id);
        length.is_none_or(|length| length < self.length.load(Ordering::Relaxed))
    }

    fn length_now(&self) -> Result<u64> {
        Ok(self.file.metadata().map_err(|error| located(error, &self.path))?.len())
    }

    /// The slots that are taken, of all processes. They change while they are read: each is whole, and was there.
    ///
    /// # Errors
    /// `Unsupported` where the file has another layout than is known here.
    pub(crate) fn slots(&self) -> Result<Vec<ReaderSlot>> {
        let header = self.header()?;
        let used = word(&header, USED_AT) as usize;
        if word(&header, 0) != MAGIC || used > 1 << 20 {
            let why =
                format!("{} has a layout that is not known here; its readers cannot be listed", self.path.display());
            return Err(Error::new(ErrorKind::Unsupported, why));
        }
        let mut table = vec![0; used * SLOT as usize];
        self.file.read_exact_at(&mut table, u64::from(HEADER)).map_err(|error| located(error, &self.path))?;
        let slots = table.chunks_exact(SLOT as usize).enumerate().filter_map(|(index, slot)| {
            let (state, rest) = slot.split_first_chunk()?;
            let (state, process) = (u64::from_le_bytes(*state), u32::from_le_bytes(*rest.first_chunk()?));
            (process != 0).then_some(ReaderSlot { index, process, state: (state != IDLE).then_some(state) })
        });
        Ok(slots.collect())
    }

    fn failed(&self, errno: Errno) -> Error {
        let error = io::Error::from(errno);
        let why =
            format!("cannot lock {}: {error}; the file system must offer locks of open files", self.path.display());
        Error::new(io_error(&error).kind(), why).caused_by(error)
    }
}

impl Drop for LmdbLock {
    fn drop(&mut self) {
        if process_mark() == self.mark {
            // A child that was forked meanwhile shares the open file and would keep the locks.
            for byte in [OPEN, process_byte(process::id())] {
                let _ = try_lock(&self.file, byte, libc::F_UNLCK);
            }
        }
    }
}

fn word(header: &[u8; HEADER as usize], at: usize) -> u32 {
    u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
}

/// LMDB locks the byte of a process's id.
fn process_byte(id: u32) -> i64 {
    i64::from(id)
}
