//! One process grows the file beyond the map of another, whose readers and writers follow.

use crate::common::process;
use std::path::Path;

use mapleaf::{Dbi, Durability, Env, EnvOptions, Error, ErrorKind, Result};

fn options() -> EnvOptions {
    Env::options().map_size(1 << 20).durability(Durability::Process)
}

/// Stores a mebibyte under each key, one transaction each.
fn grow(env: &Env, keys: std::ops::Range<u32>) -> Result<()> {
    let dbi: Dbi<u32, &[u8]> = env.dbi("d")?;
    keys.into_iter().try_for_each(|key| env.transact(|txn| dbi.put(txn, key, &vec![1; 1 << 20])))
}

/// The child: carries out the parent's commands.
fn serve(path: &Path) -> Result<()> {
    let env = options().open(path)?;
    process::tell("ready");
    loop {
        match process::hear()?.as_str() {
            "grow" => grow(&env, 10..16)?,
            "grow more" => grow(&env, 20..40)?,
            "read" => {
                let dbi: Dbi<u32, &[u8]> = env.dbi("d")?;
                process::tell(&dbi.len(&env.snapshot()?)?.to_string());
                continue;
            }
            _ => return Ok(()),
        }
        process::tell("done");
    }
}

#[test]
fn readers_and_writers_follow_the_growth_of_another_process() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        return serve(Path::new(&arguments[0]));
    }
    let dir = tempfile::tempdir().map_err(Error::other)?;
    let env = options().open(dir.path())?;
    let dbi: Dbi<u32, &[u8]> = env.dbi("d")?;
    env.transact(|txn| dbi.put(txn, 0, b"first"))?;
    let before = env.snapshot()?;
    let name = "readers_and_writers_follow_the_growth_of_another_process";
    let mut child = process::spawn(name, &[&dir.path().to_string_lossy()])?;
    child.expect("ready");

    child.say("grow")?;
    child.expect("done");
    assert_eq!(dbi.get(&before, 0)?, Some(&b"first"[..]));
    let after = env.snapshot()?;
    assert_eq!((dbi.len(&before)?, dbi.len(&after)?), (1, 7), "a reader follows");
    assert_eq!(dbi.get(&after, 15)?.map(<[u8]>::len), Some(1 << 20));

    child.say("grow more")?;
    child.expect("done");
    // This time the writer is the first to notice the growth.
    env.transact(|txn| {
        assert_eq!(dbi.len(txn)?, 27);
        dbi.put(txn, 1, b"after")
    })?;
    grow(&env, 40..60)?;
    child.say("read")?;
    child.expect("48");
    child.say("end")?;
    child.passes()?;
    assert_eq!(dbi.get(&after, 15)?.map(<[u8]>::len), Some(1 << 20), "borrowed through the old map");
    assert!(env.verify()?.is_clean());
    Ok(())
}

#[test]
fn a_process_with_a_smaller_maximum_gets_an_error_and_keeps_its_state() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        return serve(Path::new(&arguments[0]));
    }
    let dir = tempfile::tempdir().map_err(Error::other)?;
    let env = options().max_map_size(2 << 20).open(dir.path())?;
    let dbi: Dbi<u32, &[u8]> = env.dbi("d")?;
    env.transact(|txn| dbi.put(txn, 0, b"first"))?;
    let before = env.snapshot()?;
    let name = "a_process_with_a_smaller_maximum_gets_an_error_and_keeps_its_state";
    let mut child = process::spawn(name, &[&dir.path().to_string_lossy()])?;
    child.expect("ready");
    child.say("grow")?;
    child.expect("done");
    for outcome in [env.snapshot().map(drop), env.transact(|txn| dbi.put(txn, 1, b"no"))] {
        let error = outcome.err().ok_or_else(|| Error::other("beyond the maximum"))?;
        assert_eq!(error.kind(), ErrorKind::MapFull, "{error:?}");
        assert!(error.to_string().contains("max_map_size"), "{error}");
    }
    assert_eq!(dbi.get(&before, 0)?, Some(&b"first"[..]));
    child.say("end")?;
    child.passes()?;
    drop((env, before));
    let env = options().open(dir.path())?;
    assert_eq!(env.dbi::<u32, &[u8]>("d")?.len(&env.snapshot()?)?, 7);
    Ok(())
}
