//! Copying a damaged state gives `Corrupted` or a copy that reads like the state. It never runs forever, and never
//! hides damage of the state's pages.

use std::ops::Bound::Unbounded;

use heed::DatabaseFlags;
use proptest::prelude::*;
use tempfile::TempDir;

use crate::error::ErrorKind;
use crate::os::CopyError;
use crate::page::copy::compact;
use crate::page::cursor::Cursor;
use crate::page::layout::Pages;
use crate::page::meta::TreeRecord;
use crate::page::page_no::PageNo;
use crate::page::tests::damage_is_an_error::{damage, inflict, small};
use crate::page::tests::foreign::{Entries, fill, image};
use crate::page::tests::samples::{Image, PAGE, apply, create};
use crate::page::verify::{VerifyLevel, verify};

/// A copy of the newest state, or the page and the text of the error.
fn copied(image: &Image) -> Result<Image, (PageNo, String)> {
    let mut pages = Vec::new();
    let outcome = compact(image.pages(), &image.newest(), &mut pages);
    assert!(pages.len() + 2 * PAGE <= image.words.len() * 8, "larger than what it is of");
    match outcome {
        Ok(metas) => Ok(Image::holding(&[metas, pages].concat())),
        Err(CopyError::Source(error)) => {
            assert_eq!(error.kind(), ErrorKind::Corrupted, "{error}");
            Err((PageNo(error.page().unwrap_or_default()), error.message().to_owned()))
        }
        Err(CopyError::Write(error)) => panic!("memory takes everything: {error}"),
    }
}

/// The entries that can be read, and whether those are all.
fn entries(pages: Pages<'_>, tree: &TreeRecord) -> (Entries, bool) {
    let mut found = Vec::new();
    let Ok(mut cursor) = Cursor::range(pages, tree, Unbounded, Unbounded) else { return (found, false) };
    loop {
        match cursor.next_node() {
            Ok(Some((key, entry))) if !entry.is_tree() => found.push((key.to_vec(), entry.value.to_vec())),
            Ok(Some(_)) => {}
            Ok(None) => return (found, true),
            Err(_) => return (found, false),
        }
    }
}

/// The records of the named trees.
fn trees(image: &Image) -> Option<Vec<TreeRecord>> {
    let mut cursor = Cursor::range(image.pages(), &image.main(), Unbounded, Unbounded).ok()?;
    let mut records = Vec::new();
    while let Some((_, found)) = cursor.next_node().ok()? {
        records.extend(found.is_tree().then(|| TreeRecord::from_bytes(found.value)).transpose().ok()?);
    }
    Some(records)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn copies_of_damaged_trees_read_like_their_source(damages in prop::collection::vec(damage(), 1..6)) {
        let mut source = small().clone();
        for damage in &damages {
            inflict(&mut source, damage);
        }
        let clean = verify(&source.file(), VerifyLevel::Full).unwrap().is_clean();
        match copied(&source) {
            Err(why) => prop_assert!(!clean, "refused, and healthy: {why:?}"),
            Ok(copy) => {
                prop_assert!(!clean || verify(&copy.file(), VerifyLevel::Full).unwrap().is_clean());
                let (Some(ours), Some(theirs)) = (trees(&copy), trees(&source)) else { return Ok(()) };
                prop_assert_eq!(ours.len(), theirs.len());
                for (ours, theirs) in ours.iter().zip(&theirs) {
                    prop_assert!(entries(copy.pages(), ours) == entries(source.pages(), theirs));
                }
            }
        }
    }
}

/// A file with trees of all kinds, and the numbers of three pages of a plain tree of two levels.
fn planted() -> (Image, [PageNo; 3]) {
    let dir = TempDir::new().unwrap();
    let env = fill(dir.path());
    let tree = create(&env, "flat", DatabaseFlags::empty());
    let rows = (0..2_000_u64).map(|n| (n.to_be_bytes().to_vec(), Some(vec![5; 40]))).collect();
    apply(&env, tree, &vec![rows]);
    drop(env);
    let image = image(dir.path());
    let root = image.tree("flat").root;
    let branch = image.pages().branch(root).unwrap();
    let leaves = [branch.child(1).unwrap(), branch.child(2).unwrap()];
    (image, [root, leaves[0], leaves[1]])
}

#[track_caller]
fn refused(image: &Image, page: PageNo, why: &str) {
    let (at, text) = copied(image).map(drop).unwrap_err();
    assert!(at == page && text.contains(why), "page {at}: {text}; not page {page}: {why}");
}

#[test]
fn misplaced_pages_are_an_error() {
    let (whole, [root, leaf, other]) = planted();
    let last = whole.newest().last_page;
    for (page, at, bytes, fault, why) in [
        (leaf, 0, vec![9, 9], leaf, "says that it is page"),
        (leaf, 10, vec![1, 0], leaf, "a branch page at the lowest level"),
        (leaf, 10, vec![0x22, 0], leaf, "fixed-size duplicates"),
        (root, 10, vec![2, 0], root, "a leaf page above the lowest level"),
        (leaf, 12, vec![0xFF, 0xFF], leaf, "slots"),
        (leaf, 12, vec![16, 0], leaf, "an empty leaf"),
        (leaf, 16, vec![0xFE, 0xFF], leaf, "a node outside its page"),
        (leaf, whole.node(leaf, 3) + 4, vec![2, 0], leaf, "cannot have"),
        (leaf, whole.node(leaf, 3) + 4, vec![4, 0], leaf, "cannot have"),
        (leaf, whole.node(leaf, 3) + 6, vec![0xFF, 0xFF], leaf, "runs out of its page"),
        (root, whole.node(root, 3) + 6, vec![0xFF, 0xFF], root, "a key runs out"),
    ] {
        let mut image = whole.clone();
        image.write(page, at, &bytes);
        refused(&image, fault, why);
    }
    for (child, why) in [
        (last.0 + 1, "not a page of the database"),
        (0xFFFF_FFFF_FFFF, "not a page of the database"),
        (1, "not a page of the database"),
        (root.0, "in use elsewhere"),
        (other.0, "in use elsewhere"),
    ] {
        let mut image = whole.clone();
        image.write(root, whole.node(root, 1), &child.to_le_bytes()[..6]);
        refused(&image, root, why);
    }
    // A truncated file, which ends before the newest state's last page.
    let mut image = whole.clone();
    image.words.truncate(image.words.len() / 2);
    let (_, text) = copied(&image).map(drop).unwrap_err();
    assert!(text.contains("behind the file"), "{text}");
    assert!(copied(&whole).is_ok());
}

#[test]
fn records_with_wrong_counts_are_an_error() {
    let (whole, _) = planted();
    let page = whole.newest().page();
    for (at, what) in [(8, "branch pages"), (16, "leaf pages"), (24, "overflow pages"), (32, "entries")] {
        let mut image = whole.clone();
        let [count]: [u8; 1] = whole.read(page, 88 + at);
        image.write(page, 88 + at, &[count ^ 1]);
        refused(&image, page, what);
    }
    // If a tree of duplicates counts more entries than it has, LMDB has lost an empty one, by a bug of its own.
    let lost = |name: &str, by: i64| {
        let mut image = whole.clone();
        let record = whole.tree(name);
        let (main, bytes) = (whole.main(), record.to_bytes());
        assert_eq!(main.depth, 1);
        let at = whole.read::<PAGE>(main.root, 0).windows(48).position(|window| window == bytes).unwrap();
        image.write(main.root, at + 32, &record.entries.wrapping_add_signed(by).to_le_bytes());
        copied(&image).map(drop)
    };
    assert!(lost("kind 1", 1).is_ok());
    assert!(lost("kind 1", -1).unwrap_err().1.contains("entries"));
    assert!(lost("flat", 1).unwrap_err().1.contains("entries"));
}

#[test]
fn wrong_overflow_runs_are_an_error() {
    let (whole, _) = planted();
    let large = whole.tree("large");
    let mut number = large.root;
    for _ in 1..large.depth {
        number = whole.pages().branch(number).unwrap().child(0).unwrap();
    }
    let leaf = whole.pages().leaf(number).unwrap();
    let big = (0..leaf.slots()).find(|slot| leaf.node(*slot).unwrap().flags == 1).unwrap();
    let node = leaf.node(big).unwrap();
    let (run, at) = (node.overflow_page(), whole.node(number, big));
    let data = at + 8 + node.key.len();
    for (page, at, bytes, fault, why) in [
        (run, 0, vec![9], run, "not the overflow page"),
        (run, 10, vec![2], run, "not the overflow page"),
        (run, 12, vec![0, 0, 0, 0], run, "shorter than its value"),
        (run, 12, vec![0xFF; 4], number, "not a page of the database"),
        (number, at, vec![0xFF, 0xFF, 0xFF, 0x7F], run, "shorter than its value"),
        (number, data, vec![0xFF; 8], number, "not a page of the database"),
        (number, data, vec![0; 8], number, "not a page of the database"),
    ] {
        let mut image = whole.clone();
        image.write(page, at, &bytes);
        refused(&image, fault, why);
    }
}
