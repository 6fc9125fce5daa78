//! Prefetches the next leaf in small steps, while entries of the current one are read.

use crate::page::fields::u16_at;
use crate::page::format::LINE;
use crate::page::layout::{Pages, prefetch};
use crate::page::page_no::PageNo;

/// Bytes prefetched by one step of [`LeafPrefetch`]: about one small entry, so that reading and prefetching end
/// together.
const STEP: usize = 2 * LINE;

/// The part of a leaf that is not prefetched yet. It is prefetched in small steps: all at once would fill the
/// processor's load queue, and the current reads would wait.
#[derive(Clone, Copy, Default)]
pub(crate) struct LeafPrefetch<'a> {
    rest: &'a [u8],
}

impl LeafPrefetch<'_> {
    /// Prefetches the next two cache lines, if any are left.
    #[inline]
    pub(crate) fn step(&mut self) {
        if let Some((lines, tail)) = self.rest.split_first_chunk::<STEP>() {
            prefetch(lines);
            prefetch(&lines[LINE..]);
            self.rest = tail;
        }
    }
}

impl<'a> Pages<'a> {
    /// The used bytes of page `number` after its slots, to be prefetched while `steps` other entries are read.
    /// Prefetches at once what those steps do not cover. Reads the page's header. A hint: any number is allowed.
    #[inline]
    pub(crate) fn leaf_prefetch(self, number: PageNo, steps: usize) -> LeafPrefetch<'a> {
        let Some(page) = self.run(number, 1) else {
            return LeafPrefetch::default();
        };
        let mut rest = page.get(usize::from(u16_at(page, 14)) & !(LINE - 1)..).unwrap_or_default();
        while rest.len() > steps * STEP
            && let Some((lines, tail)) = rest.split_first_chunk::<STEP>()
        {
            prefetch(lines);
            prefetch(&lines[LINE..]);
            rest = tail;
        }
        LeafPrefetch { rest }
    }
}
