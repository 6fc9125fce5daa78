//! The errors of a loader by kind; each names the database and the key. Rows accepted before it stay accepted.

use crate::common::errors::{directory, io, refused, refused_with};
use crate::common::mount;
use crate::common::process;
use mapleaf::{Dbi, Durability, Env, Error, ErrorKind, Msgpack, MultiDbi, Result};

#[test]
fn a_row_that_cannot_be_stored_names_its_database_and_key() -> Result<()> {
    let env = Env::temporary()?;
    let ages: Dbi<&str, u32> = env.dbi("ages")?;
    let pairs: MultiDbi<&str, u32> = env.multi_dbi("pairs")?;
    let nested: Dbi<&str, Msgpack<Nested>> = env.dbi("nested")?;
    let long = "k".repeat(env.max_key_size() + 1);
    let mut loader = env.loader();
    loader.put(&ages, "ann", 42)?;

    let error = refused(loader.put(&ages, "", 1), ErrorKind::InvalidKey);
    assert_eq!((error.operation(), error.dbi()), (Some("put"), Some("ages")));
    let error = refused(loader.put(&ages, &long, 1), ErrorKind::TooLarge);
    assert_eq!((error.operation(), error.dbi(), error.key()), (Some("put"), Some("ages"), Some(long.as_bytes())));
    let error = refused(loader.insert(&pairs, &long, 1), ErrorKind::TooLarge);
    assert_eq!((error.operation(), error.dbi()), (Some("insert"), Some("pairs")));
    let error = refused(loader.load(&ages, [("bob", 1), ("", 2), ("eve", 3)]), ErrorKind::InvalidKey);
    assert_eq!((error.operation(), error.dbi()), (Some("load"), Some("ages")));
    let error = refused(loader.put(&nested, "deep", &Nested::deep(10_000)), ErrorKind::Encode);
    assert_eq!((error.dbi(), error.key()), (Some("nested"), Some(&b"deep"[..])));

    assert_eq!(loader.finish()?.stored, 2);
    let snap = env.snapshot()?;
    assert_eq!(ages.iter(&snap)?.collect::<Result<Vec<_>>>()?, [("ann", 42), ("bob", 1)]);
    Ok(())
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Nested(Option<Box<Nested>>);

impl Nested {
    fn deep(levels: usize) -> Self {
        (0..levels).fold(Self(None), |inner, _| Self(Some(Box::new(inner))))
    }
}

#[test]
fn a_load_into_another_closed_or_read_only_environment_is_refused() -> Result<()> {
    let dir = directory()?;
    let env = Env::open(dir.path())?;
    let ages: Dbi<u32, u32> = env.dbi("ages")?;

    let other = Env::temporary()?;
    refused_with(other.loader().put(&ages, 1, 1), ErrorKind::InvalidArgument, &["another environment", "ages"]);

    // The directory for temporary files does not exist.
    let mut loader = env.loader().memory(0).directory(dir.path().join("absent"));
    refused_with(loader.load(&ages, (0..100_000).map(|n| (n, n))), ErrorKind::NotFound, &["absent", "ages"]);

    let mut loader = env.loader();
    loader.put(&ages, 1, 1)?;
    refused(env.transact(|_| loader.finish()), ErrorKind::Nested);

    let mut loader = env.loader();
    loader.put(&ages, 1, 1)?;
    env.close()?;
    refused(loader.put(&ages, 2, 2).and_then(|()| loader.finish()), ErrorKind::Closed);
    refused(env.loader().put(&ages, 1, 1), ErrorKind::Closed);

    let env = Env::options().read_only(true).open(dir.path())?;
    let ages: Dbi<u32, u32> = env.dbi("ages")?;
    refused_with(env.loader().put(&ages, 1, 1), ErrorKind::ReadOnly, &["ages"]);
    assert_eq!(ages.len(&env.snapshot()?)?, 0);
    Ok(())
}

#[test]
fn a_load_does_not_recreate_a_database_dropped_meanwhile() -> Result<()> {
    for again in [false, true] {
        let env = Env::temporary()?;
        let (kept, dropped): (Dbi<u32, u32>, Dbi<u32, u32>) = (env.dbi("kept")?, env.dbi("dropped")?);
        let mut loader = env.loader();
        loader.put(&kept, 1, 1)?;
        loader.put(&dropped, 2, 2)?;
        env.drop_dbi("dropped")?;
        let new = if again { Some(env.dbi::<u32, u32>("dropped")?) } else { None };
        refused_with(loader.finish(), ErrorKind::NotFound, &["finish", "dropped"]);
        let snap = env.snapshot()?;
        assert_eq!(kept.len(&snap)?, 0, "one chunk, all or nothing");
        new.map_or(Ok(()), |new| new.len(&snap).map(|len| assert_eq!(len, 0)))?;
    }
    Ok(())
}

#[test]
fn a_disk_too_full_for_the_runs_leaves_loader_and_data_intact() -> Result<()> {
    process::apart("a_disk_too_full_for_the_runs_leaves_loader_and_data_intact", || {
        let (small, data) = (directory()?, directory()?);
        if !mount::small_disk(small.path(), 1 << 20) {
            return Ok(());
        }
        let env = Env::options().durability(Durability::Process).open(data.path())?;
        let numbers: Dbi<u64, u64> = env.dbi("numbers")?;
        let ballast = small.path().join("ballast");
        io(std::fs::write(&ballast, vec![1; 700_000]))?;
        let mut loader = env.loader().memory(64 << 10).directory(small.path());
        let mut taken = 0;
        // Repeated: rows that could not be written are still in memory, or were written and could not be merged.
        for _ in 0..3 {
            let full = (taken..).find_map(|n| loader.put(&numbers, n, n).err().map(|error| (n, error)));
            let (refused, full) = full.ok_or_else(|| Error::other("it never was full"))?;
            refused_with::<()>(Err(full), ErrorKind::DiskFull, &["Loader::directory", "numbers"]);
            taken = refused;
        }
        assert!(taken > 5_000, "{taken}");
        assert_eq!(numbers.len(&env.snapshot()?)?, 0);

        // There is space again: nothing was lost, and the refused row can be put again.
        io(std::fs::remove_file(&ballast))?;
        loader.load(&numbers, (taken..taken + 5_000).map(|n| (n, n)))?;
        let report = loader.finish()?;
        assert_eq!((report.rows, report.stored), (taken + 5_000, taken + 5_000));
        let snap = env.snapshot()?;
        assert!(numbers.iter(&snap)?.collect::<Result<Vec<_>>>()?.into_iter().eq((0..taken + 5_000).map(|n| (n, n))));
        Ok(())
    })
}
