//! A load that is stopped, dropped or panics leaves whole chunks in key order; an atomic load leaves nothing.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::common::errors::{directory, refused};
use mapleaf::{Dbi, Durability, Env, Error, ErrorKind, LoadPhase, LoadProgress, LoadStopped, Loader, Result};
use tempfile::TempDir;

const ROWS: u64 = 60_000;

struct Stage {
    env: Env,
    first: Dbi<u64, u64>,
    second: Dbi<u64, u64>,
    dir: TempDir,
}

impl Stage {
    fn new() -> Result<Self> {
        let dir = directory()?;
        let env = Env::options().durability(Durability::Process).open(dir.path())?;
        Ok(Self { first: env.dbi("first")?, second: env.dbi("second")?, env, dir })
    }

    /// Small memory and chunks, so that all phases occur.
    fn loader(&self) -> Loader {
        self.env.loader().memory(64 << 10).chunk(100_000)
    }

    /// Takes rows for both databases in descending key order: `ROWS` keys in each, from 0.
    fn take(&self, loader: &mut Loader) -> Result<()> {
        (0..ROWS).rev().try_for_each(|n| {
            loader.put(&self.first, n, n)?;
            loader.put(&self.second, n, n)
        })
    }

    /// The number of rows present. They must be the first rows of each database, and the second has rows only if the
    /// first is complete.
    fn prefix(&self) -> Result<u64> {
        let snap = self.env.snapshot()?;
        let (first, second) = (self.first.len(&snap)?, self.second.len(&snap)?);
        for (dbi, len) in [(&self.first, first), (&self.second, second)] {
            let keys: Vec<u64> = dbi.keys(&snap)?.collect::<Result<_>>()?;
            assert!(keys.into_iter().eq(0..len), "the least keys first");
        }
        assert!(first == ROWS || second == 0, "{first} and {second}");
        assert!(self.env.verify()?.is_clean());
        let files = std::fs::read_dir(self.dir.path()).map_err(Error::other)?.count();
        assert_eq!(files, 3, "a temporary file stayed");
        Ok(first + second)
    }
}

#[test]
fn a_load_stopped_at_any_call_leaves_what_its_error_reports() -> Result<()> {
    // Records which calls occur, by phase.
    let stage = Stage::new()?;
    let calls = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&calls);
    let mut loader = stage.loader().on_progress(move |now| {
        noted.lock().unwrap_or_else(PoisonError::into_inner).push(*now);
        ControlFlow::Continue(())
    });
    stage.take(&mut loader)?;
    let report = loader.finish()?;
    assert_eq!((report.stored, stage.prefix()?), (2 * ROWS, 2 * ROWS));
    let calls = calls.lock().unwrap_or_else(PoisonError::into_inner).clone();
    rises(&calls);
    let last = calls.last().copied().ok_or_else(|| Error::other("it was never called"))?;
    assert_eq!((last.stored, last.chunks, last.runs), (report.stored, report.chunks, report.runs));

    // A few calls of each phase.
    for phase in [LoadPhase::Taking, LoadPhase::Merging, LoadPhase::Storing] {
        let of_phase: Vec<usize> = (0..calls.len()).filter(|call| calls[*call].phase == phase).collect();
        assert!(!of_phase.is_empty(), "{phase:?} was never told");
        for call in of_phase.iter().step_by(of_phase.len().div_ceil(4)) {
            for atomic in [false, true] {
                stop_at(*call, phase, atomic)?;
            }
        }
    }
    Ok(())
}

fn rises(calls: &[LoadProgress]) {
    for pair in calls.windows(2) {
        let (one, next) = (pair[0], pair[1]);
        assert!(one.rows <= next.rows && one.bytes <= next.bytes && one.runs <= next.runs, "{one:?} {next:?}");
        assert!(one.stored <= next.stored && one.chunks <= next.chunks, "{one:?} {next:?}");
        assert!(
            one.phase != next.phase || one.phase == LoadPhase::Merging || one.done <= next.done,
            "{one:?} {next:?}"
        );
    }
}

fn stop_at(call: usize, phase: LoadPhase, atomic: bool) -> Result<()> {
    let stage = Stage::new()?;
    let loader = if atomic { stage.loader().atomic() } else { stage.loader() };
    let mut left = call;
    let mut loader = loader.on_progress(move |_| {
        left = left.wrapping_sub(1);
        if left == usize::MAX { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let outcome = stage.take(&mut loader);
    let stopped = match outcome {
        Ok(()) => loader.finish().map(drop),
        Err(error) => {
            let again = refused(loader.put(&stage.first, 0, 0), ErrorKind::Other);
            assert!(again.downcast::<LoadStopped>().is_ok(), "a stopped load takes no more rows");
            assert!(loader.finish().is_err());
            Err(error)
        }
    };
    match stopped {
        // With one chunk there are fewer calls.
        Ok(()) => assert!(atomic && phase == LoadPhase::Storing),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Other);
            let stopped = error.downcast::<LoadStopped>()?;
            assert_eq!(stage.prefix()?, stopped.progress.stored, "{stopped:?}");
            assert!(!atomic || stopped.progress.stored == 0 || stopped.progress.stored == 2 * ROWS, "{stopped:?}");
        }
    }
    Ok(())
}

#[test]
fn a_loader_that_is_dropped_stores_nothing() -> Result<()> {
    let stage = Stage::new()?;
    let mut loader = stage.loader();
    stage.take(&mut loader)?;
    drop(loader);
    assert_eq!((stage.prefix()?, stage.env.info()?.commits), (0, 2));
    assert_eq!(stage.env.loader().finish()?.chunks, 0);
    assert_eq!(stage.env.info()?.commits, 2, "no rows, no transaction");
    Ok(())
}

#[test]
fn a_panic_in_the_rows_leaves_the_loader_usable() -> Result<()> {
    let stage = Stage::new()?;
    let mut loader = stage.loader();
    let rows = (0..ROWS).map(|n| if n == 50_000 { panic!("a row that cannot be made") } else { (n, n) });
    assert!(catch_unwind(AssertUnwindSafe(|| loader.load(&stage.first, rows))).is_err());
    assert_eq!(stage.prefix()?, 0);
    assert_eq!(loader.finish()?.stored, 50_000, "the rows before were taken");
    Ok(())
}

#[test]
fn a_panic_in_the_progress_callback_leaves_whole_chunks() -> Result<()> {
    for atomic in [false, true] {
        let stage = Stage::new()?;
        let stored = Arc::new(AtomicU64::new(0));
        let noted = Arc::clone(&stored);
        let loader = if atomic { stage.loader().atomic() } else { stage.loader() };
        let mut loader = loader.on_progress(move |now| {
            noted.store(now.stored, Ordering::Relaxed);
            assert!(now.phase != LoadPhase::Storing || now.done < 3 << 14, "a callback that fails");
            ControlFlow::Continue(())
        });
        stage.take(&mut loader)?;
        assert!(catch_unwind(AssertUnwindSafe(|| loader.finish())).is_err());
        let stored = stored.load(Ordering::Relaxed);
        assert_eq!((stage.prefix()?, stored == 0), (stored, atomic));
        stage.env.transact(|txn| stage.first.put(txn, 0, 0))?;
        assert!(stage.env.verify()?.is_clean());
    }
    Ok(())
}
