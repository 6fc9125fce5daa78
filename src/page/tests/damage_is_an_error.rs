//! Whatever bytes a file contains, reading it ends, with data or with `Corrupted`.

use std::ops::Bound::{Excluded, Included, Unbounded};
use std::sync::OnceLock;

use heed::DatabaseFlags;
use proptest::prelude::*;
use tempfile::TempDir;

use crate::error::{ErrorKind, Result};
use crate::page::batch::get_many;
use crate::page::count::{count_range, estimate, nth, rank};
use crate::page::cursor::Cursor;
use crate::page::layout::Pages;
use crate::page::lookup::{find, get};
use crate::page::meta::TreeRecord;
use crate::page::split::split;
use crate::page::tests::samples::{Image, PAGE, Random, apply, changes, create, open, samples};
use crate::page::verify::{VerifyLevel, verify};

/// The trees that are read.
const NAMES: &[&str] =
    if cfg!(miri) { &["long keys that begin alike", "large values"] } else { &["deep", "flat", "large", "sets"] };

/// A file of a few hundred pages: deep and flat trees, large values, duplicates.
pub(super) fn small() -> &'static Image {
    static SMALL: OnceLock<Image> = OnceLock::new();
    SMALL.get_or_init(|| {
        if cfg!(miri) {
            return samples()[0].image.clone();
        }
        let dir = TempDir::new().unwrap();
        let env = open(dir.path());
        let long = |random: &mut Random| {
            let len = 300 + random.below(200);
            random.bytes(len, b"ab")
        };
        let deep = create(&env, "deep", DatabaseFlags::empty());
        apply(&env, deep, &changes(1, 600, long, |random| vec![1; random.below(50)]));
        let flat = create(&env, "flat", DatabaseFlags::empty());
        apply(&env, flat, &changes(2, 2_000, |r| r.next().to_be_bytes().to_vec(), |r| vec![2; r.below(30)]));
        let large = create(&env, "large", DatabaseFlags::empty());
        apply(&env, large, &changes(3, 60, |r| vec![r.next().to_le_bytes()[0]], |r| vec![3; r.below(12_000)]));
        let sets = create(&env, "sets", DatabaseFlags::DUP_SORT);
        apply(
            &env,
            sets,
            &changes(4, 900, |r| vec![b'a', r.next().to_le_bytes()[0] % 3], |r| r.next().to_be_bytes().to_vec()),
        );
        drop(env);
        Image::of(&dir.path().join("data.mdb"))
    })
}

/// One damage: its position, and the new bytes.
#[derive(Clone, Debug)]
pub(super) enum Damage {
    Bytes {
        page: u64,
        at: usize,
        bytes: Vec<u8>,
    },
    /// The child number of a node.
    Child {
        page: u64,
        slot: usize,
        child: u64,
    },
    Copy {
        from: u64,
        to: u64,
    },
    Zero {
        page: u64,
    },
    Cut {
        pages: u64,
    },
}

pub(super) fn damage() -> impl Strategy<Value = Damage> {
    let page = || 2..(small().words.len() * 8 / PAGE) as u64;
    let at = prop_oneof![0..16_usize, 16..64_usize, 0..PAGE - 8];
    prop_oneof![
        6 => (page(), at, prop::collection::vec(any::<u8>(), 1..8))
            .prop_map(|(page, at, bytes)| Damage::Bytes { page, at, bytes }),
        4 => (page(), 0..9_usize, page()).prop_map(|(page, slot, child)| Damage::Child { page, slot, child }),
        2 => (page(), page()).prop_map(|(from, to)| Damage::Copy { from, to }),
        1 => page().prop_map(|page| Damage::Zero { page }),
        1 => page().prop_map(|pages| Damage::Cut { pages }),
    ]
}

pub(super) fn inflict(image: &mut Image, damage: &Damage) {
    let held = (image.words.len() * 8 / PAGE) as u64;
    match *damage {
        Damage::Bytes { page, at, ref bytes } if page < held => image.write(page, at, bytes),
        Damage::Child { page, slot, child } if page < held => {
            let node = image.node(page, slot).min(PAGE - 6);
            image.write(page, node, &child.to_le_bytes()[..6]);
        }
        Damage::Copy { from, to } if from < held && to < held => {
            let bytes: [u8; PAGE] = image.read(from, 0);
            image.write(to, 8, &bytes[8..]);
        }
        Damage::Zero { page } if page < held => image.write(page, 0, &[0; PAGE]),
        Damage::Cut { pages } => image.words.truncate(usize::try_from(pages).unwrap() * PAGE / 8),
        _ => {}
    }
}

/// The value, or `None` for damage that was reported.
pub(super) fn unless_damaged<T>(result: Result<T>) -> Option<T> {
    result.map_err(|error| assert_eq!(error.kind(), ErrorKind::Corrupted, "{error}")).ok()
}

/// Reads a tree in every way, and returns how many entries the scans gave.
fn read_all(pages: Pages<'_>, tree: &TreeRecord) -> u64 {
    let key = |n: u8| [vec![n * 6; 1 + usize::from(n)], vec![b'a'; 300]].concat();
    let keys: Vec<Vec<u8>> = (0..40).step_by(if cfg!(miri) { 8 } else { 1 }).map(key).collect();
    let most = keys.len() * 3 / 4;
    for key in &keys {
        unless_damaged(get::<0>(pages, tree, key));
        unless_damaged(get::<0>(pages, tree, &key[..8]));
        unless_damaged(find(pages, tree, &key[..1]));
        unless_damaged(rank(pages, tree, key));
    }
    let borrowed: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
    unless_damaged(get_many::<0>(pages, tree, &borrowed, |_, _| ()));
    let numbers: Vec<&[u8]> = borrowed.iter().map(|key| &key[..8]).collect();
    unless_damaged(get_many::<8>(pages, tree, &numbers, |_, _| ()));
    let mut entries = 0;
    for (low, high) in [(Unbounded, Unbounded), (Included(&keys[1][..]), Excluded(&keys[most][..]))] {
        unless_damaged(count_range(pages, tree, low, high));
        unless_damaged(estimate(pages, tree, low, high));
        unless_damaged(split(pages, tree, low, high, 7));
        for turn in 0..4 {
            let Some(mut cursor) = unless_damaged(Cursor::range(pages, tree, low, high)) else { continue };
            for key in &keys[..usize::from(turn == 3) * most] {
                unless_damaged(cursor.seek(key));
                unless_damaged(cursor.seek_back(&keys[keys.len() - 1]));
            }
            loop {
                let forward = turn % 2 == 0 || (turn == 3 && entries % 3 == 0);
                let Some(Some(_)) = unless_damaged(if forward { cursor.next() } else { cursor.next_back() }) else {
                    break;
                };
                entries += 1;
            }
            assert!(matches!((cursor.next(), cursor.next_back(), cursor.peek()), (Ok(None), Ok(None), Ok(None))));
        }
    }
    for n in [0, 1, 50, tree.entries / 2, tree.entries.saturating_sub(1), u64::MAX] {
        unless_damaged(nth(pages, tree, n));
    }
    entries
}

fn config() -> ProptestConfig {
    // An interpreter has time for few cases, and no directory to record failures in.
    let cases = if cfg!(miri) { 3 } else { 200 };
    let failure_persistence = if cfg!(miri) { None } else { ProptestConfig::default().failure_persistence };
    ProptestConfig { cases, failure_persistence, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn reading_a_damaged_tree_ends_with_data_or_an_error(damages in prop::collection::vec(damage(), 1..6)) {
        let whole = small();
        let mut image = whole.clone();
        for damage in &damages {
            inflict(&mut image, damage);
        }
        for name in NAMES {
            // The original root, so that the damage is reached, and the root that the damaged file has.
            let entries = read_all(image.pages(), &whole.tree(name));
            prop_assert!(entries <= 8 * whole.words.len() as u64);
            if let Some(Some(found)) = unless_damaged(find(image.pages(), &image.main(), name.as_bytes()))
                && let Some(tree) = unless_damaged(TreeRecord::from_bytes(found.value))
            {
                read_all(image.pages(), &tree);
            }
        }
        // Verifying reads a file, not memory.
        let file = if cfg!(miri) { return Ok(()) } else { image.file() };
        for level in [VerifyLevel::Fast, VerifyLevel::Full] {
            verify(&file, level).unwrap();
        }
    }
}

/// Branches whose slots all refer to one child: a walk that limits only its depth would take 2^n steps.
#[test]
fn shared_children_do_not_multiply() {
    let sample = samples().iter().find(|sample| sample.name == "long keys that begin alike").unwrap();
    let mut image = sample.image.clone();
    let mut number = sample.tree.root;
    for _ in 1..sample.tree.depth {
        let branch = image.pages().branch(number).unwrap();
        let (slots, first) = (branch.slots(), branch.child(0).unwrap());
        for slot in 0..slots {
            let node = image.node(number, slot);
            image.write(number, node, &first.0.to_le_bytes()[..6]);
        }
        number = first;
    }
    let (pages, tree) = (image.pages(), &sample.tree);
    let mut cursor = Cursor::range(pages, tree, Unbounded, Unbounded).unwrap();
    let error = std::iter::from_fn(|| cursor.next().transpose()).find_map(Result::err).unwrap();
    assert_eq!(error.kind(), ErrorKind::Corrupted);
    let mut cursor = Cursor::range(pages, tree, Unbounded, Unbounded).unwrap();
    assert!(std::iter::from_fn(|| cursor.next_back().transpose()).any(|entry| entry.is_err()));
    // A record with many leaves of which few can be reached, or the reverse.
    let few = TreeRecord { leaf_pages: 2, ..sample.tree };
    let (low, high) = (Included(&b"a"[..]), Included(&b"z"[..]));
    let whole = sample.image.pages();
    assert_eq!(count_range(whole, &few, low, high).unwrap_err().kind(), ErrorKind::Corrupted);
    assert_eq!(estimate(whole, &few, low, high).unwrap_err().kind(), ErrorKind::Corrupted);
    assert_eq!(split(whole, &few, low, high, 9).unwrap_err().kind(), ErrorKind::Corrupted);
    let many = TreeRecord { leaf_pages: u64::MAX, ..sample.tree };
    assert_eq!(count_range(pages, &many, low, high).unwrap_err().kind(), ErrorKind::Corrupted);
}

/// Leaves in the wrong order: each is valid, and none is met twice.
#[test]
fn a_scan_notices_leaves_out_of_order() {
    let sample = samples().iter().find(|sample| sample.name == "random integers").unwrap();
    let mut image = sample.image.clone();
    let mut parent = sample.tree.root;
    for _ in 2..sample.tree.depth {
        parent = image.pages().branch(parent).unwrap().child(1).unwrap();
    }
    let nodes = [2, 3].map(|slot| image.node(parent, slot));
    let children = nodes.map(|node| image.read::<6>(parent, node));
    image.write(parent, nodes[0], &children[1]);
    image.write(parent, nodes[1], &children[0]);
    let open = || Cursor::range(image.pages(), &sample.tree, Unbounded, Unbounded).unwrap();
    let (mut front, mut back) = (open(), open());
    let ahead = std::iter::from_fn(|| front.next().transpose()).find_map(Result::err).unwrap();
    let backward = std::iter::from_fn(|| back.next_back().transpose()).find_map(Result::err).unwrap();
    assert_eq!((ahead.kind(), backward.kind()), (ErrorKind::Corrupted, ErrorKind::Corrupted));
    assert!(matches!((front.next(), front.next_back(), back.next()), (Ok(None), Ok(None), Ok(None))));
}
