//! A transaction from its beginning to its end: the locks that it holds, and the commit that its changes join.

use std::mem;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::commit::busy::{busy, timed_out};
use crate::commit::follower::Following;
use crate::commit::group_commit::{GroupCommit, TransactionLock};
use crate::commit::leader::{commit, commit_leading};
use crate::commit::moving::commit_moving;
use crate::commit::pipeline::Contribution;
use crate::commit::session::{Begin, Begun, begin_writing};
use crate::commit::writer_access::WriterAccess;
use crate::commit::writing::Writing;
use crate::durability::Durability;
use crate::error::{Error, ErrorKind, Result};
use crate::os::LockFile;
use crate::state::{Core, State, Wait, WriteView, WriterTurn};
use crate::write_set::WriteSet;

/// How often a transaction that waits until some time checks whether another process has ended its own.
const POLL: Duration = Duration::from_millis(1);

/// The right to change the environment, from the beginning of a transaction to its commit. Dropping it gives the
/// right back and changes nothing. It stays on the thread that began.
pub(crate) struct Held {
    role: Role,
    durability: Durability,
    // Dropped last: the thread counts as inside a transaction until all its locks are released.
    _writing: Writing,
}

/// How the changes will be committed. The parts are dropped in their order: LMDB's transaction and the writer's lock
/// first, the transaction lock last.
enum Role {
    /// By a commit of their own.
    Alone(Begun),
    /// By a commit that others may join.
    Leads { begun: Begun, groups: Arc<GroupCommit>, wait: Wait, lock: TransactionLock },
    /// With the pending group.
    Follows(Following, TransactionLock),
}

impl Held {
    /// Waits, as `wait` says, until no other transaction runs. `durability` is that of the commit; `None` for that of
    /// the environment.
    ///
    /// # Errors
    /// Those of [`Env::transact`](crate::Env::transact); `Busy` or `Timeout` if `wait` was too short; `InvalidArgument`
    /// for a durability that does not mix with that of the environment. They name `operation`.
    #[inline]
    pub(crate) fn begin(
        writers: WriterAccess<'_>,
        wait: Wait,
        operation: &'static str,
        durability: Option<Durability>,
    ) -> Result<Self> {
        let named = |error: Error| error.during(operation);
        let durability = durability_of(writers.core, durability).map_err(named)?;
        let writing = begin_writing(writers.core).map_err(named)?;
        match writers.groups {
            None => match begin_newest(writers.core, wait) {
                Ok(begun) => Ok(Self { role: Role::Alone(begun), durability, _writing: writing }),
                Err(error) => Err(named(error)),
            },
            Some(groups) => match shared(writers.core, groups, wait) {
                Ok(role) => Ok(Self { role, durability, _writing: writing }),
                Err(error) => Err(named(error)),
            },
        }
    }

    /// What the transaction reads below its own changes, and an empty set for those. Asked for once.
    ///
    /// # Errors
    /// `Corrupted`.
    #[inline]
    pub(crate) fn view(&mut self) -> Result<(WriteView, WriteSet)> {
        match &mut self.role {
            Role::Alone(begun) => {
                let set = begun.state().kept.take().unwrap_or_default();
                Ok((WriteView::over_newest(begun.base())?, set))
            }
            Role::Leads { begun, .. } => Ok((WriteView::over_newest(begun.base())?, WriteSet::default())),
            Role::Follows(following, _) => {
                let view = following.take_view().ok_or_else(|| {
                    Error::new(ErrorKind::InvalidArgument, "a transaction's view is taken once; begin another")
                })?;
                Ok((WriteView::over(view)?, WriteSet::default()))
            }
        }
    }

    /// The state that the transaction reads, if only the locks keep its pages.
    pub(crate) fn unpinned_base(&self) -> Option<(&Arc<Core>, &Arc<State>)> {
        match &self.role {
            Role::Alone(begun) | Role::Leads { begun, .. } => Some((begun.core(), begun.base())),
            Role::Follows(..) => None,
        }
    }

    /// Keeps the locks as long as the process lives, and other mapleaf processes from writing. LMDB's lock alone would
    /// be free for them when this thread has ended.
    pub(crate) fn keep_for_ever(self) {
        if let Some((core, _)) = self.unpinned_base()
            && core.is_own_process()
        {
            mem::forget(core.lock_file().and_then(LockFile::pause_others));
        }
        mem::forget(self);
    }

    /// Commits the changes of `transactions` transactions, together with others if that saves a flush. Returns when
    /// they, and all that they are based on, are as durable as was requested.
    ///
    /// The caller has dropped what the transaction read: the pending group absorbs `set` only while nothing else
    /// refers to its own changes.
    ///
    /// # Errors
    /// Those of [`Env::transact`](crate::Env::transact). They name `operation`.
    #[inline]
    pub(crate) fn commit(self, operation: &'static str, set: WriteSet, transactions: u64) -> Result<()> {
        let Self { role, durability, _writing } = self;
        let made = |set: &WriteSet| Contribution { bytes: set.bytes(), transactions, durability };
        let committed = match role {
            Role::Alone(begun) => commit_alone(begun, set, transactions, durability),
            Role::Leads { begun, groups, wait, lock } => {
                let made = made(&set);
                commit_leading(begun, &groups, lock, wait, set, made)
            }
            Role::Follows(following, lock) => {
                let made = made(&set);
                following.commit(lock, set, made)
            }
        };
        committed.map_err(|error| error.during(operation))
    }
}

fn commit_alone(begun: Begun, mut set: WriteSet, transactions: u64, durability: Durability) -> Result<()> {
    begun.session(|session| {
        if set.has_large() {
            commit_moving(session, &mut set, transactions, durability)?;
        } else if !set.is_empty() {
            commit(session, &set, transactions, durability)?;
        }
        set.reset();
        session.keep(set);
        Ok(())
    })
}

/// A transaction that leads, if nothing is being committed, or else follows.
fn shared(core: &Arc<Core>, groups: &Arc<GroupCommit>, wait: Wait) -> Result<Role> {
    let lock_file = core.lock_file()?;
    let lock = groups.acquire(wait).ok_or_else(|| missed(core, wait))?;
    // The previous holder of the transaction lock may have closed the environment. Following and leading both check for
    // that when they begin.
    let basis = if wait == Wait::No { None } else { groups.basis_for(core, lock_file, wait)? };
    if let Some(basis) = basis {
        return Ok(Role::Follows(Following::begin(core, groups, basis), lock));
    }
    let begun = begin_newest(core, wait)?;
    Ok(Role::Leads { begun, groups: Arc::clone(groups), wait, lock })
}

/// Begins LMDB's transaction on the newest state.
fn begin_newest(core: &Arc<Core>, wait: Wait) -> Result<Begun> {
    if wait == Wait::Yes {
        return Begun::begin(WriterTurn::wait_for(core), Begin::Newest);
    }
    loop {
        let turn = WriterTurn::acquire(core, wait).ok_or_else(|| missed(core, wait))?;
        let begun = if core.is_other_writing() { Err(busy(core)) } else { Begun::begin(turn, Begin::NewestOrBusy) };
        match (begun, wait) {
            (Err(error), Wait::Until(deadline)) if error.kind() == ErrorKind::Busy => {
                if Instant::now() >= deadline {
                    return Err(timed_out(core));
                }
                thread::sleep(POLL);
            }
            (begun, _) => return begun,
        }
    }
}

/// The durability of a commit for which `asked` was asked.
///
/// # Errors
/// `InvalidArgument` for one that does not mix with that of the environment: a flushed commit must not be based on one
/// that is not flushed.
#[inline]
pub(crate) fn durability_of(core: &Core, asked: Option<Durability>) -> Result<Durability> {
    let of_env = core.config.durability;
    let asked = asked.unwrap_or(of_env);
    if (of_env == Durability::Process) == (asked == Durability::Process) {
        Ok(asked)
    } else {
        Err(mixed(of_env, asked))
    }
}

#[cold]
fn mixed(of_env: Durability, asked: Durability) -> Error {
    let why = format!(
        "the environment is open with durability {of_env:?}, which does not mix with {asked:?}: an environment of Process \
         takes commits of Process alone, and no other one takes those"
    );
    Error::new(ErrorKind::InvalidArgument, why)
}

/// The error of a wait that was too short.
#[cold]
fn missed(core: &Core, wait: Wait) -> Error {
    if wait == Wait::No { busy(core) } else { timed_out(core) }
}
