//! A block of sorted entries. The head of an entry is eight bytes of its key as an integer. If several entries have
//! the same head, a further word of each key tells them apart.

use std::cmp::Ordering;
use std::ops::{Deref, Range};

use crate::page::{common_prefix, word_at};
use crate::write_set::arena::Arena;
use crate::write_set::entry::{Entry, Wanted};

/// A block gets words when an insertion makes this many entries share one head.
const TIES: usize = 4;

/// Entries in key order.
///
/// Entries with the same head form an equal range. Their words tell them apart: the eight bytes of each key after the
/// bytes that all keys of the range are known to share. A search narrows the range by its words, as if the wanted key
/// shared those bytes too. Then it compares one whole key. If the wanted key does not share the bytes, this comparison
/// shows whether that key belongs before or after the range. So a search reads one record instead of log n, each of
/// which would be a cache miss. (A Patricia tree is searched in this way.) If one key of the range differs from the
/// others early, the range shares few bytes, and the words of the other keys may be equal. Then the search has to
/// bisect their entries by reading records.
#[derive(Debug, Default)]
pub(crate) struct Block {
    entries: Vec<Entry>,
    /// One word for each entry, or none at all: the eight bytes of its key from byte `skip` on.
    words: Vec<u64>,
    /// The `skip` of each word: how many bytes its equal range is known to share. 0 means that the word is not known.
    skips: Vec<u16>,
}

impl From<Vec<Entry>> for Block {
    fn from(entries: Vec<Entry>) -> Self {
        Self { entries, words: Vec::new(), skips: Vec::new() }
    }
}

impl Deref for Block {
    type Target = [Entry];

    #[inline]
    fn deref(&self) -> &[Entry] {
        &self.entries
    }
}

impl Block {
    /// The entries, without words.
    pub(crate) fn into_entries(self) -> Vec<Entry> {
        self.entries
    }

    /// The same block without entries, with its memory.
    pub(crate) fn emptied(mut self) -> Self {
        self.entries.clear();
        self.forget_words();
        self
    }

    /// The slot of a key, or where it would be inserted.
    #[inline]
    pub(crate) fn search(&self, arena: &Arena, wanted: &Wanted<'_>) -> Result<usize, usize> {
        let from = self.entries.partition_point(|entry| entry.head < wanted.head);
        match self.entries.get(from) {
            Some(entry) if entry.head == wanted.head => {}
            _ => return Err(from),
        }
        let rest = &self.entries[from..];
        let equal = from..from + rest.partition_point(|entry| entry.head == wanted.head);
        match self.skips.get(from) {
            Some(skip) if equal.len() > 1 && *skip > 0 => self.search_equal(arena, equal, *skip, wanted),
            _ => search_within(&self.entries, equal, arena, wanted),
        }
    }

    /// As [`search`](Self::search), in an equal range whose keys share their first `skip` bytes.
    fn search_equal(&self, arena: &Arena, equal: Range<usize>, skip: u16, wanted: &Wanted<'_>) -> Result<usize, usize> {
        let words = &self.words[equal.clone()];
        let word = word_at(wanted.key, skip.into());
        let seen = |other: &u64| {
            #[cfg(test)]
            crate::page::steps::note();
            *other
        };
        let from = words.partition_point(|other| seen(other) < word);
        // The number of entries that have the same word as the wanted key. It is large if one key of the range differs
        // early from the others: then `skip` is small, and all the other keys have one word. In that case one entry is
        // compared by its whole key, and if need be the others are bisected by whole keys.
        let same = match words.get(from) {
            Some(other) if *other == word => words[from..].partition_point(|other| seen(other) == word),
            _ => 0,
        };
        let from = equal.start + from;
        let compared = from.min(equal.end - 1);
        let (common, order) = common_prefix(arena.key(self.entries[compared].record), wanted.key);
        if common < skip.into() {
            // The wanted key lacks bytes that all keys of the range share. So it belongs before all of them or after
            // all of them.
            return Err(if order == Ordering::Greater { equal.start } else { equal.end });
        }
        match order {
            _ if same == 0 => Err(from),
            Ordering::Equal => Ok(from),
            Ordering::Greater => Err(from),
            Ordering::Less => search_within(&self.entries, from + 1..from + same, arena, wanted),
        }
    }

    /// Inserts an entry before a slot. When the block is full, reserves a quarter more, up to `most`.
    pub(crate) fn insert(&mut self, arena: &Arena, slot: usize, entry: Entry, most: usize) {
        if self.entries.len() == self.entries.capacity() {
            self.entries.reserve_exact((self.entries.len() / 4).clamp(4, most));
        }
        self.entries.insert(slot, entry);
        if !self.words.is_empty() {
            if self.words.len() == self.words.capacity() {
                let more = (self.words.len() / 4).clamp(4, most);
                self.words.reserve_exact(more);
                self.skips.reserve_exact(more);
            }
            self.words.insert(slot, 0);
            self.skips.insert(slot, 0);
            self.find_word(arena, slot);
        } else if self.has_ties(slot) {
            self.find_words(arena);
        }
    }

    /// Appends entries whose keys are above all others.
    pub(crate) fn extend(&mut self, arena: &Arena, above: &[Entry], most: usize) {
        if self.entries.capacity() - self.entries.len() < above.len() {
            self.entries.reserve_exact((self.entries.len() / 4).clamp(4, most).max(above.len()));
        }
        if self.words.is_empty() {
            self.entries.extend_from_slice(above);
            return;
        }
        for entry in above {
            self.entries.push(*entry);
            self.words.push(0);
            self.skips.push(0);
            self.find_word(arena, self.entries.len() - 1);
        }
    }

    /// Replaces the entry in a slot, and returns the old one. The new entry may have another key that belongs there.
    pub(crate) fn replace(&mut self, arena: &Arena, slot: usize, entry: Entry) -> Entry {
        let old = std::mem::replace(&mut self.entries[slot], entry);
        if old.record != entry.record && !self.words.is_empty() {
            (self.words[slot], self.skips[slot]) = (0, 0);
            self.find_word(arena, slot);
        }
        old
    }

    /// Replaces the entry in a slot by one with the same key, and returns the old one.
    pub(crate) fn renew(&mut self, slot: usize, entry: Entry) -> Entry {
        std::mem::replace(&mut self.entries[slot], entry)
    }

    /// Removes the entry in a slot.
    pub(crate) fn remove(&mut self, slot: usize) -> Entry {
        if !self.words.is_empty() {
            self.words.remove(slot);
            self.skips.remove(slot);
        }
        self.entries.remove(slot)
    }

    /// Removes the entries in a range of slots.
    pub(crate) fn drain(&mut self, slots: Range<usize>) -> Vec<Entry> {
        if !self.words.is_empty() {
            self.words.drain(slots.clone());
            self.skips.drain(slots.clone());
        }
        self.entries.drain(slots).collect()
    }

    /// Splits off the entries from a slot on.
    pub(crate) fn split_off(&mut self, slot: usize) -> Self {
        let has_words = !self.words.is_empty();
        let words = if has_words { self.words.split_off(slot) } else { Vec::new() };
        let skips = if has_words { self.skips.split_off(slot) } else { Vec::new() };
        let upper = Self { entries: self.entries.split_off(slot), words, skips };
        self.entries.shrink_to_fit();
        self.words.shrink_to_fit();
        self.skips.shrink_to_fit();
        upper
    }

    /// Appends another block, whose keys are above all keys of this one.
    pub(crate) fn append(&mut self, arena: &Arena, mut upper: Self) {
        let end = self.entries.len();
        self.entries.append(&mut upper.entries);
        self.words.append(&mut upper.words);
        self.skips.append(&mut upper.skips);
        if self.words.len() != self.entries.len() {
            self.forget_words();
        } else if end > 0 && end < self.words.len() {
            // The last keys of this block and the first ones of `upper` may have the same head, and so form one range
            // now. This range may share fewer bytes than each part did, so its words are found again.
            self.find_words_of_range(arena, end);
        }
    }

    /// Replaces all entries by ones with the same keys.
    pub(crate) fn relocate(&mut self, renew: &mut impl FnMut(Entry) -> Entry) {
        self.entries.iter_mut().for_each(|entry| *entry = renew(*entry));
    }

    /// Recomputes the heads, from the bytes after the first `common` ones.
    pub(crate) fn set_heads(&mut self, arena: &Arena, common: usize) {
        self.forget_words();
        for entry in &mut self.entries {
            *entry = Entry::new(arena.key(entry.record), common, entry.record);
        }
    }

    fn forget_words(&mut self) {
        (self.words, self.skips) = (Vec::new(), Vec::new());
    }

    /// Whether an entry is one of [`TIES`] with the same head.
    #[inline]
    fn has_ties(&self, slot: usize) -> bool {
        let head = self.entries[slot].head;
        let is_tie = |slot: usize| self.entries.get(slot).is_some_and(|entry| entry.head == head);
        (is_tie(slot + 1) || is_tie(slot.wrapping_sub(1))) && self.equal_range(slot).len() >= TIES
    }

    /// The entries with the same head as the one in a slot.
    fn equal_range(&self, slot: usize) -> Range<usize> {
        let head = self.entries[slot].head;
        let from = self.entries[..slot].partition_point(|entry| entry.head < head);
        from..slot + self.entries[slot..].partition_point(|entry| entry.head == head)
    }

    /// Finds the words of all entries that share their head with others.
    #[cold]
    fn find_words(&mut self, arena: &Arena) {
        self.words = vec![0; self.entries.len()];
        self.skips = vec![0; self.entries.len()];
        let mut slot = 0;
        while slot < self.entries.len() {
            slot = self.find_words_of_range(arena, slot);
        }
    }

    /// Finds the words of the entries with the same head as the one in a slot, and returns the end of their range.
    fn find_words_of_range(&mut self, arena: &Arena, slot: usize) -> usize {
        let equal = self.equal_range(slot);
        let end = equal.end;
        if equal.len() > 1 {
            let ends = (self.entries[equal.start].record, self.entries[end - 1].record);
            let (common, _) = common_prefix(arena.key(ends.0), arena.key(ends.1));
            // The conversion cannot fail, because keys are shorter than 64 KiB.
            let skip = u16::try_from(common).unwrap_or(u16::MAX);
            for slot in equal {
                self.words[slot] = word_at(arena.key(self.entries[slot].record), skip.into());
                self.skips[slot] = skip;
            }
        }
        end
    }

    /// Finds the word of a newly inserted entry.
    fn find_word(&mut self, arena: &Arena, slot: usize) {
        let Entry { head, record } = self.entries[slot];
        let is_tie = |slot: &usize| self.entries.get(*slot).is_some_and(|entry| entry.head == head);
        let Some(beside) = [slot.wrapping_sub(1), slot + 1].into_iter().find(is_tie) else { return };
        let skip = self.skips[beside];
        let (common, _) = common_prefix(arena.key(self.entries[beside].record), arena.key(record));
        if skip > 0 && common >= skip.into() {
            (self.words[slot], self.skips[slot]) = (word_at(arena.key(record), skip.into()), skip);
        } else {
            self.find_words_of_range(arena, slot);
        }
    }
}

/// The slot of a key, or where it would be inserted, within a range of slots. All other entries are known to be
/// below or above it.
#[inline]
fn search_within(entries: &[Entry], slots: Range<usize>, arena: &Arena, wanted: &Wanted<'_>) -> Result<usize, usize> {
    let from = slots.start;
    let found = entries[slots].binary_search_by(|entry| entry.compare_key(arena, wanted));
    found.map(|slot| from + slot).map_err(|slot| from + slot)
}
