//! Where one leaf ends and the next begins, as rows are put in key order behind all others.

/// How full leaves are made, in percent of their room.
pub(crate) const FULL: u8 = 100;
/// The same for rows that did not come in key order, as those that come later will not either: then the first ones of these find
/// room, and do not split every leaf. Splits leave leaves that are half to all full, so more room would be the cost of scans.
pub(crate) const ROOMY: u8 = 86;
/// The least: a leaf that is to be left about half empty cannot be, see [`LeafFill::new`].
pub(crate) const LEAST: u8 = 60;

/// How full the last leaf is while rows are put behind it in key order.
///
/// The put that begins a new leaf is said to append: LMDB then leaves the full leaf alone, where it would else take it apart
/// and put it together again, and move its last entry to the new one. To say so of every put would go down the tree for each.
/// A wrong guess costs time and nothing else.
pub(crate) struct LeafFill {
    /// What a leaf has room for, what of that is to be used, and the longest node that is not stored on pages of its own, in bytes.
    room: usize,
    wanted: usize,
    longest: usize,
    used: usize,
    /// What a value is padded with.
    zeros: Vec<u8>,
}

/// Whether an entry begins another leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NextLeaf {
    No,
    /// The last one has no room for it.
    Full,
    /// The last one has room that is to be left: a value of so many bytes would have none.
    Early(usize),
}

impl LeafFill {
    /// Bytes of a page's header; of a node's, of the slot that points to it, and of the number of a large value's page.
    const HEADER: usize = 16;
    const NODE: usize = 8;
    const SLOT: usize = 2;
    const PAGE_NUMBER: usize = 8;

    /// For pages of this size of which so many percent are to be used; `used` bytes of the last leaf are, its header aside. LMDB has
    /// no such setting: a leaf is left early where a padded value has no room in it, which then gives way to the real one.
    pub(crate) fn new(page_size: u32, percent: u8, used: usize) -> Self {
        let room = (page_size as usize).saturating_sub(Self::HEADER);
        let wanted = room * usize::from(percent.clamp(LEAST, FULL)) / usize::from(FULL);
        let longest = ((room / 2) & !1).saturating_sub(Self::SLOT);
        let zeros = vec![0; if wanted < room { longest } else { 0 }];
        Self { room, wanted, longest, used, zeros }
    }

    /// Counts an entry that comes next.
    #[inline]
    pub(crate) fn begins_leaf(&mut self, key: &[u8], value: &[u8]) -> NextLeaf {
        let whole = Self::NODE + key.len() + value.len();
        let node = if whole > self.longest { Self::NODE + key.len() + Self::PAGE_NUMBER } else { whole };
        let bytes = (node + Self::SLOT).next_multiple_of(2);
        let (used, left) = (self.used + bytes, self.room.saturating_sub(self.used));
        if used > self.room {
            self.used = bytes;
            return NextLeaf::Full;
        }
        // With more room left a padded value would still have room, or be stored elsewhere.
        if used > self.wanted && Self::NODE + key.len() + left <= self.longest {
            self.used = bytes;
            return NextLeaf::Early(left);
        }
        self.used = used;
        NextLeaf::No
    }

    /// A value of so many zeros.
    pub(crate) fn padding(&self, bytes: usize) -> &[u8] {
        self.zeros.get(..bytes).unwrap_or(&self.zeros)
    }
}
