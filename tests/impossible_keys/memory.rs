//! A look-up of a key that is longer than any stored key takes no memory of its transaction.

use mapleaf::{Batch, Dbi, Env, ErrorKind, Result};

use crate::bytes::LONG;
use crate::common::errors::refused;

#[test]
fn a_deletion_between_long_bounds_fits_a_small_transaction() -> Result<()> {
    let env = Env::options().max_txn_bytes(1 << 16).temporary()?;
    let dbi: Dbi<&[u8], u32> = env.dbi("d")?;
    env.transact(|txn| (0..9_u8).try_for_each(|n| dbi.put(txn, &[b'a' + n], 1)))?;
    let (low, high) = (vec![b'b'; LONG], vec![b'f'; LONG]);
    env.transact(|txn| {
        assert!(!dbi.delete(txn, &low)? && dbi.take(txn, &high)?.is_none());
        assert_eq!(dbi.delete_range(txn, &low[..]..=&high[..])?, 4);
        assert_eq!(dbi.keys(txn)?.collect::<Result<Vec<_>>>()?, [b"a", b"b", b"g", b"h", b"i"]);
        // Between the two bounds of the deleted range, and at them: keys can be put again.
        dbi.put(txn, b"f", 2)?;
        assert_eq!(dbi.count(txn, &low[..]..&high[..])?, 1);
        refused(dbi.put(txn, b"x", 1).and_then(|()| dbi.put(txn, &low, 1)), ErrorKind::TooLarge);
        Ok(())
    })?;
    let mut batch = Batch::new();
    batch.delete_range(&dbi, &low[..]..&high[..])?.delete(&dbi, &low)?;
    env.apply(batch)?;
    let left = dbi.keys(&env.snapshot()?)?.map(|key| Ok(key?.to_vec())).collect::<Result<Vec<_>>>()?;
    assert_eq!(left, [b"a", b"b", b"g", b"h", b"i", b"x"]);
    Ok(())
}
