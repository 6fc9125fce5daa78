//! Files that are not in memory: many pages asked for at once, so that they are read side by side instead of one after the
//! other, each when it is touched.
//!
//! Nothing here answers anything: a hint that is wrong, late or lost costs time alone. Whether pages are in memory is asked
//! of a few of them, and rarely, since each answer is a system call.

use crate::page::fields::overflow_pages;
use crate::page::layout::{Page, Pages};
use crate::page::meta::TreeRecord;
use crate::page::node::Node;
use crate::page::search::Limits;
use crate::page::search_key::SearchKey;

/// Keys whose pages a batch asks for together.
pub(crate) const WINDOW: usize = 1024;
/// Keys that a batch must have before the system is asked anything.
pub(crate) const FEW: usize = 128;
/// What one request asks for at most, in bytes: Linux cuts longer ones at its read-ahead, which is this unless it was set.
const BLOCK_BYTES: usize = 128 * 1024;
/// Branch pages whose children a scan asks for alone. Whoever has come further is likely to read much, and whole blocks
/// then come in several times as fast as the pages in them would one by one.
const ALONE: u32 = 8;

/// What the system knows about pages, and can be told.
pub(crate) trait Memory: Copy {
    /// Whole pages inside the file, and the bytes of one.
    fn extent(self) -> (u64, usize);
    /// Whether page `number` is in memory, as far as the system says.
    fn is_resident(self, number: u64) -> bool;
    /// Asks for pages soon to be read. Any numbers are fine.
    fn will_need(self, first: u64, count: u64);
}

impl Memory for Pages<'_> {
    fn extent(self) -> (u64, usize) {
        (self.page_count(), self.page_size())
    }

    fn is_resident(self, number: u64) -> bool {
        self.resident(number)
    }

    fn will_need(self, first: u64, count: u64) {
        self.ask(first, count);
    }
}

/// Pages that one request asks for at most.
fn block_pages(memory: impl Memory) -> u64 {
    (BLOCK_BYTES / memory.extent().1.max(1)).max(1) as u64
}

/// Asks for pages in the order of the file, neighbours together.
pub(crate) fn ask_for(memory: impl Memory, numbers: &mut Vec<u64>) {
    let longest = block_pages(memory);
    numbers.sort_unstable();
    numbers.dedup();
    for run in numbers.chunk_by(|left, right| left.checked_add(1) == Some(*right)) {
        for piece in run.chunks(usize::try_from(longest).unwrap_or(usize::MAX)) {
            if let Some(first) = piece.first() {
                memory.will_need(*first, piece.len() as u64);
            }
        }
    }
}

/// What a walk from leaf to leaf has asked for. Nothing, and no memory, as long as it finds its pages there.
#[derive(Clone, Default)]
pub(crate) struct ReadAhead {
    /// Whether the walk passes over leaves without reading them, and nothing is to be asked for.
    off: bool,
    cold: Option<Box<Asked>>,
}

#[derive(Clone, Default)]
struct Asked {
    /// The branch page whose children were asked for last.
    last: u64,
    /// Branch pages whose children were asked for.
    branches: u32,
    /// Blocks of the file that were asked for whole, a bit each. A second time there is none: pages that are not there any
    /// more say that the file is larger than memory, and then each block read again would push out others.
    blocks: Vec<u64>,
}

impl ReadAhead {
    /// That of a walk over branch pages alone.
    pub(crate) fn off() -> Self {
        Self { off: true, cold: None }
    }

    /// To be told when a walk comes to `branch`, whose children are leaves. `beside` gives the number of a branch page that
    /// it comes to later, by how many pages later, and `open` opens one.
    #[inline(never)]
    pub(crate) fn enter<'a>(
        &mut self,
        memory: impl Memory,
        branch: Page<'a>,
        beside: impl Fn(isize) -> Option<u64>,
        open: impl Fn(u64) -> Option<Page<'a>>,
    ) {
        if self.off {
            return;
        }
        let asked = self.cold.as_ref().is_some_and(|cold| cold.last == branch.number());
        if !asked {
            // One look where nothing was missing so far; of a file that is coming in, some pages are there.
            if !misses(memory, branch, if self.cold.is_none() { 1 } else { 4 }) {
                return;
            }
            self.cold.get_or_insert_default().ask(memory, branch);
        }
        let Some(cold) = self.cold.as_mut().filter(|cold| cold.branches > 1) else {
            return;
        };
        if let Some(later) = beside(2) {
            memory.will_need(later, 1);
        }
        if let Some(next) = beside(1).and_then(open)
            && misses(memory, next, 4)
        {
            cold.ask(memory, next);
        }
    }
}

/// Whether one of `looks` children, spread over the page, is not in memory.
fn misses(memory: impl Memory, branch: Page<'_>, looks: usize) -> bool {
    (0..looks).any(|look| {
        let slot = branch.slots() * (2 * look + 1) / (2 * looks);
        branch.child(slot).is_ok_and(|child| !memory.is_resident(child))
    })
}

impl Asked {
    fn ask(&mut self, memory: impl Memory, branch: Page<'_>) {
        (self.last, self.branches) = (branch.number(), self.branches.saturating_add(1));
        let block = block_pages(memory);
        let (mut blocks, mut alone) = (Vec::new(), Vec::with_capacity(branch.slots()));
        for child in (0..branch.slots()).filter_map(|slot| branch.child(slot).ok()) {
            if self.branches > ALONE && self.take(memory, child / block) {
                blocks.push(child / block);
            } else {
                alone.push(child);
            }
        }
        blocks.sort_unstable();
        for number in blocks {
            memory.will_need(number * block, block);
        }
        ask_for(memory, &mut alone);
    }

    /// Whether block `number` was not asked for yet; now it is.
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

/// Asks for all pages that looking `keys` up will read, level by level; says whether any leaf of a few was missing.
///
/// Stops at damage, which the look-ups will find themselves.
#[cold]
#[inline(never)]
pub(crate) fn bring<const W: usize>(pages: Pages<'_>, tree: &TreeRecord, levels: u16, keys: &[&[u8]]) -> bool {
    let mut places: Vec<_> = keys.iter().map(|key| (SearchKey::<W>::new(key), Limits::default(), tree.root)).collect();
    let mut numbers = Vec::with_capacity(places.len());
    let mut missing = false;
    for level in 1..=levels {
        numbers.clear();
        for (target, limits, number) in &mut places {
            let child = pages.branch(*number).and_then(|branch| branch.child(limits.child(branch, target)?));
            let Ok(child) = child else { return missing };
            *number = child;
            numbers.push(child);
        }
        if level == levels {
            missing = numbers.iter().step_by(numbers.len().div_ceil(8)).any(|number| !pages.resident(*number));
        }
        ask_for(pages, &mut numbers);
    }
    if tree.overflow_pages > 0 {
        ask_for_values(pages, &places);
    }
    missing
}

/// Asks for the overflow runs of values, as much of each as one request takes.
fn ask_for_values<const W: usize>(pages: Pages<'_>, places: &[(SearchKey<'_, W>, Limits<'_>, u64)]) {
    let mut numbers = Vec::new();
    for (target, limits, number) in places {
        let node = pages.leaf(*number).and_then(|leaf| leaf.node(limits.slot::<false, W>(leaf, target)?));
        // A slot behind the last one is a key that is not there.
        if let Ok(node) = node
            && node.flags == Node::BIG
            && node.key == target.key()
        {
            let count = overflow_pages(pages.page_size(), node.size).min(block_pages(pages));
            numbers.extend((0..count).filter_map(|page| node.overflow_page().checked_add(page)));
        }
    }
    ask_for(pages, &mut numbers);
}
