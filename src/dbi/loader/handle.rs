//! The loader: rows of any databases in any order, within a bounded memory.

use std::fmt;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::catalog::DbiRef;
use crate::dbi::handle::Dbi;
use crate::dbi::loader::progress::{LoadProgress, LoadReport, Progress};
use crate::dbi::loader::store::Storing;
use crate::dbi::loader::take::Rows;
use crate::dbi::multi::MultiDbi;
use crate::env::Env;
use crate::error::{Error, ErrorKind, Result};
use crate::key::{AsKey, Key, KeyBuf};
use crate::page::{FULL, ROOMY};
use crate::value::{AsValue, Context, Value};
use crate::write_set::{check_key, check_value};

const MEMORY: usize = 256 << 20;
const LEAST_MEMORY: usize = 64 << 10;
const CHUNK: usize = 32 << 20;

/// Loads more rows than fit memory, of any databases of an environment, in any order: [`Env::loader`].
///
/// Rows are gathered in memory. When half of it is used they are sorted and written to a temporary file as a run;
/// [`finish`](Self::finish) merges the runs and stores the rows in key order, DBI by DBI, which costs LMDB a fraction of
/// what random order does. Rows that all fit are never written to a temporary file. Of rows with the same key the last one
/// wins, also over an entry that is there already; entries under other keys stay. Nothing is locked before `finish`, and
/// nothing is stored when a loader is dropped without it.
///
/// # In chunks, or all or nothing
///
/// By default the rows are stored in [chunks](Self::chunk), each an ordinary transaction: other writers get their turn
/// between two of them, readers see whole chunks. When `finish` fails, is stopped, or the process dies, the chunks before
/// are there and durable as the environment's commits are, and nothing of the others: **a prefix of the rows in their
/// final order**, that is the DBIs in the order in which the loader first met them, in each of them the keys from the
/// least up. Loading the same rows again mends it, since a loaded row replaces what is there.
///
/// [`atomic`](Self::atomic) makes all rows one transaction: all of them are there, or none. Other writers wait for as long
/// as it takes, and every page that it changes is a new one.
///
/// # Costs
///
/// Memory: what [`memory`](Self::memory) says, and the largest single value once more. Disk: about the rows' size in
/// temporary files, which have no names: they go with the loader, also when the process is killed. Time: of what a put of
/// each row in random order costs in LMDB, a quarter or less for millions of rows.
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
    /// `None` for one transaction of all.
    chunk: Option<usize>,
    directory: Option<PathBuf>,
    progress: Progress,
    /// Made with the first row.
    rows: Option<Rows>,
    /// Where values are encoded.
    value: Vec<u8>,
}

impl Env {
    /// A loader: for more rows than fit memory, or rows in no order.
    ///
    /// What fits memory and has to be in one transaction with other changes is better [`load`](Dbi::load)ed there.
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
    /// How many bytes of memory the load may use, the buffers of its merge included; less than 64 KiB counts as 64 KiB.
    /// Without effect once a row was taken. Default 256 MiB.
    ///
    /// The more, the fewer runs. LMDB's own memory for the pages of a transaction, which
    /// [`chunk`](Self::chunk) bounds, comes on top, and a value that is larger than that.
    pub fn memory(mut self, bytes: usize) -> Self {
        self.memory = bytes.max(LEAST_MEMORY);
        self
    }

    /// Where the temporary files go: a directory that exists, on a disk with room for the rows. Without effect once a row
    /// was taken. Default: beside the data.
    pub fn directory(mut self, path: impl Into<PathBuf>) -> Self {
        self.directory = Some(path.into());
        self
    }

    /// How many bytes of rows are stored in one transaction; the last one may bring it over. Default 32 MiB.
    ///
    /// Smaller chunks let other writers in more often; larger ones change fewer pages twice.
    pub fn chunk(mut self, bytes: usize) -> Self {
        self.chunk = Some(bytes);
        self
    }

    /// Stores all rows in one transaction.
    ///
    /// LMDB keeps the pages that it changes in memory, up to 512 MiB of them, until the environment is closed.
    pub fn atomic(mut self) -> Self {
        self.chunk = None;
        self
    }

    /// Calls `callback` when a run was written or merged, every 16,384 rows, and after each chunk. Breaking ends the load with
    /// an error of kind [`Other`](ErrorKind::Other) whose cause, by [`Error::downcast`], is
    /// [`LoadStopped`](crate::LoadStopped). What was committed stays; the chunk that is under way is given up.
    ///
    /// While rows are stored it is called inside a transaction: what it does there holds other writers up, and
    /// [`transact`](Env::transact) is `Nested`.
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

    /// Takes a row. O(1) but for the sorting and writing of a run when memory is full.
    ///
    /// # Errors
    /// As [`Dbi::put`]; `InvalidArgument` for another environment's DBI; `DiskFull`, `PermissionDenied`, `Io` and the like
    /// for the temporary file; that the callback stopped the load. The row was not taken then, and all others still are:
    /// the loader can go on, unless it was stopped.
    pub fn put<K: Key, V: Value>(&mut self, dbi: &Dbi<K, V>, key: K::Arg<'_>, value: V::Arg<'_>) -> Result<()> {
        let (mut key_buf, mut value_buf) = (KeyBuf::new(), std::mem::take(&mut self.value));
        value_buf.clear();
        let taken = K::encode(&key, &mut key_buf).and_then(|key| {
            let context = Context::new(&dbi.dbi.uuid, &dbi.dbi.name, key);
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

    /// Takes all rows; how many there were.
    ///
    /// # Errors
    /// As [`put`](Self::put), at the first row that fails; those before it are taken.
    pub fn load<K: Key, V: Value, A: AsKey<K>, B: AsValue<V>>(
        &mut self,
        dbi: &Dbi<K, V>,
        rows: impl IntoIterator<Item = (A, B)>,
    ) -> Result<u64> {
        let (mut key_buf, mut value_buf) = (KeyBuf::new(), Vec::new());
        let mut take = |key: A, value: B| {
            let key = key.encode_key(&mut key_buf)?;
            value_buf.clear();
            let context = Context::new(&dbi.dbi.uuid, &dbi.dbi.name, key);
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

    /// Merges what was taken and stores it.
    ///
    /// # Errors
    /// As [`Env::transact`]; `NotFound` for a DBI that was dropped meanwhile; `DiskFull`, `Io` and `Corrupted` for the
    /// temporary files; that the callback stopped the load. With [`atomic`](Self::atomic) nothing was stored then; else
    /// whole chunks are, as [`Loader`] says.
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

    /// Stores what was taken; how many bytes went through temporary files.
    fn store(&mut self) -> Result<u64> {
        self.progress.check()?;
        let Some(rows) = self.rows.take() else { return Ok(0) };
        let sorted = rows.sorted(&mut self.progress)?;
        let chunk = self.chunk.unwrap_or(usize::MAX);
        let asked = self.env.engine.config.fill;
        let fill = |in_order: &bool| asked.unwrap_or(if *in_order { FULL } else { ROOMY });
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

/// Refuses early what `finish` would refuse.
#[cold]
fn begin(env: &Env, directory: Option<&Path>, memory: usize) -> Result<Rows> {
    env.engine.check_usable()?;
    if env.engine.config.read_only {
        return Err(Error::new(ErrorKind::ReadOnly, "the environment was opened read-only; open it for writing"));
    }
    let directory = directory.map_or_else(|| env.engine.place.directory(), Path::to_path_buf);
    Ok(Rows::new(directory, memory))
}

impl fmt::Debug for Loader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loader").field("env", &self.env).field("progress", &self.progress.now).finish_non_exhaustive()
    }
}
