//! A disk was full and has space again: an environment that stayed open works, and a creation, a growth or a compaction
//! that failed then succeeds now.

use crate::common::mount;
use crate::common::process;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use crate::common::errors::{directory, io, refused};
use mapleaf::{Dbi, Durability, Env, ErrorKind, Result};

const DISK: usize = 8 << 20;
const PAGE: u64 = 4096;
const DURABILITIES: [Durability; 3] = [Durability::Immediate, Durability::Eventual, Durability::Process];

/// Fills the file system except for `pages`.
fn ballast(path: &Path, pages: u64) -> Result<()> {
    let mut file = io(File::create(path))?;
    let mut written = 0;
    while file.write_all(&[1; 4096]).is_ok() {
        written += PAGE;
    }
    io(file.set_len(written - pages * PAGE))
}

/// Runs `body` on a small file system, once for each durability.
fn on_a_small_disk(name: &str, body: impl Fn(&Path, Durability) -> Result<()>) -> Result<()> {
    process::apart(name, || {
        let dir = directory()?;
        if !mount::small_disk(dir.path(), DISK) {
            return Ok(());
        }
        DURABILITIES.into_iter().try_for_each(|durability| body(dir.path(), durability))
    })
}

#[test]
fn commits_growth_and_compaction_succeed_once_the_disk_has_space() -> Result<()> {
    on_a_small_disk("commits_growth_and_compaction_succeed_once_the_disk_has_space", |disk, durability| {
        let (path, filler) = (disk.join("env"), disk.join("ballast"));
        let env = Env::options().map_size(1 << 20).max_readers(16).durability(durability).open(&path)?;
        let rows: Dbi<u32, &[u8]> = env.dbi("rows")?;
        let put = |from: u32, count: u32| {
            env.transact(|txn| (from..from + count).try_for_each(|key| rows.put(txn, key, &[1; 3000])))
        };
        let len = || rows.len(&env.snapshot()?);
        put(0, 100)?;
        ballast(&filler, 1)?;
        let mut kept = 100;
        for turn in 0..3 {
            // Within the map, and beyond it: the map grows, and the disk does not.
            refused(put(1000, 20), ErrorKind::DiskFull);
            refused(put(1000, 600), ErrorKind::DiskFull);
            refused(env.compact(), ErrorKind::DiskFull);
            assert_eq!(len()?, kept, "turn {turn}");
            io(fs::remove_file(&filler))?;
            put(100 * (turn + 1), 50)?;
            kept += 50;
            assert_eq!(len()?, kept);
            ballast(&filler, 1)?;
        }
        io(fs::remove_file(&filler))?;
        put(1000, 600)?;
        assert!(env.info()?.map_size > 1 << 20);
        env.transact(|txn| rows.delete_range(txn, 1000..))?;
        env.compact()?;
        assert_eq!(len()?, kept);
        assert!(env.verify()?.is_clean());
        drop(env);
        Env::destroy(&path)
    })
}

#[test]
fn a_creation_that_found_no_space_succeeds_once_the_disk_has_space() -> Result<()> {
    on_a_small_disk("a_creation_that_found_no_space_succeeds_once_the_disk_has_space", |disk, durability| {
        let (path, filler) = (disk.join("new"), disk.join("ballast"));
        let mut created = 0;
        // From no page to all that are needed; one case has space for one of the two meta pages.
        for pages in 0..30 {
            ballast(&filler, pages)?;
            let options = Env::options().map_size(1 << 20).max_readers(16).durability(durability);
            match options.open(&path) {
                Ok(env) => {
                    created += 1;
                    drop(env);
                }
                Err(error) => assert!(
                    matches!(error.kind(), ErrorKind::DiskFull | ErrorKind::CommitOutcomeUnknown),
                    "{pages} pages: {error:?}"
                ),
            }
            io(fs::remove_file(&filler))?;
            let env = options.open(&path)?;
            let rows: Dbi<u32, u32> = env.dbi("rows")?;
            env.transact(|txn| rows.put(txn, 1, 1))?;
            assert!(env.verify()?.is_clean());
            drop(env);
            Env::destroy(&path)?;
        }
        assert!((1..29).contains(&created), "{created}");
        Ok(())
    })
}
