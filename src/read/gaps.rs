//! The gaps of layers, which hide entries of the file.

use std::ops::Bound;

use crate::write_set::{DbiChanges, Gap};

/// The value of a key in the layers, which come newest first. `Some(None)` if the newest layer that has the key deletes
/// it, alone or in a gap. `None` if no layer has it.
#[inline]
#[expect(clippy::option_option, reason = "unknown, gone, or there")]
pub(crate) fn look<'t>(layers: impl Iterator<Item = &'t DbiChanges>, key: &[u8]) -> Option<Option<&'t [u8]>> {
    let mut layers = layers;
    layers.find_map(|changes| match changes.get(key) {
        Some((_, value)) => Some(value),
        None => changes.gaps().containing(key).map(|_| None),
    })
}

/// Of all layers' gaps that end after `key`, the one that begins first.
pub(crate) fn first_gap<'t>(layers: &[&'t DbiChanges], key: &[u8]) -> Option<Gap<'t>> {
    layers.iter().filter_map(|changes| changes.gaps().first_ending_after(key)).min_by_key(|(start, _)| *start)
}

/// Of all layers' gaps that begin at or before `key`, the one that ends last.
pub(crate) fn last_gap<'t>(layers: &[&'t DbiChanges], key: &[u8]) -> Option<Gap<'t>> {
    let gaps = layers.iter().filter_map(|changes| changes.gaps().last_starting_up_to(key));
    gaps.max_by_key(|(_, end)| (end.is_none(), *end))
}

/// Whether a range with this upper bound has keys at or above `key`.
pub(crate) fn is_within(key: &[u8], upper: Bound<&[u8]>) -> bool {
    match upper {
        Bound::Unbounded => true,
        Bound::Included(upper) => key <= upper,
        Bound::Excluded(upper) => key < upper,
    }
}

/// Whether a gap contains `key`.
pub(crate) fn is_in(key: &[u8], (start, end): Gap<'_>) -> bool {
    key >= start && end.is_none_or(|end| key < end)
}
