//! Read-ahead for files that are not in memory: many pages are requested at once, so that the disk reads them in
//! parallel instead of one by one at each page fault.
//!
//! Nothing here affects results: a wrong, late or lost hint only costs time. Residency is checked rarely and for a
//! few pages, since each check is a system call.

use crate::page::fields::overflow_pages;
use crate::page::layout::{Page, Pages};
use crate::page::meta::TreeRecord;
use crate::page::node::Node;
use crate::page::page_no::PageNo;
use crate::page::search::Limits;
use crate::page::search_key::SearchKey;

/// A batch requests the pages of this many keys at once.
pub(crate) const WINDOW: usize = 1024;
/// The minimum number of keys in a batch before it makes any system call.
pub(crate) const MIN_KEYS_FOR_REQUESTS: usize = 128;
/// The maximum size of a request in bytes. Linux truncates longer requests to its read-ahead size, which is this by
/// default.
const BLOCK_BYTES: usize = 128 * 1024;
/// For the first branch pages of a scan, up to this many, only their children are requested; after that, whole blocks
/// of the file. A scan that gets so far is likely to read much more, and whole blocks load several times as fast as
/// single pages.
const BRANCHES_BEFORE_BLOCKS: u32 = 8;

/// What the system knows about pages in memory, and requests to read them.
pub(crate) trait Memory: Copy {
    /// The number of whole pages in the file, and the page size in bytes.
    fn extent(self) -> (u64, usize);
    /// Whether the system reports page `number` as in memory.
    fn is_resident(self, number: PageNo) -> bool;
    /// Hints that pages will be read soon. Any numbers are allowed.
    fn will_need(self, first: PageNo, count: u64);
}

impl Memory for Pages<'_> {
    fn extent(self) -> (u64, usize) {
        (self.page_count(), self.page_size())
    }

    fn is_resident(self, number: PageNo) -> bool {
        self.resident(number)
    }

    fn will_need(self, first: PageNo, count: u64) {
        self.request(first, count);
    }
}

/// The maximum number of pages per request.
fn block_pages(memory: impl Memory) -> u64 {
    (BLOCK_BYTES / memory.extent().1.max(1)).max(1) as u64
}

/// Requests pages in file order, and neighbours together.
pub(crate) fn request_pages(memory: impl Memory, numbers: &mut Vec<PageNo>) {
    let longest = block_pages(memory);
    numbers.sort_unstable();
    numbers.dedup();
    for run in numbers.chunk_by(|left, right| left.next() == Some(*right)) {
        for piece in run.chunks(usize::try_from(longest).unwrap_or(usize::MAX)) {
            if let Some(first) = piece.first() {
                memory.will_need(*first, piece.len() as u64);
            }
        }
    }
}

/// What a walk from leaf to leaf has requested from the system. It stays empty, and allocates nothing, while all pages
/// are in memory.
#[derive(Clone, Default)]
pub(crate) struct ReadAhead {
    /// Whether the walk skips leaves without reading them, so that nothing must be requested.
    off: bool,
    /// What was requested; `None` until a page was found not to be in memory.
    cold: Option<Box<Requested>>,
}

#[derive(Clone, Default)]
struct Requested {
    /// The branch page whose children were requested last.
    last: PageNo,
    /// How many branch pages had their children requested.
    branches: u32,
    /// Blocks of the file that were requested whole, one bit each. A block is not requested twice: if its pages are
    /// gone again, the file is larger than memory, and rereading whole blocks would evict others.
    blocks: Vec<u64>,
}

impl ReadAhead {
    /// The state of a walk that reads branch pages alone: nothing is requested for it.
    pub(crate) fn off() -> Self {
        Self { off: true, cold: None }
    }

    /// Called when a walk enters `branch`, whose children are leaves. `sibling` returns the number of the branch page
    /// that comes a given number of pages later, and `open` opens one.
    #[inline(never)]
    pub(crate) fn enter<'a>(
        &mut self,
        memory: impl Memory,
        branch: Page<'a>,
        sibling: impl Fn(isize) -> Option<PageNo>,
        open: impl Fn(PageNo) -> Option<Page<'a>>,
    ) {
        if self.off {
            return;
        }
        let is_requested = self.cold.as_ref().is_some_and(|cold| cold.last == branch.number());
        if !is_requested {
            // As long as no leaf was found missing, one child is checked, because the file is probably in memory. After
            // that four are checked: in a file that is being loaded, some pages are present already.
            if !has_missing_child(memory, branch, if self.cold.is_none() { 1 } else { 4 }) {
                return;
            }
            self.cold.get_or_insert_default().request(memory, branch);
        }
        let Some(cold) = self.cold.as_mut().filter(|cold| cold.branches > 1) else {
            return;
        };
        if let Some(later) = sibling(2) {
            memory.will_need(later, 1);
        }
        if let Some(next) = sibling(1).and_then(open)
            && has_missing_child(memory, next, 4)
        {
            cold.request(memory, next);
        }
    }
}

/// Whether one of `checks` children, spread over the page, is not in memory.
fn has_missing_child(memory: impl Memory, branch: Page<'_>, checks: usize) -> bool {
    (0..checks).any(|check| {
        let slot = branch.slots() * (2 * check + 1) / (2 * checks);
        branch.child(slot).is_ok_and(|child| !memory.is_resident(child))
    })
}

impl Requested {
    fn request(&mut self, memory: impl Memory, branch: Page<'_>) {
        (self.last, self.branches) = (branch.number(), self.branches.saturating_add(1));
        let block = block_pages(memory);
        let (mut blocks, mut alone) = (Vec::new(), Vec::with_capacity(branch.slots()));
        for child in (0..branch.slots()).filter_map(|slot| branch.child(slot).ok()) {
            if self.branches > BRANCHES_BEFORE_BLOCKS && self.take(memory, child.0 / block) {
                blocks.push(child.0 / block);
            } else {
                alone.push(child);
            }
        }
        blocks.sort_unstable();
        for number in blocks {
            memory.will_need(PageNo(number * block), block);
        }
        request_pages(memory, &mut alone);
    }

    /// Marks block `number` as requested, and returns whether it was not yet.
    fn take(&mut self, memory: impl Memory, number: u64) -> bool {
        let blocks = memory.extent().0.div_ceil(block_pages(memory));
        if number >= blocks {
            return false;
        }
        let words = usize::try_from(blocks.div_ceil(64)).unwrap_or(usize::MAX);
        if self.blocks.is_empty() {
            self.blocks.resize(words, 0);
        }
        let bit = 1 << (number % 64);
        match usize::try_from(number / 64).ok().and_then(|word| self.blocks.get_mut(word)) {
            Some(word) if *word & bit == 0 => {
                *word |= bit;
                true
            }
            _ => false,
        }
    }
}

/// Asks the system for all pages that looking up `keys` will read, level by level. Returns whether some leaf was not
/// in memory, judged by a few of them.
///
/// Stops at damage: the look-ups find it themselves.
#[cold]
#[inline(never)]
pub(crate) fn request_lookups<const W: usize>(
    pages: Pages<'_>,
    tree: &TreeRecord,
    levels: u16,
    keys: &[&[u8]],
) -> bool {
    let mut searches: Vec<_> =
        keys.iter().map(|key| (SearchKey::<W>::new(key), Limits::default(), tree.root)).collect();
    let mut numbers = Vec::with_capacity(searches.len());
    let mut missing = false;
    for level in 1..=levels {
        numbers.clear();
        for (target, limits, number) in &mut searches {
            let child = pages.branch(*number).and_then(|branch| branch.child(limits.child(branch, target)?));
            let Ok(child) = child else { return missing };
            *number = child;
            numbers.push(child);
        }
        if level == levels {
            missing = numbers.iter().step_by(numbers.len().div_ceil(8)).any(|number| !pages.resident(*number));
        }
        request_pages(pages, &mut numbers);
    }
    if tree.overflow_pages > 0 {
        request_values(pages, &searches);
    }
    missing
}

/// Requests the overflow runs of values, each up to the size of one request.
fn request_values<const W: usize>(pages: Pages<'_>, searches: &[(SearchKey<'_, W>, Limits<'_>, PageNo)]) {
    let mut numbers = Vec::new();
    for (target, limits, number) in searches {
        let node = pages.leaf(*number).and_then(|leaf| leaf.node(limits.slot::<false, W>(leaf, target)?));
        // For a key above all others of the leaf, the search gives the slot after the last one. `node` fails for this
        // slot, and the key, which is absent, is passed over.
        if let Ok(node) = node
            && node.flags == Node::BIG
            && node.key == target.key()
        {
            let count = overflow_pages(pages.page_size(), node.size).min(block_pages(pages));
            numbers.extend((0..count).filter_map(|page| node.overflow_page().checked_add(page)));
        }
    }
    request_pages(pages, &mut numbers);
}
