//! One entry of a leaf page.

use crate::error::Error;
use crate::page::fields::u64_at;
use crate::page::page_no::PageNo;

/// A key and its value, both inside their page.
#[derive(Clone, Copy)]
pub(crate) struct Node<'a> {
    pub flags: u16,
    pub key: &'a [u8],
    /// The value, or with [`BIG`](Self::BIG) the page number of its overflow run.
    pub data: &'a [u8],
    /// Length of the value in bytes, wherever it is stored.
    pub size: usize,
}

impl Node<'_> {
    /// Flag: the value is in an overflow run.
    pub(crate) const BIG: u16 = 1;
    /// Flag: the value is the record of a tree.
    pub(crate) const SUB: u16 = 2;
    /// Flag: the value is a set of duplicates.
    pub(crate) const DUP: u16 = 4;
    /// All flags that the nodes of a leaf can have.
    pub(crate) const KNOWN: u16 = 7;

    /// The overflow run's first page. Only with [`BIG`](Self::BIG).
    pub(crate) fn overflow_page(self) -> PageNo {
        PageNo(u64_at(self.data, 0))
    }

    /// Why the node contradicts its flags, for the verifier.
    pub(crate) fn flag_fault(self, page: PageNo) -> Option<Error> {
        let odd = self.flags & Self::BIG != 0 && self.flags != Self::BIG;
        odd.then(|| page.fault(format!("node flags {:#x} contradict each other", self.flags)))
    }
}
