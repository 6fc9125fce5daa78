//! Checks sets of duplicates, which trees of other programs may have.

use std::slice::ChunksExact;

use crate::error::Result;
use crate::page::fields::{u16_at, u64_at};
use crate::page::format::{HEADER, flag};
use crate::page::layout::Page;
use crate::page::node::Node;
use crate::page::page_no::PageNo;
use crate::page::verify::filled::{WITH_VALUE, filled, node_bytes};
use crate::page::verify::limits::KeyLimits;
use crate::page::verify::order::Order;
use crate::page::verify::report::VerifyLevel;
use crate::page::verify::trees::TreeCheck;
use crate::page::verify::walk::Walk;

const OTHER_KIND: &str = "duplicates of one size in a tree of any size, or the other way round";

impl Walk<'_> {
    /// Checks all duplicates of one key, and returns their number. `fixed`, from the enclosing tree, says whether they
    /// are packed: all of one size, without node headers.
    pub(crate) fn duplicates(&mut self, number: PageNo, node: Node<'_>, order: Order, fixed: bool) -> Result<u64> {
        if node.flags & Node::SUB != 0 {
            let Some(record) = self.record(number, node) else {
                return Ok(0);
            };
            let tree = TreeCheck::of_duplicates(&record, order);
            if tree.packed_duplicates() != fixed {
                self.report.fault(number, OTHER_KIND);
                return Ok(0);
            }
            return self.tree(tree, number);
        }
        if self.level == VerifyLevel::Fast {
            return Ok(0);
        }
        let count = match (u16_at(node.data, 10) & flag::LEAF2 != 0, fixed) {
            (false, false) => sub_page(number, node.data, order),
            (true, true) => packed(number, node.data, flag::LEAF | flag::LEAF2 | flag::SUB).and_then(|values| {
                let count = values.len() as u64;
                in_order(number, values, order)?;
                Ok(count)
            }),
            _ => Err(number.fault(OTHER_KIND)),
        };
        Ok(self.note(count).unwrap_or(0))
    }

    /// Checks a leaf of packed values: all of one size, without node headers.
    pub(crate) fn packed_leaf(&mut self, tree: &mut TreeCheck, number: PageNo, bytes: &[u8], limits: KeyLimits<'_>) {
        if PageNo(u64_at(bytes, 0)) != number {
            self.report.fault(number, format!("the page says that it is page {}", u64_at(bytes, 0)));
            return;
        }
        let Some(values) = self.note(packed(number, bytes, flag::LEAF | flag::LEAF2)) else {
            return;
        };
        if u32::from(u16_at(bytes, 8)) != tree.record.pad {
            self.report.fault(number, "duplicates of another size than their tree's record says");
        }
        self.note(in_order(number, values.clone(), tree.order));
        if !values.clone().all(|value| limits.contain(tree.order, tree.order.prepare(value))) {
            self.report.fault(number, "a duplicate outside the separators above its page");
        }
        tree.entries += values.len() as u64;
    }
}

/// Checks a sub-page inside a node, and returns the number of its values, which are the keys of its nodes.
fn sub_page(number: PageNo, bytes: &[u8], order: Order) -> Result<u64> {
    let page = Page::parse_sub(number, bytes)?;
    for slot in 0..page.slots() {
        // The number in a sub-page's own header is stale. So errors name the page that contains the sub-page.
        let node = page.node(slot).map_err(|error| number.fault(error.message().to_owned()))?;
        if node.flags != 0 || node.size > 0 {
            return Err(number.fault(WITH_VALUE));
        }
    }
    if page.slots() == 0 {
        return Err(number.fault("a key without duplicates"));
    }
    let values = (0..page.slots()).map_while(|slot| page.key(slot).ok());
    in_order(number, values.clone(), order)?;
    filled(number, bytes, values.map(|value| node_bytes(value.len(), 0)).sum())?;
    Ok(page.slots() as u64)
}

/// The values of a page without node headers, all of the same size.
fn packed(number: PageNo, bytes: &[u8], kind: u16) -> Result<ChunksExact<'_, u8>> {
    let (size, flags, lower) = (usize::from(u16_at(bytes, 8)), u16_at(bytes, 10), usize::from(u16_at(bytes, 12)));
    let count = lower.saturating_sub(HEADER) / 2;
    // A packed page has no slots, but LMDB moves the lower offset of the header as if it had, and for values of one
    // byte it moves the upper one up. So the two offsets are no positions in the page: only their difference, the size
    // of the free space, is checked.
    let free = usize::from(u16_at(bytes, 14).wrapping_sub(u16_at(bytes, 12)));
    match bytes.get(HEADER..).and_then(|rest| rest.split_at_checked(count * size)) {
        Some((values, rest)) if size > 0 && count > 0 && flags & !flag::DIRTY == kind => {
            if free == rest.len() && lower.is_multiple_of(2) {
                return Ok(values.chunks_exact(size));
            }
            Err(number.fault("a page of fixed-size duplicates with another room than it says"))
        }
        _ => Err(number.fault("a page of fixed-size duplicates has a damaged header")),
    }
}

fn in_order<'a>(number: PageNo, values: impl Iterator<Item = &'a [u8]>, order: Order) -> Result<()> {
    let mut last = None;
    for value in values.map(|value| order.prepare(value)) {
        if last.is_some_and(|last| order.compare(last, value).is_ge()) {
            return Err(number.fault("duplicates are not in order"));
        }
        last = Some(value);
    }
    Ok(())
}
