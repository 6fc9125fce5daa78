//! The arena: the bytes of changes, appended in the order in which the changes are made. A record never moves while an
//! entry refers to it.

use crate::error::{Error, ErrorKind, Result};
use crate::page::prefetch;
use crate::value::MAX_VALUE_LEN;

/// The position of a record in its arena. Of two positions, the greater one was written later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RecordRef {
    chunk: u32,
    offset: u32,
}

impl RecordRef {
    /// Whether this position is `other`, or at most `bytes` after it in the same chunk.
    pub(crate) fn is_within(self, other: Self, bytes: usize) -> bool {
        let distance = self.offset.checked_sub(other.offset);
        self.chunk == other.chunk && distance.is_some_and(|distance| distance as usize <= bytes)
    }
}

/// A record: a key and its value, or `None` if the key is deleted.
pub(crate) type Record<'a> = (&'a [u8], Option<&'a [u8]>);

/// Bytes before a record's key: the lengths of key and value.
pub(crate) const HEADER: usize = 6;

/// The length of a value that marks the record of a deleted key.
const DELETED: u32 = u32::MAX;

/// The smallest and the largest capacity in bytes of a chunk that is not made for one record.
const CHUNKS: (usize, usize) = (512, 16 << 20);

/// A record of this many bytes is large: when it is committed, its value is worth moving to LMDB's page, so that it is
/// in memory only once. No other transaction can be based on this one meanwhile.
const LARGE: usize = 16 << 20;

/// The bytes of a cache line, and how many lines of a value are prefetched.
const LINE: usize = 64;
const LINES: usize = 8;

/// Up to `KEPT` bytes stay allocated for the next transaction; up to `KEPT_AFTER_LARGE` if the last two transactions
/// were large. Memory that is returned to the system and allocated again costs a page fault per 4 KiB, which takes
/// longer than copying the changes into it.
const KEPT: usize = 64 << 10;
const KEPT_AFTER_LARGE: usize = 256 << 20;

/// An absorbed arena's chunks of up to this size are copied. If they were moved whole, the arena would become many
/// small chunks.
const MAX_COPIED_CHUNK: usize = 4096;

/// Records in chunks. A chunk is filled up to its first capacity, so it never moves. Each new chunk has the size of an
/// eighth of all bytes so far, which bounds the memory that is allocated and unused.
#[derive(Debug, Default)]
pub(crate) struct Arena {
    chunks: Vec<Vec<u8>>,
    used: usize,
    /// The empty chunks of the last transaction, in reverse order, so that its first chunk is used first.
    spare: Vec<Vec<u8>>,
    /// How many bytes the records of the last transaction had.
    before: usize,
}

/// How many bytes a record takes.
#[inline]
pub(crate) fn record_len(key: &[u8], value: Option<&[u8]>) -> usize {
    HEADER + key.len() + value.map_or(0, <[u8]>::len)
}

impl Arena {
    /// The bytes of all records, including those that nothing refers to any more.
    #[inline]
    pub(crate) fn used(&self) -> usize {
        self.used
    }

    /// The only record, if there is exactly one: finding it needs no index.
    #[inline]
    pub(crate) fn only(&self) -> Option<Record<'_>> {
        let first = RecordRef { chunk: 0, offset: 0 };
        if self.used == 0 || self.chunks.len() != 1 || self.len_at(first) != self.used {
            return None;
        }
        Some(self.record(first))
    }

    /// Removes all records. Keeps about as much memory as they took if that is little; otherwise only if the
    /// transaction before this one was large too.
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

    /// The bytes of the chunks kept for the next transaction.
    pub(crate) fn spare_bytes(&self) -> usize {
        self.spare.iter().map(Vec::capacity).sum()
    }

    /// The chunks kept for the next transaction, taken out: to be freed where that delays nobody.
    pub(crate) fn take_spare(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.spare)
    }

    #[cold]
    fn keep_chunks(&mut self) {
        let mut kept = 0;
        self.spare = std::mem::take(&mut self.chunks);
        self.spare.retain_mut(|chunk| {
            chunk.clear();
            kept += chunk.capacity();
            kept <= KEPT_AFTER_LARGE
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
        let header = header(key, value_len)?;
        let (record, chunk) = self.room_for(record_len(key, value));
        chunk.extend_from_slice(&header);
        chunk.extend_from_slice(key);
        chunk.extend_from_slice(value.unwrap_or_default());
        Ok(record)
    }

    /// Appends a record whose value, `len` zeros, `fill` overwrites. If `fill` fails or panics, nothing is appended.
    ///
    /// # Errors
    /// As [`push`](Self::push), and what `fill` returns.
    pub(crate) fn push_filled<E: From<Error>>(
        &mut self,
        key: &[u8],
        len: usize,
        fill: impl FnOnce(&mut [u8]) -> Result<(), E>,
    ) -> Result<RecordRef, E> {
        if len > MAX_VALUE_LEN {
            return Err(too_long().into());
        }
        let header = header(key, narrow(len))?;
        let (mark, used) = (self.next_record(), self.used);
        let undo = TruncateOnDrop { arena: self, mark, used };
        let record = undo.arena.push_zeros(&header, key, len);
        let chunk = &mut undo.arena.chunks[record.chunk as usize];
        let end = record.offset as usize + HEADER + key.len() + len;
        fill(&mut chunk[end - len..end])?;
        std::mem::forget(undo);
        Ok(record)
    }

    fn push_zeros(&mut self, header: &[u8], key: &[u8], len: usize) -> RecordRef {
        let whole = HEADER + key.len() + len;
        if self.room() < whole && whole >= (self.used / 8).clamp(KEPT, CHUNKS.1) {
            // A record that is large for this arena gets its own chunk, because the system provides that as zeros
            // without touching the memory. So writing the value is the first time that the memory is touched.
            self.trim();
            let mut chunk = vec![0; whole];
            chunk[..HEADER].copy_from_slice(header);
            chunk[HEADER..HEADER + key.len()].copy_from_slice(key);
            self.chunks.push(chunk);
            self.used += whole;
            return RecordRef { chunk: narrow(self.chunks.len() - 1), offset: 0 };
        }
        let (record, chunk) = self.room_for(whole);
        chunk.extend_from_slice(header);
        chunk.extend_from_slice(key);
        chunk.resize(chunk.len() + len, 0);
        record
    }

    /// The record at a position of this arena.
    #[inline]
    pub(crate) fn record(&self, record: RecordRef) -> Record<'_> {
        #[cfg(test)]
        crate::page::steps::note();
        let bytes = &self.chunks[record.chunk as usize][record.offset as usize..];
        let (header, rest) = bytes.split_at(HEADER);
        let key_len = usize::from(u16::from_le_bytes([header[0], header[1]]));
        let value_len = u32::from_le_bytes([header[2], header[3], header[4], header[5]]);
        let (key, rest) = rest.split_at(key_len);
        (key, (value_len != DELETED).then(|| &rest[..value_len as usize]))
    }

    /// Overwrites the value of a record if the new one has the same length. Returns whether it did.
    pub(crate) fn overwrite(&mut self, record: RecordRef, value: &[u8]) -> bool {
        let (key, old) = self.record(record);
        if old.is_none_or(|old| old.len() != value.len()) {
            return false;
        }
        let from = record.offset as usize + HEADER + key.len();
        self.chunks[record.chunk as usize][from..from + value.len()].copy_from_slice(value);
        true
    }

    /// Prefetches the beginning of a record. A hint.
    #[inline]
    pub(crate) fn prefetch(&self, record: RecordRef) {
        let bytes = self.from(record);
        prefetch(bytes);
        prefetch(bytes.get(LINE..).unwrap_or_default());
    }

    /// Prefetches the lengths of a record. A hint.
    #[inline]
    pub(crate) fn prefetch_header(&self, record: RecordRef) {
        prefetch(self.from(record));
    }

    /// Prefetches a record, whose lengths should be in the cache already. Of a long value it prefetches only the
    /// beginning: when the value is read in sequence, the processor prefetches the rest. A hint.
    #[inline]
    pub(crate) fn prefetch_record(&self, record: RecordRef) {
        let (key, value) = self.record(record);
        let value = value.unwrap_or_default();
        prefetch(key);
        value.chunks(LINE).take(LINES).for_each(prefetch);
        prefetch(value.last().map_or(&[], std::slice::from_ref));
    }

    #[inline]
    fn from(&self, record: RecordRef) -> &[u8] {
        self.chunks.get(record.chunk as usize).and_then(|chunk| chunk.get(record.offset as usize..)).unwrap_or_default()
    }

    /// The key of the record at a position of this arena.
    #[inline]
    pub(crate) fn key(&self, record: RecordRef) -> &[u8] {
        #[cfg(test)]
        crate::page::steps::note();
        let bytes = &self.chunks[record.chunk as usize][record.offset as usize..];
        let key_len = usize::from(u16::from_le_bytes([bytes[0], bytes[1]]));
        &bytes[HEADER..HEADER + key_len]
    }

    /// The lowest position that the next record can have: after all existing records, and not after any later one.
    pub(super) fn next_record(&self) -> RecordRef {
        match self.chunks.last() {
            Some(last) => RecordRef { chunk: narrow(self.chunks.len() - 1), offset: narrow(last.len()) },
            None => RecordRef { chunk: 0, offset: 0 },
        }
    }

    /// The positions of all records from `mark` on, which is a result of [`next_record`](Self::next_record).
    pub(super) fn records_from(&self, mark: RecordRef) -> impl Iterator<Item = RecordRef> {
        let mut at = mark;
        std::iter::from_fn(move || {
            while at.offset as usize >= self.chunks.get(at.chunk as usize)?.len() {
                at = RecordRef { chunk: at.chunk + 1, offset: 0 };
            }
            let record = at;
            at.offset += narrow(self.len_at(record));
            Some(record)
        })
    }

    /// Forgets all records from `mark` on, which leaves `used` bytes.
    pub(super) fn truncate(&mut self, mark: RecordRef, used: usize) {
        self.chunks.truncate(mark.chunk as usize + 1);
        if let Some(last) = self.chunks.get_mut(mark.chunk as usize) {
            last.truncate(mark.offset as usize);
        }
        self.used = used;
    }

    /// The records that have a large chunk to themselves.
    pub(super) fn large(&self) -> impl Iterator<Item = RecordRef> {
        // A large record makes the arena at least this large. So the arena of most transactions, which is smaller, is
        // not searched.
        let chunks = if self.used < LARGE { 0 } else { narrow(self.chunks.len()) };
        (0..chunks).map(|chunk| RecordRef { chunk, offset: 0 }).filter(|record| self.is_large(*record))
    }

    /// Whether a record has a large chunk to itself.
    #[inline]
    pub(super) fn is_large(&self, record: RecordRef) -> bool {
        let chunk = &self.chunks[record.chunk as usize];
        chunk.len() >= LARGE && record.offset == 0 && self.len_at(record) == chunk.len()
    }

    /// Takes the chunk of a record that has it to itself, and to which nothing refers any more.
    pub(super) fn take_chunk(&mut self, record: RecordRef) -> Vec<u8> {
        let chunk = std::mem::take(&mut self.chunks[record.chunk as usize]);
        self.used -= chunk.len();
        chunk
    }

    /// The bytes of the record at a position.
    #[inline]
    pub(crate) fn len_at(&self, record: RecordRef) -> usize {
        let (key, value) = self.record(record);
        record_len(key, value)
    }

    /// Appends all records of `newer`. Large chunks are moved without a copy. Returns where each chunk of `newer`
    /// begins now.
    pub(crate) fn absorb(&mut self, newer: Self) -> MovedChunks {
        let mut begins = Vec::with_capacity(newer.chunks.len());
        for chunk in newer.chunks {
            if self.room() >= chunk.len() || chunk.len() <= MAX_COPIED_CHUNK {
                let (record, last) = self.room_for(chunk.len());
                last.extend_from_slice(&chunk);
                begins.push(record);
            } else {
                self.trim();
                begins.push(RecordRef { chunk: narrow(self.chunks.len()), offset: 0 });
                self.used += chunk.len();
                self.chunks.push(chunk);
            }
        }
        MovedChunks(begins)
    }

    /// Moves the record at a position of `other`, to which nothing refers there any more, into this arena. If the
    /// record has a large chunk to itself, the chunk is moved; else the record is copied.
    pub(crate) fn take_over(&mut self, other: &mut Self, record: RecordRef) -> RecordRef {
        if !other.is_large(record) {
            return self.copy(other, record);
        }
        self.trim();
        let chunk = other.take_chunk(record);
        self.used += chunk.len();
        self.chunks.push(chunk);
        RecordRef { chunk: narrow(self.chunks.len() - 1), offset: 0 }
    }

    /// Copies the record at a position of `other`.
    pub(crate) fn copy(&mut self, other: &Self, record: RecordRef) -> RecordRef {
        let len = other.len_at(record);
        let from = record.offset as usize;
        let (copied, chunk) = self.room_for(len);
        chunk.extend_from_slice(&other.chunks[record.chunk as usize][from..from + len]);
        copied
    }

    /// Bytes left in the newest chunk.
    #[inline]
    fn room(&self) -> usize {
        self.chunks.last().map_or(0, |last| last.capacity() - last.len())
    }

    /// The position of the next record, of `len` bytes, and the chunk to append it to.
    #[inline]
    fn room_for(&mut self, len: usize) -> (RecordRef, &mut Vec<u8>) {
        if self.chunks.is_empty() || self.room() < len {
            self.trim();
            let capacity = (self.used / 8).clamp(CHUNKS.0, CHUNKS.1).max(len);
            let chunk = self.spare_for(len).unwrap_or_else(|| Vec::with_capacity(capacity));
            self.chunks.push(chunk);
        }
        self.used += len;
        let at = self.chunks.len() - 1;
        let chunk = &mut self.chunks[at];
        (RecordRef { chunk: narrow(at), offset: narrow(chunk.len()) }, chunk)
    }

    /// A chunk of the last transaction with room for `len` bytes. Smaller chunks are freed.
    fn spare_for(&mut self, len: usize) -> Option<Vec<u8>> {
        while let Some(chunk) = self.spare.pop() {
            if chunk.capacity() >= len {
                return Some(chunk);
            }
        }
        None
    }

    /// Frees the unused end of the newest chunk, before another one is begun.
    fn trim(&mut self) {
        if let Some(last) = self.chunks.last_mut()
            && last.capacity() - last.len() > last.capacity() / 16
        {
            last.shrink_to_fit();
        }
    }
}

/// When dropped, removes the records after a mark.
struct TruncateOnDrop<'a> {
    arena: &'a mut Arena,
    mark: RecordRef,
    used: usize,
}

impl Drop for TruncateOnDrop<'_> {
    fn drop(&mut self) {
        self.arena.truncate(self.mark, self.used);
        if self.used == 0 {
            // The arena has no records left. Free its chunk too: if the chunk was made for the removed record, it may
            // be large.
            self.arena.chunks.clear();
        }
    }
}

/// The lengths of a key and a value, as a record begins with them.
#[inline]
fn header(key: &[u8], value_len: u32) -> Result<[u8; HEADER]> {
    let mut header = [0; HEADER];
    header[..2].copy_from_slice(&u16::try_from(key.len()).map_err(|_| too_long())?.to_le_bytes());
    header[2..].copy_from_slice(&value_len.to_le_bytes());
    Ok(header)
}

/// Where the records of an absorbed arena are now.
#[derive(Debug)]
pub(crate) struct MovedChunks(Vec<RecordRef>);

impl MovedChunks {
    /// The new position of a record. The order of positions is kept.
    #[inline]
    pub(crate) fn moved_to(&self, old: RecordRef) -> RecordRef {
        let begin = self.0[old.chunk as usize];
        RecordRef { chunk: begin.chunk, offset: begin.offset + old.offset }
    }
}

/// A chunk's number, or an offset in a chunk, as `u32`. Both fit: 2^32 chunks are at least 2 TiB, and the largest
/// chunk is made for a value of 2 GiB.
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

    const LARGE: usize = 2 << 20;

    /// Runs a transaction of this many large values, checks them, and returns how many chunks of the last one it
    /// reused.
    fn transaction(arena: &mut Arena, values: u8) -> usize {
        let before = arena.spare.len();
        for n in 0..values {
            let record = arena.push(&[n], Some(&vec![n; LARGE])).expect("it fits");
            assert_eq!(arena.record(record), (&[n][..], Some(&vec![n; LARGE][..])));
        }
        let used = before - arena.spare.len();
        arena.reset();
        used
    }

    #[test]
    fn memory_of_large_values_is_reused_between_similar_transactions() {
        let mut arena = Arena::default();
        transaction(&mut arena, 8);
        assert_eq!(transaction(&mut arena, 8), 0, "once is no habit");
        let chunks = arena.spare.len();
        assert!(chunks > 3);
        assert_eq!(transaction(&mut arena, 8), chunks);
        // A transaction of another size reuses the chunks that it needs, and the rest is freed.
        transaction(&mut arena, 12);
        transaction(&mut arena, 2);
        assert!(arena.spare.iter().map(Vec::capacity).sum::<usize>() < 4 * LARGE);
        transaction(&mut arena, 0);
        assert!(arena.spare.is_empty());
        // No more than the limit is kept.
        for _ in 0..2 {
            transaction(&mut arena, 200);
        }
        let kept = arena.spare.iter().map(Vec::capacity).sum::<usize>();
        assert!((KEPT_AFTER_LARGE / 2..=KEPT_AFTER_LARGE).contains(&kept), "{kept}");
    }
}
