//! In test builds: what this thread has looked at. The laws on costs are held by it, not by time.

use std::cell::Cell;

thread_local! {
    static PAGES: Cell<u64> = const { Cell::new(0) };
    static OTHERS: Cell<u64> = const { Cell::new(0) };
}

/// Notes that a page, or a run of pages, is looked at.
pub(crate) fn note_page() {
    PAGES.set(PAGES.get() + 1);
}

/// Notes that an entry of a page, or a change, is looked at.
pub(crate) fn note() {
    OTHERS.set(OTHERS.get() + 1);
}

/// How many pages `body` looks at.
pub(crate) fn pages_of<T>(body: impl FnOnce() -> T) -> (T, u64) {
    let before = PAGES.get();
    let made = body();
    (made, PAGES.get() - before)
}

/// How many pages, entries and changes `body` looks at.
pub(crate) fn steps_of<T>(body: impl FnOnce() -> T) -> (T, u64) {
    let before = PAGES.get() + OTHERS.get();
    let made = body();
    (made, PAGES.get() + OTHERS.get() - before)
}
