//! A file with the name of a compaction's copy is removed only if a compaction left it. A refused removal creates no
//! lock file.

use std::fs;
use std::path::Path;

use heed::EnvOpenOptions;
use mapleaf::{Compact, Durability, Env, Error, ErrorKind, Result};

use crate::common::errors::{directory, io, refused, refused_with};
use crate::rows;

/// Makes and closes an environment with a few commits. Returns the bytes of its data file, and those of a compacted
/// copy.
fn laid(path: &Path) -> Result<[Vec<u8>; 2]> {
    let (env, rows) = rows::open(path, Durability::Process)?;
    for round in 1..5 {
        rows::write(&env, &rows, round)?;
    }
    let copies = directory()?;
    env.copy_to(copies.path(), Compact::Yes)?;
    drop(env);
    Ok([io(fs::read(path.join("data.mdb")))?, io(fs::read(copies.path().join("data.mdb")))?])
}

#[test]
fn a_file_that_no_compaction_left_is_kept() -> Result<()> {
    let dir = directory()?;
    let path = dir.path().join("env");
    let [data, copy] = laid(&path)?;
    let file = path.join("data.mdb-compact");
    let page = |number: usize| &copy[4096 * number..4096 * (number + 1)];
    let others: [Vec<u8>; 6] = [
        b"notes".to_vec(),
        vec![b'n'; 20_000],
        // A copy made by other means.
        data,
        [page(0), &vec![b'n'; 4096], page(2)].concat(),
        [&[0; 4096], &[1; 4096][..]].concat(),
        [&[0; 8191], &[1][..]].concat(),
    ];
    for bytes in others {
        io(fs::write(&file, &bytes))?;
        let (env, rows) = rows::open(&path, Durability::Process)?;
        refused_with(env.compact(), ErrorKind::AlreadyExists, &["data.mdb-compact", "move it"]);
        assert_eq!(rows::round(&rows, &env.snapshot()?)?, 4);
        drop(env);
        assert_eq!(io(fs::read(&file))?, bytes);
    }
    let bytes = io(fs::read(&file))?;
    Env::destroy(&path)?;
    assert_eq!(io(fs::read_dir(&path))?.count(), 1);
    assert_eq!(io(fs::read(&file))?, bytes);
    Ok(())
}

#[test]
fn a_file_that_an_interrupted_compaction_left_is_removed() -> Result<()> {
    let dir = directory()?;
    let path = dir.path().join("env");
    let [_, copy] = laid(&path)?;
    let file = path.join("data.mdb-compact");
    let (metas, pages) = copy.split_at(2 * 4096);
    let nothing = [0; 4096];
    let moments: [Vec<u8>; 7] = [
        Vec::new(),
        [&nothing, &nothing, &pages[..4096]].concat(),
        [&nothing, &nothing, pages].concat(),
        [&metas[..4096], &nothing, pages].concat(),
        [&nothing, &metas[4096..], pages].concat(),
        metas[..5000].to_vec(),
        copy.clone(),
    ];
    for bytes in moments {
        io(fs::write(&file, &bytes))?;
        drop(Env::options().read_only(true).open(&path)?);
        assert!(file.exists(), "a reader removes nothing");
        drop(Env::open(&path)?);
        assert!(!file.exists(), "{} bytes, at opening", bytes.len());
        let (env, rows) = rows::open(&path, Durability::Process)?;
        io(fs::write(&file, &bytes))?;
        env.compact()?;
        assert!(!file.exists(), "{} bytes, at compacting", bytes.len());
        assert_eq!(rows::round(&rows, &env.snapshot()?)?, 4);
    }
    io(fs::write(&file, &copy))?;
    Env::destroy(&path)?;
    assert!(!path.exists());
    Ok(())
}

#[test]
#[expect(unsafe_code, reason = "heed opens by an unsafe function")]
fn a_refused_destroy_creates_no_lock_file() -> Result<()> {
    let dir = directory()?;
    // SAFETY: a new directory, opened once and without flags.
    let env = unsafe { EnvOpenOptions::new().open(dir.path()) }.map_err(Error::other)?;
    let before = io(fs::read_dir(dir.path()))?.count();
    refused(Env::destroy(dir.path()), ErrorKind::Busy);
    assert!(!dir.path().join("mapleaf.lock").exists());
    assert_eq!(io(fs::read_dir(dir.path()))?.count(), before);
    drop(env);
    Env::destroy(dir.path())
}
