//! A listing by pages ends in a damaged database, too: keys out of order are an error, not a step back.

use crate::common::damage::{PAGE, options};
use crate::damaged::atlas::{Kind, nodes, u16_at};
use crate::damaged::examine::Bed;
use crate::damaged::samples;
use mapleaf::{Dbi, ErrorKind, ListOptions, Result};

/// The sample with the first and the last entry of a leaf of "small" swapped.
fn out_of_order(bed: &Bed) -> Vec<u8> {
    let mut bytes = bed.sample.bytes.clone();
    let leaves = bed.sample.atlas.pages_of(Kind::Leaf);
    let leaves = leaves.into_iter().filter(|page| bed.sample.atlas.owner(*page) == "small");
    let leaf = leaves.max_by_key(|leaf| nodes(&bytes, *leaf).len()).expect("a leaf");
    let first = leaf * PAGE + 16;
    let last = leaf * PAGE + usize::from(u16_at(&bytes, leaf * PAGE + 12)) - 2;
    (0..2).for_each(|at| bytes.swap(first + at, last + at));
    bytes
}

#[test]
fn a_listing_of_keys_out_of_order_ends() -> Result<()> {
    let bed = Bed::new(samples::mixed()?)?;
    let path = bed.lay(&out_of_order(&bed))?;
    let env = options().open(&path)?;
    let small: Dbi<u32, &[u8]> = env.dbi("small")?;
    let (snap, all) = (env.snapshot()?, bed.sample.content["small"].len());
    let mut refused = 0;
    for (limit, reverse) in [(1, false), (1, true), (5, false), (5, true), (1000, false), (1000, true)] {
        let mut options = ListOptions::default().limit(limit).reverse(reverse);
        let mut listed = 0;
        loop {
            match small.list(&snap, options.clone()) {
                Ok(page) => {
                    listed += page.items.len();
                    assert!(listed <= all, "page after page: {listed} of {all}");
                    // A search may miss an entry that is out of order, and reach the end.
                    if !page.has_more {
                        break;
                    }
                    options = options.after(page.cursor);
                }
                Err(error) => {
                    let said = (error.kind(), error.dbi(), error.operation());
                    assert_eq!(said, (ErrorKind::Corrupted, Some("small"), Some("list")));
                    refused += 1;
                    break;
                }
            }
        }
    }
    assert!(refused >= 4, "{refused} of 6");
    Ok(())
}
