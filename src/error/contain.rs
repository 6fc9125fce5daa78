//! Contains panics of the user's code: it runs on the engine's threads, or between the work of other callers.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `body` and stops a panic in it, and also a panic in the destructor of the payload.
pub(crate) fn contain(body: impl FnOnce()) {
    let Err(payload) = catch_unwind(AssertUnwindSafe(body)) else { return };
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        // Leak the payload of the second panic: dropping it could panic again, and so on without end.
        mem::forget(second);
    }
}

/// Runs `body`, and stops a panic in it, whose message is returned.
pub(crate) fn contained<T>(body: impl FnOnce() -> T) -> Result<T, String> {
    let (mut outcome, mut message) = (None, String::from("no message"));
    contain(|| match catch_unwind(AssertUnwindSafe(body)) {
        Ok(value) => outcome = Some(value),
        Err(payload) => {
            if let Some(text) = payload.downcast_ref::<&str>() {
                (*text).clone_into(&mut message);
            } else if let Some(text) = payload.downcast_ref::<String>() {
                message.clone_from(text);
            }
            drop(payload);
        }
    });
    outcome.ok_or(message)
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
