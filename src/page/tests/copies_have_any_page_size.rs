//! Copies have the page size of their source, which is that of the machine that created it.

use std::io::Write as _;
use std::ops::Bound::Unbounded;

use crate::page::copy::{compact, plain_metas};
use crate::page::cursor::Cursor;
use crate::page::fields::overflow_pages;
use crate::page::format::{HEADER, NODE_HEADER, flag};
use crate::page::format::{MAGIC, VERSION};
use crate::page::layout::Pages;
use crate::page::meta::{Meta, TreeRecord};
use crate::page::page_no::PageNo;
use crate::page::txn_id::LmdbTxnId;
use crate::page::verify::{VerifyLevel, verify};

/// Builds a page of nodes: the first eight bytes of each header, the key, the data.
fn page(size: usize, number: u64, kind: u16, nodes: &[(u64, &[u8], &[u8])]) -> Vec<u8> {
    let mut bytes = vec![0xEE; size];
    let mut upper = size;
    for (slot, (header, key, data)) in nodes.iter().enumerate() {
        let node = [&(header | (key.len() as u64) << 48).to_le_bytes()[..], key, data].concat();
        upper = (upper - node.len()) & !1;
        bytes[upper..upper + node.len()].copy_from_slice(&node);
        bytes[HEADER + 2 * slot..][..2].copy_from_slice(&u16::try_from(upper).unwrap().to_le_bytes());
    }
    let lower = u64::try_from(HEADER + 2 * nodes.len()).unwrap();
    let shape = u64::from(kind) << 16 | lower << 32 | (upper as u64) << 48;
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    bytes[8..16].copy_from_slice(&shape.to_le_bytes());
    assert!(upper >= HEADER + NODE_HEADER && lower <= upper as u64);
    bytes
}

/// A state with pages of `size` bytes: a branch, two leaves far apart, a large value, and free pages.
fn source(size: usize) -> (Vec<u64>, Meta) {
    let large = vec![7; 3 * size];
    let run_pages = overflow_pages(size, large.len());
    // 2: free. 3: the second leaf. 4: the root. 5 and up: the run. Then the first leaf, and the free list.
    let (first, list) = (5 + run_pages, 6 + run_pages);
    let big = 1 << 32 | large.len() as u64;
    let mut run = [&5_u64.to_le_bytes()[..], &[0, 0, 4, 0], &u32::try_from(run_pages).unwrap().to_le_bytes()].concat();
    run.extend(&large);
    run.resize(usize::try_from(run_pages).unwrap() * size, 0xEE);
    let free = [1_u64.to_le_bytes(), 2_u64.to_le_bytes()].concat();
    let pages = [
        vec![0xEE; size],
        page(size, 3, flag::LEAF, &[(1, b"m", b"1"), (big, b"x", &5_u64.to_le_bytes())]),
        page(size, 4, flag::BRANCH, &[(first, b"", b""), (3, b"m", b"")]),
        run,
        page(size, first, flag::LEAF, &[(1, b"a", b"2"), (3, b"b", b"345")]),
        page(size, list, flag::LEAF, &[(16, &2_u64.to_le_bytes(), &free)]),
    ];
    let main = TreeRecord {
        depth: 2,
        branch_pages: 1,
        leaf_pages: 2,
        overflow_pages: run_pages,
        entries: 4,
        root: PageNo(4),
        ..TreeRecord::EMPTY
    };
    let free = TreeRecord { flags: 8, depth: 1, leaf_pages: 1, entries: 1, root: PageNo(list), ..TreeRecord::EMPTY };
    let page_size = u32::try_from(size).unwrap();
    let meta = Meta {
        magic: MAGIC,
        version: VERSION,
        address: 0,
        map_size: 1 << 20,
        page_size,
        free: TreeRecord { pad: page_size, ..free },
        main,
        last_page: PageNo(list),
        txn_id: LmdbTxnId(2),
    };
    (words(&[plain_metas(&meta), pages.concat()].concat()), meta)
}

fn words(bytes: &[u8]) -> Vec<u64> {
    bytes.chunks_exact(8).map(|word| u64::from_le_bytes(word.try_into().unwrap())).collect()
}

fn entries(words: &[u64], size: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
    let pages = Pages::over(words, size);
    let newest = pages.meta(usize::from(pages.meta_id(1) > pages.meta_id(0)));
    let mut cursor = Cursor::range(pages, &newest.main, Unbounded, Unbounded).unwrap();
    std::iter::from_fn(|| cursor.next().unwrap().map(|(key, value)| (key.to_vec(), value.to_vec()))).collect()
}

fn assert_clean(words: &[u64]) {
    let mut file = tempfile::tempfile().unwrap();
    for word in words {
        file.write_all(&word.to_le_bytes()).unwrap();
    }
    let report = verify(&file, VerifyLevel::Full).unwrap();
    assert!(report.is_clean(), "{:?}", report.faults);
}

#[test]
fn copies_are_right_from_the_smallest_page_size_to_the_largest() {
    for size in [512, 1024, 2048, 4096, 8192, 16_384, 32_768] {
        let (source, meta) = source(size);
        assert_clean(&source);
        let mut pages = Vec::new();
        let metas = compact(Pages::over(&source, size), &meta, &mut pages).unwrap();
        let copy = words(&[metas, pages].concat());
        assert_clean(&copy);
        let expected = entries(&source, size);
        assert_eq!(expected.len(), 4);
        assert!(entries(&copy, size) == expected, "{size}");
        assert_eq!((source.len() - copy.len()) * 8, 2 * size, "a free page, and the list that names it");
    }
}
