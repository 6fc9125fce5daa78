//! The large files: heed builds them once, and they are kept between runs.
//!
//! A file is identified by its rows, by the order in which they were put, and by the version of this recipe. It is
//! built in a directory of another name, which is renamed when both copies are on the disk: a file under its own name
//! is complete.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use heed::{EnvFlags, PutFlags};
use mapleaf::{Durability, Env};
use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};
use tempfile::TempDir;

use super::rows::{Numbers, Order, number, short, value};
use super::sides::{Sides, heed_tree, open_heed};
use super::{Outcome, Plan};

/// Changes when the content of the files or the way to make them does.
const RECIPE: u32 = 2;
/// Transactions in which heed puts the rows: two, so that the file has free pages, as a file in use has.
const COMMITS: u64 = 2;
/// The beginning of the names of incomplete directories.
const UNFINISHED: &str = "building-";

/// The two copies of a large file.
pub(crate) struct Kept {
    pub(crate) ours: PathBuf,
    pub(crate) theirs: PathBuf,
    /// The directory of a quick check, which keeps nothing.
    dir: Option<TempDir>,
}

impl Kept {
    /// Finds the copies, or builds them.
    pub(crate) fn find(plan: &Plan, order: Order) -> Outcome<Self> {
        if plan.quick {
            let dir = tempfile::Builder::new().prefix("mapleaf-bench-").tempdir_in(plan.dir())?;
            build(dir.path(), order, plan.large)?;
            return Ok(Self { ours: dir.path().join("mapleaf"), theirs: dir.path().join("heed"), dir: Some(dir) });
        }
        let dir = kept(plan, order)?;
        Ok(Self { ours: dir.join("mapleaf"), theirs: dir.join("heed"), dir: None })
    }
}

impl Sides {
    /// The sides of the large file of `order`, with the one DBI `numbers`, wholly in memory.
    pub(crate) fn kept(plan: &Plan, order: Order) -> Outcome<Self> {
        let Kept { ours, theirs, dir } = Kept::find(plan, order)?;
        for side in [&ours, &theirs] {
            read_through(&side.join("data.mdb"))?;
        }
        Self::open(&ours, &theirs, Durability::Immediate, dir)
    }
}

fn kept(plan: &Plan, order: Order) -> Outcome<PathBuf> {
    let all = plan.kept_dir();
    fs::create_dir_all(&all)?;
    let dir = all.join(format!("numbers-{RECIPE}-{}-{}", order.tree(), plan.large));
    // One process builds; the lock ends with the file and with the process.
    let lock = File::create(all.join("lock"))?;
    lock.lock()?;
    if dir.is_dir() {
        return Ok(dir);
    }
    for entry in fs::read_dir(&all)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    eprintln!("building {}: {} rows", dir.display(), short(plan.large));
    let building = tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(&all)?;
    build(building.path(), order, plan.large)?;
    fs::rename(building.path(), &dir)?;
    // Under its new name the builder must not remove it.
    let _ = building.keep();
    File::open(&all)?.sync_all()?;
    Ok(dir)
}

/// Lets mapleaf create the DBI with its schema and heed put the rows one by one, then copies the file for both sides.
fn build(dir: &Path, order: Order, rows: u64) -> Outcome {
    let built = dir.join("built");
    let env = Env::options().durability(Durability::Process).open(&built)?;
    let _: Numbers = env.dbi("numbers")?;
    env.close()?;
    drop(env);

    let heed = open_heed(&built, Durability::Process, EnvFlags::NO_READ_AHEAD)?;
    let tree = heed_tree(&heed, "numbers")?;
    let mut ascending: Vec<(u64, u64)> = Vec::new();
    if order == Order::Ascending {
        ascending = (0..rows).map(|i| (number(i), i)).collect();
        ascending.sort_unstable();
    }
    let batch = rows.div_ceil(COMMITS);
    for start in (0..rows).step_by(usize::try_from(batch)?) {
        let mut txn = heed.write_txn()?;
        for at in start..rows.min(start + batch) {
            match ascending.get(usize::try_from(at)?) {
                Some((key, i)) => tree.put_with_flags(&mut txn, PutFlags::APPEND, &key.to_be_bytes(), &value(*i))?,
                None => tree.put(&mut txn, &number(at).to_be_bytes(), &value(at))?,
            }
        }
        txn.commit()?;
    }
    heed.force_sync()?;
    heed.prepare_for_closing().wait();
    for side in ["mapleaf", "heed"] {
        fs::create_dir(dir.join(side))?;
        copy(&built.join("data.mdb"), &dir.join(side).join("data.mdb"))?;
    }
    Ok(fs::remove_dir_all(built)?)
}

/// Copies a file page by page, as LMDB writes it. Larger pieces would leave larger ones in the page cache, which a
/// processor finds faster than those of a file that grew.
fn copy(from: &Path, to: &Path) -> Outcome {
    let (mut from, mut to) = (File::open(from)?, File::create_new(to)?);
    let mut page = [0; 4096];
    loop {
        let length = from.read(&mut page)?;
        if length == 0 {
            return Ok(to.sync_all()?);
        }
        to.write_all(page.get(..length).unwrap_or_default())?;
    }
}

/// Reads the missing pages of a file into the page cache, page by page as above.
fn read_through(path: &Path) -> Outcome {
    let mut file = File::open(path)?;
    posix_fadvise(&file, 0, 0, PosixFadviseAdvice::POSIX_FADV_RANDOM)?;
    let mut block = vec![0; 1 << 20];
    while file.read(&mut block)? > 0 {}
    Ok(())
}

impl Order {
    /// The name for a tree that was filled in this order.
    pub(crate) fn tree(self) -> &'static str {
        match self {
            Self::Random => "grown",
            Self::Ascending => "loaded",
        }
    }
}
