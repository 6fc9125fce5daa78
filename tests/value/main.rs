//! Values: what a codec stores, and what it refuses.

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
