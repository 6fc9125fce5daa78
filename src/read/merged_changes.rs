//! The changes of all layers merged: the newest change of each key, unless a newer gap hides it.

use std::cmp::Ordering;
use std::ops::Bound;

use smallvec::SmallVec;

use crate::read::change_range::ChangeRange;
use crate::write_set::{DbiChanges, Entry};

/// A visible change; `value` is `None` if the key is deleted.
#[derive(Clone, Copy)]
pub(crate) struct Change<'t> {
    layer: usize,
    pub key: &'t [u8],
    pub value: Option<&'t [u8]>,
}

/// The changes between two bounds, from both ends.
#[derive(Clone)]
pub(crate) struct MergedChanges<'t> {
    /// The changes of each layer, newest first.
    layers: SmallVec<[ChangeRange<'t>; 2]>,
}

impl<'t> MergedChanges<'t> {
    /// `layers` come newest first.
    pub(crate) fn new(layers: &[&'t DbiChanges], lower: Bound<&[u8]>, upper: Bound<&[u8]>) -> Self {
        Self { layers: layers.iter().map(|changes| ChangeRange::new(changes, lower, upper)).collect() }
    }

    /// The next change at an end. It stays the next one until it is passed.
    #[inline]
    pub(crate) fn peek<const FORWARD: bool>(&mut self) -> Option<Change<'t>> {
        match &self.layers[..] {
            [layer] => layer.peek::<FORWARD>().map(|entry| self.change(0, entry)),
            _ => self.peek_of_many::<FORWARD>(),
        }
    }

    #[inline(never)]
    fn peek_of_many<const FORWARD: bool>(&mut self) -> Option<Change<'t>> {
        loop {
            let (layer, entry) = self.foremost::<FORWARD>()?;
            let change = self.change(layer, entry);
            let gap = self.layers[..layer].iter().find_map(|newer| newer.changes().gaps().containing(change.key));
            match gap {
                Some(gap) => self.layers[layer].skip::<FORWARD>(gap),
                None => return Some(change),
            }
        }
    }

    /// The layer whose next change is the first one at this end, and that change. Older changes of the same key are
    /// passed.
    fn foremost<const FORWARD: bool>(&mut self) -> Option<(usize, Entry)> {
        let mut best: Option<(usize, Entry, &[u8])> = None;
        for at in 0..self.layers.len() {
            let layer = &mut self.layers[at];
            let Some(entry) = layer.peek::<FORWARD>() else { continue };
            let key = layer.changes().record(entry).0;
            let order = best.map(|(_, _, best)| if FORWARD { key.cmp(best) } else { best.cmp(key) });
            match order {
                Some(Ordering::Equal) => layer.pass::<FORWARD>(),
                Some(Ordering::Greater) => {}
                _ => best = Some((at, entry, key)),
            }
        }
        best.map(|(at, entry, _)| (at, entry))
    }

    #[inline]
    fn change(&self, layer: usize, entry: Entry) -> Change<'t> {
        let (key, value) = self.layers[layer].changes().record(entry);
        Change { layer, key, value }
    }

    /// Passes the change that [`peek`](Self::peek) returned.
    #[inline]
    pub(crate) fn pass<const FORWARD: bool>(&mut self, change: &Change<'t>) {
        self.layers[change.layer].pass::<FORWARD>();
    }

    /// Returns the next change at the front, and passes it.
    pub(crate) fn next(&mut self) -> Option<Change<'t>> {
        let change = self.peek::<true>()?;
        self.pass::<true>(&change);
        Some(change)
    }

    /// Passes the changes below `key` at the front.
    pub(crate) fn seek(&mut self, key: &[u8]) {
        self.layers.iter_mut().for_each(|layer| layer.seek(key));
    }

    /// Passes the changes above `key` at the back.
    pub(crate) fn seek_back(&mut self, key: &[u8]) {
        self.layers.iter_mut().for_each(|layer| layer.seek_back(key));
    }

    /// Passes everything.
    pub(crate) fn clear(&mut self) {
        self.layers.clear();
    }
}
