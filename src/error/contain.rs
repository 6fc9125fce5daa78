//! Code of the user's that runs on the engine's threads, or among others' work: a panic in it ends there.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `body`; a panic in it goes no further, nor one in the destructor of what it panicked with.
pub(crate) fn contain(body: impl FnOnce()) {
    let Err(payload) = catch_unwind(AssertUnwindSafe(body)) else { return };
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        // Whoever does so twice could go on for ever: this one is leaked.
        mem::forget(second);
    }
}

#[cfg(test)]
mod tests {
    use std::panic::panic_any;

    use super::contain;

    struct PanicsWhenDropped(u32);

    impl Drop for PanicsWhenDropped {
        fn drop(&mut self) {
            if self.0 > 0 {
                panic_any(Self(self.0 - 1));
            }
        }
    }

    #[test]
    fn panics_whose_payloads_panic_end_here() {
        for depth in 0..5 {
            contain(|| panic_any(PanicsWhenDropped(depth)));
        }
    }
}
