//! A process that commits with both durabilities, by closures, held transactions and drafts, is killed: what a flushed
//! commit acknowledged is there, with all commits before it, flushed or not.

use crate::common::damage::Random;
use crate::common::process;
use std::path::Path;
use std::thread;
use std::time::Duration;

use mapleaf::{Batch, Dbi, Durability, Env, Error, Read, Result, Write};

/// The rows in the order of the transactions: the thread that made each.
type Rows = Dbi<u64, u32>;

type Drafted = Dbi<u64, u64>;

const THREADS: u32 = 5;

fn open(path: &Path) -> Result<(Env, Rows, Drafted)> {
    let env = Env::options().map_size(1 << 20).open(path)?;
    let (rows, drafted) = (env.dbi("rows")?, env.dbi("drafted")?);
    Ok((env, rows, drafted))
}

fn last(rows: &Rows, state: &impl Read) -> Result<u64> {
    Ok(rows.last(state)?.map_or(0, |(number, _)| number))
}

/// Adds the next row, and returns its number.
fn add(rows: &Rows, txn: &mut impl Write, thread: u32) -> Result<u64> {
    let number = last(rows, txn)? + 1;
    rows.append(txn, number, thread)?;
    Ok(number)
}

/// Adds a row of the drafts, with the number of the last other row that was there before. The only thread that does.
fn draft(env: &Env, rows: &Rows, drafted: &Drafted) -> Result<u64> {
    let snap = env.snapshot()?;
    let mut draft = snap.draft();
    let number = drafted.last(&draft)?.map_or(0, |(number, _)| number) + 1;
    drafted.append(&mut draft, number, last(rows, &snap)?)?;
    draft.commit_with(Durability::Eventual)?;
    Ok(number)
}

/// The work of one thread of the child: commits without end, each reported after it was acknowledged. Those of even threads
/// are flushed.
fn commit(env: &Env, rows: &Rows, drafted: &Drafted, thread: u32) -> Result<()> {
    loop {
        let number = match thread {
            0 => env.transact(|txn| add(rows, txn, thread))?,
            1 => env.transact_with(Durability::Eventual, |txn| add(rows, txn, thread))?,
            2 => {
                let mut txn = env.begin_with(Durability::Immediate)?;
                let number = add(rows, &mut txn, thread)?;
                txn.commit()?;
                number
            }
            3 => draft(env, rows, drafted)?,
            _ => {
                // Nothing of it depends on the order, so it changes the last row.
                let mut batch = Batch::new();
                let newest = last(rows, &env.snapshot()?)?.max(1);
                batch.update(rows, newest, move |_| Some(THREADS))?.set_durability(Durability::Immediate);
                env.submit(batch)?.wait()?;
                newest
            }
        };
        process::tell(&format!("{thread} {number}"));
    }
}

fn child(path: &Path) -> Result<()> {
    let (env, rows, drafted) = open(path)?;
    thread::scope(|scope| {
        let run = |thread| {
            let (env, rows, drafted) = (&env, &rows, &drafted);
            scope.spawn(move || commit(env, rows, drafted, thread))
        };
        let threads: Vec<_> = (0..THREADS).map(run).collect();
        threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| Error::other("a panic"))?)
    })
}

#[test]
fn a_flushed_commit_survives_a_kill_with_all_before_it() -> Result<()> {
    let name = "a_flushed_commit_survives_a_kill_with_all_before_it";
    if let Some(arguments) = process::arguments() {
        return child(Path::new(&arguments[0]));
    }
    let dir = tempfile::tempdir().map_err(Error::other)?;
    let mut random = Random(7);
    let mut acknowledged = [0_u64; THREADS as usize];
    for round in 0..12 {
        let mut child = process::spawn(name, &[&dir.path().to_string_lossy()])?;
        let mut note = |line: &str| {
            // The kill may have cut the last line short.
            let mut words = line.split(' ').map(str::parse::<u64>);
            if let (Some(Ok(thread)), Some(Ok(number))) = (words.next(), words.next())
                && let Some(most) = acknowledged.get_mut(usize::try_from(thread).unwrap_or(usize::MAX))
            {
                *most = number.max(*most);
            }
        };
        child.line().iter().for_each(|line| note(line));
        thread::sleep(Duration::from_micros(random.below(40_000) as u64));
        child.kill()?;
        while let Some(line) = child.line() {
            note(&line);
        }
        let (env, rows, drafted) = open(dir.path())?;
        let snap = env.snapshot()?;
        let numbers: Vec<u64> = rows.keys(&snap)?.collect::<Result<_>>()?;
        assert!(
            numbers.iter().copied().eq(1..=numbers.len() as u64),
            "round {round}: no row is missing before another"
        );
        let made: Vec<(u64, u64)> = drafted.iter(&snap)?.collect::<Result<_>>()?;
        assert!(made.iter().map(|(number, _)| *number).eq(1..=made.len() as u64), "round {round}");
        assert!(
            made.iter().all(|(_, before)| *before <= numbers.len() as u64),
            "round {round}: what drafts saw is there"
        );
        // A killed process loses no acknowledged commit, flushed or not.
        let there = |thread| if thread == 3 { made.len() } else { numbers.len() } as u64;
        assert!((0..).zip(acknowledged).all(|(n, most)| most <= there(n)), "round {round}: {acknowledged:?}");
        assert!(env.verify()?.is_clean());
    }
    assert!(acknowledged.iter().all(|most| *most > 0), "all threads have committed: {acknowledged:?}");
    Ok(())
}
