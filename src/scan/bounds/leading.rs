//! Writes an implementation for every way to name the leading elements of a tuple of up to eight.

/// Calls `$emit! { (before) last (behind) }` for every tuple and each number of its leading elements, `last` being the
/// last of these. An element is `[key type, type of the value passed, index]`.
macro_rules! for_leading_elements {
    ($emit:ident) => {
        for_leading_elements!(@from $emit [A P 0]);
        for_leading_elements!(@from $emit [A P 0] [B Q 1]);
        for_leading_elements!(@from $emit [A P 0] [B Q 1] [C R 2]);
        for_leading_elements!(@from $emit [A P 0] [B Q 1] [C R 2] [D S 3]);
        for_leading_elements!(@from $emit [A P 0] [B Q 1] [C R 2] [D S 3] [E T 4]);
        for_leading_elements!(@from $emit [A P 0] [B Q 1] [C R 2] [D S 3] [E T 4] [F U 5]);
        for_leading_elements!(@from $emit [A P 0] [B Q 1] [C R 2] [D S 3] [E T 4] [F U 5] [G V 6]);
        for_leading_elements!(@from $emit [A P 0] [B Q 1] [C R 2] [D S 3] [E T 4] [F U 5] [G V 6] [H W 7]);
    };
    (@from $emit:ident $first:tt $($behind:tt)*) => {
        for_leading_elements!(@split $emit () $first ($($behind)*));
    };
    (@split $emit:ident ($($before:tt)*) $last:tt ()) => {
        $emit! { ($($before)*) $last () }
    };
    (@split $emit:ident ($($before:tt)*) $last:tt ($next:tt $($behind:tt)*)) => {
        $emit! { ($($before)*) $last ($next $($behind)*) }
        for_leading_elements!(@split $emit ($($before)* $last) $next ($($behind)*));
    };
}

pub(super) use for_leading_elements;
