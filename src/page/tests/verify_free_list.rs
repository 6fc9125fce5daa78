//! Damaged free lists: short records in a leaf, and long ones in overflow runs.

use std::sync::OnceLock;

use heed::DatabaseFlags;
use tempfile::TempDir;

use crate::page::fields::u64_at;
use crate::page::format::HEADER;
use crate::page::page_no::PageNo;
use crate::page::tests::samples::{Image, PAGE, create, open};
use crate::page::tests::verify_finds::assert_found;
use crate::page::verify::{VerifyLevel, verify};

/// A file with some free pages of one transaction, and thousands of another.
fn image() -> &'static Image {
    static IMAGE: OnceLock<Image> = OnceLock::new();
    IMAGE.get_or_init(|| {
        let dir = TempDir::new().unwrap();
        let env = open(dir.path());
        let tree = create(&env, "tree", DatabaseFlags::empty());
        let mut txn = env.write_txn().unwrap();
        tree.put(&mut txn, b"large", &vec![1; 5_000 * PAGE]).unwrap();
        tree.put(&mut txn, b"small", &vec![1; 20 * PAGE]).unwrap();
        txn.commit().unwrap();
        // A snapshot keeps freed pages from being reused.
        let pin = env.clone().static_read_txn().unwrap();
        for key in [b"large", b"small"] {
            let mut txn = env.write_txn().unwrap();
            tree.delete(&mut txn, key).unwrap();
            txn.commit().unwrap();
        }
        drop((pin, env));
        Image::of(&dir.path().join("data.mdb"))
    })
}

struct Record {
    /// The leaf that contains the record.
    leaf: PageNo,
    /// The page and offset where its value begins.
    value: (PageNo, usize),
    pages: Vec<u64>,
}

/// The records of the free list with more than ten pages, the shortest first.
fn records() -> Vec<Record> {
    let pages = image().pages();
    let leaf = pages.meta(usize::from(pages.meta_id(1) > pages.meta_id(0))).free.root;
    let node = |slot| pages.leaf(leaf).and_then(|leaf| leaf.node(slot)).unwrap();
    let records = (0..pages.leaf(leaf).unwrap().slots()).map(|slot| {
        let node = node(slot);
        let inline = node.flags == 0;
        let value = if inline { node.data } else { pages.overflow(node.overflow_page(), node.size).unwrap() };
        let count = usize::try_from(u64_at(value, 0)).unwrap();
        let value_at = if inline { (leaf, image().node(leaf, slot) + 16) } else { (node.overflow_page(), HEADER) };
        Record { leaf, value: value_at, pages: (1..=count).map(|n| u64_at(value, n * 8)).collect() }
    });
    let mut records: Vec<Record> = records.filter(|record| record.pages.len() > 10).collect();
    records.sort_by_key(|record| record.pages.len());
    assert!(records[0].value.0 == records[0].leaf, "a short record");
    let long = &records[records.len() - 1];
    assert!(long.pages.len() > 5_000 && long.value.0 != long.leaf, "a record that is not read at once");
    records
}

impl Record {
    /// The file with entry `at` of the record, counted from 0, replaced by `page`.
    fn with(&self, at: usize, page: u64) -> Image {
        self.with_word(at + 1, page)
    }

    fn with_word(&self, at: usize, word: u64) -> Image {
        let mut image = image().clone();
        image.write(self.value.0, self.value.1 + at * 8, &word.to_le_bytes());
        image
    }
}

#[test]
fn the_undamaged_file_is_clean() {
    let report = verify(&image().file(), VerifyLevel::Full).unwrap();
    assert!(report.is_clean() && report.pages.free > 5_000, "{report:?}");
    assert_eq!(verify(&image().file(), VerifyLevel::Fast).unwrap().pages.free, 0);
}

#[test]
fn pages_out_of_descending_order_are_found() {
    for record in records() {
        // These include the boundaries between the parts in which a long record is read.
        for at in [1, 5, 4_095, 4_096, 4_097, record.pages.len() - 1] {
            if at < record.pages.len() {
                for page in [record.pages[at - 1], record.pages[at - 1] + 1] {
                    assert_found(&record.with(at, page), VerifyLevel::Full, record.leaf, "not in descending order");
                }
            }
        }
    }
}

#[test]
fn pages_outside_the_database_are_found() {
    for record in records() {
        let last = record.pages.len() - 1;
        for (at, page) in [(0, u64::MAX - 1), (0, record.pages[0] + 100_000), (last, 1), (last, 0)] {
            assert_found(&record.with(at, page), VerifyLevel::Full, record.leaf, "not a page of the database");
        }
    }
}

#[test]
fn a_page_listed_twice_is_found() {
    let records = records();
    let (short, long) = (&records[0], &records[records.len() - 1]);
    let below = *long.pages.iter().find(|page| **page < short.pages[short.pages.len() - 2]).unwrap();
    let image = short.with(short.pages.len() - 1, below);
    assert_found(&image, VerifyLevel::Full, short.leaf, "in use or listed twice");
}

#[test]
fn a_page_missing_from_the_list_is_found() {
    for record in records() {
        // With a count one lower, the last page, which is the lowest, is missing.
        let image = record.with_word(0, record.pages.len() as u64 - 1);
        assert_found(&image, VerifyLevel::Full, record.pages[record.pages.len() - 1], "in no tree and not free");
    }
}

#[test]
fn counts_too_large_for_their_record_are_found() {
    for record in records() {
        for count in [record.pages.len() as u64 * 3, 1 << 61, u64::MAX] {
            let why = format!("for {count} pages");
            assert_found(&record.with_word(0, count), VerifyLevel::Full, record.leaf, &why);
        }
    }
}
