//! Finds a key in a page: by interpolation and a short linear walk, or by bisection.
//!
//! Keys are usually spread evenly between two neighbouring separators: counters, times, hashes, random ids. Linear
//! interpolation between the separators then guesses a slot within a few slots of the key. A linear walk from the
//! guess beats bisection in two ways. The few nodes that it touches are prefetched together before the first
//! comparison. The processor predicts that the walk continues and loads ahead, while each step of a bisection waits
//! for the step before. If the guess is far off, the search stops walking and bisects the remaining side.
//!
//! Keys without a fixed width are guessed only if a page above has shown that guesses work for this tree: random bytes
//! are spread evenly, text is not. With or without a guess, the common prefix of the two separators around a page is
//! skipped, because all keys of the page begin with it.

use std::cmp::Ordering;
use std::hint::black_box;

use crate::error::Result;
use crate::page::common_prefix::common_words;
use crate::page::layout::Page;
use crate::page::search_key::{SearchKey, word_at};

/// Only a page with this many slots decides whether keys are spread evenly: in a smaller page, any guess is near.
const MIN_SLOTS_TO_JUDGE: usize = 24;
/// Slots compared linearly from a guess, before the rest is bisected.
pub(crate) const MAX_LINEAR_STEPS: usize = 8;

impl Page<'_> {
    /// The first slot at or after `from` whose key is not below `target` or, with `AFTER`, is above it.
    ///
    /// `self.slots()` when there is none. Assumes that keys are in order.
    ///
    /// # Errors
    /// `Corrupted` when a key that is compared is outside the page.
    #[inline]
    pub(crate) fn search<const AFTER: bool, const W: usize>(
        self,
        from: usize,
        target: &SearchKey<'_, W>,
    ) -> Result<usize> {
        self.bisect::<AFTER, false, W>(from, self.slots(), target)
    }

    /// As [`search`](Self::search), starting at slot `guess`.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    #[inline]
    pub(crate) fn search_near<const AFTER: bool, const W: usize>(
        self,
        from: usize,
        guess: usize,
        target: &SearchKey<'_, W>,
    ) -> Result<usize> {
        let end = self.slots();
        if from >= end {
            return Ok(from);
        }
        let mut slot = guess.min(end - 1).max(from);
        let mut order = self.order_at(slot, target)?;
        if order.is_lt() || (AFTER && order.is_eq()) {
            for _ in 0..MAX_LINEAR_STEPS {
                slot += 1;
                if slot == end || !self.is_before::<AFTER, W>(slot, target)? {
                    return Ok(slot);
                }
            }
            return self.bisect::<AFTER, false, W>(slot + 1, end, target);
        }
        for _ in 0..MAX_LINEAR_STEPS {
            // Keys are unique. So if this key equals the target, the key before it is lower and need not be compared.
            if slot == from || order.is_eq() {
                return Ok(slot);
            }
            order = self.order_at(slot - 1, target)?;
            if order.is_lt() || (AFTER && order.is_eq()) {
                return Ok(slot);
            }
            slot -= 1;
        }
        self.bisect::<AFTER, false, W>(from, slot, target)
    }

    /// Prefetches the nodes in slots `first` to `last`.
    #[inline]
    pub(crate) fn prefetch_slots(self, first: usize, last: usize) {
        for slot in first..=last {
            self.prefetch_slot(slot);
        }
    }

    /// As [`search`](Self::search), for a page that is probably not in the cache: while one key is compared, both
    /// possible next keys are prefetched.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    #[inline]
    pub(crate) fn search_cold<const AFTER: bool, const W: usize>(
        self,
        from: usize,
        target: &SearchKey<'_, W>,
    ) -> Result<usize> {
        self.bisect::<AFTER, true, W>(from, self.slots(), target)
    }

    #[inline]
    fn bisect<const AFTER: bool, const COLD: bool, const W: usize>(
        self,
        from: usize,
        end: usize,
        target: &SearchKey<'_, W>,
    ) -> Result<usize> {
        let (mut base, mut size) = (from, end.saturating_sub(from));
        while size > 0 {
            let half = size / 2;
            if COLD {
                self.prefetch_slot(base + half / 2);
                self.prefetch_slot(base + half + 1 + (size - half - 1) / 2);
            }
            if self.is_before::<AFTER, W>(base + half, target)? {
                // `black_box` keeps this a branch instruction: the processor predicts the side, and starts to load the
                // next key there. A conditional move would wait for this key first, which made look-ups a third slower.
                black_box(());
                base += half + 1;
                size -= half + 1;
            } else {
                size = half;
            }
        }
        Ok(base)
    }

    #[expect(
        clippy::inline_always,
        reason = "measured: out of line it is a fifth of a look-up among keys of any width"
    )]
    #[inline(always)]
    fn is_before<const AFTER: bool, const W: usize>(self, slot: usize, target: &SearchKey<'_, W>) -> Result<bool> {
        if W != 0 {
            return self.is_number_before::<AFTER, W>(slot, target);
        }
        let order = self.order_inline(slot, target).ok_or_else(|| self.fault("a key outside its page"))?;
        Ok(order.is_lt() || (AFTER && order.is_eq()))
    }

    #[inline]
    fn is_number_before<const AFTER: bool, const W: usize>(
        self,
        slot: usize,
        target: &SearchKey<'_, W>,
    ) -> Result<bool> {
        self.order_at(slot, target).map(|order| order.is_lt() || (AFTER && order.is_eq()))
    }

    #[inline]
    fn order_at<const W: usize>(self, slot: usize, target: &SearchKey<'_, W>) -> Result<Ordering> {
        self.order(slot, target).ok_or_else(|| self.fault("a key outside its page"))
    }
}

/// The limits of the keys in a page, from the separators on the path to it.
#[derive(Clone, Copy, Default)]
pub(crate) struct Limits<'a> {
    /// No key of the page is below `low`; `None` at the left edge of the tree.
    low: Option<&'a [u8]>,
    /// All keys of the page are below `high`; `None` at the right edge of the tree.
    high: Option<&'a [u8]>,
    /// The length of the common prefix of both limits, and so of all keys of the page. Not computed where the type
    /// fixes the width.
    skip: u16,
    spread: Spread,
}

/// How keys without a fixed width are spread between the limits, as judged on a page of the path.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Spread {
    #[default]
    Unknown,
    Even,
    Uneven,
}

impl<'a> Limits<'a> {
    /// The relative position of `target` between the limits; `None` when it does not predict its slot.
    #[expect(clippy::inline_always, reason = "measured: out of line it is a fifth of a batch of look-ups")]
    #[inline(always)]
    pub(crate) fn fraction<const W: usize>(&self, target: &SearchKey<'_, W>) -> Option<Fraction> {
        let (low, high) = (self.low?, self.high?);
        if even(low, high, target) {
            Some(fraction(low, high, target))
        } else if self.spread == Spread::Even {
            fraction_of_bytes(usize::from(self.skip), low, high, target)
        } else {
            None
        }
    }

    /// Whether keys were found to be spread evenly.
    #[cfg(test)]
    pub(crate) fn is_even(&self) -> bool {
        self.spread == Spread::Even
    }

    /// The part of `target` that must be compared with the page's keys.
    #[inline]
    pub(crate) fn rest<'k, const W: usize>(&self, target: &SearchKey<'k, W>) -> SearchKey<'k, W> {
        target.without_prefix(usize::from(self.skip))
    }

    /// The slot of `branch` whose child probably contains `target`.
    #[inline]
    pub(crate) fn guess_child<const W: usize>(&self, branch: Page<'a>, target: &SearchKey<'_, W>) -> Option<usize> {
        if let Some(fraction) = self.fraction(target) {
            return Some(fraction.of(branch.slots()));
        }
        self.guess_without_limit(branch, target)
    }

    /// As [`guess_child`](Self::guess_child), for a page at an edge of the tree, where a limit is missing. The page's
    /// own first or last separator replaces it.
    #[inline]
    pub(crate) fn guess_without_limit<const W: usize>(
        &self,
        branch: Page<'a>,
        target: &SearchKey<'_, W>,
    ) -> Option<usize> {
        if !guessable(target) || branch.slots() < 3 {
            return None;
        }
        let (first, last) = (usize::from(self.low.is_none()), branch.slots() - usize::from(self.high.is_none()));
        let low = self.low.or_else(|| branch.key(1).ok());
        let inner = Self { low, high: self.high.or_else(|| branch.key(last).ok()), ..Self::default() };
        inner.fraction(target).map(|fraction| first + fraction.of(last - first))
    }

    /// The child of a branch that contains `target`, or may contain the first key above it: the last child whose
    /// separator is not above `target`. Slot 0 is minus infinity. Narrows the limits to those of the child.
    ///
    /// # Errors
    /// `Corrupted` when a separator that is compared is outside the page.
    #[inline]
    pub(crate) fn child<const W: usize>(&mut self, branch: Page<'a>, target: &SearchKey<'_, W>) -> Result<usize> {
        if !guessable(target) {
            return self.child_of_any_width(branch, target);
        }
        let guess = if branch.slots() > MAX_LINEAR_STEPS { self.guess_child(branch, target) } else { None };
        if let Some(guess) = guess {
            branch.prefetch_slots(guess, guess + 1);
        }
        self.child_near(branch, guess, target)
    }

    /// As [`child`](Self::child), for keys without a fixed width: guesses only after a page above has shown how keys
    /// are spread.
    #[inline(never)]
    fn child_of_any_width<const W: usize>(&mut self, branch: Page<'a>, target: &SearchKey<'_, W>) -> Result<usize> {
        let rest = self.rest(target);
        if let Some(fraction) = self.fraction(target) {
            let guess = fraction.of(branch.slots());
            branch.prefetch_slots(guess, guess + 1);
            let above = branch.search_near::<true, W>(1, guess, &rest)?;
            if above.abs_diff(guess) > MAX_LINEAR_STEPS {
                self.spread = Spread::Uneven;
            }
            return self.narrow::<W>(branch, above);
        }
        let above = branch.search::<true, W>(1, &rest)?;
        if self.spread == Spread::Unknown && branch.slots() >= MIN_SLOTS_TO_JUDGE {
            self.detect_spread(branch, target, above);
        }
        self.narrow::<W>(branch, above)
    }

    /// Decides how keys are spread: evenly if a guess would have been near `above`, the slot of `branch` where the
    /// search for `target` ended.
    fn detect_spread<const W: usize>(&mut self, branch: Page<'a>, target: &SearchKey<'_, W>, above: usize) {
        let end = branch.slots() - 1;
        let (Ok(low), Ok(high)) = (branch.key(1), branch.key(end)) else { return };
        let Some(fraction) = fraction_of_bytes(common_words(low, high, 0), low, high, target) else { return };
        let guess = 1 + fraction.of(end);
        let near = above.abs_diff(guess) <= MAX_LINEAR_STEPS.min(end / 12);
        self.spread = if near { Spread::Even } else { Spread::Uneven };
    }

    /// As [`child`](Self::child), starting at slot `guess`.
    ///
    /// # Errors
    /// As [`child`](Self::child).
    #[inline]
    pub(crate) fn child_near<const W: usize>(
        &mut self,
        branch: Page<'a>,
        guess: Option<usize>,
        target: &SearchKey<'_, W>,
    ) -> Result<usize> {
        if !guessable(target) {
            return self.child_of_any_width(branch, target);
        }
        let above = match guess {
            Some(guess) => branch.search_near::<true, W>(1, guess, target)?,
            None if W != 0 => branch.search::<true, W>(1, target)?,
            None => branch.search::<true, W>(1, &self.rest(target))?,
        };
        self.narrow::<W>(branch, above)
    }

    /// Returns the slot before `above`, the first slot of `branch` whose separator is above the target. Narrows the
    /// limits to those of that slot's child.
    #[inline]
    fn narrow<const W: usize>(&mut self, branch: Page<'a>, above: usize) -> Result<usize> {
        let slot = above.saturating_sub(1);
        if slot > 0 {
            self.low = Some(branch.key(slot)?);
        }
        if above < branch.slots() {
            self.high = Some(branch.key(above)?);
        }
        if W == 0
            && let (Some(low), Some(high)) = (self.low, self.high)
        {
            // The child's limits are between the old ones, so they share at least the old common prefix. The comparison
            // begins after it.
            self.skip = u16::try_from(common_words(low, high, usize::from(self.skip))).unwrap_or(0);
        }
        Ok(slot)
    }

    /// The first slot of `leaf` whose key is not before `target`. The result is that of [`Page::search`].
    ///
    /// # Errors
    /// `Corrupted` when a key that is compared is outside the page.
    #[inline]
    pub(crate) fn slot<const AFTER: bool, const W: usize>(
        &self,
        leaf: Page<'a>,
        target: &SearchKey<'_, W>,
    ) -> Result<usize> {
        match self.fraction(target) {
            Some(fraction) => {
                let guess = fraction.of(leaf.slots());
                leaf.prefetch_slots(guess.saturating_sub(1), guess + 1);
                if W != 0 {
                    return leaf.search_near::<AFTER, W>(0, guess, target);
                }
                leaf.search_near::<AFTER, W>(0, guess, &self.rest(target))
            }
            None if W != 0 => leaf.search_cold::<AFTER, W>(0, target),
            None => leaf.search_cold::<AFTER, W>(0, &self.rest(target)),
        }
    }
}

#[inline]
fn guessable<const W: usize>(target: &SearchKey<'_, W>) -> bool {
    W != 0 || matches!(target.key().len(), 2 | 4 | 8 | 16)
}

/// Whether keys may be spread evenly: if they have the width of an integer. Other keys are taken for text, which uses
/// only some values of a byte: guessing slowed such look-ups down.
#[inline]
fn even<const W: usize>(low: &[u8], high: &[u8], target: &SearchKey<'_, W>) -> bool {
    let len = target.key().len();
    W != 0 || (matches!(len, 2 | 4 | 8 | 16) && low.len() == len && high.len() == len)
}

/// A fraction: 65,536 is the whole.
#[derive(Clone, Copy)]
pub(crate) struct Fraction(u32);

impl Fraction {
    pub(crate) const HALF: Self = Self(1 << 15);

    /// The relative position of `key` between `low` and `high`.
    #[inline]
    pub(crate) fn between(low: u64, key: u64, high: u64) -> Self {
        let (above, span) = (key.saturating_sub(low), high.saturating_sub(low));
        if above >= span {
            return Self(1 << 16);
        }
        // Divide 32-bit integers, because their division is fastest. The lowest bits are dropped, so that both numbers
        // fit. Converting to floats and back takes longer.
        let drop = 48_u32.saturating_sub(span.leading_zeros());
        #[expect(clippy::cast_possible_truncation, reason = "the bits after the sixteenth were dropped")]
        let (above, span) = ((above >> drop) as u32, (span >> drop) as u32);
        Self((above << 16) / span.max(1))
    }

    /// The index in `slots` at this fraction.
    #[inline]
    pub(crate) fn of(self, slots: usize) -> usize {
        // The multiplication wraps, because `slots` may be an estimate from the record of a damaged tree, and so any
        // number. The slots of a page are far too few to wrap. A wrong result is only a bad guess.
        (self.0 as usize).wrapping_mul(slots) >> 16
    }
}

/// The relative position of `target` between `low` and `high`, as numbers.
#[inline]
fn fraction<const W: usize>(low: &[u8], high: &[u8], target: &SearchKey<'_, W>) -> Fraction {
    // Keys of up to eight bytes are compared whole, since they fit in a word. Longer keys are compared by the word that
    // begins where the limits differ.
    fraction_after(if matches!(W, 1..=8) { 0 } else { common_words(low, high, 0) }, low, high, target)
}

/// As [`fraction`], by the word that begins after `skip` bytes.
#[inline]
fn fraction_after<const W: usize>(skip: usize, low: &[u8], high: &[u8], target: &SearchKey<'_, W>) -> Fraction {
    let (low, key, high) = (word_at(low, skip), target.word(skip), word_at(high, skip));
    Fraction::between(low, key, high)
}

/// As [`fraction_after`]; `None` if the bytes look like text. Letters and digits are only some of the values of a byte,
/// so interpolation would guess badly.
#[inline]
fn fraction_of_bytes<const W: usize>(
    skip: usize,
    low: &[u8],
    high: &[u8],
    target: &SearchKey<'_, W>,
) -> Option<Fraction> {
    let (low, key, high) = (word_at(low, skip), target.word(skip), word_at(high, skip));
    // In ASCII text no byte has its top bit set. The first byte, in which the limits differ, and the last one are not
    // examined. If this takes other bytes for text, the search only takes longer.
    let is_text = (low | key | high) & 0x0080_8080_8080_8000 == 0;
    if is_text { None } else { Some(Fraction::between(low, key, high)) }
}
