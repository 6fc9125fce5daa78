//! Doubt: where the writer cannot tell whether what it writes can be read, and only reading it back does.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;

/// Whether a value that is being written is to be read back.
#[derive(Default)]
pub(in crate::value) struct Doubt {
    arisen: Cell<bool>,
}

/// Fields are forgotten when so many were proven: a program has no more of them.
const MOST: usize = 4096;

thread_local! {
    /// Fields that were left out before, and read back: by where the names of their struct and their own lie. Whether a type
    /// has a default for a field does not change from value to value.
    static PROVEN: RefCell<HashSet<(usize, usize)>> = RefCell::default();
}

impl Doubt {
    /// A value is written that some types cannot read.
    #[inline]
    pub(super) fn arise(&self) {
        self.arisen.set(true);
    }

    /// The field `key` of `name` is left out.
    pub(super) fn arise_once(&self, name: &'static str, key: &'static str) {
        let field = (name.as_ptr().addr(), key.as_ptr().addr());
        let is_new = PROVEN.try_with(|proven| {
            let mut proven = proven.borrow_mut();
            if proven.len() >= MOST {
                proven.clear();
            }
            proven.insert(field)
        });
        if is_new.unwrap_or(true) {
            self.arise();
        }
    }

    /// Whether the value is to be read back.
    #[inline]
    pub(in crate::value) fn has_arisen(&self) -> bool {
        self.arisen.get()
    }

    /// The value could not be read back: nothing of it is proven.
    #[cold]
    pub(in crate::value) fn was_right() {
        let _ = PROVEN.try_with(|proven| proven.borrow_mut().clear());
    }
}
