//! What can be read from: snapshots and write transactions, in all their forms.

use std::ops::Bound;
use std::sync::Arc;

use crate::catalog::DbiRef;
use crate::error::Result;
use crate::page::TreeRecord;
use crate::read::{RawEntry, RawRead};
use crate::txn::draft::{Draft, DraftSavepoint};
use crate::txn::savepoint::SavepointGuard;
use crate::txn::transaction::Transaction;
use crate::txn::txn_state::TxnState;
use crate::txn::write_txn::WriteTxn;

/// A state to read from: a [`Snapshot`](crate::Snapshot), a [`WriteTxn`](crate::WriteTxn), a
/// [`Transaction`](crate::Transaction), a [`Reader`](crate::Reader) of one, a [`Draft`](crate::Draft), or a reference
/// to one of them.
///
/// A helper function over `impl Read` serves all. Sealed.
///
/// ```
/// use mapleaf::{Dbi, Env, Read, Result};
///
/// fn total(ages: &Dbi<&str, u32>, state: &impl Read) -> Result<u32> {
///     ages.values(state)?.sum()
/// }
///
/// # fn main() -> Result<()> {
/// let env = Env::temporary()?;
/// let ages: Dbi<&str, u32> = env.dbi("ages")?;
/// env.transact(|txn| {
///     ages.put(txn, "ann", 42)?;
///     ages.put(txn, "bob", 3)?;
///     assert_eq!(total(&ages, txn)?, 45);
///     Ok(())
/// })?;
/// assert_eq!(total(&ages, &env.snapshot()?)?, 45);
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a state to read from",
    note = "pass a `&Snapshot` or the `&mut WriteTxn` of `transact`"
)]
pub trait Read: RawRead {
    /// The number of transactions committed up to this state. A transaction counts itself.
    fn id(&self) -> u64 {
        self.raw_id()
    }
}

impl<R: RawRead> Read for R {}

macro_rules! forward {
    ($(($($generics:tt)*) $type:ty => $target:ty, |$this:ident| $inner:expr;)+) => {$(
        impl<$($generics)*> RawRead for $type {
            type Cursor<'t> = <$target as RawRead>::Cursor<'t> where Self: 't;

            fn raw_uuid(&self) -> &[u8; 16] {
                ({ let $this = self; $inner }).raw_uuid()
            }

            fn raw_id(&self) -> u64 {
                ({ let $this = self; $inner }).raw_id()
            }

            #[inline]
            fn raw_get<'t, const W: usize>(&'t self, dbi: &DbiRef, key: &[u8]) -> Result<Option<&'t [u8]>> {
                ({ let $this = self; $inner }).raw_get::<W>(dbi, key)
            }

            fn raw_get_many<'t, const W: usize>(
                &'t self,
                dbi: &DbiRef,
                keys: &[&[u8]],
                each: impl FnMut(usize, Option<&'t [u8]>),
            ) -> Result<()> {
                ({ let $this = self; $inner }).raw_get_many::<W>(dbi, keys, each)
            }

            fn raw_rank(&self, dbi: &DbiRef, key: &[u8]) -> Result<u64> {
                ({ let $this = self; $inner }).raw_rank(dbi, key)
            }

            fn raw_range<'t>(
                &'t self,
                dbi: &DbiRef,
                lower: Bound<&[u8]>,
                upper: Bound<&[u8]>,
            ) -> Result<Self::Cursor<'t>> {
                ({ let $this = self; $inner }).raw_range(dbi, lower, upper)
            }

            #[inline]
            fn raw_range_of<'t>(
                &'t self,
                dbi: &DbiRef,
                width: usize,
                lower: Bound<&[u8]>,
                upper: Bound<&[u8]>,
            ) -> Result<Self::Cursor<'t>> {
                ({ let $this = self; $inner }).raw_range_of(dbi, width, lower, upper)
            }

            fn raw_tree(&self, dbi: &DbiRef) -> Result<(TreeRecord, u32)> {
                ({ let $this = self; $inner }).raw_tree(dbi)
            }

            fn raw_len(&self, dbi: &DbiRef) -> Result<u64> {
                ({ let $this = self; $inner }).raw_len(dbi)
            }

            fn raw_count(&self, dbi: &DbiRef, lower: Bound<&[u8]>, upper: Bound<&[u8]>) -> Result<u64> {
                ({ let $this = self; $inner }).raw_count(dbi, lower, upper)
            }

            fn raw_estimate(&self, dbi: &DbiRef, lower: Bound<&[u8]>, upper: Bound<&[u8]>) -> Result<u64> {
                ({ let $this = self; $inner }).raw_estimate(dbi, lower, upper)
            }

            fn raw_nth<'t>(&'t self, dbi: &DbiRef, n: u64) -> Result<Option<RawEntry<'t>>> {
                ({ let $this = self; $inner }).raw_nth(dbi, n)
            }

            fn raw_split(
                &self,
                dbi: &DbiRef,
                lower: Bound<&[u8]>,
                upper: Bound<&[u8]>,
                parts: usize,
            ) -> Result<Vec<Vec<u8>>> {
                ({ let $this = self; $inner }).raw_split(dbi, lower, upper, parts)
            }
        }
    )+};
}

forward!(
    ('r, R: RawRead) &'r R => R, |this| &**this;
    ('r, R: RawRead) &'r mut R => R, |this| &**this;
    (R: RawRead) Arc<R> => R, |this| &**this;
    () WriteTxn => TxnState, |this| &this.state;
    () Transaction => WriteTxn, |this| &**this;
    ('s) SavepointGuard<'s> => WriteTxn, |this| &**this;
    ('d) DraftSavepoint<'d> => Draft, |this| &**this;
);
