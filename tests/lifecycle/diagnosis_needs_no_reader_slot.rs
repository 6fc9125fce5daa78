//! The calls that show who has the reader slots work when all slots are taken, and show other processes, too.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use mapleaf::{Compact, Durability, Env, Error, ErrorKind, Result};

use crate::common::errors::{directory, io, refused, refused_with};
use crate::common::process;
use crate::rows;

#[test]
fn diagnosis_works_when_all_slots_are_taken() -> Result<()> {
    let dir = directory()?;
    let env = Env::options().max_readers(4).durability(Durability::Process).open(dir.path().join("env"))?;
    let rows: rows::Rows = env.dbi("rows")?;
    let mut forgotten = Vec::new();
    let full = loop {
        rows::write(&env, &rows, 1)?;
        match env.snapshot() {
            Ok(snap) => forgotten.push(snap),
            Err(error) => break error,
        }
    };
    assert_eq!((full.kind(), full.is_retryable(), forgotten.len()), (ErrorKind::ReadersFull, true, 4));
    let readers = env.readers()?;
    assert_eq!(
        readers.iter().map(|reader| reader.id).collect::<Vec<_>>(),
        forgotten.iter().map(mapleaf::Snapshot::id).collect::<Vec<_>>()
    );
    assert!(readers.iter().all(|reader| reader.process == std::process::id() && reader.thread.is_some()));
    assert!(readers[0].held_pages > readers[3].held_pages, "{readers:?}");
    let info = env.info()?;
    assert_eq!((info.readers, info.max_readers, info.oldest_snapshot_lag), (4, 4, Some(4)));
    assert!(info.free_pages > info.reclaimable_pages);
    assert!(env.verify()?.is_clean());
    assert_eq!((env.clear_stale_readers()?, env.dbis()?.len()), (0, 1));
    assert_eq!(env.dbi::<u32, Vec<u8>>("rows")?.name(), "rows");
    env.dbi::<u32, u32>("another")?;
    refused(env.copy_to(dir.path().join("copy"), Compact::No), ErrorKind::ReadersFull);
    // A transaction reads the newest state without a slot of its own.
    env.transact(|txn| {
        assert_eq!((env.readers()?.len(), env.info()?.readers), (4, 4));
        rows.put(txn, 1, &[2; 100])
    })?;
    forgotten.clear();
    assert!(env.readers()?.is_empty());
    env.snapshot().map(drop)
}

/// The child: takes a snapshot and holds it.
fn hold(path: &Path) -> Result<()> {
    let (env, rows) = rows::open(path, Durability::Process)?;
    let snap = env.snapshot()?;
    process::tell("reads");
    process::hear()?;
    assert_eq!(rows::round(&rows, &snap)?, 0);
    Ok(())
}

#[test]
fn readers_of_other_processes_are_listed() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        return hold(Path::new(&arguments[0]));
    }
    let dir = directory()?;
    let (env, rows) = rows::written(dir.path(), Durability::Process, 0)?;
    let mut child = process::spawn(
        "diagnosis_needs_no_reader_slot::readers_of_other_processes_are_listed",
        &[&dir.path().to_string_lossy()],
    )?;
    child.expect("reads");
    assert_eq!(env.readers()?.len(), 1, "seen for the first time");
    thread::sleep(Duration::from_millis(20));
    let before = env.info()?;
    for round in 1..20 {
        rows::write(&env, &rows, round)?;
    }
    let readers = env.readers()?;
    let [other] = &readers[..] else { panic!("{readers:?}") };
    assert_eq!((other.process, other.thread, other.lag), (child.id(), None, 19));
    assert_eq!(other.id, env.snapshot()?.id() - 19);
    assert!(other.age >= Duration::from_millis(20), "{other:?}");
    let info = env.info()?;
    assert_eq!((info.oldest_snapshot_lag, info.reclaimable_pages), (Some(19), before.reclaimable_pages));
    assert!(info.oldest_snapshot_age.is_some_and(|age| age >= Duration::from_millis(20)));
    assert_eq!(other.held_pages, Some(info.free_pages - info.reclaimable_pages));
    assert!(info.free_pages > 100 && info.readers >= 1, "{info:?}");
    child.say("end")?;
    child.passes()?;
    assert!(env.readers()?.is_empty());
    let info = env.info()?;
    // All pages except those that the last commit itself freed.
    assert!(info.oldest_snapshot_lag.is_none() && info.free_pages - info.reclaimable_pages < 50, "{info:?}");
    Ok(())
}

#[test]
fn a_killed_reader_is_listed_until_it_is_cleared() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        return hold(Path::new(&arguments[0]));
    }
    let dir = directory()?;
    let (env, _) = rows::written(dir.path(), Durability::Process, 0)?;
    let name = "diagnosis_needs_no_reader_slot::a_killed_reader_is_listed_until_it_is_cleared";
    let mut child = process::spawn(name, &[&dir.path().to_string_lossy()])?;
    child.expect("reads");
    child.kill()?;
    assert_eq!(env.readers()?.iter().map(|reader| reader.process).collect::<Vec<_>>(), [child.id()]);
    assert!(env.clear_stale_readers()? > 0);
    assert!(env.readers()?.is_empty());
    Ok(())
}

#[test]
fn files_of_another_user_are_read_under_assume_immutable() -> Result<()> {
    process::apart("diagnosis_needs_no_reader_slot::files_of_another_user_are_read_under_assume_immutable", || {
        if !nix::unistd::geteuid().is_root() {
            println!("another user's files take root to make: not checked");
            return Ok(());
        }
        let dir = directory()?;
        let path = dir.path().join("env");
        let (env, rows) = rows::written(&path, Durability::Immediate, 7)?;
        drop((env, rows));
        let mode = |path: &Path, bits| io(fs::set_permissions(path, fs::Permissions::from_mode(bits)));
        mode(dir.path(), 0o755)?;
        mode(&path, 0o755)?;
        for file in ["data.mdb", "lock.mdb", "mapleaf.lock"] {
            mode(&path.join(file), 0o644)?;
        }
        nix::unistd::setuid(nix::unistd::Uid::from_raw(65534)).map_err(Error::other)?;
        let reader = || Env::options().read_only(true);
        refused_with(reader().open(&path), ErrorKind::PermissionDenied, &["mapleaf.lock", "assume_immutable(true)"]);
        refused_with(Env::open(&path), ErrorKind::PermissionDenied, &["mapleaf.lock"]);
        let env = reader().assume_immutable(true).open(&path)?;
        let rows: rows::Rows = env.dbi("rows")?;
        assert_eq!(rows::round(&rows, &env.snapshot()?)?, 7);
        assert!(env.verify()?.is_clean() && env.readers()?.len() <= 1);
        assert_eq!((env.info()?.readers, env.clear_stale_readers()?), (0, 0));
        refused(rows::write(&env, &rows, 8), ErrorKind::ReadOnly);
        Ok(())
    })
}
