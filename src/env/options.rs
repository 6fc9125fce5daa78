//! The options with which an environment is opened.

use std::sync::Arc;
use std::time::Duration;

use crate::durability::Durability;
use crate::os::FileMode;
use crate::state::{Backlog, Config, ReaderInfo, SlowReader};

/// Whether opening may create the environment, or must.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OpenMode {
    /// Opens the environment, or creates it if it is missing. The default.
    #[default]
    OpenOrCreate,
    /// Creates the environment; fails with `AlreadyExists` if there is one.
    CreateNew,
    /// Opens the environment; fails with `NotFound` if it is missing.
    MustExist,
}

/// How much of the file is checked before it is used. If faults are found, opening fails with `Corrupted`, and the
/// cause of the error is the whole [`VerifyReport`](crate::VerifyReport).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Verify {
    /// The two meta pages, and that no page is after the end of the file. The default. After an unclean close, a
    /// check as by [`Fast`](Self::Fast) still runs.
    #[default]
    Meta,
    /// Meta pages, branch pages, and every reachable page number against the length of the file.
    Fast,
    /// The whole page graph: every page once, order of keys, counters, free list. Reads the whole file.
    Full,
}

/// Options of an environment, and the ways to open one: [`Env::options`](crate::Env::options).
///
/// ```
/// use mapleaf::{Durability, Env};
/// # fn main() -> mapleaf::Result<()> {
/// let dir = tempfile::tempdir().map_err(mapleaf::Error::other)?;
/// let env = Env::options().max_dbis(16).durability(Durability::Eventual).open(dir.path().join("data"))?;
/// # drop(env); Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "options do nothing until `open` or `temporary`"]
pub struct EnvOptions {
    pub(crate) config: Config,
    /// The first reservation, if one was set. Opening an environment puts it in `config`.
    pub(crate) map_size: Option<usize>,
    pub(crate) mode: OpenMode,
    pub(crate) verify: Verify,
    pub(crate) slow_reader: Option<SlowReader>,
}

const GIB: usize = 1 << 30;
/// The first reservation of a temporary environment in bytes, unless one is set: tests open many at once.
pub(crate) const TEMPORARY_MAP_SIZE: usize = GIB;
/// The first reservation in bytes, unless one is set.
pub(crate) const DEFAULT_MAP_SIZE: usize = 64 * GIB;

impl Default for EnvOptions {
    fn default() -> Self {
        let config = Config {
            map_size: DEFAULT_MAP_SIZE,
            max_map_size: 1024 * GIB,
            max_dbis: 256,
            max_readers: 1024,
            max_txn_bytes: 4 * GIB,
            max_backlog: Backlog { batches: 4096, bytes: GIB / 16 },
            max_draft_age: None,
            fill: None,
            durability: Durability::Immediate,
            read_only: false,
            single_file: false,
            assume_immutable: false,
            file_mode: FileMode::OWNER_ALONE,
        };
        Self { config, map_size: None, mode: OpenMode::OpenOrCreate, verify: Verify::Meta, slow_reader: None }
    }
}

impl EnvOptions {
    /// The first reservation of address space in bytes; it costs no memory. It is halved until the system agrees, and
    /// doubled when full. Default 64 GiB, or [`max_map_size`](Self::max_map_size) if that is smaller. A size set here
    /// must not exceed that maximum.
    pub fn map_size(mut self, bytes: usize) -> Self {
        self.map_size = Some(bytes);
        self
    }

    /// The largest size the map may grow to, in bytes. A commit that needs more fails with `MapFull`. Default 1 TiB.
    pub fn max_map_size(mut self, bytes: usize) -> Self {
        self.config.max_map_size = bytes;
        self
    }

    /// How many DBIs the environment may have, and how many hidden ones its stores may have beside them. Default 256.
    pub fn max_dbis(mut self, count: u32) -> Self {
        self.config.max_dbis = count;
        self
    }

    /// How many states may be read at once, over all processes; snapshots of one state share a slot. Default 1024.
    /// The first process that opens the environment sets it for all.
    pub fn max_readers(mut self, count: u32) -> Self {
        self.config.max_readers = count;
        self
    }

    /// How many bytes of keys and values one transaction may hold in memory; beyond that it fails with `TooLarge`. What a
    /// [`Draft`](crate::Draft) has read counts too.
    /// Default 4 GiB. After transactions that are not flushed, up to 256 MiB for each of two DBIs are kept for
    /// similar ones that follow. More than 64 MiB are freed after a second without any.
    pub fn max_txn_bytes(mut self, bytes: usize) -> Self {
        self.config.max_txn_bytes = bytes;
        self
    }

    /// How many batches, and how many bytes of them, may wait to be committed after [`submit`](crate::Env::submit).
    /// If more wait, it blocks, and [`try_submit`](crate::Env::try_submit) fails with `Busy`. A single batch is
    /// accepted whatever its size. Default 4,096 batches and 64 MiB.
    pub fn max_backlog(mut self, batches: usize, bytes: usize) -> Self {
        self.config.max_backlog = Backlog { batches, bytes };
        self
    }

    /// How long a [`Draft`](crate::Draft) may live: an older one fails with `Timeout` at its next verb or its commit. Its
    /// snapshot stays until it is dropped. A limit keeps a forgotten draft from being committed much later, and a long
    /// one from conflicting with everything. Default none.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use mapleaf::{Dbi, Env, ErrorKind};
    /// # fn main() -> mapleaf::Result<()> {
    /// let env = Env::options().max_draft_age(Duration::from_millis(5)).temporary()?;
    /// let ages: Dbi<&str, u32> = env.dbi("ages")?;
    /// let mut draft = env.snapshot()?.draft();
    /// std::thread::sleep(Duration::from_millis(5));
    /// assert_eq!(ages.put(&mut draft, "ann", 42).unwrap_err().kind(), ErrorKind::Timeout);
    /// assert_eq!(draft.commit().unwrap_err().kind(), ErrorKind::Timeout);
    /// # Ok(())
    /// # }
    /// ```
    pub fn max_draft_age(mut self, age: Duration) -> Self {
        self.config.max_draft_age = Some(age);
        self
    }

    /// How full pages are made when many are filled at once, in percent, 60 to 100. This applies to rows that a
    /// transaction puts into an empty DBI or after all others, to a load, and to the rows that are rewritten
    /// when a commit deletes much of a DBI. Default 100 for rows added in key order and 86 for others, so that
    /// later rows in random order do not split every page. Fuller pages make a smaller file and faster scans.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// let env = Env::options().fill(60).temporary()?;
    /// let rows: Dbi<u64, u64> = env.dbi("rows")?;
    /// env.transact(|txn| (0..10_000).try_for_each(|n| rows.put(txn, n, n)))?;
    /// // 26 bytes a row; 60 % of the 4,080 bytes of a page are used.
    /// let stat = rows.stat(&env.snapshot()?)?;
    /// assert!(stat.leaf_pages > 10_000 * 26 / 2_448);
    /// # Ok(())
    /// # }
    /// ```
    pub fn fill(mut self, percent: u8) -> Self {
        self.config.fill = Some(percent);
        self
    }

    /// What a returned commit survives. Default [`Durability::Immediate`].
    pub fn durability(mut self, durability: Durability) -> Self {
        self.config.durability = durability;
        self
    }

    /// Whether opening may create the environment, or must. Default [`OpenMode::OpenOrCreate`].
    pub fn mode(mut self, mode: OpenMode) -> Self {
        self.mode = mode;
        self
    }

    /// Makes every write fail with `ReadOnly`, and never creates the environment. The lock files are still written if
    /// the medium allows it. Commits that an earlier process left unflushed are not flushed: after a failed flush, a
    /// power failure may undo what was read.
    pub fn read_only(mut self, read_only: bool) -> Self {
        self.config.read_only = read_only;
        self
    }

    /// Takes the path as that of the data file, with the lock files next to it (`-lock`, `-mapleaf.lock`).
    pub fn single_file(mut self, single_file: bool) -> Self {
        self.config.single_file = single_file;
        self
    }

    /// Promises that nobody writes while the environment is open. Needed on a read-only medium, where writers cannot
    /// see readers: without it, opening there fails with `Unsupported`. Also needed for files of another user that
    /// may be read but not written; with `read_only` they are then opened without lock files.
    pub fn assume_immutable(mut self, assume_immutable: bool) -> Self {
        self.config.assume_immutable = assume_immutable;
        self
    }

    /// The permissions of the files that opening creates: the data file, LMDB's lock file and `mapleaf.lock`. The nine
    /// bits of the owner, the group and all others, as for `chmod`. Default `0o600`. A directory that is created gets
    /// the same bits, and may be entered by those who may read the files: `0o660` makes one of `0o770`.
    ///
    /// As for all files that a program creates, the umask of the process clears bits: with the usual umask of `0o022`,
    /// `0o660` becomes `0o640`. Files that exist keep their permissions. A copy and the file of
    /// [`compact`](crate::Env::compact) are for the owner alone while they are written, and then get the owner, the
    /// group and the permissions of the data file, whatever the umask is. The lock files of a copy are created when it
    /// is opened.
    ///
    /// Whoever reads an environment that others write needs write access to both lock files, and with `read_only` read
    /// access to the data file.
    ///
    /// Opening fails with `InvalidArgument` for other bits than these nine, and for permissions with which the owner
    /// cannot read and write.
    ///
    /// ```
    /// # fn main() -> mapleaf::Result<()> {
    /// # let dir = tempfile::tempdir().map_err(mapleaf::Error::other)?;
    /// # let path = dir.path().join("data");
    /// let env = mapleaf::Env::options().file_mode(0o660).open(&path)?;
    /// # drop(env); Ok(())
    /// # }
    /// ```
    #[doc(alias("chmod", "permissions", "umask"))]
    pub fn file_mode(mut self, mode: u32) -> Self {
        self.config.file_mode = FileMode(mode);
        self
    }

    /// Calls `callback` once for each state that this process reads for longer than `limit` while other states are
    /// committed: such a reader keeps the file from reusing pages, so the file grows. One of mapleaf's threads calls
    /// it, within `limit` plus half a second. The first opening of the environment in the process sets the callback.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # fn main() -> mapleaf::Result<()> {
    /// let env = mapleaf::Env::options()
    ///     .on_slow_reader(Duration::from_secs(60), |reader| {
    ///         eprintln!("{:?} has read state {} for {:?}", reader.thread, reader.id, reader.age);
    ///     })
    ///     .temporary()?;
    /// # drop(env); Ok(())
    /// # }
    /// ```
    pub fn on_slow_reader(mut self, limit: Duration, callback: impl Fn(&ReaderInfo) + Send + Sync + 'static) -> Self {
        self.slow_reader = Some(SlowReader { limit, callback: Arc::new(callback) });
        self
    }

    /// How much of the file is checked before it is used. Default [`Verify::Meta`].
    pub fn verify(mut self, verify: Verify) -> Self {
        self.verify = verify;
        self
    }
}
