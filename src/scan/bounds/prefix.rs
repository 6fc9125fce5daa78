//! Prefixes of keys: of text and bytes by their bytes, of tuples by their leading elements.

use crate::error::Result;
use crate::key::{AsKey, Key, KeyBuf, Path, Position};
use crate::scan::bounds::byte_bounds::ByteBounds;
use crate::scan::bounds::leading::{for_leading_elements, leading_prefix};
use crate::scan::bounds::texts::for_text_and_bytes;

/// A prefix of `K` keys: text or bytes that such keys begin with, or the leading elements of a tuple key.
///
/// Empty text and empty bytes are a prefix of all keys. A text prefix is compared by bytes, which for text is the
/// same as by characters. Only text, bytes, tuples and paths have prefixes; numbers do not.
///
/// Sealed to these prefix types. A key type with `#[derive(mapleaf::Key)]` has its leading fields as prefixes. A
/// [`KeyAs`](crate::key::KeyAs) type that is written by hand has none until you implement one:
///
/// ```
/// use mapleaf::key::KeyAs;
/// use mapleaf::scan::{ByteBounds, KeyPrefix};
///
/// #[derive(Clone, Debug)]
/// struct Visit { user: u64, page: String }
///
/// impl KeyAs for Visit {
///     type As = (u64, &'static str);
///     type Arg<'a> = &'a Visit;
///     const NAME: &'static str = "visit";
///     fn to_key(&self) -> (u64, &str) {
///         (self.user, &self.page)
///     }
///     fn from_key((user, page): (u64, std::borrow::Cow<'_, str>)) -> mapleaf::Result<Self> {
///         Ok(Self { user, page: page.into_owned() })
///     }
/// }
///
/// impl KeyPrefix<Visit> for (u64,) {
///     fn prefix_bounds(&self) -> mapleaf::Result<ByteBounds> {
///         KeyPrefix::<(u64, &str)>::prefix_bounds(self)
///     }
/// }
///
/// let bounds = KeyPrefix::<Visit>::prefix_bounds(&(7,))?;
/// assert_eq!(bounds, ByteBounds::prefix(&7u64.to_be_bytes()));
/// # Ok::<(), mapleaf::Error>(())
/// ```
///
/// A prefix of a number does not compile:
///
/// ```compile_fail,E0277
/// # fn prefix<K: mapleaf::key::Key>(prefix: impl mapleaf::scan::KeyPrefix<K>) {}
/// prefix::<u64>(7);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a prefix of `{K}` keys",
    label = "not a prefix of `{K}` keys",
    note = "text and bytes keys have text and bytes as prefixes; tuple keys have their leading elements, `(a,)` or `(a, b)`; a key type of your own has those that it derives or implements; other keys have none: use a range"
)]
pub trait KeyPrefix<K: Key>: sealed::Sealed {
    /// The range of encoded keys that begin with this prefix. Up to 64 bytes allocate nothing.
    ///
    /// # Errors
    /// `InvalidKey` for an element that has no position in the order (NaN).
    fn prefix_bounds(&self) -> Result<ByteBounds>;
}

macro_rules! byte_prefix {
    ($($params:tt $form:ty: $($key:ty),+;)+) => {$(
        byte_prefix! { @seal $params $form }
        $(byte_prefix! { @implement $params $form: $key })+
    )+};
    (@seal [$($params:tt)*] $form:ty) => {
        impl<$($params)*> sealed::Sealed for $form {}
    };
    (@implement [$($params:tt)*] $form:ty: $key:ty) => {
        impl<$($params)*> KeyPrefix<$key> for $form {
            fn prefix_bounds(&self) -> Result<ByteBounds> {
                let bytes: &[u8] = self.as_ref();
                Ok(ByteBounds::prefix(bytes))
            }
        }
    };
}

for_text_and_bytes!(byte_prefix);

/// The prefix of a listing without prefix: every key begins with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoPrefix;

impl sealed::Sealed for NoPrefix {}

impl<K: Key> KeyPrefix<K> for NoPrefix {
    fn prefix_bounds(&self) -> Result<ByteBounds> {
        Ok(ByteBounds::full())
    }
}

impl sealed::Sealed for &Path {}

/// A path and all paths below it. Segments are whole, so `/a` is no prefix of `/ab`. The empty path is a prefix of
/// all paths.
impl KeyPrefix<Path> for &Path {
    fn prefix_bounds(&self) -> Result<ByteBounds> {
        Ok(ByteBounds::prefix(&self.subtree_bytes()))
    }
}

for_leading_elements!(leading_prefix with {
    KeyPrefix::prefix_bounds, AsKey, |last, buf| last.encode_bound_part(buf)?
});

mod sealed {
    pub trait Sealed {}
}
