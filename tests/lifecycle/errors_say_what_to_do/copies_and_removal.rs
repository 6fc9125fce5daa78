//! Errors of copies, compaction and removal, and of files that other programs change.

use std::fs;
use std::os::unix::fs::FileExt;

use mapleaf::{Compact, Durability, Env, ErrorKind, Result};

use super::told;
use crate::common::errors::{directory, io};
use crate::rows;

#[test]
fn errors_of_copies_say_what_to_do() -> Result<()> {
    let dir = directory()?;
    let (env, rows) = rows::written(&dir.path().join("env"), Durability::Process, 1)?;
    let full = dir.path().join("full");
    io(fs::create_dir(&full))?;
    io(fs::write(full.join("file"), "bytes"))?;
    told(env.copy_to(&full, Compact::No), ErrorKind::AlreadyExists, &[&full.to_string_lossy()]);
    let file = full.join("file");
    told(env.copy_to(&file, Compact::No), ErrorKind::AlreadyExists, &[&file.to_string_lossy()]);
    let below = file.join("below");
    told(env.copy_to(&below, Compact::No), ErrorKind::AlreadyExists, &[&below.to_string_lossy()]);
    let single = dir.path().join("single");
    let one = Env::options().single_file(true).open(dir.path().join("one"))?;
    io(fs::write(&single, "bytes"))?;
    told(one.copy_to(&single, Compact::No), ErrorKind::AlreadyExists, &[&single.to_string_lossy()]);
    let data = dir.path().join("env/data.mdb");
    let name = data.to_string_lossy();
    let file = io(fs::OpenOptions::new().write(true).open(&data))?;
    let length = io(file.metadata())?.len();
    io(file.write_all_at(&vec![9; usize::try_from(length).unwrap_or(0) - 8192], 8192))?;
    told(env.copy_to(dir.path().join("no"), Compact::Yes), ErrorKind::Corrupted, &[&name]);
    io(file.set_len(8192))?;
    told(env.sync(), ErrorKind::NotFound, &[&name]);
    told(rows::write(&env, &rows, 2), ErrorKind::NotFound, &[&name]);
    Ok(())
}

#[test]
fn errors_of_compaction_and_removal_say_what_to_do() -> Result<()> {
    let dir = directory()?;
    let path = dir.path().join("env");
    let (env, rows) = rows::written(&path, Durability::Process, 1)?;
    let name = path.to_string_lossy();
    told(Env::destroy(&path), ErrorKind::Busy, &[&name]);
    let link = dir.path().join("link");
    io(fs::hard_link(path.join("data.mdb"), &link))?;
    told(env.compact(), ErrorKind::Unsupported, &[&path.join("data.mdb").to_string_lossy()]);
    io(fs::remove_file(&link))?;
    let snap = env.snapshot()?;
    told(env.compact_timeout(std::time::Duration::ZERO), ErrorKind::Busy, &["a state"]);
    drop(snap);
    io(fs::rename(path.join("mapleaf.lock"), path.join("moved")))?;
    let lock = path.join("mapleaf.lock");
    told(env.sync(), ErrorKind::NotFound, &[&lock.to_string_lossy()]);
    told(rows::write(&env, &rows, 2), ErrorKind::NotFound, &[&lock.to_string_lossy()]);
    drop((env, rows));
    io(fs::rename(path.join("moved"), &lock))?;
    let (env, _) = rows::open(&path, Durability::Process)?;
    let lock = path.join("lock.mdb");
    io(fs::remove_file(&lock))?;
    told(env.sync(), ErrorKind::NotFound, &[&lock.to_string_lossy()]);
    told(env.snapshot(), ErrorKind::NotFound, &[&lock.to_string_lossy()]);
    let (file, alias) = (dir.path().join("one"), dir.path().join("alias"));
    drop(Env::options().single_file(true).open(&file)?);
    io(std::os::unix::fs::symlink(&file, &alias))?;
    told(Env::destroy(&alias), ErrorKind::Unsupported, &[&alias.to_string_lossy()]);
    Ok(())
}
