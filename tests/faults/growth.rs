//! The system refuses a larger map. Either nothing has changed and work continues, or LMDB has lost its own map and
//! everything is refused until the environment is opened again.

use std::path::Path;

use crate::common::process;
use crate::common::shim::{self, Control, Fault, How, MAP, Shim};
use mapleaf::{Dbi, Env, Error, ErrorKind, Result};
use nix::libc::ENOMEM;

const SIZE: usize = 1 << 20;

type Rows = Dbi<u32, &'static [u8]>;

fn open(path: &Path) -> Result<(Env, Rows)> {
    let env = Env::options().map_size(SIZE).max_readers(16).open(path)?;
    let rows = env.dbi("rows")?;
    Ok((env, rows))
}

fn put(env: &Env, rows: &Rows, key: u32, bytes: usize) -> Result<()> {
    env.transact(|txn| rows.put(txn, key, &vec![u8::try_from(key).unwrap_or(0); bytes]))
}

fn keys(env: &Env, rows: &Rows) -> Result<Vec<u32>> {
    let snap = env.snapshot()?;
    for entry in rows.iter(&snap)? {
        let (key, value) = entry?;
        assert!(value.iter().all(|byte| u32::from(*byte) == key));
    }
    rows.keys(&snap)?.collect()
}

/// Fails the `nth` map that is larger than the first. Returns whether the environment is still usable.
fn refused(control: &Control, path: &Path, nth: u64, how: How) -> Result<bool> {
    let (env, rows) = open(path)?;
    put(&env, &rows, 1, 100)?;
    let before = env.snapshot()?;
    control.only_maps_from(SIZE as u64 + 1)?;
    control.arm(Fault { classes: MAP, nth, errno: ENOMEM, how })?;
    let error = put(&env, &rows, 2, 2 * SIZE).expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Io, "{error:?}");
    let usable = env.snapshot().is_ok();
    if usable {
        assert_eq!(keys(&env, &rows)?, [1]);
        put(&env, &rows, 3, 100)?;
    } else {
        for outcome in [put(&env, &rows, 3, 100), env.snapshot().map(drop), env.sync(), env.info().map(drop)] {
            assert_eq!(outcome.map_err(|error| error.kind()), Err(ErrorKind::CommitOutcomeUnknown));
        }
    }
    assert!(control.disarm()?.failed > 0);
    assert_eq!(rows.get(&before, 1)?, Some(&[1; 100][..]), "a snapshot keeps its own map");
    drop(before);
    let (env, rows) = if usable {
        (env, rows)
    } else {
        env.close()?;
        open(path)?
    };
    let kept = keys(&env, &rows)?;
    assert_eq!(kept, if usable { vec![1, 3] } else { vec![1] });
    put(&env, &rows, 4, 2 * SIZE)?;
    assert_eq!(keys(&env, &rows)?, [kept, vec![4]].concat());
    assert!(env.verify()?.is_clean());
    Ok(usable)
}

#[test]
fn a_refused_larger_map_changes_nothing() -> Result<()> {
    shim::apart("a_refused_larger_map_changes_nothing", |control, cases| {
        for how in [How::Once, How::ForEver] {
            for (nth, usable) in [(1, true), (2, true), (3, false)] {
                assert_eq!(refused(control, &cases.join(format!("{how:?}-{nth}")), nth, how)?, usable, "map {nth}");
            }
        }
        Ok(())
    })
}

/// The child: another process has made the file larger than this process's map.
fn follow(root: &Path) -> Result<()> {
    let path = root.join("env");
    let (env, rows) = open(&path)?;
    put(&env, &rows, 1, 100)?;
    let before = env.snapshot()?;
    let control = Control::of_this_process(&path)?;
    control.only_maps_from(SIZE as u64 + 1)?;
    process::tell("opened");
    process::hear()?;
    for (nth, writes) in [(1, false), (2, false), (1, true), (2, true)] {
        control.arm(Fault { classes: MAP, nth, errno: ENOMEM, how: How::ForEver })?;
        let refused = if writes { put(&env, &rows, 3, 100) } else { env.snapshot().map(drop) };
        assert_eq!(refused.map_err(|error| error.kind()), Err(ErrorKind::Io), "map {nth}, writes: {writes}");
        assert_eq!(control.disarm()?.failed, 1);
        assert_eq!(rows.get(&before, 1)?, Some(&[1; 100][..]));
    }
    assert_eq!(keys(&env, &rows)?, [1, 2]);
    put(&env, &rows, 3, 100)?;
    process::tell("followed");
    Ok(())
}

#[test]
fn growth_by_another_process_is_followed_once_there_is_address_space() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        return follow(Path::new(&arguments[0]));
    }
    let dir = tempfile::tempdir().map_err(Error::other)?;
    let name = "growth_by_another_process_is_followed_once_there_is_address_space";
    let mut child = Shim::build(dir.path())?.spawn(name, dir.path())?;
    child.expect("opened");
    let (env, rows) = open(&dir.path().join("env"))?;
    put(&env, &rows, 2, 2 * SIZE)?;
    child.say("grown")?;
    child.expect("followed");
    child.passes()?;
    assert_eq!(keys(&env, &rows)?, [1, 2, 3]);
    assert!(env.verify()?.is_clean());
    Ok(())
}
