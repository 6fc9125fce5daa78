//! Calls every read method of a set of pairs in a damaged file.

use mapleaf::{MultiDbi, Result, Snapshot};

use crate::common::damage::typed;

/// Calls all methods of a set. If it is `whole`, all of them must agree with the scan of the pairs.
pub fn run(set: &MultiDbi<u16, u32>, snap: &Snapshot, whole: bool, most: usize) {
    let scan: Result<Vec<_>> = set.pairs(snap).and_then(Iterator::collect);
    if let Err(error) = &scan {
        typed(error);
    }
    let truth = scan.ok().filter(|_| whole);
    if let Err(error) = verbs(set, snap, truth.as_deref(), most) {
        typed(&error);
        assert!(truth.is_none(), "{error:?}");
    }
}

fn verbs(set: &MultiDbi<u16, u32>, snap: &Snapshot, truth: Option<&[(u16, u32)]>, most: usize) -> Result<()> {
    let mut keys: Vec<u16> = set.keys(snap)?.collect::<Result<_>>()?;
    assert!(keys.len() <= most, "keys without end");
    if let Some(truth) = truth {
        let mut expected: Vec<u16> = truth.iter().map(|pair| pair.0).collect();
        expected.dedup();
        assert_eq!(keys, expected);
        assert_eq!((set.len(snap)?, set.is_empty(snap)?), (truth.len() as u64, truth.is_empty()));
    }
    keys.truncate(3);
    keys.push(9);
    for key in keys {
        let values: Vec<u32> = set.values(snap, key)?.collect::<Result<_>>()?;
        let backwards: Vec<u32> = set.values(snap, key)?.rev().collect::<Result<_>>()?;
        let few: Vec<u32> = set.values_range(snap, key, 10..20)?.collect::<Result<_>>()?;
        let (count, some) = (set.count(snap, key)?, set.contains_key(snap, key)?);
        let one = set.contains(snap, key, 5)?;
        assert!(values.len().max(backwards.len()).max(few.len()) <= most, "values without end");
        if let Some(truth) = truth {
            let expected: Vec<u32> = truth.iter().filter(|pair| pair.0 == key).map(|pair| pair.1).collect();
            assert_eq!((&values, count, some), (&expected, expected.len() as u64, !expected.is_empty()));
            assert!(backwards.iter().rev().eq(&expected));
            assert!(few.iter().eq(expected.iter().filter(|value| (10..20).contains(*value))));
            assert_eq!(one, expected.contains(&5));
        }
    }
    let range: Vec<(u16, u32)> = set.range(snap, (1, 50)..(3, 20))?.collect::<Result<_>>()?;
    if let Some(truth) = truth {
        assert!(range.iter().eq(truth.iter().filter(|pair| ((1, 50)..(3, 20)).contains(*pair))));
    }
    Ok(())
}
