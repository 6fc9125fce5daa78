//! Every planted fault is found on the page where it was planted.

use crate::page::meta_check::check_metas;
use crate::page::page_no::PageNo;
use crate::page::tests::samples::{Image, PAGE, samples};
use crate::page::verify::{VerifyLevel, VerifyReport, verify};

/// The pages from the root of a sample down to a leaf, by the second child of each branch.
pub(super) fn way_down(image: &Image, name: &str) -> Vec<PageNo> {
    let tree = image.tree(name);
    let mut way = vec![tree.root];
    for _ in 1..tree.depth {
        let page = image.pages().branch(way[way.len() - 1]).unwrap();
        way.push(page.child(1).unwrap());
    }
    way
}

fn check(image: &Image, level: VerifyLevel) -> VerifyReport {
    verify(&image.file(), level).unwrap()
}

/// Asserts that the fault is reported on `page`, with `why` in its text.
pub(super) fn assert_found(image: &Image, level: VerifyLevel, page: impl Into<PageNo>, why: &str) {
    let (report, PageNo(page)) = (check(image, level), page.into());
    let found = report.faults.iter().any(|fault| fault.page == page && fault.why.contains(why));
    assert!(found, "{level:?} no {why:?} on page {page} in {:?}", report.faults.iter().take(4).collect::<Vec<_>>());
}

fn image() -> Image {
    samples()[0].image.clone()
}

const NAME: &str = "ordered integers";

#[test]
fn wrong_headers_are_found() {
    let way = way_down(&image(), NAME);
    let (root, leaf) = (way[0], way[way.len() - 1]);
    for (page, level) in [(root, VerifyLevel::Fast), (leaf, VerifyLevel::Full)] {
        for (at, bytes, why) in [
            (10, vec![4, 0], "neither a branch nor a leaf"),
            (10, vec![0x22, 0], "fixed-size duplicates"),
            (0, vec![9, 9], "says that it is page"),
            (12, vec![0xFF, 0xFF], "slots"),
            (12, vec![0, 0], "below zero"),
            (14, vec![0xFF, 0xFF], "leave it"),
        ] {
            let mut image = image();
            image.write(page, at, &bytes);
            assert_found(&image, level, page, why);
        }
    }
    let mut image = image();
    image.write(root, 10, &[2, 0]);
    assert_found(&image, VerifyLevel::Fast, root, "a leaf page above");
}

#[test]
fn wrong_child_numbers_are_found() {
    let way = way_down(&image(), NAME);
    let root = way[0];
    let node = image().node(root, 2);
    let last = check_metas(&image().file(), true).unwrap().unwrap().newest.last_page;
    for level in [VerifyLevel::Fast, VerifyLevel::Full] {
        for (child, why) in [
            (last.0 + 1, "not a page of the database"),
            (1, "not a page of the database"),
            (0xFFFF_FFFF_FFFF, "not a page of the database"),
            (root.0, "in use elsewhere"),
            (way[1].0, "in use elsewhere"),
        ] {
            let mut image = image();
            image.write(root, node, &child.to_le_bytes()[..6]);
            assert_found(&image, level, root, why);
        }
    }
}

#[test]
fn swapped_pages_and_unsorted_slots_are_found() {
    let way = way_down(&image(), NAME);
    let (parent, leaf) = (way[way.len() - 2], way[way.len() - 1]);
    let mut swapped = image();
    let [one, two] = [1, 2].map(|slot| swapped.node(parent, slot));
    let (first, second): ([u8; 6], [u8; 6]) = (swapped.read(parent, one), swapped.read(parent, two));
    swapped.write(parent, one, &second);
    swapped.write(parent, two, &first);
    assert_found(&swapped, VerifyLevel::Full, leaf, "outside the separators");

    for (page, why) in [(parent, "separators are not in order"), (leaf, "keys are not in order")] {
        let mut unsorted = image();
        let slots: [u8; 4] = unsorted.read(page, 18);
        unsorted.write(page, 18, &[slots[2], slots[3], slots[0], slots[1]]);
        assert_found(&unsorted, VerifyLevel::Full, page, why);
    }
    let mut odd = image();
    let slot = odd.node(leaf, 3) + 1;
    odd.write(leaf, 16 + 6, &u16::try_from(slot).unwrap().to_le_bytes());
    assert_found(&odd, VerifyLevel::Full, leaf, "node outside");
    let mut long = image();
    let node = long.node(leaf, 3);
    long.write(leaf, node + 6, &[0xFF, 0xFF]);
    assert_found(&long, VerifyLevel::Full, leaf, "runs out");
}

#[test]
fn truncated_files_are_found() {
    let whole = image();
    let PageNo(last) = check_metas(&whole.file(), true).unwrap().unwrap().newest.last_page;
    for keep in [last / 8, last / 2, last - 40] {
        let mut cut = whole.clone();
        cut.words.truncate(usize::try_from(keep).unwrap() * PAGE / 8 + 7);
        for level in [VerifyLevel::Fast, VerifyLevel::Full] {
            let report = check(&cut, level);
            assert!(
                report.faults.iter().any(|fault| fault.why.contains("ends behind the file")),
                "{level:?} {report:?}"
            );
        }
    }
}

/// Memory is allocated by the length of the file, not by what the file claims.
#[test]
fn a_last_page_beyond_any_file_of_this_length_is_found() {
    let whole = image();
    let slot = u64::from(whole.pages().meta_id(1) > whole.pages().meta_id(0));
    for last in [1_u64 << 30, (1 << 40) - 1] {
        let mut image = whole.clone();
        image.write(slot, 136, &last.to_le_bytes());
        for level in [VerifyLevel::Fast, VerifyLevel::Full] {
            assert_found(&image, level, slot, "further away than a file of this length can have");
        }
    }
}

#[test]
fn wrong_counters_are_found() {
    let whole = image();
    // The newest meta page's record of the main tree.
    let slot = PageNo::from(u64::from(whole.pages().meta_id(1) > whole.pages().meta_id(0)));
    for (at, what) in [(8, "branch"), (16, "leaf"), (32, "entries")] {
        let mut image = whole.clone();
        let [count] = image.read(slot, 88 + at);
        image.write(slot, 88 + at, &[count + 1]);
        assert_found(&image, VerifyLevel::Full, slot, what);
    }
    // Pages in no tree: empty the free list.
    let mut lost = whole.clone();
    lost.write(slot, 40 + 6, &[0; 34]);
    lost.write(slot, 40 + 40, &[0xFF; 8]);
    assert!(check(&lost, VerifyLevel::Full).faults[0].why.contains("in no tree and not free"));
}

#[test]
fn wrong_free_lists_and_overflow_runs_are_found() {
    let whole = image();
    let slot = usize::from(whole.pages().meta_id(1) > whole.pages().meta_id(0));
    let meta = whole.pages().meta(slot);
    assert_eq!(meta.free.depth, 1);
    let leaf = whole.pages().leaf(meta.free.root).unwrap();
    let inline = (0..leaf.slots()).find(|&slot| leaf.node(slot).is_ok_and(|node| node.flags == 0)).unwrap();
    let value = whole.node(meta.free.root, inline) + 16;
    for (first, why) in
        [(1, "not a page"), (meta.main.root.0, "in use or listed twice"), (meta.last_page.0 + 1, "not a page")]
    {
        let mut image = whole.clone();
        image.write(meta.free.root, value, &1_u64.to_le_bytes());
        image.write(meta.free.root, value + 8, &first.to_le_bytes());
        assert_found(&image, VerifyLevel::Full, meta.free.root, why);
    }
    let mut future = whole.clone();
    future.write(meta.free.root, value - 8, &meta.txn_id.next().0.to_le_bytes());
    assert_found(&future, VerifyLevel::Full, meta.free.root, "has not been");

    let way = way_down(&whole, "large values");
    let page = way[way.len() - 1];
    let leaf = whole.pages().leaf(page).unwrap();
    let big = (0..leaf.slots()).find(|&slot| leaf.node(slot).is_ok_and(|node| node.flags == 1)).unwrap();
    let run = leaf.node(big).unwrap().overflow_page();
    for (at, bytes, why) in [(10, [2, 0], "not the overflow page"), (12, [0, 0], "shorter than its value")] {
        let mut image = whole.clone();
        image.write(run, at, &bytes);
        assert_found(&image, VerifyLevel::Full, run, why);
    }
    let mut outside = whole.clone();
    let pointer = whole.node(page, big) + 8 + leaf.node(big).unwrap().key.len();
    outside.write(page, pointer, &u64::MAX.to_le_bytes());
    assert_found(&outside, VerifyLevel::Fast, page, "not a page");
    assert_found(&outside, VerifyLevel::Full, page, "not a page");
}
