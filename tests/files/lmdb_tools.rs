//! LMDB's own tools read mapleaf's files and find the same counts. Skipped with a note where they are not installed.

use std::path::Path;

use crate::common::errors::{directory, io};
use crate::common::tools::{entries, run};
use mapleaf::{Compact, Dbi, Env, EnvOptions, MultiDbi, Result};

fn fill(options: &EnvOptions, path: &Path) -> Result<Env> {
    let env = options.open(path)?;
    let dbi: Dbi<u32, &[u8]> = env.dbi("plain")?;
    let pairs: MultiDbi<&str, u32> = env.multi_dbi("pairs")?;
    env.dbi::<u32, u32>("empty")?;
    env.transact(|txn| {
        (0..5000).try_for_each(|n| dbi.put(txn, n, &[7; 100]))?;
        dbi.put(txn, 5000, &vec![8; 50_000])?;
        (0..700).try_for_each(|n| pairs.insert(txn, "k", n).map(drop))
    })?;
    env.transact(|txn| dbi.delete_range(txn, 1000..1500))?;
    Ok(env)
}

/// Checks counts and dumped lines of the file at `path`.
fn check(path: &Path, flags: &[&str]) -> Result<()> {
    let Some(stat) = run("mdb_stat", &[flags, &["-a"]].concat(), path)? else { return Ok(()) };
    assert_eq!(entries(&stat, "plain"), Some(4501), "{stat}");
    assert_eq!(entries(&stat, "pairs"), Some(700), "{stat}");
    assert_eq!(entries(&stat, "empty"), Some(0), "{stat}");
    assert!(entries(&stat, "__mapleaf").is_some_and(|count| count >= 4), "{stat}");
    let Some(dump) = run("mdb_dump", &[flags, &["-s", "plain"]].concat(), path)? else { return Ok(()) };
    // A line for each key and for each value, after a space.
    assert_eq!(dump.lines().filter(|line| line.starts_with(' ')).count(), 2 * 4501);
    assert!(dump.contains(&format!(" 00000007\n {}\n", "07".repeat(100))));
    Ok(())
}

#[test]
fn lmdb_tools_read_a_directory_and_its_copies() -> Result<()> {
    let dir = directory()?;
    let env = fill(&Env::options(), &dir.path().join("env"))?;
    env.copy_to(dir.path().join("plain"), Compact::No)?;
    env.copy_to(dir.path().join("small"), Compact::Yes)?;
    env.compact()?;
    // Closed first: the tools of another 0.9 release may have another format of the lock file.
    drop(env);
    for name in ["env", "plain", "small"] {
        check(&dir.path().join(name), &[])?;
    }
    Ok(())
}

#[test]
fn lmdb_tools_read_a_single_file() -> Result<()> {
    let dir = directory()?;
    let path = dir.path().join("store.db");
    drop(fill(&Env::options().single_file(true), &path)?);
    check(&path, &["-n"])?;
    assert!(io(path.metadata())?.is_file());
    Ok(())
}

#[test]
fn a_file_loaded_by_lmdb_tools_opens() -> Result<()> {
    let dir = directory()?;
    let env = fill(&Env::options(), &dir.path().join("env"))?;
    drop(env);
    let Some(dump) = run("mdb_dump", &["-a"], &dir.path().join("env"))? else { return Ok(()) };
    let file = dir.path().join("dump");
    io(std::fs::write(&file, dump))?;
    io(std::fs::create_dir(dir.path().join("loaded")))?;
    let file = file.to_string_lossy();
    let Some(_) = run("mdb_load", &["-f", &file], &dir.path().join("loaded"))? else { return Ok(()) };
    let env = Env::open(dir.path().join("loaded"))?;
    let dbi: Dbi<u32, &[u8]> = env.dbi("plain")?;
    let snap = env.snapshot()?;
    assert_eq!(dbi.len(&snap)?, 4501);
    assert_eq!(dbi.get(&snap, 5000)?, Some(&vec![8; 50_000][..]));
    assert!(env.verify()?.is_clean());
    Ok(())
}
