//! Memory that will be read soon, asked for bit by bit.

use crate::page::fields::u16_at;
use crate::page::format::LINE;
use crate::page::layout::{Pages, prefetch};

/// Bytes that one step of [`Ahead`] asks for: about those of a small entry, so that both leaves end together.
const STEP: usize = 2 * LINE;

/// Memory that will be read soon, asked for bit by bit: all at once it would fill the processor's queue of loads, and
/// what is being read now would wait behind it.
#[derive(Clone, Copy, Default)]
pub(crate) struct Ahead<'a> {
    rest: &'a [u8],
}

impl Ahead<'_> {
    /// Asks for the next two cache lines, if there are any left.
    #[inline]
    pub(crate) fn step(&mut self) {
        if let Some((lines, behind)) = self.rest.split_first_chunk::<STEP>() {
            prefetch(lines);
            prefetch(&lines[LINE..]);
            self.rest = behind;
        }
    }
}

impl<'a> Pages<'a> {
    /// What page `number` uses of its memory behind its slots, to be asked for step by step while `steps` other entries
    /// are read; what that leaves over is asked for at once. Reads the page's header. A hint: any number is fine.
    #[inline]
    pub(crate) fn ahead(self, number: u64, steps: usize) -> Ahead<'a> {
        let Some(page) = self.run(number, 1) else {
            return Ahead::default();
        };
        let mut rest = page.get(usize::from(u16_at(page, 14)) & !(LINE - 1)..).unwrap_or_default();
        while rest.len() > steps * STEP
            && let Some((lines, behind)) = rest.split_first_chunk::<STEP>()
        {
            prefetch(lines);
            prefetch(&lines[LINE..]);
            rest = behind;
        }
        Ahead { rest }
    }
}
