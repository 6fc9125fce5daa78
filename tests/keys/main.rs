//! Keys: their bytes, their order, their text, and bounds made of them.

mod any_key_from;
mod any_key_golden;
mod any_key_hostile_bytes;
mod any_key_nesting;
mod any_key_order;
mod any_key_support;
mod bounds_builder;
mod bounds_leading;
mod bounds_prefix;
mod bounds_range;
#[path = "../common/mod.rs"]
mod common;
#[cfg(feature = "derive")]
mod derived_bytes;
#[cfg(feature = "derive")]
mod derived_ranges;
mod interval_numbers;
mod interval_text;
mod interval_tuples;
mod key_golden;
mod key_hostile;
mod key_order;
mod key_own_type;
mod key_pairs;
mod key_spellings;
mod key_support;
mod key_text_hostile;
mod key_text_law;
mod path_accessors;
mod path_family;
mod path_golden;
mod path_grammar;
mod path_hostile_bytes;
mod path_order;
mod path_random_id;
mod path_subtree;
mod path_support;
mod time_key_order;
mod time_key_range;
mod time_key_text;
