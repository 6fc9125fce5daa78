//! Unsigned integers: big-endian, in their own width. `usize` is stored as `u64`, the same on every machine.

use crate::key::fixed::fixed_key;
use crate::key::malformed::malformed;

macro_rules! unsigned_keys {
    ($($type:ident $width:literal)*) => {
        $(fixed_key!(
            $type,
            stringify!($type),
            $width,
            |key| Ok(key.to_be_bytes()),
            |bytes| Ok($type::from_be_bytes(bytes))
        );)*
    };
}

unsigned_keys!(u8 1  u16 2  u32 4  u64 8  u128 16);

fixed_key!(usize, "u64", 8, |key| Ok((key as u64).to_be_bytes()), |bytes| {
    usize::try_from(u64::from_be_bytes(bytes)).map_err(|_| malformed("usize", "it does not fit this machine's word"))
});
