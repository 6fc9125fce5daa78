//! Whatever bytes a file contains, comparing two trees of it ends, with keys or with `Corrupted`.

use proptest::prelude::*;

use crate::page::differences::Differences;
use crate::page::layout::Pages;
use crate::page::meta::TreeRecord;
use crate::page::tests::damage_is_an_error::{damage, inflict, small, unless_damaged};

const NAMES: [&str; 4] = ["deep", "flat", "large", "sets"];

/// How many keys differ, as far as no damage is met.
fn count(old: (Pages<'_>, &TreeRecord), new: (Pages<'_>, &TreeRecord), start: &[u8], end: Option<&[u8]>) -> u64 {
    let Some(mut keys) = unless_damaged(Differences::between(old, new, start, end)) else { return 0 };
    let mut count = 0;
    while let Some(Some(_)) = unless_damaged(keys.next()) {
        count += 1;
    }
    count
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn comparing_damaged_trees_ends(damages in prop::collection::vec(damage(), 1..6)) {
        let whole = small();
        let mut image = whole.clone();
        for damage in &damages {
            inflict(&mut image, damage);
        }
        let most = 16 * whole.words.len() as u64;
        for old in NAMES {
            for new in NAMES {
                let (old, new) = (whole.tree(old), whole.tree(new));
                // Another record, so that trees with the same root are walked too.
                let new = TreeRecord { entries: new.entries + 1, ..new };
                for (start, end) in [(&b""[..], None), (b"a", Some(&b"b"[..]))] {
                    prop_assert!(count((image.pages(), &old), (image.pages(), &new), start, end) <= most);
                    prop_assert!(count((whole.pages(), &old), (image.pages(), &new), start, end) <= most);
                }
            }
        }
    }
}

#[test]
fn a_tree_differs_from_an_empty_one_in_all_keys() {
    let whole = small();
    for name in ["deep", "flat", "large"] {
        let tree = whole.tree(name);
        for (old, new) in [(&tree, &TreeRecord::EMPTY), (&TreeRecord::EMPTY, &tree)] {
            assert_eq!(count((whole.pages(), old), (whole.pages(), new), b"", None), tree.entries, "{name}");
        }
        let same = TreeRecord { entries: tree.entries + 1, ..tree };
        assert_eq!(count((whole.pages(), &tree), (whole.pages(), &same), b"", None), 0, "{name}");
    }
}
