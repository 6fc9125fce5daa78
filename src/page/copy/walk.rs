//! Writes a compacted copy: every tree from its leaves up, in key order, each page once.
//!
//! A page is written after the pages that it refers to, so that their numbers are known; the root comes last.
//! Overflow runs and trees that a leaf refers to are written before the leaf, in the order of its keys.
//!
//! A copy of a damaged state would look healthy, so the walk checks what it visits: each page is visited once and at
//! its level, and a tree has as many pages and entries as its record says. It does not check the order of keys,
//! because other software may define its own. It needs memory for a list of children per level, and for one bit per
//! page of the file.

use crate::error::Result;
use crate::os::CopyError;
use crate::page::copy::metas::compacted_metas;
use crate::page::copy::sink::{Pieces, Sink};
use crate::page::fields::u16_at;
use crate::page::format::tree_flag;
use crate::page::format::{FIRST_PAGE, HEADER};
use crate::page::layout::{Page, Pages};
use crate::page::meta::{Meta, TreeRecord};
use crate::page::page_no::PageNo;
use crate::page::verify::Bitmap;

/// Cache lines of the next child that are prefetched while the current one is copied.
const READ_AHEAD: usize = 64;

/// Writes the pages after the meta pages of a compacted copy of the state `meta`, and returns the meta pages.
///
/// # Errors
/// `Corrupted` when a part of the state that is read is damaged; errors of `out`. Never writes more pages than the
/// state has.
pub(crate) fn compact(pages: Pages<'_>, meta: &Meta, out: &mut dyn Pieces) -> Result<Vec<u8>, CopyError> {
    let visited = Bitmap::new(meta.last_page.count_to_here().min(pages.page_count()));
    let mut walk = CopyWalk { pages, last_page: meta.last_page, visited, sink: Sink::new(out) };
    let main = TreeCopy::new(&meta.main, Role::Main);
    let (root, _) = walk.tree(main, meta.page())?;
    let count = walk.sink.next().0;
    walk.sink.finish()?;
    Ok(compacted_metas(meta, TreeRecord { root, ..meta.main }, count))
}

/// The role of a tree, which decides what its leaves may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Main,
    Named,
    /// The duplicates of one key. With `fixed`, leaves are packed values without node headers.
    Duplicates {
        fixed: bool,
    },
}

/// A tree being copied: its record, and the counts so far.
pub(crate) struct TreeCopy {
    pub role: Role,
    pub record: TreeRecord,
    pub branches: u64,
    pub leaves: u64,
    pub overflows: u64,
    pub entries: u64,
}

impl TreeCopy {
    pub(crate) fn new(record: &TreeRecord, role: Role) -> Self {
        Self { role, record: *record, branches: 0, leaves: 0, overflows: 0, entries: 0 }
    }

    /// The tree of one key's duplicates.
    pub(crate) fn of_duplicates(record: &TreeRecord) -> Self {
        Self::new(record, Role::Duplicates { fixed: record.flags & tree_flag::DUP_FIXED != 0 })
    }

    pub(crate) fn has_duplicates(&self) -> bool {
        self.record.flags & tree_flag::DUP_SORT != 0 && !matches!(self.role, Role::Duplicates { .. })
    }

    /// Fails if a tree differs from its record, which is on page `from`.
    fn check_counts(&self, from: PageNo) -> Result<()> {
        let record = &self.record;
        // When LMDB adds a second duplicate to a key whose only duplicate is empty, it can lose the empty one, but the
        // record still counts it. So a count of entries that is too high is no fault in a tree with duplicates.
        let lost = self.has_duplicates() && record.entries > self.entries;
        for (what, recorded, counted) in [
            ("branch pages", record.branch_pages, self.branches),
            ("leaf pages", record.leaf_pages, self.leaves),
            ("overflow pages", record.overflow_pages, self.overflows),
            ("entries", record.entries, if lost { record.entries } else { self.entries }),
        ] {
            if recorded != counted {
                let why = format!("a tree record says {recorded} {what}, and there are {counted}");
                return Err(from.fault(why));
            }
        }
        Ok(())
    }
}

/// The state of a copy in progress.
pub(crate) struct CopyWalk<'a, 'w> {
    pub pages: Pages<'a>,
    last_page: PageNo,
    visited: Bitmap,
    pub sink: Sink<'w>,
}

impl<'a> CopyWalk<'a, '_> {
    /// Copies a tree whose record is on page `from`, and returns its new root and its number of entries.
    pub(crate) fn tree(&mut self, mut tree: TreeCopy, from: PageNo) -> Result<(PageNo, u64), CopyError> {
        if let Some(why) = tree.record.why_outside(self.last_page) {
            return Err(from.fault(why).into());
        }
        let (mut root, depth) = (tree.record.root, tree.record.depth);
        if !tree.record.is_empty() {
            root = self.page(&mut tree, from, root, depth)?;
        }
        tree.check_counts(from)?;
        Ok((root, tree.entries))
    }

    /// Copies page `number` and all pages below it, and returns its new number. `levels` is the page's height: 1 is a
    /// leaf.
    fn page(&mut self, tree: &mut TreeCopy, from: PageNo, number: PageNo, levels: u16) -> Result<PageNo, CopyError> {
        let bytes = self.claim(from, number, 1)?;
        if levels > 1 {
            tree.branches += 1;
            return self.branch(tree, Page::parse(number, bytes)?, bytes, levels);
        }
        tree.leaves += 1;
        if tree.role == (Role::Duplicates { fixed: true }) {
            self.packed_leaf(tree, number, bytes)
        } else {
            self.leaf(tree, Page::parse(number, bytes)?, bytes)
        }
    }

    fn branch(
        &mut self,
        tree: &mut TreeCopy,
        branch: Page<'a>,
        bytes: &[u8],
        levels: u16,
    ) -> Result<PageNo, CopyError> {
        if branch.is_leaf() {
            return Err(branch.fault("a leaf page above the lowest level").into());
        }
        let mut children = Vec::with_capacity(branch.slots());
        for slot in 0..branch.slots() {
            branch.key(slot)?;
            if slot + 1 < branch.slots() {
                self.pages.prefetch(branch.child(slot + 1)?, READ_AHEAD);
            }
            let child = self.page(tree, branch.number(), branch.child(slot)?, levels - 1)?;
            children.push((node_at(bytes, slot), child));
        }
        // A branch node stores the number of its child in 48 bits, so only six bytes of each new number are written.
        // Every page number fits: a mapped file has fewer pages.
        let children = children.into_iter().map(|(at, child)| (at, first_six(child)));
        Ok(self.sink.page(bytes, free_space(bytes), children)?)
    }

    /// The bytes of `count` pages from `first` on, which page `from` refers to. Each page can be claimed only once.
    pub(crate) fn claim(&mut self, from: PageNo, first: PageNo, count: u64) -> Result<&'a [u8]> {
        let fault = |why: &str| from.fault(format!("leads to page {first}, {why}"));
        let end = first.saturating_add(count);
        if first < FIRST_PAGE || end > self.last_page.saturating_add(1) {
            return Err(fault("which is not a page of the database"));
        }
        let Some(bytes) = self.pages.run(first, count) else {
            return Err(fault("which ends behind the file"));
        };
        if !(first.0..end.0).all(|page| self.visited.mark(PageNo(page))) {
            return Err(fault("which is in use elsewhere"));
        }
        Ok(bytes)
    }
}

/// The offset of the node in slot `slot`.
pub(crate) fn node_at(page: &[u8], slot: usize) -> usize {
    usize::from(u16_at(page, HEADER + 2 * slot))
}

/// The free bytes between the slots and the nodes of a page whose header is valid.
pub(crate) fn free_space(page: &[u8]) -> std::ops::Range<usize> {
    usize::from(u16_at(page, 12))..usize::from(u16_at(page, 14))
}

fn first_six(number: PageNo) -> [u8; 6] {
    let bytes = number.0.to_le_bytes();
    std::array::from_fn(|at| bytes[at])
}
