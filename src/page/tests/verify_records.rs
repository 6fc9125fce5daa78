//! Records that are wrong about their tree, pages on the wrong level, and pages with two owners.

use crate::page::meta_check::check_metas;
use crate::page::page_no::PageNo;
use crate::page::tests::samples::{Image, samples};
use crate::page::tests::verify_finds::{assert_found, way_down};
use crate::page::verify::{VerifyLevel, verify};

fn image() -> Image {
    samples()[0].image.clone()
}

/// The page and the offset of the record of a named tree.
fn record(image: &Image, name: &str) -> (PageNo, usize) {
    let page = image.main().root;
    let leaf = image.pages().leaf(page).unwrap();
    let slot = (0..leaf.slots()).find(|slot| leaf.key(*slot).is_ok_and(|key| key == name.as_bytes())).unwrap();
    (page, image.node(page, slot) + 8 + name.len())
}

#[test]
fn wrong_counters_of_a_named_tree_are_found() {
    for (at, what) in [(8, "branch pages"), (16, "leaf pages"), (24, "overflow pages"), (32, "entries")] {
        let mut image = image();
        let (page, record) = record(&image, "large values");
        let [count] = image.read(page, record + at);
        image.write(page, record + at, &[count ^ 1]);
        assert_found(&image, VerifyLevel::Full, page, what);
    }
}

#[test]
fn invalid_records_are_found() {
    let PageNo(last) = check_metas(&image().file(), true).unwrap().unwrap().newest.last_page;
    for level in [VerifyLevel::Fast, VerifyLevel::Full] {
        for (at, bytes, why) in [
            (6, vec![33, 0], "deeper than 32 levels"),
            (6, vec![0, 0], "a root but no depth"),
            (40, vec![0xFF; 8], "a depth but no root"),
            (40, vec![1, 0, 0, 0, 0, 0, 0, 0], "the root of a tree is not a page of the file"),
            (40, (last + 1).to_le_bytes().to_vec(), "the root of a tree is not a page of the file"),
            (16, (last + 1).to_le_bytes().to_vec(), "counts more pages than the file has"),
        ] {
            let mut image = image();
            let (page, record) = record(&image, "ordered integers");
            image.write(page, record + at, &bytes);
            assert_found(&image, level, page, why);
        }
        let mut image = image();
        let (page, record) = record(&image, "ordered integers");
        image.write(page, record - 8 - "ordered integers".len(), &[46, 0]);
        assert_found(&image, level, page, "a tree record is not 48 bytes long");
    }
}

#[test]
fn pages_on_the_wrong_level_are_found() {
    let way = way_down(&image(), "ordered integers");
    let depth = u8::try_from(way.len()).unwrap();
    let (branch, leaf) = (way[way.len() - 2], way[way.len() - 1]);
    let (page, at) = record(&image(), "ordered integers");
    let mut deeper = image();
    deeper.write(page, at + 6, &[depth + 1]);
    assert_found(&deeper, VerifyLevel::Fast, leaf, "a leaf page above the lowest level");
    let mut flatter = image();
    flatter.write(page, at + 6, &[depth - 1]);
    assert_found(&flatter, VerifyLevel::Full, branch, "a branch page at the lowest level");
}

#[test]
fn pages_and_runs_with_two_owners_are_found() {
    // Use the root of another tree.
    let mut shared = image();
    let (page, at) = record(&shared, "random integers");
    let root = shared.tree("ordered integers").root;
    shared.write(page, at + 40, &root.0.to_le_bytes());
    for level in [VerifyLevel::Fast, VerifyLevel::Full] {
        assert_found(&shared, level, page, "in use elsewhere");
    }
    // Use the run of another value.
    let way = way_down(&image(), "large values");
    let leaf = way[way.len() - 1];
    let mut shared = image();
    let (first, second) = {
        let nodes = shared.pages().leaf(leaf).unwrap();
        let mut big = (0..nodes.slots()).filter(|slot| nodes.node(*slot).is_ok_and(|node| node.flags == 1));
        let mut next = || big.next().map(|slot| shared.node(leaf, slot) + 8 + 8).unwrap();
        (next(), next())
    };
    let run: [u8; 8] = shared.read(leaf, first);
    shared.write(leaf, second, &run);
    // The runs have different lengths; each is checked for the length it needs.
    for level in [VerifyLevel::Fast, VerifyLevel::Full] {
        let report = verify(&shared.file(), level).unwrap();
        let run = u64::from_le_bytes(run);
        let whys = ["in use elsewhere", "shorter than its value"];
        let found = |why: &str| report.faults.iter().any(|f| [leaf.0, run].contains(&f.page) && f.why.contains(why));
        assert!(whys.into_iter().any(found), "{level:?} {:?}", report.faults);
    }
    let mut moved = image();
    moved.write(u64::from_le_bytes(run), 0, &[1]);
    assert_found(&moved, VerifyLevel::Full, u64::from_le_bytes(run), "not the overflow page that a value points to");
}

#[test]
fn empty_leaves_and_empty_keys_are_found() {
    let way = way_down(&image(), "ordered integers");
    let leaf = way[way.len() - 1];
    let mut empty = image();
    empty.write(leaf, 12, &[16, 0]);
    assert_found(&empty, VerifyLevel::Full, leaf, "an empty leaf");
    let mut nameless = image();
    let node = nameless.node(leaf, 0);
    nameless.write(leaf, node + 6, &[0, 0]);
    assert_found(&nameless, VerifyLevel::Full, leaf, "an empty key");
}

#[test]
fn invalid_node_flags_are_found() {
    let way = way_down(&image(), "ordered integers");
    let leaf = way[way.len() - 1];
    for (flags, why) in [
        (3, "contradict each other"),
        (2, "in a tree that cannot have them"),
        (4, "in a tree that cannot have them"),
        (6, "in a tree that cannot have them"),
        (8, "a node runs out of its page"),
    ] {
        let mut image = image();
        let node = image.node(leaf, 2);
        image.write(leaf, node + 4, &[flags]);
        assert_found(&image, VerifyLevel::Full, leaf, why);
    }
}
