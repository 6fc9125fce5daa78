//! Doubt: a value is in doubt, and must be read back, if it was written in a way not yet verified to read back the
//! same.

use std::any::TypeId;
use std::cell::{Cell, RefCell};
use std::hash::{Hash, Hasher};

/// The set of verified ways is cleared at this size, so that it cannot grow without end. No program is expected to
/// write so many kinds of values.
const MOST: usize = 1 << 15;

thread_local! {
    /// The ways of writing that were verified on this thread. While a value is written, they are taken out of here. So
    /// a value that is written inside another one starts with an empty set.
    static SEEN: Cell<Seen> = const { Cell::new(Seen::NONE) };
}

/// A way of writing: a kind of content, of a type, at a position in another type.
///
/// The reader is given the type at a position, not the value. So if one value reads back the same, all values written
/// in the same way do, unless the reader inspects the value to find its type.
pub(super) type Way = u64;

/// Mixed with a type's number, to note among the ways of writing that the type's values are read by inspecting them.
const BY_INSPECTION: u64 = 0x6c6f_6f6b;

/// Combined with a codec's number for values of another type than they are read as, whose ways of writing are noted
/// apart.
const OF_ANOTHER: u64 = 1 << 8;

/// One step of a cheap 64-bit hash.
#[inline]
pub(super) const fn mix(a: u64, b: u64) -> u64 {
    (a.rotate_left(5) ^ b).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// A number for a static text, from its address and length. The caller must mix its bits.
#[inline]
pub(super) fn of_static(text: &'static str) -> u64 {
    (text.as_ptr().addr() as u64) ^ ((text.len() as u64) << 48)
}

/// A set of ways of writing; 0 is not a member.
#[derive(Default)]
struct Seen {
    slots: Vec<Way>,
    count: usize,
}

impl Seen {
    const NONE: Self = Self { slots: Vec::new(), count: 0 };

    #[inline]
    fn has(&self, way: Way) -> bool {
        let Some(mask) = self.slots.len().checked_sub(1) else { return false };
        // A way is the product of a multiplication. The upper bits of a product depend on more bits of the input than
        // the lower ones, so the upper ones choose the slot.
        let mut at = (way >> 32) as usize & mask;
        loop {
            match self.slots[at & mask] {
                found if found == way => return true,
                0 => return false,
                _ => at += 1,
            }
        }
    }

    #[cold]
    fn add(&mut self, way: Way) {
        if self.has(way) {
            return;
        }
        if self.count >= MOST {
            *self = Self::default();
        }
        if self.slots.len() < 4 * (self.count + 1) {
            let more = vec![0; (self.slots.len() * 2).max(256)];
            let old = std::mem::replace(&mut self.slots, more);
            old.into_iter().filter(|way| *way != 0).for_each(|way| self.insert(way));
        }
        self.insert(way);
        self.count += 1;
    }

    fn insert(&mut self, way: Way) {
        let mask = self.slots.len() - 1;
        let mut at = (way >> 32) as usize & mask;
        while self.slots[at] != 0 {
            at = (at + 1) & mask;
        }
        self.slots[at] = way;
    }
}

/// What is in doubt about a value that is being written.
pub(in crate::value) struct Doubt {
    seen: Seen,
    /// A number for the type and the codec that the value is written with.
    root: u64,
    /// Whether values of the type are read by inspecting them: each value is then in doubt, however it is written.
    always: bool,
    /// Whether a value of another type is written, to be read as this type. Then even a number is in doubt.
    is_of_another: bool,
    new: RefCell<Seen>,
    /// The type that was written directly inside a `Some` with the same bytes as `None`.
    nothing: Cell<Option<&'static str>>,
    /// Whether a part called `is_human_readable`, and may lose something in the form that it then wrote. The ways of
    /// writing do not show this, so the value is in doubt whatever was verified before.
    forks: Cell<bool>,
}

impl Doubt {
    /// No doubt yet, for a value of `T`; `codec` is the codec's number.
    #[inline]
    pub(in crate::value) fn of<T: 'static>(codec: u64) -> Self {
        Self::begin::<T>(codec, false)
    }

    /// No doubt yet, for a value of another type that is to be read as a `T`. The ways in which it is written prove
    /// nothing about values of `T`.
    pub(in crate::value) fn of_another<T: 'static>(codec: u64) -> Self {
        Self::begin::<T>(codec | OF_ANOTHER, true)
    }

    #[inline]
    fn begin<T: 'static>(codec: u64, is_of_another: bool) -> Self {
        let seen = SEEN.try_with(Cell::take).unwrap_or_default();
        let mut root = Mixed(codec);
        TypeId::of::<T>().hash(&mut root);
        let root = root.finish();
        let always = seen.has(mix(root, BY_INSPECTION) | 1);
        let (new, nothing, forks) = (RefCell::default(), Cell::default(), Cell::default());
        Self { seen, root, always, is_of_another, new, nothing, forks }
    }

    #[inline]
    pub(super) fn is_of_another(&self) -> bool {
        self.is_of_another
    }

    #[inline]
    pub(super) fn root(&self) -> u64 {
        self.root
    }

    /// Notes a way of writing that occurs in the value.
    #[inline]
    pub(super) fn meets(&self, way: Way) {
        if !self.always && !self.seen.has(way | 1) {
            self.meets_new(way | 1);
        }
    }

    #[cold]
    fn meets_new(&self, way: Way) {
        self.new.borrow_mut().add(way);
    }

    /// Notes that `what` is directly inside a `Some`, and is written with the same bytes as `None`.
    #[cold]
    pub(super) fn meets_nothing(&self, what: &'static str) {
        self.nothing.set(Some(what));
    }

    /// The type that was written directly inside a `Some` with the same bytes as `None`.
    pub(in crate::value) fn nothing(&self) -> Option<&'static str> {
        self.nothing.get()
    }

    /// Notes that a part called `is_human_readable`.
    #[inline]
    pub(super) fn meets_fork(&self) {
        self.forks.set(true);
    }

    /// Whether a part chose between two forms.
    pub(in crate::value) fn forks(&self) -> bool {
        self.forks.get()
    }

    /// Whether the value must be read back before it is stored.
    #[inline]
    pub(in crate::value) fn has_arisen(&self) -> bool {
        self.always || self.forks.get() || self.new.borrow().count > 0
    }

    /// Whether every value of the type is read back.
    pub(in crate::value) fn is_lasting(&self) -> bool {
        self.always
    }

    /// Records that the type's values are read by inspecting them. So from now on every value of the type is read back.
    pub(in crate::value) fn lasts(&mut self) {
        self.seen.add(mix(self.root, BY_INSPECTION) | 1);
    }

    /// Records that the value read back the same. So all values that are written in the same ways are not in doubt any
    /// more.
    #[cold]
    pub(in crate::value) fn is_settled(&mut self) {
        self.new.take().slots.into_iter().filter(|way| *way != 0).for_each(|way| self.seen.add(way));
    }
}

impl Drop for Doubt {
    #[inline]
    fn drop(&mut self) {
        let seen = std::mem::take(&mut self.seen);
        // `try_with` fails if the thread is ending and its thread-local is gone. Then `seen` is not needed any more.
        let _ = SEEN.try_with(|cell| cell.set(seen));
    }
}

/// A cheap hasher: its input is already a hash, or cannot be chosen by an attacker.
pub(super) struct Mixed(pub(super) u64);

impl Hasher for Mixed {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let (chunks, rest) = bytes.as_chunks::<8>();
        for chunk in chunks {
            self.write_u64(u64::from_le_bytes(*chunk));
        }
        for byte in rest {
            self.write_u8(*byte);
        }
    }

    #[inline]
    fn write_u8(&mut self, part: u8) {
        self.write_u64(u64::from(part));
    }

    #[inline]
    fn write_u64(&mut self, part: u64) {
        self.0 = mix(self.0 ^ (self.0 >> 32), part);
    }

    #[inline]
    fn write_usize(&mut self, part: usize) {
        self.write_u64(part as u64);
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }
}
