//! LMDB's bytes as fields: where every offset, count and page number is checked, and the room's only unsafe code.
//!
//! A page's header is checked once, when [`Pages::page`] hands it out; a node when [`Page::node`] touches it. A binary
//! search reads offsets that were not checked yet, and clamps them to the page instead: damage can mislead it, and
//! cannot lead it out.
#![expect(unsafe_code, reason = "fields are read from mapped pages behind bounds checked once a page")]
#![expect(clippy::cast_possible_truncation, reason = "usize has 64 bits, and fields are cut out of their words")]

use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering as Atomic, fence};

use crate::error::{Error, Result};
use crate::page::meta::{META_BYTES, Meta};
use crate::page::node::Node;
use crate::page::target::Target;

#[cfg(not(all(target_endian = "little", target_pointer_width = "64")))]
compile_error!("the page reader knows LMDB's layout of 64-bit little-endian machines only");

/// Bytes of a page header: number, pad, flags, lower, upper.
pub(crate) const HEADER: usize = 16;
/// Bytes of a node header: size or child, flags, key size.
pub(crate) const NODE_HEADER: usize = 8;
/// Meta pages at the start of every file.
pub(crate) const META_PAGES: u64 = 2;

/// Page flags, as LMDB names them.
pub(crate) mod flag {
    pub(crate) const BRANCH: u16 = 0x01;
    pub(crate) const LEAF: u16 = 0x02;
    pub(crate) const OVERFLOW: u16 = 0x04;
    pub(crate) const META: u16 = 0x08;
    pub(crate) const DIRTY: u16 = 0x10;
    pub(crate) const LEAF2: u16 = 0x20;
    pub(crate) const SUB: u16 = 0x40;
}

/// The pages of one mapped file, by number.
///
/// A copy is three words. Slices that come out of it live as long as the map, not as long as the copy.
#[derive(Clone, Copy)]
pub(crate) struct Pages<'a> {
    base: *const u8,
    page_count: u64,
    page_size: u32,
    memory: PhantomData<&'a [u8]>,
}

// SAFETY: the memory is only ever read, and stays readable for 'a whichever thread reads it (contract of `new`).
unsafe impl Send for Pages<'_> {}
// SAFETY: as above; no method writes or holds state.
unsafe impl Sync for Pages<'_> {}

impl<'a> Pages<'a> {
    /// The pages that begin at `base`: `page_count` whole pages of `page_size` bytes inside the file.
    ///
    /// # Safety
    /// `base` is aligned to 8 bytes; `base .. base + page_count * page_size` is readable for `'a`; `page_size` is a
    /// power of two, 512 to 32768; the pages reachable from the roots given to look-ups do not change during `'a`.
    /// The two meta pages may change at any time.
    pub(crate) unsafe fn new(base: *const u8, page_count: u64, page_size: usize) -> Self {
        debug_assert!(page_size.is_power_of_two() && (512..=32_768).contains(&page_size));
        debug_assert!(base.addr().is_multiple_of(8));
        Self { base, page_count, page_size: page_size as u32, memory: PhantomData }
    }

    /// Bytes of a page.
    #[inline]
    pub(crate) fn page_size(self) -> usize {
        self.page_size as usize
    }

    /// Whole pages inside the file.
    #[inline]
    pub(crate) fn page_count(self) -> u64 {
        self.page_count
    }

    /// `count` pages from `first` on; `None` when they leave the file or touch the meta pages.
    #[inline]
    fn run(self, first: u64, count: u64) -> Option<&'a [u8]> {
        let end = first.checked_add(count)?;
        if first < META_PAGES || end > self.page_count {
            return None;
        }
        let (at, len) = (first as usize * self.page_size(), count as usize * self.page_size());
        // SAFETY: at + len <= page_count * page_size, checked above, which is readable for 'a by the contract of
        // `new`; the meta pages, the only ones that may change, are excluded.
        Some(unsafe { std::slice::from_raw_parts(self.base.add(at), len) })
    }

    /// Branch or leaf page `number`, its header checked.
    ///
    /// # Errors
    /// `Corrupted` when the number leaves the file or the header is not that of this page.
    #[inline]
    pub(crate) fn page(self, number: u64) -> Result<Page<'a>> {
        match self.run(number, 1) {
            Some(bytes) => Page::parse(number, bytes),
            None => Err(outside(number)),
        }
    }

    /// The value of `len` bytes that starts behind the header of overflow page `number`.
    ///
    /// # Errors
    /// `Corrupted` when the run leaves the file or its header does not announce enough pages.
    pub(crate) fn overflow(self, number: u64, len: usize) -> Result<&'a [u8]> {
        let need = overflow_pages(self.page_size(), len);
        let Some(run) = self.run(number, need) else {
            return Err(outside(number));
        };
        let pages = overflow_header(number, run)?;
        // LMDB keeps a longer run when a value is replaced by a shorter one inside one transaction.
        if pages < need {
            return Err(Error::corrupted(number, "an overflow run is shorter than its value"));
        }
        if self.run(number, pages).is_none() {
            return Err(Error::corrupted(number, "an overflow run ends behind the file"));
        }
        run.get(HEADER..).and_then(|data| data.get(..len)).ok_or_else(|| outside(number))
    }

    /// Asks the processor to bring in the first `lines` cache lines of page `number`. A hint: any number is fine.
    #[inline]
    pub(crate) fn prefetch(self, number: u64, lines: usize) {
        #[cfg(target_arch = "x86_64")]
        if let Some(page) = self.run(number, 1) {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            for line in page.chunks_exact(64).take(lines) {
                // SAFETY: a prefetch of an address inside the page, which reads nothing that the program sees.
                unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) };
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = (number, lines);
    }

    /// The pages of an image in memory.
    #[cfg(test)]
    pub(crate) fn over(image: &'a [u64], page_size: usize) -> Self {
        // SAFETY: the words are aligned, readable for 'a, and do not change while they are borrowed.
        unsafe { Self::new(image.as_ptr().cast(), (image.len() * 8 / page_size) as u64, page_size) }
    }

    /// The transaction id in meta slot `slot` (0 or 1). What is read after it is not older than it.
    pub(crate) fn meta_id(self, slot: usize) -> u64 {
        let id = self.meta_word(slot, META_BYTES / 8 - 1);
        fence(Atomic::Acquire);
        id
    }

    /// The record in meta slot `slot` (0 or 1), copied while a writer may be replacing it: each field is of one
    /// moment, the record need not be. Its id is read first, and another id read afterwards is not older.
    pub(crate) fn meta(self, slot: usize) -> Meta {
        let mut copy = [0; META_BYTES];
        let id = self.meta_id(slot);
        for (word, out) in copy.chunks_exact_mut(8).enumerate() {
            out.copy_from_slice(&self.meta_word(slot, word).to_le_bytes());
        }
        fence(Atomic::Acquire);
        Meta { txn_id: id, ..Meta::decode(&copy) }
    }

    /// Word `word` of meta page `slot`; 0 when the file has no such page.
    fn meta_word(self, slot: usize, word: usize) -> u64 {
        let slot = slot & 1;
        if self.page_count < META_PAGES || word >= META_BYTES / 8 {
            return 0;
        }
        // SAFETY: page 0 or 1 of at least two readable pages, word within the first 152 of 512 bytes or more. base
        // is aligned to 8 and so are page size and word: the pointer is. A relaxed load of 8 bytes only loads, so
        // the memory may be read-only, and may be written by another process.
        let word = unsafe { AtomicU64::from_ptr(self.base.add(slot * self.page_size() + word * 8).cast_mut().cast()) };
        word.load(Atomic::Relaxed)
    }
}

/// A binary search on its way: the answer is one of the `size + 1` slots from `base` on.
#[derive(Clone, Copy, Default)]
pub(crate) struct Search {
    pub base: usize,
    pub size: usize,
}

/// A branch or leaf page whose header is right: its slots lie inside it.
#[derive(Clone, Copy)]
pub(crate) struct Page<'a> {
    // Invariant: bytes.len() >= upper >= HEADER + 2 * slots.
    bytes: &'a [u8],
    slots: u16,
    upper: u16,
    leaf: bool,
}

impl<'a> Page<'a> {
    /// A leaf without entries, for a tree without pages.
    pub(crate) const EMPTY: Page<'static> = Page { bytes: &[0; HEADER], slots: 0, upper: 16, leaf: true };

    /// The page in `bytes`, which must say that it is page `number`.
    ///
    /// # Errors
    /// `Corrupted` when the header is not that of branch or leaf page `number`.
    #[inline]
    pub(crate) fn parse(number: u64, bytes: &'a [u8]) -> Result<Self> {
        let Some(header) = bytes.first_chunk::<HEADER>() else {
            return Err(outside(number));
        };
        let (own, flags) = (u64_at(header, 0), u16_at(header, 10));
        let (lower, upper) = (u16_at(header, 12), u16_at(header, 14));
        let leaf = flags == flag::LEAF;
        let kind = leaf || (flags == flag::BRANCH && lower > 16);
        let bounds = lower >= 16 && lower & 1 == 0 && lower <= upper && usize::from(upper) <= bytes.len();
        if own != number || !kind || !bounds {
            return Err(header_fault(number, own, flags, lower));
        }
        Ok(Self { bytes, slots: (lower - 16) / 2, upper, leaf })
    }

    /// A page that lies inside a node: the duplicates of one key. Its number is stale and not looked at.
    ///
    /// # Errors
    /// `Corrupted`, naming page `number` around it, when the header is not that of a sub-page of plain nodes.
    pub(crate) fn parse_sub(number: u64, bytes: &'a [u8]) -> Result<Self> {
        let (flags, lower, upper) = (u16_at(bytes, 10), u16_at(bytes, 12), u16_at(bytes, 14));
        let bounds = lower >= 16 && lower & 1 == 0 && lower <= upper && usize::from(upper) <= bytes.len();
        if bytes.len() < HEADER || flags & !flag::DIRTY != flag::LEAF | flag::SUB || !bounds {
            return Err(Error::corrupted(number, "a sub-page of duplicates has a damaged header"));
        }
        Ok(Self { bytes, slots: (lower - 16) / 2, upper, leaf: true })
    }

    /// The page's own number.
    #[inline]
    pub(crate) fn number(self) -> u64 {
        u64_at(self.bytes, 0)
    }

    /// Whether this is a leaf; else it is a branch.
    #[inline]
    pub(crate) fn is_leaf(self) -> bool {
        self.leaf
    }

    /// Entries of a leaf, children of a branch.
    #[inline]
    pub(crate) fn slots(self) -> usize {
        usize::from(self.slots)
    }

    /// Bytes that nodes take: from the end of the free space to the end of the page.
    pub(crate) fn node_room(self) -> usize {
        self.bytes.len() - usize::from(self.upper)
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

    /// The node header in slot `slot` as one word, and where it is: even, behind the slots, inside the page.
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

    /// Entry `slot` of a leaf, wholly inside the page.
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

    /// The page number in slot `slot` of a branch.
    ///
    /// # Errors
    /// `Corrupted` when the node is not inside the page.
    #[inline]
    pub(crate) fn child(self, slot: usize) -> Result<u64> {
        Ok(self.node_header(slot)?.1 & 0xFFFF_FFFF_FFFF)
    }

    /// The key in slot `slot`, of a leaf or of a branch. In slot 0 of a branch it stands for minus infinity.
    ///
    /// # Errors
    /// `Corrupted` when it is not inside the page.
    #[inline]
    pub(crate) fn key(self, slot: usize) -> Result<&'a [u8]> {
        let (at, word) = self.node_header(slot)?;
        let key_at = at + NODE_HEADER;
        match self.bytes.get(key_at..key_at + (word >> 48) as usize) {
            Some(key) => Ok(key),
            None => Err(self.fault("a key runs out of its page")),
        }
    }

    /// The first slot from `from` on whose key is not before `target`: not below it, or, with `AFTER`, above it.
    ///
    /// `self.slots()` when there is none. Keys are taken to be in order.
    ///
    /// # Errors
    /// `Corrupted` when a key on the way leaves the page.
    #[inline]
    pub(crate) fn search<const AFTER: bool>(self, from: usize, target: &Target<'_>) -> Result<usize> {
        self.search_asking::<AFTER, false>(from, target)
    }

    /// As [`search`](Self::search), for a page that is likely not in the cache: while a key is compared, both keys that
    /// may be next are asked for.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    #[inline]
    pub(crate) fn search_cold<const AFTER: bool>(self, from: usize, target: &Target<'_>) -> Result<usize> {
        self.search_asking::<AFTER, true>(from, target)
    }

    #[inline]
    fn search_asking<const AFTER: bool, const AHEAD: bool>(self, from: usize, target: &Target<'_>) -> Result<usize> {
        let mut base = from;
        let mut size = self.slots().saturating_sub(from);
        let mut damaged = false;
        while size > 0 {
            let half = size / 2;
            let middle = base + half;
            if AHEAD {
                self.prefetch_slot(base + half / 2);
                self.prefetch_slot(middle + 1 + (size - half - 1) / 2);
            }
            // SAFETY: from <= base and base + size <= slots hold in every round, and half < size.
            let at = unsafe { self.offset(middle) };
            let order = self.compare_at(at, target);
            damaged |= order.is_none();
            let before = order.is_none_or(|order| order.is_lt() || (AFTER && order.is_eq()));
            if before {
                base = middle + 1;
                size -= half + 1;
            } else {
                size = half;
            }
        }
        if damaged { Err(self.fault("a key outside its page")) } else { Ok(base) }
    }

    /// One step of the search that [`search`](Self::search) does in one go; `false` when it has ended at `base`.
    ///
    /// Then asks for what the next step compares with, so that other work fits between the two.
    ///
    /// # Errors
    /// `Corrupted` when the key to compare with leaves the page.
    #[inline]
    pub(crate) fn search_step<const AFTER: bool>(self, search: &mut Search, target: &Target<'_>) -> Result<bool> {
        if search.size > 0 {
            let half = search.size / 2;
            let middle = search.base + half;
            let order = self.compare(middle, target)?;
            if order.is_lt() || (AFTER && order.is_eq()) {
                search.base = middle + 1;
                search.size -= half + 1;
            } else {
                search.size = half;
            }
        }
        self.prefetch_slot(search.base + search.size / 2);
        Ok(search.size > 0)
    }

    /// Asks the processor to bring in the node in slot `slot`. A hint: any slot is fine.
    #[inline]
    pub(crate) fn prefetch_slot(self, slot: usize) {
        #[cfg(target_arch = "x86_64")]
        if slot < self.slots() {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            // SAFETY: slot < slots, checked just above.
            let at = unsafe { self.offset(slot) }.min(self.bytes.len());
            // SAFETY: an address in the page or at its end, and a prefetch reads nothing that the program sees.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(self.bytes.as_ptr().add(at).cast()) };
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = slot;
    }

    /// How the key in slot `slot` compares with `target`.
    ///
    /// # Errors
    /// `Corrupted` when the key is not inside the page.
    #[inline]
    pub(crate) fn compare(self, slot: usize, target: &Target<'_>) -> Result<std::cmp::Ordering> {
        let (at, _) = self.node_header(slot)?;
        match self.compare_at(at, target) {
            Some(order) => Ok(order),
            None => Err(self.fault("a key outside its page")),
        }
    }

    /// How the key of the node at `at` compares with `target`; `None` when it leaves the page.
    #[expect(clippy::inline_always, reason = "measured: out of line, a look-up among text keys takes a third longer")]
    #[inline(always)]
    fn compare_at(self, at: usize, target: &Target<'_>) -> Option<std::cmp::Ordering> {
        if at + NODE_HEADER + 8 > self.bytes.len() {
            // The last node of a page, with fewer than eight bytes of key and value.
            return self.key_at(at).map(|key| key.cmp(target.key()));
        }
        // SAFETY: at + 16 <= bytes.len(), checked just above.
        let (key_len, word) = unsafe {
            let node = self.bytes.as_ptr().add(at);
            (node.add(6).cast::<u16>().read_unaligned(), node.add(NODE_HEADER).cast::<u64>().read_unaligned())
        };
        let key_len = usize::from(key_len);
        let mut head = u64::from_be(word);
        if key_len < 8 {
            head &= !(u64::MAX >> (key_len * 8));
        }
        if head != target.head() {
            return Some(head.cmp(&target.head()));
        }
        if key_len <= 8 && target.key().len() <= 8 {
            return Some(key_len.cmp(&target.key().len()));
        }
        // Text keys begin alike more often than not: the second word decides for most of them.
        if key_len >= 16 && target.key().len() >= 16 && at + NODE_HEADER + 16 <= self.bytes.len() {
            // SAFETY: at + 24 <= bytes.len(), checked just above.
            let word = unsafe { self.bytes.as_ptr().add(at + NODE_HEADER + 8).cast::<u64>().read_unaligned() };
            let second = u64::from_be(word);
            if second != target.second() {
                return Some(second.cmp(&target.second()));
            }
        }
        self.compare_tail_at(at, target)
    }

    #[inline(never)]
    fn compare_tail_at(self, at: usize, target: &Target<'_>) -> Option<std::cmp::Ordering> {
        self.key_at(at).map(|key| target.compare_tail(key))
    }

    fn key_at(self, at: usize) -> Option<&'a [u8]> {
        let (header, rest) = self.bytes.get(at..)?.split_first_chunk::<NODE_HEADER>()?;
        let [.., low, high] = *header;
        rest.get(..usize::from(u16::from_le_bytes([low, high])))
    }

    /// Damage on this page.
    #[cold]
    #[inline(never)]
    pub(crate) fn fault(self, why: &'static str) -> Error {
        Error::corrupted(self.number(), why)
    }
}

/// Pages of an overflow run that holds `len` bytes: one header for the whole run.
pub(crate) fn overflow_pages(page_size: usize, len: usize) -> u64 {
    ((HEADER - 1 + len) / page_size + 1) as u64
}

/// How many pages the overflow run has whose first page starts with `bytes`.
///
/// # Errors
/// `Corrupted` when this is not the header of overflow page `number`.
pub(crate) fn overflow_header(number: u64, bytes: &[u8]) -> Result<u64> {
    if bytes.len() < HEADER || u64_at(bytes, 0) != number || u16_at(bytes, 10) != flag::OVERFLOW {
        return Err(Error::corrupted(number, "not the overflow page that a value points to"));
    }
    Ok(u64::from(u32_at(bytes, 12)))
}

/// The integer at `at`; 0 when it leaves `bytes`.
#[inline]
pub(crate) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |field| u16::from_le_bytes(*field))
}

/// The integer at `at`; 0 when it leaves `bytes`.
#[inline]
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |field| u32::from_le_bytes(*field))
}

/// The integer at `at`; 0 when it leaves `bytes`.
#[inline]
pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |field| u64::from_le_bytes(*field))
}

#[cold]
#[inline(never)]
fn outside(number: u64) -> Error {
    Error::corrupted(number, "a page number outside the file")
}

#[cold]
#[inline(never)]
fn header_fault(number: u64, own: u64, flags: u16, lower: u16) -> Error {
    if own != number {
        return Error::corrupted(number, format!("the page says that it is page {own}"));
    }
    let why = match flags {
        flag::LEAF | flag::BRANCH if lower <= 16 => "a branch page without children, or a slot count below zero",
        flag::LEAF | flag::BRANCH => "the slots of the page leave it",
        _ if flags & flag::LEAF2 != 0 => "a page of fixed-size duplicates in a plain tree",
        _ => "neither a branch nor a leaf page",
    };
    Error::corrupted(number, why)
}
