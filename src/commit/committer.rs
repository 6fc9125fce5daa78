//! The committer thread, which works off a backlog. The first job starts it; it ends when the last `Env` is dropped
//! and all jobs are done.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::commit::pipeline::GROUP_BYTES;
use crate::commit::writing::is_writing;
use crate::error::{Error, ErrorKind, Result, contain};
use crate::state::Backlog;
use crate::state::Wait;

/// Does these jobs, at least one, in the order in which they were given.
pub(crate) type Work<J> = fn(Vec<J>);

thread_local! {
    static WORKS: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is a committer: it must not wait for itself.
pub(crate) fn is_committer() -> bool {
    WORKS.get()
}

/// The backlog and, once there is one, the thread.
pub(crate) struct Committer<J> {
    line: Arc<Line<J>>,
    limit: Backlog,
}

struct Line<J> {
    state: Mutex<Waiting<J>>,
    /// The thread waits here for jobs.
    given: Condvar,
    /// Callers whose jobs do not fit the backlog wait here.
    done: Condvar,
}

struct Waiting<J> {
    jobs: VecDeque<(J, usize)>,
    /// The number of jobs that are not done yet, including those in work.
    count: usize,
    bytes: usize,
    running: bool,
    ended: bool,
}

impl<J> Line<J> {
    fn state(&self) -> MutexGuard<'_, Waiting<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J> Waiting<J> {
    /// Whether a job of `bytes` must wait. A job never waits for an empty backlog.
    fn is_full(&self, bytes: usize, limit: Backlog) -> bool {
        self.count > 0 && (self.count >= limit.batches || self.bytes.saturating_add(bytes) > limit.bytes)
    }

    /// The jobs to do together, as many as fit one group, and their bytes.
    fn next(&mut self) -> (Vec<J>, usize) {
        let (mut jobs, mut total) = (Vec::new(), 0_usize);
        while let Some((job, bytes)) = self.jobs.pop_front() {
            if !jobs.is_empty() && total.saturating_add(bytes) > GROUP_BYTES {
                self.jobs.push_front((job, bytes));
                break;
            }
            total = total.saturating_add(bytes);
            jobs.push(job);
        }
        (jobs, total)
    }
}

impl<J: Send + 'static> Committer<J> {
    pub(crate) fn new(limit: Backlog) -> Self {
        let state = Waiting { jobs: VecDeque::new(), count: 0, bytes: 0, running: false, ended: false };
        let line = Line { state: Mutex::new(state), given: Condvar::new(), done: Condvar::new() };
        Self { line: Arc::new(line), limit }
    }

    /// Hands over `job`, to be done by `work` after all earlier jobs.
    ///
    /// # Errors
    /// If the backlog is full: `Busy` for a caller that does not wait and for the committer itself; `Nested` for a
    /// caller inside a transaction, since the committer may be waiting for that transaction to end. `Io` if the system
    /// gives no thread.
    pub(crate) fn give(&self, job: J, bytes: usize, wait: Wait, work: Work<J>) -> Result<()> {
        let mut state = self.line.state();
        while state.is_full(bytes, self.limit) {
            if wait == Wait::No || is_committer() {
                let why = "as many batches wait as max_backlog allows; retry when some are committed";
                return Err(Error::new(ErrorKind::Busy, why));
            }
            if is_writing() {
                let why = "as many batches wait as max_backlog allows, for this transaction; submit outside of it";
                return Err(Error::new(ErrorKind::Nested, why));
            }
            state = self.line.done.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.ended = false;
        if !state.running {
            start(Arc::clone(&self.line), work)?;
            state.running = true;
        }
        state.jobs.push_back((job, bytes));
        state.count += 1;
        state.bytes = state.bytes.saturating_add(bytes);
        drop(state);
        self.line.given.notify_one();
        Ok(())
    }

    /// Leaks the backlog in a forked child: another thread may have been changing it at the fork.
    pub(crate) fn forget(&self) {
        std::mem::forget(Arc::clone(&self.line));
    }

    /// Lets the thread end when it has done what it was given.
    pub(crate) fn end(&self) {
        self.line.state().ended = true;
        self.line.given.notify_one();
    }
}

fn start<J: Send + 'static>(line: Arc<Line<J>>, work: Work<J>) -> Result<()> {
    let body = move || {
        WORKS.set(true);
        work_off(&line, work);
    };
    let spawned = thread::Builder::new().name("mapleaf-commit".into()).spawn(body);
    let refused = "the system gives no thread to commit on; apply the batch instead";
    spawned.map(drop).map_err(|error| Error::new(ErrorKind::Io, refused).caused_by(error))
}

fn work_off<J>(line: &Line<J>, work: Work<J>) {
    let mut state = line.state();
    loop {
        let (jobs, bytes) = state.next();
        if jobs.is_empty() {
            if state.ended {
                // `running` is cleared under the lock under which jobs are given. So the caller that gives the next job
                // sees that no thread runs, and starts one.
                state.running = false;
                return;
            }
            state = line.given.wait(state).unwrap_or_else(PoisonError::into_inner);
            continue;
        }
        drop(state);
        let count = jobs.len();
        // A panic in `work` must not end this thread: callers wait for the jobs that are left.
        contain(|| work(jobs));
        state = line.state();
        state.count -= count;
        state.bytes = state.bytes.saturating_sub(bytes);
        line.done.notify_all();
    }
}
