//! A handle is accepted in a state only after it was checked against the catalogue, whatever epoch the file claims.

use crate::{Dbi, Env, Result};

#[test]
fn under_the_highest_epoch_too() -> Result<()> {
    let env = Env::temporary()?;
    let rows: Dbi<u64, u64> = env.dbi("rows")?;
    let other: Dbi<u64, u64> = env.dbi("other")?;
    for epoch in [0, 1, u64::MAX - 1] {
        assert!(!other.dbi.is_checked(epoch), "nothing was looked up under {epoch}");
        rows.dbi.set_checked(epoch, "rows");
        assert!(rows.dbi.is_checked(epoch) && !rows.dbi.is_checked(epoch + 1), "{epoch}");
    }
    // Only a crafted file has this epoch, and no check is remembered under it.
    assert!(!other.dbi.is_checked(u64::MAX));
    rows.dbi.set_checked(u64::MAX, "rows");
    assert!(!rows.dbi.is_checked(u64::MAX) && !rows.dbi.is_checked(0));
    Ok(())
}
