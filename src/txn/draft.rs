//! Drafts: transactions that take no lock before their commit, which checks what they have read.

mod conflict;
mod read;
mod savepoint;

use std::fmt;
use std::panic::UnwindSafe;
use std::sync::Arc;

use crate::commit::{Held, durability_of};
use crate::durability::Durability;
use crate::env::engine_over;
use crate::error::Result;
use crate::read::ReadLog;
use crate::state::{Base, Wait, WriteView};
use crate::txn::commit_id::CommitId;
use crate::txn::snapshot::Snapshot;
use crate::txn::txn_state::{TxnState, Watch};
use crate::write_set::WriteSet;

pub use savepoint::DraftSavepoint;

/// An optimistic transaction, from [`Snapshot::draft`]: it reads its snapshot and its own changes, takes no lock until
/// [`commit`](Self::commit), and can be held over an `.await`, moved between threads and kept in a struct. Dropping it
/// changes nothing.
///
/// All verbs but the parallel scans take it: those that read as `&draft`, those that write as `&mut draft`. It notes
/// the keys and the ranges that decided their results. The commit compares these with the newest state, and fails with
/// `Conflict` if an entry among them has come, gone, or has another value. So drafts are serializable among each other
/// and with all other transactions, as if each ran at its commit.
///
/// - **Keys** count by their values, whichever verb read them. A value that was changed and changed back is the same.
/// - **Of a range**, what was walked counts: from its beginning to the entry that was returned last, and all of it once
///   nothing is left; likewise from its end. An entry that somebody inserts there is a conflict, as is one that goes.
///   [`first`](crate::Dbi::first), [`floor`](crate::Dbi::floor) and the other neighbours, and
///   [`pop_first`](crate::Dbi::pop_first), walk up to the entry that they return.
/// - **Counting** (`len`, `count`, `rank`, `nth`, `sample`) and [`delete_range`](crate::Dbi::delete_range),
///   [`clear`](crate::Dbi::clear) and their like, which return how many entries they removed, read the whole range that
///   they count.
/// - **Verbs that write and return something** read too: `insert`, `replace`, `update`, `get_or_put`, `delete`, `take`,
///   `retain`, `extract_if`, `append`. A `put`, `put_as`, `put_reserved` and `load` read nothing: the last one to
///   commit wins.
/// - **An own change** decides about its key: reading it reads nothing of the snapshot.
/// - [`estimate`](crate::Dbi::estimate) and [`stat`](crate::Dbi::stat) are no reads: they do not tell the entries.
///
/// Memory: what was read takes about 100 bytes and the key for each key, and as much for each range, where ranges that
/// touch are one. It counts against [`max_txn_bytes`](crate::EnvOptions::max_txn_bytes) together with the changes.
/// While a draft lives, so does its snapshot, with all that [`Snapshot`] says about that;
/// [`max_draft_age`](crate::EnvOptions::max_draft_age) limits the time.
///
/// The cost of a verb is that in a transaction, and the search for what is noted. Rows that a draft deletes one by one
/// stay single deletions, which a later scan passes one by one: popping n entries off one end takes O(n²) steps in a
/// draft. The check at the commit costs O(what was read), less the pages that no commit has changed since.
///
/// DBIs are opened and created outside, before or after the draft began: it has no verbs for that. Its
/// [`id`](crate::Read::id) is one more than that of its snapshot; the number of the commit is what `commit` returns.
///
/// ```
/// use mapleaf::{Dbi, Env, ErrorKind};
/// # fn main() -> mapleaf::Result<()> {
/// let env = Env::temporary()?;
/// let balance: Dbi<&str, i64> = env.dbi("balance")?;
/// env.transact(|txn| balance.put(txn, "ann", 70))?;
///
/// let mut draft = env.snapshot()?.draft();
/// let have = balance.get(&draft, "ann")?.unwrap_or(0);
/// balance.put(&mut draft, "ann", have - 50)?;
/// balance.put(&mut draft, "bob", 50)?;
/// draft.commit()?;
///
/// let mut draft = env.snapshot()?.draft();
/// balance.update(&mut draft, "ann", |have| have.map(|have| have - 20))?;
/// env.transact(|txn| balance.put(txn, "ann", 0))?;
/// let error = draft.commit().unwrap_err();
/// assert_eq!((error.kind(), error.key()), (ErrorKind::Conflict, Some(&b"ann"[..])));
/// assert_eq!(balance.get(&env.snapshot()?, "ann")?, Some(0));
/// # Ok(())
/// # }
/// ```
///
/// It is no [`WriteTxn`](crate::WriteTxn), which stays on its thread:
///
/// ```compile_fail,E0308
/// # let env = mapleaf::Env::temporary().unwrap();
/// fn of_transaction(txn: &mut mapleaf::WriteTxn) {}
/// of_transaction(&mut env.snapshot().unwrap().draft());
/// ```
///
/// A value that was read does not outlive the next change:
///
/// ```compile_fail,E0502
/// # use mapleaf::{Dbi, Env};
/// # fn main() -> mapleaf::Result<()> {
/// # let env = Env::temporary()?;
/// # let names: Dbi<u32, &str> = env.dbi("names")?;
/// let mut draft = env.snapshot()?.draft();
/// let name = names.get(&draft, 1)?;
/// names.put(&mut draft, 2, "bob")?;
/// println!("{name:?}");
/// # Ok(())
/// # }
/// ```
#[must_use = "a draft that is dropped changes nothing"]
#[doc(alias("optimistic", "OptimisticTransaction", "occ"))]
pub struct Draft {
    state: TxnState,
    snapshot: Snapshot,
}

// A panic drops it, and nothing of it is seen.
impl UnwindSafe for Draft {}

impl Snapshot {
    /// Begins a transaction on this state that takes no lock until its commit: see [`Draft`]. The snapshot can be used
    /// further, and dropped.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Dbi<&str, u32> = env.dbi("ages")?;
    /// let mut draft = env.snapshot()?.draft();
    /// ages.put(&mut draft, "ann", 42)?;
    /// std::thread::spawn(move || draft.commit()).join().expect("it does not panic")?;
    /// assert_eq!(ages.get(&env.snapshot()?, "ann")?, Some(42));
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("begin", "optimistic"))]
    pub fn draft(&self) -> Draft {
        let view = &self.lease().view;
        let (core, base) = (view.pinned.core(), Base::Pinned(Arc::clone(&view.pinned)));
        let config = &core.config;
        // If the file is damaged, the number may be unreadable. This method cannot fail, so the first read of a DBI
        // reports the damage.
        let seq = view.seq().unwrap_or_default().next();
        let log = ReadLog::new(base.dbis(), config.max_txn_bytes, config.max_draft_age);
        let view = WriteView { base, layers: view.layers.clone(), seq };
        let state = TxnState::new(core, view, WriteSet::default(), Watch::Reads(Box::new(log)));
        Draft { state, snapshot: self.clone() }
    }
}

impl Draft {
    /// The snapshot that it reads.
    #[must_use]
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Checks what was read, and commits the changes if it is unchanged. Returns the number of the commit, or without
    /// changes that of the state in which the check was made.
    ///
    /// It waits for its turn among all transactions as [`Env::transact`](crate::Env::transact) does, shares commits,
    /// and returns when the commit is as durable as those of the environment are. It blocks the thread: in an async
    /// task, let a thread for blocking work call it. The check runs while other writers wait. A draft that has read and
    /// changed nothing takes no lock.
    ///
    /// # Errors
    /// `Conflict`, which can be retried with a new draft, when what was read has changed, with the DBI and the key of
    /// the first difference; `NotFound` when a DBI that it read or changed was dropped, even if there is another one of
    /// that name; `TooLarge` when what it read and changed took more than `max_txn_bytes`; `Timeout` when it is older
    /// than `max_draft_age`; `Nested` inside a transaction of the same thread; else as
    /// [`Env::transact`](crate::Env::transact). Nothing was changed then, except for `CommitOutcomeUnknown`.
    #[doc(alias("validate"))]
    pub fn commit(self) -> Result<CommitId> {
        self.commit_as("commit", None)
    }

    /// As [`commit`](Self::commit), with a durability of its own, as [`Env::transact_with`](crate::Env::transact_with).
    ///
    /// # Errors
    /// `InvalidArgument` for a durability that does not mix with that of the environment; else as
    /// [`commit`](Self::commit).
    pub fn commit_with(self, durability: Durability) -> Result<CommitId> {
        self.commit_as("commit_with", Some(durability))
    }

    fn commit_as(mut self, operation: &'static str, durability: Option<Durability>) -> Result<CommitId> {
        self.state.check_held().map_err(|error| error.during(operation))?;
        let core = Arc::clone(self.snapshot.lease().view.pinned.core());
        durability_of(&core, durability).map_err(|error| error.during(operation))?;
        if self.state.is_unused() {
            return Ok(CommitId::from(self.snapshot.id()));
        }
        core.check_usable().map_err(|error| error.during(operation))?;
        let engine = engine_over(core);
        let mut held = Held::begin(engine.writer_access(), Wait::Yes, operation, durability)?;
        let (view, set) = held.view().map_err(|error| error.during(operation))?;
        let now = TxnState::new(engine.core(), view, set, Watch::Nothing);
        let (checked, id) = (self.state.check_against(&now), now.id());
        // `now` reads the state that the commit is based on. It is dropped first, because the commit releases the locks
        // that keep this state unchanged.
        drop(now);
        if let Err(error) = checked {
            // The conflict may come from transactions that are not committed yet, and may fail. A commit without
            // changes waits for their outcome, so that no conflict with a failed transaction is reported.
            held.commit(operation, WriteSet::default(), 0)?;
            return Err(error.during(operation));
        }
        let set = self.state.take_set();
        let is_changed = !set.is_empty();
        held.commit(operation, set, 1)?;
        Ok(CommitId::left_by(id, is_changed))
    }

    pub(super) fn state_mut(&mut self) -> &mut TxnState {
        self.state.share_limit();
        &mut self.state
    }
}

impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draft").field("snapshot", &self.snapshot).finish_non_exhaustive()
    }
}
