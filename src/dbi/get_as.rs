//! Point reads of serde values as another type.

use serde::Deserialize;

use crate::dbi::handle::Dbi;
use crate::error::Result;
use crate::key::{Key, KeyBuf};
use crate::txn::Read;
use crate::value::{Msgpack, MsgpackCompact, Value, decode_as};

macro_rules! get_as {
    ($($value:ident),+) => {$(
        impl<K: Key, T> Dbi<K, $value<T>>
        where
            $value<T>: Value,
        {
            /// The value of `key` as a `U` that may borrow its text and bytes from the state, so that they are not
            /// copied.
            ///
            /// # Errors
            /// As [`Dbi`] says.
            ///
            /// ```
            #[doc = concat!("use mapleaf::{Dbi, Env, ", stringify!($value), "};")]
            ///
            /// #[derive(serde::Serialize, serde::Deserialize)]
            /// struct User { name: String, age: u32 }
            ///
            /// #[derive(serde::Deserialize)]
            /// struct UserRef<'a> { name: &'a str, age: u32 }
            ///
            /// # fn main() -> mapleaf::Result<()> {
            /// let env = Env::temporary()?;
            #[doc = concat!("let users: Dbi<u64, ", stringify!($value), "<User>> = env.dbi(\"users\")?;")]
            /// env.transact(|txn| users.put(txn, 1, &User { name: "Ann".into(), age: 42 }))?;
            /// let snap = env.snapshot()?;
            /// let ann: Option<UserRef> = users.get_as(&snap, 1)?;
            /// assert_eq!(ann.map(|user| (user.name, user.age)), Some(("Ann", 42)));
            /// # Ok(())
            /// # }
            /// ```
            pub fn get_as<'t, U: Deserialize<'t>>(&self, state: &'t impl Read, key: K::Arg<'_>) -> Result<Option<U>> {
                let mut buf = KeyBuf::new();
                let read = |key: &[u8]| match self.raw_get(state, key)? {
                    Some(value) => decode_as(value).map(Some).map_err(|error| error.at_key(key)),
                    None => Ok(None),
                };
                Self::sought(&key, &mut buf).and_then(read).map_err(|error| self.named(error, "get_as"))
            }
        }
    )+};
}

get_as!(Msgpack, MsgpackCompact);
