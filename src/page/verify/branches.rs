//! Checks branch pages, and the pages that they refer to.

use crate::error::Result;
use crate::page::layout::Page;
use crate::page::page_no::PageNo;
use crate::page::verify::filled::{filled, node_bytes};
use crate::page::verify::limits::KeyLimits;
use crate::page::verify::read::Buffer;
use crate::page::verify::report::VerifyLevel;
use crate::page::verify::trees::{Role, TreeCheck};
use crate::page::verify::walk::Walk;

impl Walk<'_> {
    /// Checks all pages of a tree, starting at its root.
    pub(crate) fn root(&mut self, tree: &mut TreeCheck, from: PageNo) -> Result<()> {
        let (root, depth) = (tree.record.root, tree.record.depth);
        let mut buffer = self.reader.buffer();
        let result = self.page(tree, (from, root), depth, KeyLimits::NONE, (&mut buffer, std::iter::empty()));
        self.reader.put_back(buffer);
        result
    }

    /// Checks a page that page `from` refers to. `levels` is its height: 1 is a leaf.
    ///
    /// Leaves are read into the buffer, together with the leaves after them.
    fn page(
        &mut self,
        tree: &mut TreeCheck,
        (from, number): (PageNo, PageNo),
        levels: u16,
        limits: KeyLimits<'_>,
        (buffer, after): (&mut Buffer, impl Iterator<Item = PageNo>),
    ) -> Result<()> {
        if !self.claim(from, number, 1) {
            return Ok(());
        }
        if levels > 1 {
            tree.branches += 1;
            let mut own = self.reader.buffer();
            let result = self.branch(tree, number, levels, limits, &mut own);
            self.reader.put_back(own);
            return result;
        }
        tree.leaves += 1;
        if self.level == VerifyLevel::Fast && !tree.leaves_lead_on() {
            return Ok(());
        }
        let Some(bytes) = self.read(buffer, number, after)? else {
            return Ok(());
        };
        if tree.role == (Role::Duplicates { fixed: true }) {
            self.packed_leaf(tree, number, bytes, limits);
            return Ok(());
        }
        self.leaf(tree, number, bytes, limits)
    }

    fn branch(
        &mut self,
        tree: &mut TreeCheck,
        number: PageNo,
        levels: u16,
        limits: KeyLimits<'_>,
        buffer: &mut Buffer,
    ) -> Result<()> {
        let Some(bytes) = self.read(buffer, number, std::iter::empty())? else {
            return Ok(());
        };
        let Some(branch) = self.note(Page::parse(number, bytes)) else {
            return Ok(());
        };
        if branch.is_leaf() {
            self.report.fault(number, "a leaf page above the lowest level");
            return Ok(());
        }
        let mut below = self.reader.buffer();
        let result = self.children(tree, branch, levels, limits, &mut below);
        self.reader.put_back(below);
        if result? {
            self.branch_room(branch, bytes);
        }
        Ok(())
    }

    /// Checks that the separators of a branch exactly fill the space that its header gives them.
    fn branch_room(&mut self, branch: Page<'_>, bytes: &[u8]) {
        let number = branch.number();
        let sizes = (0..branch.slots()).map(|slot| Ok(node_bytes(branch.key(slot)?.len(), 0)));
        if let Some(sizes) = self.note(sizes.sum()) {
            self.note(filled(number, bytes, sizes));
        }
    }

    /// Checks the nodes of a branch, and the pages below them; `false` when one is wrong. A wrong separator stops the
    /// check.
    fn children(
        &mut self,
        tree: &mut TreeCheck,
        branch: Page<'_>,
        levels: u16,
        limits: KeyLimits<'_>,
        buffer: &mut Buffer,
    ) -> Result<bool> {
        let (number, order, slots) = (branch.number(), tree.order, branch.slots());
        let (mut low, mut whole) = (limits.low, true);
        for slot in 0..slots {
            let mut high = limits.high;
            // The separator in slot 0 counts as minus infinity and is not checked. Each other separator must be between
            // the limits that the branch has from the pages above, and limits the children on both of its sides.
            if slot + 1 < slots {
                let Some(key) = self.note(branch.key(slot + 1)) else {
                    return Ok(false);
                };
                let separator = order.prepare(key);
                if !(KeyLimits { low, high }).admit_separator(order, separator) {
                    self.report.fault(number, "separators are not in order");
                    return Ok(false);
                }
                high = Some(separator);
            }
            if let Some(child) = self.note(branch.child(slot)) {
                let after = (slot + 1..slots).map_while(|slot| branch.child(slot).ok());
                self.page(tree, (number, child), levels - 1, KeyLimits { low, high }, (buffer, after))?;
            } else {
                whole = false;
            }
            low = high;
        }
        Ok(whole)
    }
}
