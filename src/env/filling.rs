//! Where one leaf ends and the next begins, as an empty tree is filled in key order.

/// How full the last leaf is while an empty tree is filled in key order.
///
/// The put that begins a new leaf is said to append: LMDB then leaves the full leaf alone, where it would else take it apart
/// and put it together again, and move its last entry to the new one. To say so of every put would go down the tree for each.
/// A wrong guess costs time and nothing else.
pub(crate) struct Filling {
    /// What a leaf has room for, and the longest node that is not stored on pages of its own, in bytes.
    room: usize,
    longest: usize,
    used: usize,
}

impl Filling {
    /// Bytes of a page's header; of a node's, of the slot that points to it, and of the number of a large value's page.
    const HEADER: usize = 16;
    const NODE: usize = 8;
    const SLOT: usize = 2;
    const PAGE_NUMBER: usize = 8;

    pub(crate) fn new(page_size: u32) -> Self {
        let room = (page_size as usize).saturating_sub(Self::HEADER);
        Self { room, longest: ((room / 2) & !1).saturating_sub(Self::SLOT), used: 0 }
    }

    /// Counts an entry that comes next; whether it begins another leaf.
    #[inline]
    pub(crate) fn begins_leaf(&mut self, key: &[u8], value: &[u8]) -> bool {
        let whole = Self::NODE + key.len() + value.len();
        let node = if whole > self.longest { Self::NODE + key.len() + Self::PAGE_NUMBER } else { whole };
        let bytes = (node + Self::SLOT).next_multiple_of(2);
        let begins = self.used + bytes > self.room;
        self.used = if begins { bytes } else { self.used + bytes };
        begins
    }
}
