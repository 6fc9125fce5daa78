//! `#[derive(Key)]` for [mapleaf](https://docs.rs/mapleaf), which re-exports it under its feature `derive`.
//!
//! Use it by mapleaf: what it writes names items of the mapleaf version that it came with.

mod input;
mod options;
mod write_enum;
mod write_struct;

#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;
use syn::{DeriveInput, Result};

use input::{Input, Shape};

/// Makes a struct, a newtype or an enum without data a key type. See the documentation of `mapleaf::Key`.
#[proc_macro_derive(Key, attributes(key))]
pub fn derive_key(item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let item = syn::parse_macro_input!(item as DeriveInput);
    derived(&item).unwrap_or_else(|error| error.to_compile_error()).into()
}

/// The implementations, or every fault of the type.
fn derived(item: &DeriveInput) -> Result<TokenStream> {
    let input = Input::of(item)?;
    Ok(match &input.shape {
        Shape::Struct(fields) => write_struct::implementations(&input, fields),
        Shape::Enum(variants) => write_enum::implementations(&input, variants),
    })
}
