//! Concurrent counters are exact, and no reader sees a part of a transaction.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use mapleaf::{Dbi, Env, ErrorKind, Result};

const THREADS: u64 = 8;
const EACH: u64 = 60;

#[test]
fn eight_threads_count_exactly_while_readers_see_whole_transactions() -> Result<()> {
    let env = Env::temporary()?;
    let counts: Dbi<&str, u64> = env.dbi("counts")?;
    let log: Dbi<u64, u64> = env.dbi("log")?;
    let done = AtomicBool::new(false);
    let count = |worker: u64| -> Result<()> {
        for round in 0..EACH {
            let add = |txn: &mut mapleaf::WriteTxn| {
                let total = counts.update(txn, "total", |old| Some(old.unwrap_or(0) + 1))?.unwrap_or(0);
                counts.update(txn, if worker.is_multiple_of(2) { "even" } else { "odd" }, |old| {
                    Some(old.unwrap_or(0) + 1)
                })?;
                log.append(txn, total, txn.id())
            };
            if round % 3 > 0 {
                env.transact(add)?;
                continue;
            }
            while let Err(error) = env.try_transact(add) {
                assert_eq!(error.kind(), ErrorKind::Busy);
                thread::yield_now();
            }
        }
        Ok(())
    };
    let look = || -> Result<u64> {
        let mut last = 0;
        let mut looks = 0;
        while !done.load(Ordering::Acquire) {
            let snap = env.snapshot()?;
            let of = |name| Ok::<_, mapleaf::Error>(counts.get(&snap, name)?.unwrap_or(0));
            let total = of("total")?;
            assert_eq!(total, of("even")? + of("odd")?);
            assert_eq!((total, log.len(&snap)?), (log.last(&snap)?.map_or(0, |(n, _)| n), total));
            assert!(total >= last, "time goes forward");
            last = total;
            looks += 1;
        }
        Ok(looks)
    };
    let looks = thread::scope(|scope| {
        let readers = [(); 2].map(|()| scope.spawn(look));
        let writers: Vec<_> = (0..THREADS).map(|worker| scope.spawn(move || count(worker))).collect();
        let written: Vec<_> = writers.into_iter().map(|thread| thread.join().expect("no panic")).collect();
        done.store(true, Ordering::Release);
        let looks = readers.map(|reader| reader.join().expect("no panic"));
        written.into_iter().collect::<Result<()>>()?;
        looks.into_iter().sum::<Result<u64>>()
    })?;
    assert!(looks > 0);
    let snap = env.snapshot()?;
    assert_eq!(counts.get(&snap, "total")?, Some(THREADS * EACH));
    assert_eq!(log.keys(&snap)?.collect::<Result<Vec<_>>>()?, (1..=THREADS * EACH).collect::<Vec<_>>());
    let ids = log.values(&snap)?.collect::<Result<Vec<_>>>()?;
    assert!(ids.windows(2).all(|pair| pair[0] + 1 == pair[1]), "each transaction has the next id");
    Ok(())
}
