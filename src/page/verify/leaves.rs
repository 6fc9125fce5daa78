//! Checks leaves: their keys, and the values under them.

use crate::error::Result;
use crate::page::fields::{overflow_header, overflow_pages};
use crate::page::format::{FIRST_PAGE, HEADER};
use crate::page::layout::Page;
use crate::page::node::Node;
use crate::page::page_no::PageNo;
use crate::page::verify::filled::{WITH_VALUE, filled, node_bytes};
use crate::page::verify::limits::KeyLimits;
use crate::page::verify::order::OrderedKey;
use crate::page::verify::report::VerifyLevel;
use crate::page::verify::trees::{Role, TreeCheck};
use crate::page::verify::walk::Walk;

impl Walk<'_> {
    /// Checks a leaf of plain nodes.
    pub(crate) fn leaf(
        &mut self,
        tree: &mut TreeCheck,
        number: PageNo,
        bytes: &[u8],
        limits: KeyLimits<'_>,
    ) -> Result<()> {
        let Some(leaf) = self.note(Page::parse(number, bytes)) else {
            return Ok(());
        };
        if !leaf.is_leaf() {
            self.report.fault(number, "a branch page at the lowest level");
            return Ok(());
        }
        if leaf.slots() == 0 {
            self.report.fault(number, "an empty leaf");
        }
        let mut last: Option<OrderedKey<'_>> = None;
        let mut sizes = 0;
        for slot in 0..leaf.slots() {
            let Some(node) = self.note(leaf.node(slot)) else {
                return Ok(());
            };
            if self.level == VerifyLevel::Full {
                let key = tree.order.prepare(node.key);
                if last.is_some_and(|last| tree.order.compare(last, key).is_ge()) {
                    self.report.fault(number, "keys are not in order");
                } else if !limits.contain(tree.order, key) {
                    self.report.fault(number, "a key outside the separators above its page");
                }
                last = Some(key);
            }
            sizes += node_bytes(node.key.len(), node.data.len());
            self.entry(tree, number, node)?;
        }
        if self.level == VerifyLevel::Full {
            self.note(filled(number, bytes, sizes));
        }
        Ok(())
    }

    /// Checks the value of one key.
    #[inline]
    fn entry(&mut self, tree: &mut TreeCheck, number: PageNo, node: Node<'_>) -> Result<()> {
        if node.flags == 0 && tree.role == Role::Named && !node.key.is_empty() {
            // Nearly all entries have a plain value in the leaf, which needs no further check. They are counted here,
            // without a call.
            tree.entries += 1;
            return Ok(());
        }
        self.other_entry(tree, number, node)
    }

    fn other_entry(&mut self, tree: &mut TreeCheck, number: PageNo, node: Node<'_>) -> Result<()> {
        if let Some(error) = node.flag_fault(number) {
            self.report.add(&error);
            return Ok(());
        }
        if node.key.is_empty() && !matches!(tree.role, Role::Duplicates { .. }) {
            self.report.fault(number, "an empty key");
        }
        let mut count = 1;
        match (node.flags, tree.role, tree.duplicates) {
            (0, Role::Free, _) => self.free_record(number, node.key, node.data),
            (0, Role::Duplicates { .. }, _) if node.size > 0 => self.report.fault(number, WITH_VALUE),
            (0, ..) => {}
            (Node::BIG, Role::Free | Role::Main | Role::Named, None) => self.run_of(tree, number, node)?,
            (Node::SUB, Role::Main, _) => self.named(number, node)?,
            (flags, Role::Main | Role::Named, Some(order)) if flags & Node::DUP != 0 => {
                count = self.duplicates(number, node, order, tree.packed_duplicates())?;
            }
            (flags, ..) => self.report.fault(number, format!("node flags {flags:#x} in a tree that cannot have them")),
        }
        tree.entries += count;
        Ok(())
    }

    /// Checks the overflow run of a value. A run may be longer than its value: LMDB keeps the run when a shorter value
    /// replaces a longer one within one transaction.
    fn run_of(&mut self, tree: &mut TreeCheck, number: PageNo, node: Node<'_>) -> Result<()> {
        let (first, need) = (node.overflow_page(), overflow_pages(self.page_size, node.size));
        let mut pages = need;
        if self.level == VerifyLevel::Full && first >= FIRST_PAGE && first <= self.last_page {
            let mut header = [0; HEADER];
            if !self.read_into(&mut header, first, 0)? {
                return Ok(());
            }
            match self.note(overflow_header(first, &header)) {
                Some(run) if run >= need => pages = run,
                Some(_) => {
                    self.report.fault(first, "an overflow run is shorter than its value");
                    return Ok(());
                }
                None => return Ok(()),
            }
        }
        if !self.claim(number, first, pages) {
            return Ok(());
        }
        tree.overflows += pages;
        if tree.role == Role::Free && self.level == VerifyLevel::Full {
            self.free_run(number, node, first)?;
        }
        Ok(())
    }
}
