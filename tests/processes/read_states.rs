//! While another process commits, every snapshot shows exactly one of its commits. A kept snapshot does not change, and
//! a refreshed one only moves forward.

use crate::common::process;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::common::checked::Checked;
use mapleaf::{Durability, Env, EnvOptions, Error, Result, Snapshot};

/// Commits between two commands of the parent, which reads meanwhile.
const BURST: u64 = 25;
const ROUNDS: u64 = 12;

fn options() -> EnvOptions {
    Env::options().durability(Durability::Process)
}

/// The child: commits in bursts, whenever the parent says so.
fn write(path: &Path) -> Result<()> {
    let env = options().open(path)?;
    let checked = Checked::open(&env)?;
    process::tell("ready");
    while process::hear()? == "go" {
        let mut last = 0;
        for _ in 0..BURST {
            last = env.transact(|txn| checked.step(txn))?;
        }
        process::tell(&last.to_string());
    }
    Ok(())
}

/// Reads the newest state until told to stop. Returns how many different states there were.
fn read(env: &Env, done: &AtomicBool, seed: u64) -> Result<u64> {
    let checked = Checked::open(env)?;
    let mut moving = env.snapshot()?;
    let (mut last, mut id, mut states, mut turn) = (0, 0, 0, seed);
    while !done.load(Ordering::Relaxed) {
        let snap = env.snapshot()?;
        let n = checked.check(&snap, turn)?;
        assert!(n >= last && snap.id() >= id, "time runs forward: {last} then {n}");
        states += u64::from(n > last);
        (last, id) = (n, snap.id());
        drop(snap);
        moving.refresh()?;
        assert!(checked.check(&moving, turn + 1)? >= last, "a refreshed snapshot is the newest");
        turn += 1;
    }
    Ok(states)
}

/// Stops the readers when dropped, also after a failure of the test.
struct Stop<'s>(&'s AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn snapshots_beside_a_writing_process_are_consistent_and_do_not_change() -> Result<()> {
    const NAME: &str = "snapshots_beside_a_writing_process_are_consistent_and_do_not_change";
    if let Some(arguments) = process::arguments() {
        return write(Path::new(&arguments[0]));
    }
    let dir = tempfile::tempdir().map_err(Error::other)?;
    let env = options().open(dir.path())?;
    let checked = Checked::open(&env)?;
    let mut child = process::spawn(NAME, &[&dir.path().to_string_lossy()])?;
    child.expect("ready");
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let stop = Stop(&done);
        let readers = [1, 2].map(|seed| {
            scope.spawn({
                let (env, done) = (&env, &done);
                move || read(env, done, seed)
            })
        });
        let mut held: Vec<(u64, Snapshot)> = Vec::new();
        let mut rounds = || {
            for round in 0..ROUNDS {
                let snap = env.snapshot()?;
                held.push((checked.check(&snap, round)?, snap));
                child.say("go")?;
                // Kept snapshots are read while the pages around theirs are rewritten.
                for (n, snap) in &held {
                    assert_eq!(checked.check(snap, round)?, *n, "it was state {n}");
                }
                let last = child.line();
                assert_eq!(last, Some(((round + 1) * BURST).to_string()));
                assert_eq!(checked.check(&env.snapshot()?, round)?, (round + 1) * BURST, "a commit is seen at once");
            }
            Ok::<_, Error>(())
        };
        let outcome = rounds();
        drop(stop);
        for reader in readers {
            let states = reader.join().expect("readers do not panic")?;
            assert!(states >= 1, "nothing was read");
        }
        outcome?;
        for (at, (n, snap)) in held.iter().enumerate() {
            assert_eq!((checked.check(snap, 3)?, *n), (*n, at as u64 * BURST));
        }
        child.say("end")?;
        child.passes()
    })?;
    assert!(env.verify()?.is_clean());
    Ok(())
}
