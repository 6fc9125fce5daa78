//! Macros that implement a trait for every choice of leading elements of a tuple of up to eight.

/// Calls `$emit! { (before) last (after) }` for every tuple size and each number of leading elements. `last` is the
/// last of the leading elements. An element is `[key type, type of the value passed, index]`. The argument after
/// `with` comes first.
macro_rules! for_leading_elements {
    ($emit:ident $(with $how:tt)?) => {
        for_leading_elements!(@from ($emit $($how)?) [A P 0]);
        for_leading_elements!(@from ($emit $($how)?) [A P 0] [B Q 1]);
        for_leading_elements!(@from ($emit $($how)?) [A P 0] [B Q 1] [C R 2]);
        for_leading_elements!(@from ($emit $($how)?) [A P 0] [B Q 1] [C R 2] [D S 3]);
        for_leading_elements!(@from ($emit $($how)?) [A P 0] [B Q 1] [C R 2] [D S 3] [E T 4]);
        for_leading_elements!(@from ($emit $($how)?) [A P 0] [B Q 1] [C R 2] [D S 3] [E T 4] [F U 5]);
        for_leading_elements!(@from ($emit $($how)?) [A P 0] [B Q 1] [C R 2] [D S 3] [E T 4] [F U 5] [G V 6]);
        for_leading_elements!(@from ($emit $($how)?) [A P 0] [B Q 1] [C R 2] [D S 3] [E T 4] [F U 5] [G V 6] [H W 7]);
    };
    (@from $emit:tt $first:tt $($after:tt)*) => {
        for_leading_elements!(@split $emit () $first ($($after)*));
    };
    (@split ($emit:ident $($how:tt)?) ($($before:tt)*) $last:tt ()) => {
        $emit! { $($how)? ($($before)*) $last () }
    };
    (@split ($emit:ident $($how:tt)?) ($($before:tt)*) $last:tt ($next:tt $($after:tt)*)) => {
        $emit! { $($how)? ($($before)*) $last ($next $($after)*) }
        for_leading_elements!(@split ($emit $($how)?) ($($before)* $last) $next ($($after)*));
    };
}

/// For `for_leading_elements!`, with `{ Prefix::bounds, Last, |last, buf| append }`: implements the sealed trait
/// `Prefix` by its method `bounds`. The last leading element is a `Last` of its key type; `append` writes it to the
/// buffer and returns its position. The elements before it are whole. If an element cannot be encoded, no key begins
/// with the prefix.
macro_rules! leading_prefix {
    // This case, a tuple of all elements, occurs once for each tuple size. So `Sealed` is implemented here, once.
    ($how:tt ($([$a:ident $p:ident $i:tt])*) [$b:ident $q:ident $j:tt] ()) => {
        impl<$($p,)* $q> sealed::Sealed for ($($p,)* $q,) {}

        leading_prefix! { @implement $how ($([$a $p $i])*) [$b $q $j] () }
    };
    ($how:tt ($($before:tt)*) $last:tt ($($after:tt)+)) => {
        leading_prefix! { @implement $how ($($before)*) $last ($($after)+) }
    };
    (
        @implement { $trait:ident::$bounds:ident, $last:ident, |$value:ident, $buf:ident| $append:expr }
        ($([$a:ident $p:ident $i:tt])*) [$b:ident $q:ident $j:tt] ($([$c:ident $r:ident $k:tt])*)
    ) => {
        impl<$($a: Key,)* $b: Key, $($c: Key,)* $($p: AsKey<$a>,)* $q: $last<$b>>
            $trait<($($a,)* $b, $($c,)*)> for ($($p,)* $q,)
        {
            fn $bounds(&self) -> Result<ByteBounds> {
                let mut bytes = KeyBuf::new();
                $(
                    if self.$i.encode_bound_part(&mut bytes)? != Position::At {
                        return Ok(ByteBounds::empty());
                    }
                )*
                let ($value, $buf) = (&self.$j, &mut bytes);
                let position = $append;
                Ok(if position == Position::At { ByteBounds::prefix(&bytes) } else { ByteBounds::empty() })
            }
        }
    };
}

pub(super) use {for_leading_elements, leading_prefix};
