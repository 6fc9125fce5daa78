//! Healthy trees verify clean whatever their sizes: keys and values that grow and shrink in place, and duplicates of
//! odd sizes, packed or not, all affect the free space in a page header.

use std::fs::File;
use std::path::Path;

use heed::{CompactionOption, DatabaseFlags as Flags};
use tempfile::TempDir;

use crate::page::tests::samples::{Random, create, open};
use crate::page::verify::{VerifyLevel, verify};

/// One tree: its flags, the longest key, and the longest value. All packed duplicates have this size.
struct Shape(Flags, usize, usize);

const PACKED: Flags = Flags::DUP_SORT.union(Flags::DUP_FIXED);

fn assert_clean(path: &Path, what: &str) {
    for level in [VerifyLevel::Fast, VerifyLevel::Full] {
        let report = verify(&File::open(path).unwrap(), level).unwrap();
        assert!(report.is_clean(), "{what} {level:?} {:?}", report.faults[0]);
    }
}

/// Several rounds of puts and deletions of the same keys with other values.
fn check(name: &str, shape: &Shape, seed: u64) {
    let &Shape(flags, longest_key, longest) = shape;
    let (dir, mut random) = (TempDir::new().unwrap(), Random(seed));
    let env = open(dir.path());
    let tree = create(&env, "tree", flags);
    let keys = [8, 300][random.below(2)];
    for round in 0..4 {
        let mut txn = env.write_txn().unwrap();
        for _ in 0..1_500 {
            let number = random.below(keys) as u64;
            let mut own = Random(number);
            let len = own.below(longest_key);
            let key = [number.to_be_bytes().to_vec(), own.bytes(len, b"ab")].concat();
            let len = if flags.contains(Flags::DUP_FIXED) { longest } else { 1 + random.below(longest) };
            let value = random.bytes(len, b"\x00\x01\x02\xfd\xfe\xff");
            match (round, random.below(4)) {
                (1.., 0) => drop(tree.delete(&mut txn, &key).unwrap()),
                (2.., 1 | 2) if flags.contains(Flags::DUP_SORT) => {
                    tree.delete_one_duplicate(&mut txn, &key, &value).map(drop).unwrap();
                }
                _ => tree.put(&mut txn, &key, &value).unwrap(),
            }
        }
        txn.commit().unwrap();
        let copy = dir.path().join(format!("copy {round}"));
        env.copy_to_path(&copy, CompactionOption::Enabled).unwrap();
        assert_clean(&dir.path().join("data.mdb"), name);
        assert_clean(&copy, name);
    }
}

#[test]
fn values_of_any_size_verify_clean() {
    for (seed, longest) in [2, 60, 2_100, 9_000].into_iter().enumerate() {
        check("plain", &Shape(Flags::empty(), 40, longest), seed as u64);
        check("long keys", &Shape(Flags::empty(), 500, longest), seed as u64 + 50);
        check("reverse", &Shape(Flags::REVERSE_KEY, 40, longest), seed as u64 + 100);
    }
}

#[test]
fn duplicates_of_any_size_verify_clean() {
    for (seed, longest) in [1, 2, 9, 90, 511].into_iter().enumerate() {
        check("duplicates", &Shape(Flags::DUP_SORT, 30, longest), seed as u64);
        check("reverse duplicates", &Shape(Flags::DUP_SORT | Flags::REVERSE_DUP, 30, longest), seed as u64 + 50);
    }
}

#[test]
#[expect(deprecated, reason = "the flag of files that other programs wrote")]
fn packed_duplicates_of_any_size_verify_clean() {
    for (seed, size) in [1, 2, 3, 7, 8, 101, 510].into_iter().enumerate() {
        check("packed", &Shape(PACKED, 30, size), seed as u64);
    }
    for (seed, size) in [4, 8].into_iter().enumerate() {
        check("packed integers", &Shape(PACKED | Flags::INTEGER_DUP, 30, size), seed as u64);
    }
}
