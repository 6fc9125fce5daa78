//! A crude reader without checks: it does what the page reader would do if no file were ever damaged. It shows the
//! cost of the checks and the limits of the machine.
//!
//! Its prefetch distances were the best on the machine of docs/performance.md. The first line of a leaf is prefetched
//! eight leaves ahead, since a page far from the last one takes longer to find than to read; the lines in use one
//! leaf ahead. A branch's keys are in the cache: there the processor predicts which half of a binary search is next.
//! A leaf's keys are not: they are all prefetched, and nothing is predicted.
//!
//! It reads one kind of tree: eight-byte keys, values inside their leaves. Any other file is undefined behaviour.
#![expect(unsafe_code, reason = "that is its point: it reads where the file says, whatever the file says")]

use std::hint::{black_box, select_unpredictable};
use std::path::Path;

use super::{Mapped, Outcome};

/// How many leaves ahead the first line of a leaf is prefetched.
const AHEAD: usize = 8;
/// The bytes that a processor loads at once.
const LINE: usize = 64;

/// The tree `numbers` of a healthy file.
pub(crate) struct Unchecked {
    map: Mapped,
    page_size: usize,
    root: u64,
    depth: u16,
}

/// A page in memory.
#[derive(Clone, Copy)]
struct Page(*const u8);

impl Unchecked {
    /// Maps the file and finds the tree, with checks.
    pub(crate) fn open(path: &Path) -> Outcome<Self> {
        let map = Mapped::open(path)?;
        let bytes = map.bytes();
        let word = |at: usize| -> Outcome<u64> {
            let word = bytes.get(at..).and_then(|rest| rest.first_chunk()).ok_or("the file is too short")?;
            Ok(u64::from_le_bytes(*word))
        };
        let low = |word: u64, bits: u32| usize::try_from(word & ((1 << bits) - 1));
        let page_size = low(word(40)?, 32)?;
        // The newer of the two meta pages, and in it the record of the main tree.
        let meta = if word(144)? > word(page_size + 144)? { 0 } else { page_size };
        let (main_depth, main) = (word(meta + 88)? >> 48, usize::try_from(word(meta + 128)?)? * page_size);
        if main_depth != 1 {
            return Err("the main tree is larger than one leaf".into());
        }
        let slots = (low(word(main + 12)?, 16)? - 16) / 2;
        for slot in 0..slots {
            let node = main + low(word(main + 16 + 2 * slot)?, 16)?;
            let length = low(word(node)? >> 48, 16)?;
            if bytes.get(node + 8..node + 8 + length) == Some(b"numbers") {
                let record = node + 8 + length;
                let depth = u16::try_from(word(record)? >> 48)?;
                let root = word(record + 40)?;
                return Ok(Self { map, page_size, root, depth });
            }
        }
        Err("the file has no tree called numbers".into())
    }

    fn page(&self, number: u64) -> Page {
        #[expect(clippy::cast_possible_truncation, reason = "64-bit machines only")]
        let at = number as usize * self.page_size;
        // SAFETY: relies on nothing but that the file is healthy.
        Page(unsafe { self.map.bytes().as_ptr().add(at) })
    }

    /// All entries in order.
    pub(crate) fn for_each(&self, mut each: impl FnMut(u64, &[u8])) {
        if self.depth > 0 {
            self.walk(self.page(self.root), self.depth, &mut each);
        }
    }

    fn walk(&self, page: Page, depth: u16, each: &mut impl FnMut(u64, &[u8])) {
        for slot in 0..page.slots() {
            match depth {
                1 => each(page.key(slot), page.value(slot)),
                2 => {
                    self.ask_ahead(page, slot);
                    self.walk(self.page(page.child(slot)), 1, each);
                }
                _ => self.walk(self.page(page.child(slot)), depth - 1, each),
            }
        }
    }

    /// Prefetches before the leaf in slot `slot` of its parent is read.
    #[inline]
    fn ask_ahead(&self, parent: Page, slot: usize) {
        let slots = parent.slots();
        if slot + AHEAD < slots {
            self.page(parent.child(slot + AHEAD)).prefetch_line(0);
        }
        if slot + 1 < slots {
            self.page(parent.child(slot + 1)).prefetch_used(self.page_size);
        }
    }

    /// The value of one key.
    #[inline]
    pub(crate) fn get(&self, key: u64) -> Option<&[u8]> {
        let mut page = self.page(self.root);
        for _ in 1..self.depth {
            page = self.page(page.child(page.last_at_most(key)));
        }
        page.prefetch_used(self.page_size);
        let slot = page.first_at_least(key);
        (slot < page.slots() && page.key(slot) == key).then(|| page.value(slot))
    }
}

// SAFETY of all below: relies on nothing but that the file is healthy.
impl Page {
    #[inline]
    fn load<T: Copy>(self, at: usize) -> T {
        // SAFETY: as above.
        unsafe { self.0.add(at).cast::<T>().read_unaligned() }
    }

    #[inline]
    fn slots(self) -> usize {
        (usize::from(self.load::<u16>(12)) - 16) / 2
    }

    #[inline]
    fn node(self, slot: usize) -> usize {
        usize::from(self.load::<u16>(16 + 2 * slot))
    }

    #[inline]
    fn child(self, slot: usize) -> u64 {
        self.load::<u64>(self.node(slot)) & 0xFFFF_FFFF_FFFF
    }

    #[inline]
    fn key(self, slot: usize) -> u64 {
        u64::from_be(self.load::<u64>(self.node(slot) + 8))
    }

    #[inline]
    fn value<'a>(self, slot: usize) -> &'a [u8] {
        let node = self.node(slot);
        let header = self.load::<u64>(node);
        #[expect(clippy::cast_possible_truncation, reason = "the fields of the word")]
        let (size, key) = (header as u32 as usize, (header >> 48) as usize);
        // SAFETY: as above.
        unsafe { std::slice::from_raw_parts(self.0.add(node + 8 + key), size) }
    }

    /// Prefetches the line of a byte. A hint: any address is fine.
    #[inline]
    fn prefetch_line(self, at: usize) {
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            // SAFETY: a prefetch reads nothing that the program sees.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(self.0.wrapping_add(at).cast()) };
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = at;
    }

    /// Prefetches all lines with slots and nodes in them; the free space in between is never read.
    #[inline]
    fn prefetch_used(self, page_size: usize) {
        self.prefetch_line(LINE);
        let upper = usize::from(self.load::<u16>(14));
        for at in (upper / LINE * LINE..page_size).step_by(LINE) {
            self.prefetch_line(at);
        }
    }

    /// The last slot of a branch whose key is not above `key`; the first slot for all smaller keys.
    #[inline]
    fn last_at_most(self, key: u64) -> usize {
        let (mut base, mut size) = (1, self.slots() - 1);
        while size > 0 {
            let half = size / 2;
            if self.key(base + half) <= key {
                // Keeps this a jump: a jump is predicted, while a conditional move waits for its operands.
                black_box(());
                base += half + 1;
                size -= half + 1;
            } else {
                size = half;
            }
        }
        base - 1
    }

    /// The first slot of a leaf whose key is not below `key`.
    #[inline]
    fn first_at_least(self, key: u64) -> usize {
        let (mut base, mut size) = (0, self.slots());
        while size > 0 {
            let half = size / 2;
            let below = self.key(base + half) < key;
            base = select_unpredictable(below, base + half + 1, base);
            size = select_unpredictable(below, size - half - 1, half);
        }
        base
    }
}
