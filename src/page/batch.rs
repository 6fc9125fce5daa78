//! Batched look-ups: while one key waits for memory, the search for the others continues.

use crate::error::Result;
use crate::page::fixed_width_batch::FixedWidthBatch;
use crate::page::layout::{Page, Pages};
use crate::page::meta::TreeRecord;
use crate::page::page_no::PageNo;
use crate::page::readahead::{self, MIN_KEYS_FOR_REQUESTS, WINDOW};
use crate::page::search::{Fraction, Limits};
use crate::page::search_key::SearchKey;
use crate::page::tree::branch_levels;

/// The number of keys that descend together: enough to use all the loads that a core can have outstanding.
pub(crate) const GROUP: usize = 32;

/// A key during its descent.
#[derive(Clone, Copy)]
struct Lane<'a, 'k, const W: usize> {
    target: SearchKey<'k, W>,
    /// The number of the next page on the key's path.
    number: PageNo,
    limits: Limits<'a>,
    at: At<'a>,
}

/// The page that a key has reached, and what is known about its slot there.
#[derive(Clone, Copy)]
struct At<'a> {
    page: Page<'a>,
    /// The key's relative position between the limits of the page, as a fraction.
    fraction: Option<Fraction>,
    guess: Option<usize>,
}

impl Default for At<'_> {
    fn default() -> Self {
        Self { page: Page::EMPTY, fraction: None, guess: None }
    }
}

/// Descends a tree with a window of keys, group by group.
pub(crate) trait Descent<'a, 'k> {
    /// Starts a window: the next keys of the batch, at most [`WINDOW`].
    fn enter(&mut self, window: &'k [&'k [u8]]) -> Result<()>;
    /// Moves the next group of at most [`GROUP`] keys down to their leaves, without reading these. Returns the number
    /// of the last key's leaf, or `None` at the end of the window.
    fn go_down(&mut self) -> Result<Option<PageNo>>;
    /// Calls `each` for each key of the group, with the key's index in the window and its value.
    fn values(&mut self, each: impl FnMut(usize, Option<&'a [u8]>)) -> Result<()>;
}

/// What all groups of a batch use: the tree, and numbers about it.
#[derive(Clone, Copy)]
pub(crate) struct Plan<'a, 'k> {
    pub(crate) pages: Pages<'a>,
    pub(crate) tree: &'k TreeRecord,
    /// Levels of branch pages.
    pub(crate) levels: u16,
    children: usize,
    entries: usize,
}

impl Plan<'_, '_> {
    /// The approximate number of slots of a page below level `level`. A hint: from a damaged record it can be any
    /// number.
    #[inline]
    pub(crate) fn slots_below(&self, level: u16) -> usize {
        if level < self.levels { self.children } else { self.entries }
    }
}

/// Calls `each` with the index of each key in `keys` and its value, in whatever order is fastest.
///
/// Groups of keys descend level by level. On each level, all keys of the group prefetch their page, then all prefetch
/// the nodes around their guess, then all search: while one waits for memory, the others continue. The speed is
/// limited by the cache lines that memory delivers, so each key requests few: the slot it needs is estimated before
/// the page arrives.
///
/// # Errors
/// `Corrupted` when a page on a path is damaged; the values given before are right.
pub(crate) fn get_many<'a, const W: usize>(
    pages: Pages<'a>,
    tree: &TreeRecord,
    keys: &[&[u8]],
    mut each: impl FnMut(usize, Option<&'a [u8]>),
) -> Result<()> {
    let Some(levels) = branch_levels(pages, tree)? else {
        (0..keys.len()).for_each(|index| each(index, None));
        return Ok(());
    };
    let (children, entries) = fanout(tree);
    let plan = Plan { pages, tree, levels, children, entries };
    if matches!(W, 1..=8) {
        run::<W, _>(plan, FixedWidthBatch::<W>::new(plan), keys, each)
    } else {
        run::<W, _>(plan, AnyWidthBatch::<W>::new(plan), keys, each)
    }
}

fn run<'a, 'k, const W: usize, D: Descent<'a, 'k>>(
    Plan { pages, tree, levels, .. }: Plan<'a, 'k>,
    mut lanes: D,
    keys: &'k [&'k [u8]],
    mut each: impl FnMut(usize, Option<&'a [u8]>),
) -> Result<()> {
    let mut cold = false;
    for (number, window) in keys.chunks(WINDOW).enumerate() {
        cold = cold && readahead::request_lookups::<W>(pages, tree, levels, window);
        // To notice leaves that are not in memory, check one leaf of the first group and one of the middle group. The
        // first group alone does not suffice: it may have the lowest keys, whose leaves may be the only ones in memory.
        let (checks_residency, mut group) = (!cold && window.len() >= MIN_KEYS_FOR_REQUESTS, 0);
        let middle = window.len() / GROUP / 2;
        lanes.enter(window)?;
        while let Some(leaf) = lanes.go_down()? {
            if checks_residency && !cold && (group == 0 || group == middle) && !pages.resident(leaf) {
                cold = readahead::request_lookups::<W>(pages, tree, levels, window);
            }
            group += 1;
            lanes.values(|index, value| each(number * WINDOW + index, value))?;
        }
    }
    Ok(())
}

/// A group of keys without a fixed width, or of a width over eight bytes.
struct AnyWidthBatch<'a, 'k, const W: usize> {
    plan: Plan<'a, 'k>,
    window: &'k [&'k [u8]],
    /// How many keys of the window come before the group, and how many the group has.
    before: usize,
    len: usize,
    lanes: [Lane<'a, 'k, W>; GROUP],
}

impl<'a, 'k, const W: usize> AnyWidthBatch<'a, 'k, W> {
    fn new(plan: Plan<'a, 'k>) -> Self {
        let target = SearchKey::new(&[]);
        let idle = Lane { target, number: plan.tree.root, limits: Limits::default(), at: At::default() };
        Self { plan, window: &[], before: 0, len: 0, lanes: [idle; GROUP] }
    }
}

impl<'a, 'k, const W: usize> Descent<'a, 'k> for AnyWidthBatch<'a, 'k, W> {
    fn enter(&mut self, window: &'k [&'k [u8]]) -> Result<()> {
        (self.window, self.before, self.len) = (window, 0, 0);
        Ok(())
    }

    fn go_down(&mut self) -> Result<Option<PageNo>> {
        let Plan { pages, tree, levels, .. } = self.plan;
        self.before += self.len;
        let keys = self.window.get(self.before..).unwrap_or_default();
        self.len = keys.len().min(GROUP);
        for (lane, key) in self.lanes.iter_mut().zip(keys) {
            *lane =
                Lane { target: SearchKey::new(key), number: tree.root, limits: Limits::default(), at: At::default() };
        }
        let lanes = self.lanes.get_mut(..self.len).unwrap_or_default();
        for level in 1..=levels {
            let slots = self.plan.slots_below(level);
            if level == 1 {
                // All keys of the group start at the root, which is in the cache. So no lane prefetches it first.
                let root = pages.branch(tree.root)?;
                for lane in &mut *lanes {
                    let guess = lane.limits.guess_without_limit(root, &lane.target);
                    lane.go_down(pages, root, guess, slots)?;
                }
            } else {
                for lane in &mut *lanes {
                    lane.enter_page(pages.branch(lane.number)?, 0, 1);
                }
                for lane in &mut *lanes {
                    lane.go_down(pages, lane.at.page, lane.at.guess, slots)?;
                }
            }
        }
        Ok(lanes.last().map(|lane| lane.number))
    }

    fn values(&mut self, mut each: impl FnMut(usize, Option<&'a [u8]>)) -> Result<()> {
        let Plan { pages, levels, .. } = self.plan;
        let lanes = self.lanes.get_mut(..self.len).unwrap_or_default();
        for lane in &mut *lanes {
            lane.enter_page(pages.leaf(lane.number)?, 1, 1);
        }
        for (index, lane) in (self.before..).zip(&*lanes) {
            each(index, lane.value(pages, levels)?);
        }
        Ok(())
    }
}

/// The average number of children of a branch page, and of entries of a leaf, by the tree's record. Only for guesses.
fn fanout(tree: &TreeRecord) -> (usize, usize) {
    let children = tree.branch_pages.saturating_add(tree.leaf_pages) / tree.branch_pages.max(1);
    let entries = tree.entries / tree.leaf_pages.max(1);
    (usize::try_from(children).unwrap_or(0), usize::try_from(entries).unwrap_or(0))
}

impl<'a, const W: usize> Lane<'a, '_, W> {
    /// Prefetches the nodes where the search in `page` begins: the guessed slot, with `before` slots before it and
    /// `after` slots after it.
    #[inline]
    fn enter_page(&mut self, page: Page<'a>, before: usize, after: usize) {
        // Use the local `fraction`, not the copy just stored in the lane: such a load spans two stores, and waits until
        // both are done.
        let fraction = self.at.fraction;
        let guess = match fraction {
            Some(fraction) => Some(fraction.of(page.slots())),
            None if page.is_leaf() => None,
            None => self.limits.guess_without_limit(page, &self.target),
        };
        match guess {
            Some(guess) => page.prefetch_slots(guess.saturating_sub(before), guess + after),
            None => page.prefetch_slot(page.slots() / 2),
        }
        self.at = At { page, fraction, guess };
    }

    /// Moves the lane to the child of branch `page` that contains the lane's key. Prefetches the child's header and the
    /// place where the key's slot is expected; the child has about `slots` slots.
    #[inline]
    fn go_down(&mut self, pages: Pages<'a>, page: Page<'a>, guess: Option<usize>, slots: usize) -> Result<()> {
        let mut limits = self.limits;
        let slot = limits.child_near(page, guess, &self.target)?;
        let (number, fraction) = (page.child(slot)?, limits.fraction(&self.target));
        pages.prefetch_slot(number, fraction.unwrap_or(Fraction::HALF).of(slots));
        (self.number, self.limits, self.at.fraction) = (number, limits, fraction);
        Ok(())
    }

    /// The value of the lane's key, once the lane has reached the key's leaf.
    #[inline]
    fn value(&self, pages: Pages<'a>, levels: u16) -> Result<Option<&'a [u8]>> {
        let leaf = self.at.page;
        if leaf.slots() == 0 && levels > 0 {
            return Err(leaf.fault("an empty leaf"));
        }
        let slot = match self.at.guess {
            Some(guess) if W != 0 => leaf.search_near::<false, W>(0, guess, &self.target)?,
            Some(guess) => leaf.search_near::<false, W>(0, guess, &self.limits.rest(&self.target))?,
            None => leaf.search::<false, W>(0, &self.limits.rest(&self.target))?,
        };
        if slot >= leaf.slots() || leaf.compare(slot, &self.target)?.is_ne() {
            return Ok(None);
        }
        leaf.node(slot)?.plain(pages, leaf).map(Some)
    }
}
