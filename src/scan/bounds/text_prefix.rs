//! Prefixes of tuples whose last element is incomplete: `(user, "al")`.

use crate::error::Result;
use crate::key::{AsKey, Key, KeyBuf, Position, escape};
use crate::scan::bounds::byte_bounds::ByteBounds;
use crate::scan::bounds::leading::{for_leading_elements, leading_prefix};
use crate::scan::bounds::texts::for_text_and_bytes;

/// Leading elements of a tuple key whose last one is the beginning of a text: `(7, "al")` represents `(7, "al")`,
/// `(7, "alice")` and so on, but not `(8, "al")`.
///
/// The last element is text or bytes; the ones before it are whole. Sealed to tuples.
///
/// ```
/// use mapleaf::key::{AsKey, KeyBuf};
/// use mapleaf::scan::TextPrefix;
///
/// let bounds = TextPrefix::<(u64, &str)>::text_prefix_bounds(&(7, "al"))?;
/// let mut buf = KeyBuf::new();
/// assert!(bounds.contains(AsKey::<(u64, &str)>::encode_key(&(7, "alice"), &mut buf)?));
/// assert!(!bounds.contains(AsKey::<(u64, &str)>::encode_key(&(7, "bob"), &mut buf)?));
/// # Ok::<(), mapleaf::Error>(())
/// ```
///
/// A number cannot be incomplete:
///
/// ```compile_fail,E0277
/// # fn prefix_text<K: mapleaf::key::Key>(prefix: impl mapleaf::scan::TextPrefix<K>) {}
/// prefix_text::<(u64, &str)>((7,));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a prefix of `{K}` keys that ends within a text",
    label = "not leading elements of a `{K}` key with a text as the last",
    note = "give the leading elements of a tuple key, the last of them the beginning of a text or bytes element: `(user, \"al\")`"
)]
pub trait TextPrefix<K: Key>: sealed::Sealed {
    /// The range of encoded keys that begin with this prefix. Up to 64 bytes allocate nothing.
    ///
    /// # Errors
    /// `InvalidKey` for an element that has no position in the order (NaN).
    fn text_prefix_bounds(&self) -> Result<ByteBounds>;
}

/// The beginning of a text or bytes element `K`.
///
/// Implemented for the types that such an element is passed as, and for `&str` and `&[u8]` where a derived newtype is
/// text or bytes. For a [`KeyAs`](crate::key::KeyAs) type that is written by hand and stored as text, implement it for
/// `&str` in one line: `fn beginning(&self) -> &[u8] { self.as_bytes() }`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the beginning of a `{K}` element",
    label = "a `{K}` element cannot begin with this",
    note = "only text and bytes elements can be begun: `prefix_text` takes a text last; `prefix` takes whole elements"
)]
pub trait PartialText<K: Key> {
    /// The bytes that the element begins with, not escaped.
    fn beginning(&self) -> &[u8];
}

macro_rules! partial_text {
    ($($params:tt $form:ty: $($key:ty),+;)+) => {
        $($(partial_text! { @implement $params $form: $key })+)+
    };
    (@implement [$($params:tt)*] $form:ty: $key:ty) => {
        impl<$($params)*> PartialText<$key> for $form {
            fn beginning(&self) -> &[u8] {
                self.as_ref()
            }
        }
    };
}

for_text_and_bytes!(partial_text);

for_leading_elements!(leading_prefix with {
    TextPrefix::text_prefix_bounds, PartialText, |last, buf| {
        escape(last.beginning(), buf);
        Position::At
    }
});

mod sealed {
    pub trait Sealed {}
}
