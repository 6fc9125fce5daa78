//! The write transaction.

use std::fmt;
use std::marker::PhantomData;

use crate::read::RawRead;
use crate::state::{Core, WriteView};
use crate::txn::holding::Holding;
use crate::txn::txn_state::{TxnState, Watch};
use crate::write_set::WriteSet;

/// A transaction that changes DBIs: the `txn` of [`Env::transact`](crate::Env::transact).
///
/// The verbs are methods of the handles, [`Dbi`](crate::Dbi) and [`MultiDbi`](crate::MultiDbi), and take the
/// transaction first. Its reads see the state that it began on, with its own changes laid over it. The changes are
/// kept in memory until the closure returns `Ok`, and are then committed as one. There is no `commit` to call; a
/// [`Transaction`](crate::Transaction), from [`Env::begin`](crate::Env::begin), has one. A transaction stays on the
/// thread that began it; other threads can read it by a [`reader`](Self::reader).
///
/// ```
/// use mapleaf::{Dbi, Env};
/// # fn main() -> mapleaf::Result<()> {
/// let env = Env::temporary()?;
/// let ages: Dbi<&str, u32> = env.dbi("ages")?;
/// env.transact(|txn| {
///     ages.put(txn, "ann", 42)?;
///     assert_eq!(ages.get(txn, "ann")?, Some(42));
///     Ok(())
/// })?;
/// # Ok(())
/// # }
/// ```
///
/// | | |
/// |---|---|
/// | changes | [`Dbi::put`](crate::Dbi::put), [`delete`](crate::Dbi::delete), [`update`](crate::Dbi::update) and the other verbs of [`Dbi`](crate::Dbi) and [`MultiDbi`](crate::MultiDbi) |
/// | reads | [`Dbi::get`](crate::Dbi::get), [`range`](crate::Dbi::range) and the other verbs that take a [`Read`](crate::Read); [`reader`](WriteTxn::reader) for other threads |
/// | savepoints | [`savepoint`](WriteTxn::savepoint), [`savepoint_or`](WriteTxn::savepoint_or), [`savepoint_guard`](WriteTxn::savepoint_guard) |
/// | DBIs | [`dbi`](WriteTxn::dbi), [`multi_dbi`](WriteTxn::multi_dbi), [`create_dbi`](WriteTxn::create_dbi), [`dbi_options`](WriteTxn::dbi_options), [`clear_dbi`](WriteTxn::clear_dbi), [`rename_dbi`](WriteTxn::rename_dbi), [`drop_dbi`](WriteTxn::drop_dbi), [`raw_dbi`](WriteTxn::raw_dbi), [`create_raw_dbi`](WriteTxn::create_raw_dbi) |
///
/// It cannot be moved to another thread:
///
/// ```compile_fail,E0277
/// # let env = mapleaf::Env::temporary().unwrap();
/// env.transact(|txn| {
///     std::thread::scope(|scope| { scope.spawn(|| txn.id()); });
///     Ok(())
/// });
/// ```
#[doc(alias("WriteTransaction", "RwTxn", "write_txn", "commit", "rollback"))]
pub struct WriteTxn {
    pub(super) state: TxnState,
    // Keeps the transaction on its thread, because LMDB's write lock belongs to the thread that took it.
    _on_its_thread: PhantomData<*mut ()>,
}

impl WriteTxn {
    /// On what it is to read, with an empty set, whose buffers may be there already. `holding` is for a transaction
    /// that is held.
    #[inline]
    pub(crate) fn new(core: &Core, view: WriteView, set: WriteSet, holding: Option<Holding>) -> Self {
        let watch = holding.map_or(Watch::Nothing, Watch::End);
        Self { state: TxnState::new(core, view, set, watch), _on_its_thread: PhantomData }
    }

    /// The changes, to be committed.
    #[inline]
    pub(crate) fn take_set(&mut self) -> WriteSet {
        self.state.take_set()
    }

    /// The [`Snapshot::id`](crate::Snapshot::id) of the state that this transaction commits.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.state.raw_id()
    }
}

impl fmt::Debug for WriteTxn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteTxn").field("id", &self.id()).finish_non_exhaustive()
    }
}
