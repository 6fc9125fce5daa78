//! Any bytes as a stored key of every type: refused, or the one encoding of a key, which sorts as its bytes do.

use std::cmp::Ordering;
use std::fmt::Debug;

use mapleaf::{AnyKey, Key, Path, Reverse, Timestamp};

/// Reads the two halves of `bytes` as keys.
pub fn run(bytes: &[u8]) {
    let Some((&split, rest)) = bytes.split_first() else { return };
    let (one, two) = rest.split_at(rest.len() * usize::from(split) / 256);
    each::<AnyKey>(one, two, Some(Ord::cmp));
    each::<Path>(one, two, None);
    each::<Timestamp>(one, two, Some(Ord::cmp));
    each::<String>(one, two, Some(Ord::cmp));
    each::<u64>(one, two, Some(Ord::cmp));
    each::<i32>(one, two, Some(Ord::cmp));
    each::<f64>(one, two, Some(f64::total_cmp));
    each::<char>(one, two, Some(Ord::cmp));
    each::<bool>(one, two, Some(Ord::cmp));
    each::<Option<u16>>(one, two, Some(Ord::cmp));
    each::<(String, u32)>(one, two, Some(Ord::cmp));
    each::<(Vec<u8>, String, i8)>(one, two, Some(Ord::cmp));
    each::<(u8, Option<String>)>(one, two, Some(Ord::cmp));
    each::<Reverse<String>>(one, two, None);
    each::<(Reverse<u32>, AnyKey)>(one, two, None);
}

type Compare<T> = fn(&T, &T) -> Ordering;

fn each<K: Key>(one: &[u8], two: &[u8], compare: Option<Compare<K::Owned>>)
where
    K::Owned: Debug,
{
    let decoded = [one, two].map(|bytes| K::decode(bytes).ok().map(K::own));
    if let ([Some(first), Some(second)], Some(compare)) = (&decoded, compare) {
        assert_eq!(compare(first, second), one.cmp(two), "{first:?} {second:?}");
    }
}
