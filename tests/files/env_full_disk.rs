//! A full disk is a typed error, all stored data stays, and work continues once there is space again.

use crate::common::mount;
use crate::common::process;
use std::fs;
use std::io::Write;
use std::path::Path;

use crate::common::errors::{directory, io, refused, refused_with};
use mapleaf::{Compact, Dbi, Durability, Env, ErrorKind, Result, Snapshot};

/// Fills the file system except for less than a page.
fn ballast(path: &Path) -> Result<()> {
    let mut file = io(fs::File::create(path))?;
    while file.write_all(&[1; 4096]).is_ok() {}
    Ok(())
}

fn numbers(dbi: &Dbi<u32, &[u8]>, snap: &Snapshot) -> Result<Vec<u32>> {
    dbi.keys(snap)?.collect()
}

#[test]
fn commits_that_do_not_fit_the_disk_change_nothing() -> Result<()> {
    process::apart("commits_that_do_not_fit_the_disk_change_nothing", || {
        let dir = directory()?;
        if !mount::small_disk(dir.path(), 4 << 20) {
            return Ok(());
        }
        for durability in [Durability::Immediate, Durability::Eventual, Durability::Process] {
            let path = dir.path().join("env");
            let env = Env::options().durability(durability).open(&path)?;
            let dbi: Dbi<u32, &[u8]> = env.dbi("d")?;
            let mut stored = 0;
            let full = loop {
                match env.transact(|txn| dbi.put(txn, stored, &vec![7; 50_000])) {
                    Ok(()) => stored += 1,
                    full => break full,
                }
                assert!(stored < 1000);
            };
            refused_with(full, ErrorKind::DiskFull, &["disk is full", "retry"]);
            let kept: Vec<u32> = (0..stored).collect();
            assert_eq!(numbers(&dbi, &env.snapshot()?)?, kept);
            refused(env.transact(|txn| dbi.put(txn, 9999, &vec![7; 500_000])), ErrorKind::DiskFull);
            assert_eq!(numbers(&dbi, &env.snapshot()?)?, kept);
            for compact in [Compact::Yes, Compact::No] {
                refused(env.copy_to(dir.path().join("copy"), compact), ErrorKind::DiskFull);
                assert!(!dir.path().join("copy/data.mdb").exists(), "what was written of it is removed");
            }
            refused(env.compact(), ErrorKind::DiskFull);
            assert!(!path.join("data.mdb-compact").exists());
            assert_eq!(numbers(&dbi, &env.snapshot()?)?, kept);
            assert!(env.verify()?.is_clean());
            drop(env);
            // Reopened on the full disk, where its entries are deleted.
            let env = Env::options().durability(durability).open(&path)?;
            let dbi: Dbi<u32, &[u8]> = env.dbi("d")?;
            assert_eq!(numbers(&dbi, &env.snapshot()?)?, kept);
            let _ = fs::remove_dir(dir.path().join("copy"));
            ignore_full(env.transact(|txn| dbi.delete_range(txn, 10..).map(drop)))?;
            assert!(env.verify()?.is_clean());
            drop(env);
            Env::destroy(&path)?;
        }
        Ok(())
    })
}

/// Deleting needs pages, too, which a full disk may not have.
fn ignore_full(outcome: Result<()>) -> Result<()> {
    match outcome {
        Err(error) if error.kind() == ErrorKind::DiskFull => Ok(()),
        outcome => outcome,
    }
}

#[test]
fn a_full_disk_prevents_creation_and_does_not_kill_readers() -> Result<()> {
    process::apart("a_full_disk_prevents_creation_and_does_not_kill_readers", || {
        let dir = directory()?;
        if !mount::small_disk(dir.path(), 4 << 20) {
            return Ok(());
        }
        let path = dir.path().join("env");
        let env = Env::open(&path)?;
        let dbi: Dbi<u32, u32> = env.dbi("d")?;
        env.transact(|txn| dbi.put(txn, 1, 1))?;
        // Makes free pages to write into.
        let large: Dbi<u32, &[u8]> = env.dbi("large")?;
        env.transact(|txn| large.put(txn, 1, &vec![7; 2_500_000]))?;
        env.transact(|txn| large.clear(txn).map(drop))?;
        env.transact(|txn| dbi.put(txn, 1, 2))?;
        ballast(&dir.path().join("ballast"))?;
        refused(Env::open(dir.path().join("new")), ErrorKind::DiskFull);
        refused(Env::open(dir.path().join("new")), ErrorKind::DiskFull);
        // Each state takes a reader slot, and each slot is written to LMDB's lock file, page after page.
        let mut snaps = Vec::new();
        for n in 0..100 {
            snaps.push(env.snapshot()?);
            env.transact(|txn| dbi.put(txn, 1, n))?;
        }
        assert_eq!(env.readers()?.len(), 100);
        drop(snaps);
        drop(env);
        io(fs::remove_file(dir.path().join("ballast")))?;
        let env = Env::open(&path)?;
        assert!(env.verify()?.is_clean());
        let dbi: Dbi<u32, u32> = env.dbi("d")?;
        env.transact(|txn| dbi.put(txn, 2, 2))?;
        drop(Env::open(dir.path().join("new"))?);
        Ok(())
    })
}

#[test]
fn a_limit_on_the_file_size_loses_nothing() -> Result<()> {
    process::apart("a_limit_on_the_file_size_loses_nothing", || {
        use nix::sys::resource::{Resource, setrlimit};
        use nix::sys::signal::{SigHandler, Signal, signal};
        let dir = directory()?;
        let env = Env::options().map_size(1 << 26).open(dir.path())?;
        let dbi: Dbi<u32, &[u8]> = env.dbi("d")?;
        env.transact(|txn| dbi.put(txn, 0, b"kept"))?;
        #[expect(unsafe_code, reason = "the action of a signal is set by an unsafe function")]
        // SAFETY: ignoring a signal runs no handler.
        unsafe { signal(Signal::SIGXFSZ, SigHandler::SigIgn) }.map_err(mapleaf::Error::other)?;
        setrlimit(Resource::RLIMIT_FSIZE, 1 << 20, 1 << 20).map_err(mapleaf::Error::other)?;
        let error = refused(env.transact(|txn| dbi.put(txn, 1, &vec![7; 2 << 20])), ErrorKind::CommitOutcomeUnknown);
        assert!(error.to_string().contains("reopen"), "{error}");
        refused(env.snapshot(), ErrorKind::CommitOutcomeUnknown);
        refused(env.transact(|_| Ok(())), ErrorKind::CommitOutcomeUnknown);
        env.close()?;
        let env = Env::options().map_size(1 << 26).open(dir.path())?;
        let dbi: Dbi<u32, &[u8]> = env.dbi("d")?;
        assert_eq!(dbi.iter(&env.snapshot()?)?.collect::<Result<Vec<_>>>()?, [(0, &b"kept"[..])]);
        env.transact(|txn| dbi.put(txn, 2, b"fits"))?;
        assert!(env.verify()?.is_clean());
        Ok(())
    })
}
