//! Files are removed or replaced while an environment is open: no commit is lost unnoticed, no other process writes to
//! a second environment of that name, and the present data can be saved.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use mapleaf::{Compact, Durability, Env, ErrorKind, Result};

use crate::common::errors::{directory, io, refused, refused_with};
use crate::common::process;
use crate::rows;

/// How a file is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loss {
    Removed,
    Replaced,
    /// It was renamed.
    Moved,
    /// It was renamed, and a copy has its old name.
    MovedAndReplaced,
}

const LOSSES: [Loss; 4] = [Loss::Removed, Loss::Replaced, Loss::Moved, Loss::MovedAndReplaced];

fn lose(file: &Path, loss: Loss) -> Result<()> {
    let (other, away) = (file.with_extension("other"), file.with_extension("away"));
    match loss {
        Loss::Removed => return io(fs::remove_file(file)),
        Loss::Moved => return io(fs::rename(file, away)),
        Loss::Replaced => io(fs::copy(file, &other)).map(drop)?,
        Loss::MovedAndReplaced => {
            io(fs::copy(file, &other))?;
            io(fs::rename(file, away))?;
        }
    }
    io(fs::rename(other, file))
}

/// The child: opens, and reports the result.
fn try_to_open(path: &Path) {
    match Env::open(path) {
        Ok(env) => process::tell(&format!("open, and {:?}", rows::count(&env).map_err(|error| error.kind()))),
        Err(error) => process::tell(&format!("{:?} {error}", error.kind())),
    }
}

fn said_by_another(name: &str, path: &Path) -> Result<String> {
    let child = process::spawn(name, &[&path.to_string_lossy()])?;
    let said = child.line().unwrap_or_default();
    child.passes()?;
    Ok(said)
}

#[test]
fn removed_lock_files_are_noticed() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        try_to_open(Path::new(&arguments[0]));
        return Ok(());
    }
    for loss in LOSSES {
        for files in [&["lock.mdb"][..], &["mapleaf.lock"], &["lock.mdb", "mapleaf.lock"]] {
            let dir = directory()?;
            let (env, rows) = rows::written(dir.path(), Durability::Immediate, 7)?;
            rows::count(&env)?;
            for file in files {
                lose(&dir.path().join(file), loss)?;
            }
            let said = said_by_another("removed_files_are_noticed::removed_lock_files_are_noticed", dir.path())?;
            assert!(said.starts_with("Busy") && said.contains("removed"), "{files:?} {loss:?}: {said}");
            let refused = refused_with(rows::count(&env), ErrorKind::NotFound, &[files[0], "open"]);
            assert!(!refused.is_retryable());
            refused_with(env.sync(), ErrorKind::NotFound, &[files[0]]);
            refused_with(env.compact(), ErrorKind::NotFound, &[files[0]]);
            if files == ["mapleaf.lock"] {
                assert_eq!(rows::round(&rows, &env.snapshot()?)?, 7, "reading goes on");
            } else {
                refused_with(env.snapshot(), ErrorKind::NotFound, &["lock.mdb"]);
            }
            drop((env, rows));
            let (env, rows) = rows::open(dir.path(), Durability::Immediate)?;
            assert_eq!(
                (rows::counted(&env)?, rows::round(&rows, &env.snapshot()?)?),
                (Some(1), 7),
                "{files:?} {loss:?}"
            );
            assert_eq!(rows::count(&env)?, 2);
        }
    }
    Ok(())
}

#[test]
fn a_removed_data_file_or_directory_is_noticed() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        try_to_open(Path::new(&arguments[0]));
        return Ok(());
    }
    for what in LOSSES.map(Some).into_iter().chain([None]) {
        let dir = directory()?;
        let path = dir.path().join("env");
        let (env, rows) = rows::written(&path, Durability::Immediate, 7)?;
        match what {
            Some(loss) => lose(&path.join("data.mdb"), loss)?,
            None => io(fs::remove_dir_all(&path))?,
        }
        for _ in 0..2 {
            refused_with(rows::write(&env, &rows, 8), ErrorKind::NotFound, &["data.mdb", "copy_to"]);
            refused_with(env.sync(), ErrorKind::NotFound, &["data.mdb"]);
        }
        refused(env.compact(), ErrorKind::NotFound);
        // The present data can be read, checked and saved.
        assert_eq!(rows::round(&rows, &env.snapshot()?)?, 7);
        assert!(env.verify()?.is_clean());
        env.copy_to(dir.path().join("saved"), Compact::No)?;
        let _open = rows::reopened(&dir.path().join("saved"), 7)?;
        if what.is_some() {
            let said =
                said_by_another("removed_files_are_noticed::a_removed_data_file_or_directory_is_noticed", &path)?;
            assert!(said.starts_with("Busy") && said.contains("data.mdb"), "{what:?}: {said}");
        }
        refused_with(Env::open(&path), ErrorKind::Busy, &["env"]);
        drop((env, rows));
        let env = Env::open(&path)?;
        let is_there = matches!(what, Some(Loss::Replaced | Loss::MovedAndReplaced));
        assert_eq!(env.dbis()?.is_empty(), !is_there, "{what:?}");
    }
    Ok(())
}

#[test]
fn a_restored_name_does_not_clear_the_loss() -> Result<()> {
    for file in ["data.mdb", "lock.mdb", "mapleaf.lock"] {
        let dir = directory()?;
        let (env, rows) = rows::written(dir.path(), Durability::Immediate, 1)?;
        let (path, away) = (dir.path().join(file), dir.path().join("away"));
        io(fs::rename(&path, &away))?;
        refused_with(rows::write(&env, &rows, 2), ErrorKind::NotFound, &[file]);
        io(fs::rename(&away, &path))?;
        for _ in 0..2 {
            refused_with(rows::write(&env, &rows, 3), ErrorKind::NotFound, &[file]);
            refused_with(env.sync(), ErrorKind::NotFound, &[file]);
        }
        drop((env, rows));
        rows::reopened(dir.path(), 1)?;
    }
    Ok(())
}

#[test]
fn an_environment_stays_usable_in_a_renamed_directory() -> Result<()> {
    let dir = directory()?;
    let (path, moved) = (dir.path().join("env"), dir.path().join("moved"));
    let (env, rows) = rows::written(&path, Durability::Immediate, 1)?;
    io(fs::rename(&path, &moved))?;
    rows::write(&env, &rows, 2)?;
    env.sync()?;
    refused_with(env.compact(), ErrorKind::NotFound, &["data.mdb"]);
    rows::write(&env, &rows, 3)?;
    let (same, its) = rows::reopened(&moved, 3)?;
    drop((env, rows, same, its));
    rows::reopened(&moved, 3)?;
    Ok(())
}

#[test]
fn removed_files_are_noticed_without_a_commit() -> Result<()> {
    let dir = directory()?;
    let (env, _) = rows::written(dir.path(), Durability::Process, 1)?;
    drop(env.snapshot()?);
    lose(&dir.path().join("lock.mdb"), Loss::Removed)?;
    let began = Instant::now();
    let error = loop {
        match env.snapshot() {
            Ok(snap) => drop(snap),
            Err(error) => break error,
        }
        assert!(began.elapsed() < Duration::from_secs(20), "it is never noticed");
        thread::sleep(Duration::from_millis(10));
    };
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error:?}");
    Ok(())
}

#[test]
fn unflushed_commits_notice_removed_files_soon() -> Result<()> {
    let dir = directory()?;
    let path = dir.path().join("env");
    let (env, rows) = rows::written(&path, Durability::Process, 1)?;
    io(fs::remove_dir_all(&path))?;
    thread::sleep(Duration::from_millis(50));
    refused_with(rows::write(&env, &rows, 2), ErrorKind::NotFound, &["data.mdb"]);
    Ok(())
}

#[test]
fn a_data_file_with_two_names_is_open_through_one_of_them() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        try_to_open(Path::new(&arguments[0]));
        return Ok(());
    }
    let dir = directory()?;
    let (first, second) = (dir.path().join("first"), dir.path().join("second"));
    let (env, _) = rows::open(&first, Durability::Immediate)?;
    io(fs::create_dir(&second))?;
    io(fs::hard_link(first.join("data.mdb"), second.join("data.mdb")))?;
    let name = "removed_files_are_noticed::a_data_file_with_two_names_is_open_through_one_of_them";
    let said = said_by_another(name, &second)?;
    assert!(said.starts_with("Busy") && said.contains("another name"), "{said}");
    assert_eq!(rows::count(&env)?, 1);
    drop(env);
    let said = said_by_another(name, &second)?;
    assert_eq!(said, "open, and Ok(2)");
    Ok(())
}

#[test]
fn a_moved_and_replaced_file_is_noticed() -> Result<()> {
    for file in ["data.mdb", "lock.mdb", "mapleaf.lock"] {
        let dir = directory()?;
        let (env, rows) = rows::written(dir.path(), Durability::Immediate, 7)?;
        // It keeps a name, but nobody will look for it there.
        io(fs::copy(dir.path().join(file), dir.path().join("copy")))?;
        io(fs::rename(dir.path().join(file), dir.path().join("old")))?;
        io(fs::rename(dir.path().join("copy"), dir.path().join(file)))?;
        refused_with(rows::write(&env, &rows, 8), ErrorKind::NotFound, &[file]);
        refused_with(env.sync(), ErrorKind::NotFound, &[file]);
    }
    // A moved directory takes all files with it.
    let dir = directory()?;
    let (path, moved) = (dir.path().join("env"), dir.path().join("moved"));
    let (env, rows) = rows::open(&path, Durability::Immediate)?;
    io(fs::rename(&path, &moved))?;
    rows::write(&env, &rows, 9)?;
    env.sync()?;
    drop((env, rows));
    rows::reopened(&moved, 9)?;
    Ok(())
}

/// LMDB assumes that a lock file in use has its full length, and computes from a shorter one how much to unmap.
#[test]
fn opening_beside_a_truncated_lmdb_lock_file_does_not_crash() -> Result<()> {
    let name = "removed_files_are_noticed::opening_beside_a_truncated_lmdb_lock_file_does_not_crash";
    if let Some(arguments) = process::arguments() {
        if arguments.len() < 2 {
            try_to_open(Path::new(&arguments[0]));
            return Ok(());
        }
        let (_env, _) = rows::open(Path::new(&arguments[0]), Durability::Immediate)?;
        process::tell("open");
        return process::hear().map(drop);
    }
    for length in [0, 1, 64, 127, 128, 191] {
        let dir = directory()?;
        let path = dir.path().to_string_lossy().into_owned();
        let mut holder = process::spawn(name, &[&path, "hold"])?;
        holder.expect("open");
        let file = io(fs::OpenOptions::new().write(true).open(dir.path().join("lock.mdb")))?;
        io(file.set_len(length))?;
        let said = said_by_another(name, dir.path())?;
        assert!(said.starts_with("Busy") && said.contains("lock.mdb"), "{length}: {said}");
        // It may die of a signal itself when it reads the missing part.
        holder.kill()?;
        assert_eq!(said_by_another(name, dir.path())?, "open, and Ok(1)", "{length}");
    }
    Ok(())
}
