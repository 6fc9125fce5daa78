//! Look-ups and ranges find keys of every width, however unevenly the keys are distributed.

use std::collections::BTreeMap;
use std::fmt::Debug;

use mapleaf::key::{AsKey, Key};
use mapleaf::{Dbi, Durability, Env, Result};

/// Numbers that look random and are the same in every run: `SplitMix64`.
fn mixed(n: u64) -> u64 {
    let mut z = n.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Distributions of `n` numbers: even, dense, in distant clusters, by powers, all at one end except a few.
fn spreads(n: u64) -> Vec<(&'static str, Vec<u64>)> {
    vec![
        ("even", (0..n).map(mixed).collect()),
        ("dense", (0..n).map(|i| i * 3).collect()),
        ("clusters", (0..n).map(|i| (mixed(i % 7) & !0xFFFF) | ((i * 5) & 0xFFFF)).collect()),
        ("powers", (0..n).map(|i| mixed(i) >> (i % 60)).collect()),
        ("one end", (0..n).map(|i| if i % 997 == 0 { mixed(i) } else { u64::MAX - i * 2 }).collect()),
    ]
}

/// Compares every look-up method with the model, for keys that exist and for their neighbours.
fn check<K>(name: &str, keys: &[K], probes: &[K]) -> Result<()>
where
    K: for<'a> Key<Arg<'a> = K, Ref<'a> = K> + AsKey<K> + Copy + Ord + Debug + 'static,
{
    let env = Env::options().durability(Durability::Process).temporary()?;
    let dbi: Dbi<K, u32> = env.dbi("d")?;
    let mut model = BTreeMap::new();
    env.transact(|txn| {
        for (key, value) in keys.iter().zip(0_u32..) {
            dbi.put(txn, *key, value)?;
            model.insert(*key, value);
        }
        Ok(())
    })?;
    let snap = env.snapshot()?;
    let expected: Vec<_> = probes.iter().map(|probe| model.get(probe).copied()).collect();
    for (probe, expected) in probes.iter().zip(&expected) {
        assert_eq!(dbi.get(&snap, *probe)?, *expected, "{name}: {probe:?}");
        let above = model.range(*probe..).next().map(|(key, value)| (*key, *value));
        assert_eq!(dbi.ceiling(&snap, *probe)?, above, "{name}: from {probe:?}");
        let below = model.range(..*probe).next_back().map(|(key, value)| (*key, *value));
        assert_eq!(dbi.lower(&snap, *probe)?, below, "{name}: below {probe:?}");
    }
    assert_eq!(dbi.get_many(&snap, probes.iter().copied())?, expected, "{name}");
    Ok(())
}

/// The numbers, their neighbours, and other numbers, converted to keys of another width.
fn probes<K>(numbers: &[u64], narrow: impl Fn(u64) -> K) -> Vec<K> {
    let near = numbers.iter().step_by(3).flat_map(|n| [n.wrapping_sub(1), *n, n.wrapping_add(1)]);
    near.chain((0..500).map(|i| mixed(i + 1_000_000))).chain([0, u64::MAX]).map(narrow).collect()
}

macro_rules! widths {
    ($($test:ident: $key:ty, $narrow:expr;)*) => {$(
        #[test]
        fn $test() -> Result<()> {
            for (name, numbers) in spreads(3_000) {
                let keys: Vec<$key> = numbers.iter().copied().map($narrow).collect();
                check(name, &keys, &probes(&numbers, $narrow))?;
            }
            Ok(())
        }
    )*};
}

fn low<const N: u32>(n: u64) -> u64 {
    n & (u64::MAX >> (64 - 8 * N))
}

widths! {
    one_byte: u8, |n| u8::try_from(low::<1>(n)).unwrap_or(0);
    two_bytes: u16, |n| u16::try_from(low::<2>(n)).unwrap_or(0);
    four_bytes: u32, |n| u32::try_from(low::<4>(n)).unwrap_or(0);
    eight_bytes: u64, |n| n;
    eight_bytes_with_a_sign: i64, u64::cast_signed;
    sixteen_bytes: u128, |n| (u128::from(n) << (n % 64)) | u128::from(n % 5);
}
