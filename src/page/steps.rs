//! In test builds: counts what this thread has read. Tests of costs use these counts, not time.

use std::cell::Cell;

thread_local! {
    static PAGES: Cell<u64> = const { Cell::new(0) };
    static OTHERS: Cell<u64> = const { Cell::new(0) };
}

/// Notes the read of a page, or of a run of pages.
pub(crate) fn note_page() {
    PAGES.set(PAGES.get() + 1);
}

/// Notes the read of an entry of a page, or of a change.
pub(crate) fn note() {
    OTHERS.set(OTHERS.get() + 1);
}

/// Counts the pages that `body` reads.
pub(crate) fn pages_of<T>(body: impl FnOnce() -> T) -> (T, u64) {
    let before = PAGES.get();
    let made = body();
    (made, PAGES.get() - before)
}

/// Counts the pages, entries and changes that `body` reads.
pub(crate) fn steps_of<T>(body: impl FnOnce() -> T) -> (T, u64) {
    let before = PAGES.get() + OTHERS.get();
    let made = body();
    (made, PAGES.get() + OTHERS.get() - before)
}
