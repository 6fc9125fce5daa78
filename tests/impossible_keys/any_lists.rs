//! Dynamic keys: lists nest to a maximum depth, and a deeper list still has a position in the order.

use std::cmp::Reverse;

use mapleaf::{AnyKey, ErrorKind, Result};

use crate::law::{Case, holds};

/// `key` inside `depth` lists, each with `behind` after it.
fn nested(key: AnyKey, depth: usize, behind: Option<&AnyKey>) -> AnyKey {
    (0..depth).fold(key, |key, _| AnyKey::List([vec![key], behind.cloned().into_iter().collect()].concat()))
}

fn depth(key: &AnyKey) -> usize {
    match key {
        AnyKey::List(elements) => 1 + elements.iter().map(depth).max().unwrap_or_default(),
        _ => 0,
    }
}

fn refusal(key: &AnyKey) -> Option<ErrorKind> {
    (depth(key) > AnyKey::MAX_DEPTH).then_some(ErrorKind::InvalidKey)
}

fn stored() -> Vec<AnyKey> {
    let mut stored: Vec<AnyKey> = vec![AnyKey::Null, true.into(), i128::MIN.into(), i128::MAX.into(), "text".into()];
    stored.extend([f64::NEG_INFINITY, -0.0, 0.0, f64::INFINITY].map(AnyKey::from));
    for depth in [1, 2, 63, 64] {
        stored.extend([nested(AnyKey::Null, depth, None), nested(7.into(), depth, None)]);
        stored.push(nested(AnyKey::List(vec![]), depth - 1, Some(&7.into())));
        stored.push(nested("zz".into(), depth, Some(&AnyKey::Null)));
    }
    stored
}

fn deep() -> Vec<AnyKey> {
    let mut deep = vec![nested(AnyKey::List(vec![]), 64, None), nested(7.into(), 65, None)];
    deep.extend([nested("zz".into(), 66, Some(&7.into())), nested(AnyKey::Null, 1000, Some(&AnyKey::Null))]);
    // Too deep, after an element that is not.
    deep.push(AnyKey::List(vec![7.into(), nested(AnyKey::Null, 64, None)]));
    deep
}

fn ends() -> Vec<AnyKey> {
    [deep(), vec![AnyKey::Null, i128::MIN.into(), f64::INFINITY.into(), nested(7.into(), 64, None)]].concat()
}

#[test]
fn too_deep_lists_are_absent_at_their_position() -> Result<()> {
    let case = Case::<AnyKey, AnyKey> {
        stored: stored(),
        probes: vec![],
        ends: ends(),
        arg: |key| key,
        order: Clone::clone,
        refusal,
    };
    holds::<AnyKey, AnyKey>(&case)
}

#[test]
fn too_deep_reversed_lists_in_tuples_are_absent_at_their_position() -> Result<()> {
    type Owned = (u8, Reverse<AnyKey>, u8);
    let around = |keys: Vec<AnyKey>| -> Vec<Owned> {
        keys.into_iter().zip((0..3_u8).cycle()).map(|(key, n)| (n / 2, Reverse(key), n)).collect()
    };
    holds::<(u8, Reverse<AnyKey>, u8), Owned>(&Case {
        stored: around(stored()),
        probes: vec![],
        ends: around(ends()),
        arg: |(a, key, b)| (*a, Reverse(&key.0), *b),
        order: Clone::clone,
        refusal: |(_, key, _)| refusal(&key.0),
    })
}
