//! What can be written to: write transactions, in all their forms.

use crate::txn::draft::{Draft, DraftSavepoint};
use crate::txn::read::Read;
use crate::txn::savepoint::SavepointGuard;
use crate::txn::transaction::Transaction;
use crate::txn::txn_state::TxnState;
use crate::txn::write_txn::WriteTxn;

/// A transaction to write to: a [`WriteTxn`], a [`Transaction`], a [`Draft`], a savepoint guard, or a reference to one.
///
/// A helper function over `impl Write` serves all. Sealed.
///
/// ```
/// use mapleaf::{Dbi, Env, Result, Write};
///
/// fn rename(ages: &Dbi<&str, u32>, txn: &mut impl Write, from: &str, to: &str) -> Result<bool> {
///     let Some(age) = ages.take(txn, from)? else { return Ok(false) };
///     ages.put(txn, to, age)?;
///     Ok(true)
/// }
///
/// # fn main() -> Result<()> {
/// let env = Env::temporary()?;
/// let ages: Dbi<&str, u32> = env.dbi("ages")?;
/// env.transact(|txn| ages.put(txn, "ann", 42))?;
/// env.transact(|txn| rename(&ages, txn, "ann", "bob"))?;
/// let mut txn = env.begin()?;
/// assert!(rename(&ages, &mut txn, "bob", "cid")?);
/// txn.commit()?;
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a transaction to write to",
    note = "pass the `&mut WriteTxn` of `transact`, or a `&mut Transaction` from `begin`"
)]
pub trait Write: Read + Writable {}

impl<W: Read + Writable> Write for W {}

/// What leads to the transaction's changes.
pub trait Writable {
    #[doc(hidden)]
    fn write_txn(&mut self) -> Access<'_>;
}

/// Access to a transaction's changes that only this crate can use: a program could exchange the changes of two
/// transactions.
pub struct Access<'t>(pub(super) &'t mut TxnState);

impl<'t> Access<'t> {
    #[inline]
    pub(crate) fn open(self) -> &'t mut TxnState {
        self.0
    }
}

impl Writable for WriteTxn {
    #[inline]
    fn write_txn(&mut self) -> Access<'_> {
        Access(&mut self.state)
    }
}

impl Writable for Transaction {
    #[inline]
    fn write_txn(&mut self) -> Access<'_> {
        (**self).write_txn()
    }
}

impl Writable for SavepointGuard<'_> {
    #[inline]
    fn write_txn(&mut self) -> Access<'_> {
        (**self).write_txn()
    }
}

impl Writable for Draft {
    fn write_txn(&mut self) -> Access<'_> {
        Access(self.state_mut())
    }
}

impl Writable for DraftSavepoint<'_> {
    fn write_txn(&mut self) -> Access<'_> {
        (**self).write_txn()
    }
}

impl<W: Writable> Writable for &mut W {
    #[inline]
    fn write_txn(&mut self) -> Access<'_> {
        (**self).write_txn()
    }
}
