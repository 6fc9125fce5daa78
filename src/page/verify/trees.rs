//! Checks one tree: its role, and whether its record is right.

use crate::error::{Error, Result};
use crate::page::format::META_PAGES;
use crate::page::format::tree_flag;
use crate::page::meta::Meta;
use crate::page::meta::TreeRecord;
use crate::page::node::Node;
use crate::page::page_no::PageNo;
use crate::page::verify::order::Order;
use crate::page::verify::report::VerifyLevel;
use crate::page::verify::report::VerifyReport;
use crate::page::verify::walk::Walk;

/// The role of a tree, which decides what its leaves may hold.
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

/// A tree being checked: its record, and the counts so far.
pub(crate) struct TreeCheck {
    pub role: Role,
    pub record: TreeRecord,
    pub order: Order,
    /// The order of duplicates, if the tree can have any.
    pub duplicates: Option<Order>,
    pub branches: u64,
    pub leaves: u64,
    pub overflows: u64,
    pub entries: u64,
}

impl TreeCheck {
    pub(crate) fn new(record: &TreeRecord, role: Role) -> Self {
        let (order, duplicates) = (Order::of_keys(record.flags), Order::of_duplicates(record.flags));
        let order = if role == Role::Free { Order::Backward } else { order };
        Self { role, record: *record, order, duplicates, branches: 0, leaves: 0, overflows: 0, entries: 0 }
    }

    /// The tree of one key's duplicates, in the order that the enclosing tree prescribes.
    pub(crate) fn of_duplicates(record: &TreeRecord, order: Order) -> Self {
        let fixed = record.flags & tree_flag::DUP_FIXED != 0;
        Self { order, duplicates: None, ..Self::new(record, Role::Duplicates { fixed }) }
    }

    /// Whether duplicates have one size and are packed.
    pub(crate) fn packed_duplicates(&self) -> bool {
        self.record.flags & tree_flag::DUP_FIXED != 0
    }

    /// Whether a fast check must read the leaves, because they refer to other pages: trees or overflow runs.
    pub(crate) fn leaves_lead_on(&self) -> bool {
        self.role == Role::Main || self.record.overflow_pages > 0
    }
}

impl Walk<'_> {
    /// Checks everything that `meta` refers to.
    pub(crate) fn run(mut self, meta: &Meta) -> Result<VerifyReport> {
        self.report.pages.meta = META_PAGES;
        for page in 0..META_PAGES {
            self.visited.mark(PageNo(page));
        }
        let page = meta.page();
        self.tree(TreeCheck::new(&meta.main, Role::Main), page)?;
        self.tree(TreeCheck::new(&meta.free, Role::Free), page)?;
        if self.level == VerifyLevel::Full
            && self.report.is_clean()
            && let (count @ 1.., Some(first)) = self.visited.unmarked()
        {
            let why = match count - 1 {
                0 => "in no tree and not free".to_owned(),
                1 => "in no tree and not free; so is another page".to_owned(),
                more => format!("in no tree and not free; so are {more} more pages"),
            };
            self.report.fault(first, why);
        }
        Ok(self.report)
    }

    /// Checks a tree whose record is on page `page`, and returns the number of entries.
    pub(crate) fn tree(&mut self, mut tree: TreeCheck, page: PageNo) -> Result<u64> {
        if let Some(why) = tree.record.why_outside(self.last_page) {
            self.report.fault(page, why);
            return Ok(0);
        }
        let faults = self.report.faults.len();
        if !tree.record.is_empty() {
            self.root(&mut tree, page)?;
        }
        self.report.pages.branch += tree.branches;
        self.report.pages.leaf += tree.leaves;
        self.report.pages.overflow += tree.overflows;
        // If the walk of the tree found faults, it may not have counted all parts of the tree. Then a difference from
        // the record's counters proves nothing, and they are not compared.
        if self.level == VerifyLevel::Full && self.report.faults.len() == faults {
            self.counters(&tree, page);
        }
        Ok(tree.entries)
    }

    fn counters(&mut self, tree: &TreeCheck, page: PageNo) {
        let record = &tree.record;
        // When LMDB adds a second duplicate to a key whose only duplicate is empty, it can lose the empty one, but the
        // record still counts it. So a count of entries that is too high is no fault in a tree with duplicates.
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

    /// Decodes the record in a node. If it is invalid, reports a fault on the node's page.
    pub(crate) fn record(&mut self, number: PageNo, node: Node<'_>) -> Option<TreeRecord> {
        // `from_bytes` does not know on which page the record is. So its errors get the page's number here.
        let located = |error: Error| number.fault(error.message().to_owned());
        self.note(TreeRecord::from_bytes(node.data).map_err(located))
    }

    /// Checks a named tree.
    pub(crate) fn named(&mut self, number: PageNo, node: Node<'_>) -> Result<()> {
        let Some(record) = self.record(number, node) else {
            return Ok(());
        };
        let counted = self.tree(TreeCheck::new(&record, Role::Named), number)?;
        let entries = if self.level == VerifyLevel::Full { counted } else { record.entries };
        self.report.entries.push((String::from_utf8_lossy(node.key).into_owned(), entries));
        Ok(())
    }
}
