//! The nodes of a page fill the space that its header gives them. A node made longer or shorter is found, even if no
//! offset is outside the page.

use crate::page::page_no::PageNo;
use crate::page::tests::samples::{Image, samples};
use crate::page::tests::verify_finds::{assert_found, way_down};
use crate::page::verify::{VerifyLevel, verify};

const NAME: &str = "ordered integers";
const WHY: &str = "overlap or leave gaps";

/// The sample, the leaf to damage, and its slots in the order of their nodes on the page.
fn leaf() -> (Image, PageNo, Vec<usize>) {
    let image = samples()[0].image.clone();
    let way = way_down(&image, NAME);
    let number = way[way.len() - 1];
    let mut slots: Vec<usize> = (0..image.pages().leaf(number).unwrap().slots()).collect();
    slots.sort_by_key(|slot| image.node(number, *slot));
    (image, number, slots)
}

#[test]
fn a_shortened_value_is_found() {
    let (mut image, number, slots) = leaf();
    let node = image.node(number, slots[3]);
    assert_eq!(image.read::<2>(number, node), [8, 0]);
    image.write(number, node, &[4, 0]);
    assert_found(&image, VerifyLevel::Full, number, WHY);
}

#[test]
fn a_value_that_overlaps_the_next_node_is_found() {
    let (mut image, number, slots) = leaf();
    let node = image.node(number, slots[3]);
    image.write(number, node, &[30, 0]);
    assert_found(&image, VerifyLevel::Full, number, WHY);
}

#[test]
fn a_node_without_a_slot_is_found() {
    let (mut image, number, slots) = leaf();
    // Drop the last slot; its node stays.
    let [low, high]: [u8; 2] = image.read(number, 12);
    let lower = u16::from_le_bytes([low, high]) - 2;
    image.write(number, 12, &lower.to_le_bytes());
    assert_found(&image, VerifyLevel::Full, number, WHY);
    let report = verify(&image.file(), VerifyLevel::Full).unwrap();
    assert_eq!(report.entries.iter().find(|(name, _)| name == NAME).unwrap().1, samples()[3].model.len() as u64 - 1);
    assert!(slots.len() > 10);
}

#[test]
fn a_separator_of_a_changed_length_is_found() {
    let (image, ..) = leaf();
    let root = way_down(&image, NAME)[0];
    for level in [VerifyLevel::Fast, VerifyLevel::Full] {
        // The key of the first slot is not used, but LMDB moves the other nodes by its length.
        for (slot, old, new, why) in [(0, 0, 2, "a key runs out of its page"), (1, 8, 6, WHY), (1, 8, 10, WHY)] {
            let mut image = image.clone();
            let node = image.node(root, slot);
            assert_eq!(image.read::<2>(root, node + 6), [old, 0]);
            image.write(root, node + 6, &[new, 0]);
            assert_found(&image, level, root, why);
        }
    }
}

#[test]
fn a_node_outside_its_branch_is_reported_once() {
    let (mut image, ..) = leaf();
    let root = way_down(&image, NAME)[0];
    image.write(root, 16, &[0, 0]);
    for level in [VerifyLevel::Fast, VerifyLevel::Full] {
        let report = verify(&image.file(), level).unwrap();
        let reported: Vec<_> = report.faults.iter().filter(|fault| fault.page == root.0).collect();
        assert!(reported.len() == 1 && reported[0].why == "a node outside its page", "{level:?} {reported:?}");
    }
}
