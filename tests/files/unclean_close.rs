//! Opening checks a file exactly if a crash of the system may have damaged it. The record in `mapleaf.lock` says
//! whether the file was closed, how durable its commits were, and in which boot of the machine.

use std::error::Error;
use std::fs;
use std::path::Path;

use mapleaf::{Dbi, Durability, Env, ErrorKind};

type Outcome = Result<(), Box<dyn Error>>;

/// An environment with a damaged page that opening alone does not read: a branch of one of its DBIs.
fn damaged() -> Result<tempfile::TempDir, Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let env = Env::open(dir.path())?;
    let numbers: Dbi<u64, u64> = env.dbi("numbers")?;
    env.transact(|txn| numbers.load(txn, (0..1000).map(|n| (n, n))))?;
    let page_size = usize::try_from(env.info()?.page_size)?;
    drop((env, numbers));
    let path = dir.path().join("data.mdb");
    let mut bytes = fs::read(&path)?;
    let branch = bytes.chunks_mut(page_size).find(|page| page[10..12] == [1, 0]).ok_or("there is a branch page")?;
    branch[12..16].fill(0xFF);
    fs::write(&path, bytes)?;
    Ok(dir)
}

/// Writes a record in the format of docs/format.md.
fn remember(dir: &Path, open: bool, durability: u8, same_boot: bool) -> Outcome {
    let path = dir.join("mapleaf.lock");
    let mut record = fs::read(&path)?;
    record[9] = u8::from(open);
    record[10] = durability;
    let boot = fs::read("/proc/sys/kernel/random/boot_id")?;
    record[16..52].copy_from_slice(if same_boot { boot.trim_ascii() } else { &[b'0'; 36] });
    Ok(fs::write(&path, record)?)
}

#[test]
fn a_file_is_checked_when_a_crash_may_have_damaged_it() -> Outcome {
    let dir = damaged()?;
    let (immediate, eventual, process) = (0, 1, 2);
    // Open, durability, same boot; whether the file is checked.
    let cases = [
        (false, immediate, true, false),
        (false, immediate, false, false),
        (true, immediate, true, false),
        (true, immediate, false, true),
        (false, eventual, true, false),
        (false, eventual, false, false),
        (true, eventual, true, true),
        (true, eventual, false, true),
        (false, process, true, false),
        (false, process, false, true),
        (true, process, true, true),
        (true, process, false, true),
    ];
    for case @ (open, durability, same_boot, checked) in cases {
        remember(dir.path(), open, durability, same_boot)?;
        match Env::open(dir.path()) {
            Ok(_) => assert!(!checked, "{case:?} was not checked"),
            Err(error) => assert!(checked && error.kind() == ErrorKind::Corrupted, "{case:?}: {error}"),
        }
    }
    Ok(())
}

#[test]
fn the_weakest_durability_of_a_boot_is_recorded() -> Outcome {
    let dir = tempfile::tempdir()?;
    let remembered = || fs::read(dir.path().join("mapleaf.lock")).map(|record| record[10]);
    let options = Env::options();
    drop(options.clone().durability(Durability::Process).open(dir.path())?);
    assert_eq!(remembered()?, 2);
    drop(options.clone().durability(Durability::Eventual).open(dir.path())?);
    assert_eq!(remembered()?, 2, "what Process left unflushed still is");
    remember(dir.path(), false, 2, false)?;
    drop(options.durability(Durability::Eventual).open(dir.path())?);
    assert_eq!(remembered()?, 1, "it was checked after the restart");
    Ok(())
}
