//! Which pages were met.

/// One bit for each page.
pub(crate) struct Bitmap {
    words: Vec<u64>,
    len: u64,
}

impl Bitmap {
    pub(crate) fn new(len: u64) -> Self {
        Self { words: vec![0; usize::try_from(len.div_ceil(64)).unwrap_or(0)], len }
    }

    /// Marks `page`; `false` when it was marked before, or has no bit.
    pub(crate) fn mark(&mut self, page: u64) -> bool {
        if page >= self.len {
            return false;
        }
        let word = usize::try_from(page / 64).ok().and_then(|word| self.words.get_mut(word));
        let bit = 1 << (page % 64);
        word.is_some_and(|word| {
            let fresh = *word & bit == 0;
            *word |= bit;
            fresh
        })
    }

    /// How many pages are not marked, and the first of them.
    pub(crate) fn unmarked(&self) -> (u64, Option<u64>) {
        let marked: u64 = self.words.iter().map(|word| u64::from(word.count_ones())).sum();
        let first = self.words.iter().zip(0_u64..).find(|&(&word, _)| word != u64::MAX);
        let first = first.map(|(word, index)| index * 64 + u64::from(word.trailing_ones()));
        (self.len - marked, first.filter(|&page| page < self.len))
    }
}
