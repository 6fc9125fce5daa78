//! A node may end at the end of its page but not a byte later, however it is read.

use std::ops::Bound::Unbounded;

use crate::error::ErrorKind;
use crate::page::cursor::Cursor;
use crate::page::lookup::get;
use crate::page::page_no::PageNo;
use crate::page::tests::samples::{Image, PAGE, Sample, samples};

/// The first leaf of a sample, and the slot and offset of its last node, which ends at the end of the page.
fn last_node(sample: &Sample) -> Option<(PageNo, usize, usize)> {
    let pages = sample.image.pages();
    let mut number = sample.tree.root;
    for _ in 1..sample.tree.depth {
        number = pages.branch(number).unwrap().child(0).unwrap();
    }
    let slots = if sample.tree.depth == 0 { 0 } else { pages.leaf(number).unwrap().slots() };
    let (at, slot) = (0..slots).map(|slot| (sample.image.node(number, slot), slot)).max()?;
    Some((number, slot, at))
}

fn u16_in(image: &Image, page: PageNo, at: usize) -> usize {
    usize::from(u16::from_le_bytes(image.read(page, at)))
}

#[test]
fn a_value_that_ends_after_its_page_is_an_error() {
    let mut tried = 0;
    for sample in samples() {
        let Some((number, slot, at)) = last_node(sample) else { continue };
        if u16_in(&sample.image, number, at + 4) != 0 {
            continue;
        }
        let key_len = u16_in(&sample.image, number, at + 6);
        let fits = PAGE - at - 8 - key_len;
        let mut image = sample.image.clone();
        image.write(number, at, &u32::try_from(fits).unwrap().to_le_bytes());
        let key = image.pages().leaf(number).unwrap().key(slot).unwrap().to_vec();
        assert_eq!(
            get::<0>(image.pages(), &sample.tree, &key).unwrap().map(<[u8]>::len),
            Some(fits),
            "{}",
            sample.name
        );
        for size in [fits + 1, fits + 2, PAGE, u32::MAX as usize] {
            image.write(number, at, &u32::try_from(size).unwrap().to_le_bytes());
            let leaf = image.pages().leaf(number).unwrap();
            assert!(leaf.pair(slot).is_none(), "{} {size}", sample.name);
            assert_eq!(leaf.node(slot).err().unwrap().kind(), ErrorKind::Corrupted, "{} {size}", sample.name);
            let found = get::<0>(image.pages(), &sample.tree, &key);
            assert_eq!(found.unwrap_err().kind(), ErrorKind::Corrupted, "{} {size}", sample.name);
            let mut cursor = Cursor::range(image.pages(), &sample.tree, Unbounded, Unbounded).unwrap();
            let met = std::iter::from_fn(|| cursor.next().transpose()).take(slot + 1).find_map(Result::err);
            assert_eq!(met.map(|error| error.kind()), Some(ErrorKind::Corrupted), "{} {size}", sample.name);
        }
        tried += 1;
    }
    assert!(tried > 4, "{tried}");
}

#[test]
fn a_key_that_ends_after_its_page_is_an_error() {
    for sample in samples() {
        let Some((number, slot, at)) = last_node(sample) else { continue };
        let mut image = sample.image.clone();
        for past in [1, 2, 8, PAGE] {
            let key_len = PAGE - at - 8 + past;
            image.write(number, at + 6, &u16::try_from(key_len).unwrap().to_le_bytes());
            let leaf = image.pages().leaf(number).unwrap();
            assert!(leaf.pair(slot).is_none() && leaf.node(slot).is_err(), "{} {key_len}", sample.name);
            assert_eq!(leaf.key(slot).unwrap_err().kind(), ErrorKind::Corrupted, "{} {key_len}", sample.name);
            // A search that compares with this key, for keys equal to it up to its end.
            let alike = [image.read::<PAGE>(number, 0)[at + 8..].to_vec(), vec![0; 9]].concat();
            for len in [alike.len() - 9, alike.len() - 9 + past.min(9)] {
                if let Err(error) = get::<0>(image.pages(), &sample.tree, &alike[..len]) {
                    assert_eq!(error.kind(), ErrorKind::Corrupted);
                }
            }
        }
    }
}
