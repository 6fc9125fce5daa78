//! `bool` (`00`, `01`), `char` (its scalar value, 4 bytes big-endian) and `()` (one byte `00`).

use crate::key::fixed::fixed_key;
use crate::key::malformed::malformed;

fixed_key!(bool, "bool", 1, |key| Ok([u8::from(key)]), |bytes| match bytes {
    [0] => Ok(false),
    [1] => Ok(true),
    _ => Err(malformed("bool", "its byte is neither 00 nor 01")),
});

fixed_key!(char, "char", 4, |key| Ok(u32::from(key).to_be_bytes()), |bytes| {
    char::from_u32(u32::from_be_bytes(bytes)).ok_or_else(|| malformed("char", "no character has its number"))
});

// The unit key is stored as one byte, because LMDB has no empty key.
fixed_key!((), "()", 1, |()| Ok([0]), |bytes| match bytes {
    [0] => Ok(()),
    _ => Err(malformed("()", "its byte is not 00")),
});
