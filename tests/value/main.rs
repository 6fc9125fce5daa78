//! Values: their bytes, what is refused, and what hostile bytes come to.
#![allow(unreachable_pub, reason = "each module uses its part of the others")]

mod arguments;
mod borrowed_reads;
mod declared_lengths;
mod encode_refuses;
mod fields_evolve;
mod golden_bytes;
mod hostile_bytes;
mod nested_options;
mod nesting_is_bounded;
mod round_trip;
mod value_support;
