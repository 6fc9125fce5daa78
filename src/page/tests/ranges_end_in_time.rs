//! A key that is too high for its leaf does not end a range before its upper bound: it is reported as damage.

use std::ops::Bound;

use crate::error::{ErrorKind, Result};
use crate::page::cursor::Cursor;
use crate::page::page_no::PageNo;
use crate::page::tests::samples::{Image, samples};

/// The sample of ordered integers, with the highest key of its third leaf raised above all others, and the number of
/// that leaf.
fn raised() -> (Image, PageNo) {
    let sample = samples().iter().find(|sample| sample.name == "ordered integers").unwrap();
    let (mut image, mut parent) = (sample.image.clone(), sample.tree.root);
    for _ in 2..sample.tree.depth {
        parent = image.pages().branch(parent).unwrap().child(0).unwrap();
    }
    let leaf = image.pages().branch(parent).unwrap().child(2).unwrap();
    let node = image.node(leaf, image.pages().leaf(leaf).unwrap().slots() - 1);
    image.write(leaf, node + 8, &[0xFF]);
    (image, leaf)
}

#[test]
fn a_key_too_high_for_its_leaf_is_reported_and_ends_no_range() {
    let (image, leaf) = raised();
    let tree = image.tree("ordered integers");
    let keys: Vec<_> = samples()[3].model.keys().collect();
    for end in [(keys.len() / 100).max(12), keys.len() / 4, keys.len() - 1] {
        for upper in [Bound::Included(&keys[end][..]), Bound::Excluded(&keys[end][..])] {
            let walked: Result<u64> =
                Cursor::range(image.pages(), &tree, Bound::Unbounded, upper).and_then(|mut cursor| {
                    let mut count = 0;
                    while cursor.next()?.is_some() {
                        count += 1;
                    }
                    Ok(count)
                });
            let error = walked.unwrap_err();
            assert_eq!((error.kind(), error.page()), (ErrorKind::Corrupted, Some(leaf.0)), "{error}");
        }
    }
}

#[test]
fn a_range_of_a_healthy_tree_may_end_at_a_separator() {
    let sample = samples().iter().find(|sample| sample.name == "ordered integers").unwrap();
    let keys: Vec<_> = sample.model.keys().collect();
    let separators =
        crate::page::split::split(sample.image.pages(), &sample.tree, Bound::Unbounded, Bound::Unbounded, usize::MAX);
    for separator in separators.unwrap().iter().step_by(9) {
        let at = keys.partition_point(|key| *key < separator);
        for (end, upper) in [
            (at, Bound::Excluded(&separator[..])),
            (at + 1, Bound::Included(&separator[..])),
            (at - 1, Bound::Excluded(&keys[at - 1][..])),
            (at, Bound::Included(&keys[at - 1][..])),
        ] {
            let lower = at.saturating_sub(3);
            let start = Bound::Included(&keys[lower][..]);
            let mut cursor = Cursor::range(sample.image.pages(), &sample.tree, start, upper).unwrap();
            let found = std::iter::from_fn(|| cursor.next().unwrap()).count();
            assert_eq!(found, end - lower);
        }
    }
}
