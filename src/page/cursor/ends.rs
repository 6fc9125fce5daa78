//! Finds the ends of a cursor: at a bound, in a leaf just entered, or at a key to seek.

use std::cmp::Ordering;
use std::ops::Bound;

use smallvec::SmallVec;

use super::Cursor;
use crate::error::Result;
use crate::page::cursor_stack::SeekTarget;
use crate::page::leaf_prefetch::LeafPrefetch;
use crate::page::search_key::SearchKey;
use crate::page::tree_position::TreePosition;

/// The length of a bound's key.
fn bytes_of(bound: Bound<&[u8]>) -> usize {
    match bound {
        Bound::Unbounded => 0,
        Bound::Included(key) | Bound::Excluded(key) => key.len(),
    }
}

impl Cursor<'_> {
    /// Descends to the lower bound, when an entry is first taken from the front.
    #[inline(never)]
    pub(super) fn open_front(&mut self) -> Result<()> {
        self.is_open = true;
        let lower = self.lower.as_ref().map(|key| &key[..]);
        self.front.leaves_left = self.tree.leaf_pages;
        match (self.width, bytes_of(lower)) {
            (4, 4) => self.front.enter_at(self.pages, &self.tree, &SeekTarget::<4>::lower(lower))?,
            (8, 8) => self.front.enter_at(self.pages, &self.tree, &SeekTarget::<8>::lower(lower))?,
            (16, 16) => self.front.enter_at(self.pages, &self.tree, &SeekTarget::<16>::lower(lower))?,
            _ => self.front.enter_at(self.pages, &self.tree, &SeekTarget::<0>::lower(lower))?,
        }
        self.back_limit = 0;
        self.find_end()
    }

    /// Descends to the upper bound, when an entry is first taken from the back and it may be in another leaf than the
    /// front.
    #[inline(never)]
    pub(super) fn open_back(&mut self) -> Result<()> {
        let upper = self.upper.as_ref().map(|key| &key[..]);
        let back = self.back.insert(TreePosition::nowhere());
        back.leaves_left = self.tree.leaf_pages;
        match (self.width, bytes_of(upper)) {
            (4, 4) => back.enter_at(self.pages, &self.tree, &SeekTarget::<4>::upper(upper))?,
            (8, 8) => back.enter_at(self.pages, &self.tree, &SeekTarget::<8>::upper(upper))?,
            (16, 16) => back.enter_at(self.pages, &self.tree, &SeekTarget::<16>::upper(upper))?,
            _ => back.enter_at(self.pages, &self.tree, &SeekTarget::<0>::upper(upper))?,
        }
        self.find_start()
    }

    /// Finds where the remaining entries end in the front's leaf, which the front has just entered.
    #[inline]
    pub(super) fn find_end(&mut self) -> Result<()> {
        let leaf = self.front.leaf;
        self.front_limit = leaf.slots();
        if let Some(back) = &self.back {
            match self.front.path.order(&back.path) {
                Ordering::Less => {}
                Ordering::Equal => (self.front_limit, self.in_last_leaf) = (back.slot, true),
                Ordering::Greater => self.stop(),
            }
            return Ok(());
        }
        let (key, within) = match &self.upper {
            Bound::Unbounded => return Ok(()),
            Bound::Included(key) => (key, true),
            Bound::Excluded(key) => (key, false),
        };
        let target: SearchKey<'_> = SearchKey::new(key);
        let Some(highest) = self.front_limit.checked_sub(1) else {
            return Ok(());
        };
        let order = leaf.compare(highest, &target)?;
        if order.is_gt() || (order.is_eq() && !within) {
            // The last key of this leaf is not within the upper bound, so the range would end here. In a healthy tree
            // the separator behind the leaf is above that key. If the separator is not even above the bound, the key is
            // damaged, and ending here could lose entries without an error.
            if self.front.path.separator_after()?.is_some_and(|separator| separator <= &key[..]) {
                return Err(leaf.fault("a key is not below the separator behind its leaf"));
            }
            self.in_last_leaf = true;
            self.front_limit =
                if within { leaf.search::<true, 0>(0, &target)? } else { leaf.search::<false, 0>(0, &target)? };
        }
        Ok(())
    }

    /// Finds where the remaining entries begin in the back's leaf, which the back has just entered.
    pub(super) fn find_start(&mut self) -> Result<()> {
        let Some(back) = &self.back else {
            return Ok(());
        };
        self.back_limit = 0;
        if self.is_open {
            match back.path.order(&self.front.path) {
                Ordering::Less => self.stop(),
                Ordering::Equal => (self.front_limit, self.in_last_leaf) = (back.slot, true),
                Ordering::Greater => {}
            }
            return Ok(());
        }
        let (key, within) = match &self.lower {
            Bound::Unbounded => return Ok(()),
            Bound::Included(key) => (key, true),
            Bound::Excluded(key) => (key, false),
        };
        let (leaf, target) = (back.leaf, SearchKey::<0>::new(key));
        if leaf.slots() == 0 {
            return Ok(());
        }
        let order = leaf.compare(0, &target)?;
        if order.is_lt() || (order.is_eq() && !within) {
            // The first key of this leaf is not within the lower bound, so the range would begin here. In a healthy
            // tree the separator before the leaf is not above that key. If the separator is above the bound, the key is
            // damaged, and beginning here could lose entries without an error.
            if back.path.separator_before()?.is_some_and(|separator| separator > &key[..]) {
                return Err(leaf.fault("a key is below the separator of its leaf"));
            }
            self.back_limit =
                if within { leaf.search::<false, 0>(0, &target)? } else { leaf.search::<true, 0>(0, &target)? };
        }
        Ok(())
    }

    pub(super) fn seek_front_to(&mut self, target: &SearchKey<'_>) -> Result<()> {
        if self.in_last_leaf && self.front.slot >= self.front_limit {
            return Ok(());
        }
        if !self.is_open {
            // The front has not searched the tree yet, and will begin at the lower bound. So raising the bound moves
            // the front.
            let below = match &self.lower {
                Bound::Unbounded => true,
                Bound::Included(lower) | Bound::Excluded(lower) => &lower[..] < target.key(),
            };
            if below {
                self.lower = Bound::Included(SmallVec::from_slice(target.key()));
                self.find_start()?;
            }
            return Ok(());
        }
        let leaf = self.front.leaf;
        if self.front.slot < self.front_limit && leaf.compare(self.front_limit - 1, target)?.is_ge() {
            self.front.slot = leaf.search::<false, 0>(self.front.slot, target)?.min(self.front_limit);
            return Ok(());
        }
        if self.in_last_leaf {
            self.stop();
            return Ok(());
        }
        let Some(position) = TreePosition::at(self.pages, &self.tree, &SeekTarget::<0>::Before(*target))? else {
            return Ok(());
        };
        if self.back.as_ref().is_some_and(|back| position.order(back).is_ge()) {
            self.stop();
        } else if position.order(&self.front).is_gt() {
            self.front.jump(position);
            self.reads_ahead = false;
            self.prefetch = LeafPrefetch::default();
            self.find_end()?;
        }
        Ok(())
    }

    pub(super) fn seek_back_to(&mut self, target: &SearchKey<'_>) -> Result<()> {
        if self.in_last_leaf {
            let leaf = self.front.leaf;
            if self.front.slot < self.front_limit && leaf.compare(self.front_limit - 1, target)?.is_gt() {
                self.front_limit = leaf.search::<true, 0>(self.front.slot, target)?.min(self.front_limit);
            }
            return Ok(());
        }
        let Some(back) = &mut self.back else {
            // The back has not searched the tree yet, and will begin at the upper bound. So lowering the bound moves
            // the back.
            let above = match &self.upper {
                Bound::Unbounded => true,
                Bound::Included(upper) | Bound::Excluded(upper) => &upper[..] > target.key(),
            };
            if above {
                self.upper = Bound::Included(SmallVec::from_slice(target.key()));
                if self.is_open {
                    self.find_end()?;
                }
            }
            return Ok(());
        };
        if back.slot > 0 {
            if back.leaf.compare(back.slot - 1, target)?.is_le() {
                return Ok(());
            }
            if back.leaf.compare(0, target)?.is_le() {
                back.slot = back.leaf.search::<true, 0>(0, target)?.min(back.slot);
                return Ok(());
            }
        }
        let Some(position) = TreePosition::at(self.pages, &self.tree, &SeekTarget::<0>::After(*target))? else {
            return Ok(());
        };
        if self.is_open && position.order(&self.front).is_le() {
            self.stop();
        } else if position.order(back).is_lt() {
            back.jump(position);
            self.reads_ahead = false;
            self.prefetch = LeafPrefetch::default();
            self.find_start()?;
        }
        Ok(())
    }
}
