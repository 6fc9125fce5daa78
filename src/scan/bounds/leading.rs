//! Writes an implementation for every way to name the leading elements of a tuple of up to eight.

/// Calls `$emit! { (before) last (behind) }` for every tuple and each number of its leading elements, `last` being the
/// last of these. An element is `[key type, type of the value passed, index]`. What is given `with` comes first.
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
    (@from $emit:tt $first:tt $($behind:tt)*) => {
        for_leading_elements!(@split $emit () $first ($($behind)*));
    };
    (@split ($emit:ident $($how:tt)?) ($($before:tt)*) $last:tt ()) => {
        $emit! { $($how)? ($($before)*) $last () }
    };
    (@split ($emit:ident $($how:tt)?) ($($before:tt)*) $last:tt ($next:tt $($behind:tt)*)) => {
        $emit! { $($how)? ($($before)*) $last ($next $($behind)*) }
        for_leading_elements!(@split ($emit $($how)?) ($($before)* $last) $next ($($behind)*));
    };
}

/// For `for_leading_elements!`, with `{ Prefix::bounds, Last, |last, buf| append }`: implements the trait `Prefix`, which is
/// sealed, by its method `bounds`. The last of the leading elements is a `Last` of its key type, and written to the buffer by
/// `append`, which says where it stands to its bytes; the ones before it are whole. No key begins with what has no bytes.
macro_rules! leading_prefix {
    // All elements: also the place to say which tuples are prefixes at all.
    ($how:tt ($([$a:ident $p:ident $i:tt])*) [$b:ident $q:ident $j:tt] ()) => {
        impl<$($p,)* $q> sealed::Sealed for ($($p,)* $q,) {}

        leading_prefix! { @implement $how ($([$a $p $i])*) [$b $q $j] () }
    };
    ($how:tt ($($before:tt)*) $last:tt ($($behind:tt)+)) => {
        leading_prefix! { @implement $how ($($before)*) $last ($($behind)+) }
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
