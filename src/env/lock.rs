//! `mapleaf.lock`: keeps mapleaf's own processes apart where LMDB's lock does not reach, and remembers an unclean close.
//!
//! Byte 0 says that an environment is open: shared by all who have it open, exclusive for who replaces or removes the
//! file. Byte 1 is the writer's, held from before LMDB's write lock until after it, so that no other process of ours
//! writes while a full map is grown between two LMDB transactions. Byte 2 is held for a moment by who joins others and
//! changes the record. The locks are those of the open file description:
//! closing another descriptor does not drop them, changing one from shared to exclusive is atomic, and a forked child
//! that exits does not free its parent's.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::process;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

use crate::env::options::Durability;
use crate::env::os::{io_error, located};
use crate::env::place::FileId;
use crate::error::{Error, ErrorKind, Result};

const PRESENCE: i64 = 0;
const WRITER: i64 = 1;
const JOINING: i64 = 2;

const MAGIC: &[u8; 8] = b"mapleaf\0";
const RECORD: usize = 64;

/// The open lock file. Dropping it gives up what it holds.
pub(crate) struct LockFile {
    file: File,
    pid: u32,
}

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
    /// The weakest durability it was open with.
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
            .map_err(|error| located(error, path))?;
        Ok(Self { file, pid: process::id() })
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

    /// Gives the presence lock up.
    pub(crate) fn leave(&self) -> Result<()> {
        self.try_lock(PRESENCE, libc::F_UNLCK).map(drop)
    }

    /// Whether this process is the only one that has the environment open, and now keeps others out until
    /// [`share`](Self::share).
    pub(crate) fn try_exclusive(&self) -> Result<bool> {
        self.try_lock(PRESENCE, libc::F_WRLCK)
    }

    /// Takes the writer's lock, waiting for it.
    pub(crate) fn lock_writer(&self) -> Result<WriterLock<'_>> {
        self.wait_lock(WRITER, libc::F_WRLCK)?;
        Ok(WriterLock { lock: self })
    }

    /// Takes the writer's lock if no other process has it.
    pub(crate) fn try_lock_writer(&self) -> Result<Option<WriterLock<'_>>> {
        Ok(self.try_lock(WRITER, libc::F_WRLCK)?.then_some(WriterLock { lock: self }))
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

    /// Remembers that one more process has the environment open, with `durability`: the weakest of all counts.
    pub(crate) fn join_record(&self, durability: Durability) -> Result<()> {
        self.wait_lock(JOINING, libc::F_WRLCK)?;
        let joined = self.record().and_then(|found| {
            let weakest = found.filter(|found| found.open).map_or(durability, |found| found.weaker(durability));
            self.set_record(&OpenRecord::opened(weakest))
        });
        self.try_lock(JOINING, libc::F_UNLCK)?;
        joined
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

/// The writer's lock between processes, given up when dropped.
pub(crate) struct WriterLock<'a> {
    lock: &'a LockFile,
}

impl Drop for WriterLock<'_> {
    fn drop(&mut self) {
        // The lock belongs to the open file, which a forked child shares: there it is not the child's to free.
        if process::id() == self.lock.pid {
            // Unlocking an open descriptor cannot fail; if it did, closing the file would still free it.
            let _ = self.lock.try_lock(WRITER, libc::F_UNLCK);
        }
    }
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
    /// What to remember while open with `durability` on this boot of the machine.
    pub(crate) fn opened(durability: Durability) -> Self {
        Self { open: true, durability, boot: boot_id() }
    }

    /// Whether the file must be checked before it is used: not closed, and either the machine was restarted since or
    /// commits were not flushed.
    pub(crate) fn needs_check(&self) -> bool {
        self.open && (self.durability != Durability::Immediate || self.boot.is_empty() || self.boot != boot_id())
    }

    /// The weaker of two durabilities: that of the record and another.
    fn weaker(&self, other: Durability) -> Durability {
        if strength(other) < strength(self.durability) { other } else { self.durability }
    }

    fn to_bytes(&self) -> [u8; RECORD] {
        let mut bytes = [0; RECORD];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8] = 1;
        bytes[9] = u8::from(self.open);
        bytes[10] = match self.durability {
            Durability::Immediate => 0,
            Durability::Eventual => 1,
            Durability::Process => 2,
        };
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

/// How much a returned commit survives, to compare by.
fn strength(durability: Durability) -> u8 {
    match durability {
        Durability::Immediate => 2,
        Durability::Eventual => 1,
        Durability::Process => 0,
    }
}

/// The name of this boot of the machine; empty where the system does not tell, which counts as another boot.
fn boot_id() -> Vec<u8> {
    std::fs::read("/proc/sys/kernel/random/boot_id").map(|text| text.trim_ascii().to_vec()).unwrap_or_default()
}
