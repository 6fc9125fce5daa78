//! A compacted copy has the same pages as LMDB's own compacted copy, and no bytes of deleted data. A plain copy has
//! the state at its original page numbers.

use std::fs;
use std::path::Path;

use heed::CompactionOption;
use tempfile::TempDir;

use crate::page::copy::{compact, plain_metas};
use crate::page::fields::{u16_at, u32_at};
use crate::page::format::flag;
use crate::page::meta_check::check_metas;
use crate::page::tests::churn::{assert_clean, put_and_delete_large};
use crate::page::tests::foreign::{content, fill, image, kind};
use crate::page::tests::samples::{Image, PAGE, Random, apply, create, open, samples};
use crate::page::verify::{VerifyLevel, verify};

/// A compacted copy of the newest state in `image`.
fn compacted(image: &Image) -> Image {
    let mut pages = Vec::new();
    let metas = compact(image.pages(), &image.newest(), &mut pages).unwrap();
    Image::holding(&[metas, pages].concat())
}

/// A plain copy of the newest state in `image`.
fn plain(image: &Image) -> Image {
    Image::holding(&[&plain_metas(&image.newest()), &image.bytes()[2 * PAGE..]].concat())
}

/// Writes `image` into a new directory, as a file to open.
fn laid(image: &Image) -> TempDir {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("data.mdb"), image.bytes()).unwrap();
    dir
}

/// Asserts that the used bytes of each page are the same.
fn assert_same_pages(ours: &Image, theirs: &Image) {
    assert_eq!(ours.words.len(), theirs.words.len());
    let (ours, theirs) = (ours.bytes(), theirs.bytes());
    for slot in 0..2 {
        let at = slot * PAGE;
        assert_eq!(ours[at..at + 152], theirs[at..at + 152], "meta page {slot}");
    }
    let mut at = 2 * PAGE;
    while at < ours.len() {
        let number = at / PAGE;
        let (flags, lower, upper) = (u16_at(ours, at + 10), u16_at(ours, at + 12), u16_at(ours, at + 14));
        let mut pages = 1;
        if flags == flag::OVERFLOW {
            pages = u32_at(ours, at + 12) as usize;
            let end = at + pages * PAGE;
            let used = ours[at..end].iter().rposition(|byte| *byte != 0).unwrap() + 1;
            assert!(ours[at..at + used] == theirs[at..at + used], "run at {number}");
        } else {
            let (free, end) = (at + usize::from(lower), at + PAGE);
            assert!(ours[at..free] == theirs[at..free], "slots of page {number}");
            if flags & flag::LEAF2 == 0 {
                assert!(
                    ours[at + usize::from(upper)..end] == theirs[at + usize::from(upper)..end],
                    "nodes of page {number}"
                );
                assert!(
                    ours[free..at + usize::from(upper)].iter().all(|byte| *byte == 0),
                    "what was deleted from page {number}"
                );
            } else {
                let values = at + 16 + usize::from(lower - 16) / 2 * usize::from(u16_at(ours, at + 8));
                assert!(ours[at..values] == theirs[at..values], "values of page {number}");
                assert!(ours[values..end].iter().all(|byte| *byte == 0), "what was deleted from page {number}");
            }
        }
        at += pages * PAGE;
    }
}

/// Asserts everything that must be true of copies of the environment at `path`, which must not be open.
fn assert_copies(path: &Path) {
    let source = image(path);
    let env = open(path);
    let theirs = path.join("theirs");
    env.copy_to_path(&theirs, CompactionOption::Enabled).unwrap();
    drop(env);
    let (small, whole) = (compacted(&source), plain(&source));
    assert_same_pages(&small, &Image::of(&theirs));
    assert!(small.words.len() <= source.words.len());
    for copy in [&small, &whole] {
        assert_clean(&copy.file());
    }
    // There are no free pages, and every page is used.
    let report = verify(&small.file(), VerifyLevel::Full).unwrap();
    let pages = report.pages;
    assert_eq!(
        (pages.free, pages.meta + pages.branch + pages.leaf + pages.overflow),
        (0, (small.words.len() * 8 / PAGE) as u64)
    );
    // A copy of a copy is identical to that copy.
    assert!(compacted(&small).words == small.words && compacted(&whole).words == small.words);
    assert!(plain(&whole).words == whole.words);
    let newest = check_metas(&whole.file(), true).unwrap().unwrap().newest;
    assert_eq!(newest.txn_id, source.newest().txn_id);
}

#[test]
fn copies_of_plain_trees_of_all_shapes_equal_lmdbs() {
    let dir = laid(&samples()[0].image);
    assert_copies(dir.path());
}

#[test]
fn copies_of_foreign_files_equal_lmdbs_and_can_be_read_and_written() {
    let dir = TempDir::new().unwrap();
    let env = fill(dir.path());
    let expected = content(&env);
    assert!(
        expected.iter().take(9).all(|(_, entries)| entries.len() >= 40),
        "{:?}",
        expected.iter().map(|(n, e)| (n, e.len())).collect::<Vec<_>>()
    );
    drop(env);
    assert_copies(dir.path());
    let source = image(dir.path());
    for copy in [compacted(&source), plain(&source)] {
        let dir = laid(&copy);
        let env = open(dir.path());
        assert!(content(&env) == expected);
        // LMDB frees and reuses pages according to the copy's free list.
        for at in 0..9 {
            let tree = kind(&env, at);
            for round in 0..4_u64 {
                let mut txn = env.write_txn().unwrap();
                for n in 0..300_u64 {
                    tree.put(&mut txn, &(n % 40).to_le_bytes(), &(n * (round + 1)).to_le_bytes()).unwrap();
                }
                tree.delete(&mut txn, &(round * 10).to_le_bytes()).unwrap();
                txn.commit().unwrap();
            }
        }
        drop(env);
        assert_clean(&image(dir.path()).file());
        assert_copies(dir.path());
    }
}

#[test]
fn copies_of_empty_environments_equal_lmdbs() {
    let dir = TempDir::new().unwrap();
    drop(open(dir.path()));
    assert_copies(dir.path());
    let env = open(dir.path());
    create(&env, "empty", heed::DatabaseFlags::empty());
    drop(env);
    assert_copies(dir.path());
    let dir = TempDir::new().unwrap();
    let env = open(dir.path());
    let tree = create(&env, "one", heed::DatabaseFlags::empty());
    apply(&env, tree, &vec![vec![(b"a".to_vec(), Some(vec![7; 100_000]))]]);
    drop(env);
    assert_copies(dir.path());
}

#[test]
fn copies_of_files_that_end_before_their_last_page_equal_lmdbs() {
    let dir = TempDir::new().unwrap();
    let (mut random, mut shorter) = (Random(2), 0);
    for _ in 0..30 {
        let env = open(dir.path());
        let tree = create(&env, "tree", heed::DatabaseFlags::empty());
        let mut txn = env.write_txn().unwrap();
        put_and_delete_large(&mut txn, tree, &mut random);
        txn.commit().unwrap();
        drop(env);
        let source = image(dir.path());
        shorter += u32::from(((source.words.len() * 8 / PAGE) as u64) <= source.newest().last_page.0);
        assert_copies(dir.path());
    }
    assert!(shorter > 0, "no file of the kind that this is about");
}

#[test]
fn runs_longer_than_their_values_lose_their_stale_bytes_in_a_copy() {
    let dir = TempDir::new().unwrap();
    let env = open(dir.path());
    let tree = create(&env, "tree", heed::DatabaseFlags::empty());
    let mut txn = env.write_txn().unwrap();
    tree.put(&mut txn, b"key", &vec![0xAB; 40_000]).unwrap();
    tree.put(&mut txn, b"key", &vec![0xCD; 20_000]).unwrap();
    txn.commit().unwrap();
    drop(env);
    assert_copies(dir.path());
    let (source, copy) = (image(dir.path()), compacted(&image(dir.path())));
    let stale = |image: &Image| image.bytes().contains(&0xAB);
    assert!(copy.tree("tree").overflow_pages >= 5, "{:?}", copy.tree("tree"));
    assert!(copy.tree("tree").overflow_pages == 5 || stale(&source));
    assert!(!stale(&copy));
}
