//! Floats in the order of `total_cmp`: `-0.0` directly before `0.0`, and every bit preserved. NaN is not a key.

use crate::error::{Error, ErrorKind};
use crate::key::fixed::fixed_key;
use crate::key::malformed::malformed;

// The bits of positive floats, as integers, are in the order of the floats; those of negative floats are in reverse.
// Flipping the sign bit of positive floats and all bits of negative ones gives one unsigned order.
macro_rules! float_keys {
    ($($type:ident $bits:ident $width:literal)*) => {
        $(fixed_key!(
            $type,
            stringify!($type),
            $width,
            |key| {
                const SIGN: $bits = 1 << ($bits::BITS - 1);
                if key.is_nan() {
                    return Err(not_a_number());
                }
                let bits = key.to_bits();
                Ok((if bits & SIGN == 0 { bits | SIGN } else { !bits }).to_be_bytes())
            },
            |bytes| {
                const SIGN: $bits = 1 << ($bits::BITS - 1);
                let bits = $bits::from_be_bytes(bytes);
                let key = $type::from_bits(if bits & SIGN == 0 { !bits } else { bits ^ SIGN });
                if key.is_nan() { Err(malformed(stringify!($type), "it is NaN")) } else { Ok(key) }
            }
        );)*
    };
}

float_keys!(f32 u32 4  f64 u64 8);

#[cold]
fn not_a_number() -> Error {
    Error::new(
        ErrorKind::InvalidKey,
        "NaN has no place in the order of keys; use an `Option` of the float, with `None`",
    )
}
