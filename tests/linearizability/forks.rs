//! A process forks while its threads write and read snapshots. The children drop everything that they inherited and
//! end, and the parent loses no state, slot or lock.
#![expect(unsafe_code, reason = "a fork is an unsafe call")]

use crate::common::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use mapleaf::{Dbi, Durability, Env, Error, ErrorKind, Result, Snapshot};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, alarm, fork};

const FORKS: u64 = 40;
const WRITERS: u32 = 3;
const ROWS: u32 = 200;
/// A child that takes this many seconds waits for a lock that nobody will release.
const STUCK: u32 = 20;

struct Work {
    env: Env,
    counter: Dbi<u32, u64>,
    rows: Dbi<u32, &'static [u8]>,
}

impl Work {
    /// One transaction rewrites all rows, so pages of unpinned states are reused.
    fn write(&self) -> Result<()> {
        self.env.transact(|txn| {
            let count = self.counter.get(txn, 0)?.unwrap_or(0) + 1;
            self.counter.put(txn, 0, count)?;
            let row = count.to_be_bytes().repeat(40);
            (0..ROWS).try_for_each(|key| self.rows.put(txn, key, &row))
        })
    }

    /// The count of a state; all of its rows must have it.
    fn count(&self, snap: &Snapshot) -> Result<u64> {
        let count = self.counter.get(snap, 0)?.unwrap_or(0);
        let row = count.to_be_bytes().repeat(40);
        assert_eq!(self.rows.len(snap)?, u64::from(ROWS));
        for entry in self.rows.iter(snap)? {
            assert!(entry?.1 == row, "a row of another state in state {count}");
        }
        Ok(count)
    }
}

/// Stops the writing threads, also when the forking thread panics.
struct Ending<'s>(&'s AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// In a forked child: checks that inherited values are refused, and drops them. Returns whether they were.
fn inherit(env: Env, snaps: Vec<(u64, Snapshot)>) -> bool {
    alarm::set(STUCK);
    let closed = |kind: Option<ErrorKind>| kind == Some(ErrorKind::Closed);
    let refused = closed(env.snapshot().err().map(|error| error.kind()))
        && closed(env.transact(|_| Ok(())).err().map(|error| error.kind()));
    drop(snaps);
    drop(env);
    refused
}

/// Forks and waits for the child, which drops all it inherited of `kept`. Each state has a single owner there.
fn fork_once(work: &Work, kept: &mut Vec<(u64, Snapshot)>) -> Result<()> {
    // SAFETY: other threads run, but the child uses nothing of theirs: it reads, drops and ends by `_exit`. The
    // system's allocator may be used after a fork, and if the child waits for a lock, the alarm ends it.
    match unsafe { fork() }.map_err(Error::other)? {
        ForkResult::Child => {
            // SAFETY: the borrowers are threads that do not exist in the child. So the child owns the value and may
            // drop it, and with it the last handle of the environment.
            let Work { env, counter, rows } = unsafe { std::ptr::read(work) };
            let refused = inherit(env, std::mem::take(kept));
            drop((counter, rows));
            // SAFETY: ends the child at once.
            unsafe { nix::libc::_exit(i32::from(!refused)) }
        }
        ForkResult::Parent { child } => match waitpid(child, None).map_err(Error::other)? {
            WaitStatus::Exited(_, 0) => Ok(()),
            status => Err(Error::other(format!("the child ended as {status:?}"))),
        },
    }
}

/// For one fork in four, waits until the newest state is no longer `last`.
fn await_commit(work: &Work, last: Option<u64>, fork: usize) -> Result<()> {
    while fork.is_multiple_of(4) && last == Some(work.count(&work.env.snapshot()?)?) {
        thread::yield_now();
    }
    Ok(())
}

#[test]
fn forked_children_release_nothing_of_writing_threads() -> Result<()> {
    process::apart("forked_children_release_nothing_of_writing_threads", || {
        [Durability::Process, Durability::Immediate].into_iter().try_for_each(fork_beside_writers)
    })
}

/// Three threads write while the process forks repeatedly.
fn fork_beside_writers(durability: Durability) -> Result<()> {
    let dir = tempfile::tempdir().map_err(Error::other)?;
    let env = Env::options().durability(durability).map_size(1 << 20).open(dir.path())?;
    let (counter, rows) = (env.dbi("counter")?, env.dbi("rows")?);
    let work = Work { env, counter, rows };
    work.write()?;
    let stop = AtomicBool::new(false);
    let mut kept: Vec<(u64, Snapshot)> = Vec::new();
    thread::scope(|scope| {
        let run = |_| {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    work.write()?;
                    work.count(&work.env.snapshot()?)?;
                }
                Ok::<_, Error>(())
            })
        };
        let threads: Vec<_> = (0..WRITERS).map(run).collect();
        let ending = Ending(&stop);
        let forked = (0..FORKS).try_for_each(|_| {
            // Forks and commits overlap, however slow the disk is.
            await_commit(&work, kept.last().map(|(count, _)| *count), kept.len())?;
            let snap = work.env.snapshot()?;
            kept.push((work.count(&snap)?, snap));
            fork_once(&work, &mut kept)?;
            kept.iter().try_for_each(|(count, snap)| {
                assert_eq!(work.count(snap)?, *count, "a kept state stays");
                Ok(())
            })
        });
        drop(ending);
        let join = |thread: thread::ScopedJoinHandle<'_, Result<()>>| {
            thread.join().map_err(|_| Error::other("a panic")).and_then(|outcome| outcome)
        };
        threads.into_iter().map(join).chain([forked]).collect::<Result<()>>()
    })?;
    let mut counts: Vec<u64> = kept.iter().map(|(count, _)| *count).collect();
    counts.dedup();
    assert!(counts.len() > 5, "states were kept while others were written: {counts:?}");
    drop(kept);
    work.write()?;
    assert!(work.env.verify()?.is_clean());
    work.env.close()
}
