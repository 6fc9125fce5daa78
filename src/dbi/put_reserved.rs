//! Byte values that are written in place.

use crate::dbi::handle::Dbi;
use crate::error::{Error, Result};
use crate::key::{Key, KeyBuf};
use crate::txn::Write;

macro_rules! put_reserved {
    ($($value:ty),+) => {$(
        impl<K: Key> Dbi<K, $value> {
            /// Stores a value of `len` bytes under `key`, which `fill` writes in place: into the memory of the
            /// transaction, which is zeroed. A large value so needs no buffer of its own, and one copy less than
            /// with [`put`](Self::put).
            ///
            /// A value of 16 MiB or more is in memory once, also while it is committed: 1.04 times its length in all. It
            /// is there twice if the transaction has more than 1,024 changes, if it began while another one was being
            /// committed, or if `max_map_size` leaves too little room; and while it replaces such a value of the same
            /// transaction, since `fill` may fail.
            ///
            /// # Errors
            /// As [`put`](Self::put). Nothing was changed then, nor if `fill` panics.
            ///
            /// ```
            /// # use mapleaf::{Dbi, Env};
            /// # fn main() -> mapleaf::Result<()> {
            /// # let env = Env::temporary()?;
            #[doc = concat!("let images: Dbi<&str, ", stringify!($value), "> = env.dbi(\"images\")?;")]
            /// env.transact(|txn| {
            ///     images.put_reserved(txn, "gradient", 256, |bytes| {
            ///         bytes.iter_mut().zip(0..=255).for_each(|(byte, n)| *byte = n);
            ///     })
            /// })?;
            /// assert_eq!(images.get(&env.snapshot()?, "gradient")?.map(|bytes| bytes[7]), Some(7));
            /// # Ok(())
            /// # }
            /// ```
            #[doc(alias("reserve", "insert_reserve"))]
            pub fn put_reserved(
                &self,
                txn: &mut impl Write,
                key: K::Arg<'_>,
                len: usize,
                fill: impl FnOnce(&mut [u8]),
            ) -> Result<()> {
                self.put_reserved_as("put_reserved", txn, key, len, |bytes| {
                    fill(bytes);
                    Ok::<_, Error>(())
                })
            }

            /// As [`put_reserved`](Self::put_reserved), for a closure that may fail with an error type of its own, as one
            /// that reads from a file does.
            ///
            /// # Errors
            /// What `fill` returns, and those of [`put`](Self::put), converted. Nothing was changed then.
            ///
            /// ```
            /// # use std::io::Read;
            /// # use mapleaf::{Dbi, Env};
            /// # mod anyhow { pub type Error = Box<dyn std::error::Error + Send + Sync>; }
            /// # fn main() -> Result<(), anyhow::Error> {
            /// # let env = Env::temporary()?;
            #[doc = concat!("let files: Dbi<&str, ", stringify!($value), "> = env.dbi(\"files\")?;")]
            /// let mut file = &b"some bytes of a file"[..];
            /// env.transact_or(|txn| {
            ///     files.try_put_reserved::<anyhow::Error>(txn, "a", 10, |bytes| Ok(file.read_exact(bytes)?))
            /// })?;
            /// assert_eq!(files.get(&env.snapshot()?, "a")?.as_deref(), Some(&b"some bytes"[..]));
            /// # Ok(())
            /// # }
            /// ```
            pub fn try_put_reserved<E: From<Error>>(
                &self,
                txn: &mut impl Write,
                key: K::Arg<'_>,
                len: usize,
                fill: impl FnOnce(&mut [u8]) -> Result<(), E>,
            ) -> Result<(), E> {
                self.put_reserved_as("try_put_reserved", txn, key, len, fill)
            }
        }
    )+};
}

put_reserved!(&[u8], Vec<u8>);

/// Who failed while a value was put: mapleaf (`Store`), whose error then gets the name of the DBI and of the
/// operation, or the caller's closure (`Fill`), whose error is returned as it is.
enum Failed<E> {
    Store(Error),
    Fill(E),
}

impl<E> From<Error> for Failed<E> {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

impl<K: Key, V> Dbi<K, V> {
    fn put_reserved_as<E: From<Error>>(
        &self,
        operation: &'static str,
        txn: &mut impl Write,
        key: K::Arg<'_>,
        len: usize,
        fill: impl FnOnce(&mut [u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let txn = txn.write_txn().open();
        let mut buf = KeyBuf::new();
        let put = K::encode(&key, &mut buf)
            .map_err(Failed::Store)
            .and_then(|key| txn.raw_put_filled(&self.dbi, key, len, |bytes| fill(bytes).map_err(Failed::Fill)));
        put.map_err(|failed| match failed {
            Failed::Store(error) => self.named(error, operation).into(),
            Failed::Fill(error) => error,
        })
    }
}
