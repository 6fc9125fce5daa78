//! Numbers that look random, and are the same in each run: a law that is broken is broken again.

/// The generator `SplitMix64`.
pub(super) struct Random(pub u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        let end = end.max(1) as u64;
        usize::try_from(self.next() % end).unwrap_or(0)
    }

    /// A key of up to three bytes of four values: so keys meet often, and many are prefixes of others.
    pub(super) fn key(&mut self) -> Vec<u8> {
        let len = 1 + self.below(3);
        (0..len).map(|_| [0, b'a', b'b', 255][self.below(4)]).collect()
    }

    /// A value, now and then one that fills pages.
    pub(super) fn value(&mut self) -> Vec<u8> {
        let len = if self.below(50) == 0 { 9000 } else { self.below(40) };
        vec![u8::try_from(self.below(256)).unwrap_or(0); len]
    }
}
