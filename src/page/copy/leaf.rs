//! Copies leaves, and what their entries refer to, into a compacted copy.

use std::iter;

use crate::error::Result;
use crate::os::CopyError;
use crate::page::copy::walk::{CopyWalk, Role, TreeCopy, free_space, node_at};
use crate::page::fields::{overflow_header, overflow_pages, u16_at, u64_at};
use crate::page::format::RECORD_BYTES;
use crate::page::format::{HEADER, NODE_HEADER, flag};
use crate::page::layout::Page;
use crate::page::meta::TreeRecord;
use crate::page::node::Node;
use crate::page::page_no::PageNo;

impl<'a> CopyWalk<'a, '_> {
    /// Copies everything that the leaf refers to, and then the leaf itself, with the new numbers of those pages.
    pub(crate) fn leaf(&mut self, tree: &mut TreeCopy, leaf: Page<'a>, bytes: &[u8]) -> Result<PageNo, CopyError> {
        if !leaf.is_leaf() {
            return Err(leaf.fault("a branch page at the lowest level").into());
        }
        if leaf.slots() == 0 {
            return Err(leaf.fault("an empty leaf").into());
        }
        // The offsets in this leaf of the numbers of other pages, each with the number that the page gets in the copy.
        // Most leaves contain no page number, and then nothing is allocated.
        let mut moved = Vec::new();
        for slot in 0..leaf.slots() {
            let node = leaf.node(slot)?;
            if node.flags == 0 && tree.is_plain_value(node) {
                tree.entries += 1;
                continue;
            }
            let data_at = node_at(bytes, slot) + NODE_HEADER + node.key.len();
            tree.entries += match (node.flags, tree.role) {
                (Node::BIG, Role::Main | Role::Named) if !tree.has_duplicates() => {
                    moved.push((data_at, self.run_of(tree, leaf.number(), node)?));
                    1
                }
                (Node::SUB, Role::Main) => {
                    let record = record(leaf, node)?;
                    let (root, _) = self.tree(TreeCopy::new(&record, Role::Named), leaf.number())?;
                    moved.push((data_at + ROOT_AT, root));
                    1
                }
                (Node::DUP, _) if tree.has_duplicates() => sub_page_entries(leaf, node.data)?,
                (DUP_TREE, _) if tree.has_duplicates() => {
                    let record = record(leaf, node)?;
                    let (root, entries) = self.tree(TreeCopy::of_duplicates(&record), leaf.number())?;
                    moved.push((data_at + ROOT_AT, root));
                    entries
                }
                _ => return Err(leaf.fault("an entry of a kind that its tree cannot have").into()),
            };
        }
        let moved = moved.into_iter().map(|(at, number)| (at, number.0.to_le_bytes()));
        Ok(self.sink.page(bytes, free_space(bytes), moved)?)
    }

    /// Copies a leaf of packed values: all of one size, without node headers.
    pub(crate) fn packed_leaf(
        &mut self,
        tree: &mut TreeCopy,
        number: PageNo,
        bytes: &[u8],
    ) -> Result<PageNo, CopyError> {
        if PageNo(u64_at(bytes, 0)) != number {
            let why = format!("the page says that it is page {}", u64_at(bytes, 0));
            return Err(number.fault(why).into());
        }
        let Some((count, end)) = packed(bytes, flag::LEAF | flag::LEAF2) else {
            return Err(number.fault("a page of fixed-size duplicates has a damaged header").into());
        };
        tree.entries += count;
        Ok(self.sink.page(bytes, end..bytes.len(), iter::empty::<(usize, [u8; 8])>())?)
    }

    /// Copies the overflow run of a value, and returns the new number of its first page.
    fn run_of(&mut self, tree: &mut TreeCopy, from: PageNo, node: Node<'_>) -> Result<PageNo, CopyError> {
        let first = node.overflow_page();
        let need = overflow_pages(self.pages.page_size(), node.size);
        let header = self.pages.run(first, 1).unwrap_or_default();
        // A run can have more pages than its value needs, so the run's own header says how many to copy: LMDB keeps the
        // run when a shorter value replaces the old one within one transaction.
        let count = if header.is_empty() { need } else { overflow_header(first, header)? };
        if count < need {
            return Err(first.fault("an overflow run is shorter than its value").into());
        }
        let run = self.claim(from, first, count)?;
        tree.overflows += count;
        Ok(self.sink.run(run, HEADER + node.size, count)?)
    }
}

/// The flags of a node whose duplicates are in a tree of their own.
const DUP_TREE: u16 = Node::DUP | Node::SUB;
/// The offset of the root in a tree record.
const ROOT_AT: usize = RECORD_BYTES - 8;

impl TreeCopy {
    /// Whether `node`, which has no flags, may be in this tree: a duplicate is a key without a value.
    fn is_plain_value(&self, node: Node<'_>) -> bool {
        !matches!(self.role, Role::Duplicates { .. }) || node.size == 0
    }
}

fn record(leaf: Page<'_>, node: Node<'_>) -> Result<TreeRecord> {
    TreeRecord::from_bytes(node.data).map_err(|error| leaf.number().fault(error.message().to_owned()))
}

/// The number of duplicates in a sub-page of a node.
fn sub_page_entries(leaf: Page<'_>, bytes: &[u8]) -> Result<u64> {
    let count = if u16_at(bytes, 10) & flag::LEAF2 == 0 {
        Page::parse_sub(leaf.number(), bytes)?.slots() as u64
    } else {
        packed(bytes, flag::LEAF | flag::LEAF2 | flag::SUB).map_or(0, |(count, _)| count)
    };
    if count == 0 { Err(leaf.fault("a key without duplicates, or with a damaged page of them")) } else { Ok(count) }
}

/// The number of values in a page without node headers, and where they end; `None` when its header is invalid.
fn packed(bytes: &[u8], kind: u16) -> Option<(u64, usize)> {
    let (size, flags, lower) = (usize::from(u16_at(bytes, 8)), u16_at(bytes, 10), usize::from(u16_at(bytes, 12)));
    let count = lower.checked_sub(HEADER)? / 2;
    let end = HEADER + count * size;
    (size > 0 && count > 0 && end <= bytes.len() && flags & !flag::DIRTY == kind).then_some((count as u64, end))
}
