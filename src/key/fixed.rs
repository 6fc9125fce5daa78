//! Keys of a fixed width, whose bytes are the same alone and in a tuple.

/// Implements `Key` and `AsKey` for a `Copy` type: `fixed_key!(type, schema name, width, to bytes, from bytes)`.
///
/// Both directions return a `Result` over `[u8; width]`, so that a type may reject values and stored bytes. If
/// rejected values have a position in the order, the last argument computes it: `([u8; width], Position)`.
macro_rules! fixed_key {
    ($type:ty, $name:expr, $width:literal, $to:expr, $from:expr $(, $position:expr)?) => {
        impl $crate::key::Key for $type {
            type Arg<'a> = $type;
            type Ref<'a> = $type;
            type Part<'a> = $type;
            type Owned = $type;
            const WIDTH: Option<usize> = Some($width);

            fn name(out: &mut String) {
                out.push_str($name);
            }

            #[inline]
            fn encode<'b>(key: &'b $type, buf: &'b mut $crate::key::KeyBuf) -> $crate::error::Result<&'b [u8]> {
                let to_bytes: fn($type) -> $crate::error::Result<[u8; $width]> = $to;
                // Replace the buffer by a new one, which takes one store of the bytes and one of the length. Extending
                // the old buffer would call a copy whose length is not known at compile time.
                *buf = $crate::key::KeyBuf::from_slice(&to_bytes(*key)?);
                Ok(buf)
            }

            #[inline]
            fn encode_part(key: &$type, buf: &mut $crate::key::KeyBuf) -> $crate::error::Result<()> {
                let to_bytes: fn($type) -> $crate::error::Result<[u8; $width]> = $to;
                buf.extend_from_slice(&to_bytes(*key)?);
                Ok(())
            }

            #[inline]
            fn decode(bytes: &[u8]) -> $crate::error::Result<$type> {
                let mut rest = bytes;
                let key = <$type as $crate::key::Key>::decode_part(&mut rest)?;
                if rest.is_empty() { Ok(key) } else { Err($crate::key::malformed::trailing($name)) }
            }

            #[inline]
            fn decode_part(bytes: &mut &[u8]) -> $crate::error::Result<$type> {
                let from_bytes: fn([u8; $width]) -> $crate::error::Result<$type> = $from;
                let (head, rest) =
                    bytes.split_first_chunk().ok_or_else(|| $crate::key::malformed::truncated($name))?;
                let key = from_bytes(*head)?;
                *bytes = rest;
                Ok(key)
            }

            fn own(key: $type) -> $type {
                key
            }

            fn own_part(part: $type) -> $type {
                part
            }
        }

        fixed_key!(@as_key $type, $type, $width $(, $position)?);
        fixed_key!(@as_key $type, &$type, $width $(, $position)?);
    };
    (@as_key $key:ty, $form:ty, $width:literal $(, $position:expr)?) => {
        impl $crate::key::AsKey<$key> for $form {
            #[inline]
            fn encode_key<'b>(&'b self, buf: &'b mut $crate::key::KeyBuf) -> $crate::error::Result<&'b [u8]> {
                <$key as $crate::key::Key>::encode(self, buf)
            }

            #[inline]
            fn encode_key_part(&self, buf: &mut $crate::key::KeyBuf) -> $crate::error::Result<()> {
                <$key as $crate::key::Key>::encode_part(self, buf)
            }

            $(
                fn encode_bound<'b>(
                    &'b self,
                    buf: &'b mut $crate::key::KeyBuf,
                ) -> $crate::error::Result<(&'b [u8], $crate::key::Position)> {
                    buf.clear();
                    let position = $crate::key::AsKey::<$key>::encode_bound_part(self, buf)?;
                    Ok((buf, position))
                }

                fn encode_bound_part(
                    &self,
                    buf: &mut $crate::key::KeyBuf,
                ) -> $crate::error::Result<$crate::key::Position> {
                    let to_position: fn(&$key) -> ([u8; $width], $crate::key::Position) = $position;
                    let (bytes, position) = to_position(self);
                    buf.extend_from_slice(&bytes);
                    Ok(position)
                }
            )?
        }
    };
}

pub(super) use fixed_key;
