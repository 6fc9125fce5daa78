//! The keys of an ordered set of pairs.

use mapleaf::{Env, MultiDbi, Result, Reverse};

#[test]
fn each_key_of_a_set_comes_once_including_the_greatest_of_its_type() -> Result<()> {
    let env = Env::temporary()?;
    let pairs: MultiDbi<u64, u32> = env.multi_dbi("pairs")?;
    let keys = [0, 1, 255, u64::MAX - 1, u64::MAX];
    env.transact(|txn| {
        for key in keys {
            for value in [0, 7, u32::MAX] {
                assert!(pairs.insert(txn, key, value)?);
            }
        }
        assert_eq!(pairs.keys(txn)?.collect::<Result<Vec<_>>>()?, keys);
        Ok(())
    })?;
    assert_eq!(pairs.keys(&env.snapshot()?)?.collect::<Result<Vec<_>>>()?, keys);
    Ok(())
}

#[test]
fn reversed_keys_end_with_the_least() -> Result<()> {
    let env = Env::temporary()?;
    let pairs: MultiDbi<Reverse<u8>, &str> = env.multi_dbi("pairs")?;
    env.transact(|txn| {
        for key in [0, 1, 255] {
            for value in ["", "a", "a\0", "b"] {
                pairs.insert(txn, Reverse(key), value)?;
            }
        }
        Ok(())
    })?;
    let keys = pairs.keys(&env.snapshot()?)?.collect::<Result<Vec<_>>>()?;
    assert_eq!(keys.into_iter().map(|Reverse(key)| key).collect::<Vec<_>>(), [255, 1, 0]);
    Ok(())
}
