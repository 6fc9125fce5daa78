//! The cost of creating and opening a database, of a snapshot and of its first reads does not grow with the number of
//! databases and snapshots. Counted are the pages, entries, handles and states that are visited.

use crate::durability::Durability;
use crate::page::steps::steps_of;
use crate::{Dbi, Env, Result, Snapshot};

type Rows = Dbi<u64, u64>;

const FEW: usize = 64;
const MANY: usize = 2048;
/// How often each is called: these calls share the cost of occasional scans.
const CALLS: usize = 64;

fn env() -> Result<Env> {
    let options = Env::options().max_dbis(2 * u32::try_from(MANY).unwrap_or(0)).max_readers(4096);
    options.durability(Durability::Process).temporary()
}

/// Steps with few and with many; the second may be larger by the logarithm.
#[track_caller]
fn check(what: &str, few: u64, many: u64) {
    assert!(many <= few + few / 2 + CALLS as u64, "{what}: {few} steps with {FEW}, {many} with {MANY}");
}

/// Steps of creating and opening databases, of a snapshot and of the first reads in it, with `count` databases.
fn of_databases(count: usize) -> Result<[u64; 4]> {
    let env = env()?;
    let name = |n: usize| format!("database {:05}", n * 7919 % 100_000);
    let mut held: Vec<Rows> = (0..count).map(|n| env.dbi(&name(n))).collect::<Result<_>>()?;
    let (created, creating) =
        steps_of(|| (count..count + CALLS).map(|n| env.dbi::<u64, u64>(&name(n))).collect::<Result<Vec<_>>>());
    held.extend(created?);
    let (opened, opening) = steps_of(|| (0..CALLS).try_for_each(|n| env.dbi::<u64, u64>(&name(n)).map(drop)));
    opened?;
    let last = &held[held.len() - CALLS..];
    env.transact(|txn| last.iter().try_for_each(|rows| rows.put(txn, 1, 1)))?;
    let (snap, taking) = steps_of(|| env.snapshot());
    let snap = snap?;
    let (read, reading) = steps_of(|| {
        last.iter().try_for_each(|rows| {
            assert_eq!(rows.get(&snap, 1)?, Some(1));
            // The root was found by an earlier look-up.
            assert_eq!(steps_of(|| rows.get(&snap, 1)).1, 1);
            Ok::<_, crate::Error>(())
        })
    });
    read.map(|()| [creating, opening, taking, reading])
}

#[test]
fn with_many_databases() -> Result<()> {
    let (few, many) = (of_databases(FEW)?, of_databases(MANY)?);
    let whats = ["creating", "opening", "a snapshot", "first reads"];
    whats.iter().zip(few.into_iter().zip(many)).for_each(|(what, (few, many))| check(what, few, many));
    Ok(())
}

/// Steps of commits, snapshots of them and first reads, with `count` snapshots of other states alive.
fn of_snapshots(count: usize) -> Result<u64> {
    let env = env()?;
    let rows: Rows = env.dbi("rows")?;
    let step = |n: usize| -> Result<Snapshot> {
        env.transact(|txn| rows.put(txn, 1, n as u64))?;
        let snap = env.snapshot()?;
        assert_eq!(rows.get(&snap, 1)?, Some(n as u64));
        Ok(snap)
    };
    let mut held = (0..count).map(step).collect::<Result<Vec<_>>>()?;
    let (more, steps) = steps_of(|| (count..count + CALLS).map(step).collect::<Result<Vec<_>>>());
    held.extend(more?);
    Ok(steps)
}

#[test]
fn among_many_snapshots() -> Result<()> {
    check("snapshots", of_snapshots(FEW)?, of_snapshots(MANY)?);
    Ok(())
}

/// Steps of clearing and of dropping DBIs in a transaction that has changed `count` of them.
fn of_changed(count: usize) -> Result<[u64; 2]> {
    let env = env()?;
    let name = |n: usize| format!("database {n:05}");
    env.transact(|txn| {
        let all = (0..count).map(|n| txn.dbi::<u64, u64>(&name(n))).collect::<Result<Vec<_>>>()?;
        all.iter().try_for_each(|rows| rows.put(txn, 1, 1))?;
        let (cleared, clearing) = steps_of(|| all[..CALLS / 2].iter().try_for_each(|rows| rows.clear(txn).map(drop)));
        cleared?;
        let (dropped, dropping) = steps_of(|| (CALLS / 2..CALLS).try_for_each(|n| txn.drop_dbi(&name(n))));
        dropped.map(|()| [clearing, dropping])
    })
}

#[test]
fn among_many_that_changed() -> Result<()> {
    let (few, many) = (of_changed(FEW)?, of_changed(MANY)?);
    ["clearing", "dropping"]
        .iter()
        .zip(few.into_iter().zip(many))
        .for_each(|(what, (few, many))| check(what, few, many));
    Ok(())
}
