//! Keys that share prefixes with many others are found by their further words, whatever happens in between: reads,
//! removals, splits of blocks, savepoints, and keys with other prefixes.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;

use crate::page::steps::steps_of;
use crate::write_set::changes::DbiChanges;

#[derive(Clone, Debug)]
enum Step {
    Put(u16, u8),
    Delete(u16),
    /// Forgets what was put, and leaves no deletion.
    Forget(u16),
    /// Puts many keys, without a read in between.
    Load(u16, u16),
    Gap(u16, u16),
    Find(u16),
}

/// Keys with three prefixes that are longer than a head, and one that ends within it; some are prefixes of others.
fn key(n: u16) -> Vec<u8> {
    let start: &[u8] = [&b"customers/"[..], b"customers/of-old/", b"orders/2026/", b"zone"][usize::from(n % 4)];
    let mut key = start.to_vec();
    key.extend_from_slice(format!("{:04}", n / 8).as_bytes());
    key.extend_from_slice(&b"\0\0-and-a-tail"[..usize::from(n % 5) * 2]);
    key
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let n = 0..4000_u16;
    let step = prop_oneof![
        8 => (n.clone(), any::<u8>()).prop_map(|(n, value)| Step::Put(n, value)),
        2 => n.clone().prop_map(Step::Delete),
        2 => n.clone().prop_map(Step::Forget),
        1 => (n.clone(), 1..600_u16).prop_map(|(n, count)| Step::Load(n, count)),
        1 => (n.clone(), 1..40_u16).prop_map(|(n, count)| Step::Gap(n, count)),
        2 => n.prop_map(Step::Find),
    ];
    (0..4000_u16, vec(step, 1..400)).prop_map(|(first, mut steps)| {
        // Mostly enough keys to split blocks.
        steps.insert(0, Step::Load(first, 600));
        steps
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn with_a_map(steps in steps()) {
        let (mut changes, mut model) = (DbiChanges::new(), BTreeMap::new());
        for step in steps {
            match step {
                Step::Put(n, value) => {
                    changes.lower(&key(n));
                    changes.put(&key(n), &[value]).expect("put");
                    model.insert(key(n), Some(vec![value]));
                }
                Step::Delete(n) => {
                    changes.lower(&key(n));
                    changes.delete(&key(n)).expect("deleted");
                    model.insert(key(n), None);
                }
                Step::Forget(n) => {
                    let (position, is_there) = changes.lower(&key(n));
                    prop_assert_eq!(is_there, model.remove(&key(n)).is_some());
                    if is_there {
                        changes.forget_at(position);
                    }
                }
                Step::Load(n, count) => {
                    for n in n..n + count {
                        let n = n.wrapping_mul(7919) % 4000;
                        changes.put(&key(n), &[1]).expect("put");
                        model.insert(key(n), Some(vec![1]));
                    }
                }
                Step::Gap(n, count) => {
                    let (from, to) = (key(n), key(n.saturating_add(count)));
                    changes.gap(&from, Some(&to));
                    model.retain(|key, _| !(from <= *key && *key < to));
                }
                Step::Find(n) => {
                    let (position, is_there) = changes.lower(&key(n));
                    let next = model.range(key(n)..).next();
                    prop_assert_eq!(changes.key_at(position), next.map(|(key, _)| &key[..]));
                    prop_assert_eq!(is_there, next.is_some_and(|(next, _)| *next == key(n)));
                }
            }
        }
        let all = changes.iter().map(|(key, value)| (key.to_vec(), value.map(<[u8]>::to_vec)));
        prop_assert_eq!(all.collect::<BTreeMap<_, _>>(), model.clone());
        for (key, value) in &model {
            prop_assert_eq!(changes.get(key).map(|(_, value)| value.map(<[u8]>::to_vec)), Some(value.clone()));
        }
    }
}

/// The maximum number of steps of some searches over `count` changes, whose keys have a long common prefix, and one or
/// two other keys that share less of it.
fn steps_at(count: u32, others: &[&str]) -> u64 {
    let mut changes = DbiChanges::new();
    let key = |n: u32| format!("customers/orders/2026/{n:08}").into_bytes();
    let mut put = |key: &[u8]| {
        changes.lower(key);
        changes.put(key, b"1").expect("put");
    };
    // With this key, all keys together have no common prefix.
    put(b"zone");
    for other in others {
        put(other.as_bytes());
    }
    for n in 0..count {
        put(&key(n.wrapping_mul(7919) % count));
    }
    let mut most = 0;
    for n in (0..count).step_by(97) {
        let ((_, is_there), steps) = steps_of(|| changes.lower(&key(n)));
        assert!(is_there);
        most = most.max(steps);
    }
    most
}

#[test]
fn a_search_costs_a_logarithm_also_where_one_key_differs_early() {
    for others in
        [&[][..], &["customers/about"], &["customers/zebra"], &["customers/about", "customers/zebra"], &["customers"]]
    {
        let (few, many) = (steps_at(1_000, others), steps_at(32_000, others));
        // 32 times as many keys are five more halvings in each of five bisections: two by words among the first keys of
        // blocks, one by their records, and in a block one by words and one by records.
        assert!(many <= few + 25 && many <= 64, "{others:?}: {few} at 1,000 and {many} at 32,000");
    }
}
