//! `Reverse`: descending order. The bytes are those of the inner key in a tuple, inverted.
//!
//! A key alone has the tuple form too: inverting reverses the order only if no key is a prefix of another. Otherwise
//! "ab" would still come after "a".

/// A key in descending order: `Reverse(9)` comes before `Reverse(1)`. This is the standard library's type.
///
/// Text and bytes are read as owned values, since their stored bytes are inverted.
///
/// ```
/// use mapleaf::key::{AsKey, KeyBuf, Reverse};
/// let (mut newer, mut older) = (KeyBuf::new(), KeyBuf::new());
/// let newer = AsKey::<Reverse<u64>>::encode_key(&Reverse(9), &mut newer)?;
/// let older = AsKey::<Reverse<u64>>::encode_key(&Reverse(1), &mut older)?;
/// assert!(newer < older);
/// # Ok::<(), mapleaf::Error>(())
/// ```
pub use std::cmp::Reverse;

use crate::error::Result;
use crate::key::alone::{bound_alone, decode_alone, encode_alone};
use crate::key::malformed::truncated;
use crate::key::wrapped::{as_wrapped_key, wrapped_name};
use crate::key::{AsKey, Key, KeyBuf, Position};

impl<K: Key> Key for Reverse<K> {
    type Arg<'a> = Reverse<K::Arg<'a>>;
    type Ref<'a> = Reverse<K::Owned>;
    type Part<'a> = Reverse<K::Owned>;
    type Owned = Reverse<K::Owned>;
    const WIDTH: Option<usize> = K::WIDTH;

    fn name(out: &mut String) {
        wrapped_name::<K>("reverse", out);
    }

    fn encode<'b>(key: &'b Self::Arg<'_>, buf: &'b mut KeyBuf) -> Result<&'b [u8]> {
        encode_alone(buf, |buf| Self::encode_part(key, buf))
    }

    fn encode_part(key: &Self::Arg<'_>, buf: &mut KeyBuf) -> Result<()> {
        let start = buf.len();
        K::encode_part(&key.0, buf)?;
        invert(buf.get_mut(start..).unwrap_or_default());
        Ok(())
    }

    fn decode(bytes: &[u8]) -> Result<Self::Ref<'_>> {
        decode_alone(bytes, "reverse", Self::decode_part)
    }

    fn decode_part<'a>(bytes: &mut &'a [u8]) -> Result<Self::Part<'a>> {
        // If the element has no fixed width, its end is known only after decoding. So everything after it is inverted
        // too.
        let most = K::WIDTH.unwrap_or(bytes.len());
        let mut plain = KeyBuf::from_slice(bytes.get(..most).ok_or_else(|| truncated("reverse"))?);
        invert(&mut plain);
        let mut rest = &plain[..];
        let key = K::own_part(K::decode_part(&mut rest)?);
        let used = plain.len() - rest.len();
        *bytes = bytes.get(used..).unwrap_or_default();
        Ok(Reverse(key))
    }

    fn own(key: Self::Ref<'_>) -> Self::Owned {
        key
    }

    fn own_part(part: Self::Part<'_>) -> Self::Owned {
        part
    }
}

// `AsKey` is implemented for `K::Arg` and not for every `AsKey<K>`, as for `Option`: the compiler could not infer the
// type of `Reverse(None)`.
as_wrapped_key!(Reverse, |key, buf| {
    let start = buf.len();
    let position = AsKey::<K>::encode_bound_part(&key.0, buf)?;
    invert(buf.get_mut(start..).unwrap_or_default());
    Ok(position.reversed())
});

pub(super) fn invert(bytes: &mut [u8]) {
    for byte in bytes {
        *byte = !*byte;
    }
}
