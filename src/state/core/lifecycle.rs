//! Closes the files of a core, or replaces and reopens them, after waiting for their users.

use std::mem;
use std::process;
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError, RwLockWriteGuard};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{Error, ErrorKind, Result};
use crate::os::{File, LockFile, coarse_milliseconds};
use crate::state::core::Core;
use crate::state::files::Files;
use crate::state::writer_info::WriterInfo;
use crate::state::writer_lock::WriterLock;

/// The openers' gate, held exclusively, and the sweep's lock. No state is pinned meanwhile.
struct ExclusiveGate<'e> {
    _sweep: MutexGuard<'e, ()>,
    gate: RwLockWriteGuard<'e, Option<Arc<Files>>>,
}

/// How long to wait for a thread that is dropping a state. Nothing blocks that thread any more, but the system may not
/// have scheduled it.
const MAX_WAIT_FOR_DROP: Duration = Duration::from_millis(500);
const POLL_PAUSE: Duration = Duration::from_micros(50);

impl Core {
    /// Closes the files: LMDB's environment, the map, the descriptor. Fails with `Busy` while snapshots live. The
    /// caller holds the writer's lock and keeps others from opening the file.
    pub(crate) fn close(&self) -> Result<()> {
        let mut exclusive = self.lock_gate()?;
        let files = exclusive.gate.take();
        let was = self.status.close();
        if files.is_none() && was.is_closed() {
            return Ok(());
        }
        drop(files);
        if !was.is_out_of_use() {
            self.mark_clean();
        }
        // Handles of this process may live on, but its files are closed, so other processes need not wait for it any
        // more.
        self.lock.as_ref().map_or(Ok(()), LockFile::leave)
    }

    /// Fails while states are read in this process: by snapshots, scans and copies.
    pub(crate) fn check_unread(&self) -> Result<()> {
        match self.kept_views().len() {
            0 => Ok(()),
            1 => Err(Error::new(ErrorKind::Busy, "a state is still read by snapshots or scans; drop them first")),
            alive => {
                let why = format!("{alive} states are still read by snapshots or scans; drop them first");
                Err(Error::new(ErrorKind::Busy, why))
            }
        }
    }

    /// Takes the openers' gate exclusively. Fails with `Busy` while states are read.
    fn lock_gate(&self) -> Result<ExclusiveGate<'_>> {
        let sweep = self.states.hold_sweep();
        let gate = self.exclusive_gate();
        self.check_unread()?;
        // A state that a thread is just dropping no longer counts as read, but its pin still uses LMDB's environment.
        // So wait until the pin has ended.
        let began = Instant::now();
        while gate.as_ref().is_some_and(|files| !files.lmdb.is_unpinned()) {
            if began.elapsed() > MAX_WAIT_FOR_DROP {
                return Err(Error::new(ErrorKind::Busy, "a state is still being given up by another thread; retry"));
            }
            thread::sleep(POLL_PAUSE);
        }
        Ok(ExclusiveGate { _sweep: sweep, gate })
    }

    /// Closes LMDB exclusively, calls `swap` to put another file in place of this one, and opens the file that is
    /// there then. If `swap` fails, the old file is opened again. The caller holds the writer's lock, has dropped
    /// its state, and keeps others from opening the file.
    ///
    /// # Errors
    /// `Busy`, with nothing done, while states are read. Errors of `swap`. If the file cannot be opened again, that
    /// error: the environment stays open, and the next call tries again.
    pub(crate) fn replace(&self, swap: impl FnOnce(&Arc<File>) -> Result<()>) -> Result<()> {
        let mut exclusive = self.lock_gate()?;
        let Some(files) = exclusive.gate.take() else {
            return Err(Error::new(ErrorKind::Busy, "the files are being opened again; retry"));
        };
        if Arc::strong_count(&files) > 1 || Arc::strong_count(&files.lmdb) > 1 {
            *exclusive.gate = Some(files);
            return Err(Error::new(ErrorKind::Busy, "another thread still uses the files; retry"));
        }
        let (file, page_size) = (Arc::clone(&files.file), files.map.page_size());
        // Closes LMDB, and releases the locks that show that the old file is open: `swap` replaces only a file that
        // nobody has open.
        drop(files);
        let swapped = swap(&file);
        let opened = self.open_again(Some(page_size)).map(|files| *exclusive.gate = Some(Arc::new(files)));
        // If both `swap` and the opening failed, the error of `swap` is returned: it says more.
        swapped.and(opened)
    }

    /// Who holds the writer's lock, of this process or of another one that uses mapleaf; `None` if nobody does.
    pub(crate) fn writer(&self) -> Option<WriterInfo> {
        let following = self.following_since.load(Ordering::Relaxed);
        if following != 0 {
            let held_for = Duration::from_millis(coarse_milliseconds().saturating_sub(following));
            return Some(WriterInfo { process: process::id(), held_for });
        }
        let (process, held_for) = self.lock.as_ref().and_then(LockFile::announced_writer)?;
        (process == process::id() || self.is_other_writing()).then_some(WriterInfo { process, held_for })
    }

    /// Notes that a follower holds the transaction lock (a transaction based on uncommitted predecessors), or that it
    /// has ended.
    pub(crate) fn note_following(&self, is_following: bool) {
        let since = if is_following { coarse_milliseconds().max(1) } else { 0 };
        self.following_since.store(since, Ordering::Relaxed);
    }

    /// Returns when new snapshots may be taken: waits while they are held back. Fails as
    /// [`check_usable`](Self::check_usable).
    #[inline]
    pub(crate) fn pass(&self) -> Result<()> {
        self.status.wait_to_pass(MAX_HELD_BACK * 2);
        self.check_usable()
    }

    /// Runs `body` at a moment when no state is read in this process. Fails with `Busy` if there was no such moment
    /// before `deadline`, or if `body` was `Busy` each time.
    ///
    /// A steady stream of snapshots leaves no such moment, so new snapshots are held back, for at most a tenth of a
    /// second at a time. Snapshots that were held back are taken before the next try.
    pub(crate) fn when_unread<T>(&self, deadline: Instant, mut body: impl FnMut() -> Result<T>) -> Result<T> {
        loop {
            let tried = self.holding_back(deadline, &mut body);
            match tried {
                Err(error) if error.kind() == ErrorKind::Busy && Instant::now() < deadline => {
                    thread::sleep(PAUSE_BETWEEN_TRIES.min(deadline.saturating_duration_since(Instant::now())));
                }
                outcome => return outcome,
            }
        }
    }

    /// One try, while new snapshots are held back.
    fn holding_back<T>(&self, deadline: Instant, body: &mut impl FnMut() -> Result<T>) -> Result<T> {
        self.check_usable()?;
        let _held_back = self.status.hold_back();
        let until = (Instant::now() + MAX_HELD_BACK).min(deadline);
        loop {
            let tried = self.check_unread().and_then(|()| body());
            match tried {
                Err(error) if error.kind() == ErrorKind::Busy && Instant::now() < until => {
                    thread::sleep(POLL_PAUSE);
                }
                outcome => return outcome,
            }
        }
    }
}

/// How long new snapshots are held back, and how long they may be taken before they are held back again.
const MAX_HELD_BACK: Duration = Duration::from_millis(100);
const PAUSE_BETWEEN_TRIES: Duration = Duration::from_millis(20);

impl Core {
    /// In a forked child, leaks what other threads of the parent may have been changing at the fork. It may be half
    /// changed, and dropping it could follow invalid pointers. Leaks the temporary directory too, which belongs to the
    /// parent.
    fn forget_inherited(&mut self) {
        mem::forget(mem::replace(&mut self.writer, WriterLock::new()));
        mem::forget(mem::take(&mut self.others));
        mem::forget(mem::take(self.newest.get_mut().unwrap_or_else(PoisonError::into_inner)));
        mem::forget(Arc::clone(&self.states));
        mem::forget(Arc::clone(&self.dbis));
        mem::forget(Arc::clone(&self.changes));
        mem::forget(self.temporary.take());
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        if self.is_own_process() {
            self.writer.clear();
            self.files.end();
        } else {
            self.forget_inherited();
        }
    }
}
