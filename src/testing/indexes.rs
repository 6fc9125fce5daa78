//! The indexes of changes.

use crate::error::Result;
use crate::store::Backend;
use crate::testing::engines::Engines;
use crate::testing::expect::{same, space};

/// The indexes of a transaction are 0, 1, 2 and so on; each transaction begins with 0.
///
/// # Errors
/// How the law is broken.
pub fn indexes_are_distinct<B: Backend>(engines: &Engines<B>) -> Result<()> {
    let engine = engines.make()?;
    let space = space(&engine, "indexes")?;
    for _ in 0..2 {
        let (indexes, _) = engine.transact(|txn| {
            let mut indexes = Vec::new();
            for n in 0..5_u8 {
                indexes.push(txn.next_index());
                txn.put(&space, (&[n][..]).into(), b"value"[..].into())?;
            }
            Ok(indexes)
        })?;
        same("the indexes of a transaction", &indexes, &vec![0, 1, 2, 3, 4])?;
    }
    Ok(())
}
