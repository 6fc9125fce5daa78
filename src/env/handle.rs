//! The environment's handle.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::env::engine::Engine;
use crate::env::options::EnvOptions;
use crate::error::Result;
use crate::state::{Lease, View};

/// An open environment: named, typed, ordered databases in one file.
///
/// A cheap handle on a shared engine: clone it, send it to other threads. LMDB allows one engine for a file in a
/// process, so opening the same file again, by whatever path, shares the first. The file is closed with the last handle,
/// snapshot and scan. Its files are to be left alone while it is open: lock files are not stale because they are there, and
/// a file tool's copy is no backup, but [`copy_to`](Self::copy_to) makes one. It does not follow a fork: in the child every use is `Closed`, opening it again too, since LMDB's part
/// of it lives on there. Fork first and open then, or have the child exec.
///
/// ```
/// use mapleaf::{Dbi, Env};
/// # fn main() -> mapleaf::Result<()> {
/// let env = Env::temporary()?;
/// let ages: Dbi<&str, u32> = env.dbi("ages")?;
/// env.transact(|txn| ages.put(txn, "ann", 42))?;
/// assert_eq!(ages.get(&env.snapshot()?, "ann")?, Some(42));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Env {
    pub(crate) engine: Arc<Engine>,
}

impl Env {
    pub(crate) fn of(engine: Arc<Engine>) -> Self {
        Self { engine }
    }

    /// The newest committed state, by this thread's lease on it.
    #[inline]
    pub(crate) fn lease(&self) -> Result<Arc<Lease<View>>> {
        self.engine.lease()
    }

    /// Opens the environment in the directory `path`, which is created when absent, with the default options.
    ///
    /// # Errors
    /// As [`EnvOptions::open`].
    ///
    /// ```
    /// # fn main() -> mapleaf::Result<()> {
    /// # let dir = tempfile::tempdir().map_err(mapleaf::Error::other)?;
    /// # let path = dir.path().join("data");
    /// let env = mapleaf::Env::open(&path)?;
    /// assert!(env.dbis()?.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::options().open(path)
    }

    /// The options, at their defaults: for everything but the plain [`open`](Self::open).
    ///
    /// ```
    /// # use mapleaf::{Env, ErrorKind, OpenMode};
    /// let missing = Env::options().mode(OpenMode::MustExist).open("no/such/place");
    /// assert_eq!(missing.map_err(|error| error.kind()).err(), Some(ErrorKind::NotFound));
    /// ```
    pub fn options() -> EnvOptions {
        EnvOptions::default()
    }

    /// An environment in a new directory of the system's, removed with its last handle, snapshot and scan; nothing is
    /// flushed to the disk. For tests, and for data that need not outlive the program.
    ///
    /// # Errors
    /// As [`EnvOptions::temporary`].
    pub fn temporary() -> Result<Self> {
        Self::options().temporary()
    }

    /// Where the environment lies: the path it was first opened by in this process, made absolute.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.engine.place.path
    }

    /// The environment's UUID, 16 bytes, made when it was created and kept by copies and compaction.
    #[must_use]
    pub fn uuid(&self) -> [u8; 16] {
        *self.engine.uuid()
    }

    /// The longest key in bytes: 511, unless the feature `longer-keys` is on.
    #[must_use]
    pub fn max_key_size(&self) -> usize {
        self.engine.max_key
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Env").field("path", &self.path()).finish_non_exhaustive()
    }
}
