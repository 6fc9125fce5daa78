//! The two sides of a race: a mapleaf environment, and a copy of its file opened with heed.
#![expect(unsafe_code, reason = "heed opens an environment by an unsafe function")]

use std::fs::{self, File};
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};

use heed::types::Bytes;
use heed::{CommitOrAbort, Database, EnvFlags, EnvOpenOptions};
use mapleaf::key::{AsKey, Key, KeyBuf};
use mapleaf::{Durability, Env};
use tempfile::TempDir;

use super::{Outcome, Plan};

/// The bytes written at a time, as LMDB does.
const PAGE: usize = 4096;

/// A named database of heed, untyped.
pub(crate) type Tree = Database<'static, Bytes, Bytes>;

/// The same pages twice, since a process opens a file only once. heed has its defaults, except for what mapleaf sets
/// too: no read-ahead, and the durability.
pub(crate) struct Sides {
    // Declared before the directory, which is removed last.
    pub(crate) mapleaf: Env,
    pub(crate) heed: heed::Env,
    /// mapleaf's file.
    pub(crate) file: PathBuf,
    _dir: Option<TempDir>,
}

impl Sides {
    /// Fills a mapleaf environment and copies its file page by page for both sides: writes to the filled file itself
    /// would cost more.
    pub(crate) fn new(plan: &Plan, durability: Durability, fill: impl FnOnce(&Env) -> Outcome) -> Outcome<Self> {
        let dir = tempfile::Builder::new().prefix("mapleaf-bench-").tempdir_in(plan.dir())?;
        let (filled, ours, theirs) = (dir.path().join("filled"), dir.path().join("mapleaf"), dir.path().join("heed"));
        // Filled without flushes, whatever is measured later.
        let filling = Env::options().durability(Durability::Process).open(&filled)?;
        fill(&filling)?;
        filling.close()?;
        copy_to_both(&filled, &ours, &theirs)?;
        fs::remove_dir_all(filled)?;
        let (ours, theirs) = if plan.exchanged { (theirs, ours) } else { (ours, theirs) };
        Self::open(&ours, &theirs, durability, Some(dir))
    }

    /// Opens two files of the same content. `dir` is removed with the last side.
    pub(crate) fn open(ours: &Path, theirs: &Path, durability: Durability, dir: Option<TempDir>) -> Outcome<Self> {
        let mapleaf = Env::options().durability(durability).open(ours)?;
        let heed = open_heed(theirs, durability, EnvFlags::NO_READ_AHEAD)?;
        Ok(Self { mapleaf, heed, file: ours.join("data.mdb"), _dir: dir })
    }

    /// heed's handle on the DBI `name`.
    pub(crate) fn tree(&self, name: &str) -> Outcome<Tree> {
        heed_tree(&self.heed, name)
    }
}

/// Copies a closed environment twice, alternating page by page. The system gives other memory to what is written
/// first than to what is written last: a look-up in one copy took up to twice as long as in the other.
fn copy_to_both(from: &Path, ours: &Path, theirs: &Path) -> Outcome {
    let mut pages = BufReader::with_capacity(1 << 20, File::open(from.join("data.mdb"))?);
    let mut copies = Vec::new();
    for to in [ours, theirs] {
        fs::create_dir(to)?;
        copies.push(File::create(to.join("data.mdb"))?);
    }
    let mut page = Vec::with_capacity(PAGE);
    while pages.by_ref().take(PAGE as u64).read_to_end(&mut page)? > 0 {
        copies.iter_mut().try_for_each(|copy| copy.write_all(&page))?;
        page.clear();
    }
    Ok(())
}

/// heed's handle on the DBI `name`, created if it is missing.
pub(crate) fn heed_tree(env: &heed::Env, name: &str) -> Outcome<Tree> {
    let opened = env.create_databases_and_commit(env.write_txn()?, |opener, txn| {
        opener.create_database::<Bytes, Bytes>(txn, Some(name)).map(CommitOrAbort::<_, ()>::Commit)
    })?;
    opened.commit().ok_or_else(|| format!("heed did not open {name}").into())
}

/// heed's environment in the directory `path`, which belongs to the benchmark.
pub(crate) fn open_heed(path: &Path, durability: Durability, flags: EnvFlags) -> Outcome<heed::Env> {
    open_heed_with(path, durability, flags, 16)
}

/// As [`open_heed`], for this many databases.
pub(crate) fn open_heed_with(
    path: &Path,
    durability: Durability,
    mut flags: EnvFlags,
    dbis: u32,
) -> Outcome<heed::Env> {
    fs::create_dir_all(path)?;
    let mut options = EnvOpenOptions::new();
    options.map_size(64 << 30).max_dbs(dbis);
    flags.set(EnvFlags::NO_META_SYNC, durability == Durability::Eventual);
    flags.set(EnvFlags::NO_SYNC, durability == Durability::Process);
    // SAFETY: the file is a copy in the benchmark's own directory, which nobody else opens, and no flag lets pages
    // change under a reader.
    Ok(unsafe { options.flags(flags).open(path) }?)
}

/// The bytes of a key, for heed.
pub(crate) fn encoded<K: Key>(key: impl AsKey<K>) -> Outcome<Box<[u8]>> {
    Ok(key.encode_key(&mut KeyBuf::new())?.into())
}
