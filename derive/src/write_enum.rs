//! Enums without data: stored as the integers that they are represented by.

use proc_macro2::TokenStream;
use quote::quote;

use crate::input::{Input, Variants};

pub(crate) fn implementations(input: &Input<'_>, Variants { integer, idents }: &Variants<'_>) -> TokenStream {
    let stored = quote!(#integer);
    let convert = quote! {
        #[inline]
        fn to_key(&self) -> #stored {
            match self {
                #(Self::#idents => Self::#idents as #stored,)*
            }
        }

        #[inline]
        fn from_key(key: #stored) -> ::mapleaf::Result<Self> {
            #(
                if key == Self::#idents as #stored {
                    return ::core::result::Result::Ok(Self::#idents);
                }
            )*
            ::core::result::Result::Err(::mapleaf::key::derived::no_variant(<Self as ::mapleaf::key::KeyAs>::NAME))
        }
    };
    input.key_as(&stored, &TokenStream::new(), &convert)
}
