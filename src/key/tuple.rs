//! Tuples of one to eight keys: their elements in sequence. The first element that differs decides the order.
//!
//! No element's encoding is a prefix of another, so the boundaries are unambiguous and tuples can be nested.

use crate::error::Result;
use crate::key::alone::{bound_alone, decode_alone, encode_alone};
use crate::key::{AsKey, Key, KeyBuf, Position};

/// The total width of two neighbours, if both are fixed.
const fn sum(left: Option<usize>, right: Option<usize>) -> Option<usize> {
    match (left, right) {
        (Some(left), Some(right)) => Some(left + right),
        _ => None,
    }
}

macro_rules! tuple_key {
    ($first:ident $first_form:ident 0 $(, $key:ident $form:ident $index:tt)*) => {
        impl<$first: Key, $($key: Key),*> Key for ($first, $($key,)*) {
            type Arg<'a> = ($first::Arg<'a>, $($key::Arg<'a>,)*);
            type Ref<'a> = ($first::Part<'a>, $($key::Part<'a>,)*);
            type Part<'a> = ($first::Part<'a>, $($key::Part<'a>,)*);
            type Owned = ($first::Owned, $($key::Owned,)*);
            const WIDTH: Option<usize> = {
                let width = $first::WIDTH;
                $(let width = sum(width, $key::WIDTH);)*
                width
            };

            fn name(out: &mut String) {
                out.push('(');
                $first::name(out);
                $(
                    out.push(',');
                    $key::name(out);
                )*
                out.push(')');
            }

            #[inline]
            fn encode<'b>(key: &'b Self::Arg<'_>, buf: &'b mut KeyBuf) -> Result<&'b [u8]> {
                encode_alone(buf, |buf| Self::encode_part(key, buf))
            }

            #[inline]
            fn encode_part(key: &Self::Arg<'_>, buf: &mut KeyBuf) -> Result<()> {
                $first::encode_part(&key.0, buf)?;
                $($key::encode_part(&key.$index, buf)?;)*
                Ok(())
            }

            #[inline]
            fn decode(bytes: &[u8]) -> Result<Self::Ref<'_>> {
                decode_alone(bytes, "tuple", Self::decode_part)
            }

            #[inline]
            fn decode_part<'a>(bytes: &mut &'a [u8]) -> Result<Self::Part<'a>> {
                let mut rest = *bytes;
                // Each part is taken from the beginning of `rest`. Rust evaluates the fields of a tuple from left to
                // right, so the parts are read in the order in which they are stored.
                let key = ($first::decode_part(&mut rest)?, $($key::decode_part(&mut rest)?,)*);
                *bytes = rest;
                Ok(key)
            }

            fn own(key: Self::Ref<'_>) -> Self::Owned {
                Self::own_part(key)
            }

            fn own_part(part: Self::Part<'_>) -> Self::Owned {
                ($first::own_part(part.0), $($key::own_part(part.$index),)*)
            }
        }

        tuple_key!(@as_key ($first_form, $($form,)*); $first $first_form 0 $(, $key $form $index)*);
        tuple_key!(@as_key &($first_form, $($form,)*); $first $first_form 0 $(, $key $form $index)*);
    };
    (@as_key $self:ty; $($key:ident $form:ident $index:tt),+) => {
        impl<$($key: Key, $form: AsKey<$key>),+> AsKey<($($key,)+)> for $self {
            #[inline]
            fn encode_key<'b>(&'b self, buf: &'b mut KeyBuf) -> Result<&'b [u8]> {
                encode_alone(buf, |buf| self.encode_key_part(buf))
            }

            #[inline]
            fn encode_key_part(&self, buf: &mut KeyBuf) -> Result<()> {
                $(self.$index.encode_key_part(buf)?;)+
                Ok(())
            }

            #[inline]
            fn encode_bound<'b>(&'b self, buf: &'b mut KeyBuf) -> Result<(&'b [u8], Position)> {
                bound_alone(buf, |buf| self.encode_bound_part(buf))
            }

            #[inline]
            fn encode_bound_part(&self, buf: &mut KeyBuf) -> Result<Position> {
                $(
                    let position = self.$index.encode_bound_part(buf)?;
                    if position != Position::At {
                        return Ok(position);
                    }
                )+
                Ok(Position::At)
            }
        }
    };
}

tuple_key!(A P 0);
tuple_key!(A P 0, B Q 1);
tuple_key!(A P 0, B Q 1, C R 2);
tuple_key!(A P 0, B Q 1, C R 2, D S 3);
tuple_key!(A P 0, B Q 1, C R 2, D S 3, E T 4);
tuple_key!(A P 0, B Q 1, C R 2, D S 3, E T 4, F U 5);
tuple_key!(A P 0, B Q 1, C R 2, D S 3, E T 4, F U 5, G V 6);
tuple_key!(A P 0, B Q 1, C R 2, D S 3, E T 4, F U 5, G V 6, H W 7);
