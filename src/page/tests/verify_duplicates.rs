//! Damaged sets of duplicates, and keys out of order, in trees that other programs created.

use std::sync::OnceLock;

use heed::DatabaseFlags as Flags;
use tempfile::TempDir;

use crate::page::page_no::PageNo;
use crate::page::tests::samples::{Image, create, open};
use crate::page::tests::verify_finds::assert_found;
use crate::page::verify::{VerifyLevel, verify};

/// Two trees of duplicates, one of any size and one of six bytes, each with a key that has few of them and one that
/// has many; and two trees whose keys have their own order.
#[expect(deprecated, reason = "the flag of files that other programs wrote")]
fn image() -> Image {
    static IMAGE: OnceLock<Image> = OnceLock::new();
    let make = || {
        let dir = TempDir::new().unwrap();
        let env = open(dir.path());
        let fixed = Flags::DUP_SORT | Flags::DUP_FIXED;
        for (name, flags, len) in [("plain", Flags::DUP_SORT, 7), ("fixed", fixed, 6)] {
            let tree = create(&env, name, flags);
            let mut txn = env.write_txn().unwrap();
            for (key, count) in [(b"few ", 5_u64), (b"many", 3_000)] {
                for n in 0..count {
                    tree.put(&mut txn, key, &n.to_be_bytes()[8 - len..]).unwrap();
                }
            }
            txn.commit().unwrap();
        }
        for (name, flags) in [("integers", Flags::INTEGER_KEY), ("reverse", Flags::REVERSE_KEY)] {
            let tree = create(&env, name, flags);
            let mut txn = env.write_txn().unwrap();
            (0..20_u64).for_each(|n| tree.put(&mut txn, &(n * 100).to_ne_bytes(), b"").unwrap());
            txn.commit().unwrap();
        }
        drop(env);
        Image::of(&dir.path().join("data.mdb"))
    };
    IMAGE.get_or_init(make).clone()
}

/// The page and offset of a key's data: slot 0 has the few duplicates, slot 1 the record of the many.
fn node_position(image: &Image, name: &str, slot: usize) -> (PageNo, usize) {
    let page = image.tree(name).root;
    (page, image.node(page, slot) + 8 + 4)
}

/// The first leaf of the tree of many duplicates.
fn many(image: &Image, name: &str) -> PageNo {
    let (page, record) = node_position(image, name, 1);
    let root = PageNo(u64::from_le_bytes(image.read(page, record + 40)));
    assert_eq!(image.read::<2>(page, record + 6), [2, 0], "a branch and its leaves");
    image.pages().branch(root).unwrap().child(0).unwrap()
}

/// Writes each of these bytes separately, and asserts that the damage is found on `page`.
fn assert_each_found(page: PageNo, faults: &[(usize, &[u8], &str)]) {
    for (at, bytes, why) in faults {
        let mut image = image();
        assert!(verify(&image.file(), VerifyLevel::Full).unwrap().is_clean());
        image.write(page, *at, bytes);
        assert_found(&image, VerifyLevel::Full, page, why);
    }
}

#[test]
fn damage_in_a_sub_page_is_found() {
    let (page, at) = node_position(&image(), "plain", 0);
    let [low, high] = image().read(page, at + 16);
    let node = at + usize::from(u16::from_le_bytes([low, high]));
    assert_each_found(
        page,
        &[
            (at + 10, &[0, 0], "a sub-page of duplicates has a damaged header"),
            (at + 12, &[0xFF, 0xFF], "a sub-page of duplicates has a damaged header"),
            (at + 14, &[0xFF, 0xFF], "a sub-page of duplicates has a damaged header"),
            (at + 10, &[0x72, 0], "duplicates of one size in a tree of any size"),
            (at + 12, &[16, 0], "a key without duplicates"),
            (at + 16, &[0, 0], "a node outside its page"),
            (node, &[1, 0], "a duplicate with a value"),
            (node + 4, &[4, 0], "a duplicate with a value"),
            (node + 6, &[5, 0], "overlap or leave gaps"),
            (node + 6, &[0xFF, 0xFF], "a node runs out of its page"),
            (node + 8, &[9], "duplicates are not in order"),
        ],
    );
}

#[test]
fn damage_in_a_packed_sub_page_is_found() {
    let (page, at) = node_position(&image(), "fixed", 0);
    assert_each_found(
        page,
        &[
            (at + 8, &[0, 0], "fixed-size duplicates has a damaged header"),
            (at + 8, &[0xFF, 0xFF], "fixed-size duplicates has a damaged header"),
            (at + 10, &[0x73, 0], "fixed-size duplicates has a damaged header"),
            (at + 12, &[16, 0], "fixed-size duplicates has a damaged header"),
            (at + 8, &[5, 0], "another room than it says"),
            (at + 12, &[24, 0], "another room than it says"),
            (at + 14, &[99, 0], "another room than it says"),
            (at + 10, &[0x52, 0], "duplicates of one size in a tree of any size"),
            (at + 16, &[9], "duplicates are not in order"),
        ],
    );
}

#[test]
fn damage_in_a_leaf_of_packed_duplicates_is_found() {
    let page = many(&image(), "fixed");
    let [low, high] = image().read(page, 12);
    let count = (usize::from(u16::from_le_bytes([low, high])) - 16) / 2;
    assert_each_found(
        page,
        &[
            (0, &[9, 9], "says that it is page"),
            (8, &[0, 0], "fixed-size duplicates has a damaged header"),
            (10, &[2, 0], "fixed-size duplicates has a damaged header"),
            (14, &[16, 0], "another room than it says"),
            (16, &[9], "duplicates are not in order"),
            (16 + (count - 1) * 6, &[9], "a duplicate outside the separators"),
        ],
    );
    // A size that agrees with the space in the page, but not with the tree.
    let mut image = image();
    let upper = 4096 - u16::try_from(count).unwrap() * 3;
    image.write(page, 8, &[5, 0]);
    image.write(page, 14, &upper.to_le_bytes());
    assert_found(&image, VerifyLevel::Full, page, "another size than their tree's record says");
}

#[test]
fn damage_in_a_leaf_of_duplicates_of_any_size_is_found() {
    let page = many(&image(), "plain");
    let node = image().node(page, 3);
    assert_each_found(
        page,
        &[
            (node, &[1, 0], "a duplicate with a value"),
            (node + 8, &[9], "keys are not in order"),
            (node + 4, &[4, 0], "node flags 0x4 in a tree that cannot have them"),
            (10, &[0x22, 0], "a page of fixed-size duplicates in a plain tree"),
        ],
    );
}

#[test]
fn damage_in_the_record_of_a_duplicate_tree_is_found() {
    for name in ["plain", "fixed"] {
        let (page, at) = node_position(&image(), name, 1);
        let node = at - 12;
        let [flags] = image().read(page, at + 4);
        assert_each_found(
            page,
            &[
                (at + 4, &[flags ^ 0x10], "duplicates of one size in a tree of any size"),
                (at + 6, &[33, 0], "deeper than 32 levels"),
                (at + 6, &[0, 0], "a root but no depth"),
                (at + 16, &[1, 0], "leaf pages, and there are"),
                (at + 32, &[1, 0], "a tree record says"),
                (at + 40, &[1, 0, 0, 0, 0, 0, 0, 0], "the root of a tree is not a page"),
                (node, &[46, 0], "a tree record is not 48 bytes long"),
                (node + 4, &[7, 0], "contradict each other"),
                (node + 4, &[2, 0], "in a tree that cannot have them"),
            ],
        );
    }
}

#[test]
fn keys_out_of_the_order_of_their_tree_are_found() {
    for name in ["integers", "reverse"] {
        let page = image().tree(name).root;
        let slots: [u8; 4] = image().read(page, 18);
        assert_each_found(page, &[(18, &[slots[2], slots[3], slots[0], slots[1]], "keys are not in order")]);
    }
}
