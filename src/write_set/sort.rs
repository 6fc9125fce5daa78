//! Sorts entries by key, and entries of one key in the order in which they were made.

use std::cmp::Ordering;

use crate::page::word_at;
use crate::write_set::arena::Arena;
use crate::write_set::entry::Entry;

/// Slices up to this length are sorted by comparing whole keys.
const SHORT: usize = 24;

/// Sorts by key, then by position. All keys share their first `common` bytes, and heads are the bytes after these.
/// Entries that are sorted already cost one pass.
///
/// Keys are compared by one eight-byte word: first all entries by their heads, then those with equal heads by the next
/// word. So a comparison reads only entries; whole keys would have to be fetched from memory, and keys often share
/// prefixes.
pub(crate) fn sort(entries: &mut [Entry], arena: &Arena, common: usize) {
    if entries.is_sorted_by(|a, b| order(arena, *a, *b).is_le()) {
        return;
    }
    entries.sort_unstable_by_key(|entry| (entry.head, entry.record));
    for equal in entries.chunk_by_mut(|a, b| a.head == b.head) {
        sort_from(equal, arena, common + 8);
    }
}

fn order(arena: &Arena, a: Entry, b: Entry) -> Ordering {
    a.compare(arena, b).then(a.record.cmp(&b.record))
}

/// Sorts entries whose keys, padded with zeros, have the same first `depth` bytes.
///
/// Meanwhile the heads, which are all the same, hold the word at `depth`. They are restored at the end.
fn sort_from(equal: &mut [Entry], arena: &Arena, mut depth: usize) {
    if equal.len() <= SHORT {
        if equal.len() > 1 {
            equal.sort_unstable_by(|a, b| order(arena, *a, *b));
        }
        return;
    }
    let Some(head) = equal.first().map(|first| first.head) else { return };
    // Skip the words that are the same in all keys, up to the first word in which a key ends: sorting by them would
    // change nothing.
    loop {
        let (mut differ, mut ends) = (false, false);
        let first = equal.first().map_or(0, |entry| word_at(arena.key(entry.record), depth));
        for entry in &mut *equal {
            let key = arena.key(entry.record);
            entry.head = word_at(key, depth);
            differ |= entry.head != first;
            ends |= key.len() <= depth + 8;
        }
        if differ || ends {
            break;
        }
        depth += 8;
    }
    // A key that ends within the word is padded with zeros, so its word may equal that of a longer key. Of two keys
    // with equal words, the one that ends earlier is the lower one.
    let ends = |entry: Entry| arena.key(entry.record).len().min(depth + 9);
    equal.sort_unstable_by(|a, b| {
        a.head.cmp(&b.head).then_with(|| ends(*a).cmp(&ends(*b)).then(a.record.cmp(&b.record)))
    });
    for part in equal.chunk_by_mut(|a, b| a.head == b.head && ends(*a) == ends(*b)) {
        if part.first().is_some_and(|first| ends(*first) > depth + 8) {
            sort_from(part, arena, depth + 8);
        }
    }
    for entry in equal {
        entry.head = head;
    }
}

/// Whether all but a few, one in fifty, of `count` values are true. Stops as soon as that is decided.
pub(crate) fn nearly_all(count: usize, mut each: impl Iterator<Item = bool>) -> bool {
    let mut exceptions = 0;
    each.all(|is_so| {
        exceptions += usize::from(!is_so);
        exceptions <= count / 50
    })
}
