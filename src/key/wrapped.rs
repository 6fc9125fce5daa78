//! What the key types that wrap another one have in common: `Option` and `Reverse`.

use crate::key::Key;

/// Appends the name of `wrapper` around `K` keys.
pub(super) fn wrapped_name<K: Key>(wrapper: &str, out: &mut String) {
    out.push_str(wrapper);
    out.push('<');
    K::name(out);
    out.push('>');
}

/// Implements `AsKey<Wrapper<K>>` for a wrapped argument and for a reference to one, by `Wrapper, |key, buf| bound`.
/// `bound` appends the bytes of an element of a bound, and is its position.
///
/// For `K::Arg` and not for every `AsKey<K>`, because the types of a bare `None` and of `Reverse(None)` could not be
/// inferred.
macro_rules! as_wrapped_key {
    ($wrapper:ident, |$key:ident, $buf:ident| $bound:expr) => {
        as_wrapped_key!(@implement $wrapper, $wrapper<K::Arg<'_>>, |$key, $buf| $bound);
        as_wrapped_key!(@implement $wrapper, &$wrapper<K::Arg<'_>>, |key, buf| {
            AsKey::<$wrapper<K>>::encode_bound_part(*key, buf)
        });
    };
    (@implement $wrapper:ident, $form:ty, |$key:ident, $buf:ident| $bound:expr) => {
        impl<K: Key> AsKey<$wrapper<K>> for $form {
            fn encode_key<'b>(&'b self, buf: &'b mut KeyBuf) -> Result<&'b [u8]> {
                <$wrapper<K> as Key>::encode(self, buf)
            }

            fn encode_key_part(&self, buf: &mut KeyBuf) -> Result<()> {
                <$wrapper<K> as Key>::encode_part(self, buf)
            }

            fn encode_bound<'b>(&'b self, buf: &'b mut KeyBuf) -> Result<(&'b [u8], Position)> {
                bound_alone(buf, |buf| AsKey::<$wrapper<K>>::encode_bound_part(self, buf))
            }

            fn encode_bound_part(&self, $buf: &mut KeyBuf) -> Result<Position> {
                let $key = self;
                $bound
            }
        }
    };
}

pub(super) use as_wrapped_key;
