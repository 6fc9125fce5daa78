//! How many durable commits per second threads reach when they share flushes, and when each waits for its own.
//!
//! `cargo run --release --example group_commit [SECONDS]`: a few seconds by default. To prevent sharing, the threads
//! take a mutex of this program around each transaction. The numbers depend on how long the disk takes to flush.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mapleaf::{Dbi, Env, Error, Result};

/// Commits per second of `threads` threads, each with one put per transaction.
fn commits(threads: u64, seconds: f64, shared: bool) -> Result<f64> {
    let dir = tempfile::tempdir().map_err(Error::other)?;
    let env = Env::open(dir.path())?;
    let rows: Dbi<(u64, u64), &[u8]> = env.dbi("rows")?;
    let (alone, done, committed) = (Mutex::new(()), AtomicBool::new(false), AtomicU64::new(0));
    let write = |thread: u64| -> Result<()> {
        let mut n = 0;
        while !done.load(Ordering::Relaxed) {
            let turn = if shared { None } else { alone.lock().ok() };
            env.transact(|txn| rows.put(txn, (thread, n), &[7; 100]))?;
            drop(turn);
            n += 1;
        }
        committed.fetch_add(n, Ordering::Relaxed);
        Ok(())
    };
    let began = Instant::now();
    thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|thread| scope.spawn(move || write(thread))).collect();
        thread::sleep(Duration::from_secs_f64(seconds));
        done.store(true, Ordering::Relaxed);
        threads.into_iter().try_for_each(|thread| thread.join().expect("no thread panics"))
    })?;
    let rate = u32::try_from(committed.load(Ordering::Relaxed)).map(f64::from).map_err(Error::other)?;
    assert_eq!(rows.len(&env.snapshot()?)?, committed.into_inner(), "every commit is there");
    Ok(rate / began.elapsed().as_secs_f64())
}

fn main() -> Result<()> {
    let seconds = std::env::args().nth(1).map_or(Ok(0.5), |text| text.parse()).map_err(Error::other)?;
    println!("threads   one at a time        shared");
    for threads in [1, 8, 64] {
        let (alone, shared) = (commits(threads, seconds, false)?, commits(threads, seconds, true)?);
        println!("{threads:7} {alone:13.0}/s {shared:11.0}/s   {:.1}x", shared / alone);
    }
    Ok(())
}
