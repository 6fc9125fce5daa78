//! False counts, depths and roots in the records of trees and of the free list: every method that reads them returns
//! the truth or a typed error, and never panics, walks without end, or allocates by a number from the file.

use std::fs;
use std::path::Path;

use crate::common::damage::{PAGE, options, typed};
use crate::common::process;
use crate::common::records::{DEPTH, ENTRIES, FIELDS, LEAVES, ROOT, free_counts, head_records, patch, record_of};
use crate::damaged::samples;
use mapleaf::{Dbi, Env, Error, ErrorKind, Key, Result, WriteTxn};

/// Values that are impossible in a small file, and possible ones.
const LIES: [u64; 10] = [0, 1, 2, 7, 33, 1000, 100_000, 1 << 40, u64::MAX - 1, u64::MAX];

/// Opens `bytes` in a new directory and runs `body` if that succeeds. Errors must be typed.
fn opened(dir: &Path, bytes: &[u8], body: impl FnOnce(&Env) -> Result<()>) -> Result<()> {
    let path = dir.join("env");
    fs::create_dir(&path).and_then(|()| fs::write(path.join("data.mdb"), bytes)).map_err(Error::other)?;
    match options().open(&path) {
        Ok(env) => body(&env)?,
        Err(error) => typed(&error),
    }
    fs::remove_dir_all(&path).map_err(Error::other)
}

/// Counts the outcomes: `Corrupted`, and others that are typed errors or correct by chance.
#[derive(Default)]
struct Seen {
    corrupted: usize,
    other: usize,
}

impl Seen {
    fn note<T>(&mut self, outcome: Result<T>) {
        match outcome {
            Err(error) if error.kind() == ErrorKind::Corrupted => self.corrupted += 1,
            Err(error) => typed(&error),
            Ok(_) => self.other += 1,
        }
    }
}

/// Calls every method that counts, or uses a count.
fn read(env: &Env, small: &Dbi<u32, &[u8]>, seen: &mut Seen) -> Result<()> {
    let snap = env.snapshot()?;
    seen.note(small.len(&snap));
    seen.note(small.stat(&snap));
    seen.note(small.count(&snap, ..));
    seen.note(small.count(&snap, 5..500));
    seen.note(small.estimate(&snap, ..));
    seen.note(small.rank(&snap, 519));
    for n in [0, 300, 1_000_000, u64::MAX - 1, u64::MAX] {
        seen.note(small.nth(&snap, n));
    }
    seen.note(small.sample(&snap, 5, 1).map(drop));
    seen.note(small.sample(&snap, usize::MAX, 1).map(drop));
    for parts in [2, 7, usize::MAX] {
        let walk = |part: mapleaf::Entries<'_, _, _, _>| part.map(|entry| entry.map(drop)).collect::<Result<Vec<_>>>();
        let parts = small.par_scan(&snap, .., parts).and_then(|parts| parts.into_iter().map(walk).collect());
        seen.note(parts.map(|parts: Vec<_>| drop(parts)));
    }
    seen.note(env.info());
    seen.note(env.dbis());
    Ok(())
}

/// The same inside a transaction with changes, and removals that use counts. Nothing is committed.
fn write(env: &Env, small: &Dbi<u32, &[u8]>, seen: &mut Seen) {
    let undone = |body: &mut dyn FnMut(&mut WriteTxn)| {
        let outcome = env.transact(|txn| {
            body(txn);
            Err::<(), _>(Error::new(ErrorKind::Conflict, "nothing of this is kept"))
        });
        assert_eq!(outcome.map_err(|error| error.kind()), Err(ErrorKind::Conflict));
    };
    undone(&mut |txn| {
        seen.note((0..20).try_for_each(|n| small.delete(txn, n).map(drop)));
        seen.note(small.len(txn));
        seen.note((2000..2030).try_for_each(|n| small.put(txn, n, b"new")));
        seen.note(small.len(txn));
        seen.note(small.count(txn, ..));
        seen.note(small.estimate(txn, ..));
        seen.note(small.rank(txn, 519));
        seen.note(small.nth(txn, 3));
        seen.note(small.sample(txn, 5, 1).map(drop));
        seen.note(small.delete_range(txn, 200..300));
        seen.note(small.len(txn));
        seen.note(small.clear(txn));
        seen.note(small.len(txn));
    });
    undone(&mut |txn| seen.note(small.clear(txn)));
    undone(&mut |txn| seen.note(small.delete_range(txn, ..)));
}

#[test]
fn false_records_of_trees_are_typed_errors_or_the_truth() -> Result<()> {
    process::apart("false_records_of_trees_are_typed_errors_or_the_truth", || {
        let dir = tempfile::tempdir().map_err(Error::other)?;
        let bytes = samples::mixed()?.bytes;
        let mut seen = Seen::default();
        for (field, lie) in FIELDS.into_iter().flat_map(|field| LIES.map(|lie| (field, lie))) {
            let mut damaged = bytes.clone();
            assert!(patch(&mut damaged, "small", field, lie) > 0);
            println!("{field:?}: {lie}");
            opened(dir.path(), &damaged, |env| match env.dbi::<u32, &[u8]>("small") {
                Ok(small) => {
                    read(env, &small, &mut seen)?;
                    write(env, &small, &mut seen);
                    Ok(())
                }
                refused => {
                    seen.note(refused);
                    Ok(())
                }
            })?;
        }
        assert!(seen.corrupted > 150 && seen.other > 150, "{} corrupted, {} not", seen.corrupted, seen.other);
        Ok(())
    })
}

#[test]
fn an_impossible_entry_count_is_corrupted_and_does_not_overflow() -> Result<()> {
    process::apart("an_impossible_entry_count_is_corrupted_and_does_not_overflow", || {
        let dir = tempfile::tempdir().map_err(Error::other)?;
        let samples::Sample { bytes, content, .. } = samples::mixed()?;
        let corrupted = |outcome: Result<u64>| {
            let error = outcome.expect_err("the count is a lie");
            assert_eq!((error.kind(), error.dbi()), (ErrorKind::Corrupted, Some("small")), "{error:?}");
        };
        for lie in [0, 5, 1 << 40, u64::MAX] {
            let mut damaged = bytes.clone();
            patch(&mut damaged, "small", ENTRIES, lie);
            opened(dir.path(), &damaged, |env| {
                let small: Dbi<u32, &[u8]> = env.dbi("small")?;
                let snap = env.snapshot()?;
                if lie != 5 {
                    corrupted(small.len(&snap));
                    corrupted(small.sample(&snap, usize::MAX, 1).map(|all| all.len() as u64));
                }
                let undone = env.transact(|txn| {
                    // Every second entry: the count is that of the record minus these.
                    for (key, _) in content["small"].iter().step_by(2).take(20) {
                        small.delete(txn, <u32 as Key>::decode(key)?)?;
                    }
                    corrupted(small.len(txn));
                    // Not `Ok(0)` with all entries still there.
                    corrupted(small.clear(txn));
                    for (key, _) in content["small"].iter().take(40) {
                        small.delete(txn, <u32 as Key>::decode(key)?)?;
                    }
                    // The rest of a range that begins after these entries is counted by its leaves.
                    assert_eq!(small.len(txn)?, content["small"].len() as u64 - 40);
                    Err::<(), _>(Error::new(ErrorKind::Conflict, "nothing of this is kept"))
                });
                assert_eq!(undone.map_err(|error| error.kind()), Err(ErrorKind::Conflict));
                Ok(())
            })?;
        }
        Ok(())
    })
}

#[test]
fn false_records_of_metas_and_free_list_are_typed_errors_or_the_truth() -> Result<()> {
    process::apart("false_records_of_metas_and_free_list_are_typed_errors_or_the_truth", || {
        let dir = tempfile::tempdir().map_err(Error::other)?;
        let bytes = samples::mixed()?.bytes;
        let mut seen = Seen::default();
        let records = ["free", "main"].map(|tree| record_of(&bytes, tree));
        for (record, field) in
            records.into_iter().flat_map(|record| [DEPTH, LEAVES, ENTRIES, ROOT].map(|f| (record, f)))
        {
            for lie in LIES {
                let mut damaged = bytes.clone();
                field.write(&mut damaged, record, lie);
                opened(dir.path(), &damaged, |env| {
                    seen.note(env.info());
                    seen.note(env.dbis());
                    // It must not be created if it is not found, because writing trusts the file.
                    let small = env.dbi_options().create(false).open::<u32, &[u8]>("small");
                    seen.note(env.snapshot().and_then(|snap| small?.len(&snap)));
                    Ok(())
                })?;
            }
        }
        let counts = free_counts(&bytes);
        assert!(counts.len() >= 2, "two counts can overflow: {counts:?}");
        for lie in [1 << 40, u64::MAX / 2 + 1, u64::MAX] {
            let mut damaged = bytes.clone();
            for at in &counts {
                damaged[*at..*at + 8].copy_from_slice(&lie.to_ne_bytes());
            }
            opened(dir.path(), &damaged, |env| {
                let error = env.info().expect_err("no file has so many free pages");
                assert_eq!((error.kind(), error.operation()), (ErrorKind::Corrupted, Some("info")), "{error:?}");
                seen.note(env.dbis());
                Ok(())
            })?;
        }
        assert!(seen.corrupted > 0 && seen.other > 0, "{} corrupted, {} not", seen.corrupted, seen.other);
        Ok(())
    })
}

#[test]
fn counters_at_their_maximum_do_not_panic() -> Result<()> {
    process::apart("counters_at_their_maximum_do_not_panic", || {
        let dir = tempfile::tempdir().map_err(Error::other)?;
        let bytes = samples::mixed()?.bytes;
        // The ids in both meta pages, from which LMDB would count on.
        let mut last = bytes.clone();
        last[144..152].copy_from_slice(&(u64::MAX - 1).to_le_bytes());
        last[PAGE + 144..PAGE + 152].copy_from_slice(&u64::MAX.to_le_bytes());
        opened(dir.path(), &last, |_| panic!("such an id cannot be"))?;
        // In the head: the numbers of commits and of schema changes, and the next DBI's number.
        for at in [0, 8] {
            let mut damaged = bytes.clone();
            let heads = head_records(&damaged);
            assert!(!heads.is_empty());
            for head in heads {
                damaged[head + at..head + at + 8].fill(0xFF);
            }
            opened(dir.path(), &damaged, |env| {
                let new: Dbi<u32, u32> = env.dbi("new")?;
                env.transact(|txn| new.put(txn, 1, 1))?;
                assert_eq!(new.get(&env.snapshot()?, 1)?, Some(1));
                env.drop_dbi("new")
            })?;
        }
        Ok(())
    })
}
