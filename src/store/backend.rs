//! The trait of engines that the store layer runs on.

use std::borrow::Cow;
use std::fmt;
use std::ops::{Bound, ControlFlow};
use std::time::Duration;

use crate::error::Result;
use crate::store::changes::{Changes, Stamped};
use crate::txn::CommitId;

/// An ordered, transactional engine: all that the store layer needs, and no more.
///
/// It has named spaces of bytes under ordered byte keys, snapshots of all spaces at once, and atomic commits. It can be
/// on another machine: values are owned or borrowed, conditions are data, and the closure of [`transact`](Self::transact)
/// may run again after a conflict.
///
/// Errors tell the store layer what to do: `Conflict` where a condition does not hold, `Unavailable` and `Timeout` where
/// the engine did not answer and nothing was committed, `CommitOutcomeUnknown` where nobody can say.
///
/// [`Env`](crate::Env) and [`Memory`](crate::store::Memory) implement it. A program can bring an engine of its own:
///
/// - One that runs closures under a lock commits by [`Changes::check`] and [`Changes::make`] in a transaction.
/// - One that has only snapshots and conditional commits, as behind a network, has its transactions from
///   [`transact_optimistically`](crate::store::transact_optimistically).
/// - The module `testing` (feature `testing`) checks that it keeps the laws.
///
/// ```
/// use std::ops::{Bound, ControlFlow};
///
/// use mapleaf::store::{Backend, BackendRead, Order};
/// use mapleaf::{Env, Result};
///
/// /// The keys that begin with a letter, over any engine.
/// fn beginning_with<B: Backend>(engine: &B, space: &B::Space, letter: u8) -> Result<Vec<Vec<u8>>> {
///     let mut keys = Vec::new();
///     let span = (Bound::Included(&[letter][..]), Bound::Excluded(&[letter + 1][..]));
///     engine.snapshot()?.scan(space, span, Order::Ascending, usize::MAX, &mut |key, _| {
///         keys.push(key.to_vec());
///         ControlFlow::Continue(())
///     })?;
///     Ok(keys)
/// }
///
/// # fn main() -> Result<()> {
/// let env = Env::temporary()?;
/// let ages = Backend::open_space(&env, "__store/people/ages", "str", "u8")?;
/// let ((), committed) = Backend::transact(&env, |txn| {
///     txn.put(&ages, b"ann"[..].into(), (&[42_u8][..]).into())?;
///     txn.put(&ages, b"bob"[..].into(), (&[3_u8][..]).into())
/// })?;
/// assert_eq!(u64::from(committed.id), env.snapshot()?.id());
/// assert_eq!(beginning_with(&env, &ages, b'a')?, [b"ann"]);
/// # Ok(())
/// # }
/// ```
pub trait Backend: Clone + Send + Sync + 'static {
    /// The handle of a space. A clone is cheap.
    type Space: Clone + fmt::Debug + Send + Sync + 'static;
    /// One committed state of all spaces. A clone is cheap.
    type Snapshot: BackendRead<Space = Self::Space> + Clone + Send + Sync + 'static;

    /// What this engine can do.
    fn capabilities(&self) -> Capabilities;

    /// The identity of the engine's data: values that are bound to their place are bound to it.
    fn id(&self) -> [u8; 16];

    /// Opens the space `name`, and creates it if it is absent. `key` and `value` name the types of its keys and values,
    /// for programs that show them. The spaces of a store are named `__store/<store>/<part>`; an engine may refuse other
    /// names.
    ///
    /// # Errors
    /// `SchemaMismatch` if it was created with other types; `InvalidArgument` for a name that it does not take; `ReadOnly`
    /// if it is absent and cannot be created; `DbisFull` when there are too many; `Closed`, `Unavailable`, `Timeout`.
    fn open_space(&self, name: &str, key: &str, value: &str) -> Result<Self::Space>;

    /// The newest committed state.
    ///
    /// # Errors
    /// `Closed`, `Unavailable`, `Timeout`; what the engine adds.
    fn snapshot(&self) -> Result<Self::Snapshot>;

    /// Commits all of `changes` if all of its conditions hold, else nothing.
    ///
    /// # Errors
    /// `Conflict` when conditions do not hold, caused by [`FailedConditions`](crate::store::FailedConditions), which lists
    /// all of them; `InvalidKey` for an empty key, `TooLarge` for a key or value over the limit, `InvalidArgument` for a
    /// field outside its bytes and for a space of another engine; `ReadOnly`, `Closed`, `Unavailable`, `Timeout`: nothing was committed; `CommitOutcomeUnknown`.
    fn commit(&self, changes: Changes<Self::Space>) -> Result<Committed>;

    /// Runs `work` on a state and commits its changes if that state is still what `work` read. Runs `work` again if it
    /// is not: `work` must have no other effects. An error of `work`, or a panic, commits nothing. Without changes,
    /// nothing is committed, and the result names the state that was read.
    ///
    /// # Errors
    /// What `work` returns; else as [`commit`](Self::commit).
    fn transact<T>(&self, work: impl FnMut(&mut dyn BackendTxn<Self::Space>) -> Result<T>) -> Result<(T, Committed)>;

    /// Waits for a commit after `since`, at most for `limit`, and returns the id of the newest state.
    ///
    /// # Errors
    /// `Timeout`; as [`snapshot`](Self::snapshot).
    fn wait_changed(&self, since: CommitId, limit: Duration) -> Result<CommitId>;
}

/// A state to read from.
pub trait BackendRead {
    /// The handle of a space.
    type Space;

    /// The id of the last commit in this state.
    fn id(&self) -> CommitId;

    /// The incarnation of the engine when it gave this state.
    fn incarnation(&self) -> u64;

    /// The value of `key`.
    ///
    /// # Errors
    /// `Corrupted`, `Closed`, `Unavailable`, `Timeout`.
    fn get(&self, space: &Self::Space, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>>;

    /// Calls `each` with the rows of a span of keys, in order, until it breaks. A space that was created after this
    /// state is empty in it. `wanted` is how many rows the caller
    /// expects to take: an engine that fetches pages need not fetch more.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    fn scan(
        &self,
        space: &Self::Space,
        span: KeySpan<'_>,
        order: Order,
        wanted: usize,
        each: &mut EachRow<'_>,
    ) -> Result<()>;

    /// The number of rows in a span of keys. By default by a scan.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    fn count(&self, space: &Self::Space, span: KeySpan<'_>) -> Result<u64> {
        let mut rows = 0;
        self.scan(space, span, Order::Ascending, usize::MAX, &mut |_, _| {
            rows += 1;
            ControlFlow::Continue(())
        })?;
        Ok(rows)
    }
}

/// A transaction: reads a state with its own changes laid over it.
pub trait BackendTxn<S> {
    /// The value of `key`.
    ///
    /// # Errors
    /// As [`BackendRead::get`].
    fn get(&self, space: &S, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>>;

    /// As [`get`](Self::get), but the transaction does not depend on what is read: it need not run again because that has
    /// changed since. For hints. By default as `get`.
    ///
    /// # Errors
    /// As [`BackendRead::get`].
    fn peek(&self, space: &S, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>> {
        self.get(space, key)
    }

    /// As [`BackendRead::scan`].
    ///
    /// # Errors
    /// As [`BackendRead::get`].
    fn scan(&self, space: &S, span: KeySpan<'_>, order: Order, wanted: usize, each: &mut EachRow<'_>) -> Result<()>;

    /// Stores `value` under `key`. Fields of both may be filled by the commit.
    ///
    /// # Errors
    /// `InvalidKey`, `TooLarge`; as [`BackendRead::get`].
    fn put(&mut self, space: &S, key: Stamped<'_>, value: Stamped<'_>) -> Result<()>;

    /// Deletes `key`. Deleting an absent key does nothing.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    fn delete(&mut self, space: &S, key: &[u8]) -> Result<()>;

    /// Deletes all rows in a span of keys.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    fn delete_span(&mut self, space: &S, span: KeySpan<'_>) -> Result<()>;

    /// A number for the next change, which no other change of this commit has: 0, 1, 2 and so on. A change that is
    /// undone leaves a gap.
    fn next_index(&mut self) -> u32;
}

/// A span of keys, in byte order.
pub type KeySpan<'k> = (Bound<&'k [u8]>, Bound<&'k [u8]>);

/// What a scan calls with each key and value, until it breaks.
pub type EachRow<'e> = dyn FnMut(&[u8], &[u8]) -> ControlFlow<()> + 'e;

/// The direction of a scan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Order {
    /// From the least key on.
    #[default]
    Ascending,
    /// From the greatest key down: the exact reverse.
    Descending,
}

/// What was committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Committed {
    /// The id of the commit; of the state that was read, if nothing was changed.
    pub id: CommitId,
    /// The incarnation of the engine that committed: drawn at random when commit ids might repeat, as in a copy.
    pub incarnation: u64,
}

/// How soon all see a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Consistency {
    /// Linearizable on one machine, in all its processes; not replicated.
    Local,
    /// Linearizable over several machines.
    Linearizable,
    /// Eventually.
    Eventual,
}

/// What an engine can do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Capabilities {
    /// The name of the engine: `lmdb`, `memory`.
    pub backend: &'static str,
    /// How soon all see a commit.
    pub consistency: Consistency,
    /// Whether a commit survives the end of the process.
    pub durable: bool,
    /// Whether it can only be read.
    pub read_only: bool,
    /// Whether commits of other processes are seen.
    pub shared: bool,
    /// The longest key in bytes.
    pub max_key_len: usize,
    /// The longest value in bytes.
    pub max_value_len: usize,
}
