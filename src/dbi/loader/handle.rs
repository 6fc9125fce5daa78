//! The loader: stores rows of any DBIs in any order, within bounded memory.

use std::fmt;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::catalog::DbiRef;
use crate::dbi::handle::Dbi;
use crate::dbi::loader::progress::{LoadProgress, LoadReport, Progress};
use crate::dbi::loader::rows::Rows;
use crate::dbi::loader::storing::Storing;
use crate::dbi::multi::MultiDbi;
use crate::env::Env;
use crate::error::{Error, ErrorKind, Result};
use crate::key::{AsKey, Key, KeyBuf};
use crate::page::{FILL_PERCENT_MAX, FILL_PERCENT_UNORDERED};
use crate::value::{AsValue, Context, Value};
use crate::write_set::{check_key, check_value};

const MEMORY: usize = 256 << 20;
const LEAST_MEMORY: usize = 64 << 10;
const CHUNK: usize = 32 << 20;

/// Loads more rows than fit in memory, for any DBIs of an environment, in any order. Created by [`Env::loader`].
///
/// Rows are collected in memory. When half of the memory is used, they are sorted and written to a temporary file as
/// a run. [`finish`](Self::finish) merges the runs and stores the rows in key order, one DBI after the other; this
/// costs LMDB a fraction of what random order does. If all rows fit in memory, no temporary file is written. The last
/// of several rows with the same key wins, and it replaces an existing entry; entries under other keys stay. The
/// loader takes no lock before `finish`, and stores nothing when it is dropped without it.
///
/// # In chunks, or all or nothing
///
/// By default the rows are stored in [chunks](Self::chunk). Each chunk is an ordinary transaction: other writers can
/// commit between two chunks, and readers see whole chunks. When `finish` fails or is stopped, or the process dies,
/// the chunks before that point are stored, as durable as any commit of the environment, and nothing of the others:
/// **a prefix of the rows in their final order**. That order is the DBIs as the loader first met them, and ascending
/// keys within each. Loading the same rows again completes the load, since a loaded row replaces an existing one.
///
/// [`atomic`](Self::atomic) makes all rows one transaction: all of them are stored, or none. Other writers wait for
/// the whole load, and every page that it changes takes a new page of the file.
///
/// # Costs
///
/// Memory: the limit set by [`memory`](Self::memory), plus the largest single value. Disk: about the rows' size in
/// temporary files. These have no names, so they disappear with the loader, also when the process is killed. Time:
/// for millions of rows, a quarter or less of what single puts in random order cost in LMDB.
///
/// ```
/// use mapleaf::{Dbi, Env};
/// # fn main() -> mapleaf::Result<()> {
/// let env = Env::temporary()?;
/// let words: Dbi<&str, u64> = env.dbi("words")?;
/// let lengths: Dbi<(u64, &str), ()> = env.dbi("lengths")?;
/// let mut loader = env.loader().memory(64 << 20);
/// for (line, word) in (1..).zip(["oak", "elm", "maple", "elm"]) {
///     loader.put(&words, word, line)?;
///     loader.put(&lengths, (word.len() as u64, word), ())?;
/// }
/// let report = loader.finish()?;
/// assert_eq!((report.rows, report.stored, report.runs), (8, 6, 0));
/// assert_eq!(words.get(&env.snapshot()?, "elm")?, Some(4));
/// # Ok(())
/// # }
/// ```
#[must_use = "rows are stored by `finish`; a loader that is dropped stores nothing"]
pub struct Loader {
    env: Env,
    memory: usize,
    /// `None` to store all rows in one transaction.
    chunk: Option<usize>,
    directory: Option<PathBuf>,
    progress: Progress,
    /// Created with the first row.
    rows: Option<Rows>,
    /// The buffer that values are encoded into.
    value: Vec<u8>,
}

impl Env {
    /// Creates a loader, for more rows than fit in memory or for unordered rows.
    ///
    /// Use [`load`](Dbi::load) instead for rows that fit in memory and belong into one transaction with other
    /// changes.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let squares: Dbi<u64, u64> = env.dbi("squares")?;
    /// let mut loader = env.loader().atomic();
    /// loader.load(&squares, (0..1000).rev().map(|n| (n, n * n)))?;
    /// assert_eq!(loader.finish()?.stored, 1000);
    /// # Ok(())
    /// # }
    /// ```
    pub fn loader(&self) -> Loader {
        Loader {
            env: self.clone(),
            memory: MEMORY,
            chunk: Some(CHUNK),
            directory: None,
            progress: Progress::new(),
            rows: None,
            value: Vec::new(),
        }
    }
}

impl Loader {
    /// Sets how many bytes of memory the load may use, including the buffers of its merge. The minimum is 64 KiB. Has
    /// no effect after the first row. Default 256 MiB.
    ///
    /// More memory means fewer runs. Not included are the memory that LMDB needs for the pages of a transaction,
    /// which [`chunk`](Self::chunk) bounds, and a single value that is larger than the limit.
    pub fn memory(mut self, bytes: usize) -> Self {
        self.memory = bytes.max(LEAST_MEMORY);
        self
    }

    /// Sets the directory of the temporary files. It must exist, on a disk with enough space for the rows. Has no
    /// effect after the first row. Default: beside the data.
    pub fn directory(mut self, path: impl Into<PathBuf>) -> Self {
        self.directory = Some(path.into());
        self
    }

    /// Sets how many bytes of rows one transaction stores; its last row may exceed the limit. Default 32 MiB.
    ///
    /// Smaller chunks let other writers in more often; larger ones rewrite fewer pages.
    pub fn chunk(mut self, bytes: usize) -> Self {
        self.chunk = Some(bytes);
        self
    }

    /// Stores all rows in one transaction.
    ///
    /// LMDB keeps up to 512 MiB of the pages that it changes in memory until the environment is closed.
    pub fn atomic(mut self) -> Self {
        self.chunk = None;
        self
    }

    /// Sets a callback. It is called after a run was written or merged, every 16,384 rows, and after each chunk. If
    /// it returns `Break`, the load ends with an error of kind [`Other`](ErrorKind::Other) whose cause, by
    /// [`Error::downcast`], is [`LoadStopped`](crate::LoadStopped). Committed chunks stay; the chunk in progress is
    /// aborted.
    ///
    /// While rows are stored, the callback runs inside a transaction: it delays other writers, and
    /// [`transact`](Env::transact) fails with `Nested` in it.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env, LoadStopped};
    /// # use std::ops::ControlFlow;
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let squares: Dbi<u64, u64> = env.dbi("squares")?;
    /// let mut loader = env.loader().on_progress(|progress| {
    ///     println!("{:?}: {} of {} rows", progress.phase, progress.done, progress.rows);
    ///     if progress.rows > 100_000 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    /// });
    /// let stopped = loader.load(&squares, (0..).map(|n| (n, n))).unwrap_err();
    /// let stopped = stopped.downcast::<LoadStopped>()?;
    /// assert_eq!(stopped.progress.stored, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_progress(mut self, callback: impl FnMut(&LoadProgress) -> ControlFlow<()> + Send + 'static) -> Self {
        self.progress.callback = Some(Box::new(callback));
        self
    }

    /// Takes a row. O(1), except for sorting and writing a run when memory is full.
    ///
    /// # Errors
    /// As [`Dbi::put`]; `InvalidArgument` for another environment's DBI; `DiskFull`, `PermissionDenied`, `Io` and
    /// similar for the temporary file; `Other` if the callback stopped the load. The row was then not taken, but the
    /// loader still has all others and can be used further, unless the callback stopped it.
    pub fn put<K: Key, V: Value>(&mut self, dbi: &Dbi<K, V>, key: K::Arg<'_>, value: V::Arg<'_>) -> Result<()> {
        let (mut key_buf, mut value_buf) = (KeyBuf::new(), std::mem::take(&mut self.value));
        value_buf.clear();
        let taken = K::encode(&key, &mut key_buf).and_then(|key| {
            let context = Context::new(&dbi.dbi.uuid, &dbi.dbi.origin, key);
            let value = V::encode(&value, &context, &mut value_buf).map_err(|error| error.at_key(key))?;
            self.take(&dbi.dbi, key, value)
        });
        self.value = value_buf;
        taken.map_err(|error| dbi.named(error, "put"))
    }

    /// Takes a pair of a [`MultiDbi`].
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn insert<K: Key, V: Key>(&mut self, dbi: &MultiDbi<K, V>, key: K::Arg<'_>, value: V::Arg<'_>) -> Result<()> {
        let mut buf = KeyBuf::new();
        let taken =
            MultiDbi::<K, V>::pair(&key, &value, &mut buf).and_then(|pair| self.take(&dbi.pairs.dbi, pair, &[]));
        taken.map_err(|error| dbi.pairs.named(error, "insert"))
    }

    /// Takes all rows, and returns how many there were.
    ///
    /// # Errors
    /// As [`put`](Self::put), at the first row that fails; the rows before it are taken.
    pub fn load<K: Key, V: Value, A: AsKey<K>, B: AsValue<V>>(
        &mut self,
        dbi: &Dbi<K, V>,
        rows: impl IntoIterator<Item = (A, B)>,
    ) -> Result<u64> {
        let (mut key_buf, mut value_buf) = (KeyBuf::new(), Vec::new());
        let mut take = |key: A, value: B| {
            let key = key.encode_key(&mut key_buf)?;
            value_buf.clear();
            let context = Context::new(&dbi.dbi.uuid, &dbi.dbi.origin, key);
            let value = value.encode_value(&context, &mut value_buf).map_err(|error| error.at_key(key))?;
            self.take(&dbi.dbi, key, value)
        };
        let mut count = 0;
        for (key, value) in rows {
            take(key, value).map_err(|error| dbi.named(error, "load"))?;
            count += 1;
        }
        Ok(count)
    }

    /// Merges the rows that were taken, and stores them.
    ///
    /// # Errors
    /// As [`Env::transact`]; `NotFound` for a DBI that was dropped in the meantime; `DiskFull`, `Io` and `Corrupted`
    /// for the temporary files; `Other` if the callback stopped the load. With [`atomic`](Self::atomic) nothing was
    /// stored then; without it whole chunks were, as [`Loader`] says.
    pub fn finish(mut self) -> Result<LoadReport> {
        let spilled = self.store().map_err(|error| error.during("finish"))?;
        let now = self.progress.now;
        Ok(LoadReport {
            rows: now.rows,
            bytes: now.bytes,
            stored: now.stored,
            chunks: now.chunks,
            runs: now.runs,
            spilled,
        })
    }

    /// Stores the rows that were taken, and returns how many bytes went through temporary files.
    fn store(&mut self) -> Result<u64> {
        self.progress.check()?;
        let Some(rows) = self.rows.take() else { return Ok(0) };
        let sorted = rows.sorted(&mut self.progress)?;
        let chunk = self.chunk.unwrap_or(usize::MAX);
        let asked = self.env.engine.config.fill;
        let fill = |in_order: &bool| asked.unwrap_or(if *in_order { FILL_PERCENT_MAX } else { FILL_PERCENT_UNORDERED });
        let fill: Vec<u8> = sorted.came_in_order.iter().map(fill).collect();
        let (dbis, progress) = (sorted.dbis.all(), &mut self.progress);
        Storing { env: &self.env, dbis, chunk, fill: &fill, progress }.store(sorted.source)?;
        Ok(sorted.spilled)
    }

    #[inline]
    fn take(&mut self, dbi: &Arc<DbiRef>, key: &[u8], value: &[u8]) -> Result<()> {
        check_key(key, self.env.engine.max_key)?;
        check_value(value.len()).map_err(|error| error.at_key(key))?;
        if dbi.engine != self.env.engine.id() {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                "the DBI belongs to another environment than the loader; open it in the loader's own",
            ));
        }
        let rows = match &mut self.rows {
            Some(rows) => rows,
            none => none.insert(begin(&self.env, self.directory.as_deref(), self.memory)?),
        };
        rows.take(dbi, key, value, &mut self.progress)
    }
}

/// Reports early the errors that `finish` would report.
#[cold]
fn begin(env: &Env, directory: Option<&Path>, memory: usize) -> Result<Rows> {
    env.engine.check_usable()?;
    env.engine.config.check_writable()?;
    let directory = directory.map_or_else(|| env.engine.paths.directory(), Path::to_path_buf);
    Ok(Rows::new(directory, memory))
}

impl fmt::Debug for Loader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loader").field("env", &self.env).field("progress", &self.progress.now).finish_non_exhaustive()
    }
}
