//! Signed integers: two's complement, big-endian, with the sign bit flipped, so that -1 comes before 0.

use crate::key::fixed::fixed_key;
use crate::key::malformed::malformed;

// `MIN` has only the sign bit set, so `key ^ MIN` flips that bit.
macro_rules! signed_keys {
    ($($type:ident $width:literal)*) => {
        $(fixed_key!(
            $type,
            stringify!($type),
            $width,
            |key| Ok((key ^ $type::MIN).to_be_bytes()),
            |bytes| Ok($type::from_be_bytes(bytes) ^ $type::MIN)
        );)*
    };
}

signed_keys!(i8 1  i16 2  i32 4  i64 8  i128 16);

fixed_key!(isize, "i64", 8, |key| Ok((key as i64 ^ i64::MIN).to_be_bytes()), |bytes| {
    isize::try_from(i64::from_be_bytes(bytes) ^ i64::MIN)
        .map_err(|_| malformed("isize", "it does not fit this machine's word"))
});
