//! One bit for each page of the file, set when a walk visits the page.

use crate::page::page_no::PageNo;

/// One bit for each page.
pub(crate) struct Bitmap {
    words: Vec<u64>,
    len: u64,
}

impl Bitmap {
    pub(crate) fn new(len: u64) -> Self {
        Self { words: vec![0; usize::try_from(len.div_ceil(64)).unwrap_or(0)], len }
    }

    /// Marks `page`; `false` when it was already marked, or is out of range.
    #[inline]
    pub(crate) fn mark(&mut self, PageNo(page): PageNo) -> bool {
        page < self.len && self.mark_in_word(page, 1 << (page % 64))
    }

    /// Marks the pages `first .. end`, 64 at a time; `false` when one was already marked, or is out of range.
    pub(crate) fn mark_run(&mut self, PageNo(first): PageNo, PageNo(end): PageNo) -> bool {
        let mut fresh = end <= self.len;
        let (mut page, end) = (first, end.min(self.len));
        while page < end {
            let count = (64 - page % 64).min(end - page);
            fresh &= self.mark_in_word(page, u64::MAX >> (64 - count) << (page % 64));
            page += count;
        }
        fresh
    }

    /// How many pages are not marked, and the first of them.
    pub(crate) fn unmarked(&self) -> (u64, Option<PageNo>) {
        let marked: u64 = self.words.iter().map(|word| u64::from(word.count_ones())).sum();
        let first = self.words.iter().zip(0_u64..).find(|&(&word, _)| word != u64::MAX);
        let first = first.map(|(word, index)| index * 64 + u64::from(word.trailing_ones()));
        (self.len - marked, first.filter(|&page| page < self.len).map(PageNo))
    }

    #[inline]
    fn mark_in_word(&mut self, page: u64, bits: u64) -> bool {
        let word = usize::try_from(page / 64).ok().and_then(|word| self.words.get_mut(word));
        word.is_some_and(|word| {
            let fresh = *word & bits == 0;
            *word |= bits;
            fresh
        })
    }
}
