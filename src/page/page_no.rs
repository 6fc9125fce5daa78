//! The number of a page.

use std::borrow::Cow;
use std::fmt;

use crate::error::Error;

/// The number of a page in the file: the page begins at this many times the page size. Not a count of pages, nor the
/// number of a block or a byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct PageNo(pub u64);

impl PageNo {
    /// The page after this one.
    #[inline]
    pub(crate) fn next(self) -> Option<Self> {
        self.checked_add(1)
    }

    /// The page `count` pages after this one, if there is such a number.
    #[inline]
    pub(crate) fn checked_add(self, count: u64) -> Option<Self> {
        self.0.checked_add(count).map(Self)
    }

    /// The page `count` pages after this one, or the greatest number.
    #[inline]
    pub(crate) fn saturating_add(self, count: u64) -> Self {
        Self(self.0.saturating_add(count))
    }

    /// How many pages after `first` this one is; `None` if it is before `first`.
    #[inline]
    pub(crate) fn checked_sub(self, first: Self) -> Option<u64> {
        self.0.checked_sub(first.0)
    }

    /// The number of pages of a file whose last page is this one.
    #[inline]
    pub(crate) fn count_to_here(self) -> u64 {
        self.0.saturating_add(1)
    }

    /// Where in the file the page begins, in bytes.
    #[inline]
    pub(crate) fn offset(self, page_size: u64) -> u64 {
        self.0.saturating_mul(page_size)
    }

    /// Where in the file the page ends, in bytes.
    #[inline]
    pub(crate) fn end(self, page_size: u64) -> u64 {
        self.count_to_here().saturating_mul(page_size)
    }

    /// The error for damage on this page.
    #[cold]
    pub(crate) fn fault(self, why: impl Into<Cow<'static, str>>) -> Error {
        Error::corrupted(self.0, why)
    }
}

impl fmt::Display for PageNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The tests write page numbers as integers.
#[cfg(test)]
impl From<u64> for PageNo {
    fn from(number: u64) -> Self {
        Self(number)
    }
}
