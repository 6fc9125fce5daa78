//! Snapshots of different states, each through its own map, while another process repeatedly makes the file larger than
//! the map.

use crate::common::process;
use std::path::Path;

use crate::common::checked::Checked;
use mapleaf::{Dbi, Durability, Env, EnvOptions, Error, Result};

/// How often the file size doubles.
const DOUBLINGS: u32 = 6;

fn options() -> EnvOptions {
    Env::options().map_size(1 << 20).durability(Durability::Process)
}

/// The bytes that round `round` stores under `key`.
fn bulk(round: u32, key: u32) -> Vec<u8> {
    vec![u8::try_from((round * 31 + key) % 251).unwrap_or(0); 100_000]
}

/// The child: doubles the file whenever the parent says so.
fn write(path: &Path) -> Result<()> {
    let env = options().open(path)?;
    let checked = Checked::open(&env)?;
    let large: Dbi<(u32, u32), &[u8]> = env.dbi("large")?;
    process::tell("ready");
    for round in 0.. {
        if process::hear()? != "go" {
            break;
        }
        for key in 0..6 << round {
            env.transact(|txn| {
                large.put(txn, (round, key), &bulk(round, key))?;
                if key.is_multiple_of(4) { checked.step(txn).map(drop) } else { Ok(()) }
            })?;
        }
        process::tell("done");
    }
    Ok(())
}

#[test]
fn snapshots_outlive_every_growth_by_another_process() -> Result<()> {
    const NAME: &str = "snapshots_outlive_every_growth_by_another_process";
    if let Some(arguments) = process::arguments() {
        return write(Path::new(&arguments[0]));
    }
    let dir = tempfile::tempdir().map_err(Error::other)?;
    let env = options().open(dir.path())?;
    let checked = Checked::open(&env)?;
    let large: Dbi<(u32, u32), &[u8]> = env.dbi("large")?;
    let mut child = process::spawn(NAME, &[&dir.path().to_string_lossy()])?;
    child.expect("ready");
    let first_size = env.info()?.map_size;
    let mut sizes = vec![first_size];
    let mut held = Vec::new();
    for round in 0..DOUBLINGS {
        let before = env.snapshot()?;
        let n = checked.check(&before, u64::from(round))?;
        child.say("go")?;
        // States from the middle of the growth, in maps of every size.
        for turn in 0..20 {
            let snap = env.snapshot()?;
            let n = checked.check(&snap, turn)?;
            if turn % 5 == 0 {
                held.push((n, snap, None));
            }
        }
        child.expect("done");
        held.push((n, before, Some(round)));
        assert_eq!(large.get(&env.snapshot()?, (round, 5))?, Some(&bulk(round, 5)[..]));
        sizes.push(env.info()?.map_size);
    }
    child.say("end")?;
    child.passes()?;
    let doublings = sizes.windows(2).filter(|pair| pair[1] >= 2 * pair[0]).count();
    assert!(doublings >= 4, "the map grew too seldom: {sizes:?}");
    for (turn, (n, snap, round)) in (0..).zip(&held) {
        assert_eq!(checked.check(snap, turn)?, *n);
        // All rounds before the snapshot are there, and none after it.
        if let Some(round) = *round {
            let entries = large.iter(snap)?.collect::<Result<Vec<_>>>()?;
            let expected = (0..round).flat_map(|round| (0..6 << round).map(move |key| (round, key)));
            assert!(entries.iter().map(|(key, _)| *key).eq(expected));
            assert!(entries.iter().all(|((round, key), value)| *value == bulk(*round, *key)));
        }
    }
    drop(held);
    assert!(env.verify()?.is_clean());
    Ok(())
}
