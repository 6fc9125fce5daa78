//! The values of leaf entries: in the leaf, or in an overflow run.

use crate::error::Result;
use crate::page::layout::{Page, Pages};
use crate::page::node::Node;

impl<'a> Node<'a> {
    /// The value of an entry of a plain tree. Duplicates and records of trees are errors.
    #[inline]
    pub(crate) fn plain(self, pages: Pages<'a>, leaf: Page<'a>) -> Result<&'a [u8]> {
        if self.flags == 0 {
            return Ok(self.data);
        }
        if self.flags == Self::BIG { self.big(pages) } else { Err(leaf.fault("not a plain value in a plain tree")) }
    }

    /// The value, or the record of a named tree. Duplicates are an error.
    #[inline]
    pub(crate) fn value(self, pages: Pages<'a>, leaf: Page<'a>) -> Result<&'a [u8]> {
        match self.flags {
            0 | Self::SUB => Ok(self.data),
            Self::BIG => self.big(pages),
            _ => Err(leaf.fault("duplicates in a plain tree")),
        }
    }

    #[inline(never)]
    fn big(self, pages: Pages<'a>) -> Result<&'a [u8]> {
        // An error names the first page of the overflow run, where the damage is, and not the leaf.
        pages.overflow(self.overflow_page(), self.size)
    }
}
