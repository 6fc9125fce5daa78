//! Decides where one leaf ends and the next begins, while rows are appended in key order.

use crate::page::format::{HEADER, NODE_HEADER, PAGE_NUMBER, SLOT};

/// The fill factor of completely full leaves, in percent: the default for rows that arrive in key order, and the
/// maximum.
pub(crate) const FILL_PERCENT_MAX: u8 = 100;
/// The default fill factor for rows that did not arrive in key order. Later rows will probably be out of order too, and
/// the free space keeps the first of them from splitting every leaf. More free space would only slow down scans,
/// because splits leave leaves half full or fuller.
pub(crate) const FILL_PERCENT_UNORDERED: u8 = 86;
/// The minimum fill factor in percent: a leaf cannot be left about half empty, see [`LeafFill::begins_leaf`].
pub(crate) const FILL_PERCENT_MIN: u8 = 60;

/// Tracks how full the last leaf is while rows are appended in key order.
///
/// The put that begins a new leaf is marked as an append, so that LMDB leaves the full leaf as it is. Without the mark
/// LMDB would rebuild that leaf and move its last entry to the new one. Marking every put would cost a descent for
/// each. A mark at the wrong put only costs time.
pub(crate) struct LeafFill {
    /// In bytes: the space of a leaf, the part of it to use, and the longest node that needs no overflow page.
    capacity: usize,
    target_bytes: usize,
    max_inline_node: usize,
    used: usize,
    /// Zeros for the padded value that ends a leaf early.
    zeros: Vec<u8>,
}

/// Whether an entry begins a new leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NextLeaf {
    No,
    /// Yes: the entry does not fit in the last leaf.
    Full,
    /// Yes: the last leaf has reached its target, and its remaining space must stay free. A value of this many bytes
    /// would not fit there.
    Early(usize),
}

impl LeafFill {
    /// Starts with `used` bytes of the last leaf in use, not counting its header. LMDB has no fill factor. To begin a
    /// leaf early, a value padded so that it does not fit is put first, and then replaced by the real value.
    pub(crate) fn new(page_size: u32, percent: u8, used: usize) -> Self {
        let capacity = (page_size as usize).saturating_sub(HEADER);
        let target_bytes =
            capacity * usize::from(percent.clamp(FILL_PERCENT_MIN, FILL_PERCENT_MAX)) / usize::from(FILL_PERCENT_MAX);
        let max_inline_node = ((capacity / 2) & !1).saturating_sub(SLOT);
        let zeros = vec![0; if target_bytes < capacity { max_inline_node } else { 0 }];
        Self { capacity, target_bytes, max_inline_node, used, zeros }
    }

    /// Counts the next entry, and returns whether it begins a new leaf.
    #[inline]
    pub(crate) fn begins_leaf(&mut self, key: &[u8], value: &[u8]) -> NextLeaf {
        let whole = NODE_HEADER + key.len() + value.len();
        let node = if whole > self.max_inline_node { NODE_HEADER + key.len() + PAGE_NUMBER } else { whole };
        let bytes = (node + SLOT).next_multiple_of(2);
        let (used, left) = (self.used + bytes, self.capacity.saturating_sub(self.used));
        if used > self.capacity {
            self.used = bytes;
            return NextLeaf::Full;
        }
        // To end the leaf early, the caller first puts a value padded to `left` bytes, whose node does not fit in the
        // leaf any more. If that node is too large to be stored in a leaf, LMDB moves the value to overflow pages; the
        // small node that remains would fit, so the leaf cannot be ended yet.
        if used > self.target_bytes && NODE_HEADER + key.len() + left <= self.max_inline_node {
            self.used = bytes;
            return NextLeaf::Early(left);
        }
        self.used = used;
        NextLeaf::No
    }

    /// A value of `bytes` zeros.
    pub(crate) fn padding(&self, bytes: usize) -> &[u8] {
        self.zeros.get(..bytes).unwrap_or(&self.zeros)
    }
}
