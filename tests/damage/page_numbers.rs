//! False page numbers in branches, tree records and large values: they lead to the page itself, to one above it, to a
//! meta page, beyond the file, to an unrelated page, or all to the same page. The result is an error or data, and every
//! call ends.

use crate::common::damage::{PAGE, Random};
use crate::damaged::atlas::{Kind, MAIN, newest_meta, nodes, u16_at};
use crate::damaged::examine::{Bed, Look, OUTCOMES, Outcome};
use crate::damaged::samples::Sample;
use crate::damaged::{campaign, samples};
use mapleaf::Result;

/// A page number in the file: its offset, its length, and the page that contains it.
#[derive(Clone, Copy, Debug)]
struct Place {
    at: usize,
    width: usize,
    page: usize,
}

/// All page numbers of the newest state.
fn places(sample: &Sample) -> Vec<Place> {
    let (bytes, atlas) = (&sample.bytes[..], &sample.atlas);
    let meta = newest_meta(bytes);
    let mut places: Vec<Place> = [80, 128].map(|at| Place { at: meta + at, width: 8, page: meta / PAGE }).into();
    for page in atlas.pages_of(Kind::Branch) {
        places.extend(nodes(bytes, page).into_iter().map(|at| Place { at, width: 6, page }));
    }
    for page in atlas.pages_of(Kind::Leaf) {
        for node in nodes(bytes, page) {
            let data = node + 8 + usize::from(u16_at(bytes, node + 6));
            match u16_at(bytes, node + 4) {
                1 => places.push(Place { at: data, width: 8, page }),
                2 => places.push(Place { at: data + 40, width: 8, page }),
                _ => {}
            }
        }
    }
    places
}

/// The false targets for a number of page `page`.
fn targets(sample: &Sample, page: usize, random: &mut Random) -> Vec<u64> {
    let atlas = &sample.atlas;
    let mut targets = vec![page, 0, 1, atlas.count() - 1, atlas.count(), atlas.count() + 1000];
    targets.extend(atlas.ancestors(page));
    for kind in [Kind::Branch, Kind::Leaf, Kind::Leaf, Kind::Large, Kind::Rest, Kind::Unused] {
        let pages = atlas.pages_of(kind);
        if !pages.is_empty() {
            targets.push(random.pick(&pages));
        }
    }
    let far = [1 << 40, (1 << 48) - 1, 1 << 51, u64::MAX - 1, u64::MAX];
    targets.into_iter().map(|page| page as u64).chain(far).collect()
}

/// Every number of the file with every false target.
fn lies(sample: &Sample) -> Vec<(Place, u64)> {
    let mut random = Random(3);
    let each = |place: Place| targets(sample, place.page, &mut random).into_iter().map(move |to| (place, to));
    places(sample).into_iter().flat_map(each).collect()
}

fn lead_astray(name: &'static str, bed: &Bed) -> Result<()> {
    let lies = lies(&bed.sample);
    let tally = campaign::run::<OUTCOMES>(name, lies.len() as u64, |case| {
        let (place, target) = lies[usize::try_from(case).unwrap_or(0) % lies.len()];
        let mut damaged = bed.sample.bytes.clone();
        damaged[place.at..place.at + place.width].copy_from_slice(&target.to_le_bytes()[..place.width]);
        let outcome = bed.examine(&damaged, Look::some(Random(case << 32)))?;
        assert!(outcome != Outcome::Silent, "a full check passes {place:?} to {target}");
        Ok(outcome as usize)
    })?;
    if let Some(tally) = tally {
        println!("{tally:?}");
        assert!(tally[Outcome::Refused as usize] > 100 && tally[Outcome::Found as usize] > 100, "{tally:?}");
    }
    Ok(())
}

#[test]
fn false_page_numbers_of_a_deep_tree_are_errors_or_data() -> Result<()> {
    lead_astray("false_page_numbers_of_a_deep_tree_are_errors_or_data", &Bed::new(samples::deep()?)?)
}

#[test]
fn false_page_numbers_of_pages_of_all_kinds_are_errors_or_data() -> Result<()> {
    lead_astray("false_page_numbers_of_pages_of_all_kinds_are_errors_or_data", &Bed::new(samples::mixed()?)?)
}

/// Every branch of a tree leads to a single child, so the number of ways to a leaf is the number of slots to the power
/// of the levels.
#[test]
fn branches_with_equal_children_are_errors_or_data_and_end() -> Result<()> {
    let bed = Bed::new(samples::deep()?)?;
    let branches: Vec<usize> = bed.sample.atlas.pages_of(Kind::Branch);
    let branches: Vec<usize> = branches.into_iter().filter(|page| bed.sample.atlas.owner(*page) != MAIN).collect();
    let slots = |page: usize| nodes(&bed.sample.bytes, page);
    let widest = branches.iter().map(|page| slots(*page).len()).max().unwrap_or(0);
    let tally = campaign::run::<OUTCOMES>(
        "branches_with_equal_children_are_errors_or_data_and_end",
        2 * widest as u64,
        |case| {
            let mut damaged = bed.sample.bytes.clone();
            let case = usize::try_from(case).unwrap_or(0);
            for page in &branches {
                let nodes = slots(*page);
                let child = nodes[(case / 2).min(nodes.len() - 1)];
                let child: [u8; 6] = *damaged[child..].first_chunk().expect("inside the file");
                for node in nodes {
                    damaged[node..node + 6].copy_from_slice(&child);
                }
            }
            let look = Look { read_only: case % 2 == 0, ..Look::all(Random(case as u64)) };
            bed.examine(&damaged, look).map(|outcome| outcome as usize)
        },
    )?;
    if let Some(tally) = tally {
        assert_eq!(tally[Outcome::Found as usize], 2 * widest as u64, "{tally:?}");
    }
    Ok(())
}
