//! LMDB through heed: the one file that names it. Pins, the write transaction, DBI handles, the size of its map.
//!
//! What is read here is read for its side effect: a pin keeps pages from being reused, a write transaction applies a
//! set. Values are never read through LMDB's own map.
#![expect(unsafe_code, reason = "heed opens, resizes and drops by unsafe calls whose rules are kept here")]

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::mem::ManuallyDrop;
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use heed::types::{Bytes, DecodeIgnore};
use heed::{CommitOrAbort, CommitToken, EnvFlags, MdbError, OnCommit, PutFlags, WithoutTls};

use crate::env::catalog::{CATALOG, HEAD_KEY, dbi_key};
use crate::env::filling::{Begins, Filling};
use crate::env::map::process_mark;
use crate::env::options::Durability;
use crate::env::os::io_error;
use crate::error::{Error, ErrorKind, Result};

type Handle<'e> = heed::Database<'e, Bytes, Bytes>;

/// What LMDB is opened with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LmdbOptions {
    pub map_size: usize,
    pub max_dbis: u32,
    pub max_readers: u32,
    pub durability: Durability,
    pub read_only: bool,
    pub single_file: bool,
    /// Without LMDB's lock file: nobody writes while it is open.
    pub lock_free: bool,
}

/// An open LMDB environment. Forgotten, not closed, when dropped in a forked child: closing there would clear the
/// parent's reader slots.
pub(crate) struct Lmdb {
    env: ManuallyDrop<heed::Env<WithoutTls>>,
    mark: u64,
    /// How many pins there are, those included that are being given up: each has a hold on LMDB's environment.
    pins: Arc<AtomicUsize>,
}

/// What the slot table of LMDB says of itself.
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
        // SAFETY: none of these flags is one that lets a writer change pages under a reader (WRITEMAP) or maps at a fixed
        // address; NOLOCK comes with the caller's promise that nobody writes. The metas were checked before this call, and
        // the registry keeps one engine per file.
        let env = unsafe { open.flags(flags).open(path) }.map_err(|error| failure(error, "open"))?;
        Ok(Self { env: ManuallyDrop::new(env), mark: process_mark(), pins: Arc::default() })
    }

    /// Whether heed has the environment at `path` open in this process, for us or for somebody else.
    pub(crate) fn is_open(path: &Path) -> bool {
        path.canonicalize().is_ok_and(|path| heed::env_closing_event(path).is_some())
    }

    /// A read transaction, begun to pin the newest state and never read through. Fails with `MapFull` marked as
    /// [`is_map_resized`] when another process has grown the file beyond our map.
    pub(crate) fn pin(&self) -> Result<Pin, Failure> {
        let env = heed::Env::clone(&self.env);
        let txn = env.static_read_txn().map_err(|error| self.pin_failed(error))?;
        self.pins.fetch_add(1, Ordering::Relaxed);
        Ok(Pin { txn: ManuallyDrop::new(txn), mark: self.mark, pins: Arc::clone(&self.pins) })
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

    /// Whether there is no pin, nor one that a thread is just giving up: dropping this then closes LMDB's environment. The
    /// caller holds the openers' gate alone, so that none is begun.
    pub(crate) fn is_unpinned(&self) -> bool {
        self.pins.load(Ordering::Acquire) == 0
    }

    /// Waits for LMDB's write lock, across processes. The result must be used up on this thread.
    pub(crate) fn begin_write(&self) -> Result<Writer<'_>, Failure> {
        self.env.write_txn().map(|txn| Writer { txn, lmdb: self }).map_err(Failure::of)
    }

    /// Changes the size of LMDB's map.
    ///
    /// The caller holds the writer's mutex and the openers' gate: no write transaction and no beginning of a read
    /// transaction is under way in this process.
    pub(crate) fn resize(&self, bytes: usize) -> Result<()> {
        // SAFETY: LMDB wants no transaction that uses its map. Pins are never read through, and ending them touches
        // their slot in the lock file alone; write transactions and openings are kept out by the caller's locks.
        unsafe { self.env.resize(bytes) }.map_err(|error| failure(error, ""))
    }

    /// A descriptor of the data file that LMDB has open, whatever its path means by now.
    pub(crate) fn file(&self) -> Result<File> {
        self.env.try_clone_inner_file().map_err(|error| failure(error, "open"))
    }

    /// Reader slots in use by all processes, and how many there are. The caller holds the openers' gate.
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

    /// Frees the slots of processes that died. Returns how many.
    pub(crate) fn clear_stale_readers(&self) -> Result<usize> {
        self.env.clear_stale_readers().map_err(|error| failure(error, "clear_stale_readers"))
    }
}

impl Drop for Lmdb {
    fn drop(&mut self) {
        if process_mark() == self.mark {
            // SAFETY: dropped once, here, and not used again.
            unsafe { ManuallyDrop::drop(&mut self.env) }
        }
    }
}

/// One reader slot: while it lives, the pages of its state are not reused.
pub(crate) struct Pin {
    txn: ManuallyDrop<heed::RoTxn<'static, WithoutTls>>,
    mark: u64,
    pins: Arc<AtomicUsize>,
}

// SAFETY: a pin is never read through: `id` returns a number that is set at its beginning, and only `drop`, which has
// exclusive access, touches LMDB again. Without TLS the slot belongs to the transaction, not to a thread.
unsafe impl Sync for Pin {}

impl Pin {
    /// LMDB's id of the pinned state.
    pub(crate) fn id(&self) -> u64 {
        self.txn.id() as u64
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        // In a forked child the slot is the parent's: freeing it would let pages change under the parent's readers.
        if process_mark() == self.mark {
            // SAFETY: dropped once, here, and not used again.
            unsafe { ManuallyDrop::drop(&mut self.txn) }
            // Behind the drop: who sees no pins finds LMDB's environment without a hold on it.
            self.pins.fetch_sub(1, Ordering::Release);
        }
    }
}

/// LMDB's write lock, held, and the handles that outlive single transactions.
pub(crate) struct Writer<'e> {
    txn: heed::RwTxn<'e>,
    lmdb: &'e Lmdb,
}

/// Handles opened by committed transactions. Emptied by any abort: an aborted drop closes its handle, and a handle opened by
/// an aborted transaction never was.
#[derive(Default)]
pub(crate) struct Handles(Opened<'static>);

/// Handles that a transaction can use. Found without a hash or an allocation: each small commit does.
#[derive(Default)]
struct Opened<'e> {
    named: BTreeMap<Box<str>, Handle<'e>>,
    /// That of the main tree.
    main: Option<Handle<'e>>,
}

impl<'e> Opened<'e> {
    fn get(&self, name: &str) -> Option<Handle<'e>> {
        self.named.get(name).copied()
    }

    fn take_in(&mut self, other: Self) {
        self.named.extend(other.named);
        self.main = other.main.or(self.main);
    }
}

impl Handles {
    /// Whether there is one for the DBI `name`.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.named.contains_key(name)
    }
}

impl<'e> Writer<'e> {
    /// The id that this transaction commits as; the state it is based on has the id before.
    pub(crate) fn id(&self) -> u64 {
        self.txn.id() as u64
    }

    /// Runs `apply` on the transaction and commits it, or drops it when `apply` fails.
    ///
    /// `opens` says whether `apply` may ask for a tree that has no handle yet. heed lets one transaction at a time do so,
    /// behind a mutex; one that does not goes without it.
    pub(crate) fn commit(
        self,
        handles: &mut Handles,
        opens: bool,
        apply: impl FnOnce(&mut Applier<'_, '_, 'e>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let Self { mut txn, lmdb } = self;
        // Put back by a commit alone.
        let mut known = std::mem::take(&mut handles.0);
        if opens || known.main.is_none() {
            let outcome = lmdb.env.create_databases_and_commit(txn, |opener, txn| {
                let mut applier = Applier { opener: Some(opener), txn, known: &mut known, opened: Opened::default() };
                apply(&mut applier)?;
                Ok::<_, Failure>(CommitOrAbort::<_, ()>::Commit(applier.opened))
            })?;
            if let CommitOrAbort::Commit(opened) = outcome {
                known.take_in(opened);
            }
        } else {
            apply(&mut Applier { opener: None, txn: &mut txn, known: &mut known, opened: Opened::default() })?;
            txn.commit().map_err(Failure::of)?;
        }
        handles.0 = known;
        Ok(())
    }
}

impl OnCommit for Opened<'_> {
    type Committed = Opened<'static>;

    fn on_commit(self, token: &CommitToken) -> Self::Committed {
        let named = self.named.into_iter().map(|(name, handle)| (name, handle.on_commit(token))).collect();
        Opened { named, main: self.main.map(|handle| handle.on_commit(token)) }
    }
}

/// The write transaction while a set is applied to it.
pub(crate) struct Applier<'x, 't, 'e> {
    /// `None` where all handles that are needed were known before.
    opener: Option<&'x heed::DatabaseOpener<'e, WithoutTls>>,
    txn: &'t mut heed::RwTxn<'e>,
    known: &'x mut Opened<'static>,
    opened: Opened<'e>,
}

impl<'e> Applier<'_, '_, 'e> {
    /// The handle of the DBI `name`, which is created if it is absent.
    pub(crate) fn tree(&mut self, name: &str) -> Result<Tree<'e>, Failure> {
        if let Some(handle) = self.opened.get(name).or_else(|| self.known.get(name)) {
            return Ok(Tree(handle));
        }
        let handle = self.open(Some(name))?;
        self.opened.named.insert(name.into(), handle);
        Ok(Tree(handle))
    }

    #[cold]
    fn open(&mut self, name: Option<&str>) -> Result<Handle<'e>, Failure> {
        let Some(opener) = self.opener else {
            let why = "a commit that was to open no DBI asked for one that is not open; nothing was changed";
            return Err(Error::new(ErrorKind::InvalidArgument, why).into());
        };
        opener.create_database(self.txn, name).map_err(Failure::of)
    }

    /// Stores `value` under `key`.
    pub(crate) fn put(&mut self, tree: Tree<'e>, key: &[u8], value: &[u8]) -> Result<(), Failure> {
        tree.0.put(self.txn, key, value).map_err(Failure::of)
    }

    /// For many puts into one DBI, mostly ascending. Opening it costs an allocation.
    pub(crate) fn puts(&mut self, tree: Tree<'e>) -> Result<Puts<'_>, Failure> {
        tree.0.iter_mut(self.txn).map(|cursor| Puts { cursor, filling: None }).map_err(Failure::of)
    }

    /// For puts behind all keys of a DBI, all of them ascending.
    pub(crate) fn fill(&mut self, tree: Tree<'e>, filling: Filling) -> Result<Puts<'_>, Failure> {
        let puts = self.puts(tree)?;
        Ok(Puts { filling: Some(filling), ..puts })
    }

    /// Removes `key`, if it is there.
    pub(crate) fn delete(&mut self, tree: Tree<'e>, key: &[u8]) -> Result<(), Failure> {
        tree.0.delete(self.txn, key).map(drop).map_err(Failure::of)
    }

    /// Removes, by one cursor, those of the entries from `first` to before `end`, or to the end, that `is_to_go` says.
    pub(crate) fn delete_range(
        &mut self,
        tree: Tree<'e>,
        first: &[u8],
        end: Option<&[u8]>,
        mut is_to_go: impl FnMut(&[u8]) -> bool,
    ) -> Result<(), Failure> {
        let range = (Bound::Included(first), end.map_or(Bound::Unbounded, Bound::Excluded));
        let mut entries = tree.0.remap_data_type::<DecodeIgnore>().range_mut(self.txn, &range).map_err(Failure::of)?;
        while let Some(entry) = entries.next() {
            if is_to_go(entry.map_err(Failure::of)?.0) {
                // SAFETY: the key was looked at before, and no reference to the entry is kept.
                unsafe { entries.del_current() }.map_err(Failure::of)?;
            }
        }
        Ok(())
    }

    /// Removes all entries.
    pub(crate) fn clear(&mut self, tree: Tree<'e>) -> Result<(), Failure> {
        tree.0.clear(self.txn).map_err(Failure::of)
    }

    /// Stores the head, beside the records of the named databases.
    pub(crate) fn put_head(&mut self, value: &[u8]) -> Result<(), Failure> {
        let main = if let Some(main) = self.known.main.or(self.opened.main) {
            main
        } else {
            let main = self.open(None)?;
            *self.opened.main.insert(main)
        };
        self.put(Tree(main), HEAD_KEY.as_bytes(), value)
    }

    /// Stores a record of the catalogue.
    pub(crate) fn put_catalog(&mut self, key: &[u8], value: &[u8]) -> Result<(), Failure> {
        let catalog = self.tree(CATALOG)?;
        self.put(catalog, key, value)
    }

    /// Removes a record of the catalogue, if it is there.
    pub(crate) fn delete_catalog(&mut self, key: &[u8]) -> Result<(), Failure> {
        let catalog = self.tree(CATALOG)?;
        self.delete(catalog, key)
    }

    /// Removes the DBI with its record. No other process may have it open.
    pub(crate) fn drop_dbi(&mut self, name: &str) -> Result<(), Failure> {
        self.drop_tree(name)?;
        self.delete_catalog(&dbi_key(name))
    }

    /// Removes the DBI and closes its handle. No other process may have it open.
    pub(crate) fn drop_tree(&mut self, name: &str) -> Result<(), Failure> {
        let tree = self.tree(name)?;
        self.opened.named.remove(name);
        self.known.named.remove(name);
        // SAFETY: every copy of the handle is forgotten: the two maps hold them all, and `Tree`s do not outlive the
        // application of one set.
        unsafe { tree.0.remove(self.txn) }.map_err(Failure::of)
    }
}

/// Puts into one DBI by a cursor of LMDB's, which stays at the leaf of the last one: where the next key belongs to that leaf
/// too, the tree is not gone down again. Behind its last key that is so for every key above, and a leaf is then filled up
/// before the next is begun.
pub(crate) struct Puts<'x> {
    cursor: heed::RwIter<'x, Bytes, Bytes>,
    filling: Option<Filling>,
}

impl Puts<'_> {
    /// Stores `value` under `key`.
    #[inline]
    pub(crate) fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), Failure> {
        match self.filling.as_mut().map(|filling| filling.begins_leaf(key, value)) {
            None | Some(Begins::No) => self.put_flagged(PutFlags::empty(), key, value),
            Some(Begins::Full) => self.append(key, value, None),
            Some(Begins::Early(padding)) => self.begin_early(key, value, padding),
        }
    }

    #[inline]
    fn put_flagged(&mut self, flags: PutFlags, key: &[u8], value: &[u8]) -> Result<(), Failure> {
        // SAFETY: key and value must not lie in LMDB's own pages, which the put moves about: nothing is ever read through
        // them here. What other pages hold, mapleaf's map of the base among them, stays in place.
        unsafe { self.cursor.put_current_with_options::<Bytes>(flags, key, value) }.map_err(Failure::of)
    }

    /// Begins another leaf. Where the key is not behind all others after all, as when changes are made a second time, it is put
    /// like any other.
    #[cold]
    fn append(&mut self, key: &[u8], value: &[u8], padding: Option<&[u8]>) -> Result<(), Failure> {
        // SAFETY: as in `put_flagged`.
        let appended =
            unsafe { self.cursor.put_current_with_options::<Bytes>(PutFlags::APPEND, key, padding.unwrap_or(value)) };
        match appended {
            Ok(()) if padding.is_none() => Ok(()),
            Ok(()) | Err(heed::Error::Mdb(heed::MdbError::KeyExist)) => self.put_flagged(PutFlags::empty(), key, value),
            Err(error) => Err(Failure::of(error)),
        }
    }

    /// Begins another leaf, where the last one has room: with a value that has none there, and then the right one in its place.
    #[cold]
    fn begin_early(&mut self, key: &[u8], value: &[u8], padding: usize) -> Result<(), Failure> {
        let Some(filling) = self.filling.take() else { return self.put_flagged(PutFlags::empty(), key, value) };
        let begun = self.append(key, value, Some(filling.padding(padding)));
        self.filling = Some(filling);
        begun
    }
}

impl Puts<'_> {
    /// Removes `key`, if it is there.
    #[inline]
    pub(crate) fn delete(&mut self, key: &[u8]) -> Result<(), Failure> {
        // LMDB's cursor goes to a key by a put alone. One that is not to overwrite ends at the entry that is there, and is
        // refused; where none was, one is there now. Either is removed.
        // SAFETY: as in `put`; and what is removed is referred to by nothing, since nothing is ever read by this cursor.
        let found = unsafe { self.cursor.put_current_with_options::<Bytes>(PutFlags::NO_OVERWRITE, key, &[]) };
        match found {
            Ok(()) | Err(heed::Error::Mdb(heed::MdbError::KeyExist)) => {}
            Err(error) => return Err(Failure::of(error)),
        }
        // SAFETY: as above.
        unsafe { self.cursor.del_current() }.map(drop).map_err(Failure::of)
    }
}

/// A DBI of the transaction that is being applied.
#[derive(Clone, Copy)]
pub(crate) struct Tree<'e>(Handle<'e>);

/// Why LMDB refused: an error, and whether it can be mended here.
#[derive(Debug)]
pub(crate) struct Failure {
    pub error: Error,
    pub cause: Cause,
}

/// The failures that the engine acts upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The map is full: grow it and apply again.
    MapFull,
    /// Another process has grown the file: adopt its size.
    MapResized,
    /// The environment met a fatal error and must be reopened.
    Panic,
    /// The operating system refused a call.
    Io,
    /// Anything else.
    Other,
}

impl Failure {
    fn of(error: heed::Error) -> Self {
        let cause = match &error {
            heed::Error::Mdb(MdbError::MapFull) => Cause::MapFull,
            heed::Error::Mdb(MdbError::MapResized) => Cause::MapResized,
            heed::Error::Mdb(MdbError::Panic) => Cause::Panic,
            heed::Error::Io(_) => Cause::Io,
            _ => Cause::Other,
        };
        Self { error: failure(error, ""), cause }
    }
}

impl From<heed::Error> for Failure {
    fn from(error: heed::Error) -> Self {
        Self::of(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, cause: Cause::Other }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

/// The typed error for heed's.
fn failure(error: heed::Error, operation: &'static str) -> Error {
    let typed = match error {
        heed::Error::Mdb(mdb) => Error::new(kind_of(mdb), advice(mdb)).caused_by(mdb),
        // LMDB marks its process id in the lock file, and finds it taken.
        heed::Error::Io(io) if io.kind() == std::io::ErrorKind::WouldBlock => {
            let why = "a process with the same id has the environment open from another PID namespace; let the containers \
                       share one namespace";
            Error::new(ErrorKind::Unsupported, why).caused_by(io)
        }
        heed::Error::Io(io) => io_error(&io).caused_by(io),
        heed::Error::EnvAlreadyOpened => {
            let why = "the environment is open in this process by other means than mapleaf, or was in the one that this \
                       is a fork of; close it, or exec";
            Error::new(ErrorKind::Busy, why)
        }
        heed::Error::Encoding(cause) | heed::Error::Decoding(cause) => {
            let why = "LMDB refused the bytes of a key or value; report it, with the version of mapleaf";
            Error::new(ErrorKind::Io, why).caused_by(cause)
        }
    };
    if operation.is_empty() { typed } else { typed.during(operation) }
}

fn kind_of(error: MdbError) -> ErrorKind {
    match error {
        MdbError::MapFull | MdbError::MapResized => ErrorKind::MapFull,
        MdbError::DbsFull => ErrorKind::DbisFull,
        MdbError::ReadersFull => ErrorKind::ReadersFull,
        MdbError::TxnFull => ErrorKind::TooLarge,
        MdbError::VersionMismatch => ErrorKind::FormatVersion,
        MdbError::Invalid
        | MdbError::PageNotFound
        | MdbError::Corrupted
        | MdbError::CursorFull
        | MdbError::PageFull
        | MdbError::Problem
        | MdbError::NotFound => ErrorKind::Corrupted,
        MdbError::Panic => ErrorKind::CommitOutcomeUnknown,
        MdbError::BadValSize | MdbError::KeyExist => ErrorKind::InvalidKey,
        MdbError::Incompatible | MdbError::BadDbi => ErrorKind::Conflict,
        _ => ErrorKind::Io,
    }
}

fn advice(error: MdbError) -> Cow<'static, str> {
    let told = match error {
        MdbError::MapFull => "the map is full; open with a larger max_map_size",
        MdbError::MapResized => "another process has grown the file beyond max_map_size; open with a larger one",
        MdbError::DbsFull => {
            "too many DBIs are open; open the environment with a larger max_dbis, or, if many were dropped beside other \
             processes, compact when those have closed it"
        }
        MdbError::ReadersFull => "all reader slots are taken; drop snapshots, which Env::readers lists, and retry",
        MdbError::TxnFull => "the transaction changes too many pages; split it, or load in parts",
        MdbError::VersionMismatch => {
            "the file is of another LMDB version; dump it with its own mdb_dump and load it here"
        }
        MdbError::Panic => {
            "the environment met a fatal error; close and reopen it, which checks the file and shows what was committed"
        }
        MdbError::BadValSize | MdbError::KeyExist => "LMDB refused the key's size or order; shorten the key",
        MdbError::Incompatible | MdbError::BadDbi => "the DBI was changed by another process; open it again and retry",
        MdbError::Invalid | MdbError::PageNotFound | MdbError::Corrupted | MdbError::CursorFull => {
            "LMDB finds the file damaged; restore it from a copy"
        }
        _ => return format!("LMDB failed: {error}; see what Env::verify finds").into(),
    };
    told.into()
}
