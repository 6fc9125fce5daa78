//! What can be written to: write transactions, in all their forms.

use crate::txn::read::Read;
use crate::txn::savepoint::SavepointGuard;
use crate::txn::transaction::Transaction;
use crate::txn::write::WriteTxn;

/// A transaction to write to: a [`WriteTxn`], a [`Transaction`], a [`SavepointGuard`], or a reference to one.
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
    fn write_txn(&mut self) -> &mut WriteTxn;
}

impl Writable for WriteTxn {
    #[inline]
    fn write_txn(&mut self) -> &mut WriteTxn {
        self
    }
}

impl Writable for Transaction {
    #[inline]
    fn write_txn(&mut self) -> &mut WriteTxn {
        self
    }
}

impl Writable for SavepointGuard<'_> {
    #[inline]
    fn write_txn(&mut self) -> &mut WriteTxn {
        self
    }
}

impl<W: Writable> Writable for &mut W {
    #[inline]
    fn write_txn(&mut self) -> &mut WriteTxn {
        (**self).write_txn()
    }
}
