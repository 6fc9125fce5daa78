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
    /// The page that it comes to next.
    number: u64,
    limits: Limits<'a>,
    at: At<'a>,
}

/// The page that a key has come to, and what is known of its slot there.
#[derive(Clone, Copy)]
struct At<'a> {
    page: Page<'a>,
    /// Where between the limits of the page the key is.
    share: Option<Share>,
    guess: Option<usize>,
}

impl Default for At<'_> {
    fn default() -> Self {
        Self { page: Page::EMPTY, share: None, guess: None }
    }
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
    let idle = Lane::<W> { target: Target::new(&[]), number: tree.root, limits: Limits::default(), at: At::default() };
    let (children, entries) = fanout(tree);
    let slots_below = |level| if level < levels { children } else { entries };
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
                if level == 1 {
                    // All come to the root, which is in the cache.
                    let root = pages.branch(tree.root)?;
                    for lane in &mut *lanes {
                        let guess = lane.limits.guess_edge(root, &lane.target);
                        lane.go_down(pages, root, guess, slots_below(level))?;
                    }
                } else {
                    for lane in &mut *lanes {
                        lane.come_to(pages.branch(lane.number)?, 0, 1);
                    }
                    for lane in &mut *lanes {
                        lane.go_down(pages, lane.at.page, lane.at.guess, slots_below(level))?;
                    }
                }
            }
            if std::mem::take(&mut look)
                && let Some(lane) = lanes.last()
                && !pages.resident(lane.number)
            {
                cold = cold::bring::<W>(pages, tree, levels, window);
            }
            for lane in &mut *lanes {
                lane.come_to(pages.leaf(lane.number)?, 1, 1);
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
    /// Asks for the nodes of `page` that its search there begins with: of a guess so many slots before and behind it.
    #[inline]
    fn come_to(&mut self, page: Page<'a>, before: usize, behind: usize) {
        // What is stored in the lane is not read back here: a load that spans two stores waits until both are done.
        let share = self.at.share;
        let guess = match share {
            Some(share) => Some(share.of(page.slots())),
            None if page.is_leaf() => None,
            None => self.limits.guess_edge(page, &self.target),
        };
        match guess {
            Some(guess) => page.prefetch_slots(guess.saturating_sub(before), guess + behind),
            None => page.prefetch_slot(page.slots() / 2),
        }
        self.at = At { page, share, guess };
    }

    /// Goes to the child of branch `page`, of which about `slots` slots are expected, and asks for its header and for where
    /// its slot should be.
    #[inline]
    fn go_down(&mut self, pages: Pages<'a>, page: Page<'a>, guess: Option<usize>, slots: usize) -> Result<()> {
        let mut limits = self.limits;
        let slot = limits.child_near(page, guess, &self.target)?;
        let (number, share) = (page.child(slot)?, limits.share(&self.target));
        pages.prefetch_slot(number, share.unwrap_or(Share::HALF).of(slots));
        (self.number, self.limits, self.at.share) = (number, limits, share);
        Ok(())
    }

    /// What is under its key, once it has come to its leaf.
    #[inline]
    fn value(&self, pages: Pages<'a>, levels: u16) -> Result<Option<&'a [u8]>> {
        let leaf = self.at.page;
        if leaf.slots() == 0 && levels > 0 {
            return Err(leaf.fault("an empty leaf"));
        }
        let slot = match self.at.guess {
            Some(guess) => leaf.search_near::<false, W>(0, guess, &self.target)?,
            None => leaf.search::<false, W>(0, &self.target)?,
        };
        if slot >= leaf.slots() || leaf.compare(slot, &self.target)?.is_ne() {
            return Ok(None);
        }
        leaf.node(slot)?.plain(pages, leaf).map(Some)
    }
}
