//! A node whose size was changed, in a leaf or in a branch, is reported, whatever the wrong size is.

use crate::page::layout::Pages;
use crate::page::meta::TreeRecord;
use crate::page::page_no::PageNo;
use crate::page::tests::samples::{Image, samples};
use crate::page::verify::{VerifyLevel, verify};

/// The pages from the root down to the first leaf.
fn way(pages: Pages<'_>, tree: &TreeRecord) -> Vec<PageNo> {
    let mut way = vec![tree.root];
    for level in 1..usize::from(tree.depth) {
        way.push(pages.branch(way[level - 1]).unwrap().child(0).unwrap());
    }
    way
}

/// Whether a full check reports on `page` that sizes do not add up.
fn found(image: &Image, page: PageNo) -> bool {
    let report = verify(&image.file(), VerifyLevel::Full).unwrap();
    report.faults.iter().any(|fault| fault.page == page.0 && fault.why.contains("overlap"))
}

#[test]
fn a_slightly_wrong_size_is_found() {
    let mut lies = 0;
    for sample in samples().iter().filter(|sample| sample.name == "random integers" || sample.name == "large values") {
        let way = way(sample.image.pages(), &sample.tree);
        for (level, &page) in way.iter().enumerate() {
            let leaf = level + 1 == way.len();
            let slots = sample.image.pages().page(page).unwrap().slots();
            // The value's size in a leaf, and the key's size in both. The last key stays in order with two bytes
            // less.
            let fields: &[(usize, usize)] = if leaf { &[(0, slots / 2), (6, slots - 1)] } else { &[(6, slots - 1)] };
            for &(field, slot) in fields {
                let mut image = sample.image.clone();
                let node = image.node(page, slot);
                let [size, flags] = [field, 4].map(|at| u16::from_le_bytes(image.read(page, node + at)));
                // The size of a value that is stored elsewhere does not affect its node.
                let inline = !leaf || field == 6 || flags == 0;
                image.write(page, node + field, &(size ^ 2).to_le_bytes());
                assert_eq!(found(&image, page), inline, "{} {page} {slot} {field}", sample.name);
                lies += u32::from(inline);
            }
        }
    }
    assert!(lies >= 5, "only {lies}");
}

/// The first key of a branch represents minus infinity: no search reads it, but LMDB moves nodes by its size.
#[test]
fn a_first_key_outside_its_branch_is_found() {
    let sample = samples().iter().find(|sample| sample.name == "random integers").unwrap();
    let mut image = sample.image.clone();
    let node = image.node(sample.tree.root, 0);
    image.write(sample.tree.root, node + 6, &[0xFF, 0xFF]);
    let faults = verify(&image.file(), VerifyLevel::Full).unwrap().faults;
    assert!(
        faults.iter().any(|fault| fault.page == sample.tree.root.0 && fault.why.contains("runs out")),
        "{faults:?}"
    );
    assert_eq!(faults.len(), 1);
}
