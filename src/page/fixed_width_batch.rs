//! Batched look-ups of keys of at most eight bytes: the descent compares integers.
//!
//! A *lane* is one key's descent. The limits of a page's keys are integers here, not slices of the pages above. A lane
//! that meets damage ends without an error. Its key is looked up again alone, which gives the error. So the loops of
//! the descent only check the bounds of what they read.

use std::hint::black_box;

use crate::error::Result;
use crate::page::batch::{Descent, GROUP, Plan};
use crate::page::format::NO_PAGE;
use crate::page::layout::{Page, Pages};
use crate::page::lookup::get;
use crate::page::page_no::PageNo;
use crate::page::readahead::MIN_KEYS_FOR_REQUESTS;
use crate::page::search::{Fraction, MAX_LINEAR_STEPS};

/// The number of ranges into which the root divides all keys. The keys of a window are sorted by these ranges: keys of
/// one range share their upper pages, and find these in the nearest cache.
const PARTS: usize = 256;
/// The page of a lane that has ended; no file has a page of this number.
const ENDED: PageNo = NO_PAGE;

/// A batch of keys of `W` bytes, at most eight.
pub(crate) struct FixedWidthBatch<'a, 'k, const W: usize> {
    plan: Plan<'a, 'k>,
    window: &'k [&'k [u8]],
    /// The window's keys: in their given order, and sorted by ranges of the root.
    given: Vec<BatchKey>,
    order: Vec<BatchKey>,
    /// How many sorted keys of the window come before the group, and how many the group has.
    before: usize,
    len: usize,
    lanes: [Lane<'a>; GROUP],
}

/// A key before its descent.
#[derive(Clone, Copy, Default)]
struct BatchKey {
    key: u64,
    /// The key's relative position among the root's separators; `None` for a key of another width, which needs a
    /// single look-up.
    fraction: Option<Fraction>,
    index: u16,
}

/// A key during its descent.
#[derive(Clone, Copy)]
struct Lane<'a> {
    key: u64,
    /// No key of the page is below `low`.
    low: u64,
    /// All keys of the page are below `high`. The greatest integer of this width means no upper limit.
    high: u64,
    /// The number of the next page on the key's path.
    number: PageNo,
    page: Page<'a>,
    fraction: Fraction,
    guess: usize,
}

impl BatchKey {
    /// The range of the root that the key is in.
    #[inline]
    fn part(&self) -> usize {
        self.fraction.map_or(0, |fraction| fraction.of(PARTS - 1))
    }
}

impl<'a, 'k, const W: usize> FixedWidthBatch<'a, 'k, W> {
    pub(crate) fn new(plan: Plan<'a, 'k>) -> Self {
        let (low, high) = (0, greatest::<W>());
        let (fraction, guess) = (Fraction::HALF, 0);
        let lane = Lane { key: 0, low, high, number: plan.tree.root, page: Page::EMPTY, fraction, guess };
        let (given, order) = (Vec::new(), Vec::new());
        Self { plan, window: &[], given, order, before: 0, len: 0, lanes: [lane; GROUP] }
    }
}

impl<'a, 'k, const W: usize> Descent<'a, 'k> for FixedWidthBatch<'a, 'k, W> {
    fn enter(&mut self, window: &'k [&'k [u8]]) -> Result<()> {
        let Plan { pages, tree, levels, .. } = self.plan;
        (self.window, self.before, self.len) = (window, 0, 0);
        let (mut low, mut high) = (0, greatest::<W>());
        if levels > 0 {
            let root = pages.branch(tree.root)?;
            low = root.number_key::<W>(1).unwrap_or(0);
            high = root.number_key::<W>(root.slots().saturating_sub(1)).unwrap_or(0);
        }
        self.given.clear();
        // For sorting the keys by counting. First the number of keys in each part of the root's key range; later, for
        // each part, the index in `order` where its next key is put.
        let mut parts = [0_u16; PARTS];
        for (index, key) in (0..).zip(window) {
            let start = match key.first_chunk::<W>() {
                Some(bytes) if key.len() == W => {
                    let key = number(bytes);
                    BatchKey { key, fraction: Some(Fraction::between(low, key, high)), index }
                }
                _ => BatchKey { index, ..BatchKey::default() },
            };
            parts[start.part()] += 1;
            self.given.push(start);
        }
        if window.len() < MIN_KEYS_FOR_REQUESTS {
            std::mem::swap(&mut self.order, &mut self.given);
            return Ok(());
        }
        let mut before = 0;
        for part in &mut parts {
            before += std::mem::replace(part, before);
        }
        self.order.clear();
        self.order.resize(window.len(), BatchKey::default());
        for start in &self.given {
            let next = &mut parts[start.part()];
            if let Some(at) = self.order.get_mut(usize::from(*next)) {
                *at = *start;
            }
            *next += 1;
        }
        Ok(())
    }

    fn go_down(&mut self) -> Result<Option<PageNo>> {
        let Plan { pages, tree, levels, .. } = self.plan;
        self.before += self.len;
        let keys = self.order.get(self.before..).unwrap_or_default();
        self.len = keys.len().min(GROUP);
        let root = if levels > 0 { pages.branch(tree.root)? } else { Page::EMPTY };
        for (lane, start) in self.lanes.iter_mut().zip(keys) {
            (lane.key, lane.low, lane.high) = (start.key, 0, greatest::<W>());
            (lane.number, lane.page) = match start.fraction {
                Some(fraction) => {
                    lane.guess = 1 + fraction.of(root.slots().saturating_sub(2));
                    (tree.root, root)
                }
                None => (ENDED, Page::EMPTY),
            };
        }
        let lanes = self.lanes.get_mut(..self.len).unwrap_or_default();
        for level in 1..=levels {
            let slots = self.plan.slots_below(level);
            if level > 1 {
                for lane in &mut *lanes {
                    lane.enter_page::<W>(pages.branch(lane.number).ok());
                }
            }
            for lane in &mut *lanes {
                lane.number = lane.child::<W>(pages, slots).unwrap_or(ENDED);
            }
        }
        Ok(lanes.last().map(|lane| lane.number))
    }

    fn values(&mut self, mut each: impl FnMut(usize, Option<&'a [u8]>)) -> Result<()> {
        let Plan { pages, tree, .. } = self.plan;
        let lanes = self.lanes.get_mut(..self.len).unwrap_or_default();
        for lane in &mut *lanes {
            lane.enter_leaf(pages.leaf(lane.number).ok());
        }
        for lane in &mut *lanes {
            lane.refine_guess::<W>();
        }
        for (lane, start) in lanes.iter().zip(self.order.get(self.before..).unwrap_or_default()) {
            let index = usize::from(start.index);
            let value = match lane.find::<W>() {
                LeafMatch::Slot(slot) => match lane.page.pair(slot) {
                    Some((_, value)) => Some(value),
                    None => Some(lane.page.node(slot)?.plain(pages, lane.page)?),
                },
                LeafMatch::Absent => None,
                LeafMatch::Undecided => match self.window.get(index).copied().unwrap_or_default() {
                    // The lane could not decide, so the key is looked up alone. A key of the width `W` is looked up
                    // with this width, because such a look-up detects damage that one without a width does not.
                    key if key.len() == W => get::<W>(pages, tree, key)?,
                    key => get::<0>(pages, tree, key)?,
                },
            };
            each(index, value);
        }
        Ok(())
    }
}

impl<'a> Lane<'a> {
    /// Enters a branch page, and prefetches the separators where its search begins.
    #[inline]
    fn enter_page<const W: usize>(&mut self, page: Option<Page<'a>>) {
        let page = page.unwrap_or(Page::EMPTY);
        let guess = if self.low == 0 || self.high == greatest::<W>() {
            self.guess_without_limit::<W>(page)
        } else {
            self.fraction.of(page.slots())
        };
        page.prefetch_slots(guess, guess + 1);
        (self.page, self.guess) = (page, guess);
    }

    /// The guess in an outermost page of a level, where a limit is missing. The page's own outermost separators replace
    /// the limits.
    #[inline(never)]
    fn guess_without_limit<const W: usize>(&self, page: Page<'a>) -> usize {
        let (no_low, no_high) = (self.low == 0, self.high == greatest::<W>());
        if page.slots() < 3 {
            return 1;
        }
        let (first, last) = (usize::from(no_low), page.slots() - usize::from(no_high));
        let low = if no_low { page.number_key::<W>(1) } else { Some(self.low) };
        let high = if no_high { page.number_key::<W>(last) } else { Some(self.high) };
        let (Some(low), Some(high)) = (low, high) else { return 1 };
        first + Fraction::between(low, self.key, high).of(last - first)
    }

    /// The child of the lane's branch page that contains the lane's key. Prefetches the child's header and the expected
    /// position of the slot in it.
    #[inline]
    fn child<const W: usize>(&mut self, pages: Pages<'a>, slots: usize) -> Option<PageNo> {
        let above = self.first_above::<W>()?;
        let number = self.page.child(above - 1).ok()?;
        self.fraction = Fraction::between(self.low, self.key, self.high);
        pages.prefetch_slot(number, self.fraction.of(slots));
        Some(number)
    }

    /// The first slot of the lane's branch page whose separator is above the key. Sets `low` and `high` to the limits
    /// of the child before that slot.
    #[inline]
    fn first_above<const W: usize>(&mut self) -> Option<usize> {
        let (page, key, end) = (self.page, self.key, self.page.slots());
        if end < 2 {
            // The key in slot 0 counts as minus infinity. So a page with that slot alone has one child, which contains
            // all keys. A page without slots is no branch: it stands for a page that could not be read.
            return if end == 1 { Some(1) } else { None };
        }
        let guess = self.guess.clamp(1, end - 1);
        let at = page.number_key::<W>(guess)?;
        let (mut first, mut last) = if at <= key {
            self.low = at;
            let far = (guess + 1 + MAX_LINEAR_STEPS).min(end);
            for slot in guess + 1..far {
                let at = page.number_key::<W>(slot)?;
                if at > key {
                    self.high = at;
                    return Some(slot);
                }
                self.low = at;
            }
            (far, end)
        } else {
            self.high = at;
            let far = guess.saturating_sub(MAX_LINEAR_STEPS).max(1);
            for slot in (far..guess).rev() {
                let at = page.number_key::<W>(slot)?;
                if at <= key {
                    self.low = at;
                    return Some(slot + 1);
                }
                self.high = at;
            }
            (1, far)
        };
        while first < last {
            let middle = first + (last - first) / 2;
            let at = page.number_key::<W>(middle)?;
            if at <= key {
                // `black_box` keeps this a branch instruction, for the reason given at `bisect` in `search.rs`.
                black_box(());
                (self.low, first) = (at, middle + 1);
            } else {
                (self.high, last) = (at, middle);
            }
        }
        Some(first)
    }

    /// Enters the lane's leaf, and prefetches the node of the first guess.
    #[inline]
    fn enter_leaf(&mut self, page: Option<Page<'a>>) {
        let page = page.unwrap_or(Page::EMPTY);
        let guess = self.fraction.of(page.slots()).min(page.slots().saturating_sub(1));
        page.prefetch_slot(guess);
        (self.page, self.guess) = (page, guess);
    }

    /// Guesses again, using the key at the first guess as a limit, since it is nearer than both limits. A walk from
    /// the new guess touches fewer nodes that were not prefetched, each a cache miss.
    #[inline]
    fn refine_guess<const W: usize>(&mut self) {
        let (page, guess) = (self.page, self.guess);
        let Some(at) = page.number_key::<W>(guess) else { return };
        let end = page.slots();
        let guess = if at <= self.key {
            guess + Fraction::between(at, self.key, self.high).of(end - guess)
        } else {
            Fraction::between(self.low, self.key, at).of(guess)
        };
        page.prefetch_slots(guess, guess + 1);
        self.guess = guess;
    }

    /// The position of the lane's key in its leaf.
    #[inline]
    fn find<const W: usize>(&self) -> LeafMatch {
        let (page, key, end) = (self.page, self.key, self.page.slots());
        if end == 0 {
            return LeafMatch::Undecided;
        }
        let guess = self.guess.min(end - 1);
        let Some(at) = page.number_key::<W>(guess) else { return LeafMatch::Undecided };
        if at == key {
            return LeafMatch::Slot(guess);
        }
        // The guess is near the key, so walk to the key slot by slot instead of bisecting.
        if at < key {
            for slot in guess + 1..end {
                let Some(at) = page.number_key::<W>(slot) else { return LeafMatch::Undecided };
                if at >= key {
                    return if at == key { LeafMatch::Slot(slot) } else { self.absent(slot) };
                }
            }
        } else {
            for slot in (0..guess).rev() {
                let Some(at) = page.number_key::<W>(slot) else { return LeafMatch::Undecided };
                if at <= key {
                    return if at == key { LeafMatch::Slot(slot) } else { self.absent(slot + 1) };
                }
            }
            return self.absent(0);
        }
        LeafMatch::Absent
    }

    /// The result for a key that is not in the leaf, where slot `above` has the first greater key. The node of a key
    /// that is found is checked when its value is read. Here no value is read, so the node in slot `above` is checked.
    #[inline]
    fn absent(&self, above: usize) -> LeafMatch {
        if above < self.page.slots() && self.page.key(above).is_err() {
            LeafMatch::Undecided
        } else {
            LeafMatch::Absent
        }
    }
}

/// The result of a search in a leaf.
enum LeafMatch {
    Slot(usize),
    Absent,
    /// This search cannot decide: the leaf is damaged, or has keys of another width. A single look-up gives the result.
    Undecided,
}

/// A key's bytes as an integer with the same order.
#[inline]
fn number<const W: usize>(bytes: &[u8; W]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// The greatest integer that a key of `W` bytes can be.
const fn greatest<const W: usize>() -> u64 {
    if W < 8 { (1 << (8 * W)) - 1 } else { u64::MAX }
}
