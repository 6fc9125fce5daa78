//! Many look-ups at once: while one key waits for memory, the others go on.

use crate::error::Result;
use crate::page::cold::{self, FEW, WINDOW};
use crate::page::layout::{Page, Pages};
use crate::page::meta::TreeRecord;
use crate::page::search::{Limits, Share};
use crate::page::target::Target;
use crate::page::tree::branch_levels;

/// Keys that go down together: enough to keep all of a core's outstanding loads busy.
pub(crate) const GROUP: usize = 32;

/// One key on its way down.
#[derive(Clone, Copy)]
struct Lane<'a, 'k, const W: usize> {
    target: Target<'k, W>,
    number: u64,
    page: Page<'a>,
    limits: Limits<'a>,
    /// Where between the limits its target is.
    share: Option<Share>,
    guess: Option<usize>,
}

/// Gives the value of each key to `each`, in the order of the keys. No allocation where pages are in memory.
///
/// Groups of keys go down level by level. On each level every key of the group asks for its page, then every one for the
/// nodes around its guess, then every one looks: while one waits for memory, the others go on. What bounds it is how many
/// cache lines memory delivers, so each asks for few: where the slot that it needs should be is known before the page is.
///
/// # Errors
/// `Corrupted` when a page on the way is not what its place says; values given until then are right.
pub(crate) fn get_many<'a, const W: usize>(
    pages: Pages<'a>,
    tree: &TreeRecord,
    keys: &[&[u8]],
    mut each: impl FnMut(Option<&'a [u8]>),
) -> Result<()> {
    let Some(levels) = branch_levels(pages, tree)? else {
        for _ in keys {
            each(None);
        }
        return Ok(());
    };
    let idle = Lane {
        target: Target::<W>::new(&[]),
        number: tree.root,
        page: Page::EMPTY,
        limits: Limits::default(),
        share: None,
        guess: None,
    };
    let (children, entries) = fanout(tree);
    let mut cold = false;
    for window in keys.chunks(WINDOW) {
        cold = cold && cold::bring::<W>(pages, tree, levels, window);
        // Whether the file is in memory is asked once for a window, of a leaf that its first group has come to.
        let mut look = !cold && window.len() >= FEW;
        for group in window.chunks(GROUP) {
            let mut lanes = [idle; GROUP];
            for (lane, key) in lanes.iter_mut().zip(group) {
                lane.target = Target::new(key);
            }
            let lanes = lanes.get_mut(..group.len()).unwrap_or_default();
            for level in 1..=levels {
                for lane in &mut *lanes {
                    lane.page = pages.branch(lane.number)?;
                    lane.guess = match lane.share {
                        Some(share) => Some(share.of(lane.page.slots())),
                        None => lane.limits.guess_edge(lane.page, &lane.target),
                    };
                    lane.ask(0, 1);
                }
                let slots = if level < levels { children } else { entries };
                for lane in &mut *lanes {
                    let slot = lane.limits.child_near(lane.page, lane.guess, &lane.target)?;
                    lane.number = lane.page.child(slot)?;
                    lane.share = lane.limits.share(&lane.target);
                    pages.prefetch_slot(lane.number, lane.share.unwrap_or(Share::HALF).of(slots));
                }
            }
            if std::mem::take(&mut look)
                && let Some(lane) = lanes.last()
                && !pages.resident(lane.number)
            {
                cold = cold::bring::<W>(pages, tree, levels, window);
            }
            for lane in &mut *lanes {
                lane.page = pages.leaf(lane.number)?;
                lane.guess = lane.share.map(|share| share.of(lane.page.slots()));
                lane.ask(1, 1);
            }
            for lane in &*lanes {
                each(lane.value(pages, levels)?);
            }
        }
    }
    Ok(())
}

/// The average children of a branch and entries of a leaf.
fn fanout(tree: &TreeRecord) -> (usize, usize) {
    let children = tree.branch_pages.saturating_add(tree.leaf_pages) / tree.branch_pages.max(1);
    let entries = tree.entries / tree.leaf_pages.max(1);
    // In a damaged record they may be anything, and are hints.
    (usize::try_from(children).unwrap_or(0), usize::try_from(entries).unwrap_or(0))
}

impl<'a, const W: usize> Lane<'a, '_, W> {
    /// Asks for the nodes that its search begins with.
    #[inline]
    fn ask(&self, before: usize, behind: usize) {
        match self.guess {
            Some(guess) => self.page.prefetch_slots(guess.saturating_sub(before), guess + behind),
            None => self.page.prefetch_slot(self.page.slots() / 2),
        }
    }

    /// What is under its key, once it has come to its leaf.
    #[inline]
    fn value(&self, pages: Pages<'a>, levels: u16) -> Result<Option<&'a [u8]>> {
        let leaf = self.page;
        if leaf.slots() == 0 && levels > 0 {
            return Err(leaf.fault("an empty leaf"));
        }
        let slot = match self.guess {
            Some(guess) => leaf.search_near::<false, W>(0, guess, &self.target)?,
            None => leaf.search::<false, W>(0, &self.target)?,
        };
        if slot >= leaf.slots() || leaf.compare(slot, &self.target)?.is_ne() {
            return Ok(None);
        }
        leaf.node(slot)?.plain(pages, leaf).map(Some)
    }
}
