//! A healthy file verifies clean, whatever it contains and however it was made.

use std::collections::BTreeMap;
use std::fs::File;

use heed::{CompactionOption, DatabaseFlags};
use tempfile::TempDir;

use crate::page::meta_check::{FileMeta, check_metas};
use crate::page::tests::churn::{Churn, assert_clean, put_and_delete_large};
use crate::page::tests::foreign::kinds;
use crate::page::tests::samples::{Image, PAGE, Random, create, open, samples};
use crate::page::verify::{VerifyLevel, verify, verify_snapshot};

#[test]
fn the_samples_are_clean_and_counted() {
    let file = samples()[0].image.file();
    assert_clean(&file);
    let report = verify(&file, VerifyLevel::Full).unwrap();
    let expected: BTreeMap<_, _> = samples().iter().map(|s| (s.name.to_owned(), s.model.len() as u64)).collect();
    assert_eq!(report.entries.iter().cloned().collect::<BTreeMap<_, _>>(), expected);
    let pages = report.pages;
    let last = check_metas(&file, true).unwrap().unwrap().newest.last_page;
    assert_eq!(pages.meta + pages.branch + pages.leaf + pages.overflow + pages.free, last.count_to_here());
    assert_eq!(pages.overflow, samples().iter().map(|s| s.tree.overflow_pages).sum::<u64>());
}

#[test]
fn new_fresh_and_compacted_files_are_clean() {
    assert_clean(&tempfile::tempfile().unwrap());
    let dir = TempDir::new().unwrap();
    let env = open(dir.path());
    assert_clean(&File::open(dir.path().join("data.mdb")).unwrap());
    let compacted = |name: &str| {
        let path = dir.path().join(name);
        env.copy_to_path(&path, CompactionOption::Enabled).unwrap();
        assert_clean(&File::open(&path).unwrap());
    };
    compacted("empty");
    let tree = create(&env, "tree", DatabaseFlags::empty());
    for round in 0..6_u64 {
        let mut txn = env.write_txn().unwrap();
        for n in 0..400 {
            tree.put(&mut txn, &(n * 7 % 400 + round * 50).to_be_bytes(), &vec![1; (n * 13 % 5000) as usize]).unwrap();
        }
        txn.commit().unwrap();
    }
    compacted("full");
    assert_clean(&File::open(dir.path().join("data.mdb")).unwrap());
}

#[test]
fn files_that_end_before_their_last_page_are_clean() {
    let dir = TempDir::new().unwrap();
    let env = open(dir.path());
    let tree = create(&env, "tree", DatabaseFlags::empty());
    let file = File::open(dir.path().join("data.mdb")).unwrap();
    let (mut random, mut shorter) = (Random(2), 0);
    for _ in 0..60 {
        let mut txn = env.write_txn().unwrap();
        put_and_delete_large(&mut txn, tree, &mut random);
        txn.commit().unwrap();
        let FileMeta { newest, .. } = check_metas(&file, true).unwrap().unwrap();
        shorter += u32::from(file.metadata().unwrap().len() < newest.last_page.end(PAGE as u64));
        assert_clean(&file);
    }
    assert!(shorter > 0, "no file of the kind that this is about");
}

#[test]
fn sets_of_duplicates_in_all_orders_are_clean() {
    let dir = TempDir::new().unwrap();
    let env = open(dir.path());
    // Most keys have few values; some have enough for a tree of their own.
    let churn = Churn { rounds: 4, changes: 4_000, keys: 60, values: 100_000, deletes: true };
    for (at, kind) in kinds().into_iter().skip(1).enumerate() {
        churn.apply(&env, create(&env, &format!("kind {at}"), kind), kind, at);
    }
    let file = File::open(dir.path().join("data.mdb")).unwrap();
    assert_clean(&file);
    let path = dir.path().join("copy");
    env.copy_to_path(&path, CompactionOption::Enabled).unwrap();
    assert_clean(&File::open(&path).unwrap());
    let report = verify(&file, VerifyLevel::Full).unwrap();
    let fast = verify(&file, VerifyLevel::Fast).unwrap();
    assert!(report.pages.leaf > fast.pages.leaf + 20, "no key with a tree of its own: {:?}", report.pages);
    assert!(report.entries.iter().all(|(_, entries)| *entries > 40), "{:?}", report.entries);
}

#[test]
fn a_pinned_snapshot_stays_clean_during_commits() {
    let dir = TempDir::new().unwrap();
    let env = open(dir.path());
    let tree = create(&env, "tree", DatabaseFlags::empty());
    let file = File::open(dir.path().join("data.mdb")).unwrap();
    let put = |seed: u64| {
        let mut txn = env.write_txn().unwrap();
        let mut random = Random(seed);
        for _ in 0..500 {
            tree.put(&mut txn, &random.next().to_be_bytes(), &[1; 100]).unwrap();
        }
        txn.commit().unwrap();
    };
    (0..5).for_each(put);
    let pin = env.read_txn().unwrap();
    let meta = check_metas(&file, true).unwrap().unwrap().newest;
    (5..10).for_each(put);
    assert_eq!(pin.id() as u64, meta.txn_id.0);
    assert!(check_metas(&file, true).unwrap().unwrap().newest.txn_id > meta.txn_id.next().next());
    let report = verify_snapshot(&file, &meta, VerifyLevel::Full).unwrap();
    assert!(report.is_clean() && report.entries == [("tree".to_owned(), 2_500)], "{report:?}");
    assert!(Image::of(&dir.path().join("data.mdb")).tree("tree").entries == 5_000);
}
