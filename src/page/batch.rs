//! Many look-ups at once: while one key waits for memory, the others go on.

use crate::error::Result;
use crate::page::layout::{Page, Pages, Search};
use crate::page::meta::TreeRecord;
use crate::page::target::Target;
use crate::page::tree::branch_levels;

/// Keys that go down together: enough to keep all of a core's outstanding loads busy.
const GROUP: usize = 16;
/// Cache lines asked for at the start of a page: its header and most of its slots.
const HEAD_LINES: usize = 4;

/// One key on its way down.
#[derive(Clone, Copy)]
struct Lane<'a, 'k> {
    target: Target<'k>,
    number: u64,
    page: Page<'a>,
    search: Search,
}

/// Gives the value of each key to `each`, in the order of the keys. No allocation.
///
/// Groups of keys go down level by level, and within a page probe by probe, each asking for what it reads next.
///
/// # Errors
/// `Corrupted` when a page on the way is not what its place says; values given until then are right.
pub(crate) fn get_many<'a>(
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
    let idle = Lane { target: Target::new(&[]), number: tree.root, page: Page::EMPTY, search: Search::default() };
    for group in keys.chunks(GROUP) {
        let mut lanes = [idle; GROUP];
        for (lane, key) in lanes.iter_mut().zip(group) {
            lane.target = Target::new(key);
        }
        let lanes = lanes.get_mut(..group.len()).unwrap_or_default();
        for _ in 0..levels {
            enter(pages, lanes, Pages::branch, 1)?;
            search::<true>(lanes)?;
            for lane in &mut *lanes {
                lane.number = lane.page.child(lane.search.base.saturating_sub(1))?;
                pages.prefetch(lane.number, HEAD_LINES);
            }
        }
        enter(pages, lanes, Pages::leaf, 0)?;
        search::<false>(lanes)?;
        for lane in &*lanes {
            each(value(pages, lane, levels)?);
        }
    }
    Ok(())
}

/// Looks at the header of each lane's page, and asks for the first key to compare with, from slot `from` on.
fn enter<'a>(
    pages: Pages<'a>,
    lanes: &mut [Lane<'a, '_>],
    open: fn(Pages<'a>, u64) -> Result<Page<'a>>,
    from: usize,
) -> Result<()> {
    for lane in lanes {
        lane.page = open(pages, lane.number)?;
        lane.search = Search { base: from, size: lane.page.slots().saturating_sub(from) };
        lane.page.prefetch_slot(lane.search.base + lane.search.size / 2);
    }
    Ok(())
}

/// Brings all searches to their end, a step of each in turn.
fn search<const AFTER: bool>(lanes: &mut [Lane<'_, '_>]) -> Result<()> {
    let mut going = true;
    while going {
        going = false;
        for lane in &mut *lanes {
            going |= lane.page.search_step::<AFTER>(&mut lane.search, &lane.target)?;
        }
    }
    Ok(())
}

fn value<'a>(pages: Pages<'a>, lane: &Lane<'a, '_>, levels: u16) -> Result<Option<&'a [u8]>> {
    let (leaf, slot) = (lane.page, lane.search.base);
    if leaf.slots() == 0 && levels > 0 {
        return Err(leaf.fault("an empty leaf"));
    }
    if slot >= leaf.slots() || leaf.compare(slot, &lane.target)?.is_ne() {
        return Ok(None);
    }
    leaf.node(slot)?.plain(pages, leaf).map(Some)
}
