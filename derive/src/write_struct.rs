//! Structs: stored as the tuple of their fields, and a struct of one field as that field.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::Ident;
use syn::spanned::Spanned;

use crate::input::{Field, Input};

pub(crate) fn implementations(input: &Input<'_>, fields: &[Field<'_>]) -> TokenStream {
    let ident = input.ident;
    let are_keys = are_keys(fields);
    let convert = quote! {
        #[inline]
        fn to_key(&self) -> &Self {
            self
        }

        #[inline]
        fn from_key(key: Self) -> ::mapleaf::Result<Self> {
            ::core::result::Result::Ok(key)
        }
    };
    let key_as = input.key_as(&quote!(::mapleaf::key::derived::Stored<#ident>), &are_keys, &convert);
    let codec = codec(ident, fields, &are_keys);
    let ends = ends(ident, fields, &are_keys);
    let beginnings = if let [only] = fields { beginnings(ident, only, &are_keys) } else { TokenStream::new() };
    quote! {
        #key_as
        #codec
        #ends
        #beginnings
    }
}

/// The condition of every implementation: the fields are keys. Where a field is none, each implementation has the same
/// error at the field's type, which the compiler shows once, and none inside it.
fn are_keys(fields: &[Field<'_>]) -> TokenStream {
    let bounds = fields.iter().map(|field| {
        let ty = field.ty;
        quote_spanned!(ty.span()=> #ty: ::mapleaf::key::derived::KeyField)
    });
    quote!(where #(#bounds),*)
}

/// How the fields are stored: one after the other.
fn codec(ident: &Ident, fields: &[Field<'_>], are_keys: &TokenStream) -> TokenStream {
    let members: Vec<_> = fields.iter().map(|field| &field.member).collect();
    let types: Vec<_> = fields.iter().map(|field| field.ty).collect();
    // A struct of one field has the name and the bytes of that field, and not those of a tuple of one element.
    let form = if let [only] = types[..] { quote!(#only) } else { quote!((#(#types,)*)) };
    let of_field = quote!(::mapleaf::key::derived::KeyField);
    quote! {
        #[automatically_derived]
        #[allow(trivial_bounds)]
        impl ::mapleaf::key::derived::Fields for #ident #are_keys {
            const WIDTH: ::core::option::Option<usize> = <#form as ::mapleaf::key::Key>::WIDTH;

            fn name(out: &mut ::std::string::String) {
                <#form as ::mapleaf::key::Key>::name(out)
            }

            #[inline]
            fn encode(&self, buf: &mut ::mapleaf::key::KeyBuf) -> ::mapleaf::Result<()> {
                #(<#types as #of_field>::encode_field(&self.#members, buf)?;)*
                ::core::result::Result::Ok(())
            }

            #[inline]
            fn encode_bound(&self, buf: &mut ::mapleaf::key::KeyBuf) -> ::mapleaf::Result<::mapleaf::key::Position> {
                #(
                    let position = <#types as #of_field>::encode_field_bound(&self.#members, buf)?;
                    if position != ::mapleaf::key::Position::At {
                        return ::core::result::Result::Ok(position);
                    }
                )*
                ::core::result::Result::Ok(::mapleaf::key::Position::At)
            }

            #[inline]
            fn decode(bytes: &mut &[u8]) -> ::mapleaf::Result<Self> {
                // Each field is decoded from the beginning of `bytes`. Rust evaluates the fields of a struct expression
                // in the order in which they are written, which is the order in which they are stored.
                ::core::result::Result::Ok(Self { #(#members: <#types as #of_field>::decode_field(bytes)?,)* })
            }
        }
    }
}

/// Prefixes and ends of ranges by leading fields, and all fields as a tuple in place of the struct.
fn ends(ident: &Ident, fields: &[Field<'_>], are_keys: &TokenStream) -> TokenStream {
    let types: Vec<_> = fields.iter().map(|field| field.ty).collect();
    let tuple = quote!((#(#types,)*));
    let params: Vec<_> = (0..fields.len()).map(|at| format_ident!("__Key{at}")).collect();
    let mut out = TokenStream::new();
    for count in 1..=fields.len() {
        let leading = &params[..count];
        let whole = quote!(#(#leading: ::mapleaf::key::AsKey<#types>),*);
        let (before, (last, last_type)) = (&params[..count - 1], (&params[count - 1], types[count - 1]));
        out.extend(quote! {
            #[automatically_derived]
            #[allow(trivial_bounds)]
            impl<#whole> ::mapleaf::scan::KeyPrefix<#ident> for (#(#leading,)*) #are_keys {
                fn prefix_bounds(&self) -> ::mapleaf::Result<::mapleaf::scan::ByteBounds> {
                    ::mapleaf::scan::KeyPrefix::<#tuple>::prefix_bounds(self)
                }
            }

            #[automatically_derived]
            #[allow(trivial_bounds)]
            impl<#(#before: ::mapleaf::key::AsKey<#types>,)* #last: ::mapleaf::scan::PartialText<#last_type>>
                ::mapleaf::scan::TextPrefix<#ident> for (#(#leading,)*) #are_keys
            {
                fn text_prefix_bounds(&self) -> ::mapleaf::Result<::mapleaf::scan::ByteBounds> {
                    ::mapleaf::scan::TextPrefix::<#tuple>::text_prefix_bounds(self)
                }
            }
        });
        if count < fields.len() {
            out.extend(quote! {
                #[automatically_derived]
                #[allow(trivial_bounds)]
                impl<#whole> ::mapleaf::scan::RangeEnd<#ident> for (#(#leading,)*) #are_keys {
                    const WHOLE: bool = false;

                    fn encode_end<'__key>(
                        &'__key self,
                        buf: &'__key mut ::mapleaf::key::KeyBuf,
                    ) -> ::mapleaf::Result<(&'__key [u8], ::mapleaf::key::Position)> {
                        ::mapleaf::scan::RangeEnd::<#tuple>::encode_end(self, buf)
                    }
                }
            });
        }
    }
    out.extend(quote! {
        #[automatically_derived]
        #[allow(trivial_bounds)]
        impl<#(#params: ::mapleaf::key::AsKey<#types>),*> ::mapleaf::key::AsKey<#ident> for (#(#params,)*) #are_keys {
            #[inline]
            fn encode_key<'__key>(
                &'__key self,
                buf: &'__key mut ::mapleaf::key::KeyBuf,
            ) -> ::mapleaf::Result<&'__key [u8]> {
                ::mapleaf::key::AsKey::<#tuple>::encode_key(self, buf)
            }

            #[inline]
            fn encode_key_part(&self, buf: &mut ::mapleaf::key::KeyBuf) -> ::mapleaf::Result<()> {
                ::mapleaf::key::AsKey::<#tuple>::encode_key_part(self, buf)
            }

            #[inline]
            fn encode_bound<'__key>(
                &'__key self,
                buf: &'__key mut ::mapleaf::key::KeyBuf,
            ) -> ::mapleaf::Result<(&'__key [u8], ::mapleaf::key::Position)> {
                ::mapleaf::key::AsKey::<#tuple>::encode_bound(self, buf)
            }

            #[inline]
            fn encode_bound_part(&self, buf: &mut ::mapleaf::key::KeyBuf) -> ::mapleaf::Result<::mapleaf::key::Position> {
                ::mapleaf::key::AsKey::<#tuple>::encode_bound_part(self, buf)
            }
        }
    });
    out
}

/// Prefixes of a struct of one field by what a text begins with. They hold where the field is text: the lifetime keeps
/// the compiler from refusing the condition for other fields.
fn beginnings(ident: &Ident, Field { ty, .. }: &Field<'_>, are_keys: &TokenStream) -> TokenStream {
    let forms = [quote!(&'__key str), quote!(&'__key [u8])];
    let of_form = forms.iter().map(|form| {
        let condition = quote!(#are_keys, #form: ::mapleaf::scan::PartialText<#ty>);
        quote! {
            #[automatically_derived]
            #[allow(trivial_bounds)]
            impl<'__key> ::mapleaf::scan::PartialText<#ident> for #form #condition {
                fn beginning(&self) -> &[u8] {
                    ::mapleaf::scan::PartialText::<#ty>::beginning(self)
                }
            }

            #[automatically_derived]
            #[allow(trivial_bounds)]
            impl<'__key> ::mapleaf::scan::KeyPrefix<#ident> for #form #condition {
                fn prefix_bounds(&self) -> ::mapleaf::Result<::mapleaf::scan::ByteBounds> {
                    ::mapleaf::scan::TextPrefix::<(#ty,)>::text_prefix_bounds(&(*self,))
                }
            }
        }
    });
    of_form.collect()
}
