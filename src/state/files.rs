//! The open data file: LMDB's environment over it, and mapleaf's own map and descriptor of it.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLockReadGuard};

use crate::error::Result;
use crate::lmdb::{Lmdb, LmdbLock};
use crate::os::{DataLock, File, FileId, located};
use crate::page::EnvMap;
use crate::state::last_commit::LastCommit;

/// The open data file: LMDB's environment over it, and mapleaf's own map and descriptor of it.
pub(crate) struct Files {
    pub lmdb: Arc<Lmdb>,
    pub map: Arc<EnvMap>,
    pub file: Arc<File>,
    path: Arc<Path>,
    pub id: FileId,
    /// Dropped after LMDB's environment, because closing this descriptor would drop LMDB's locks. `None` if LMDB has
    /// no lock file.
    pub lmdb_lock: Option<Arc<LmdbLock>>,
    /// The lock on the data file. `None` without LMDB's lock file: then this process only reads.
    held: Option<Arc<DataLock>>,
    known: Arc<FileFacts>,
}

/// What is known about the file. It is shared by all maps of the file.
#[derive(Default)]
struct FileFacts {
    /// The last known length of the file in bytes; it only grows.
    len: AtomicU64,
    last: LastCommit,
}

impl Files {
    pub(crate) fn new(
        lmdb: Lmdb,
        map: EnvMap,
        (file, path): (Arc<File>, &Path),
        id: FileId,
        lmdb_lock: Option<LmdbLock>,
        held: Option<DataLock>,
    ) -> Self {
        let (lmdb_lock, held) = (lmdb_lock.map(Arc::new), held.map(Arc::new));
        let (lmdb, map, path) = (Arc::new(lmdb), Arc::new(map), path.into());
        Self { lmdb, map, file, path, id, lmdb_lock, held, known: Arc::default() }
    }

    /// The same files, read through another map.
    pub(crate) fn with_map(&self, map: EnvMap) -> Self {
        Self {
            lmdb: Arc::clone(&self.lmdb),
            map: Arc::new(map),
            file: Arc::clone(&self.file),
            path: Arc::clone(&self.path),
            id: self.id,
            lmdb_lock: self.lmdb_lock.clone(),
            held: self.held.clone(),
            known: Arc::clone(&self.known),
        }
    }

    /// The data file, by the descriptor that a flush uses: see [`DataLock::file`].
    pub(crate) fn flushed_file(&self) -> Arc<File> {
        self.held.as_ref().map_or_else(|| Arc::clone(&self.file), |held| Arc::clone(held.file()))
    }

    /// The last commit of this process.
    pub(crate) fn last_commit(&self) -> &LastCommit {
        &self.known.last
    }

    /// The last known length of the data file in bytes.
    pub(crate) fn known_len(&self) -> u64 {
        self.known.len.load(Ordering::Relaxed)
    }

    /// Notes a length of the data file. If the file is shorter later, it was truncated.
    pub(crate) fn note_len(&self, bytes: u64) {
        self.known.len.fetch_max(bytes, Ordering::Relaxed);
    }

    /// The length of the data file in bytes, now.
    pub(crate) fn file_len(&self) -> Result<u64> {
        let metadata = self.file.metadata().map_err(|error| located(error, &self.path))?;
        self.note_len(metadata.len());
        Ok(metadata.len())
    }

    /// As [`file_len`](Self::file_len), but returns the last known length if that is at least `needed` bytes.
    pub(crate) fn file_len_for(&self, needed: u64) -> Result<u64> {
        let known = self.known.len.load(Ordering::Relaxed);
        if known >= needed { Ok(known) } else { self.file_len() }
    }
}

/// The openers' gate, held shared.
pub(crate) struct Gate<'a>(pub(super) RwLockReadGuard<'a, Option<Arc<Files>>>);

impl std::ops::Deref for Gate<'_> {
    type Target = Arc<Files>;

    fn deref(&self) -> &Arc<Files> {
        self.0.as_ref().expect("`Core::files` passes only when the files are open")
    }
}
