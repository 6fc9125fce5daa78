//! A transaction from its beginning to its end: the locks that it holds, and the commit that its changes join.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::commit::busy::{busy, timed_out};
use crate::commit::follower::Following;
use crate::commit::group_commit::{GroupCommit, TransactionLock};
use crate::commit::leader::{commit, commit_leading};
use crate::commit::session::{Begin, Begun, begin_writing};
use crate::commit::writer_access::WriterAccess;
use crate::commit::writing::Writing;
use crate::error::{Error, ErrorKind, Result};
use crate::state::{Core, Wait, WriteView, WriterTurn};
use crate::write_set::WriteSet;

/// How often a transaction that waits until some time asks whether another process has ended its own.
const POLL: Duration = Duration::from_millis(1);

/// The right to change the environment, from the beginning of a transaction to its commit. Dropping it gives the
/// right back and changes nothing. It stays on the thread that began.
pub(crate) struct Held {
    role: Role,
    // Dropped last.
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
    /// Waits, as `wait` says, until no other transaction runs.
    ///
    /// # Errors
    /// Those of [`Env::transact`](crate::Env::transact); `Busy` or `Timeout` if `wait` was too short. They name
    /// `operation`.
    #[inline]
    pub(crate) fn begin(writers: WriterAccess<'_>, wait: Wait, operation: &'static str) -> Result<Self> {
        let named = |error: Error| error.during(operation);
        let writing = begin_writing(writers.core).map_err(named)?;
        match writers.groups {
            None => match begin_newest(writers.core, wait) {
                Ok(begun) => Ok(Self { role: Role::Alone(begun), _writing: writing }),
                Err(error) => Err(named(error)),
            },
            Some(groups) => match shared(writers.core, groups, wait) {
                Ok(role) => Ok(Self { role, _writing: writing }),
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

    /// Commits the changes of `transactions` transactions, together with others if that saves a flush. Returns when
    /// they, and all that they are based on, are as durable as the environment's durability says.
    ///
    /// The caller has dropped what the transaction read: the pending group absorbs `set` only while nothing else
    /// refers to its own changes.
    ///
    /// # Errors
    /// Those of [`Env::transact`](crate::Env::transact). They name `operation`.
    #[inline]
    pub(crate) fn commit(self, operation: &'static str, set: WriteSet, transactions: u64) -> Result<()> {
        let Self { role, _writing } = self;
        let committed = match role {
            Role::Alone(begun) => commit_alone(begun, set, transactions),
            Role::Leads { begun, groups, wait, lock } => commit_leading(begun, &groups, lock, wait, set, transactions),
            Role::Follows(following, lock) => following.commit(lock, set, transactions),
        };
        committed.map_err(|error| error.during(operation))
    }
}

fn commit_alone(begun: Begun, mut set: WriteSet, transactions: u64) -> Result<()> {
    begun.session(|session| {
        if !set.is_empty() {
            commit(session, &set, transactions)?;
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
    // The previous holder may have closed the environment: both ways check that.
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

/// The error of a wait that was too short.
#[cold]
fn missed(core: &Core, wait: Wait) -> Error {
    if wait == Wait::No { busy(core) } else { timed_out(core) }
}
