//! Batches of keys that fit a word have a descent of their own. It finds what other look-ups find.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::{ErrorKind, Result};
use crate::page::batch::get_many;
use crate::page::layout::Pages;
use crate::page::lookup::get;
use crate::page::page_no::PageNo;
use crate::page::readahead::WINDOW;
use crate::page::tests::build;
use crate::page::tests::samples::{Image, Model, Random, Sample, samples};

fn sample(name: &str) -> &'static Sample {
    samples().iter().find(|sample| sample.name == name).unwrap()
}

/// The results of a batch of keys of eight bytes, in the order of the keys.
fn batch<'a>(pages: Pages<'a>, sample: &Sample, keys: &[&[u8]]) -> Result<Vec<Option<&'a [u8]>>> {
    let mut found = vec![None; keys.len()];
    get_many::<8>(pages, &sample.tree, keys, |index, value| found[index] = value)?;
    Ok(found)
}

/// The number of the leaf where `key` is.
fn leaf_of(image: &Image, sample: &Sample, key: &[u8]) -> PageNo {
    let pages = image.pages();
    let mut number = sample.tree.root;
    for _ in 1..sample.tree.depth {
        let branch = pages.branch(number).unwrap();
        let below = (1..branch.slots()).take_while(|slot| branch.key(*slot).unwrap() <= key).last();
        number = branch.child(below.unwrap_or(0)).unwrap();
    }
    number
}

#[test]
fn each_value_has_the_index_of_its_key() {
    for name in ["ordered integers", "random integers"] {
        let (sample, mut random) = (sample(name), Random(7));
        let stored: Vec<&[u8]> = sample.model.keys().map(Vec::as_slice).collect();
        let (least, most) = ([0; 8], [0xFF; 8]);
        // More than a window, unordered; some keys are repeated, some absent.
        let pick = |n: usize| match n % 9 {
            0 => &least[..],
            1 => &most[..],
            _ => stored[random.below(stored.len())],
        };
        let keys: Vec<&[u8]> = (0..if cfg!(miri) { 200 } else { 2 * WINDOW + 100 }).map(pick).collect();
        let found = batch(sample.image.pages(), sample, &keys).unwrap();
        for (key, found) in keys.iter().zip(found) {
            assert_eq!(found, sample.model.get(*key).map(Vec::as_slice), "{name} {key:?}");
        }
    }
}

#[test]
fn a_damaged_leaf_is_named_and_the_others_are_read() {
    let sample = sample("random integers");
    let keys: Vec<&[u8]> = sample.model.keys().map(Vec::as_slice).collect();
    let leaf = leaf_of(&sample.image, sample, keys[keys.len() / 2]);
    let (inside, outside): (Vec<&[u8]>, Vec<&[u8]>) =
        keys.iter().partition(|key| leaf_of(&sample.image, sample, key) == leaf);
    // The tree is smaller under an interpreter.
    assert!(!inside.is_empty() && outside.len() > if cfg!(miri) { 0 } else { 500 });
    // The page's number, its flags, the end of its slots, the start of its nodes, a slot, the key size of a node.
    let first = sample.image.node(leaf, 0);
    for (at, bytes) in [(0, 7_u16), (10, 1), (12, 0xFFFE), (14, 0), (16, 0xFFFF), (first + 6, 9)] {
        let mut image = sample.image.clone();
        image.write(leaf, at, &bytes.to_le_bytes());
        let found = batch(image.pages(), sample, &outside).unwrap();
        for (key, found) in outside.iter().zip(found) {
            assert_eq!(found, sample.model.get(*key).map(Vec::as_slice), "{at}");
        }
        if at < 16 {
            let mixed = [&outside[..outside.len().min(200)], &inside[..]].concat();
            let error = batch(image.pages(), sample, &mixed).unwrap_err();
            assert_eq!((error.kind(), error.page()), (ErrorKind::Corrupted, Some(leaf.0)), "{at}");
        }
        for key in &inside {
            // Compare each result with a single look-up, which uses another path and may report damage that the batch
            // does not read.
            let single = get::<8>(image.pages(), &sample.tree, key);
            match (batch(image.pages(), sample, &[key]), single) {
                (Ok(many), Ok(single)) => assert_eq!(many, [single], "{at} {key:?}"),
                (Ok(many), Err(_)) => assert_eq!(many, [sample.model.get(*key).map(Vec::as_slice)], "{at} {key:?}"),
                (Err(many), single) => assert_eq!((many.kind(), single.is_err()), (ErrorKind::Corrupted, true), "{at}"),
            }
        }
    }
}

/// The first node of a page is at its end: here with less than a word after its header.
#[test]
fn short_keys_without_values_are_found_at_the_end_of_their_page() {
    let model: Model =
        (0..if cfg!(miri) { 300 } else { 3_000_u32 }).map(|n| ((n * 7).to_be_bytes().to_vec(), Vec::new())).collect();
    let image = build::image(&BTreeMap::from([("short", &model)]));
    let tree = image.tree("short");
    assert!(tree.depth > 1);
    let step = if cfg!(miri) { 13 } else { 1 };
    let probes: Vec<[u8; 4]> =
        (0..u32::try_from(model.len() * 7 + 9).unwrap()).step_by(step).map(u32::to_be_bytes).collect();
    let keys: Vec<&[u8]> = probes.iter().map(<[u8; 4]>::as_slice).collect();
    let mut found = vec![None; keys.len()];
    get_many::<4>(image.pages(), &tree, &keys, |index, value| found[index] = value).unwrap();
    for (key, found) in keys.iter().zip(found) {
        assert_eq!(found, model.get(*key).map(Vec::as_slice), "{key:?}");
    }
}

/// Flips each bit of each slot of some leaves, and looks up the key of the slot.
#[test]
fn a_batch_reports_damaged_slots_like_single_look_ups() {
    let lens: &[usize] = if cfg!(miri) { &[16] } else { &[8, 16, 48, 100] };
    for &len in lens {
        let mut random = Random(3);
        let rows = if cfg!(miri) { 60 } else { 3_000 };
        let model: Model = (0..rows).map(|_| (random.next().to_be_bytes().to_vec(), vec![9; len])).collect();
        let image = build::image(&BTreeMap::from([("rows", &model)]));
        let tree = image.tree("rows");
        let sample = Sample { name: "rows", image, tree, model };
        let leaves: BTreeSet<PageNo> = sample.model.keys().map(|key| leaf_of(&sample.image, &sample, key)).collect();
        let mut asked = 0;
        for leaf in leaves.into_iter().take(if cfg!(miri) { 1 } else { 10 }) {
            let slots = sample.image.pages().leaf(leaf).unwrap().slots();
            for slot in (0..slots).step_by(if cfg!(miri) { 9 } else { 1 }) {
                let key = sample.image.pages().leaf(leaf).unwrap().key(slot).unwrap().to_vec();
                let at = u16::try_from(sample.image.node(leaf, slot)).unwrap();
                let mut image = sample.image.clone();
                for bit in 0..16 {
                    image.write(leaf, 16 + 2 * slot, &(at ^ 1 << bit).to_le_bytes());
                    let single = get::<8>(image.pages(), &sample.tree, &key).map_err(|error| error.kind());
                    let many = batch(image.pages(), &sample, &[&key]).map_err(|error| error.kind());
                    assert_eq!(
                        many,
                        single.map(|value| vec![value]),
                        "leaf {leaf}, slot {slot}, bit {bit}, {len} bytes"
                    );
                    asked += 1;
                }
            }
        }
        assert!(asked > if cfg!(miri) { 60 } else { 1_000 }, "{asked}");
    }
}
