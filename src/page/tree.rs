//! Descends from a tree's record to the leaf where a key is or would be.

use crate::error::Result;
use crate::page::format::HEADER_LINES;
use crate::page::format::MAX_DEPTH;
use crate::page::layout::{Page, Pages};
use crate::page::meta::TreeRecord;
use crate::page::page_no::PageNo;
use crate::page::search::Limits;
use crate::page::search_key::SearchKey;

impl<'a> Pages<'a> {
    /// Page `number`, which must be a branch.
    #[inline]
    pub(crate) fn branch(self, number: PageNo) -> Result<Page<'a>> {
        let page = self.page(number)?;
        if page.is_leaf() { Err(page.fault("a leaf page above the lowest level")) } else { Ok(page) }
    }

    /// Page `number`, which must be a leaf.
    #[inline]
    pub(crate) fn leaf(self, number: PageNo) -> Result<Page<'a>> {
        let page = self.page(number)?;
        if page.is_leaf() { Ok(page) } else { Err(page.fault("a branch page at the lowest level")) }
    }
}

/// The number of branch levels above the leaves; `None` for a tree without pages.
///
/// # Errors
/// `Corrupted` when the record is invalid.
#[inline]
pub(crate) fn branch_levels(pages: Pages<'_>, tree: &TreeRecord) -> Result<Option<u16>> {
    if tree.is_empty() {
        return Ok(None);
    }
    // A walk over the leaves ends once it has met as many leaves as the record counts, so that it also ends in a
    // damaged tree. So check that this count is not above the number of pages of the file.
    if tree.leaf_pages > pages.page_count() {
        return Err(tree.root.fault("a tree record counts more leaves than the file has pages"));
    }
    match tree.depth {
        depth @ 1..=MAX_DEPTH => Ok(Some(depth - 1)),
        _ => Err(tree.root.fault("the depth of a tree is not 1 to 32")),
    }
}

/// The number of bytes used by nodes and slots of the last leaf; 0 for a tree without pages. O(depth).
///
/// # Errors
/// `Corrupted` when a page on the path is damaged.
pub(crate) fn used_in_last_leaf(pages: Pages<'_>, tree: &TreeRecord) -> Result<usize> {
    let Some(levels) = branch_levels(pages, tree)? else { return Ok(0) };
    let mut number = tree.root;
    for _ in 0..levels {
        let branch = pages.branch(number)?;
        number = branch.child(branch.slots().saturating_sub(1))?;
    }
    Ok(pages.leaf(number)?.used())
}

/// The leaf where `target` is or would be, and the limits of its keys; `None` for a tree without pages.
///
/// # Errors
/// `Corrupted` when a page on the path is damaged.
#[inline]
pub(crate) fn leaf_for<'a, const W: usize>(
    pages: Pages<'a>,
    tree: &TreeRecord,
    target: &SearchKey<'_, W>,
) -> Result<Option<(Page<'a>, Limits<'a>)>> {
    let Some(levels) = branch_levels(pages, tree)? else {
        return Ok(None);
    };
    let mut limits = Limits::default();
    let mut number = tree.root;
    for _ in 0..levels {
        let branch = pages.branch(number)?;
        number = branch.child(limits.child(branch, target)?)?;
        pages.prefetch(number, HEADER_LINES);
    }
    let leaf = pages.leaf(number)?;
    if leaf.slots() == 0 && levels > 0 { Err(leaf.fault("an empty leaf")) } else { Ok(Some((leaf, limits))) }
}
