//! The connection to LMDB: opening it, the size of its map, its reader slots.
//!
//! Read transactions only pin pages against reuse, and write transactions only apply a write set. No value is read
//! through LMDB's own map.
#![expect(unsafe_code, reason = "heed opens, resizes and drops by unsafe calls whose rules are kept here")]

use std::mem::ManuallyDrop;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use heed::{EnvFlags, FlagSetMode, WithoutTls};

use crate::durability::Durability;
use crate::error::{Error, ErrorKind, Result};
use crate::lmdb::failure::{Failure, failure};
use crate::lmdb::pin::Pin;
use crate::os::{File, process_mark, resolve_links};

/// The options that LMDB is opened with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LmdbOptions {
    pub map_size: usize,
    pub max_dbis: u32,
    pub max_readers: u32,
    pub durability: Durability,
    pub read_only: bool,
    pub single_file: bool,
    /// Without LMDB's lock file: nobody may write while it is open.
    pub lock_free: bool,
}

/// An open LMDB environment. In a forked child, dropping it leaks it: closing would clear the parent's reader
/// slots.
pub(crate) struct Lmdb {
    pub(super) env: ManuallyDrop<heed::Env<WithoutTls>>,
    mark: u64,
    /// Whether commits flush the meta page. Changed by the holder of the writer's lock.
    flushes_meta: AtomicBool,
    /// The number of pins, including those being dropped: each holds LMDB's environment open.
    pins: Arc<AtomicUsize>,
}

/// The use of LMDB's reader table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SlotUse {
    pub used: u32,
    pub max: u32,
}

impl Lmdb {
    /// Opens the environment at `path`, a directory or with `single_file` the data file.
    pub(crate) fn open(path: &Path, options: &LmdbOptions) -> Result<Self> {
        let mut open = heed::EnvOpenOptions::new().read_txn_without_tls();
        open.map_size(options.map_size).max_dbs(options.max_dbis).max_readers(options.max_readers);
        let mut flags = EnvFlags::NO_READ_AHEAD;
        flags.set(EnvFlags::READ_ONLY, options.read_only);
        flags.set(EnvFlags::NO_SUB_DIR, options.single_file);
        flags.set(EnvFlags::NO_META_SYNC, options.durability == Durability::Eventual);
        flags.set(EnvFlags::NO_SYNC, options.durability == Durability::Process);
        flags.set(EnvFlags::NO_LOCK, options.lock_free && options.read_only);
        // SAFETY: none of these flags lets a writer change pages under a reader (WRITEMAP) or maps at a fixed
        // address; with NOLOCK, the caller promises that nobody writes. The metas were checked before this call,
        // and the registry keeps one engine per file.
        let env = unsafe { open.flags(flags).open(path) }.map_err(|error| failure(error, "open"))?;
        let flushes_meta = AtomicBool::new(options.durability == Durability::Immediate);
        Ok(Self { env: ManuallyDrop::new(env), mark: process_mark(), flushes_meta, pins: Arc::default() })
    }

    /// Whether this process opened the environment; false in a forked child.
    pub(crate) fn is_own_process(&self) -> bool {
        process_mark() == self.mark
    }

    /// Whether heed has the environment at `path` open in this process, for mapleaf or for other code.
    pub(crate) fn is_open(path: &Path) -> bool {
        resolve_links(path).is_ok_and(|path| heed::env_closing_event(path).is_some())
    }

    /// Begins a read transaction that pins the newest state; nothing is read through it. Fails with
    /// [`Cause::MapResized`](super::failure::Cause::MapResized) when another process has grown the file beyond this
    /// process's map.
    pub(crate) fn pin(&self) -> Result<Pin, Failure> {
        let env = heed::Env::clone(&self.env);
        let txn = env.static_read_txn().map_err(|error| self.pin_failed(error))?;
        Ok(Pin::new(txn, self.mark, &self.pins))
    }

    #[cold]
    fn pin_failed(&self, error: heed::Error) -> Failure {
        let mut failure = Failure::of(error);
        if failure.error.kind() == ErrorKind::ReadersFull {
            let why = format!(
                "all {} reader slots (max_readers) are taken; drop snapshots, which Env::readers lists with their holders, or \
                 open with a larger max_readers once all processes have closed the environment",
                self.slots().max
            );
            failure.error = Error::new(ErrorKind::ReadersFull, why).taking_up(failure.error);
        }
        failure
    }

    /// Whether no pin exists, not even one that a thread is dropping: then dropping this closes LMDB's environment.
    /// The caller holds the openers' gate exclusively, so no pin begins.
    pub(crate) fn is_unpinned(&self) -> bool {
        self.pins.load(Ordering::Acquire) == 0
    }

    /// Changes the size of LMDB's map.
    ///
    /// The caller holds the writer's mutex and the openers' gate: in this process no write transaction is under
    /// way, and no read transaction is being begun.
    pub(crate) fn resize(&self, bytes: usize) -> Result<()> {
        // SAFETY: LMDB requires that no transaction uses its map. Pins are never read through, and ending one
        // touches only its slot in the lock file; write transactions and openings are kept out by the caller's
        // locks.
        unsafe { self.env.resize(bytes) }.map_err(|error| failure(error, ""))
    }

    /// Sets what the next commits survive. The caller holds the writer's lock. `Process` is set at the opening alone,
    /// and does not mix with the others.
    pub(crate) fn flush_as(&self, durability: Durability) -> Result<()> {
        let flushes_meta = durability == Durability::Immediate;
        if durability == Durability::Process || self.flushes_meta.load(Ordering::Relaxed) == flushes_meta {
            return Ok(());
        }
        let mode = if flushes_meta { FlagSetMode::Disable } else { FlagSetMode::Enable };
        // SAFETY: LMDB requires that no other thread changes its flags at the same time: the caller holds the writer's
        // lock, and nothing else changes them. LMDB reads this flag at the end of a commit only.
        unsafe { self.env.set_flags(EnvFlags::NO_META_SYNC, mode) }.map_err(|error| failure(error, ""))?;
        self.flushes_meta.store(flushes_meta, Ordering::Relaxed);
        Ok(())
    }

    /// A descriptor of the data file that LMDB has open, whatever its path names by now.
    pub(crate) fn file(&self) -> Result<File> {
        self.env.try_clone_inner_file().map_err(|error| failure(error, "open"))
    }

    /// The reader slots in use by all processes, and their total number. The caller holds the openers' gate.
    pub(crate) fn slots(&self) -> SlotUse {
        let info = self.env.info();
        SlotUse { used: info.number_of_readers, max: info.maximum_number_of_readers }
    }

    /// The size of LMDB's map in bytes. The caller holds the openers' gate.
    pub(crate) fn map_size(&self) -> usize {
        self.env.info().map_size
    }

    /// The longest key in bytes.
    pub(crate) fn max_key_size(&self) -> usize {
        self.env.max_key_size()
    }

    /// Frees the slots of dead processes. Returns how many.
    pub(crate) fn clear_stale_readers(&self) -> Result<usize> {
        self.env.clear_stale_readers().map_err(|error| failure(error, "clear_stale_readers"))
    }
}

impl Drop for Lmdb {
    fn drop(&mut self) {
        if self.is_own_process() {
            // SAFETY: dropped once, here, and not used again.
            unsafe { ManuallyDrop::drop(&mut self.env) }
        }
    }
}
