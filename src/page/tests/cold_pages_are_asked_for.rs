//! What is requested from the system for a file that is not in memory, and that requests change no result.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Bound::Unbounded;

use proptest::prelude::*;

use crate::page::batch::get_many;
use crate::page::cursor::Cursor;
use crate::page::layout::{Page, Pages};
use crate::page::page_no::PageNo;
use crate::page::readahead::{MIN_KEYS_FOR_REQUESTS, Memory, ReadAhead, request_lookups, request_pages};
use crate::page::tests::samples::{Sample, samples};
use crate::page::tree::branch_levels;

/// A memory that contains the pages requested from it, and records the requests.
struct Fake {
    pages: u64,
    there: RefCell<BTreeSet<PageNo>>,
    asked: RefCell<Vec<(PageNo, u64)>>,
}

impl Fake {
    fn new(pages: u64) -> Self {
        Self { pages, there: RefCell::default(), asked: RefCell::default() }
    }
}

impl Memory for &Fake {
    fn extent(self) -> (u64, usize) {
        (self.pages, 4096)
    }

    fn is_resident(self, number: PageNo) -> bool {
        self.there.borrow().contains(&number)
    }

    fn will_need(self, first: PageNo, count: u64) {
        self.asked.borrow_mut().push((first, count));
        self.there.borrow_mut().extend((first.0..first.0 + count).map(PageNo));
    }
}

fn deep() -> &'static Sample {
    samples().iter().find(|sample| sample.name == "ordered integers").unwrap()
}

/// The lowest branch pages, in order.
fn lowest(sample: &Sample) -> Vec<Page<'_>> {
    let pages = sample.image.pages();
    let mut level = vec![pages.branch(sample.tree.root).unwrap()];
    for _ in 1..branch_levels(pages, &sample.tree).unwrap().unwrap() {
        level = level.iter().flat_map(|page| children(*page)).map(|child| pages.branch(child).unwrap()).collect();
    }
    level
}

fn children(branch: Page<'_>) -> Vec<PageNo> {
    (0..branch.slots()).map(|slot| branch.child(slot).unwrap()).collect()
}

/// Walks over `branches` in order, as a scan would.
fn walk(fake: &Fake, ahead: &mut ReadAhead, branches: &[Page<'_>], from: usize) {
    let sibling = |distance: isize| {
        let at = from.checked_add_signed(distance)?;
        branches.get(at).map(|page| page.number())
    };
    ahead.enter(fake, branches[from], sibling, |number| branches.iter().copied().find(|page| page.number() == number));
}

proptest! {
    #[test]
    fn pages_are_requested_once_in_order_and_neighbours_together(mut numbers in prop::collection::vec((0_u64..300).prop_map(PageNo), 0..200)) {
        let fake = Fake::new(300);
        let wanted: BTreeSet<PageNo> = numbers.iter().copied().collect();
        request_pages(&fake, &mut numbers);
        let asked = fake.asked.borrow();
        prop_assert_eq!(&*fake.there.borrow(), &wanted);
        prop_assert_eq!(asked.iter().map(|(_, count)| *count).sum::<u64>(), wanted.len() as u64);
        for pair in asked.windows(2) {
            let ((PageNo(first), count), PageNo(next)) = (pair[0], pair[1].0);
            prop_assert!(first + count < next || (first + count == next && count == 32), "{:?}", pair);
        }
        prop_assert!(asked.iter().all(|(_, count)| *count <= 32));
    }
}

#[test]
fn nothing_is_requested_while_pages_are_in_memory() {
    let branches = lowest(deep());
    let fake = Fake::new(100_000);
    fake.there.borrow_mut().extend((0..100_000).map(PageNo));
    let mut ahead = ReadAhead::default();
    (0..branches.len()).for_each(|at| walk(&fake, &mut ahead, &branches, at));
    assert_eq!(*fake.asked.borrow(), []);
}

#[test]
fn a_scan_requests_the_leaves_of_its_branch_and_later_also_of_the_next() {
    let branches = lowest(deep());
    assert!(branches.len() > 4);
    let fake = Fake::new(100_000);
    let mut ahead = ReadAhead::default();
    walk(&fake, &mut ahead, &branches, 0);
    assert_eq!(*fake.there.borrow(), children(branches[0]).into_iter().collect());
    walk(&fake, &mut ahead, &branches, 1);
    let mut wanted: BTreeSet<PageNo> = branches[..3].iter().flat_map(|branch| children(*branch)).collect();
    wanted.insert(branches[3].number());
    assert_eq!(*fake.there.borrow(), wanted);
}

#[test]
fn a_long_scan_requests_whole_blocks_and_none_twice() {
    let branches = lowest(deep());
    let fake = Fake::new(100_000);
    let mut ahead = ReadAhead::default();
    let mut beyond = Vec::new();
    for round in 0..100 {
        // Simulates a file larger than memory: pages are evicted before they are used again.
        fake.there.borrow_mut().clear();
        let at = round % branches.len();
        walk(&fake, &mut ahead, &branches, at);
        let mut wanted: BTreeSet<PageNo> = branches[at..].iter().take(2).flat_map(|branch| children(*branch)).collect();
        wanted.extend(branches.get(at + 2).map(|branch| branch.number()));
        beyond.push(fake.there.borrow().iter().any(|page| !wanted.contains(page)));
    }
    let first = beyond.iter().position(|block| *block);
    assert!(first.is_some_and(|round| round > 3), "{first:?}");
    assert!(!beyond[50..].contains(&true), "{beyond:?}");
}

#[test]
fn hints_about_absent_pages_do_nothing() {
    let words = vec![0_u64; 512 * 8];
    let pages = Pages::over(&words, 4096);
    for number in [0, 1, 2, 7, 8, 9, 1 << 40, 1 << 52, u64::MAX - 1, u64::MAX].map(PageNo) {
        for count in [0, 1, 6, 7, 1 << 52, u64::MAX] {
            pages.request(number, count);
        }
        assert!(pages.resident(number), "{number}");
    }
}

#[test]
fn batches_with_requested_pages_find_what_the_model_holds() {
    for sample in samples() {
        let pages = sample.image.pages();
        let keys: Vec<&[u8]> = sample.model.keys().map(Vec::as_slice).take(3 * MIN_KEYS_FOR_REQUESTS).collect();
        if let (Some(levels), false) = (branch_levels(pages, &sample.tree).unwrap(), keys.is_empty()) {
            // The pages are in memory, so none is missing.
            assert!(!request_lookups::<0>(pages, &sample.tree, levels, &keys), "{}", sample.name);
        }
        let mut found = vec![None; keys.len()];
        get_many::<0>(pages, &sample.tree, &keys, |index, value| found[index] = value).unwrap();
        let model: Vec<_> =
            sample.model.values().map(|value| Some(value.as_slice())).take(3 * MIN_KEYS_FOR_REQUESTS).collect();
        assert_eq!(found, model, "{}", sample.name);
    }
}

#[test]
fn requests_for_a_damaged_tree_stop_at_the_damage() {
    let sample = deep();
    let mut image = sample.image.clone();
    let branch = lowest(sample)[1].number();
    let keys: Vec<&[u8]> = sample.model.keys().map(Vec::as_slice).collect();
    for wild in [0, 1, u64::MAX >> 16, 1 << 40] {
        for slot in 0..4 {
            let at = image.node(branch, slot);
            let header = image.read::<8>(branch, at);
            let [low @ .., _, _] = wild.to_le_bytes();
            image.write(branch, at, &[&low[..], &header[6..]].concat());
        }
        request_lookups::<8>(image.pages(), &sample.tree, sample.tree.depth - 1, &keys);
        let mut cursor = Cursor::range(image.pages(), &sample.tree, Unbounded, Unbounded).unwrap();
        assert!(std::iter::from_fn(|| cursor.next().transpose()).any(|entry| entry.is_err()));
    }
}
