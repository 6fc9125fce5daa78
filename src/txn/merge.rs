//! The merged cursor: a write set laid over the pages of its base, from both ends.

use std::collections::btree_map::Range;
use std::ops::Bound;

use crate::error::{Error, Result};
use crate::page::Cursor;
use crate::txn::raw::{RawCursor, RawEntry};
use crate::txn::write_set::{Change, Changes};

/// The changes between two bounds, seen from both ends.
type Overlay<'t> = Range<'t, Box<[u8]>, Change>;

/// A cursor over the base where the set says nothing, and over the set where it does.
#[derive(Clone)]
pub struct MergeCursor<'t> {
    base: Option<Cursor<'t>>,
    changes: Option<&'t Changes>,
    overlay: Overlay<'t>,
}

static NO_CHANGES: Changes = Changes::new();

impl<'t> MergeCursor<'t> {
    /// `base` is absent when the set has cleared the DBI, `changes` when it has none for it.
    pub(crate) fn new(
        base: Option<Cursor<'t>>,
        changes: Option<&'t Changes>,
        lower: Bound<&[u8]>,
        upper: Bound<&[u8]>,
    ) -> Self {
        Self { base, changes, overlay: between(changes.unwrap_or(&NO_CHANGES), lower, upper) }
    }
}

/// The changes between the bounds; none when they are reversed, which `BTreeMap::range` would panic on.
fn between<'t>(changes: &'t Changes, lower: Bound<&[u8]>, upper: Bound<&[u8]>) -> Overlay<'t> {
    let reversed = match (lower, upper) {
        (Bound::Included(low), Bound::Included(high)) => low > high,
        (Bound::Included(low) | Bound::Excluded(low), Bound::Included(high) | Bound::Excluded(high)) => low >= high,
        _ => false,
    };
    if reversed { NO_CHANGES.range::<[u8], _>(..) } else { changes.range::<[u8], _>((lower, upper)) }
}

impl<'t> RawCursor<'t> for MergeCursor<'t> {
    fn next(&mut self) -> Result<Option<RawEntry<'t>>> {
        loop {
            let below = self.base.as_mut().map_or(Ok(None), Cursor::peek).map_err(|error| self.end(error))?;
            // A clone of the range looks ahead without consuming; it is two positions in the tree.
            let above = self.overlay.clone().next();
            match (below, above) {
                (Some(entry), None) => {
                    self.pass_base()?;
                    return Ok(Some(entry));
                }
                (Some(entry), Some((key, _))) if *entry.0 < **key => {
                    self.pass_base()?;
                    return Ok(Some(entry));
                }
                (below, Some((key, change))) => {
                    if below.is_some_and(|(covered, _)| covered == &**key) {
                        self.pass_base()?;
                    }
                    self.overlay.next();
                    if let Some(value) = change {
                        return Ok(Some((key, value)));
                    }
                }
                (None, None) => return Ok(None),
            }
        }
    }

    fn next_back(&mut self) -> Result<Option<RawEntry<'t>>> {
        loop {
            let below = self.base.as_mut().map_or(Ok(None), Cursor::peek_back).map_err(|error| self.end(error))?;
            let above = self.overlay.clone().next_back();
            match (below, above) {
                (Some(entry), None) => {
                    self.pass_base_back()?;
                    return Ok(Some(entry));
                }
                (Some(entry), Some((key, _))) if *entry.0 > **key => {
                    self.pass_base_back()?;
                    return Ok(Some(entry));
                }
                (below, Some((key, change))) => {
                    if below.is_some_and(|(covered, _)| covered == &**key) {
                        self.pass_base_back()?;
                    }
                    self.overlay.next_back();
                    if let Some(value) = change {
                        return Ok(Some((key, value)));
                    }
                }
                (None, None) => return Ok(None),
            }
        }
    }

    fn seek(&mut self, key: &[u8]) -> Result<()> {
        self.base.as_mut().map_or(Ok(()), |base| base.seek(key)).map_err(|error| self.end(error))?;
        let front = self.overlay.clone().next();
        let back = self.overlay.clone().next_back();
        if let (Some(changes), Some((front, _)), Some((back, _))) = (self.changes, front, back)
            && **front < *key
        {
            self.overlay = between(changes, Bound::Included(key), Bound::Included(back));
        }
        Ok(())
    }

    fn seek_back(&mut self, key: &[u8]) -> Result<()> {
        self.base.as_mut().map_or(Ok(()), |base| base.seek_back(key)).map_err(|error| self.end(error))?;
        let front = self.overlay.clone().next();
        let back = self.overlay.clone().next_back();
        if let (Some(changes), Some((front, _)), Some((back, _))) = (self.changes, front, back)
            && **back > *key
        {
            self.overlay = between(changes, Bound::Included(front), Bound::Included(key));
        }
        Ok(())
    }
}

impl MergeCursor<'_> {
    /// Leaves nothing behind damage in the base: the changes alone would look like the rest of the entries.
    #[cold]
    fn end(&mut self, error: Error) -> Error {
        self.base = None;
        self.overlay = NO_CHANGES.range::<[u8], _>(..);
        error
    }

    fn pass_base(&mut self) -> Result<()> {
        self.base.as_mut().map_or(Ok(None), Cursor::next).map(drop)
    }

    fn pass_base_back(&mut self) -> Result<()> {
        self.base.as_mut().map_or(Ok(None), Cursor::next_back).map(drop)
    }
}
