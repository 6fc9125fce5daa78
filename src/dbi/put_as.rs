//! Values of serde types that are written from another type.

use serde::de::DeserializeOwned;
use serde::ser::Serialize;

use crate::dbi::handle::Dbi;
use crate::error::{Error, Result};
use crate::key::{Key, KeyBuf};
use crate::txn::Write;
#[cfg(feature = "json")]
use crate::value::Json;
use crate::value::{Msgpack, MsgpackCompact};

macro_rules! put_as {
    ($($value:ident),+) => {$(
        impl<K: Key, T: Serialize + DeserializeOwned + 'static> Dbi<K, $value<T>> {
            /// Stores a `U` under `key` that is read as a `T`: usually the borrowed form of `T`, so that no `T` has to be
            /// made. Costs as [`put`](Self::put), and reads each value back as a `T`, which is compared.
            ///
            /// To serde, both must tell the same: the same fields and variants with the same names, in the same order, and
            /// numbers of the same width. Names of structs may differ.
            ///
            /// # Errors
            /// As [`put`](Self::put); `Encode` for a value that is not read as the same `T`.
            ///
            /// ```
            #[doc = concat!("use mapleaf::{Dbi, Env, ", stringify!($value), "};")]
            ///
            /// #[derive(serde::Serialize, serde::Deserialize)]
            /// struct User { name: String, age: u32 }
            ///
            /// #[derive(serde::Serialize)]
            /// struct UserRef<'a> { name: &'a str, age: u32 }
            ///
            /// # fn main() -> mapleaf::Result<()> {
            /// let env = Env::temporary()?;
            #[doc = concat!("let users: Dbi<u64, ", stringify!($value), "<User>> = env.dbi(\"users\")?;")]
            /// let name = "Ann";
            /// env.transact(|txn| users.put_as(txn, 1, &UserRef { name, age: 42 }))?;
            /// let ann = users.get(&env.snapshot()?, 1)?;
            /// assert_eq!(ann.map(|user| (user.name, user.age)), Some(("Ann".to_owned(), 42)));
            /// # Ok(())
            /// # }
            /// ```
            pub fn put_as<U: Serialize + ?Sized>(
                &self,
                txn: &mut impl Write,
                key: K::Arg<'_>,
                value: &U,
            ) -> Result<()> {
                let txn = txn.write_txn().open();
                let (mut key_buf, mut buf) = (KeyBuf::new(), Vec::new());
                let put = |key: &[u8]| {
                    $value::<T>::write_as(value, &mut buf).map_err(|error| error.at_key(key))?;
                    txn.raw_put(&self.dbi, key, &buf)
                };
                let put = Self::encode(&key, &mut key_buf).and_then(put);
                put.map_err(|error: Error| self.named(error, "put_as"))
            }
        }
    )+};
}

put_as!(Msgpack, MsgpackCompact);
#[cfg(feature = "json")]
put_as!(Json);
