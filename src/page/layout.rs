//! LMDB's bytes as fields. Every offset, count and page number is checked here. The folder's only unsafe code.
//!
//! A page's header is checked once, in [`Pages::page`]; a node is checked in [`Page::node`]. A binary search reads
//! offsets that were not checked yet, and clamps them to the page: damage can mislead it, but it never reads outside
//! the page.
#![expect(unsafe_code, reason = "fields are read from mapped pages, whose bounds are checked once a page")]
#![expect(clippy::cast_possible_truncation, reason = "usize has 64 bits, and fields are cut out of their words")]

use std::cmp::Ordering;
use std::marker::PhantomData;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering as Atomic, fence};

use crate::error::{Error, Result};
use crate::os::{Map, ask_for, is_resident, system_page_size};
use crate::page::fields::{overflow_header, overflow_pages, u16_at, u64_at};
use crate::page::format::{FIRST_PAGE, HEADER, LINE, META_BYTES, META_PAGES, NODE_HEADER, flag, is_page_size};
use crate::page::meta::Meta;
use crate::page::node::Node;
use crate::page::page_no::PageNo;
use crate::page::search_key::{SearchKey, compare_tail, word_at};
use crate::page::txn_id::LmdbTxnId;

#[cfg(not(all(target_endian = "little", target_pointer_width = "64")))]
compile_error!("the page reader knows LMDB's layout of 64-bit little-endian machines only");

/// The pages of one mapped file, by number.
///
/// `Pages` is three words and `Copy`. Slices taken from it live as long as the map, not as long as the `Pages` value.
#[derive(Clone, Copy)]
pub(crate) struct Pages<'a> {
    base: *const u8,
    page_count: u64,
    page_size: u32,
    memory: PhantomData<&'a [u8]>,
}

// SAFETY: the memory is only ever read, and stays readable for 'a whichever thread reads it (contract of `new`).
unsafe impl Send for Pages<'_> {}
// SAFETY: as above. No method writes to the pages, and the type holds no state that threads could change.
unsafe impl Sync for Pages<'_> {}

impl<'a> Pages<'a> {
    /// The pages that begin at `base`: `page_count` whole pages of `page_size` bytes inside the file.
    ///
    /// # Safety
    /// `base` is aligned to 8 bytes; `base .. base + page_count * page_size` is readable for `'a`; `page_size` is a
    /// power of two, 512 to 32768; the pages reachable from the roots given to look-ups do not change during `'a`.
    /// The two meta pages may change at any time.
    pub(crate) unsafe fn new(base: *const u8, page_count: u64, page_size: usize) -> Self {
        debug_assert!(is_page_size(page_size));
        debug_assert!(base.addr().is_multiple_of(8));
        Self { base, page_count, page_size: page_size as u32, memory: PhantomData }
    }

    /// The first `count` pages of a map of the data file, which is that long.
    #[inline]
    pub(crate) fn of_map(map: &'a Map, count: u64, page_size: usize) -> Self {
        debug_assert!(count <= map.len() as u64 / page_size as u64);
        // SAFETY: the `count` pages are inside the map, which lives for 'a. They are also inside the file, which had
        // their length when its length was read, and is never shortened. Committed pages are immutable while their
        // state is pinned: LMDB reuses no page that a reader's slot may reach. The map begins on a page boundary.
        unsafe { Self::new(map.start(), count, page_size) }
    }

    /// Bytes of a page.
    #[inline]
    pub(crate) fn page_size(self) -> usize {
        self.page_size as usize
    }

    /// The number of whole pages in the file.
    #[inline]
    pub(crate) fn page_count(self) -> u64 {
        self.page_count
    }

    /// `count` pages from `first` on; `None` when they are outside the file or include a meta page.
    #[inline]
    pub(crate) fn run(self, first: PageNo, count: u64) -> Option<&'a [u8]> {
        let end = first.checked_add(count)?;
        if first < FIRST_PAGE || end.0 > self.page_count {
            return None;
        }
        #[cfg(test)]
        crate::page::steps::note_page();
        let (at, len) = (first.0 as usize * self.page_size(), count as usize * self.page_size());
        // SAFETY: at + len <= page_count * page_size, checked above, which is readable for 'a by the contract of
        // `new`; the meta pages, the only ones that may change, are excluded.
        Some(unsafe { std::slice::from_raw_parts(self.base.add(at), len) })
    }

    /// Branch or leaf page `number`, with its header checked.
    ///
    /// # Errors
    /// `Corrupted` when the number is outside the file or the header is not that of this page.
    #[inline]
    pub(crate) fn page(self, number: PageNo) -> Result<Page<'a>> {
        match self.run(number, 1) {
            Some(bytes) => Page::parse(number, bytes),
            None => Err(outside(number)),
        }
    }

    /// The value of `len` bytes after the header of overflow page `number`.
    ///
    /// # Errors
    /// `Corrupted` when the run is outside the file or its header counts too few pages.
    pub(crate) fn overflow(self, number: PageNo, len: usize) -> Result<&'a [u8]> {
        let need = overflow_pages(self.page_size(), len);
        let Some(run) = self.run(number, need) else {
            return Err(outside(number));
        };
        let pages = overflow_header(number, run)?;
        // A run may have more pages than its value needs: LMDB keeps the run when a shorter value replaces the old one
        // within one transaction. Only a run with fewer pages is damaged.
        if pages < need {
            return Err(number.fault("an overflow run is shorter than its value"));
        }
        if self.run(number, pages).is_none() {
            return Err(number.fault("an overflow run ends behind the file"));
        }
        run.get(HEADER..).and_then(|data| data.get(..len)).ok_or_else(|| outside(number))
    }

    /// Prefetches the first `lines` cache lines of page `number`. A hint: any number is allowed.
    #[inline]
    pub(crate) fn prefetch(self, number: PageNo, lines: usize) {
        if let Some(page) = self.run(number, 1) {
            for line in page.chunks_exact(LINE).take(lines) {
                prefetch(line);
            }
        }
    }

    /// Prefetches the header of page `number`, and the position of its slot `slot`. A hint.
    #[inline]
    pub(crate) fn prefetch_slot(self, number: PageNo, slot: usize) {
        if let Some(page) = self.run(number, 1) {
            prefetch(page);
            if HEADER.saturating_add(slot.saturating_mul(2)) >= LINE {
                prefetch(page.get(HEADER.saturating_add(slot.saturating_mul(2))..).unwrap_or_default());
            }
        }
    }

    /// Whether the system reports page `number` as in memory. To a process that may not write the file, the system
    /// reports every page as in memory. One system call. `true` outside the file.
    pub(crate) fn resident(self, number: PageNo) -> bool {
        self.system_pages(number, 1).is_none_or(|(start, _)| is_resident(start))
    }

    /// Asks the system to read `count` pages from `first` on, without waiting for them. One system call. A hint: any
    /// numbers are allowed, and pages outside the file are ignored.
    pub(crate) fn request(self, first: PageNo, count: u64) {
        let end = first.saturating_add(count).min(PageNo(self.page_count));
        let first = first.max(FIRST_PAGE);
        if let Some((start, len)) = end.checked_sub(first).and_then(|count| self.system_pages(first, count)) {
            ask_for(start, len);
        }
    }

    /// The start of the system page that contains page `first`, and the number of bytes from there to the end of
    /// `count` pages. `None` when they are outside the file, or `count` is 0.
    fn system_pages(self, first: PageNo, count: u64) -> Option<(*const u8, usize)> {
        static SIZE: OnceLock<usize> = OnceLock::new();
        let size = *SIZE.get_or_init(system_page_size);
        let run = self.run(first, count)?;
        let start = run.as_ptr().map_addr(|address| address & !(size - 1));
        let before = run.as_ptr().addr() - start.addr();
        if run.is_empty() { None } else { Some((start, before + run.len())) }
    }

    /// The pages of an image in memory, for tests.
    #[cfg(test)]
    pub(crate) fn over(image: &'a [u64], page_size: usize) -> Self {
        // SAFETY: the words are aligned, readable for 'a, and do not change while they are borrowed.
        unsafe { Self::new(image.as_ptr().cast(), (image.len() * 8 / page_size) as u64, page_size) }
    }

    /// The transaction id in meta slot `slot` (0 or 1). Anything read afterwards is at least as new.
    pub(crate) fn meta_id(self, slot: usize) -> LmdbTxnId {
        let id = self.meta_word(slot, META_BYTES / 8 - 1);
        fence(Atomic::Acquire);
        LmdbTxnId(id)
    }

    /// The record in meta slot `slot` (0 or 1), copied while a writer may be replacing it: each field is consistent,
    /// the whole record may not be. Its id is read first, and any id read later is at least as new.
    #[inline]
    pub(crate) fn meta(self, slot: usize) -> Meta {
        let id = self.meta_id(slot);
        let meta = Meta::from_words(id, |word| self.meta_word(slot, word));
        fence(Atomic::Acquire);
        meta
    }

    /// Word `word` of meta page `slot`; 0 when the file has no such page.
    #[inline]
    fn meta_word(self, slot: usize, word: usize) -> u64 {
        let slot = slot & 1;
        if self.page_count < META_PAGES || word >= META_BYTES / 8 {
            return 0;
        }
        // SAFETY: `slot` is 0 or 1, and there are at least two readable pages; `word` is within the first 152 bytes of
        // a page of 512 bytes or more. The pointer is aligned, because the base, the page size and the word's offset
        // are multiples of 8. A relaxed load of 8 bytes does not write, so the memory may be mapped read-only; the load
        // is atomic, so another process may write meanwhile.
        let word = unsafe { AtomicU64::from_ptr(self.base.add(slot * self.page_size() + word * 8).cast_mut().cast()) };
        word.load(Atomic::Relaxed)
    }
}

/// Prefetches the cache line that `bytes` begins in.
#[inline]
pub(crate) fn prefetch(bytes: &[u8]) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch has no effect that a program can observe, and does not fault at any address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(bytes.as_ptr().cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = bytes;
}

/// A branch or leaf page whose header is valid: its slots are inside it.
#[derive(Clone, Copy)]
pub(crate) struct Page<'a> {
    // Invariant: bytes.len() >= upper >= HEADER + 2 * slots.
    bytes: &'a [u8],
    slots: u16,
    upper: u16,
    // An integer instead of a `bool`: together with the two fields above it fills a whole word, so the compiler copies
    // the three fields in one move. A `bool` and its padding take three moves, and the next load of a field waits for
    // them.
    leaf: u32,
}

impl<'a> Page<'a> {
    /// A leaf without entries, for a tree without pages.
    pub(crate) const EMPTY: Page<'static> = Page { bytes: &[0; HEADER], slots: 0, upper: 16, leaf: 1 };

    /// Parses `bytes` as page `number`; the header must have this number.
    ///
    /// # Errors
    /// `Corrupted` when the header is not that of branch or leaf page `number`.
    #[inline]
    pub(crate) fn parse(number: PageNo, bytes: &'a [u8]) -> Result<Self> {
        let Some(header) = bytes.first_chunk::<HEADER>() else {
            return Err(outside(number));
        };
        let (own, flags) = (PageNo(u64_at(header, 0)), u16_at(header, 10));
        let (lower, upper) = (u16_at(header, 12), u16_at(header, 14));
        let leaf = flags == flag::LEAF;
        let kind = leaf || (flags == flag::BRANCH && lower > 16);
        let bounds = lower >= 16 && lower & 1 == 0 && lower <= upper && usize::from(upper) <= bytes.len();
        if own != number || !kind || !bounds {
            return Err(header_fault(number, own, flags, lower));
        }
        Ok(Self { bytes, slots: (lower - 16) / 2, upper, leaf: u32::from(leaf) })
    }

    /// A sub-page inside a node: the duplicates of one key. Its own number is stale and not checked.
    ///
    /// # Errors
    /// `Corrupted`, naming the enclosing page `number`, when the header is not that of a sub-page of plain nodes.
    pub(crate) fn parse_sub(number: PageNo, bytes: &'a [u8]) -> Result<Self> {
        let (flags, lower, upper) = (u16_at(bytes, 10), u16_at(bytes, 12), u16_at(bytes, 14));
        let bounds = lower >= 16 && lower & 1 == 0 && lower <= upper && usize::from(upper) <= bytes.len();
        if bytes.len() < HEADER || flags & !flag::DIRTY != flag::LEAF | flag::SUB || !bounds {
            return Err(number.fault("a sub-page of duplicates has a damaged header"));
        }
        Ok(Self { bytes, slots: (lower - 16) / 2, upper, leaf: 1 })
    }

    /// The page's own number.
    #[inline]
    pub(crate) fn number(self) -> PageNo {
        PageNo(u64_at(self.bytes, 0))
    }

    /// Whether this is a leaf; otherwise it is a branch.
    #[inline]
    pub(crate) fn is_leaf(self) -> bool {
        self.leaf != 0
    }

    /// The number of entries of a leaf, or of children of a branch.
    #[inline]
    pub(crate) fn slots(self) -> usize {
        usize::from(self.slots)
    }

    /// Bytes taken by its nodes and their slots.
    pub(crate) fn used(self) -> usize {
        self.bytes.len().saturating_sub(usize::from(self.upper)) + 2 * self.slots()
    }

    /// Bytes available for nodes and slots.
    pub(crate) fn room(self) -> usize {
        self.bytes.len().saturating_sub(HEADER)
    }

    /// The offset in slot `slot`, as stored.
    ///
    /// # Safety
    /// `slot < self.slots()`.
    #[inline]
    unsafe fn offset(self, slot: usize) -> usize {
        debug_assert!(slot < self.slots());
        // SAFETY: HEADER + 2 * slots <= bytes.len() by the type's invariant, slot < slots by contract.
        let at = unsafe { self.bytes.as_ptr().add(HEADER + 2 * slot).cast::<u16>().read_unaligned() };
        usize::from(at)
    }

    /// The node header in slot `slot` as one word, and its offset: even, after the slots, inside the page.
    #[inline]
    fn node_header(self, slot: usize) -> Result<(usize, u64)> {
        if slot >= self.slots() {
            return Err(self.fault("a slot outside its page"));
        }
        // SAFETY: slot < slots, checked just above.
        let at = unsafe { self.offset(slot) };
        if at & 1 != 0 || at < usize::from(self.upper) || at + NODE_HEADER > self.bytes.len() {
            return Err(self.fault("a node outside its page"));
        }
        // SAFETY: at + 8 <= bytes.len(), checked just above.
        Ok((at, unsafe { self.bytes.as_ptr().add(at).cast::<u64>().read_unaligned() }))
    }

    /// Entry `slot` of a leaf, entirely inside the page.
    ///
    /// # Errors
    /// `Corrupted` when it is not.
    #[inline]
    pub(crate) fn node(self, slot: usize) -> Result<Node<'a>> {
        let (at, word) = self.node_header(slot)?;
        let (size, flags, key_len) = (word as u32 as usize, (word >> 32) as u16, (word >> 48) as usize);
        let data_len = if flags & Node::BIG == 0 { size } else { 8 };
        let key_at = at + NODE_HEADER;
        if key_at + key_len + data_len > self.bytes.len() || flags & !Node::KNOWN != 0 {
            return Err(self.fault("a node runs out of its page"));
        }
        // SAFETY: key_at + key_len + data_len <= bytes.len(), checked just above.
        let (key, data) = unsafe {
            (self.bytes.get_unchecked(key_at..key_at + key_len), {
                let data_at = key_at + key_len;
                self.bytes.get_unchecked(data_at..data_at + data_len)
            })
        };
        Ok(Node { flags, key, data, size })
    }

    /// The key and the value of entry `slot` of a leaf, both entirely inside the page, as for nearly all entries.
    ///
    /// `None` for the cases that [`node`](Self::node) tells apart: no such slot, a value stored elsewhere, damage.
    #[inline]
    pub(crate) fn pair(self, slot: usize) -> Option<(&'a [u8], &'a [u8])> {
        if slot >= self.slots() {
            return None;
        }
        // SAFETY: slot < slots, checked just above.
        let at = unsafe { self.offset(slot) };
        if at & 1 != 0 || at < usize::from(self.upper) || at + NODE_HEADER > self.bytes.len() {
            return None;
        }
        // SAFETY: at + 8 <= bytes.len(), checked just above.
        let word = unsafe { self.bytes.as_ptr().add(at).cast::<u64>().read_unaligned() };
        let (size, flags, key_len) = (word as u32 as usize, (word >> 32) as u16, (word >> 48) as usize);
        let (key_at, value_at) = (at + NODE_HEADER, at + NODE_HEADER + key_len);
        if flags != 0 || value_at + size > self.bytes.len() {
            return None;
        }
        // SAFETY: key_at <= value_at <= value_at + size <= bytes.len(), checked just above.
        Some(unsafe {
            (self.bytes.get_unchecked(key_at..value_at), self.bytes.get_unchecked(value_at..value_at + size))
        })
    }

    /// The page number in slot `slot` of a branch.
    ///
    /// # Errors
    /// `Corrupted` when the node is outside the page.
    #[inline]
    pub(crate) fn child(self, slot: usize) -> Result<PageNo> {
        Ok(PageNo(self.node_header(slot)?.1 & 0xFFFF_FFFF_FFFF))
    }

    /// The key in slot `slot` of a leaf or branch. In slot 0 of a branch it represents minus infinity.
    ///
    /// # Errors
    /// `Corrupted` when the key is outside the page.
    #[inline]
    pub(crate) fn key(self, slot: usize) -> Result<&'a [u8]> {
        let (at, word) = self.node_header(slot)?;
        let key_at = at + NODE_HEADER;
        match self.bytes.get(key_at..key_at + (word >> 48) as usize) {
            Some(key) => Ok(key),
            None => Err(self.fault("a key runs out of its page")),
        }
    }

    /// Prefetches the node in slot `slot`. A hint: any slot is allowed.
    #[inline]
    pub(crate) fn prefetch_slot(self, slot: usize) {
        if slot < self.slots() {
            // SAFETY: slot < slots, checked just above.
            let at = unsafe { self.offset(slot) };
            // Prefetch the cache line in which the key begins, not that of the node's header: the value, which follows
            // the key, is in this line more often.
            prefetch(self.bytes.get(at + NODE_HEADER..).unwrap_or_default());
        }
    }

    /// The key in slot `slot` as an integer, for keys of `W` bytes, at most eight. For searches, as
    /// [`order`](Self::order): `None` for a key that is outside the page or has another width.
    #[expect(clippy::inline_always, reason = "measured: it is the inside of all loops over such keys")]
    #[inline(always)]
    pub(crate) fn number_key<const W: usize>(self, slot: usize) -> Option<u64> {
        if slot >= self.slots() || !matches!(W, 1..=8) {
            return None;
        }
        // SAFETY: slot < slots, checked just above.
        let at = unsafe { self.offset(slot) };
        if at + NODE_HEADER + 8 > self.bytes.len() {
            // The node is the last one of its page, with fewer than eight bytes of key and value. The eight-byte load
            // below would leave the page.
            return last_number_key::<W>(self.bytes, at);
        }
        // SAFETY: at + 16 <= bytes.len(), checked just above.
        let (key_len, word) = unsafe {
            let node = self.bytes.as_ptr().add(at);
            (node.add(6).cast::<u16>().read_unaligned(), node.add(NODE_HEADER).cast::<u64>().read_unaligned())
        };
        if usize::from(key_len) == W { Some(u64::from_be(word) >> unused_bits::<W>()) } else { None }
    }

    /// How the key in slot `slot` compares with `target`.
    ///
    /// # Errors
    /// `Corrupted` when the key is outside the page.
    #[inline]
    pub(crate) fn compare<const W: usize>(self, slot: usize, target: &SearchKey<'_, W>) -> Result<Ordering> {
        let (at, _) = self.node_header(slot)?;
        match self.compare_at(at, target) {
            Some(order) => Ok(order),
            None => Err(self.fault("a key outside its page")),
        }
    }

    /// As [`compare`](Self::compare), for searches, without a check where the node lies in its page. `None` means that
    /// the key is outside the page.
    #[inline]
    pub(crate) fn order<const W: usize>(self, slot: usize, target: &SearchKey<'_, W>) -> Option<Ordering> {
        self.order_inline(slot, target)
    }

    /// As [`order`](Self::order), but always inlined.
    #[expect(clippy::inline_always, reason = "measured: as `compare_at`")]
    #[inline(always)]
    pub(crate) fn order_inline<const W: usize>(self, slot: usize, target: &SearchKey<'_, W>) -> Option<Ordering> {
        if slot >= self.slots() {
            return None;
        }
        // SAFETY: slot < slots, checked just above.
        self.compare_at(unsafe { self.offset(slot) }, target)
    }

    /// Compares the key of the node at `at` with `target`; `None` when it is outside the page.
    #[expect(clippy::inline_always, reason = "measured: out of line, a look-up among text keys takes a third longer")]
    #[inline(always)]
    fn compare_at<const W: usize>(self, at: usize, target: &SearchKey<'_, W>) -> Option<Ordering> {
        let skip = target.skip();
        if at + NODE_HEADER + skip + 8 > self.bytes.len() {
            // The node is the last one of its page, with fewer than eight bytes of key and value after the skipped
            // ones. The eight-byte load below would leave the page.
            return compare_whole(self.bytes, at, skip, target.key());
        }
        // SAFETY: at + 16 + skip <= bytes.len(), checked just above.
        let (key_len, word) = unsafe {
            let node = self.bytes.as_ptr().add(at);
            (node.add(6).cast::<u16>().read_unaligned(), node.add(NODE_HEADER + skip).cast::<u64>().read_unaligned())
        };
        let (key_len, mut head) = (usize::from(key_len), u64::from_be(word));
        if matches!(W, 1..=8) {
            if key_len != W {
                // A key of another width is compared out of line, to keep the usual path as short as possible: no tree
                // that was written with this key type has such a key.
                return compare_whole(self.bytes, at, 0, target.key());
            }
            // Compare the two keys as one integer each. A key may have fewer than eight bytes, so the bytes that were
            // loaded from behind it are shifted out.
            return Some((head >> unused_bits::<W>()).cmp(&(target.head() >> unused_bits::<W>())));
        }
        // All keys of a healthy page begin with the skipped bytes. A key that ends within them is in the wrong page,
        // which the caller reports as damage.
        let key_len = key_len.checked_sub(skip)?;
        if key_len < 8 {
            head &= !(u64::MAX >> (key_len * 8));
        }
        if head != target.head() {
            return Some(head.cmp(&target.head()));
        }
        if key_len <= 8 && target.key().len() <= 8 {
            return Some(key_len.cmp(&target.key().len()));
        }
        // The first words are equal, as they often are for text keys. For most of these keys the second word decides,
        // so compare it here, without a call.
        if key_len >= 16 && target.key().len() >= 16 && at + NODE_HEADER + skip + 16 <= self.bytes.len() {
            // SAFETY: at + 24 + skip <= bytes.len(), checked just above.
            let word = unsafe { self.bytes.as_ptr().add(at + NODE_HEADER + skip + 8).cast::<u64>().read_unaligned() };
            let second = u64::from_be(word);
            if second != target.second() || (W == 16 && key_len == W) {
                return Some(second.cmp(&target.second()));
            }
        }
        compare_rest(self.bytes, at, skip, target.key())
    }

    /// The error for damage on this page.
    #[inline]
    pub(crate) fn fault(self, why: &'static str) -> Error {
        fault_on(self.bytes, why)
    }
}

/// The unused bits after a key of `W` bytes, 1 to 8, in a word.
const fn unused_bits<const W: usize>() -> u32 {
    64_u32.wrapping_sub(8 * W as u32) & 63
}

// The functions below are out of line and take the page's bytes as a slice, which is passed in registers. A `Page`
// would be copied to the stack before every call, and the calls are inside the search loops.

#[cold]
#[inline(never)]
fn fault_on(page: &[u8], why: &'static str) -> Error {
    Error::corrupted(u64_at(page, 0), why)
}

#[cold]
#[inline(never)]
fn compare_whole(page: &[u8], at: usize, skip: usize, key: &[u8]) -> Option<Ordering> {
    key_at(page, at)?.get(skip..).map(|stored| stored.cmp(key))
}

#[cold]
#[inline(never)]
fn last_number_key<const W: usize>(page: &[u8], at: usize) -> Option<u64> {
    key_at(page, at).filter(|key| key.len() == W).map(|key| word_at(key, 0) >> unused_bits::<W>())
}

#[inline(never)]
fn compare_rest(page: &[u8], at: usize, skip: usize, key: &[u8]) -> Option<Ordering> {
    key_at(page, at)?.get(skip..).map(|stored| compare_tail(stored, key))
}

fn key_at(page: &[u8], at: usize) -> Option<&[u8]> {
    let (header, rest) = page.get(at..)?.split_first_chunk::<NODE_HEADER>()?;
    let [.., low, high] = *header;
    rest.get(..usize::from(u16::from_le_bytes([low, high])))
}

#[cold]
#[inline(never)]
fn outside(number: PageNo) -> Error {
    number.fault("a page number outside the file")
}

#[cold]
#[inline(never)]
fn header_fault(number: PageNo, own: PageNo, flags: u16, lower: u16) -> Error {
    if own != number {
        return number.fault(format!("the page says that it is page {own}"));
    }
    let why = match flags {
        flag::LEAF | flag::BRANCH if lower <= 16 => "a branch page without children, or a slot count below zero",
        flag::LEAF | flag::BRANCH => "the slots of the page leave it",
        _ if flags & flag::LEAF2 != 0 => "a page of fixed-size duplicates in a plain tree",
        _ => "neither a branch nor a leaf page",
    };
    number.fault(why)
}
