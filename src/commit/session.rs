//! A write session: the three locks in their order, LMDB's write transaction, the base of its changes, and its
//! commit.

use std::sync::Arc;

use crate::catalog::{ENV_KEY, Head, Identity};
use crate::commit::busy::busy;
use crate::commit::take_back::take_back;
use crate::commit::writer_access::{WriterAccess, lock_writer};
use crate::commit::writing::Writing;
use crate::durability::Durability;
use crate::error::{Error, ErrorKind, Result};
use crate::lmdb::{Applier, Cause, Failure, Handles, OwnedWriter, Writer};
use crate::observe::Committing;
use crate::os::{LockFile, PauseLock, flush_failed, is_full, located};
use crate::page::LmdbTxnId;
use crate::state::{Core, Files, State, WriterState, WriterTurn};
use crate::write_set::WriteSet;

/// LMDB's write transaction, held, over the newest state.
pub(crate) struct Session<'e> {
    /// The files as they were when the session began; the map may have been replaced since.
    files: &'e Files,
    state: &'e mut WriterState,
    core: &'e Arc<Core>,
    base: &'e Arc<State>,
    grown: &'e mut bool,
    // LMDB's write transaction; `None` after its commit.
    writer: Option<Writer<'e>>,
    // Keeps other processes from writing while LMDB's lock is released to grow the map. It is kept until LMDB's
    // transaction has ended, so it is dropped after `writer`.
    pause: Option<PauseLock<'e>>,
}

/// The state that a session begins on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begin {
    /// The newest state.
    Newest,
    /// The same, but fails with `Busy` if another mapleaf process wants LMDB's lock first.
    NewestOrBusy,
    /// The state with this LMDB id. This process has kept other mapleaf processes from writing after it.
    After(LmdbTxnId),
}

/// LMDB's write transaction, begun on the newest state, and what it takes to commit it. Dropping it aborts.
pub(crate) struct Begun {
    // Dropped first: LMDB's transaction must end before `turn` lets the next writer begin.
    writer: OwnedWriter,
    /// The files as they were when the transaction began; the map may have been replaced since.
    files: Arc<Files>,
    base: Arc<State>,
    // Dropped last: it releases the writer's lock.
    turn: WriterTurn,
}

/// Runs `body` as the only writer. It takes three locks, always in this order: the transaction lock and the writer's
/// lock keep other writers of this process out, LMDB's lock keeps out all others. Waits until no group of
/// transactions is pending or in flight.
///
/// An error before `body` runs names `operation`.
pub(crate) fn write<T, E: From<Error>>(
    writers: WriterAccess<'_>,
    operation: &'static str,
    body: impl FnOnce(&mut Session<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let named = |error: Error| error.during(operation);
    let _writing = begin_writing(writers.core).map_err(named)?;
    let mut locked = lock_writer(writers);
    write_as_writer(&mut locked, operation, body)
}

/// Fails in a read-only environment, and on a thread that is inside a session already.
pub(crate) fn begin_writing(core: &Core) -> Result<Writing> {
    core.check_usable()?;
    core.config.check_writable()?;
    core.check_in_place()?;
    Writing::begin()
}

/// As [`write`], for a caller that holds the writer's lock.
pub(crate) fn write_as_writer<T, E: From<Error>>(
    turn: &mut WriterTurn,
    operation: &'static str,
    body: impl FnOnce(&mut Session<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let begun = Begun::begin(turn.lend(), Begin::Newest).map_err(|error| error.during(operation))?;
    begun.session(body)
}

impl Begun {
    /// Begins LMDB's transaction, for the holder of the writer's lock.
    pub(crate) fn begin(mut turn: WriterTurn, from: Begin) -> Result<Self> {
        let (core, state) = turn.parts();
        let lock = core.lock_file()?;
        // Another thread may have closed the environment before this one got the writer's lock.
        core.check_usable()?;
        let (files, last) = match state.last.take() {
            Some((files, last)) => (files, Some(last)),
            // The files are cloned, so that the openers' gate is not held while `begin` waits for a writer of another
            // process.
            None => (Arc::clone(&*core.files()?), None),
        };
        let (writer, base) = begin(core, from, lock, &files, last)?;
        let taken_back = take_back(core.config.durability, lock, &files, base.lmdb_id(), &mut state.taken_back);
        taken_back.map_err(|error| {
            core.flush_failed();
            flush_failed(located(error, &core.paths.data()))
        })?;
        lock.announce_writer();
        Ok(Self { writer, files, base, turn })
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        self.turn.core()
    }

    /// The state that it began on.
    pub(crate) fn base(&self) -> &Arc<State> {
        &self.base
    }

    /// What the writer keeps between transactions.
    pub(crate) fn state(&mut self) -> &mut WriterState {
        self.turn.state()
    }

    /// Runs `body`, which may commit once. Without a commit, the transaction is aborted.
    #[inline]
    pub(crate) fn session<T>(self, body: impl FnOnce(&mut Session<'_>) -> T) -> T {
        let Self { writer, files, base, mut turn } = self;
        let mut grown = false;
        let outcome = writer.with(|writer| {
            let (core, state) = turn.parts();
            let (files, base, grown) = (&*files, &base, &mut grown);
            let mut session = Session { core, files, state, base, grown, writer, pause: None };
            body(&mut session)
        });
        // If the map was grown, `files` and `base` use the smaller map from before. They are not kept for the next
        // transaction.
        if !grown && base.is_in(&files) {
            turn.state().last = Some((files, base));
        }
        outcome
    }
}

/// Takes LMDB's write lock. If another process is waiting for it, gives it back and waits in line.
fn begin(
    core: &Core,
    from: Begin,
    lock: &LockFile,
    files: &Arc<Files>,
    mut last: Option<Arc<State>>,
) -> Result<(OwnedWriter, Arc<State>)> {
    let mut waiting = None;
    // Only the holder of the writer's lock replaces the map, and the caller holds that lock. So `files` stay the newest
    // during the waits below. They are asked for again only if the map is too small.
    let mut enlarged: Option<Arc<Files>> = None;
    if !matches!(from, Begin::After(_)) {
        lock.let_others_in();
    }
    loop {
        let begun = OwnedWriter::begin(&files.lmdb).and_then(|writer| {
            match from {
                Begin::Newest | Begin::NewestOrBusy if lock.is_paused() => {
                    drop(writer);
                    if from == Begin::NewestOrBusy {
                        return if lock.is_other_pausing()? { Err(busy(core).into()) } else { Ok(None) };
                    }
                    waiting.get_or_insert_with(|| lock.wait_in_line());
                    lock.wait_for_pause()?;
                    return Ok(None);
                }
                Begin::After(id) if writer.id().base() != id => {
                    let why = "another program wrote to the file between two transactions of which one is based on the \
                               other; nothing was applied, retry";
                    return Err(Error::new(ErrorKind::Conflict, why).into());
                }
                Begin::Newest | Begin::NewestOrBusy | Begin::After(_) => {}
            }
            let base = State::base(core.dbis(), enlarged.as_deref().unwrap_or(files), writer.id().base(), last.take())?;
            Ok(Some((writer, base)))
        });
        match begun {
            Ok(Some(begun)) => return Ok(begun),
            Ok(None) => {}
            Err(failure) if failure.cause == Cause::MapResized => {
                core.follow_growth_as_writer()?;
                enlarged = Some(Arc::clone(&*core.files()?));
            }
            Err(failure) => return Err(core.begin_failed(failure)),
        }
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        if !self.core.is_own_process() {
            // This is a child that was forked inside the transaction. Ending the transaction here would disturb the
            // parent's lock and files, so it is leaked.
            std::mem::forget(self.writer.take());
        }
    }
}

impl<'e> Session<'e> {
    /// The state that this session's changes are based on.
    pub(crate) fn base(&self) -> &'e Arc<State> {
        self.base
    }

    /// The fill of pages in percent, if one was set.
    pub(crate) fn fill(&self) -> Option<u8> {
        self.core.config.fill
    }

    /// Keeps an emptied write set, whose buffers the next transaction of this process uses again.
    pub(crate) fn keep(&mut self, set: WriteSet) {
        self.state.keep(self.core, set);
    }

    /// Applies changes and commits them. If the map is full, it is grown and the changes are applied again.
    ///
    /// `apply` gets the new head, and may change the epoch and the next id in it. `bytes` is about how much it
    /// stores.
    pub(crate) fn commit(
        &mut self,
        bytes: usize,
        apply: impl Fn(&mut Applier<'_, '_, 'e>, &mut Head) -> Result<(), Failure>,
    ) -> Result<()> {
        self.commit_opening(true, bytes, self.core.config.durability, apply)
    }

    /// As [`commit`](Self::commit), where `apply` changes these trees alone: cheaper if they were changed before.
    pub(crate) fn commit_to<'n>(
        &mut self,
        mut trees: impl Iterator<Item = &'n str>,
        bytes: usize,
        durability: Durability,
        apply: impl Fn(&mut Applier<'_, '_, 'e>, &mut Head) -> Result<(), Failure>,
    ) -> Result<()> {
        let opens = !trees.all(|name| self.state.handles.has(name));
        self.commit_opening(opens, bytes, durability, apply)
    }

    /// As [`commit`](Self::commit). `opens` says whether `apply` may need a tree that has no handle yet.
    pub(crate) fn commit_opening(
        &mut self,
        opens: bool,
        bytes: usize,
        durability: Durability,
        apply: impl Fn(&mut Applier<'_, '_, 'e>, &mut Head) -> Result<(), Failure>,
    ) -> Result<()> {
        let observed = Committing::begin(bytes, durability);
        let committed = self.commit_growing(opens, bytes, durability, apply);
        observed.end(bytes, &committed, |head| {
            self.base.head().map_or(0, |before| head.seq.transactions_since(before.seq))
        });
        committed.map(drop)
    }

    /// Returns the head that was committed.
    fn commit_growing(
        &mut self,
        mut opens: bool,
        bytes: usize,
        durability: Durability,
        apply: impl Fn(&mut Applier<'_, '_, 'e>, &mut Head) -> Result<(), Failure>,
    ) -> Result<Head> {
        // If the process was forked since the transaction began, this child must not commit: LMDB's transaction is the
        // parent's.
        self.core.check_usable()?;
        self.core.look_before_commit(self.files)?;
        self.files.lmdb.flush_as(durability)?;
        // LMDB releases its lock when the map is full, so other processes must be kept out before that. If a full map
        // is likely, they are kept out from here on, because the end of a commit may find the map full too. Otherwise
        // they are kept out when a change finds it full.
        if self.pause.is_none() && self.room() < bytes.saturating_mul(4).saturating_add(NARROW) {
            self.pause = Some(self.core.lock_file()?.pause_others()?);
        }
        loop {
            let writer = self
                .writer
                .take()
                .ok_or_else(|| Error::new(ErrorKind::InvalidArgument, "a transaction commits once; begin another"))?;
            let base = self.base;
            let identity = self.core.identity.to_write_on(base)?;
            let (lock, pause) = (self.core.lock_file()?, &mut self.pause);
            let (id, mut committed) = (writer.id(), Head::default());
            let outcome = writer.commit(&mut self.state.handles, opens || identity.is_some(), |applier| {
                let mut head = base.head()?;
                head.seq = head.seq.next();
                let applied = apply(applier, &mut head).and_then(|()| write_head(applier, head, identity));
                committed = head;
                if pause.is_none() && applied.as_ref().is_err_and(|failure| failure.cause == Cause::MapFull) {
                    *pause = Some(lock.pause_others()?);
                }
                applied
            });
            match outcome {
                Ok(()) => {
                    self.files.last_commit().set(id, committed);
                    if self.core.config.durability != Durability::Process {
                        // Notes the file's length, so that a later check sees if bytes that this commit added are cut
                        // off. Next to a flush, asking the system costs nothing.
                        let _ = self.files.file_len();
                    }
                    self.core.identity.note_written();
                    self.core.states().drop_stale();
                    self.core.changes().notify();
                    return Ok(committed);
                }
                Err(failure) if failure.cause == Cause::MapFull => {
                    *self.grown = true;
                    self.core.grow()?;
                    self.writer = Some(self.begin_again()?);
                    // LMDB's handles of the trees ended with the transaction, so the next try must open the trees
                    // again.
                    opens = true;
                }
                Err(failure) => return Err(self.commit_failed(failure)),
            }
        }
    }

    /// Runs `body`, and passes it whether no other process has the environment open. If so, none can open it
    /// meanwhile.
    pub(crate) fn exclusively<T>(&mut self, body: impl FnOnce(&mut Self, bool) -> Result<T>) -> Result<T> {
        let lock = self.core.lock_file()?;
        let alone = lock.try_exclusive()?;
        let outcome = body(self, alone);
        if alone {
            // An error here must not say that nothing was committed. The lock stays exclusive then, until the next call.
            let _ = lock.share();
        }
        outcome
    }

    /// How many bytes the file can grow by before the map is full.
    fn room(&self) -> usize {
        self.base.map_len().saturating_sub(self.used())
    }

    /// How many bytes of the file are used, up to its last page.
    pub(crate) fn used(&self) -> usize {
        let meta = self.base.meta();
        usize::try_from(meta.last_page.end(u64::from(meta.page_size))).unwrap_or(usize::MAX)
    }

    /// Grows the map, before the commit, so that the file can grow by `bytes`. Returns whether it can.
    pub(crate) fn reserve_map(&mut self, bytes: usize) -> Result<bool> {
        if bytes <= self.room() {
            return Ok(true);
        }
        if self.pause.is_none() {
            self.pause = Some(self.core.lock_file()?.pause_others()?);
        }
        // LMDB can resize its map only between transactions, so this one is aborted. An abort invalidates LMDB's
        // handles of the trees.
        drop(self.writer.take());
        self.state.handles = Handles::default();
        *self.grown = true;
        let grown = self.core.grow_to(self.used().saturating_add(bytes));
        if grown.as_ref().is_err_and(|error| error.kind() != ErrorKind::MapFull) {
            return grown.map(|()| false);
        }
        self.writer = Some(self.begin_again()?);
        Ok(grown.is_ok())
    }

    /// Begins LMDB's transaction again after the map was grown. In between nobody held LMDB's lock: mapleaf processes
    /// were paused, other writers are noticed by the id.
    fn begin_again(&self) -> Result<Writer<'e>> {
        let writer = self.files.lmdb.begin_write().map_err(|failure| self.core.begin_failed(failure))?;
        if writer.id().base() != self.base.lmdb_id() {
            let why = "another program wrote to the file while its map was grown; nothing was applied, retry";
            return Err(Error::new(ErrorKind::Conflict, why));
        }
        Ok(writer)
    }

    /// Gives a failed commit its kind. A full disk leaves LMDB as it was. After any other failure of the disk the
    /// system may have marked pages as written that are not, so the environment is put out of use.
    fn commit_failed(&self, failure: Failure) -> Error {
        let panicked = |failure: &Failure| failure.cause == Cause::Panic;
        let fatal = match failure.cause {
            Cause::Panic => true,
            Cause::Io => {
                let full = failure.error.kind() == ErrorKind::DiskFull || self.disk_is_full();
                // If LMDB failed to write a meta page, it refuses to begin another transaction, whatever the cause was.
                // So beginning one here shows whether LMDB can still be used.
                let broken = self.files.lmdb.pin().err().is_some_and(|failure| panicked(&failure));
                if full && !broken {
                    // If the full disk cut a write short, LMDB has reported another failure. Its text would mislead, so
                    // only a report of a full disk is quoted.
                    let reported = failure.error.kind() == ErrorKind::DiskFull;
                    let cause = if reported { format!(": {}", failure.error.what()) } else { String::new() };
                    let why = format!(
                        "{}: the disk is full{cause}; nothing was changed, make room on the disk, or raise the quota or the \
                         limit of file sizes, and retry",
                        self.core.paths.data().display()
                    );
                    return Error::new(ErrorKind::DiskFull, why).taking_up(failure.error);
                }
                true
            }
            _ => false,
        };
        if !fatal {
            return failure.error;
        }
        self.core.flush_failed();
        let why = format!(
            "{}: the disk failed during the commit, which may or may not have happened: {}; close and reopen the environment, \
             which checks the file, writes it anew and shows what is there",
            self.core.paths.data().display(),
            failure.error.what()
        );
        Error::new(ErrorKind::CommitOutcomeUnknown, why).taking_up(failure.error)
    }

    /// LMDB reports a short write as a plain I/O error. If the disk has no free blocks, that was the cause.
    fn disk_is_full(&self) -> bool {
        is_full(&self.core.paths.directory())
    }
}

/// A map with fewer free bytes than this may be full at the end of a small commit.
const NARROW: usize = 1 << 20;

fn write_head(applier: &mut Applier<'_, '_, '_>, head: Head, identity: Option<Identity>) -> Result<(), Failure> {
    if let Some(identity) = identity {
        applier.put_catalog(ENV_KEY, &identity.to_bytes())?;
    }
    applier.put_head(&head.to_bytes())
}

/// Writes the catalogue of a new environment. The commit counts no transaction.
pub(crate) fn create_catalog(session: &mut Session<'_>) -> Result<()> {
    session.commit(0, |_, head| {
        head.seq = head.seq.minus(1);
        Ok(())
    })
}
