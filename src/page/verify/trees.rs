//! One tree: its branches, its leaves, and whether its record tells the truth.

use std::cmp::Ordering;

use crate::error::Result;
use crate::page::layout::{HEADER, Page, overflow_header, overflow_pages};
use crate::page::meta::{TreeRecord, tree_flag};
use crate::page::node::Node;
use crate::page::verify::Level;
use crate::page::verify::order::Order;
use crate::page::verify::walk::Walk;

/// What a tree is for, which decides what its leaves may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Free,
    Main,
    Named,
    /// The duplicates of one key. With `fixed`, leaves are packed values without node headers.
    Duplicates {
        fixed: bool,
    },
}

/// A tree on its way through the check: what its record says, and what was counted.
pub(crate) struct Tree {
    pub role: Role,
    pub record: TreeRecord,
    pub order: Order,
    /// The order of duplicates, where there may be any.
    pub duplicates: Option<Order>,
    branches: u64,
    leaves: u64,
    overflows: u64,
    pub entries: u64,
}

/// The keys that a page may hold: from the first on, below the second.
type Limits<'k> = (Option<&'k [u8]>, Option<&'k [u8]>);

impl Tree {
    pub(crate) fn new(record: &TreeRecord, role: Role) -> Self {
        let (order, duplicates) = (Order::of_keys(record.flags), Order::of_duplicates(record.flags));
        let order = if role == Role::Free { Order::Backward } else { order };
        Self { role, record: *record, order, duplicates, branches: 0, leaves: 0, overflows: 0, entries: 0 }
    }

    /// The tree of one key's duplicates, in the order that the tree around it prescribes.
    pub(crate) fn of_duplicates(record: &TreeRecord, order: Order) -> Self {
        let fixed = record.flags & tree_flag::DUP_FIXED != 0;
        Self { order, duplicates: None, ..Self::new(record, Role::Duplicates { fixed }) }
    }

    /// Whether a fast check has to read the leaves: for the records or the overflow runs in them.
    fn leaves_lead_on(&self) -> bool {
        self.role == Role::Main || self.record.overflow_pages > 0
    }
}

impl Walk<'_> {
    /// Checks a tree whose record is on page `page`; gives the entries counted.
    pub(crate) fn tree(&mut self, mut tree: Tree, page: u64) -> Result<u64> {
        if let Some(why) = tree.record.why_outside(self.last_page) {
            self.report.fault(page, why);
            return Ok(0);
        }
        let faults = self.report.faults.len();
        if !tree.record.is_empty() {
            let (root, depth) = (tree.record.root, tree.record.depth);
            self.page(&mut tree, page, root, depth, (None, None))?;
        }
        self.report.pages.branch += tree.branches;
        self.report.pages.leaf += tree.leaves;
        self.report.pages.overflow += tree.overflows;
        // Counters of a tree that was not walked to its end say nothing.
        if self.level == Level::Full && self.report.faults.len() == faults {
            self.counters(&tree, page);
        }
        Ok(tree.entries)
    }

    fn counters(&mut self, tree: &Tree, page: u64) {
        let record = &tree.record;
        // An empty duplicate that LMDB lost when a second one came is still counted in the record.
        let lost = tree.duplicates.is_some() && record.entries > tree.entries;
        for (what, recorded, counted) in [
            ("branch pages", record.branch_pages, tree.branches),
            ("leaf pages", record.leaf_pages, tree.leaves),
            ("overflow pages", record.overflow_pages, tree.overflows),
            ("entries", record.entries, if lost { record.entries } else { tree.entries }),
        ] {
            if recorded != counted {
                self.report.fault(page, format!("a tree record says {recorded} {what}, and there are {counted}"));
            }
        }
    }

    /// Checks page `number`, `levels` above the ground: 1 is a leaf.
    fn page(&mut self, tree: &mut Tree, from: u64, number: u64, levels: u16, limits: Limits<'_>) -> Result<()> {
        if !self.claim(from, number, 1) {
            return Ok(());
        }
        if levels > 1 {
            tree.branches += 1;
            return self.branch(tree, number, levels, limits);
        }
        tree.leaves += 1;
        if self.level == Level::Fast && !tree.leaves_lead_on() {
            return Ok(());
        }
        let Some(bytes) = self.read(number)? else {
            return Ok(());
        };
        if tree.role == (Role::Duplicates { fixed: true }) {
            self.packed_leaf(tree, number, &bytes, limits);
            return Ok(());
        }
        let Some(leaf) = self.note(Page::parse(number, &bytes)) else {
            return Ok(());
        };
        if !leaf.is_leaf() {
            self.report.fault(number, "a branch page at the lowest level");
            return Ok(());
        }
        self.leaf(tree, leaf, limits)
    }

    fn branch(&mut self, tree: &mut Tree, number: u64, levels: u16, (low, high): Limits<'_>) -> Result<()> {
        let Some(bytes) = self.read(number)? else {
            return Ok(());
        };
        let Some(branch) = self.note(Page::parse(number, &bytes)) else {
            return Ok(());
        };
        if branch.is_leaf() {
            self.report.fault(number, "a leaf page above the lowest level");
            return Ok(());
        }
        let mut start = low;
        for slot in 0..branch.slots() {
            let next = if slot + 1 < branch.slots() { Some(branch.key(slot + 1)) } else { None };
            let end = match next {
                None => high,
                Some(key) => match self.note(key) {
                    Some(key) => Some(key),
                    None => return Ok(()),
                },
            };
            // The first separator of a branch is minus infinity; the others lie between those above them.
            if !in_order(tree.order, (start, high), end, slot + 1 < branch.slots()) {
                self.report.fault(number, "separators are not in order");
                return Ok(());
            }
            if let Some(child) = self.note(branch.child(slot)) {
                self.page(tree, number, child, levels - 1, (start, end))?;
            }
            start = end;
        }
        self.tiles(branch);
        Ok(())
    }

    fn leaf(&mut self, tree: &mut Tree, leaf: Page<'_>, (low, high): Limits<'_>) -> Result<()> {
        let number = leaf.number();
        if leaf.slots() == 0 {
            self.report.fault(number, "an empty leaf");
        }
        let mut last: Option<&[u8]> = None;
        for slot in 0..leaf.slots() {
            let Some(node) = self.note(leaf.node(slot)) else {
                return Ok(());
            };
            if self.level == Level::Full {
                let below_last = last.is_some_and(|last| tree.order.compare(last, node.key) != Ordering::Less);
                if below_last {
                    self.report.fault(number, "keys are not in order");
                } else if !within(tree.order, (low, high), node.key) {
                    self.report.fault(number, "a key outside the separators above its page");
                }
                last = Some(node.key);
            }
            self.entry(tree, number, node)?;
        }
        if self.level == Level::Full {
            self.tiles(leaf);
        }
        Ok(())
    }

    /// Checks what is stored under one key.
    fn entry(&mut self, tree: &mut Tree, number: u64, node: Node<'_>) -> Result<()> {
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
            (0, Role::Duplicates { .. }, _) if node.size > 0 => self.report.fault(number, "a duplicate with a value"),
            (0, ..) => {}
            (Node::BIG, Role::Free | Role::Main | Role::Named, None) => self.run_of(tree, number, node)?,
            (Node::SUB, Role::Main, _) => self.named(number, node)?,
            (flags, Role::Main | Role::Named, Some(order)) if flags & Node::DUP != 0 => {
                count = self.duplicates(number, node, order)?;
            }
            (flags, ..) => self.report.fault(number, format!("node flags {flags:#x} in a tree that cannot have them")),
        }
        tree.entries += count;
        Ok(())
    }

    /// Checks the overflow run of a value.
    fn run_of(&mut self, tree: &mut Tree, number: u64, node: Node<'_>) -> Result<()> {
        let (first, need) = (node.overflow_page(), overflow_pages(self.page_size, node.size));
        let mut pages = need;
        if self.level == Level::Full && first >= 2 && first <= self.last_page {
            let Some(header) = self.read_at(first, 0, HEADER)? else {
                return Ok(());
            };
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
        if tree.role == Role::Free
            && self.level == Level::Full
            && let Some(value) = self.read_at(first, HEADER as u64, node.size)?
        {
            self.free_record(number, node.key, &value);
        }
        Ok(())
    }

    /// Checks a named tree.
    fn named(&mut self, number: u64, node: Node<'_>) -> Result<()> {
        let Some(record) = self.note(TreeRecord::from_bytes(node.data)) else {
            return Ok(());
        };
        let counted = self.tree(Tree::new(&record, Role::Named), number)?;
        let entries = if self.level == Level::Full { counted } else { record.entries };
        self.report.entries.push((String::from_utf8_lossy(node.key).into_owned(), entries));
        Ok(())
    }
}

/// Whether separator `end` is above `start` and below `high`; without a separator there is nothing to ask.
fn in_order(order: Order, (start, high): Limits<'_>, end: Option<&[u8]>, own: bool) -> bool {
    let Some(end) = end.filter(|_| own) else {
        return true;
    };
    start.is_none_or(|start| order.compare(start, end).is_lt())
        && high.is_none_or(|high| order.compare(end, high).is_lt())
}

/// Whether `key` is between the separators above its page.
pub(crate) fn within(order: Order, (low, high): Limits<'_>, key: &[u8]) -> bool {
    low.is_none_or(|low| order.compare(low, key).is_le()) && high.is_none_or(|high| order.compare(key, high).is_lt())
}
