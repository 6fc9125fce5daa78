//! A set of keys, as ranges.

use std::collections::BTreeMap;
use std::ops::Bound;

/// The bytes counted for a range besides its keys: its node in the map, and two allocations.
const RANGE_BYTES: usize = 80;

/// Ranges of keys, disjoint. Those that touch are one.
#[derive(Debug, Default)]
pub(crate) struct KeyRanges {
    /// The end of each range, by its first key.
    ends: BTreeMap<Box<[u8]>, End>,
    bytes: usize,
}

/// The end of a range.
#[derive(Debug)]
enum End {
    /// The range has its first key alone.
    Key,
    /// Exclusive.
    Before(Box<[u8]>),
    /// The range has all keys from its first one on.
    Never,
}

impl End {
    /// As bytes, exclusive; `None` if the range has no end.
    fn bytes(&self, start: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Key => Some(key_after(start)),
            Self::Before(end) => Some(end.to_vec()),
            Self::Never => None,
        }
    }

    fn len(&self) -> usize {
        if let Self::Before(end) = self { end.len() } else { 0 }
    }

    /// Whether the range from `start` to here reaches `end`.
    fn reaches(&self, start: &[u8], end: Option<&[u8]>) -> bool {
        match (self, end) {
            (Self::Never, _) => true,
            (_, None) => false,
            (Self::Before(own), Some(end)) => **own >= *end,
            (Self::Key, Some(end)) => end <= start || is_key_after(end, start),
        }
    }
}

/// The smallest key above `key`.
pub(crate) fn key_after(key: &[u8]) -> Vec<u8> {
    let mut after = Vec::with_capacity(key.len() + 1);
    after.extend_from_slice(key);
    after.push(0);
    after
}

/// Whether `after` is the smallest key above `key`.
fn is_key_after(after: &[u8], key: &[u8]) -> bool {
    after.split_last() == Some((&0, key))
}

impl KeyRanges {
    /// About how many bytes of memory the ranges take.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The ranges, ascending: the first key, and the exclusive end; `None` if there is no end.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], Option<Vec<u8>>)> {
        self.ends.iter().map(|(start, end)| (&**start, end.bytes(start)))
    }

    /// The last range that begins at or before `key`.
    fn up_to(&self, key: &[u8]) -> Option<(&[u8], &End)> {
        let (start, end) = self.ends.range::<[u8], _>((Bound::Unbounded, Bound::Included(key))).next_back()?;
        Some((start, end))
    }

    /// Whether the keys from `start` to before `end`, or to the end, are in the set.
    pub(crate) fn has(&self, start: &[u8], end: Option<&[u8]>) -> bool {
        self.up_to(start).is_some_and(|(own, own_end)| own_end.reaches(own, end))
    }

    /// Adds one key. O(log n).
    pub(crate) fn add_key(&mut self, key: &[u8]) {
        let touches = match self.up_to(key) {
            Some((_, End::Never)) => return,
            Some((start, End::Key)) if start == key => return,
            Some((start, End::Key)) => is_key_after(key, start),
            Some((_, End::Before(end))) if **end > *key => return,
            Some((_, End::Before(end))) => **end == *key,
            None => false,
        };
        if touches {
            return self.add(key, Some(&key_after(key)));
        }
        self.bytes += RANGE_BYTES + key.len();
        self.ends.insert(key.into(), End::Key);
    }

    /// Adds the keys from `start` to before `end`, or to the end. O(log n), and O(ranges that it takes up).
    pub(crate) fn add(&mut self, start: &[u8], end: Option<&[u8]>) {
        if end.is_some_and(|end| end <= start) || self.has(start, end) {
            return;
        }
        let before = self.up_to(start).filter(|(own, own_end)| own_end.reaches(own, Some(start)));
        let start: Box<[u8]> = before.map_or(start, |(own, _)| own).into();
        let mut last = end.map(Vec::from);
        loop {
            let upper = last.as_deref().map_or(Bound::Unbounded, Bound::Included);
            let Some((own, _)) = self.ends.range::<[u8], _>((Bound::Included(&*start), upper)).next() else { break };
            let own = own.clone();
            let Some(own_end) = self.ends.remove(&own) else { break };
            self.bytes -= RANGE_BYTES + own.len() + own_end.len();
            if !own_end.reaches(&own, last.as_deref()) {
                continue;
            }
            last = own_end.bytes(&own);
        }
        let end = match last {
            None => End::Never,
            Some(last) if is_key_after(&last, &start) => End::Key,
            Some(last) => End::Before(last.into()),
        };
        self.bytes += RANGE_BYTES + start.len() + end.len();
        self.ends.insert(start, end);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::{KeyRanges, key_after};

    /// All keys of up to three bytes out of two.
    fn keys() -> Vec<Vec<u8>> {
        let mut all = vec![Vec::new()];
        for len in 0..3 {
            let longer = all
                .iter()
                .filter(|key| key.len() == len)
                .flat_map(|key| [0, 1].map(|byte| [&key[..], &[byte]].concat()));
            let longer: Vec<_> = longer.collect();
            all.extend(longer);
        }
        all.sort();
        all
    }

    proptest! {
        #[test]
        fn ranges_are_the_set_of_their_keys(
            steps in proptest::collection::vec((0_usize..15, proptest::option::of(0_usize..15), any::<bool>()), 0..12),
        ) {
            let all = keys();
            let (mut ranges, mut model) = (KeyRanges::default(), BTreeSet::new());
            for (start, end, is_key) in steps {
                if is_key {
                    ranges.add_key(&all[start]);
                    model.insert(all[start].clone());
                } else {
                    let end = end.map(|end| all[end].clone());
                    ranges.add(&all[start], end.as_deref());
                    let within = all.iter().filter(|key| **key >= all[start] && end.as_ref().is_none_or(|end| *key < end));
                    model.extend(within.cloned());
                }
                for key in &all {
                    prop_assert_eq!(ranges.has(key, Some(&key_after(key))), model.contains(key), "{:?}", key);
                }
            }
            let listed: Vec<_> = ranges.iter().map(|(start, end)| (start.to_vec(), end)).collect();
            for pair in listed.windows(2) {
                prop_assert!(pair[0].1.as_ref().is_some_and(|end| *end <= pair[1].0), "{:?}", listed);
            }
            let counted: usize = listed.iter().map(|(start, end)| {
                let own = end.as_ref().filter(|end| **end != key_after(start)).map_or(0, Vec::len);
                super::RANGE_BYTES + start.len() + own
            }).sum();
            prop_assert_eq!(ranges.bytes(), counted);
        }
    }
}
