//! `copy_to` copies a whole environment in one state beside writers, and never overwrites existing files.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::common::errors::{directory, io, refused_with};
use mapleaf::{Compact, Dbi, Durability, Env, ErrorKind, MultiDbi, Result};

#[test]
fn plain_and_compacted_copies_open_with_the_same_data_and_identity() -> Result<()> {
    let dir = directory()?;
    let env = Env::open(dir.path().join("env"))?;
    let dbi: Dbi<u32, &[u8]> = env.dbi("d")?;
    let pairs: MultiDbi<&str, u32> = env.multi_dbi("pairs")?;
    env.transact(|txn| {
        (0..500).try_for_each(|n| dbi.put(txn, n, &[7; 300]))?;
        dbi.put(txn, 500, &vec![9; 100_000])?;
        pairs.insert(txn, "a", 1).map(drop)
    })?;
    env.transact(|txn| dbi.delete_range(txn, 100..500))?;
    let mut sizes = Vec::new();
    for (name, compact) in [("plain", Compact::No), ("small", Compact::Yes)] {
        env.copy_to(dir.path().join(name), compact)?;
        let copy = Env::open(dir.path().join(name))?;
        let snap = copy.snapshot()?;
        let copied: Dbi<u32, &[u8]> = copy.dbi("d")?;
        assert_eq!(copied.len(&snap)?, 101);
        assert_eq!(copied.get(&snap, 500)?, Some(&vec![9; 100_000][..]));
        assert!(copy.multi_dbi::<&str, u32>("pairs")?.contains(&snap, "a", 1)?);
        assert_eq!((copy.uuid(), snap.id(), copy.dbis()?), (env.uuid(), env.snapshot()?.id(), env.dbis()?));
        assert!(copy.verify()?.is_clean());
        sizes.push(copy.info()?.file_size);
        copy.transact(|txn| copied.put(txn, 1, b"changed"))?;
    }
    assert!(sizes[1] < sizes[0], "{sizes:?}");
    assert_eq!(dbi.get(&env.snapshot()?, 1)?, Some(&[7; 300][..]), "the copy is apart");
    Ok(())
}

#[test]
fn a_copy_overwrites_no_existing_file() -> Result<()> {
    let dir = directory()?;
    let env = Env::open(dir.path().join("env"))?;
    let file = dir.path().join("file");
    io(fs::write(&file, b"text"))?;
    for compact in [Compact::No, Compact::Yes] {
        refused_with(env.copy_to(dir.path(), compact), ErrorKind::AlreadyExists, &["not empty", "copy_to"]);
        refused_with(env.copy_to(&file, compact), ErrorKind::AlreadyExists, &["file"]);
        refused_with(env.copy_to(dir.path().join("env"), compact), ErrorKind::AlreadyExists, &["env"]);
    }
    assert_eq!(io(fs::read(&file))?, b"text");
    io(fs::create_dir(dir.path().join("empty")))?;
    env.copy_to(dir.path().join("empty"), Compact::No)?;
    let single = Env::options().single_file(true).open(dir.path().join("single.db"))?;
    refused_with(single.copy_to(&file, Compact::Yes), ErrorKind::AlreadyExists, &["file"]);
    assert_eq!(io(fs::read(&file))?, b"text");
    Ok(())
}

#[test]
fn a_copy_taken_beside_a_writer_is_one_state() -> Result<()> {
    let dir = directory()?;
    let env = Env::options().map_size(1 << 20).durability(Durability::Process).open(dir.path().join("env"))?;
    let (one, two): (Dbi<u32, u64>, Dbi<u32, u64>) = (env.dbi("one")?, env.dbi("two")?);
    let pad: Dbi<u64, &[u8]> = env.dbi("pad")?;
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut count = 0_u64;
            while !done.load(Ordering::Relaxed) {
                count += 1;
                env.transact(|txn| {
                    one.put(txn, 0, count)?;
                    pad.put(txn, count, &[1; 3000])?;
                    two.put(txn, 0, count)
                })?;
            }
            Ok(())
        });
        let copies = (0..12).try_for_each(|n| {
            let (path, compact) = (dir.path().join(format!("{n}")), [Compact::No, Compact::Yes][n % 2]);
            env.copy_to(&path, compact)?;
            let copy = Env::open(&path)?;
            assert!(copy.verify()?.is_clean());
            let snap = copy.snapshot()?;
            let count = copy.dbi::<u32, u64>("one")?.get(&snap, 0)?;
            assert_eq!(copy.dbi::<u32, u64>("two")?.get(&snap, 0)?, count);
            assert_eq!(copy.dbi::<u64, &[u8]>("pad")?.len(&snap)?, count.unwrap_or(0));
            Ok(())
        });
        done.store(true, Ordering::Relaxed);
        writer.join().unwrap_or_else(|_| panic!("the writer panicked")).and(copies)
    })
}
