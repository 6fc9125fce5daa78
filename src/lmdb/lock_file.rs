//! LMDB's lock file, which this process opens in addition to LMDB: it keeps LMDB's locks from being dropped, and reads
//! the reader table.
//!
//! LMDB takes POSIX locks on bytes of the file: byte 0, shared, while it has the environment open, and the byte of its
//! process id while it has readers. The system drops them when the process closes any descriptor of the file: after a
//! backup of the directory, a checksum, `fs::read`. Other processes would then reinitialize LMDB's mutexes under a
//! running writer, and take this process's readers for dead. So mapleaf opens a descriptor of its own before LMDB
//! does, and closes it after LMDB. Through it, mapleaf holds both bytes with locks of the open file description, which
//! nothing else drops.

use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Error, ErrorKind, Result};
use crate::os::{
    Directory, File, FileId, FileInfo, FileMode, LockKind, check_regular, io_error, is_locked, located,
    open_read_write, process_mark, read_exact_at, reserve, try_lock, unlock, unlock_of_lmdb, write_all_at,
};
use crate::page::{LmdbTxnId, MAGIC};

/// The lock file has a header of two cache lines, then a line for each reader.
const HEADER: u32 = 128;
const SLOT: u32 = 64;
const USED_AT: usize = 16;
/// The byte that LMDB locks while the environment is open.
const OPEN: i64 = 0;
/// The transaction id in a slot that is taken but pins no state now.
const IDLE: u64 = u64::MAX;

/// The open lock file of LMDB. Dropped after LMDB's environment.
pub(crate) struct LmdbLock {
    file: File,
    path: PathBuf,
    id: FileId,
    mark: u64,
    /// The length in bytes that LMDB has mapped; 0 before that.
    length: AtomicU64,
}

/// A reader slot that a process has taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ReaderSlot {
    /// Its index in the table.
    pub index: usize,
    /// The id of its process.
    pub process: u32,
    /// LMDB's id of the state that it reads; `None` if it reads none now.
    pub state: Option<LmdbTxnId>,
}

impl LmdbLock {
    /// Opens the file at `path`. With `create`, an absent file is created with that mode; otherwise it is an error.
    ///
    /// # Errors
    /// `InvalidArgument` for a link or anything but a regular file.
    pub(crate) fn open(path: &Path, create: Option<FileMode>) -> Result<Self> {
        check_regular(path)?;
        let file = open_read_write(path, create).map_err(|error| located(error, path))?;
        let id = FileInfo::of(&file).map_err(|error| located(error, path))?.id();
        Ok(Self { file, path: path.to_path_buf(), id, mark: process_mark(), length: AtomicU64::new(0) })
    }

    /// Allocates disk blocks for every page of the file. LMDB writes it through a map, and on a full disk the first
    /// write to a page without a block would kill the process. An existing file keeps its length, which is the
    /// length of other programs' maps of it.
    pub(crate) fn reserve(&self, max_readers: u32) -> Result<()> {
        let length = self.length_now()?;
        let wanted = if length > 0 { length } else { u64::from(HEADER) + u64::from(SLOT) * u64::from(max_readers) };
        match reserve(&self.file, wanted) {
            Err(error) if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => {
                if length == 0 {
                    // Empty the new file again: if only a part of it were allocated, this part would later be taken for
                    // the whole lock file.
                    let _ = self.file.set_len(0);
                }
                Err(located(error, &self.path))
            }
            // Some file systems cannot allocate blocks in advance, which is no error.
            _ => Ok(()),
        }
    }

    /// Whether anybody has an environment open with this file: by LMDB's lock, or by that of another mapleaf
    /// process.
    pub(crate) fn is_in_use(&self) -> Result<bool> {
        is_locked(&self.file, OPEN).map_err(|error| self.failed(error))
    }

    /// Whether the file contains the slots that its header says are used. LMDB does not check that in a file that
    /// others use: from a shortened one it computes a length to unmap that can be nearly the whole address space.
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
        read_exact_at(&self.file, &mut header, 0).map_err(|error| located(error, &self.path))?;
        Ok(header)
    }

    /// Locks byte 0, shared, as long as LMDB does. LMDB has it by now, so nobody holds it exclusively.
    pub(crate) fn hold_open(&self) -> Result<()> {
        let length = self.length_now()?;
        self.length.store(length, Ordering::Relaxed);
        self.hold(OPEN, LockKind::Shared)
    }

    /// Locks the byte of this process's id, in place of LMDB's own lock on it. LMDB took its lock when its first
    /// reader began, and does not check it again.
    ///
    /// The two kinds of lock exclude each other, so LMDB's is released first. If another process cleared the slots of
    /// dead processes in between, it would clear those of this process. So the caller has no reader that matters yet,
    /// and holds the lock of `mapleaf.lock` under which mapleaf processes clear slots.
    pub(crate) fn hold_process(&self) -> Result<()> {
        unlock_of_lmdb(&self.file, process_byte(process::id())).map_err(|error| self.failed(error))?;
        self.hold(process_byte(process::id()), LockKind::Exclusive)
    }

    fn hold(&self, byte: i64, kind: LockKind) -> Result<()> {
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
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Whether the process with this id has the environment open, with readers in it. This process does not count.
    pub(crate) fn has_process(&self, id: u32) -> bool {
        // If the lock cannot be tested, the process counts as alive. This only affects messages, and callers that do
        // not wait: they are told that the environment is busy.
        is_locked(&self.file, process_byte(id)).unwrap_or(true)
    }

    /// Keeps every other program from opening the environment with this file until this is dropped, if none has it
    /// open. LMDB must not have it open in this process: it would wait for this lock for ever.
    pub(crate) fn try_alone(&self) -> Result<bool> {
        try_lock(&self.file, OPEN, LockKind::Exclusive).map_err(|error| self.failed(error))
    }

    /// Allows other programs to open the environment again, after [`try_alone`](Self::try_alone).
    pub(crate) fn release(&self) -> Result<()> {
        unlock(&self.file, OPEN).map_err(|error| self.failed(error))
    }

    /// Clears the header. LMDB refuses a file without one, and initializes it again when it is alone. The caller
    /// holds the file exclusively. The length stays, because others may have mapped it.
    pub(crate) fn clear(&self) -> Result<()> {
        write_all_at(&self.file, &[0; HEADER as usize], 0).map_err(|error| located(error, &self.path))
    }

    /// Whether the file has lost its name or was shortened: then other processes cannot see this one by it.
    pub(crate) fn is_lost(&self, directory: &Directory) -> bool {
        let length = directory.length_by_name(&self.path, &self.file, self.id);
        length.is_none_or(|length| length < self.length.load(Ordering::Relaxed))
    }

    fn length_now(&self) -> Result<u64> {
        Ok(self.file.metadata().map_err(|error| located(error, &self.path))?.len())
    }

    /// The taken slots of all processes. They change while they are read, but each one returned did exist.
    ///
    /// # Errors
    /// `Unsupported` if the file has an unknown layout.
    pub(crate) fn slots(&self) -> Result<Vec<ReaderSlot>> {
        let header = self.header()?;
        let used = word(&header, USED_AT) as usize;
        if word(&header, 0) != MAGIC || used > 1 << 20 {
            let why =
                format!("{} has a layout that is not known here; its readers cannot be listed", self.path.display());
            return Err(Error::new(ErrorKind::Unsupported, why));
        }
        let mut table = vec![0; used * SLOT as usize];
        read_exact_at(&self.file, &mut table, u64::from(HEADER)).map_err(|error| located(error, &self.path))?;
        let slots = table.chunks_exact(SLOT as usize).enumerate().filter_map(|(index, slot)| {
            let (state, rest) = slot.split_first_chunk()?;
            let (state, process) = (u64::from_le_bytes(*state), u32::from_le_bytes(*rest.first_chunk()?));
            (process != 0).then_some(ReaderSlot { index, process, state: (state != IDLE).then_some(LmdbTxnId(state)) })
        });
        Ok(slots.collect())
    }

    fn failed(&self, error: io::Error) -> Error {
        let why =
            format!("cannot lock {}: {error}; the file system must offer locks of open files", self.path.display());
        Error::new(io_error(&error).kind(), why).caused_by(error)
    }
}

impl Drop for LmdbLock {
    fn drop(&mut self) {
        if process_mark() == self.mark {
            // Unlock before closing the file: a child that was forked meanwhile shares the open file, and would keep
            // the locks.
            for byte in [OPEN, process_byte(process::id())] {
                let _ = unlock(&self.file, byte);
            }
        }
    }
}

fn word(header: &[u8; HEADER as usize], at: usize) -> u32 {
    u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
}

/// The byte that LMDB locks for a process: its id.
fn process_byte(id: u32) -> i64 {
    i64::from(id)
}
