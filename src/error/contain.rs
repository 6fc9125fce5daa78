//! Contains panics of the user's code: it runs on the engine's threads, or between the work of other callers.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `body` and stops a panic in it, and also a panic in the destructor of the payload.
pub(crate) fn contain(body: impl FnOnce()) {
    let Err(payload) = catch_unwind(AssertUnwindSafe(body)) else { return };
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        // The payload of the second panic is leaked: dropping it could panic again, without end.
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
