//! The bytes of changes: appended in order of time, and never moved while they are referred to.

use crate::error::{Error, ErrorKind, Result};
use crate::page::prefetch;
use crate::value::MAX_VALUE_LEN;

/// Where a record begins: of two places of one arena the greater one was written later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RecordRef {
    chunk: u32,
    offset: u32,
}

impl RecordRef {
    /// Whether it is at another place or behind it, by so many bytes at most.
    pub(crate) fn is_within(self, other: Self, bytes: usize) -> bool {
        let behind = self.offset.checked_sub(other.offset);
        self.chunk == other.chunk && behind.is_some_and(|behind| behind as usize <= bytes)
    }
}

/// What stands at a place: a key, and its value, or `None` where the key is deleted.
pub(crate) type Record<'a> = (&'a [u8], Option<&'a [u8]>);

/// Bytes before a record's key: the lengths of key and value.
pub(crate) const HEADER: usize = 6;

/// Stands for the length of a value where the key is deleted.
const DELETED: u32 = u32::MAX;

/// The least and the greatest capacity of a chunk, in bytes, that is not made for one record.
const CHUNKS: (usize, usize) = (512, 16 << 20);

/// Bytes that the processor brings in at once, and how many such pieces of a value are asked for.
const LINE: usize = 64;
const LINES: usize = 8;

/// Room up to this many bytes is kept for the next transaction, and up to this many where the one before was as large: memory
/// that was just given back costs a page fault for each 4 KiB when it is asked for again, more than what is copied into it.
const KEPT: usize = 64 << 10;
const KEPT_OF_MANY: usize = 64 << 20;

/// Chunks up to this many bytes are copied when they change hands, rather than kept as ever smaller ones.
const SMALL: usize = 4096;

/// Records in chunks. A chunk is filled up to the capacity it was made with, so that it does not move; the next one has
/// an eighth of all bytes so far, which bounds what is allocated and not used.
#[derive(Debug, Default)]
pub(crate) struct Arena {
    chunks: Vec<Vec<u8>>,
    used: usize,
    /// Chunks of the last transaction, empty, the first one last.
    spare: Vec<Vec<u8>>,
    /// Bytes of the last transaction.
    before: usize,
}

/// How many bytes a record takes.
#[inline]
pub(crate) fn record_len(key: &[u8], value: Option<&[u8]>) -> usize {
    HEADER + key.len() + value.map_or(0, <[u8]>::len)
}

impl Arena {
    /// The bytes of all records, those that nothing refers to any more included.
    #[inline]
    pub(crate) fn used(&self) -> usize {
        self.used
    }

    /// The record, if there is one and no other: no index is needed to find it.
    #[inline]
    pub(crate) fn only(&self) -> Option<Record<'_>> {
        let first = RecordRef { chunk: 0, offset: 0 };
        if self.used == 0 || self.chunks.len() != 1 || self.len_at(first) != self.used {
            return None;
        }
        Some(self.record(first))
    }

    /// Forgets all records. Where they were not many, or as many as the last time, as many more find their room.
    pub(crate) fn reset(&mut self) {
        self.spare = Vec::new();
        match &mut self.chunks[..] {
            [only] if only.capacity() <= KEPT => only.clear(),
            _ if self.used <= KEPT => self.chunks = vec![Vec::with_capacity(self.used)],
            _ if self.before < self.used / 2 => self.chunks = Vec::new(),
            _ => self.keep_chunks(),
        }
        self.before = std::mem::take(&mut self.used);
    }

    #[cold]
    fn keep_chunks(&mut self) {
        let mut kept = 0;
        self.spare = std::mem::take(&mut self.chunks);
        self.spare.retain_mut(|chunk| {
            chunk.clear();
            kept += chunk.capacity();
            kept <= KEPT_OF_MANY
        });
        self.spare.reverse();
    }

    /// Appends a record.
    ///
    /// # Errors
    /// `TooLarge` for keys from 64 KiB, and values over 2 GiB: a record cannot state their lengths.
    #[inline]
    pub(crate) fn push(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<RecordRef> {
        let value_len = match value {
            Some(value) if value.len() > MAX_VALUE_LEN => return Err(too_long()),
            Some(value) => u32::try_from(value.len()).map_err(|_| too_long())?,
            None => DELETED,
        };
        let mut header = [0; HEADER];
        header[..2].copy_from_slice(&u16::try_from(key.len()).map_err(|_| too_long())?.to_le_bytes());
        header[2..].copy_from_slice(&value_len.to_le_bytes());
        let (place, chunk) = self.room_for(record_len(key, value));
        chunk.extend_from_slice(&header);
        chunk.extend_from_slice(key);
        chunk.extend_from_slice(value.unwrap_or_default());
        Ok(place)
    }

    /// The record at a place of this arena.
    #[inline]
    pub(crate) fn record(&self, place: RecordRef) -> Record<'_> {
        #[cfg(test)]
        crate::page::steps::note();
        let bytes = &self.chunks[place.chunk as usize][place.offset as usize..];
        let (header, rest) = bytes.split_at(HEADER);
        let key_len = usize::from(u16::from_le_bytes([header[0], header[1]]));
        let value_len = u32::from_le_bytes([header[2], header[3], header[4], header[5]]);
        let (key, rest) = rest.split_at(key_len);
        (key, (value_len != DELETED).then(|| &rest[..value_len as usize]))
    }

    /// Puts `value` in the place of a record's, if it has as many bytes; whether it did.
    pub(crate) fn overwrite(&mut self, place: RecordRef, value: &[u8]) -> bool {
        let (key, old) = self.record(place);
        if old.is_none_or(|old| old.len() != value.len()) {
            return false;
        }
        let from = place.offset as usize + HEADER + key.len();
        self.chunks[place.chunk as usize][from..from + value.len()].copy_from_slice(value);
        true
    }

    /// Asks the processor to bring in the beginning of a record. A hint.
    #[inline]
    pub(crate) fn prefetch(&self, place: RecordRef) {
        let bytes = self.from(place);
        prefetch(bytes);
        prefetch(bytes.get(LINE..).unwrap_or_default());
    }

    /// Asks for the lengths of a record. A hint.
    #[inline]
    pub(crate) fn prefetch_header(&self, place: RecordRef) {
        prefetch(self.from(place));
    }

    /// Asks for all of a record, whose lengths should be there already; of a long one for its beginning, as the rest comes in
    /// by itself where it is read. A hint.
    #[inline]
    pub(crate) fn prefetch_record(&self, place: RecordRef) {
        let (key, value) = self.record(place);
        let value = value.unwrap_or_default();
        prefetch(key);
        value.chunks(LINE).take(LINES).for_each(prefetch);
        prefetch(value.last().map_or(&[], std::slice::from_ref));
    }

    #[inline]
    fn from(&self, place: RecordRef) -> &[u8] {
        self.chunks.get(place.chunk as usize).and_then(|chunk| chunk.get(place.offset as usize..)).unwrap_or_default()
    }

    /// The key of the record at a place of this arena.
    #[inline]
    pub(crate) fn key(&self, place: RecordRef) -> &[u8] {
        #[cfg(test)]
        crate::page::steps::note();
        let bytes = &self.chunks[place.chunk as usize][place.offset as usize..];
        let key_len = usize::from(u16::from_le_bytes([bytes[0], bytes[1]]));
        &bytes[HEADER..HEADER + key_len]
    }

    /// Where the next record may begin: all that are there lie before it, and all that come behind or at it.
    pub(super) fn next_place(&self) -> RecordRef {
        match self.chunks.last() {
            Some(last) => RecordRef { chunk: narrow(self.chunks.len() - 1), offset: narrow(last.len()) },
            None => RecordRef { chunk: 0, offset: 0 },
        }
    }

    /// The places of all records from one that [`next_place`](Self::next_place) has named on.
    pub(super) fn places_from(&self, mark: RecordRef) -> impl Iterator<Item = RecordRef> {
        let mut at = mark;
        std::iter::from_fn(move || {
            while at.offset as usize >= self.chunks.get(at.chunk as usize)?.len() {
                at = RecordRef { chunk: at.chunk + 1, offset: 0 };
            }
            let place = at;
            at.offset += narrow(self.len_at(place));
            Some(place)
        })
    }

    /// Forgets all records from `mark` on; `used` bytes are left.
    pub(super) fn truncate(&mut self, mark: RecordRef, used: usize) {
        self.chunks.truncate(mark.chunk as usize + 1);
        if let Some(last) = self.chunks.get_mut(mark.chunk as usize) {
            last.truncate(mark.offset as usize);
        }
        self.used = used;
    }

    /// How many bytes the record at a place takes.
    pub(crate) fn len_at(&self, place: RecordRef) -> usize {
        let (key, value) = self.record(place);
        record_len(key, value)
    }

    /// Takes all records of `newer`, as later ones. Large chunks change hands as they are. Returns where each chunk of
    /// `newer` begins now.
    pub(crate) fn absorb(&mut self, newer: Self) -> Moved {
        let mut begins = Vec::with_capacity(newer.chunks.len());
        for chunk in newer.chunks {
            if self.room() >= chunk.len() || chunk.len() <= SMALL {
                let (place, last) = self.room_for(chunk.len());
                last.extend_from_slice(&chunk);
                begins.push(place);
            } else {
                self.trim();
                begins.push(RecordRef { chunk: narrow(self.chunks.len()), offset: 0 });
                self.used += chunk.len();
                self.chunks.push(chunk);
            }
        }
        Moved(begins)
    }

    /// A copy of the record at a place of `other`.
    pub(crate) fn copy(&mut self, other: &Self, place: RecordRef) -> RecordRef {
        let len = other.len_at(place);
        let from = place.offset as usize;
        let (copied, chunk) = self.room_for(len);
        chunk.extend_from_slice(&other.chunks[place.chunk as usize][from..from + len]);
        copied
    }

    /// Bytes left in the newest chunk.
    #[inline]
    fn room(&self) -> usize {
        self.chunks.last().map_or(0, |last| last.capacity() - last.len())
    }

    /// The place of a record of `len` bytes that comes next, and the chunk that it is to be appended to.
    #[inline]
    fn room_for(&mut self, len: usize) -> (RecordRef, &mut Vec<u8>) {
        if self.chunks.is_empty() || self.room() < len {
            self.trim();
            let capacity = (self.used / 8).clamp(CHUNKS.0, CHUNKS.1).max(len);
            let chunk = self.take_spare(len).unwrap_or_else(|| Vec::with_capacity(capacity));
            self.chunks.push(chunk);
        }
        self.used += len;
        let at = self.chunks.len() - 1;
        let chunk = &mut self.chunks[at];
        (RecordRef { chunk: narrow(at), offset: narrow(chunk.len()) }, chunk)
    }

    /// A chunk of the last transaction with room for `len` bytes; smaller ones are given back.
    fn take_spare(&mut self, len: usize) -> Option<Vec<u8>> {
        while let Some(chunk) = self.spare.pop() {
            if chunk.capacity() >= len {
                return Some(chunk);
            }
        }
        None
    }

    /// Gives back what will not be filled of the newest chunk, before another one is begun.
    fn trim(&mut self) {
        if let Some(last) = self.chunks.last_mut()
            && last.capacity() - last.len() > last.capacity() / 16
        {
            last.shrink_to_fit();
        }
    }
}

/// Where the records of an absorbed arena are now.
#[derive(Debug)]
pub(crate) struct Moved(Vec<RecordRef>);

impl Moved {
    /// The new place of a record. The order of places stays.
    #[inline]
    pub(crate) fn place(&self, old: RecordRef) -> RecordRef {
        let begin = self.0[old.chunk as usize];
        RecordRef { chunk: begin.chunk, offset: begin.offset + old.offset }
    }
}

/// A chunk's number, or an offset in one. Neither is ever larger: 2^32 chunks are 2 TiB at least, and the largest chunk is
/// made for a value of 2 GiB.
#[inline]
fn narrow(number: usize) -> u32 {
    debug_assert!(u32::try_from(number).is_ok());
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cold]
fn too_long() -> Error {
    Error::new(ErrorKind::TooLarge, "a key or value is too long to be kept for a commit; store it in parts")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LARGE: usize = 1 << 20;

    /// A transaction of so many large values, which are what was put. How many chunks of the one before it used.
    fn transaction(arena: &mut Arena, values: u8) -> usize {
        let before = arena.spare.len();
        for n in 0..values {
            let place = arena.push(&[n], Some(&vec![n; LARGE])).expect("it fits");
            assert_eq!(arena.record(place), (&[n][..], Some(&vec![n; LARGE][..])));
        }
        let used = before - arena.spare.len();
        arena.reset();
        used
    }

    #[test]
    fn the_room_of_large_values_is_used_again_where_transactions_are_alike() {
        let mut arena = Arena::default();
        transaction(&mut arena, 8);
        assert_eq!(transaction(&mut arena, 8), 0, "once is no habit");
        let chunks = arena.spare.len();
        assert!(chunks > 3);
        assert_eq!(transaction(&mut arena, 8), chunks);
        // One of another size has what it needs, and what is left is given back.
        transaction(&mut arena, 12);
        transaction(&mut arena, 2);
        assert!(arena.spare.iter().map(Vec::capacity).sum::<usize>() < 4 * LARGE);
        transaction(&mut arena, 0);
        assert!(arena.spare.is_empty());
        // And no more than the most.
        for _ in 0..2 {
            transaction(&mut arena, 100);
        }
        let kept = arena.spare.iter().map(Vec::capacity).sum::<usize>();
        assert!((KEPT_OF_MANY / 2..=KEPT_OF_MANY).contains(&kept), "{kept}");
    }
}
