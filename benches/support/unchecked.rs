//! A crude reader without a check: what the page reader would do if no file were ever damaged. It shows what the checks
//! cost, and what the machine allows.
//!
//! It knows one kind of tree: eight-byte keys, values inside their leaves. On any other file it is undefined behaviour.
#![expect(unsafe_code, reason = "that is its point: it reads where the file says, whatever the file says")]

use std::path::Path;

use super::{Mapped, Outcome};

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
    /// Maps the file and looks for the tree, with care.
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
        // SAFETY: none but that the file is healthy.
        Page(unsafe { self.map.bytes().as_ptr().add(at) })
    }

    /// All entries in order.
    pub(crate) fn for_each(&self, mut each: impl FnMut(u64, &[u8])) {
        if self.depth > 0 {
            self.walk(self.page(self.root), self.depth, None, &mut each);
        }
    }

    fn walk(&self, page: Page, depth: u16, next: Option<u64>, each: &mut impl FnMut(u64, &[u8])) {
        if depth == 1 {
            if let Some(next) = next {
                self.prefetch(next);
            }
            for slot in 0..page.slots() {
                each(page.key(slot), page.value(slot));
            }
            return;
        }
        let slots = page.slots();
        for slot in 0..slots {
            let next = (depth == 2 && slot + 1 < slots).then(|| page.child(slot + 1));
            self.walk(self.page(page.child(slot)), depth - 1, next, each);
        }
    }

    /// The value of one key.
    #[inline]
    pub(crate) fn get(&self, key: u64) -> Option<&[u8]> {
        let mut page = self.page(self.root);
        for _ in 1..self.depth {
            let slot = page.search::<false>(1, |stored| stored <= key) - 1;
            page = self.page(page.child(slot));
        }
        let slot = page.search::<true>(0, |stored| stored < key);
        (slot < page.slots() && page.key(slot) == key).then(|| page.value(slot))
    }

    /// Asks for all lines of a page.
    #[inline]
    fn prefetch(&self, number: u64) {
        for line in (0..self.page_size).step_by(64) {
            prefetch_line(self.page(number).0.wrapping_add(line));
        }
    }
}

/// Asks the processor to bring in a line. A hint: any address is fine.
#[inline]
fn prefetch_line(at: *const u8) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch reads nothing that the program sees.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}

// SAFETY of all below: none but that the file is healthy.
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

    /// Asks for the node in a slot, or for what stands where one more slot would.
    #[inline]
    fn prefetch(self, slot: usize) {
        prefetch_line(self.0.wrapping_add(self.node(slot)));
    }

    /// The first slot from `from` on whose key is not `before`. With `AHEAD` both keys that may be next are asked for
    /// while one is compared.
    #[inline]
    fn search<const AHEAD: bool>(self, from: usize, before: impl Fn(u64) -> bool) -> usize {
        let (mut base, mut size) = (from, self.slots() - from);
        while size > 0 {
            let half = size / 2;
            if AHEAD {
                self.prefetch(base + half / 2);
                self.prefetch(base + half + 1 + (size - half - 1) / 2);
            }
            if before(self.key(base + half)) {
                base += half + 1;
                size -= half + 1;
            } else {
                size = half;
            }
        }
        base
    }
}
