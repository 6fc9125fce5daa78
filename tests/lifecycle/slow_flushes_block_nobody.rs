//! While `sync` waits for the disk, commits, map growth and snapshots continue.

use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use mapleaf::{Dbi, Durability, Env, Error, Result};

use crate::common::shim::{self, FLUSH};

#[test]
fn commits_growth_and_snapshots_continue_during_a_slow_sync() -> Result<()> {
    shim::apart(
        "slow_flushes_block_nobody::commits_growth_and_snapshots_continue_during_a_slow_sync",
        |control, cases| {
            let path = cases.join("env");
            // Its commits are not flushed: the only flush is that of `sync`.
            let env = Env::options().map_size(1 << 20).durability(Durability::Process).open(&path)?;
            let rows: Dbi<u32, Vec<u8>> = env.dbi("rows")?;
            env.transact(|txn| rows.put(txn, 0, &Vec::new()))?;
            let held = control.hold(&path.join("data.mdb"), FLUSH, 1)?;
            thread::scope(|scope| {
                let syncing = scope.spawn(|| env.sync());
                held.wait()?;
                let (done, events) = channel();
                let (env, rows) = (&env, &rows);
                let beside = scope.spawn(move || {
                    for round in 1..=3 {
                        // Larger than the map: a writer that grows it briefly keeps others from reading new states.
                        env.transact(|txn| (0..100 * round).try_for_each(|n| rows.put(txn, n, &vec![1; 20_000])))?;
                        let snap = env.snapshot()?;
                        assert_eq!(rows.len(&snap)?, u64::from(100 * round));
                        let _ = done.send(round);
                    }
                    Ok::<_, Error>(())
                });
                let before: Vec<_> = (0..3).map_while(|_| events.recv_timeout(Duration::from_secs(20)).ok()).collect();
                assert!(!syncing.is_finished(), "it is in its flush");
                held.let_go()?;
                beside.join().expect("it does not panic")?;
                syncing.join().expect("it does not panic")?;
                assert_eq!(before, [1, 2, 3], "all of it before the flush has ended");
                Ok::<_, Error>(())
            })?;
            assert!(env.info()?.map_size > 1 << 20, "the map has grown");
            Ok(())
        },
    )
}
