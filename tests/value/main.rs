//! Values: their bytes, what is refused, and how hostile bytes are read.

mod arguments;
mod borrowed_reads;
mod declared_lengths;
mod encode_refuses;
mod fields_evolve;
mod golden_bytes;
mod hostile_bytes;
#[cfg(all(feature = "zerocopy", feature = "bytemuck"))]
mod memory_values;
mod nested_options;
mod nesting_is_bounded;
mod own_codecs;
mod round_trip;
mod shapes_bytes;
mod shapes_enums;
mod shapes_errors;
mod shapes_limits;
mod shapes_manual;
mod shapes_maps;
mod shapes_options;
mod shapes_plain;
mod shapes_structs;
mod shapes_table;
mod value_support;
mod value_text;
mod written_as_another;
