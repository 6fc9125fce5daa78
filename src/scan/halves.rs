//! Iterators over keys alone and over values alone. What is not returned is not decoded.

use std::fmt;
use std::iter::FusedIterator;

use crate::error::Result;
use crate::key::Key;
use crate::scan::entries::Entries;
use crate::txn::Read;
use crate::value::Value;

macro_rules! half {
    ($(#[$doc:meta])* $name:ident, $what:literal, $item:ty, |$entries:ident, $key:ident, $value:ident| $decode:expr) => {
        $(#[$doc])*
        pub struct $name<'t, R: Read + 't, K, V>(pub(super) Entries<'t, R, K, V>);

        impl<'t, R: Read + 't, K: Key, V: Value> $name<'t, R, K, V> {
            /// Moves the front to the first remaining entry at or above `key`; never backward. O(log n).
            ///
            /// # Errors
            /// `InvalidKey` for a key that has no position in the order (NaN); `Corrupted`.
            pub fn seek(&mut self, key: K::Arg<'_>) -> Result<()> {
                self.0.seek(key)
            }

            #[inline]
            fn decode(&self, entry: Result<(&'t [u8], &'t [u8])>) -> Result<$item> {
                let $entries = &self.0;
                entry.and_then(|($key, $value)| $decode).map_err(|error| $entries.named(error))
            }
        }

        impl<'t, R: Read + 't, K: Key, V: Value> Iterator for $name<'t, R, K, V> {
            type Item = Result<$item>;

            #[inline]
            fn next(&mut self) -> Option<Self::Item> {
                let entry = self.0.next_raw()?;
                Some(self.decode(entry))
            }
        }

        impl<'t, R: Read + 't, K: Key, V: Value> DoubleEndedIterator for $name<'t, R, K, V> {
            #[inline]
            fn next_back(&mut self) -> Option<Self::Item> {
                let entry = self.0.next_back_raw()?;
                Some(self.decode(entry))
            }
        }

        impl<'t, R: Read + 't, K: Key, V: Value> FusedIterator for $name<'t, R, K, V> {}

        impl<'t, R: Read + 't, K, V> fmt::Debug for $name<'t, R, K, V> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple($what).field(&self.0).finish()
            }
        }
    };
}

half!(
    /// Keys in order, double-ended: what `keys` returns. Values are not decoded.
    Keys, "Keys", K::Ref<'t>, |entries, key, _value| entries.context().decode_key::<K>(key)
);
half!(
    /// Values in the order of their keys, double-ended: what `values` returns. Keys are not decoded.
    Values, "Values", V::Ref<'t>, |entries, key, value| entries.context().decode_value::<V>(key, value)
);
