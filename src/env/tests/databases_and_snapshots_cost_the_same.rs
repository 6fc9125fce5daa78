//! What it costs to create and open a database, to take a snapshot and to read in it first does not grow with how many databases
//! and snapshots there are: by the pages, entries, handles and states that are looked at.

use crate::durability::Durability;
use crate::page::steps::steps_of;
use crate::{Dbi, Env, Result, Snapshot};

type Rows = Dbi<u64, u64>;

const FEW: usize = 64;
const MANY: usize = 2048;
/// Each is asked so often: what is looked through now and then is shared by these.
const CALLS: usize = 64;

fn env() -> Result<Env> {
    let options = Env::options().max_dbis(2 * u32::try_from(MANY).unwrap_or(0)).max_readers(4096);
    options.durability(Durability::Process).temporary()
}

/// Steps with few and with many; the latter may be the logarithm more.
#[track_caller]
fn check(what: &str, few: u64, many: u64) {
    assert!(many <= few + few / 2 + CALLS as u64, "{what}: {few} steps with {FEW}, {many} with {MANY}");
}

/// Steps of creating and opening databases, of a snapshot and the first reads in it, where there are so many databases.
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
            // Found once.
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

/// Steps of commits, snapshots of them and first reads, where so many snapshots of other states live.
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
