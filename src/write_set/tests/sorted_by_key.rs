//! Sorting keys eight bytes at a time gives the same order as comparing whole keys; entries with equal keys stay in the
//! order in which they were put.

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use crate::write_set::arena::Arena;
use crate::write_set::entry::Entry;
use crate::write_set::sort::sort;

fn check(keys: &[Vec<u8>]) -> Result<(), TestCaseError> {
    let mut arena = Arena::default();
    let mut entries = Vec::new();
    for (n, key) in keys.iter().enumerate() {
        let record = arena.push(key, Some(&n.to_le_bytes())).map_err(|error| TestCaseError::fail(error.to_string()))?;
        entries.push(Entry::new(key, 0, record));
    }
    sort(&mut entries, &arena, 0);
    let mut expected: Vec<_> = keys.iter().zip(0_usize..).collect();
    expected.sort();
    let found: Vec<_> = entries.iter().map(|entry| arena.record(entry.record)).collect();
    let expected: Vec<_> = expected.into_iter().map(|(key, n)| (key.clone(), n.to_le_bytes())).collect();
    prop_assert!(found.iter().zip(&expected).all(|(found, (key, n))| *found == (&key[..], Some(&n[..]))));
    prop_assert!(entries.iter().all(|entry| Entry::new(arena.key(entry.record), 0, entry.record).head == entry.head));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn keys_with_common_prefixes_that_differ_in_zeros_and_length(
        parts in prop::collection::vec((0_usize..3, prop::collection::vec(0_u8..2, 0..20)), 1..400),
    ) {
        let begins = [&b""[..], b"a common beginning of some words ", &[0; 16]];
        check(&parts.iter().map(|(begin, rest)| [begins[*begin], rest].concat()).collect::<Vec<_>>())?;
    }

    #[test]
    fn keys_of_any_bytes(keys in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..12), 0..300)) {
        check(&keys)?;
    }
}
