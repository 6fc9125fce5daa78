//! One entry of a leaf page.

use crate::error::{Error, Result};
use crate::page::fields::u64_at;
use crate::page::layout::{Page, Pages};

/// A key and what is stored with it, both inside their page.
#[derive(Clone, Copy)]
pub(crate) struct Node<'a> {
    pub flags: u16,
    pub key: &'a [u8],
    /// The value, or with [`BIG`](Self::BIG) the page number of its overflow run.
    pub data: &'a [u8],
    /// Bytes of the value, wherever it is.
    pub size: usize,
}

impl<'a> Node<'a> {
    /// The value is in an overflow run.
    pub(crate) const BIG: u16 = 1;
    /// The value is the record of a tree.
    pub(crate) const SUB: u16 = 2;
    /// The value is a set of duplicates.
    pub(crate) const DUP: u16 = 4;
    /// All flags that a leaf's nodes have.
    pub(crate) const KNOWN: u16 = 7;

    /// The overflow run's first page. Only with [`BIG`](Self::BIG).
    pub(crate) fn overflow_page(self) -> u64 {
        u64_at(self.data, 0)
    }

    /// The value of an entry of a plain tree: neither duplicates nor a tree of their own.
    #[inline]
    pub(crate) fn plain(self, pages: Pages<'a>, leaf: Page<'a>) -> Result<&'a [u8]> {
        if self.flags == 0 {
            return Ok(self.data);
        }
        if self.flags == Self::BIG { self.big(pages) } else { Err(leaf.fault("not a plain value in a plain tree")) }
    }

    /// The value, or the record of a named tree. Duplicates are refused.
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
        // A failure names the run's page, which is where to look first.
        pages.overflow(self.overflow_page(), self.size)
    }

    /// Why the node cannot be what its flags say, for the verifier.
    pub(crate) fn flag_fault(self, page: u64) -> Option<Error> {
        let odd = self.flags & Self::BIG != 0 && self.flags != Self::BIG;
        odd.then(|| Error::corrupted(page, format!("node flags {:#x} contradict each other", self.flags)))
    }
}
